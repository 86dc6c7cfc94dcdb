import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EXAMPLES, kindOf, PLACES } from "../../src/core/check/documents.ts";
import { type DiscoverOptions, discover } from "../../src/io/list.ts";
import { programsOn } from "../../src/io/programs.ts";
import { readDocument } from "../../src/io/read.ts";
import { write } from "../support/check.ts";
import { mkRepo, type Repository, type ScratchHome, scratchHome } from "../support/home.ts";

let scratch: ScratchHome;
let repo: Repository;
beforeEach(() => {
  scratch = scratchHome();
  repo = mkRepo(scratch);
});
afterEach(() => scratch.dispose());

const git = () => {
  const program = programsOn({ env: scratch.env, platform: process.platform, exclude: [] }).find("git");
  if (program === undefined) throw new Error("no git");
  return { program, cwd: repo.path, env: scratch.env, signal: new AbortController().signal };
};
const find = (given: Partial<DiscoverOptions> = {}) =>
  discover({ root: repo.path, git: git(), within: [], places: PLACES, maxFolders: 20, ...given });

describe("discover", () => {
  it("says of each file whether it is tracked or ignored", async () => {
    write(repo.path, {
      ".gitignore": ".env\n.claude/settings.local.json\n",
      ".mcp.json": "{}",
      ".env": "A=1",
      ".claude/settings.local.json": "{}",
    });
    repo.git("add", ".mcp.json");
    write(repo.path, { ".env.local": "B=2", "ü b\n/.mcp.json": "{}" });
    expect(await find()).toEqual([
      { path: ".claude/settings.local.json", tracked: false, ignored: true },
      { path: ".env", tracked: false, ignored: true },
      { path: ".env.local", tracked: false, ignored: false },
      { path: ".mcp.json", tracked: true, ignored: false },
      { path: "ü b\n/.mcp.json", tracked: false, ignored: false },
    ]);
  });

  it("lists a file of an unfinished merge once, and asks nothing that the repository's configuration runs", async () => {
    write(repo.path, { ".mcp.json": "1" });
    repo.git("add", "-A");
    repo.git("commit", "-qm", "1");
    repo.git("checkout", "-qb", "other");
    write(repo.path, { ".mcp.json": "2" });
    repo.git("commit", "-qam", "2");
    repo.git("checkout", "-q", "main");
    write(repo.path, { ".mcp.json": "3" });
    repo.git("commit", "-qam", "3");
    expect(() => repo.git("merge", "other")).toThrow();
    repo.git("config", "core.fsmonitor", "touch owned; false");
    expect(await find()).toEqual([{ path: ".mcp.json", tracked: true, ignored: false }]);
    expect(readDocument(join(repo.path, "owned"))).toEqual({ kind: "absent" });
  });

  it("has pathspecs that match every path which counts", async () => {
    const names = [
      ".mcp.json",
      ".env",
      ".env.local",
      ".env.x.local",
      ".env.test",
      ".env.example",
      ".envrc",
      ...EXAMPLES,
      ".env.defaults",
      ".vscode/settings.json",
      ".devcontainer/devcontainer.json",
      ".claude-plugin/plugin.json",
      ...PLACES.atRoot,
    ];
    for (const [index, name] of names.entries()) {
      expect(kindOf(name), name).toBeDefined();
      write(repo.path, { [name]: "", [`deep ${index}/er/${name}`]: "" });
    }
    const listed = (await find({ places: { ...PLACES, atRoot: [], besideMcp: [] } })).map(({ path }) => path);
    for (const [index, name] of names.entries()) {
      expect(listed).toContain(name);
      expect(listed).toContain(`deep ${index}/er/${name}`);
    }
  });

  it("stops at a folder that git could not look into, where it may hold what was asked for", async () => {
    const warned = (reason: string, ...paths: readonly string[]) => {
      const script = `#!/bin/sh\necho "warning: could not open directory 'shut/in/': ${reason}" >&2\n`;
      write(scratch.tmp, { git: script });
      chmodSync(join(scratch.tmp, "git"), 0o755);
      const within = paths.map((path) => ({ path, isFolder: true }));
      return () => find({ git: { ...git(), program: join(scratch.tmp, "git") }, within });
    };
    for (const paths of [[], [""], ["shut"], ["shut/in/er"], ["a", "shut/in"]])
      await expect(warned("Permission denied", ...paths)()).rejects.toThrow(
        /\n {2}- shut\/in: no permission to read it$/,
      );
    expect(await warned("Permission denied", "shut/out", "a")()).toEqual([]);
    expect(await warned("No such file or directory")()).toEqual([]);
  });

  it("walks no circle, and gives up on a tree that never ends", async () => {
    const root = join(scratch.root, "plain");
    write(root, { "a/.mcp.json": "{}" });
    symlinkSync(root, join(root, "a/loop"));
    expect((await find({ root, git: undefined })).map(({ path }) => path)).toEqual(["a/.mcp.json"]);
    for (let index = 0; index < 21; index += 1) mkdirSync(join(root, `f${index}`));
    await expect(find({ root, git: undefined })).rejects.toThrow(/more than 20 folders/);
    expect(await find({ root, git: undefined, within: [{ path: "a", isFolder: true }] })).toHaveLength(1);
  });
});

describe("readDocument", () => {
  it("keeps a BOM, and names what is no UTF-8", () => {
    const read = (content: string | Uint8Array) => {
      write(scratch.tmp, { x: content });
      return readDocument(join(scratch.tmp, "x"));
    };
    const utf16 = Buffer.from("\ufeff{é}", "utf16le");
    const big = Buffer.alloc(2_097_153, "é");
    for (const [content, expected] of [
      ["\ufeff{}", { encoding: "utf-8", text: "\ufeff{}" }],
      ["", { encoding: "utf-8", text: "" }],
      [Buffer.from("{é}", "utf16le"), { encoding: "utf-16", text: "{é}" }],
      [utf16, { encoding: "utf-16", text: "\ufeff{é}" }],
      [Buffer.from(utf16).swap16(), { encoding: "utf-16", text: "\ufeff{é}" }],
      [Buffer.from([0x7b, 0xff, 0x7d]), { encoding: "not-utf-8", text: "{\ufffd}" }],
      [" ".repeat(2_097_152), { encoding: "utf-8", text: " ".repeat(2_097_152) }],
      [big, { encoding: "too-big", text: expect.stringMatching(/^éé/) }],
    ] as const)
      expect(read(content)).toMatchObject({ kind: "read", ...expected });
    expect(readDocument(scratch.tmp)).toMatchObject({ encoding: "not-a-file", text: "", mode: undefined });
    expect(readDocument(join(scratch.tmp, "x/y"))).toEqual({ kind: "absent" });
  });
});
