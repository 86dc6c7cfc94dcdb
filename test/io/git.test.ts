import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { Cancelled, EnvironmentError } from "../../src/errors.ts";
import { createGit, describeFolder } from "../../src/io/git.ts";
import { foldersOf, programCandidates, programsOn, untrusted } from "../../src/io/programs.ts";
import { findRoot } from "../../src/io/read.ts";
import { folder } from "../support/home.ts";

const program = programsOn({ env: process.env, platform: process.platform, exclude: [] }).find("git") ?? "git";

const { signal } = new AbortController();

function repository() {
  const dir = folder();
  const sh = (...argv: string[]): string => execFileSync(program, argv, { cwd: dir, encoding: "utf8" });
  sh("init", "-q");
  return { dir, sh, git: createGit({ program, cwd: dir, env: process.env, signal }) };
}

describe("createGit", () => {
  it("knows what is ignored, and by which file, from a folder below too", async () => {
    const { dir, git } = repository();
    mkdirSync(join(dir, "sub"));
    writeFileSync(join(dir, ".gitignore"), ".env\n*.local\n!keep.local\n");
    writeFileSync(join(dir, "sub", ".gitignore"), "only\n");
    writeFileSync(join(dir, ".git", "info", "exclude"), "secret\n");
    for (const [path, source] of [
      [".env", ".gitignore"],
      ["a.local", ".gitignore"],
      ["sub/only", "sub/.gitignore"],
      ["secret", ".git/info/exclude"],
      [".env.example"],
      ["keep.local"],
      ["!x"],
    ] as const) {
      expect([path, await git.isIgnored(join(dir, path))]).toEqual([path, source !== undefined]);
      expect((await git.ignoreSources([path])).get(path)).toBe(source && join(dir, source));
    }
    const below = createGit({ program, cwd: join(dir, "sub"), env: process.env, signal });
    expect((await below.ignoreSources(["../.env"])).get("../.env")).toBe(join(dir, ".gitignore"));
    expect((await below.ignoreSources(["secret"])).get("secret")).toBe(join(dir, ".git", "info", "exclude"));
  });

  it("knows what is tracked, with a name that looks like a pattern too", async () => {
    const { dir, git, sh } = repository();
    writeFileSync(join(dir, ".gitignore"), ".env\n");
    for (const name of [".env", "a[b]", ":(glob)x"]) writeFileSync(join(dir, name), "x");
    sh("add", "-f", "--", "./.env", ":(literal)a[b]");
    const names = [".env", "a[b]", "ab", "*", ":(glob)x"];
    const tracked = await Promise.all(names.map((name) => git.isTracked(name)));
    expect(names.filter((_, index) => tracked[index])).toEqual([".env", "a[b]"]);
    expect([await git.isIgnored(".env"), await git.isIgnored(":(glob)x")]).toEqual([true, false]);
  });

  it("is not misled by the environment, and runs nothing that the repository names", async () => {
    const { dir, sh } = repository();
    const other = repository();
    writeFileSync(join(other.dir, ".gitignore"), "*\n");
    writeFileSync(join(dir, "evil.sh"), `#!/bin/sh\ntouch ${join(dir, "ran")}\n`, { mode: 0o755 });
    sh("config", "core.fsmonitor", join(dir, "evil.sh"));
    const env = {
      ...process.env,
      GIT_DIR: join(other.dir, ".git"),
      GIT_WORK_TREE: other.dir,
      GIT_INDEX_FILE: "/nowhere",
      GIT_LITERAL_PATHSPECS: "1",
    };
    const git = createGit({ program, cwd: dir, env, signal });
    expect([await git.isIgnored(join(dir, "x")), await git.isTracked(join(dir, "x"))]).toEqual([false, false]);

    expect(existsSync(join(dir, "ran"))).toBe(false);
  });

  it("fails with git's first words where it cannot answer, and names no whole command line", async () => {
    const { dir, git } = repository();
    await expect(git.isIgnored("/etc/passwd")).rejects.toThrow(EnvironmentError);
    await expect(git.isIgnored("/etc/passwd")).rejects.toThrow(/outside repository/);
    const outside = createGit({ program, cwd: folder(), env: process.env, signal });
    await expect(outside.isTracked("x")).rejects.toThrow(/not a git repository/);
    const none = createGit({ program: join(dir, "no-git"), cwd: dir, env: process.env, signal });
    await expect(none.isTracked("x")).rejects.toThrow(/could not be started/);
    writeFileSync(join(dir, "git"), "#!/bin/sh\nseq 9 >&2\nexit 128\n", { mode: 0o755 });
    const failing = createGit({ program: join(dir, "git"), cwd: dir, env: process.env, signal });
    const said = new RegExp(`^git could not answer "git ls-files" in ${dir}: 1\n2\n3\n4\n5$`);
    await expect(failing.isTracked("secret-name")).rejects.toThrow(said);
  });

  it("finds git's files in a linked worktree", async () => {
    const { dir, sh } = repository();
    sh("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x");
    const tree = join(folder(), "tree");
    sh("worktree", "add", "-q", tree);
    const git = createGit({ program, cwd: tree, env: process.env, signal });
    expect(findRoot(tree)).toBe(tree);

    writeFileSync(join(dir, ".git", "info", "exclude"), ".env\n");
    expect((await git.ignoreSources([join(tree, ".env")])).get(join(tree, ".env"))).toBe(
      join(dir, ".git", "info", "exclude"),
    );
  });

  it.skipIf(process.platform === "win32")("ends at once with the run, and with what it started", async () => {
    const { dir } = repository();
    const heard = join(dir, "pid");
    writeFileSync(join(dir, "git"), `#!/bin/sh\ntrap '' INT TERM\nsleep 60 & echo $! > ${heard}\nwait; sleep 60\n`, {
      mode: 0o755,
    });
    const controller = new AbortController();
    const hangs = createGit({ program: join(dir, "git"), cwd: dir, env: process.env, signal: controller.signal });
    const answer = hangs.isTracked("x").catch((error: unknown) => error);
    await vi.waitUntil(() => existsSync(heard) && readFileSync(heard, "utf8").endsWith("\n"), { timeout: 10_000 });
    controller.abort();
    expect(await answer).toBeInstanceOf(Cancelled);
    const pid = Number(readFileSync(heard, "utf8"));
    // a zombie until the system takes it away
    await vi.waitUntil(
      () => !existsSync(`/proc/${pid}/status`) || /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8")),
    );
    await expect(hangs.isTracked("x"), "nothing more is started").rejects.toThrow(Cancelled);
  });
});

describe("findRoot", () => {
  it("walks up to .git, a folder or a file", () => {
    const { dir } = repository();
    mkdirSync(join(dir, "a", "b"), { recursive: true });
    expect(findRoot(join(dir, "a", "b"))).toBe(dir);
    writeFileSync(join(dir, "a", ".git"), "gitdir: /x\n");
    expect(findRoot(join(dir, "a", "b"))).toBe(join(dir, "a"));
    expect(findRoot("/")).toBeUndefined();
  });
});

describe("describeFolder", () => {
  const commit = ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"];
  const mainOf = (path: string) => describeFolder(path, "/nowhere").main;

  function worktree() {
    const { dir, sh } = repository();
    sh(...commit);
    const tree = join(folder(), "tree");
    sh("worktree", "add", "-q", tree);
    return { dir, sh, tree };
  }

  it("leads from a linked worktree, and a folder of it, to the main checkout", () => {
    const { dir, tree } = worktree();
    mkdirSync(join(tree, "a"));
    const main = { folder: dir, isCheckout: true };
    expect(describeFolder(join(tree, "a"), dir)).toMatchObject({ gitRoot: tree, main, home: dir });
    expect(describeFolder(join(tree, "a"), dir).above.slice(0, 2)).toEqual([join(tree, "a"), tree]);
    expect(mainOf(dir)).toBeUndefined();
    expect(mainOf(folder())).toBeUndefined();
  });

  it("with relative paths, as git writes them on request", () => {
    const { dir, tree } = worktree();
    const own = join(dir, ".git", "worktrees", "tree");
    writeFileSync(join(tree, ".git"), `gitdir: ${relative(tree, own)}\n`);
    writeFileSync(join(own, "gitdir"), `${relative(own, join(tree, ".git"))}\n`);
    expect(mainOf(tree)).toEqual({ folder: dir, isCheckout: true });
  });

  it("of a bare repository, to that", () => {
    const { dir, sh } = worktree();
    const bare = join(folder(), "bare.git");
    sh("clone", "-q", "--bare", dir, bare);
    const tree = join(folder(), "tree");
    sh("-C", bare, "worktree", "add", "-q", tree);
    expect(mainOf(tree)).toEqual({ folder: bare, isCheckout: false });
  });

  it("not where git's files do not lead there and back: moved, copied, made up, a submodule", () => {
    const { dir, sh, tree } = worktree();
    const copy = folder();
    writeFileSync(join(copy, ".git"), readFileSync(join(tree, ".git")));
    expect(mainOf(copy)).toBeUndefined();
    const moved = join(folder(), "moved");
    renameSync(tree, moved);
    expect(mainOf(moved)).toBeUndefined();
    // commondir of a repository that knows no such worktree
    const made = folder();
    const own = join(made, "own");
    mkdirSync(own);
    writeFileSync(join(made, ".git"), "gitdir: own\n");
    writeFileSync(join(own, "commondir"), `${dir}/.git\n`);
    writeFileSync(join(own, "gitdir"), `${made}/.git\n`);
    expect(mainOf(made)).toBeUndefined();
    const { dir: outer, sh: around } = repository();
    around("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", dir, "in");
    expect(describeFolder(join(outer, "in"), "/nowhere")).toMatchObject({
      gitRoot: join(outer, "in"),
      main: undefined,
    });
    for (const text of ["hello", "", "gitdir: ", `gitdir: ${dir}/nothing`]) {
      writeFileSync(join(made, ".git"), text);
      expect(mainOf(made)).toBeUndefined();
    }
    sh("worktree", "prune");
  });
});

describe("programsOn", () => {
  it("skips relative entries, excluded folders and links into them, and what cannot be run", () => {
    const [repo, bin, good, plain] = [folder(), folder(), folder(), folder()];
    for (const dir of [repo, good]) writeFileSync(join(dir, "tool"), "#!/bin/sh\n", { mode: 0o755 });
    symlinkSync(join(repo, "tool"), join(bin, "tool"));
    writeFileSync(join(plain, "tool"), "text", { mode: 0o644 });
    const PATH = [".", "", "bin", repo, bin, plain, good].join(":");
    const find = (name: string, exclude: readonly string[], env: { PATH?: string } = { PATH }) =>
      programsOn({ env, platform: "linux", exclude }).find(name);
    expect(find("tool", [repo])).toBe(join(good, "tool"));
    expect(find("tool", [])).toBe(join(repo, "tool"));
    expect([find("none", []), find("tool", [], {})]).toEqual([undefined, undefined]);
  });

  it("what it finds starts other programs from trusted folders alone", () => {
    const [repo, bin, good] = [folder(), folder(), folder()];
    mkdirSync(join(repo, "node_modules/.bin"), { recursive: true });
    symlinkSync(join(repo, "node_modules/.bin"), join(bin, "link"));
    const folders = [join(repo, "node_modules/.bin"), ".", "", "bin", join(bin, "link"), good, good];
    const env = { PATH: folders.join(":"), A: "1" };
    const exclude = untrusted("/home/me", [repo]);
    expect(programsOn({ env, platform: "linux", exclude }).env).toEqual({ PATH: good, A: "1" });
    const windows = { Path: "C:\\a;rel", A: "1" };
    expect(Object.keys(programsOn({ env: windows, platform: "win32", exclude: [] }).env).sort()).toEqual(["A", "PATH"]);
  });

  it("on Windows, also in capital letters that the repository's path does not have", () => {
    const dir = folder();
    const isOwn = (platform: string) => programsOn({ env: {}, platform, exclude: [dir.toUpperCase()] }).isOwn(dir);
    expect([isOwn("win32"), isOwn("linux")]).toEqual([false, true]);
  });

  it("on Windows looks for .exe and .cmd, whatever PATH is called", () => {
    const env = { Path: 'C:\\a;"D:\\b c";rel;\\drive;E:x;\\\\host\\share' };
    const found = ["C:\\a", "D:\\b c", "\\\\host\\share"].flatMap((dir) => [`${dir}\\git.exe`, `${dir}\\git.cmd`]);
    expect(programCandidates("git", foldersOf(env, "win32"), "win32")).toEqual(found);
  });
});
