import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type LookOptions, look } from "../../src/commands/doctor/look.ts";
import type { Context } from "../../src/context.ts";
import { entry, servers, TOKEN, VALUES } from "../core/doctor-support.ts";
import { mkRepo, type Repository, type ScratchHome, scratchHome } from "../support/home.ts";

let scratch: ScratchHome;
let repo: Repository;

beforeEach(() => {
  scratch = scratchHome();
  repo = mkRepo(scratch, "shop");
});
afterEach(() => scratch.dispose());

function put(path: string, content: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content), { mode: 0o600 });
}
const at = (name: string): string => join(repo.path, name);
const home = (name: string): string => join(scratch.home, name);

const secrets = new Set<string>();
/** The PATH of the test alone: no `claude` of this machine is ever found. */
function contextOf(more: Partial<Context> = {}): Context {
  secrets.clear();
  const env = { ...scratch.env, PATH: join(scratch.root, "bin") };
  return {
    cwd: repo.path,
    env,
    home: scratch.home,
    platform: process.platform,
    now: () => performance.now(),
    signal: new AbortController().signal,
    secrets,
    ...more,
  } as unknown as Context;
}

const none: LookOptions = {
  cwd: undefined,
  name: undefined,
  url: undefined,
  valuesFile: undefined,
  timeoutMs: 2000,
  passed: Promise.resolve(true),
};

function setUp(): void {
  put(at(".mcp.json"), servers(entry()));
  put(at(".claude/settings.local.json"), { env: VALUES, enabledMcpjsonServers: ["halo"] });
  put(home(".claude.json"), { projects: { [repo.path]: { hasTrustDialogAccepted: true } } });
}

/** A `claude` of our own: says its version, and what is given for everything else. */
function fakeClaude(says: string, version = "2.1.330 (Claude Code)"): void {
  const path = join(scratch.root, "bin/claude");
  put(path, `#!/bin/sh\ncase "$*" in --version) echo '${version}';; *) printf '${says}' ;; esac\n`);
  chmodSync(path, 0o755);
}

test("a whole set-up: three links, what to send, the token among the secrets and nowhere else", async () => {
  setUp();
  const looked = await look(contextOf(), none);
  expect(looked.view.verdict).toMatchObject({ wouldConnect: true, dialogs: [] });
  expect(looked.links.map(({ link, status }) => [link, status])).toEqual([
    ["setup", "ok"],
    ["values", "ok"],
    ["client", "ok"],
  ]);
  expect(looked.sent).toMatchObject({ ok: true, as: "entry", sent: { headers: { "X-CM-PRODUCTTOKEN": TOKEN } } });
  expect(looked).toMatchObject({ status: undefined, version: undefined });
  expect(secrets).toContain(TOKEN);
  expect(JSON.stringify([looked.view, looked.links])).not.toContain(TOKEN);
});

test("files are named from the folder, and found from below the root", async () => {
  setUp();
  mkdirSync(at("packages/shop"), { recursive: true });
  put(at(".env"), `HALO_MCP_TOKEN=${TOKEN}\n`);
  const { view } = await look(contextOf(), { ...none, cwd: at("packages/shop") });
  expect(view.winner?.file).toBe("../../.mcp.json");
  expect(view.values[0]?.places).toEqual([
    { place: "../../.claude/settings.local.json", same: true },
    { place: "../../.env", same: true },
  ]);
});

test("a folder behind a link is named as what it is: `..` from the link would lead elsewhere", async () => {
  setUp();
  mkdirSync(at("packages/shop"), { recursive: true });
  symlinkSync(at("packages/shop"), join(scratch.root, "link"));
  const { view } = await look(contextOf(), { ...none, cwd: join(scratch.root, "link") });
  expect(view.repair).toBe("npx create-halo-mcp --cwd packages/shop/../..");
});

test("CLAUDE_CONFIG_DIR moves the store and the user's settings", async () => {
  const folder = join(scratch.root, "config");
  put(join(folder, ".claude.json"), servers(entry()));
  put(join(folder, "settings.json"), { env: VALUES });
  const context = contextOf();
  const { view } = await look({ ...context, env: { ...context.env, CLAUDE_CONFIG_DIR: folder } }, none);
  expect(view).toMatchObject({ winner: { scope: "user" }, verdict: { wouldConnect: true } });
});

describe("what cannot be read is said, and stops nothing", () => {
  test.skipIf(process.platform === "win32")("a pipe, a link in a circle, a folder, a big file", async () => {
    setUp();
    execFileSync("mkfifo", [at(".env")]);
    symlinkSync("settings.json", at(".claude/settings.json"));
    mkdirSync(home(".claude/settings.json"), { recursive: true });
    put(home(".claude.json"), `${" ".repeat(4 * 1024 * 1024)}{}`);
    const { view } = await look(contextOf(), none);
    expect(view.remarks.setup.map(({ cause, seen }) => [cause, seen])).toEqual([
      ["settings-broken", expect.stringContaining("a folder")],
      ["settings-broken", expect.stringContaining("circle")],
      ["file-broken", expect.stringContaining("4 MiB")],
      ["file-broken", expect.stringContaining(".env could not be read, so what it holds is not known: it is a pipe")],
    ]);
    expect(view.trust.trusted).toBe(false);
  });

  test("a .mcp.json that is a folder, or larger than Claude Code takes", async () => {
    setUp();
    mkdirSync(at("a/.mcp.json"), { recursive: true });
    put(at("b/.mcp.json"), " ".repeat(2_097_153));
    const seen = async (name: string) => (await look(contextOf(), { ...none, cwd: at(name) })).view;
    expect(await seen("a")).toMatchObject({
      winner: { file: "../.mcp.json" },
      remarks: { setup: [{ severity: "warning", seen: expect.stringContaining("no regular file") as string }] },
    });
    expect(await seen("b")).toMatchObject({
      remarks: { setup: [{ seen: expect.stringContaining("2,097,152") as string }] },
    });
  });
});

test("a folder or values file that is not there is a wrong word", async () => {
  await expect(look(contextOf(), { ...none, cwd: at("nope") })).rejects.toThrow(/--cwd/);
  await expect(look(contextOf(), { ...none, valuesFile: at("nope") })).rejects.toThrow(/--values-file/);
});

describe.skipIf(process.platform === "win32")("the word of Claude Code", () => {
  const says = (scope: string, status: string) => `halo:\\n  Scope: ${scope} config (x)\\n  Status: ${status}\\n`;
  const client = async () => {
    const looked = await look(contextOf(), none);
    return { status: looked.status, cause: looked.links[2]?.cause, version: looked.version };
  };

  test.each([
    ["agrees", says("Project", "✔ Connected"), "connected", undefined],
    ["failed to connect: the network says why", says("Project", "✘ Failed to connect"), "failed", undefined],
    ["disagrees", says("Project", "⏸ Pending approval"), "pending", "client-disagrees"],
    ["takes another entry", says("Local", "✔ Connected"), "connected", "client-disagrees"],
  ])("%s", async (_, said, status, cause) => {
    setUp();
    fakeClaude(said);
    expect(await client()).toEqual({ status, cause, version: "2.1.330" });
  });

  test("one that gives no answer in time was asked all the same", async () => {
    setUp();
    fakeClaude("'; exec /bin/sleep 20; printf '");
    const looked = await look(contextOf(), { ...none, timeoutMs: 1500 });
    expect(looked.status).toBeUndefined();
    expect(looked.links[2]?.seen[0]).toBe("Claude Code 2.1.330, trusted, approved, gave no answer");
  });

  test("a program that does not say its version", async () => {
    setUp();
    fakeClaude("", "Error: claude native binary not installed.");
    expect(await client()).toEqual({ status: undefined, cause: "client-broken", version: undefined });
  });

  test("is not asked about a foreign URL, nor a program of the repository", async () => {
    setUp();
    fakeClaude(says("Project", "✔ Connected"));
    put(at(".mcp.json"), servers(entry({ url: "https://evil.example/mcp" })));
    expect((await client()).status).toBeUndefined();
    put(at(".mcp.json"), servers(entry({ headersHelper: "x" })));
    expect((await client()).status).toBeUndefined();
  });

  /** A `claude` that writes down how it was called and with which environment. */
  const listening = (): (() => string) => {
    const log = join(scratch.root, "called");
    const path = join(scratch.root, "bin/claude");
    const program = `#!/bin/sh\ncase "$*" in --version) echo '2.1.330 (Claude Code)';; *) { echo "$*"; /usr/bin/env; } >> '${log}'; printf '${says("Project", "✔ Connected")}' ;; esac\n`;
    put(path, program);
    chmodSync(path, 0o755);
    return () => (existsSync(log) ? readFileSync(log, "utf8") : "");
  };

  test("gets no variable of a repository that steers a program, and is not asked where such a header is sent", async () => {
    setUp();
    const called = listening();
    await look(contextOf(), none);
    expect(called()).toContain("mcp get -- halo");
    expect(called()).toContain(`HALO_MCP_TOKEN=${TOKEN}`);
    const before = called().length;
    for (const name of ["LD_PRELOAD", "NODE_OPTIONS", "PATH", "HTTPS_PROXY", "ANTHROPIC_BASE_URL", "BASH_ENV"]) {
      const one = entry() as { headers: Record<string, string> };
      put(at(".mcp.json"), servers({ ...one, headers: { ...one.headers, "X-Build": `\${${name}}` } }));
      put(at(".claude/settings.json"), { env: { [name]: "/planted" } });
      for (const approved of [["halo"], []]) {
        put(at(".claude/settings.local.json"), { env: VALUES, enabledMcpjsonServers: approved });
        await look(contextOf(), none);
      }
    }
    expect(called().slice(before)).toBe("");
  });

  test("is not asked about what waits for approval, was rejected, or did not pass our own test", async () => {
    setUp();
    const called = listening();
    for (const more of [{}, { enabledMcpjsonServers: ["halo_"] }, { disabledMcpjsonServers: ["halo"] }]) {
      put(at(".claude/settings.local.json"), { env: VALUES, ...more });
      await look(contextOf(), none);
    }
    setUp();
    await look(contextOf(), { ...none, passed: Promise.resolve(false) });
    expect(called()).toBe("");
  });

  test("no file of the repository fills in the address of one's own entry", async () => {
    put(home(".claude.json"), { mcpServers: { halo: entry({ url: "${HALO_MCP_URL}" }) } });
    put(at(".env"), "HALO_MCP_URL=http://127.0.0.1:9/evil\n");
    const looked = await look(contextOf({ env: { ...contextOf().env, ...VALUES } }), none);
    expect(looked.sent).toMatchObject({ ok: false, cause: "bad-url" });
  });
});

describe("a hostile .env", () => {
  test.each([
    ["a value of 2 MB that nothing closes", `HALO_MCP_TOKEN="${"\\".repeat(2_000_000)}\n`],
    ["a quote in every line", "HALO_MCP_TOKEN='\n".repeat(100_000)],
    ["quotes in one line", `HALO_MCP_TOKEN=${"a'b".repeat(500_000)}\n`],
  ])("with %s is looked at all the same", async (_, text) => {
    put(at(".mcp.json"), servers(entry()));
    put(at(".env"), text);
    chmodSync(at(".env"), 0o644);
    const { view } = await look(contextOf(), none);
    expect(view.winner?.scope).toBe("project");
    expect([...secrets].every((secret) => secret.length <= 8192)).toBe(true);
  });
});
