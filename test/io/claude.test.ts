import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import type { Question } from "../../src/core/clients/claude-question.ts";
import { clearDeadFolders } from "../../src/io/ask-client.ts";
import { type Asking, askClaude } from "../../src/io/claude.ts";
import { bundle } from "../support/bundle.ts";
import { statusLine } from "../support/claude.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "create-halo-mcp-test-")));
const login = { ANTHROPIC_API_KEY: "a", CLAUDE_CODE_OAUTH_TOKEN: "b", CLAUDECODE: "1", CLAUDE_CODE_CERT_STORE: "kept" };
const env = { PATH: process.env.PATH, OUT: root, HALO_MCP_TOKEN: "st4le", HALO_ACCOUNT_ID: "only here", ...login };
const surroundings = { cwd: root, env, signal: new AbortController().signal };

/** A program in the place of Claude Code. */
function claude(name: string, script: string) {
  const path = join(root, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { path, version: "2.1.330" };
}
const question: Question = {
  name: "-halo\nx",
  entry: {
    type: "http",
    url: "https://api.cm.com/halo/core/mcp",
    headers: { "X-CM-PRODUCTTOKEN": "${HALO_MCP_TOKEN}" },
  },
  withheld: ["HALO_MCP_TOKEN"],
  lent: { HALO_PROFILE_ID: "lent" },
  remark: undefined,
};
const asking: Asking = { elsewhere: false, timeoutMs: 5000 };
const heard = (name: string): string => readFileSync(join(root, name), "utf8").trim();
const answers = (...statuses: readonly string[]): string =>
  `read -r a; echo "$a" >>"$OUT/in"; ${statuses.map((line) => `read -r a; echo "$a" >>"$OUT/in"; printf '%s\\n' '${line}'`).join("; ")}`;

it("asks about one server in a folder that only the owner can enter, until it has connected, and removes the folder", async () => {
  const listeners = process.listenerCount("exit");
  const script = `cd "$XDG_CACHE_HOME"; pwd >"$OUT/folder"; cp *.json .gitignore "$OUT"; touch more; env >"$OUT/env"
    ls -ld . *.json | cut -c 1-10 >"$OUT/modes"; printf '%s ' "$@" >"$OUT/words"; echo "no JSON"
    ${answers(statusLine(1, "-halo\\nx", "pending"), statusLine(2, "-halo\\nx", "pending"), statusLine(3, "-halo\\nx", "failed", "it is down"))}`;
  const answer = await askClaude(claude("asked", script), question, asking, surroundings);
  expect(answer).toEqual({ status: "failed", error: "it is down" });
  const folder = heard("folder");
  expect(heard("words")).toBe(
    `--bare -p --input-format stream-json --output-format stream-json --verbose --strict-mcp-config --mcp-config ${folder}/mcp.json --settings ${folder}/settings.json`,
  );
  expect(heard("modes")).toBe("drwx------\n-rw-------\n-rw-------");
  expect([heard("settings.json"), heard("mcp.json"), heard(".gitignore")]).toEqual([
    '{"disableAllHooks":true,"env":{"HALO_PROFILE_ID":"lent"}}',
    JSON.stringify({ mcpServers: { "-halo\nx": question.entry } }),
    "*",
  ]);
  const subtypes = heard("in")
    .split("\n")
    .map((line) => JSON.parse(line).request.subtype);
  expect(subtypes).toEqual(["initialize", "mcp_status", "mcp_status", "mcp_status"]);
  const given = heard("env");
  for (const name of ["HALO_MCP_TOKEN", "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDECODE"])
    expect(given).not.toMatch(new RegExp(`^${name}=`, "m"));
  for (const line of ["HALO_ACCOUNT_ID=only here", "CLAUDE_CODE_CERT_STORE=kept", "MCP_TIMEOUT=5000"])
    expect(given.split("\n")).toContain(line);
  expect(folder).toContain(`create-halo-mcp-${process.pid}-`);
  expect(() => readdirSync(folder)).toThrow("ENOENT");
  expect(process.listenerCount("exit")).toBe(listeners);
});

it("tells a server that is not loaded from an unknown status and from no answer, and asks from an empty folder where that is meant", async () => {
  const other = claude("other", `pwd >"$OUT/cwd"; ${answers(statusLine(1, "another", "connected"))}`);
  const own = { ...asking, elsewhere: true };
  expect(await askClaude(other, question, own, surroundings)).toEqual({ status: "not-configured" });
  expect(heard("cwd").startsWith(root)).toBe(false);
  const strange = claude("strange", answers(statusLine(1, "-halo\\nx", "constructor")));
  expect(await askClaude(strange, question, asking, surroundings)).toEqual({ status: "unknown" });
  expect(await askClaude({ path: join(root, "none"), version: "1" }, question, asking, surroundings)).toBeUndefined();
  const old = claude("old", `echo "error: unknown option '--bare'" >&2; exit 1`);
  expect(await askClaude(old, question, asking, surroundings)).toBeUndefined();
  const limit = { timeoutMs: 500, graceMs: 50 };
  for (const script of ["sleep 5", `${answers(statusLine(1, "-halo\\nx", "pending"))}; sleep 5`])
    expect(await askClaude(claude("slow", script), question, { ...asking, limit }, surroundings)).toBeUndefined();
});

/** A process of its own that asks, in a folder for temporary files of its own, and then does this. */
async function asks(tmp: string, then: string) {
  mkdirSync(tmp);
  const module = await bundle(join(import.meta.dirname, "../../src/io/claude.ts"));
  const words = [
    claude("waits", "echo $XDG_CACHE_HOME >$OUT/folder; cat >/dev/null"),
    question,
    asking,
    { cwd: root, env },
  ];
  const script = `import { askClaude } from ${JSON.stringify(module)};
    const [claude, question, asking, rest] = ${JSON.stringify(words)};
    void askClaude(claude, question, asking, { ...rest, signal: new AbortController().signal });
    setTimeout(() => ${then}, 500);`;
  const given = { ...process.env, TMPDIR: tmp, TEMP: tmp, TMP: tmp };
  return spawnSync(process.execPath, ["--input-type=module", "-e", script], { env: given });
}

it("leaves nothing when the process ends in the middle", async () => {
  const tmp = join(root, "tmp");
  await asks(tmp, "process.exit()");
  expect(heard("folder").startsWith(tmp)).toBe(true);
  expect(readdirSync(tmp)).toEqual([]);
});

it("the next run removes the folder of one that was killed, and nothing that is a live run's, a link or somebody's own", async () => {
  const tmp = join(root, "killed");
  const { pid } = await asks(tmp, 'process.kill(process.pid, "SIGKILL")');
  const dead = heard("folder");
  expect(existsSync(join(dead, "mcp.json"))).toBe(true);
  const kept = [
    `create-halo-mcp-${process.pid}-abcdef`,
    "create-halo-mcp-test-abcdef",
    `create-halo-mcp-${pid}-abcdef-mine`,
  ];
  for (const name of kept) mkdirSync(join(tmp, name));
  writeFileSync(join(root, "precious"), "");
  symlinkSync(root, join(tmp, `create-halo-mcp-${pid}-linked`));
  vi.stubEnv("TMPDIR", tmp);
  await clearDeadFolders();
  vi.unstubAllEnvs();
  expect(readdirSync(tmp).sort()).toEqual([...kept, `create-halo-mcp-${pid}-linked`].sort());
  expect(existsSync(join(root, "precious"))).toBe(true);
});
