/** Stand-ins for the clients: Node programs that speak each protocol. What they were given goes to files in OUT. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Ask } from "../../src/core/clients/model.ts";
import { Cancelled } from "../../src/errors.ts";
import { askClient, type ClientAnswer } from "../../src/io/ask-client.ts";
import { bundle } from "../support/bundle.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "create-halo-mcp-test-")));
const TOKEN = "made-up-token-0123456789abcdef";
const OTHERS = { HALO_MCP_TOKEN: "st4le", OPENAI_API_KEY: "a", ANTHROPIC_AUTH_TOKEN: "b", MISTRAL_API_KEY: "c" };
const OWN = { MINE_CONFIG: "/elsewhere", MINE_CA_FILE: "kept" };
const env = { PATH: process.env.PATH, OUT: root, ...OTHERS, ...OWN };
const variables = { HALO_T: TOKEN, HALO_A: "acc0unt" };

const shared = { paths: { MINE_HOME: ".mine" }, set: { MINE_UPDATES: "off" }, own: /^MINE_(?!CA_)/ } as const;
const refused = /HTTP (\d{3})/;
const LIST: Ask = {
  ...shared,
  by: "list",
  argv: ["mcp", "list"],
  file: ".mine/settings.json",
  connected: / - Connected$/,
  failed: / - Disconnected$/,
};
const LINES: Ask = { ...shared, by: "app-server", argv: ["app-server"], file: ".mine/c.toml", refused };
const SERVE: Ask = {
  ...shared,
  by: "serve",
  argv: ["serve"],
  variable: "MINE_CONTENT",
  user: "mine",
  password: "MINE_PASSWORD",
  refused,
};

/** Writes down what it was given, begins a process of its own that does not end, and does this. */
function program(body: string): string {
  const path = join(mkdtempSync(join(root, "bin-")), "client");
  const script = `#!${process.execPath}
const fs = require("node:fs"), { join } = require("node:path"), { OUT, MINE_HOME } = process.env;
const keep = (name, text) => fs.writeFileSync(join(OUT, name), text);
keep("env", JSON.stringify(process.env)); keep("argv", JSON.stringify(process.argv.slice(2))); keep("cwd", process.cwd());
const child = require("node:child_process").spawn("sleep", ["600"], { stdio: "ignore" });
keep("pids", process.pid + " " + child.pid);
const answer = (list) => ({ data: list });
${body}\n`;
  writeFileSync(path, script, { mode: 0o755 });
  return path;
}

const lines = (answer: string, more = "") =>
  program(`let n = 0;
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  const say = (result) => console.log(JSON.stringify({ id, result }));
  console.log('{"method":"note","id":' + (id ?? 0) + '}');
  if (method === "initialize") say({});
  if (method === "thread/start") { keep("thread", JSON.stringify(params)); say({ thread: { id: "t-1" } }); }
  if (method === "mcpServerStatus/list") { n += 1; if (params.threadId === "t-1") say({ data: [{ name: "other", runtimeStatus: "connected" }, ${answer}] }); }
});
setInterval(() => {}, 1000);${more}`);

const serve = (answer: string) =>
  program(`const given = "Basic " + Buffer.from("mine:" + process.env.MINE_PASSWORD).toString("base64");
const server = require("node:http").createServer((request, response) => {
  keep("url", request.url); if (request.headers.authorization !== given) return response.writeHead(401).end("{}");
  response.end(${answer}); });
server.listen(0, "127.0.0.1", () => console.log("listening on http://127.0.0.1:" + server.address().port + "\\n"));`);

const list = (line: string, stream = "log") =>
  program(
    `console.${stream}("Servers:\\n\\n\\u001b[32m✓\\u001b[0m other: x - Connected\\n" + ${line}); setTimeout(() => process.exit(0), 50);`,
  );

const QUOTED = `"HTTP 401: the token " + process.env.HALO_T + " is wrong, HTTP 500"`;
const told = (status: string, error = "undefined"): string =>
  `{ name: "halo", runtimeStatus: ${status}, toolsError: ${error} }`;
const map = (value: string): string => `JSON.stringify({ other: { status: "connected" }, halo: ${value} })`;

/** A folder for the temporary files, in which nothing must be left. */
const tmp = join(root, "tmp");
beforeEach(() => {
  mkdirSync(tmp, { recursive: true });
  vi.stubEnv("TMPDIR", tmp);
});
afterEach(() => vi.unstubAllEnvs());

const heard = (name: string): string => readFileSync(join(root, name), "utf8");
const isAlive = (pid: string): boolean => {
  // a zombie process has ended
  return existsSync(`/proc/${pid}`) && !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
};
const allGone = () =>
  vi.waitFor(() =>
    expect(
      heard("pids")
        .split(" ")
        .filter((pid) => pid !== "" && isAlive(pid)),
    ).toEqual([]),
  );

function asked(path: string, ask: Ask, timeoutMs = 10_000, signal = new AbortController().signal) {
  return askClient({ path, ask, name: "halo", text: "our entry", variables, timeoutMs }, { cwd: root, env, signal });
}

const NEVER = "setInterval(() => {}, 1000);";
it.each<[string, string, Ask, ClientAnswer | undefined, number?]>([
  ["list: right", list('"✓ halo: http://x (http) - Connected"'), LIST, { status: "connected" }],
  [
    "list: down",
    list('"\\u001b[31m✗\\u001b[0m halo: http://x (http) - Disconnected"', "error"),
    LIST,
    { status: "failed" },
  ],
  ["list: another word", list('"○ halo: http://Connected - Disabled"'), LIST, { status: "unknown" }],
  ["list: not there", list('"✓ halo-2: x - Connected"'), LIST, undefined],
  ["list: silent", program("process.exit(0)"), LIST, undefined],
  ["list: never ends", program(NEVER), LIST, undefined, 700],
  ["lines: right", lines(told('n > 2 ? "connected" : "starting"')), LINES, { status: "connected" }],
  ["lines: 401, quoted", lines(told('"failed"', QUOTED)), LINES, { status: "failed", httpStatus: 401 }],
  ["lines: down", lines(told('"failed"', '"no connection"')), LINES, { status: "failed" }],
  ["lines: a login", lines(told('"authenticationRequired"')), LINES, { status: "needs-auth" }],
  ["lines: another word", lines(told('"constructor"')), LINES, { status: "unknown" }],
  ["lines: a word that repeats the token", lines(told("process.env.HALO_T")), LINES, { status: "unknown" }],
  ["lines: not there", lines('{ name: "halo2", runtimeStatus: "connected" }'), LINES, undefined],
  ["lines: null beside it", lines(`null, ${told('"connected"')}`), LINES, { status: "connected" }],
  ["lines: silent", program(`${NEVER}process.stdin.resume();`), LINES, undefined, 700],
  ["lines: garbage", program(`console.log('null\\n[]\\n{"id":1'); ${NEVER}`), LINES, undefined, 700],
  ["lines: ends at once", program("process.exit(1)"), LINES, undefined],
  ["serve: right", serve(map('{ status: "connected" }')), SERVE, { status: "connected" }],
  [
    "serve: 401, quoted",
    serve(map(`{ status: "failed", error: ${QUOTED} }`)),
    SERVE,
    { status: "failed", httpStatus: 401 },
  ],
  ["serve: a login", serve(map('{ status: "needs_auth" }')), SERVE, { status: "needs-auth" }],
  ["serve: no object", serve(map("null")), SERVE, undefined],
  ["serve: garbage", serve('"<html>"'), SERVE, undefined],
  ["serve: null", serve('"null"'), SERVE, undefined],
  ["serve: never answers", serve("await0"), SERVE, undefined, 700],
  ["serve: silent", program(NEVER), SERVE, undefined, 700],
  ["serve: ignores SIGTERM", program(`process.on("SIGTERM", () => {}); ${NEVER}`), SERVE, undefined, 700],
  ["a program that is not there", join(root, "none"), LIST, undefined],
  ["a shim of npm on Windows", "C:\\npm\\client.CMD", SERVE, undefined],
])("%s", async (_, path, ask, expected, timeoutMs) => {
  writeFileSync(join(root, "pids"), "");
  const listeners = process.listenerCount("exit");
  const answer = await asked(path, ask, timeoutMs);
  expect(answer).toEqual(expected);
  expect(JSON.stringify(answer) ?? "").not.toContain(TOKEN);
  expect(readdirSync(tmp)).toEqual([]);
  expect(process.listenerCount("exit")).toBe(listeners);
  await allGone();
});

it("gives the program our entry in a home of its own, the values in its environment, and nothing else of the user", async () => {
  const look = `keep("files", JSON.stringify(fs.readdirSync(process.env.TMPDIR, { recursive: true }).sort()));
    keep("text", fs.readFileSync(join(MINE_HOME, "settings.json"), "utf8")); fs.writeFileSync(join(MINE_HOME, "log"), "");
    keep("modes", [process.env.TMPDIR, join(MINE_HOME, "settings.json")].map((path) => fs.statSync(path).mode.toString(8)).join());`;
  expect(await asked(program(`${look} console.log("  halo: - Connected"); process.exit(0)`), LIST)).toEqual({
    status: "connected",
  });
  const { TMPDIR = "", ...given } = JSON.parse(heard("env")) as Record<string, string>;
  expect(TMPDIR.startsWith(join(tmp, `create-halo-mcp-${process.pid}-`))).toBe(true);
  expect(given).toMatchObject({
    ...variables,
    MINE_HOME: join(TMPDIR, "home/.mine"),
    MINE_UPDATES: "off",
    MINE_CA_FILE: "kept",
  });
  for (const name of [...Object.keys(OTHERS), "MINE_CONFIG"]) expect(Object.keys(given)).not.toContain(name);
  expect(JSON.parse(heard("files"))).toEqual([
    ".gitignore",
    "cwd",
    "cwd/.env",
    "home",
    "home/.mine",
    "home/.mine/settings.json",
  ]);
  expect([heard("text"), heard("modes"), heard("cwd")]).toEqual(["our entry", "40700,100600", join(TMPDIR, "cwd")]);
  expect(JSON.parse(heard("argv"))).toEqual(["mcp", "list"]);

  await asked(lines(told('"connected"')), LINES);
  expect(JSON.parse(heard("thread"))).toEqual({ cwd: heard("cwd"), ephemeral: true });

  await asked(serve(map('{ status: "connected" }')), SERVE);
  const served = JSON.parse(heard("env")) as Record<string, string>;
  expect(served).toMatchObject({ ...variables, MINE_CONTENT: "our entry" });
  expect(served.MINE_PASSWORD).toMatch(/^[\w-]{20,}$/);
  expect([heard("url"), heard("argv")]).toEqual(["/mcp", '["serve"]']);
});

it("an abort ends the program and leaves nothing", async () => {
  const stop = new AbortController();
  const answer = asked(program(NEVER), SERVE, 10_000, stop.signal);
  writeFileSync(join(root, "pids"), "");
  await vi.waitFor(() => expect(heard("pids")).not.toBe(""));
  stop.abort();
  await expect(answer).rejects.toThrow(Cancelled);
  expect(readdirSync(tmp)).toEqual([]);
  await allGone();
});

it("no server goes on when our own process ends in the middle", async () => {
  vi.unstubAllEnvs();
  const module = await bundle(join(import.meta.dirname, "../../src/io/ask-client.ts"));
  vi.stubEnv("TMPDIR", tmp);
  writeFileSync(join(root, "pids"), "");
  const question = { path: program(NEVER), ask: SERVE, name: "halo", text: "x", variables, timeoutMs: 10_000 };
  const script = `import { askClient } from ${JSON.stringify(module)}; import { readFileSync } from "node:fs";
    const [question, cwd, env] = ${JSON.stringify([question, root, env])};
    void askClient({ ...question, ask: { ...question.ask, own: /^$/ } }, { cwd, env, signal: new AbortController().signal });
    setInterval(() => readFileSync(${JSON.stringify(join(root, "pids"))}, "utf8") !== "" && process.exit(), 50);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
  await once(child, "close");
  expect(readdirSync(tmp)).toEqual([]);
  await allGone();
});
