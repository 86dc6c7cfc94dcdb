import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  behave,
  flood,
  http,
  INITIALIZED,
  json,
  type Kit,
  listen,
  MIB,
  type Running,
  result,
  rpcError,
  TOOL,
} from "../servers/fault-kit.ts";
import { BRIDGE, type DoctorRun, doctor, leaks, put, repositoryFor, servers, told } from "./doctor-support.ts";
import {
  COLOURS,
  DOTENV,
  entryFor,
  HARM,
  type Machine,
  machine,
  on,
  start,
  strangeBytes,
  TOKEN,
  VALUES,
  wideLines,
} from "./support.ts";

/** What `doctor` takes, sends, prints and leaves behind: the packed program without a terminal, but where one is named. */

let m: Machine;
const opened: { close(): Promise<void> }[] = [];
const kept = <T extends { close(): Promise<void> }>(server: T): T => {
  opened.push(server);
  return server;
};
beforeAll(async () => {
  m = kept(await machine());
});
afterAll(() => Promise.all(opened.map((each) => each.close())));

const OTHER = "another.made.up.Kd8Rb4Nv6Ty8Zq7-a1b2";
const here = (...files: Readonly<Record<string, unknown>>[]): string =>
  repositoryFor(m, m.url, Object.assign({}, ...files));
const sent = (machine: Machine, token: string): number =>
  machine.standIn.requests.filter(({ headers }) => headers["x-cm-producttoken"] === token).length;

describe.concurrent("the exit code", () => {
  test.each<[string, readonly string[]]>([
    ["--args without --call", ["--args", "{}"]],
    ["--args that are no JSON", ["--call", "ask_agent", "--args", "{question"]],
    ["--args that are no object", ["--call", "ask_agent", "--args", "[1]"]],
    ["both ways to give a token", ["--token-stdin", "--token-file", "token.txt"]],
    ["a token that can be none", ["--token-stdin"]],
    ["an unknown flag", ["--mend"]],
    ["a token on the command line", ["--token", "x"]],
    ["a word beside the flags", ["shop"]],
    ["a URL that may carry no token", ["--url", "http://halo.invalid/mcp"]],
    ["a name that no entry has", ["--name", "a b"]],
    ["a timeout that is none", ["--timeout", "soon"]],
    ["--report onto a file that is there", ["--report", ".mcp.json"]],
    ["--report into a folder that is not", ["--report", "nowhere/report.md"]],
    ["a folder that is not there", ["--cwd", "nowhere"]],
    ["a values file that is not there", ["--values-file", "nowhere.env"]],
  ])("2: %s", async (_, args) => {
    const cwd = here();
    put(cwd, { "token.txt": TOKEN });
    const before = readFileSync(join(cwd, ".mcp.json"), "utf8");
    const url = args.includes("--url") ? [] : ["--url", m.url];
    for (const form of [[], ["--json"]]) {
      const run = await doctor(m, [...args, ...url, ...form], { cwd, stdin: "a\nb" });
      expect(run.code, run.stdout + run.stderr).toBe(2);
      if (form.length > 0) expect(JSON.parse(run.stdout)).toMatchObject({ version: 1, ok: false, error: {} });
      else expect(run.stderr).toMatch(/^create-halo-mcp: \S/);
      expect(leaks(run.stdout + run.stderr)).toEqual([]);
    }
    expect(readFileSync(join(cwd, ".mcp.json"), "utf8")).toBe(before);
  });

  test("3: a file that cannot be read", async () => {
    const run = await doctor(m, ["--token-file", "nowhere", "--url", m.url], { cwd: here() });
    expect(run.code, run.stderr).toBe(3);
    expect(run.stderr).not.toContain("nowhere");
  });
});

/** A server that behaves, with one more tool, which answers as it is told. */
async function withTool(answer: (kit: Kit) => void): Promise<Running & { readonly calls: () => unknown[] }> {
  const calls: unknown[] = [];
  const server = await http(
    "",
    null,
    (kit) => {
      if (kit.request.headers["x-cm-producttoken"] === undefined) return behave(kit);
      if (kit.message.method === "tools/list")
        return json(kit.response, 200, result(kit.message, { tools: [{ ...TOOL, name: "odd" }] }));
      calls.push(kit.message.params);
      answer(kit);
    },
    ["tools/list", "tools/call"],
  ).start("");
  return { ...server, calls: () => calls };
}

const content =
  (text: string, more: Record<string, unknown> = {}) =>
  (kit: Kit): void =>
    json(kit.response, 200, result(kit.message, { content: [{ type: "text", text }], ...more }));

async function call(answer: (kit: Kit) => void, tool = "odd", timeout = 20) {
  const server = kept(await withTool(answer));
  const cwd = repositoryFor(m, server.url);
  const flags = ["--url", server.url, "--call", tool, "--timeout", String(timeout)];
  const [run, text] = [await doctor(m, ["--json", ...flags], { cwd }), await doctor(m, flags, { cwd })];
  expect(text.code).toBe(run.code);
  expect(leaks(run.stdout + run.stderr + text.stdout + text.stderr)).toEqual([]);
  expect(wideLines(text.stdout, 80)).toEqual([]);
  return { run, text: text.stdout, answer: told(run), calls: server.calls() };
}

describe.concurrent("--call", () => {
  test("is the one thing that calls a tool, once, with its arguments", () =>
    on({}, async (own) => {
      const cwd = repositoryFor(own, own.url);
      const calls = () => own.standIn.requests.filter(({ rpc }) => rpc === "tools/call").length;
      for (const args of [[], ["--json"], ["--report", join(cwd, "report.md")]])
        expect((await doctor(own, ["--url", own.url, ...args], { cwd })).code).toBe(0);
      expect(calls()).toBe(0);
      const args = ["--call", "ask_agent", "--args", '{"question":"is it open?"}'];
      const run = await doctor(own, ["--json", "--url", own.url, ...args], { cwd });
      expect(calls()).toBe(1);
      expect(run.code).toBe(0);
      expect(told(run).call).toMatchObject({ tool: "ask_agent", ok: true });
      expect(told(run).call?.text).toContain('{"question":"is it open?"}');
      const text = await doctor(own, ["--url", own.url, ...args], { cwd });
      expect(text.stdout).toContain("Answer of ask_agent\n    ask_agent: this is the stand-in");
    }));

  const rows = Array.from({ length: 3000 }, (_, at) => ({ id: at, a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8 }));
  const image = { type: "image", data: "AAAA", mimeType: "image/png" };
  test.each<[string, (kit: Kit) => void, boolean, string]>([
    ["says no", content("the profile has no agents", { isError: true }), false, "the profile has no agents"],
    ["answers with many values", content("3,000 rows", { structuredContent: { rows } }), true, "3,000 rows"],
    ["answers with an image", content("so", { content: [image, { type: "text", text: "so" }] }), true, "[image]\nso"],
  ])("a tool that %s", async (_, answer, ok, text) => {
    const { run, answer: found, calls } = await call(answer);
    expect(run.code).toBe(ok ? 0 : 1);
    expect(calls).toHaveLength(2);
    expect(found).toMatchObject({ cause: null, call: { ok, text } });
    expect(found.stages.filter(({ status }) => status === "failed")).toEqual([]);
  });

  test.each<[string, (kit: Kit) => void, RegExp, number?]>([
    ["says nothing", () => undefined, /did not answer tools\/call in time \(limit: 4 s\)/, 4],
    [
      "answers 500",
      ({ response }) => json(response, 500, { message: "it fell over" }),
      /HTTP 500.*It said: "it fell over"/,
    ],
    [
      "answers a web page",
      ({ response }) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
      /web page/,
    ],
    [
      "cuts the connection",
      ({ response }) => void response.socket?.destroy(),
      /closed the connection before its answer to tools\/call/,
    ],
    [
      "answers that there is no such profile",
      ({ response, message }) => json(response, 200, rpcError(message.id, -32000, "No such profile")),
      /profile ID "[^"]+" \(sent as CM-PROFILE-ID, from \.claude\/settings\.local\.json\)/,
    ],
    [
      "answers 1 GB",
      ({ response }) => flood(response.writeHead(200, { "content-type": "application/json" }), MIB, 1024),
      /is too large \(.*4 MiB for all bodies/,
    ],
  ])("a tool that %s", async (_, answer, words, limit = 20) => {
    const { run, answer: found } = await call(answer, "odd", limit);
    expect(run.code).toBe(1);
    expect(run.peak).toBeLessThan(150);
    expect(found.call).toMatchObject({ ok: false });
    expect(found.call?.text).toMatch(words);
  });

  test("an answer is cleaned of all that moves a cursor, and of the token", async () => {
    const evil = `\u001b[2J\u001b]0;owned\u0007a\u202eb\u200bc\u0000d\r\ne\u009b31m ${TOKEN.slice(0, 9)}\u200b${TOKEN.slice(9)}`;
    const { run, text, answer } = await call(content(evil));
    expect(run.code).toBe(0);
    for (const printed of [text, answer.call?.text ?? ""]) {
      expect(strangeBytes(printed)).toEqual([]);
      expect(printed).not.toMatch(HARM);
    }
    expect(answer.call?.text).toMatch(/^abcd\ne/);
  });

  test("an answer is no command to a runner of GitHub Actions, as it is or where a line is broken", async () => {
    const evil = `::error::owned\n   ::set-output name=a::b\n##[error]x\n${"word ".repeat(14)}::warning::owned\n{${"x".repeat(74)}::stop-commands::y`;
    const { text, run } = await call(content(evil));
    expect(text).toContain("owned");
    for (const printed of [text, run.stdout]) expect(printed).not.toMatch(/^\s*::|##\[/m);
  });

  test("an answer of 1 MB is cut", async () => {
    for (const long of ["x".repeat(1_000_000), "y\n".repeat(500_000), "ab cd ".repeat(170_000)]) {
      const { run, answer, text } = await call(content(long));
      expect(run.code).toBe(0);
      expect(answer.call?.text.length).toBeLessThan(21_000);
      expect(answer.call?.text.trimEnd()).toMatch(/…$/);
      expect(text.length).toBeLessThan(30_000);
    }
  });
});

/** A server that counts connections and what is said over them, and answers only to what was said. */
async function counting() {
  const heard = { connections: 0, bytes: 0 };
  const server = createServer((socket) => {
    heard.connections++;
    socket
      .on("error", () => undefined)
      .on("data", (chunk) => {
        heard.bytes += chunk.length;
        socket.end("HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n");
      });
  });
  const { url } = kept(await listen(server));
  return { url, port: Number(new URL(url).port), heard };
}

describe.concurrent("a URL of the repository that is not HALO's", () => {
  test("gets not even a connection, and one with --url", async () => {
    const foreign = await counting();
    const cwd = repositoryFor(m, foreign.url);
    for (const args of [[], ["--token-stdin"], ["--call", "ask_agent"], ["--url", m.url]]) {
      const run = await doctor(m, ["--json", ...args], { cwd, stdin: OTHER });
      expect(run.code, run.stdout + run.stderr).toBe(1);
      expect(told(run)).toMatchObject({ ok: false, cause: "endpoint-foreign", server: null });
      expect(foreign.heard.connections).toBe(0);
    }
    const text = await doctor(m, [], { cwd });
    expect(text.stdout).toMatch(/^✖ .mcp.json: the URL is not HALO's[\s\S]*✖ set-up +"halo" in \.mcp\.json/m);
    expect(text.stdout).toContain("nothing was sent");
    const allowed = await doctor(m, ["--json", "--url", foreign.url], { cwd });
    expect(foreign.heard.connections).toBeGreaterThan(0);
    expect(told(allowed).cause).toBe("unauthorized");
  });

  test.each([
    ["a look-alike", (port: number) => `http://127.0.0.1:${port}/api.cm.com/halo/core/mcp`, {}],
    ["put together from variables", () => "http://${PLACE}/halo/core/mcp", {}],
    ["put together from the environment", () => "http://${PLACE}/halo/core/mcp", undefined],
    ["a default", (port: number) => `\${NOWHERE_URL:-http://127.0.0.1:${port}/halo/core/mcp}`, {}],
  ] as const)("%s", async (_, urlFor, local) => {
    const foreign = await counting();
    const place = { PLACE: `127.0.0.1:${foreign.port}` };
    const cwd = repositoryFor(m, urlFor(foreign.port), {
      ".claude/settings.local.json": { ...BRIDGE, env: { ...VALUES, ...(local === undefined ? {} : place) } },
    });
    const run = await doctor(m, ["--json"], { cwd, env: local === undefined ? place : {} });
    expect(told(run)).toMatchObject({ ok: false, cause: "endpoint-foreign" });
    expect(foreign.heard.connections).toBe(0);
  });

  test("HALO's own URL goes to HALO alone: a look-alike host is foreign", async () => {
    for (const url of ["https://api.cm.com.evil.invalid/halo/core/mcp", "https://api-cm.com/halo/core/mcp"]) {
      const run = await doctor(m, ["--json"], { cwd: repositoryFor(m, url) });
      expect(told(run)).toMatchObject({ ok: false, cause: "endpoint-foreign" });
    }
  });
});

describe.concurrent("without a value the way is looked at, and nothing sent", () => {
  const { HALO_MCP_TOKEN: _, ...rest } = VALUES;
  const without = (env: Record<string, string>) => ({ ".claude/settings.local.json": { ...BRIDGE, env } });
  const statusOf = (answer: ReturnType<typeof told>) =>
    Object.fromEntries(answer.stages.map(({ stage, status, cause }) => [stage, cause ?? status]));

  test.each([
    ["missing", rest],
    ["empty", { ...rest, HALO_MCP_TOKEN: "" }],
  ])("%s", async (_, env) => {
    const server = await counting();
    const cwd = repositoryFor(m, server.url, without(env));
    const run = await doctor(m, ["--json", "--url", server.url], { cwd });
    const answer = told(run);
    expect(answer).toMatchObject({ ok: false, cause: "missing-value", at: "values", server: null, requests: [] });
    const { dns, tcp, tls, http, mcp, tools } = statusOf(answer);
    expect([dns, tcp, tls, http, mcp, tools]).toEqual(["ok", "ok", "skipped", "skipped", "skipped", "skipped"]);
    expect(server.heard).toEqual({ connections: 1, bytes: 0 });
    const text = await doctor(m, ["--url", server.url], { cwd });
    expect(text.stdout).toMatch(/^✔ tcp +127\.0\.0\.1 \(IPv4\)/m);
    expect(wideLines(text.stdout, 80)).toEqual([]);
  });

  test("not of a URL that comes from the repository", async () => {
    const server = await counting();
    const run = await doctor(m, ["--json"], { cwd: repositoryFor(m, server.url, without(rest)) });
    expect(told(run)).toMatchObject({ ok: false, cause: "endpoint-foreign" });
    expect(server.heard.connections).toBe(0);
  });
});

test("what other headers take from variables is shown nowhere, whatever they are called", async () => {
  const values = ["Zr8Tq4Wp-hidden-one", "Kd5Nb2Vx-hidden-two", "hunter2", "Gw7Ty3Jm-hidden-four"];
  const [one = "", two = "", three = "", four = ""] = values;
  const env = { ...VALUES, HALO_GW_PASSWORD: one, HALO_GW_SIGN: two, HALO_GW_PWD: three };
  const headers = {
    ...(entryFor("").headers as Record<string, string>),
    "X-Custom": "${HALO_GW_PASSWORD}",
    "X-Signature": "${HALO_GW_SIGN}",
    "X-Pwd": "${HALO_GW_PWD}",
    "X-Api": `\${HALO_X:-${four}}`,
    Accept: "application/json, text/event-stream",
  };
  const told = new Set<string>();
  const behaviour = (kit: Kit): void => {
    const { "x-custom": a, "x-signature": b, "x-pwd": c, "x-api": d } = kit.request.headers;
    told.add([a, b, c, d].join(" "));
    // a token is refused at the tools: what was sent comes back in three places
    const said = `${a} ${[...String(b)].join("\u034f")} ${c} ${d}`;
    if (kit.message.method === "initialize")
      json(kit.response, 200, result(kit.message, { ...INITIALIZED, serverInfo: { name: said, version: "1" } }));
    else if (kit.message.method === "tools/list")
      json(kit.response, 200, result(kit.message, { tools: [{ ...TOOL, name: "odd", description: said }] }));
    else if (kit.message.method === "tools/call")
      json(kit.response, 200, result(kit.message, { content: [{ type: "text", text: said }] }));
    else behave(kit);
  };
  const server = kept(await http("", null, behaviour).start(""));
  const cwd = repositoryFor(m, server.url, {
    ".mcp.json": servers({ ...entryFor(server.url), headers }),
    ".claude/settings.local.json": { ...BRIDGE, env },
  });
  for (const form of [[], ["--json"]]) {
    const path = join(cwd, `report-${form.length}.md`);
    const run = await doctor(m, ["--url", server.url, "--call", "odd", "--report", path, ...form], { cwd });
    const printed = run.stdout + run.stderr + readFileSync(path, "utf8");
    expect(printed).toContain("••••");
    for (const value of values) expect(printed.replace(/\u034f/gu, "")).not.toContain(value);
  }
  expect([...told]).toEqual([values.join(" ")]);
});

describe.concurrent("a token of the command line", () => {
  test("is tested in place of the one that is found, and written nowhere", () =>
    on({}, async (own) => {
      const wrong = { ".claude/settings.local.json": { ...BRIDGE, env: { ...VALUES, HALO_MCP_TOKEN: OTHER } } };
      const cwd = repositoryFor(own, own.url, wrong);
      const bare = await doctor(own, ["--json", "--url", own.url], { cwd });
      expect(told(bare).cause).toBe("unauthorized");
      expect(sent(own, OTHER)).toBeGreaterThan(0);
      const before = sent(own, OTHER);
      put(own.root, { "token.txt": `${TOKEN}\n` });
      for (const args of [["--token-stdin"], ["--token-file", join(own.root, "token.txt")]]) {
        const report = join(cwd, `report-${args.length}.md`);
        const run = await doctor(own, ["--json", "--url", own.url, "--report", report, ...args], {
          cwd,
          stdin: `Bearer ${TOKEN}\n`,
        });
        expect(run.code, run.stdout).toBe(0);
        expect(run.stdout).toContain("tested with the token from the command line");
        const printed = run.stdout + run.stderr + readFileSync(report, "utf8");
        expect([...leaks(printed), ...leaks(printed, OTHER)]).toEqual([]);
      }
      expect(sent(own, OTHER)).toBe(before);
      expect(readFileSync(join(cwd, ".claude/settings.local.json"), "utf8")).not.toContain(TOKEN);
    }));

  test("is enough where the set-up holds none", async () => {
    const { HALO_MCP_TOKEN: _, ...env } = VALUES;
    const cwd = here({ ".claude/settings.local.json": { ...BRIDGE, env } });
    const run = await doctor(m, ["--json", "--url", m.url, "--token-stdin"], { cwd, stdin: TOKEN });
    expect(told(run)).toMatchObject({ ok: false, cause: "missing-value", at: "values", control: "refused" });
    expect(told(run).server?.name).toBe("halo-stand-in");
  });
});

describe.concurrent("the report", () => {
  test("is for its owner alone, and holds nothing secret", async () => {
    const cwd = here();
    const run = await doctor(m, ["--url", m.url, "--report", "report.md", "--call", "nope"], { cwd });
    expect(run.stderr).toContain("The report is in ");
    const path = join(cwd, "report.md");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const text = readFileSync(path, "utf8");
    expect([...leaks(text), ...strangeBytes(text)]).toEqual([]);
    expect(text).toContain(`| Node | ${process.version} |`);
  });

  test("that does not fit on the disk is the one thing that is said", async () => {
    const cwd = here();
    for (const form of [[], ["--json"]]) {
      // no file of this process may grow: as on a full disk, writing fails once the file is open
      const words = [process.execPath, m.bin, "doctor", "--url", m.url, "--report", "report.md", ...form];
      const run = await start("sh", ["-c", 'ulimit -f 0 && exec "$@"', "sh", ...words], { cwd, env: m.env });
      expect(run.code, run.stderr).toBe(3);
      expect(existsSync(join(cwd, "report.md"))).toBe(false);
      if (form.length > 0)
        expect(JSON.parse(run.stdout)).toMatchObject({ version: 1, ok: false, error: { code: "unwritable" } });
      else expect([run.stdout, run.stderr]).toEqual(["", expect.stringMatching(/--report: .*\(EFBIG\)\n$/)]);
    }
  });

  test("is there too when nothing could be sent, and not when the words were wrong", async () => {
    const cwd = repositoryFor(m, "https://halo.invalid/mcp");
    expect((await doctor(m, ["--report", "report.md"], { cwd })).code).toBe(1);
    expect(readFileSync(join(cwd, "report.md"), "utf8")).toContain("| cause | endpoint-foreign |");
    for (const wrong of ["--args {}", "--cwd nowhere", "--values-file nowhere.env"])
      expect((await doctor(m, ["--report", "other.md", ...wrong.split(" ")], { cwd })).code).toBe(2);
    expect(existsSync(join(cwd, "other.md"))).toBe(false);
  });
});

describe("what is printed", () => {
  let dead = "";
  beforeAll(async () => {
    const server = await listen(createServer());
    await server.close();
    dead = server.url;
  });
  const texts = async (env: Record<string, string>, args: readonly string[] = []): Promise<DoctorRun> =>
    doctor(m, ["--url", dead, ...args], { cwd: repositoryFor(m, dead), env });

  test("no colour without a terminal, in colour where it is forced, and not under NO_COLOR", async () => {
    expect((await texts({})).stdout).not.toMatch(COLOURS);
    expect((await texts({ FORCE_COLOR: "1" })).stdout).toMatch(COLOURS);
    expect((await texts({ FORCE_COLOR: "1", NO_COLOR: "1" })).stdout).not.toMatch(COLOURS);
    expect((await texts({ FORCE_COLOR: "1" }, ["--no-color"])).stdout).not.toMatch(COLOURS);
  });

  test.each([
    ["on Linux's own console", { TERM: "linux" }],
    ["in one whose letters are of one byte", { LANG: "de_DE.ISO-8859-1", LC_ALL: "" }],
  ])("ASCII %s", async (_, env) => {
    const { stdout, stderr } = await texts(env);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is meant
    expect(stderr + stdout).toMatch(/^[\x00-\x7f]*$/);
    expect(stdout).toMatch(/^x \S/);
    expect(stdout).toMatch(/^\+ set-up /m);
    expect(wideLines(stdout, 79)).toEqual([]);
  });

  test("--quiet: the verdict alone; --json: one document, whatever fails", async () => {
    const quiet = await texts({}, ["--quiet"]);
    expect(quiet.stderr).toBe("");
    expect(quiet.stdout).toMatch(/^✖ .*\n$/);
    const json = await texts({}, ["--json"]);
    expect(json.stderr).toBe("");
    expect(JSON.parse(json.stdout)).toMatchObject({ version: 1, ok: false });
  });

  test("in a terminal of 80 columns and of 50: nothing is wider", async () => {
    for (const cols of [80, 50]) {
      const screen = m.open(["doctor", "--url", m.url], { cwd: here(), cols, rows: 60 });
      await screen.ends(0);
      expect(screen.text()).toContain("Connected to halo-stand-in");
      expect(wideLines(screen.raw(), cols)).toEqual([]);
    }
  });
});

describe("Ctrl-C", () => {
  /** A server that takes the connection and says nothing. */
  const silent = async () => kept(await listen(createServer((socket) => void socket.resume())));

  test("during a test that hangs: exit 130, at once, nothing printed, nothing left", () =>
    on({}, async (own) => {
      const server = await silent();
      const cwd = repositoryFor(own, server.url);
      for (const args of [[], ["--json"], ["--report", "report.md"]]) {
        const run = await doctor(own, ["--url", server.url, "--timeout", "60", ...args], {
          cwd,
          started: (pid) => {
            const wait = setInterval(() => {
              if (server.open() === 0) return;
              clearInterval(wait);
              process.kill(pid, "SIGINT");
            }, 10);
          },
        });
        expect(run.code, run.stdout + run.stderr).toBe(130);
        expect(own.processes()).toEqual([]);
        expect(leaks(run.stdout + run.stderr)).toEqual([]);
        if (args[0] === "--json") expect(JSON.parse(run.stdout)).toMatchObject({ ok: false, error: {} });
        else expect(run.stdout).toBe("");
        // an empty file would be in the way of the next try
        expect(existsSync(join(cwd, "report.md"))).toBe(false);
      }
    }));

  test("in a terminal: the cursor is there again", () =>
    on({}, async (own) => {
      const server = await silent();
      const cwd = repositoryFor(own, server.url);
      const screen = own.open(["doctor", "--url", server.url, "--timeout", "60"], { cwd });
      await screen.waitFor(/Connection test/);
      screen.press("ctrl-c");
      await screen.ends(130);
      expect(own.processes()).toEqual([]);
    }));

  test("while the token is read from a pipe that says nothing: what is waited for is said", () =>
    on({}, async (own) => {
      const cwd = repositoryFor(own, own.url);
      const args = [own.bin, "doctor", "--url", own.url, "--token-stdin", "--timeout", "60"];
      const child = spawn(process.execPath, args, { cwd, env: own.env, stdio: ["pipe", "ignore", "pipe"] });
      let said = "";
      child.stderr.on("data", (chunk: Buffer) => {
        said += String(chunk);
        if (said.includes("Waiting for the token of --token-stdin")) child.kill("SIGINT");
      });
      expect((await once(child, "close"))[0], said).toBe(130);
      expect(own.standIn.requests).toEqual([]);
    }));

  test.each(["doctor", "init"])("%s waits for a token no longer than --timeout", (command) =>
    on({}, async (own) => {
      const pipe = join(own.root, "pipe");
      execFileSync("mkfifo", [pipe]);
      for (const flags of [["--token-stdin"], ["--token-file", pipe]]) {
        const args = [own.bin, command, "--url", own.url, ...flags, "--timeout", "1"];
        const child = spawn(process.execPath, args, { cwd: own.path, env: own.env, stdio: ["pipe", "ignore", "pipe"] });
        // a writer that says nothing
        const writer = spawn("sh", ["-c", `exec sleep 60 > "${pipe}"`], { stdio: "ignore" });
        let said = "";
        child.stderr.on("data", (chunk: Buffer) => {
          said += String(chunk);
        });
        expect((await once(child, "close"))[0], said).toBe(3);
        expect(said).toContain(`${flags[0]}: the input did not end in time`);
        writer.kill();
      }
    }),
  );

  test.each(["doctor", "init"])("%s: a terminal is no place for a token on standard input", (command) =>
    on({}, async (own) => {
      const screen = own.open([command, "--url", own.url, "--token-stdin"]);
      await screen.ends(2);
      expect(screen.text()).toContain("standard input is a terminal");
    }),
  );
});

describe.concurrent("the command that is suggested, typed, puts it right", () => {
  const wrong = (url: string) => ({ mcpServers: { halo: { ...entryFor(url), type: "sse" } } });
  test.each<[string, string, (url: string) => Readonly<Record<string, unknown>>, readonly string[], string]>([
    ["at the root", ".", (url) => ({ ".mcp.json": wrong(url) }), [], ""],
    ["an entry below the root", "api", (url) => ({ "api/.mcp.json": wrong(url) }), [], " --cwd ."],
    ["the root's entry, from below", "api", (url) => ({ "api/a.ts": "", ".mcp.json": wrong(url) }), [], ""],
    ["--cwd", ".", (url) => ({ "api/.mcp.json": wrong(url) }), ["--cwd", "api"], " --cwd api"],
    [
      "--values-file",
      ".",
      () => ({ "my env": DOTENV, ".claude/settings.local.json": { enabledMcpjsonServers: ["halo"] } }),
      ["--values-file", "my env"],
      " --values-file 'my env'",
    ],
    [
      "an approval of another name",
      ".",
      (url) => ({ ".mcp.json": { mcpServers: { halo: entryFor(url), "halo-de": entryFor(url) } } }),
      ["--name", "halo-de"],
      " --name halo-de",
    ],
  ])("%s", async (_, folder, files, args, words) => {
    const root = here(files(m.url));
    rmSync(join(root, ".git"), { recursive: true });
    await promisify(execFile)("git", ["init", "-q"], { cwd: root, env: m.env });
    const cwd = join(root, folder);
    const ask = async () => await doctor(m, ["--json", "--url", m.url, ...args], { cwd });
    const before = await ask();
    type Setup = { repair: string; verdict: { wouldConnect: boolean } };
    const setupOf = ({ stdout }: DoctorRun): Setup => JSON.parse(stdout).setup;
    const { repair, verdict } = setupOf(before);
    expect(verdict.wouldConnect).toBe(false);
    expect(repair).toBe(`npx create-halo-mcp${words} --url ${m.url}`);
    const typed = `${repair.replace("npx create-halo-mcp", '"$NODE" "$PROGRAM"')} --yes`;
    const env = { ...m.env, ...VALUES, NODE: process.execPath, PROGRAM: m.bin };
    const wizard = await promisify(execFile)("sh", ["-c", typed], { cwd, env });
    const after = await ask();
    expect(after.code, after.stdout).toBe(0);
    expect(setupOf(after).verdict.wouldConnect).toBe(true);
    expect(leaks(before.stdout + wizard.stdout + wizard.stderr + after.stdout)).toEqual([]);
  });
});
