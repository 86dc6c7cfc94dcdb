import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { askClaude, type Question } from "../../src/io/claude.ts";
import { bundle } from "../support/bundle.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "create-halo-mcp-test-")));
const env = { PATH: process.env.PATH, OUT: root };
const surroundings = { cwd: root, env, signal: new AbortController().signal };

/** A program in the place of Claude Code. */
function claude(name: string, script: string) {
  const path = join(root, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { path, version: "2.1.330" };
}
const question: Question = {
  name: "-halo\nx",
  bridge: { env: { HALO_MCP_TOKEN: "s3cret" }, enabled: ["halo"] },
  overridden: true,
  elsewhere: false,
  timeoutMs: 5000,
};
const heard = (name: string): string => readFileSync(join(root, name), "utf8").trim();

it("hands Claude Code its settings in a folder that only the owner can enter, and removes it", async () => {
  const listeners = process.listenerCount("exit");
  const script = `cd "$XDG_CACHE_HOME"; pwd >"$OUT/folder"; cp settings.json .gitignore "$OUT"; touch more
    ls -ld . settings.json | cut -c 1-10 >"$OUT/modes"; printf '%s ' "$@" "$MCP_TIMEOUT" "$HALO_MCP_TOKEN" >"$OUT/words"
    printf '%s' '-halo\nx: Status: it is connected'`;
  const answer = await askClaude(claude("asked", script), question, surroundings);
  expect(answer).toEqual({ said: " Status: it is connected", isKnown: true });
  const folder = heard("folder");
  expect(heard("words")).toBe(`--settings ${folder}/settings.json mcp get -- -halo\nx 5000 s3cret`);
  expect(heard("modes")).toBe("drwx------\n-rw-------");
  expect([heard("settings.json"), heard(".gitignore")]).toEqual([
    '{"env":{"HALO_MCP_TOKEN":"s3cret"},"enabledMcpjsonServers":["halo"]}',
    "*",
  ]);
  expect(() => readdirSync(folder)).toThrow("ENOENT");
  expect(process.listenerCount("exit")).toBe(listeners);
});

it("tells a server that it does not have from no answer, and asks from an empty folder where that is meant", async () => {
  const script = `pwd >"$OUT/cwd"; printf '%s ' "$@" >"$OUT/words"; echo 'No MCP server found' >&2; exit 1`;
  const nothing = claude("nothing", script);
  const own = { ...question, bridge: undefined, elsewhere: true };
  expect(await askClaude(nothing, own, surroundings)).toEqual({ said: "", isKnown: false });
  expect([heard("words"), heard("cwd").startsWith(root)]).toEqual(["mcp get -- -halo\nx", false]);
  expect(await askClaude({ path: join(root, "none"), version: "1" }, question, surroundings)).toBeUndefined();
  const limit = { timeoutMs: 50, graceMs: 50 };
  expect(await askClaude(claude("slow", "sleep 5"), { ...question, limit }, surroundings)).toBeUndefined();
});

it("leaves nothing when the process ends in the middle", async () => {
  const tmp = join(root, "tmp");
  mkdirSync(tmp);
  const module = await bundle(join(import.meta.dirname, "../../src/io/claude.ts"));
  const words = [claude("waits", "echo $XDG_CACHE_HOME >$OUT/folder; sleep 1"), question, { cwd: root, env }];
  const script = `import { askClaude } from ${JSON.stringify(module)};
    const [claude, question, rest] = ${JSON.stringify(words)};
    void askClaude(claude, question, { ...rest, signal: new AbortController().signal });
    setTimeout(() => process.exit(), 300);`;
  const given = { ...process.env, TMPDIR: tmp, TEMP: tmp, TMP: tmp };
  spawnSync(process.execPath, ["--input-type=module", "-e", script], { env: given });
  expect(heard("folder").startsWith(tmp)).toBe(true);
  expect(readdirSync(tmp)).toEqual([]);
});
