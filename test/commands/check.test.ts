import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CLEAN, check, HALO_FILE, write } from "../support/check.ts";
import { type Environment, mkRepo, type Repository, type ScratchHome, scratchHome } from "../support/home.ts";

let scratch: ScratchHome;
let repo: Repository;
let env: Environment;
beforeEach(() => {
  scratch = scratchHome();
  repo = mkRepo(scratch);
  env = { ...scratch.env, CI: "1" };
});
afterEach(() => scratch.dispose());

const commit = (files: Readonly<Record<string, string | Uint8Array>>): void => {
  write(repo.path, files);
  repo.git("add", "--all");
  repo.git("commit", "--quiet", "--message=files");
};
const json = async (args: readonly string[] = [], given: Environment = {}, cwd = repo.path) => {
  const { code, stdout } = await check(cwd, ["--json", ...args], { ...env, ...given });
  const report = JSON.parse(stdout) as {
    ok: boolean;
    error?: { code: string; message: string };
    findings: { rule: string; path: string; line: number; severity: string }[];
    files: string[];
    counts: Record<string, number>;
    fixed: string[];
    dryRun: boolean;
  };
  return { code, ...report };
};
const NO_TYPE = HALO_FILE.replace('      "type": "http",\n', "");
const TOKEN = "made.up.Zq7Xw2Lk9Rb4Nv6Ty8-e5f1";

describe("the lock of a killed run", () => {
  const OLD = "made-up-old-token-0123456789";
  /** What a run leaves that is killed at the very end: the old content, the token among it. */
  const leave = (file: string, pid: number): void => {
    const id = "00000000-0000-4000-8000-000000000001";
    const host = hostname().replace(/[^\w.-]/g, "_");
    const lock = `${file}.lock`;
    write(repo.path, {
      [`${lock}/.gitignore`]: "*\n",
      [`${lock}/owner-${id}-${pid}@${host}`]: "",
      [`${lock}/old-${id}`]: `HALO_MCP_TOKEN=${OLD}\n`,
    });
  };
  /** A process that has ended. */
  const dead = (): number => spawnSync(process.execPath, ["-e", ""]).pid;
  const isThere = (file: string): boolean => existsSync(join(repo.path, `${file}.lock`));
  const FILES = [".env", ".mcp.json", ".claude/settings.local.json", "api/.mcp.json"];

  it("is named, and goes with --fix, where nothing else is to be fixed too", async () => {
    commit({ ...CLEAN, "api/.mcp.json": HALO_FILE });
    for (const file of FILES) leave(file, dead());
    const { stdout, stderr, code } = await check(repo.path, [], env);
    expect([code, stdout]).toEqual([0, expect.not.stringContaining(".lock")]);
    for (const file of FILES) expect(stderr).toContain(`${file}.lock was left behind by a run that was killed`);
    expect(stdout + stderr).not.toContain(OLD);
    await check(repo.path, ["--fix", "--dry-run"], env);
    expect(FILES.map(isThere)).toEqual([true, true, true, true]);
    const fixed = await check(repo.path, ["--fix"], env);
    expect([fixed.code, fixed.stderr.includes(".lock")]).toEqual([0, false]);
    expect(FILES.map(isThere)).toEqual([false, false, false, false]);
  });

  it("is none if its run lives, or if it is a folder or file of somebody else", async () => {
    commit({ ...CLEAN, "yarn.lock": "", "mine.lock/notes.txt": "mine", ".claude/other.lock/.keep": "" });
    leave(".env", process.pid);
    // as proper-lockfile makes one
    for (const name of ["empty.lock", ".mcp.json.lock"]) {
      mkdirSync(join(repo.path, name));
      utimesSync(join(repo.path, name), 1, 1);
    }
    const { stderr } = await check(repo.path, ["--fix"], env);
    expect(stderr).not.toContain(".lock");
    expect([".env", "empty", ".mcp.json"].map(isThere)).toEqual([true, true, true]);
    expect(readFileSync(join(repo.path, "mine.lock/notes.txt"), "utf8")).toBe("mine");
  });
});

describe("exit codes", () => {
  it("1 for warnings only beyond --max-warnings", async () => {
    commit({ ...CLEAN, ".mcp.json": HALO_FILE.replace("{\n", '{\n  "mcpServers": {},\n') });
    const { counts, ok, code } = await json();
    expect({ ok, code, error: counts.error }).toEqual({ ok: true, code: 0, error: 0 });
    expect(counts.warning).toBeGreaterThan(0);
    expect((await json(["--max-warnings", String(counts.warning)])).code).toBe(0);
    expect(await json(["--max-warnings", "0"])).toMatchObject({ code: 1, ok: false });
  });

  it.each([
    [["--format", "json", "nowhere"]],
    [["--max-warnings", "-1"]],
    [["--timeout", "3"]],
    [["--url", "http://example.com"]],
    [[".gitignore"]],
    [["--cwd", "nowhere"]],
    [[""]],
  ])("2 for %j", async (args) => {
    commit(CLEAN);
    const { code, stdout } = await check(repo.path, args, env);
    expect(code).toBe(2);
    expect(stdout.includes("findings")).toBe(false);
  });

  it("0 where what has the name of a file is none: a link that leads nowhere, or to a folder", async () => {
    commit(CLEAN);
    mkdirSync(join(repo.path, "folder/.cursor"), { recursive: true });
    symlinkSync("nowhere", join(repo.path, "folder/.mcp.json"));
    symlinkSync("..", join(repo.path, "folder/.cursor/mcp.json"));
    expect((await json()).code).toBe(0);
  });

  it("3 for a repository of somebody else, with git's own remedy", async () => {
    commit(CLEAN);
    const text = `#!/bin/sh\nPATH='${env.PATH}' GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec git "$@"\n`;
    write(scratch.tmp, { git: text });
    chmodSync(join(scratch.tmp, "git"), 0o755);
    const { code, stderr } = await check(repo.path, [], { ...env, PATH: `${scratch.tmp}:${env.PATH}` });
    expect(code).toBe(3);
    expect(stderr).toMatch(/dubious\s+ownership/);
    expect(stderr).toContain(`\n  git config --global --add safe.directory ${repo.path}\n`);
  });

  it("3 where git is needed and missing or refuses", async () => {
    commit(CLEAN);
    expect(await json([], { PATH: "/nowhere" })).toMatchObject({ code: 3, error: { code: "no-git" } });
    write(repo.path, { ".git/config": "[broken" });
    const { code, error } = await json();
    expect(code).toBe(3);
    expect(error?.message).toContain("git could not answer");
  });
});

describe("what is read", () => {
  it("files that git does not ignore, private ones where a client starts all the same; no ignored folder", async () => {
    const ignored = `${CLEAN[".gitignore"]}dist/\nnode_modules\n`;
    commit({ ...CLEAN, "packages/shop/.mcp.json": '{ "mcpServers": {} }', ".gitignore": ignored });
    write(repo.path, {
      ".env": `HALO_MCP_TOKEN=${TOKEN}\n`,
      ".claude/settings.local.json": "{}",
      "packages/shop/.env.local": "A=b\n",
      "elsewhere/.env": "A=b\n",
      "new/.mcp.json": '{ "mcpServers": {} }',
      "dist/.mcp.json": "broken",
      "node_modules/x/.mcp.json": "broken",
      "a/b/c/.cursor/mcp.json": '{ "mcpServers": {} }',
      "unrelated/mcp.json": "broken",
    });
    const { files, code } = await json();
    expect(code).toBe(0);
    const read =
      ".claude/settings.local.json .env .env.example .mcp.json a/b/c/.cursor/mcp.json new/.mcp.json packages/shop/.env.local packages/shop/.mcp.json";
    expect(files.join(" ")).toBe(read);
  });

  it("from any folder of the repository, from --cwd down, or what is named; what is above is read all the same", async () => {
    commit({ ...CLEAN, "packages/shop/.mcp.json": NO_TYPE, "other/.mcp.json": "{" });
    const shop = join(repo.path, "packages/shop");
    for (const [args, cwd] of [
      [["--cwd", "packages"]],
      [["--cwd", "packages", "shop"]],
      [["packages/shop"]],
      [["shop"], join(repo.path, "packages")],
    ] as const) {
      const { files, findings } = await json(args, {}, cwd);
      expect(files).toEqual(["packages/shop/.mcp.json"]);
      // its variables are in .env.example of the root
      expect(findings.map(({ rule }) => rule)).toEqual(["http-url-without-type"]);
    }
    expect((await json([], {}, shop)).files).toHaveLength(4);
    expect((await json(["--cwd", "."])).files).toHaveLength(4);
    expect(await json([".mcp.json"])).toMatchObject({ code: 0, files: [".mcp.json"] });
    expect((await json([".mcp.json", "other/.mcp.json"])).code).toBe(1);
    const inner = mkRepo(scratch, "repository/packages/inner");
    write(inner.path, { ".mcp.json": "{" });
    expect(await json(["--cwd", "packages", "inner"])).toMatchObject({ code: 1, files: [".mcp.json"] });
    const actions = { ...env, GITHUB_ACTIONS: "true" };
    expect((await check(repo.path, ["--cwd", "packages"], actions)).stdout).toContain("file=packages/shop/.mcp.json,");
    const sarif = JSON.parse((await check(shop, ["--cwd", ".", "--format", "sarif"], env)).stdout);
    expect(sarif.runs[0].artifacts).toEqual([{ location: { uri: "packages/shop/.mcp.json", uriBaseId: "%SRCROOT%" } }]);
  });

  it("says where its paths begin to who started it elsewhere", async () => {
    commit({ ...CLEAN, "packages/shop/.mcp.json": NO_TYPE });
    for (const cwd of [join(repo.path, "packages/shop"), scratch.tmp])
      expect((await check(cwd, ["--cwd", repo.path], env)).stdout).toContain(` · paths from ${repo.path}\n`);
    expect((await check(repo.path, ["--cwd", "packages"], env)).stdout).not.toContain("paths from");
  });

  it("takes the folder of --cwd, and one that is named, for one that a client starts in", async () => {
    commit({ ...CLEAN, ".gitignore": `${CLEAN[".gitignore"]}.mcp.json\n` });
    write(repo.path, { "shop/.mcp.json": NO_TYPE, "shop/.env": "A=b\n" });
    expect((await json()).files).not.toContain("shop/.mcp.json");
    for (const args of [["--cwd", "shop"], ["shop"]])
      expect((await json(args)).files).toEqual(["shop/.env", "shop/.mcp.json"]);
  });

  it("reports a folder that is called .mcp.json, and a pipe, and opens neither", async () => {
    commit({ ...CLEAN, "d/.mcp.json/notes.txt": "x" });
    mkdirSync(join(repo.path, "g"));
    execFileSync("mkfifo", [join(repo.path, "g/.mcp.json")]);
    const places = async (args: readonly string[], cwd = repo.path) => {
      const { code, findings } = await json(args, {}, cwd);
      return [code, ...findings.filter(({ rule }) => rule === "not-a-file").map(({ path }) => path)];
    };
    for (const folder of ["d", "g"]) {
      const [path, found] = [`${folder}/.mcp.json`, [1, `${folder}/.mcp.json`]];
      for (const named of [path, folder]) expect(await places([named])).toEqual(found);
      expect(await places([".mcp.json"], join(repo.path, folder))).toEqual(found);
    }
    const plain = join(scratch.root, "plain");
    mkdirSync(join(plain, "a/.mcp.json"), { recursive: true });
    mkdirSync(join(plain, "b"));
    execFileSync("mkfifo", [join(plain, "b/.mcp.json")]);
    expect(await places([], plain)).toEqual([1, "a/.mcp.json", "b/.mcp.json"]);
  });

  it("takes a folder without a file to check; what is not there, or not read here, is a mistake", async () => {
    commit({ ...CLEAN, "docs/a.md": "x" });
    expect(await check(repo.path, ["docs"], env)).toEqual({ code: 0, stdout: "✔ no files to check\n", stderr: "" });
    expect((await check(repo.path, ["docs", "--quiet"], env)).stdout).toBe("✔ no files to check\n");
    expect((await check(repo.path, [".mcp.json", "docs"], env)).stdout).toBe("✔ 1 file checked, no problems\n");
    for (const path of ["docs/a.md", "docs/b.md", "nowhere"])
      expect((await check(repo.path, [path], env)).code).toBe(2);
  });

  it("takes an ignored file that is named, and refuses two repositories at once", async () => {
    commit({ ...CLEAN, ".gitignore": `${CLEAN[".gitignore"]}local/\n` });
    write(repo.path, { "local/.mcp.json": NO_TYPE });
    expect(await json(["local/.mcp.json"])).toMatchObject({ code: 1, files: ["local/.mcp.json"] });
    const other = mkRepo(scratch, "other");
    write(other.path, CLEAN);
    expect((await json([other.path])).files).toEqual([".env.example", ".mcp.json"]);
    expect((await json([other.path, ".mcp.json"])).code).toBe(2);
  });

  it("works without a repository, skips node_modules and follows no link to a folder", async () => {
    const folder = join(scratch.root, "plain");
    write(folder, { ...CLEAN, "sub/.mcp.json": NO_TYPE, "node_modules/x/.mcp.json": "broken" });
    symlinkSync(folder, join(folder, "sub/again"));
    const all = await json([], {}, folder);
    expect(all.files).toEqual([".env.example", ".mcp.json", "sub/.mcp.json"]);
    expect(all.code).toBe(1);
    expect((await json(["sub/.mcp.json"], {}, folder)).files).toEqual(["sub/.mcp.json"]);
    expect((await json([join(folder, "sub")], {}, scratch.home)).files).toEqual([".mcp.json"]);
    // git is not needed there
    expect((await json([], { PATH: "/nowhere" }, folder)).files).toHaveLength(3);
  });

  it("finds the token of the environment in any tracked file", async () => {
    const bytes = Buffer.concat([Buffer.alloc(9), Buffer.from(TOKEN)]);
    commit({ ...CLEAN, "docs/notes.md": `one\ntwo ${TOKEN}\n`, "big.bin": bytes });
    write(repo.path, { "untracked.txt": TOKEN });
    const { findings, code } = await json([], { HALO_MCP_TOKEN: TOKEN });
    expect(code).toBe(1);
    expect(findings.map(({ path, line }) => `${path}:${line}`)).toEqual(["big.bin:1", "docs/notes.md:2"]);
    const notes = { ...CLEAN, "docs/notes.md": "too short for a token\n", "big.bin": "" };
    commit(notes);
    for (const HALO_MCP_TOKEN of ["", "short", "${HALO_MCP_TOKEN}", "-----"])
      expect((await json([], { HALO_MCP_TOKEN })).code).toBe(0);
  });

  it("warns where no rule would ignore the .env that is yet to be made", async () => {
    const docs = { "docs/.mcp.json": '{ "mcpServers": {} }', ".gitignore": "/.env\n" };
    commit({ ...CLEAN, "shop/.mcp.json": HALO_FILE, ...docs });
    const found = async () =>
      (await json()).findings
        .filter(({ rule }) => rule === "env-file-not-ignored")
        .map(({ path, severity }) => [path, severity]);
    expect(await found()).toEqual([["shop/.mcp.json", "warning"]]);
    write(repo.path, { "shop/.env": "HALO_MCP_TOKEN=x\n" });
    expect(await found()).toEqual([["shop/.env", "error"]]);
    write(repo.path, { ".gitignore": ".env\n" });
    expect(await found()).toEqual([]);
  });

  it("is about this machine only outside of CI", async () => {
    commit(CLEAN);
    write(repo.path, { ".env": `HALO_MCP_TOKEN=${TOKEN}\n` });
    chmodSync(join(repo.path, ".env"), 0o644);
    const rules = async (given: Environment) => (await json([], given)).findings.map(({ rule }) => rule);
    expect(await rules({ CI: "1" })).not.toContain("env-file-readable");
    expect(await rules({ CI: "", GITLAB_CI: "true" })).toContain("env-file-readable");
    expect(await rules({ CI: "false" })).toContain("env-file-readable");
    expect(await rules({ CI: "", TF_BUILD: "True" })).not.toContain("env-file-readable");
  });
});

describe("formats", () => {
  it("are github under GitHub Actions, with the job's page, unless another one is named", async () => {
    commit({ ...CLEAN, ".mcp.json": NO_TYPE });
    const page = join(scratch.tmp, "summary.md");
    const actions = { ...env, GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: page };
    write(scratch.tmp, { "summary.md": "before\n" });
    expect((await check(repo.path, [], actions)).stdout).toMatch(/^::error file=\.mcp\.json,line=3,/);
    expect(readFileSync(page, "utf8")).toMatch(/^before\n### create-halo-mcp check: failed\n/);
    expect((await check(repo.path, ["--format", "text"], actions)).stdout).toMatch(/^\.mcp\.json:3:5 error/);
    expect((await check(repo.path, [], { ...actions, GITHUB_STEP_SUMMARY: "/nowhere/x" })).code).toBe(1);
  });
});

describe("--fix", () => {
  const text = `\ufeff${NO_TYPE.replace("{\n", "{\n  // ours\n").replace("}\n    }\n  }", "},\n    }\n  }").replaceAll("\n", "\r\n")}`;

  it("mends what it can in one go, byte for byte elsewhere, and says what is left", async () => {
    commit({ ...CLEAN, ".mcp.json": text, "b/.mcp.json": "{ broken" });
    chmodSync(join(repo.path, ".mcp.json"), 0o640);
    const { code, stdout, stderr } = await check(repo.path, ["--fix"], env);
    const after = readFileSync(join(repo.path, ".mcp.json"), "utf8");
    expect(after).not.toContain("// ours");
    expect(after.startsWith("\ufeff{\r\n")).toBe(true);
    expect(after.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
    expect(JSON.parse(after.slice(1)).mcpServers.halo.url).toBe("https://api.cm.com/halo/core/mcp");
    expect(statSync(join(repo.path, ".mcp.json")).mode & 0o777).toBe(0o640);
    expect(stderr).toContain("Fixed");
    expect(stderr).toContain("-   //");
    expect(stdout).toContain("b/.mcp.json:1:3 error");
    expect(code).toBe(1);
    const again = await check(repo.path, ["--fix"], env);
    expect(again.stderr).toContain("Nothing can be fixed automatically.");
    expect(readFileSync(join(repo.path, ".mcp.json"), "utf8")).toBe(after);
  });

  it("keeps to the paths given, prints one document for --json, and shows no value", async () => {
    const literal = text.replace("${HALO_MCP_TOKEN}", TOKEN);
    commit({ ...CLEAN, ".mcp.json": literal, "b/.mcp.json": text });
    const { stdout, stderr } = await check(repo.path, ["--fix", "--json", "b"], env);
    expect(JSON.parse(stdout)).toMatchObject({ version: 1, files: ["b/.mcp.json"] });
    expect(stderr).toBe("");
    expect(readFileSync(join(repo.path, ".mcp.json"), "utf8")).toBe(literal);
    expect(readFileSync(join(repo.path, "b/.mcp.json"), "utf8")).not.toBe(text);
    const all = await check(repo.path, ["--fix"], env);
    expect(all.stderr + all.stdout).not.toContain(TOKEN);
  });

  it("leaves out a link, wherever it leads, mends the others, and reports what is left", async () => {
    write(scratch.root, { "outside.json": text });
    commit({ ...CLEAN, "c/.mcp.json": text });
    const links = { b: join(scratch.root, "outside.json"), d: "../c/.mcp.json" };
    for (const [folder, target] of Object.entries(links)) {
      mkdirSync(join(repo.path, folder));
      symlinkSync(target, join(repo.path, folder, ".mcp.json"));
    }
    const dry = await check(repo.path, ["--fix", "--dry-run", "--quiet"], env);
    // the file of the other one is mended under its own name
    expect([dry.code, dry.stderr.match(/\S+ is a link and is not changed/g)]).toEqual([
      1,
      ["b/.mcp.json is a link and is not changed"],
    ]);
    const { code, stderr, stdout } = await check(repo.path, ["--fix"], env);
    expect(code).toBe(1);
    expect(stderr).toContain("Fixed 1 file.");
    expect(stdout).toMatch(/^b\/\.mcp\.json:2:3 error .*\[comments\]$/m);
    expect(stdout).not.toMatch(/^[cd]\/\.mcp\.json:.*\[comments\]$/m);
    expect(readFileSync(join(scratch.root, "outside.json"), "utf8")).toBe(text);
    const again = await check(repo.path, ["--fix", "--json"], env);
    expect(JSON.parse(again.stdout)).toMatchObject({ ok: false, fixed: [] });
    expect(again.stderr).toContain("b/.mcp.json is a link");
  });

  it("changes no file because of what another client needs that reads it through a link", async () => {
    // Cursor accepts comments
    const shared = `// for both\n${HALO_FILE}`;
    commit({ ...CLEAN, ".cursor/mcp.json": shared });
    rmSync(join(repo.path, ".mcp.json"));
    symlinkSync(".cursor/mcp.json", join(repo.path, ".mcp.json"));
    const { stderr } = await check(repo.path, ["--fix"], env);
    expect(stderr).toContain("▲  .mcp.json is a link and is not changed");
    expect(readFileSync(join(repo.path, ".cursor/mcp.json"), "utf8")).toBe(shared);
  });

  const OTHER = '{ "mcpServers": { "docs": { "type": "http", "url": "https://mcp.example.com/mcp" } } }\n';
  it("moves no servers through a link that leads nowhere", async () => {
    const outside = join(scratch.root, "new.json");
    commit({ ...CLEAN, ".gitignore": "/pkg/.mcp.json\n", "pkg/.claude/mcp.json": OTHER });
    symlinkSync(outside, join(repo.path, "pkg/.mcp.json"));
    const { stderr } = await check(repo.path, ["--fix"], env);
    expect(stderr).toContain("Nothing can be fixed automatically.");
    expect([existsSync(outside), existsSync(join(repo.path, "pkg/.claude/mcp.json"))]).toEqual([false, true]);
  });

  it.each(["", "pkg/"])("moves no servers to a file that git ignores (%s)", async (folder) => {
    const { ".mcp.json": _, ...others } = CLEAN;
    commit({ ...others, ".gitignore": `/${folder}.mcp.json\n.env\n`, [`${folder}.claude/mcp.json`]: OTHER });
    await check(repo.path, ["--fix"], env);
    expect(repo.git("status", "--porcelain", "--ignored")).toBe("");
    const { findings } = await json(["--allow-missing"]);
    // no advice to add a file that is not there
    expect(findings.map(({ rule, path }) => `${rule} ${path}`)).toEqual([
      `misplaced-servers ${folder}.claude/mcp.json`,
    ]);
  });

  it.each([0o600, 0o640])("moves servers with the mode of their file (%o)", async (mode) => {
    const { ".mcp.json": _, ...others } = CLEAN;
    commit({ ...others, ".claude/mcp.json": HALO_FILE });
    chmodSync(join(repo.path, ".claude/mcp.json"), mode);
    await check(repo.path, ["--fix"], env);
    expect(statSync(join(repo.path, ".mcp.json")).mode & 0o777).toBe(mode);
  });

  it("says in every format what it changed, or would", async () => {
    commit(CLEAN);
    for (const format of ["json", "github", "sarif"]) {
      write(repo.path, { "b/.mcp.json": text });
      for (const dryRun of [true, false]) {
        const args = ["--fix", ...(dryRun ? ["--dry-run"] : []), "--format", format];
        const { stdout, stderr } = await check(repo.path, args, env);
        expect(readFileSync(join(repo.path, "b/.mcp.json"), "utf8") === text).toBe(dryRun);
        if (format === "json") {
          expect(JSON.parse(stdout)).toMatchObject({ fixed: ["b/.mcp.json"], dryRun });
          expect(stderr).toBe("");
        } else {
          expect(stderr).toMatch(/b\/\.mcp\.json \(changed\)\n(?:.*\n)*\+ .*"type"/);
          expect(stderr).toContain(dryRun ? "Nothing was written (--dry-run)" : "Fixed 1 file.");
        }
      }
    }
    expect(await json()).toMatchObject({ fixed: [], dryRun: false });
  });
});
