import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ask, look } from "../../src/commands/doctor/gather.ts";
import type { Context } from "../../src/context.ts";
import { findingsOf, makeReport, type Run } from "../../src/core/doctor/report.ts";
import { entry, servers, TOKEN, VALUES } from "../core/doctor-support.ts";
import { statusLine } from "../support/claude.ts";
import { mkRepo, type Repository, type ScratchHome, scratchHome } from "../support/home.ts";

let scratch: ScratchHome;
let repo: Repository;

beforeEach(() => {
  scratch = scratchHome();
  repo = mkRepo(scratch, "shop");
});
afterEach(() => scratch.dispose());

function put(path: string, content: unknown, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content), { mode });
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

const none = { cwd: undefined, name: undefined, url: undefined, valuesFile: undefined, timeoutMs: 2000 };
const looking = async (options: Partial<Record<keyof typeof none, unknown>> = {}, context = contextOf()) => {
  const { view } = await look(context, { ...none, ...options } as typeof none, undefined);
  const { findings, verdict } = findingsOf(view);
  const { setup } = makeReport(view, { test: undefined, call: null });
  return { view, findings, verdict, setup };
};

function setUp(): void {
  put(at(".mcp.json"), servers(entry()));
  put(at(".claude/settings.local.json"), { env: VALUES, enabledMcpjsonServers: ["halo"] });
  put(home(".claude.json"), { projects: { [repo.path]: { hasTrustDialogAccepted: true } } });
}

/** A `claude` of our own: says its version, and what is given for everything else. Out: how it was called, and with which environment. */
function fakeClaude(says: string, version = "2.1.330 (Claude Code)"): () => string {
  const [path, log] = [join(scratch.root, "bin/claude"), join(scratch.root, "called")];
  const asked = `{ echo "$*"; /usr/bin/env; } >> '${log}'; read -r _; read -r _; echo '${says}'`;
  put(path, `#!/bin/sh\ncase "$*" in --version) echo '${version}';; *) ${asked} ;; esac\n`, 0o755);
  return () => (existsSync(log) ? readFileSync(log, "utf8") : "");
}

test("a whole set-up: what to send, the token among the secrets and nowhere else", async () => {
  setUp();
  const { view, findings, verdict, setup } = await looking();
  expect(verdict).toMatchObject({ wouldConnect: true });
  expect(view.client).toEqual({ program: "none", version: undefined });
  expect(view.toSend).toMatchObject({ ok: true, sent: { headers: { "X-CM-PRODUCTTOKEN": TOKEN } } });
  expect(secrets).toContain(TOKEN);
  expect(JSON.stringify([findings, setup])).not.toContain(TOKEN);
});

test("files are named from the folder, and found from below the root", async () => {
  setUp();
  mkdirSync(at("packages/shop"), { recursive: true });
  put(at(".env"), `HALO_MCP_TOKEN=${TOKEN}\n`);
  const { view } = await looking({ cwd: at("packages/shop") });
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
  const { setup } = await looking({ cwd: join(scratch.root, "link") });
  expect(setup.repair).toBe("npx create-halo-mcp --cwd packages/shop/../..");
});

describe("CLAUDE_CONFIG_DIR", () => {
  const movedTo = (folder: string, url = entry().url) => {
    put(join(folder, ".claude.json"), servers(entry({ url })));
    put(join(folder, "settings.json"), { env: VALUES });
    const context = contextOf();
    return looking({}, { ...context, env: { ...context.env, CLAUDE_CONFIG_DIR: folder } } as Context);
  };
  const GATEWAY = "https://gw.example/mcp";

  test("moves the store and the user's settings; an address in a store of one's own is one's own word", async () => {
    const { view, verdict } = await movedTo(join(scratch.root, "config"));
    expect([view.winner?.scope, verdict.wouldConnect]).toEqual(["user", true]);
    const other = await movedTo(join(scratch.root, "config"), GATEWAY);
    expect(other.view.toSend).toMatchObject({ ok: true, sent: { url: GATEWAY } });
  });

  test("a store that lies in the repository, by whatever way, is the repository's: its address gets nothing", async () => {
    symlinkSync(at("tools"), join(scratch.root, "elsewhere"));
    for (const folder of [at("tools"), join(scratch.root, "elsewhere")]) {
      const { view, findings } = await movedTo(folder, GATEWAY);
      expect(view.toSend).toMatchObject({ ok: false, cause: "endpoint-foreign" });
      expect(findings.map(({ cause }) => cause)).toContain("endpoint-foreign");
    }
    const { view } = await movedTo(at("tools"));
    expect(view.toSend.ok).toBe(true);
  });
});

describe("what cannot be read is said, and stops nothing", () => {
  test.skipIf(process.platform === "win32")("a pipe, a link in a circle, a folder, a big file", async () => {
    setUp();
    rmSync(at(".claude/settings.local.json"));
    for (const name of [".env", ".claude/settings.local.json"]) execFileSync("mkfifo", [at(name)]);
    symlinkSync("settings.json", at(".claude/settings.json"));
    mkdirSync(home(".claude/settings.json"), { recursive: true });
    put(home(".claude.json"), `${" ".repeat(4 * 1024 * 1024)}{}`);
    const { view, findings } = await looking();
    expect(findings.filter(({ link }) => link === "setup").map(({ cause, seen }) => [cause, seen])).toEqual([
      ["settings-broken", expect.stringContaining("a folder")],
      ["settings-broken", expect.stringContaining("symbolic links")],
      ["settings-broken", expect.stringContaining("it is a pipe")],
      ["file-broken", expect.stringContaining("4 MiB")],
      ["file-broken", expect.stringContaining(".env cannot be read: it is a pipe")],
    ]);
    expect(view.trust.trusted).toBe(false);
  });

  test("a .mcp.json that is a folder, or larger than Claude Code takes", async () => {
    setUp();
    mkdirSync(at("a/.mcp.json"), { recursive: true });
    put(at("b/.mcp.json"), " ".repeat(2_097_153));
    const first = async (name: string) => {
      const { view, findings } = await looking({ cwd: at(name) });
      return [view.winner?.file, findings[0]?.severity, findings[0]?.seen];
    };
    expect(await first("a")).toEqual(["../.mcp.json", "warning", expect.stringContaining("not a regular file")]);
    expect(await first("b")).toEqual(["../.mcp.json", "warning", expect.stringContaining("2,097,152")]);
  });
});

test("a folder or values file that is not there is a wrong word", async () => {
  await expect(looking({ cwd: at("nope") })).rejects.toThrow(/--cwd/);
  await expect(looking({ valuesFile: at("nope") })).rejects.toThrow(/--values-file/);
});

describe.skipIf(process.platform === "win32")("the word of Claude Code", () => {
  const passed = { diagnosis: { ok: true, stages: [] }, record: {} } as unknown as Run["test"];
  const asking = async (test = passed, leftMs = 2000) => {
    const context = contextOf();
    const looked = await look(context, none, undefined);
    const asked = await ask(context, looked, test, leftMs);
    const { findings } = findingsOf({ ...looked.view, asked });
    const cause = findings.find(({ link, severity }) => link === "client" && severity !== "note")?.cause;
    return { asked, cause, client: looked.view.client };
  };

  test.each([
    ["agrees", "connected", undefined],
    ["failed to connect", "failed", "client-disagrees"],
    ["needs a sign-in", "needs-auth", "client-disagrees"],
  ])("%s", async (_, status, cause) => {
    setUp();
    fakeClaude(statusLine(1, "halo", status));
    expect(await asking()).toMatchObject({ asked: { status }, cause, client: { version: "2.1.330" } });
  });

  test("one that gives no answer in time was asked all the same; not where no time is left", async () => {
    setUp();
    const called = fakeClaude("'; exec /bin/sleep 20; echo '");
    expect((await asking(passed, 1500)).asked).toEqual({ remark: undefined });
    const before = called();
    expect(before).toContain("--strict-mcp-config");
    expect((await asking(passed, 499)).asked).toEqual({});
    expect(called()).toBe(before);
  });

  test("a program that does not say its version", async () => {
    setUp();
    fakeClaude("", "Error: claude native binary not installed.");
    expect(await asking()).toEqual({ asked: undefined, cause: "client-broken", client: { program: "silent" } });
  });

  test("gets no variable of a repository that steers a program, and is not asked where such a header is sent", async () => {
    setUp();
    const called = fakeClaude(statusLine(1, "halo", "connected"));
    await asking();
    // the settings file has it: passed on, it would win where a terminal takes the file's
    expect(called()).not.toContain(TOKEN);
    const before = called().length;
    for (const name of ["LD_PRELOAD", "NODE_OPTIONS", "PATH", "HTTPS_PROXY", "ANTHROPIC_BASE_URL", "BASH_ENV"]) {
      const one = entry() as { headers: Record<string, string> };
      put(at(".mcp.json"), servers({ ...one, headers: { ...one.headers, "X-Build": `\${${name}}` } }));
      put(at(".claude/settings.json"), { env: { [name]: "/planted" } });
      for (const approved of [["halo"], []]) {
        put(at(".claude/settings.local.json"), { env: VALUES, enabledMcpjsonServers: approved });
        await asking();
      }
    }
    expect(called().slice(before)).toBe("");
  });

  test("is not asked about a foreign URL, a program, what waits or was rejected, or did not pass our own test", async () => {
    setUp();
    const called = fakeClaude(statusLine(1, "halo", "connected"));
    for (const more of [{}, { enabledMcpjsonServers: ["halo_"] }, { disabledMcpjsonServers: ["halo"] }]) {
      put(at(".claude/settings.local.json"), { env: VALUES, ...more });
      expect((await asking()).asked).toBeUndefined();
    }
    setUp();
    expect((await asking({ diagnosis: { ok: false }, record: {} } as unknown as Run["test"])).asked).toBeUndefined();
    for (const more of [{ url: "https://evil.example/mcp" }, { headersHelper: "x" }]) {
      put(at(".mcp.json"), servers(entry(more)));
      expect((await asking()).asked).toBeUndefined();
    }
    expect(called()).toBe("");
  });
});
