import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EnvironmentError } from "../../src/errors.ts";
import { createGit, findRoot, type Git } from "../../src/io/git.ts";
import { findProgram, programCandidates, trustedEnv, untrusted } from "../../src/io/programs.ts";

const folder = (): string => realpathSync(mkdtempSync(join(tmpdir(), "halo-git-")));
const program = findProgram("git", { env: process.env, platform: process.platform, exclude: [] }) ?? "git";

function repository(): { dir: string; git: Git; sh: (...argv: string[]) => string } {
  const dir = folder();
  const sh = (...argv: string[]): string => execFileSync(program, argv, { cwd: dir, encoding: "utf8" });
  sh("init", "-q");
  return { dir, sh, git: createGit({ program, cwd: dir, env: process.env }) };
}

describe("createGit", () => {
  it("knows what is ignored, and by which file", () => {
    const { dir, git } = repository();
    mkdirSync(join(dir, "sub"));
    writeFileSync(join(dir, ".gitignore"), ".env\n*.local\n!keep.local\n");
    writeFileSync(join(dir, "sub", ".gitignore"), "only\n");
    writeFileSync(join(dir, ".git", "info", "exclude"), "secret\n");
    expect(git.isIgnored(join(dir, ".env"))).toBe(true);
    expect(git.isIgnored(".env.example")).toBe(false);
    expect(git.isIgnored(join(dir, "keep.local"))).toBe(false);
    expect(git.ignoreSource(join(dir, "keep.local"))).toBeUndefined();
    expect(git.ignoreSource(join(dir, "a.local"))).toBe(join(dir, ".gitignore"));
    expect(git.ignoreSource(join(dir, "sub", "only"))).toBe(join(dir, "sub", ".gitignore"));
    expect(git.ignoreSource(join(dir, "secret"))).toBe(join(dir, ".git", "info", "exclude"));
    const below = createGit({ program, cwd: join(dir, "sub"), env: process.env });
    expect(below.ignoreSource("../.env")).toBe(join(dir, ".gitignore"));
    expect(below.ignoreSource("secret")).toBe(join(dir, ".git", "info", "exclude"));
    expect(below.gitPath("info/exclude")).toBe(join(dir, ".git", "info", "exclude"));
  });

  it("knows what is tracked, with a name that looks like a pattern too", () => {
    const { dir, git, sh } = repository();
    writeFileSync(join(dir, ".gitignore"), ".env\n");
    for (const name of [".env", "a[b]", ":(glob)x"]) writeFileSync(join(dir, name), "x");
    sh("add", "-f", "--", "./.env", ":(literal)a[b]");
    expect(git.isTracked(".env")).toBe(true);
    expect(git.isIgnored(".env")).toBe(true);
    expect(git.isTracked("a[b]")).toBe(true);
    expect(git.isTracked("ab")).toBe(false);
    expect(git.isTracked("*")).toBe(false);
    expect(git.isTracked(":(glob)x")).toBe(false);
    expect(git.isIgnored(":(glob)x")).toBe(false);
    expect(git.isIgnored("!x")).toBe(false);
  });

  it("is not misled by the environment, and runs nothing that the repository names", () => {
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
    const git = createGit({ program, cwd: dir, env });
    expect(git.isIgnored(join(dir, "x"))).toBe(false);
    expect(git.isTracked(join(dir, "x"))).toBe(false);
    expect(git.gitPath("info/exclude")).toBe(join(dir, ".git", "info", "exclude"));
    expect(existsSync(join(dir, "ran"))).toBe(false);
  });

  it("fails with words where git cannot answer", () => {
    const { dir, git } = repository();
    expect(() => git.isIgnored("/etc/passwd")).toThrow(EnvironmentError);
    expect(() => git.isIgnored("/etc/passwd")).toThrow(/outside repository/);
    const outside = createGit({ program, cwd: folder(), env: process.env });
    expect(() => outside.isTracked("x")).toThrow(/not a git repository/);
    const none = createGit({ program: join(dir, "no-git"), cwd: dir, env: process.env });
    expect(() => none.isTracked("x")).toThrow(/could not be started/);
  });

  it("names the remedy for a repository of another user, and asks for no whole command line otherwise", () => {
    const dir = join(folder(), "it's a repo");
    mkdirSync(dir);
    const answer = (text: string): Git => {
      const fake = join(dir, "git");
      writeFileSync(fake, `#!/bin/sh\ncat >&2 <<'EOF'\n${text}\nEOF\nexit 128\n`, { mode: 0o755 });
      return createGit({ program: fake, cwd: dir, env: process.env });
    };
    const failure = (git: Git): EnvironmentError => {
      try {
        git.isTracked("secret-name");
      } catch (error) {
        if (error instanceof EnvironmentError) return error;
      }
      throw new Error("no EnvironmentError");
    };
    const dubious = failure(answer(`fatal: detected dubious ownership in repository at '${dir}'\nTo add an exception`));
    expect(dubious.message).toBe(`${dir} belongs to another user, so git does not work in it ("dubious ownership")`);
    expect(dubious.hint).toContain(`git config --global --add safe.directory '${dir.replace("'", "'\\''")}'`);
    const other = failure(answer("fatal: index file corrupt"));
    expect(other.message).toBe(`git could not answer "git ls-files" in ${dir}: fatal: index file corrupt`);
  });

  it("finds git's files in a linked worktree", () => {
    const { dir, sh } = repository();
    sh("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x");
    const tree = join(folder(), "tree");
    sh("worktree", "add", "-q", tree);
    const git = createGit({ program, cwd: tree, env: process.env });
    expect(findRoot(tree)).toBe(tree);
    expect(git.gitPath("info/exclude")).toBe(join(dir, ".git", "info", "exclude"));
    writeFileSync(join(dir, ".git", "info", "exclude"), ".env\n");
    expect(git.ignoreSource(join(tree, ".env"))).toBe(join(dir, ".git", "info", "exclude"));
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

describe("findProgram", () => {
  it("skips relative entries, excluded folders and links into them, and what cannot be run", () => {
    const repo = folder();
    const bin = folder();
    const good = folder();
    for (const dir of [repo, good]) {
      writeFileSync(join(dir, "tool"), "#!/bin/sh\n", { mode: 0o755 });
      chmodSync(join(dir, "tool"), 0o755);
    }
    symlinkSync(join(repo, "tool"), join(bin, "tool"));
    const plain = folder();
    writeFileSync(join(plain, "tool"), "text", { mode: 0o644 });
    mkdirSync(join(folder(), "tool"));
    const PATH = [".", "", "bin", repo, bin, plain, good].join(":");
    expect(findProgram("tool", { env: { PATH }, platform: "linux", exclude: [repo] })).toBe(join(good, "tool"));
    expect(findProgram("tool", { env: { PATH }, platform: "linux", exclude: [] })).toBe(join(repo, "tool"));
    expect(findProgram("none", { env: { PATH }, platform: "linux", exclude: [] })).toBeUndefined();
    expect(findProgram("./tool", { env: { PATH }, platform: "linux", exclude: [] })).toBeUndefined();
    expect(findProgram("tool", { env: {}, platform: "linux", exclude: [] })).toBeUndefined();
  });

  it("what it finds starts other programs from trusted folders alone", () => {
    const [repo, bin, good] = [folder(), folder(), folder()];
    mkdirSync(join(repo, "node_modules/.bin"), { recursive: true });
    symlinkSync(join(repo, "node_modules/.bin"), join(bin, "link"));
    const env = {
      PATH: [join(repo, "node_modules/.bin"), ".", "", "bin", join(bin, "link"), good, good].join(":"),
      A: "1",
    };
    expect(trustedEnv({ env, platform: "linux", exclude: untrusted("/home/me", [repo]) })).toEqual({
      PATH: good,
      A: "1",
    });
    const windows = { Path: "C:\\a;rel", A: "1" };
    expect(Object.keys(trustedEnv({ env: windows, platform: "win32", exclude: [] })).sort()).toEqual(["A", "PATH"]);
  });

  it("on Windows looks for .exe and .cmd, whatever PATH is called", () => {
    const env = { Path: 'C:\\a;"D:\\b c";rel;\\drive;E:x;\\\\host\\share' };
    expect(programCandidates("git", env, "win32")).toEqual([
      "C:\\a\\git.exe",
      "C:\\a\\git.cmd",
      "D:\\b c\\git.exe",
      "D:\\b c\\git.cmd",
      "\\\\host\\share\\git.exe",
      "\\\\host\\share\\git.cmd",
    ]);
  });
});
