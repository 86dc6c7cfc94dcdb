import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CAUSES } from "../../src/core/diagnosis/causes.ts";
import type { Cause } from "../../src/core/diagnosis/diagnose.ts";
import type { SetupCause } from "../../src/core/doctor/finding.ts";
import type { DoctorReport } from "../../src/core/doctor/report.ts";
import type { Fault } from "../servers/fault-kit.ts";
import { FAULTS } from "../servers/faults.ts";
import { PROXY_FAULTS } from "../servers/proxy.ts";
import { makeTlsFaults } from "../servers/tls-faults.ts";
import { statusLine } from "../support/claude.ts";
import type { Environment } from "../support/home.ts";
import { causesOf, type DoctorRun, doctor, leaks, put, repositoryFor, servers, told } from "./doctor-support.ts";
import { even, evenReport, golden, noneIsLeft, reduced, titled } from "./golden.ts";
import {
  COLOURS,
  closing,
  DOTENV,
  entryFor,
  type Machine,
  machine,
  on,
  type Recorder,
  recorder,
  VALUES,
  wideLines,
} from "./support.ts";

/**
 * The packed program against every server that answers wrongly, and on every set-up that is wrong: it names the cause, in
 * time and in little memory, and the token goes nowhere.
 */

/** Seconds for a test that runs out of them, and for one that must not, on however busy a machine. */
const SHORT = 3;
const LONG = 12;
/** MiB, whatever a server sends. */
const MEMORY = 150;
const URL = "https://api.cm.com/halo/core/mcp";

let m: Machine;
let second: Recorder;
const figures = { runs: 0, faults: 0, right: 0, leaks: 0, reports: 0, peak: 0, big: "" };
const reached = new Set<string>();
/** Those whose report is in the golden too. */
const REPORTED = new Set<string>([
  "401 json",
  "a redirect of length 0 with a page",
  "a port where nobody listens",
  "three pages of tools",
  "a good certificate",
  "that wants a password",
  "missing-value",
  "token-in-repository",
  "an open server",
]);

beforeAll(async () => {
  m = await machine();
  second = await recorder((_, response) => response.end("{}"));
});

afterAll(async () => {
  await m?.close();
  await second?.close();
  const { runs, faults, right, reports, peak, big } = figures;
  process.stdout.write(
    `\ndoctor: causes right / faults: ${right} / ${faults}, in ${runs} runs of the packed program; leaks: ${figures.leaks} in as many outputs and ${reports} reports; ` +
      `second origin heard: ${second.received.length}; ` +
      `most memory under a size attack: ${Math.round(peak)} MiB (${big}); causes reached: ${reached.size}\n`,
  );
});

/** What must hold of every run, whatever it meets. */
function hold(run: DoctorRun, report?: string): void {
  figures.runs += 1;
  const written = report === undefined ? "" : readFileSync(report, "utf8");
  if (report !== undefined) figures.reports += 1;
  const found = leaks(run.stdout + run.stderr + written);
  figures.leaks += found.length;
  expect(found, run.stdout).toEqual([]);
  expect(run.stdout + run.stderr).not.toMatch(COLOURS);
  expect(second.received).toEqual([]);
}

/** The golden of what was printed for one fault: JSON, the text where there is one, and the report of a sample. */
function keep(group: string, name: string, json: DoctorRun, text: DoctorRun | undefined, report: string): void {
  const here = (said: string): string =>
    even(said, [[second.url.replace(/\/halo.*/, ""), "http://<second>"]])
      .replaceAll(m.root, "<folder>")
      .replace(/\/r\d+\b/g, "/<repository>");
  const markdown = readFileSync(report, "utf8");
  golden(
    `doctor/${group}/${name.replaceAll("/", "-")}.txt`,
    titled(`${name}: --json`, here(reduced(json.stdout, json.code, group !== "set-up"))),
    text === undefined || told(json).cause === "timeout"
      ? titled("title of the report", here(/^\*\*.*\*\*$/m.exec(markdown)?.[0] ?? ""))
      : titled(`text, exit ${text.code}`, here(text.stdout)),
    ...(text?.stderr && told(json).cause !== "timeout" ? [titled("stderr", here(text.stderr))] : []),
    ...(REPORTED.has(name) ? [titled("--report", evenReport(here(markdown)))] : []),
  );
}

/** One run of each kind against a URL: JSON with a report, and where asked the text. */
async function ask(
  name: string,
  url: string,
  {
    env = {},
    asText = false,
    limit = LONG,
    group = "more",
    cause,
  }: { env?: Environment; asText?: boolean; limit?: number; group?: string; cause?: Cause | null },
): Promise<[DoctorReport, DoctorRun]> {
  const cwd = repositoryFor(m, url);
  const report = join(cwd, "report.md");
  const common = ["--url", url, "--timeout", String(limit)];
  const run = await doctor(m, ["--json", "--report", report, ...common], { cwd, env });
  expect(run.stdout, run.stderr).not.toBe("");
  hold(run, report);
  const answer = told(run);
  for (const id of causesOf(answer)) reached.add(id);
  expect(run.code).toBe(answer.ok ? 0 : 1);
  let text: DoctorRun | undefined;
  if (asText) {
    text = await doctor(m, common, { cwd, env });
    hold(text);
    expect(text.code).toBe(run.code);
    readsWell(text.stdout, answer);
  }
  // with -u an answer that is wrong is no golden either
  if (cause !== undefined) {
    figures.faults += 1;
    if (answer.cause === cause) figures.right += 1;
    expect(answer.cause).toBe(cause);
  }
  keep(group, name, run, text, report);
  return [answer, run];
}

/** A screen of 80 columns, where only what is to be copied may be longer, the cause on top. */
function readsWell(text: string, { cause, ok }: DoctorReport): void {
  // a command, an address or a name
  const whole = /^\s*(?:(?:npx|git|claude|chmod|--url) .*|[\w.:/-]+)$/;
  const wide = wideLines(text, 80).filter((line) => !whole.test(line));
  expect(wide).toEqual([]);
  const lines = text.split("\n");
  expect(lines.length).toBeLessThan(40);
  if (ok || cause === null) return;
  expect(lines[0]).toMatch(/^✖ \S/);
  expect(lines.slice(0, 12).join("\n")).toMatch(/^ {4}Try$/m);
}

/** The first fault of each cause also gets its text looked at. */
const asText = new Set<Fault>();
for (const fault of FAULTS) if (![...asText].some(({ cause }) => cause === fault.cause)) asText.add(fault);

const named = <T extends { readonly name: string; readonly cause: Cause | null }>(faults: readonly T[]) =>
  faults.map((fault) => [fault.name, fault.cause, fault] as const);

describe.concurrent("a server with a fault", () => {
  test.each(named(FAULTS))("%s → %s", async (name, cause, fault) => {
    await closing(await fault.start(second.url.replace(/\/halo.*/, "")), async ({ url }) => {
      const isText = asText.has(fault) || REPORTED.has(name);
      const limit = cause === "timeout" ? SHORT : LONG;
      const [answer, run] = await ask(name, url, { asText: isText, limit, group: "server", cause });
      expect(answer).toMatchObject({ cause, ok: cause === null });
      expect(run.peak).toBeLessThan(MEMORY);
      if (fault.big !== true) return;
      if (run.peak > figures.peak) Object.assign(figures, { peak: run.peak, big: name });
      if (process.platform === "linux") expect(run.peak).toBeGreaterThan(20);
    });
  });
});

describe.concurrent("a server with a fault in TLS", () => {
  const made = makeTlsFaults();
  test.each(named(made.faults))("%s → %s", async (name, cause, { start }) =>
    closing(await start(), async ({ url }) => {
      const [answer] = await ask(name, url, { env: { NODE_EXTRA_CA_CERTS: made.ca }, group: "tls", cause });
      expect(answer).toMatchObject({ cause, at: cause === null ? null : "tls" });
    }),
  );
});

describe.concurrent("a proxy with a fault", () => {
  test.each(named(PROXY_FAULTS))("%s → %s", async (name, cause, { start }) =>
    closing(await start(), async (proxy) => {
      const env = { HTTPS_PROXY: proxy.url() };
      const [answer] = await ask(name, "https://127.0.0.1:8443/halo/core/mcp", { env, group: "proxy", cause });
      expect(answer).toMatchObject({ cause, at: "tcp" });
      expect(leaks(proxy.heads.join("") + proxy.inside())).toEqual([]);
    }),
  );
});

interface State {
  /** In the repository, beside or in place of what `init` writes. */
  readonly files?: Readonly<Record<string, unknown>>;
  readonly store?: (folder: string) => unknown;
  readonly env?: Environment;
  /** A `claude` that says its version, and this for every other question. */
  readonly claude?: { readonly version: string; readonly says: string };
  /** Started in a folder of the repository. */
  readonly below?: string;
  /** The connection stands: before that Claude Code is not asked. */
  readonly live?: boolean;
  /** The words that say it, where it is too small to be a cause. */
  readonly note?: string;
  readonly code?: number;
}

const APPROVED = { enabledMcpjsonServers: ["halo"] };
const halo = entryFor(URL);
const trusted = (folder: string, more: Record<string, unknown> = {}, root: Record<string, unknown> = {}) => ({
  ...root,
  projects: { [folder]: { hasTrustDialogAccepted: true, ...more } },
});
const bridge = (values: Record<string, unknown>) => ({
  ".claude/settings.local.json": { ...APPROVED, env: { ...VALUES, ...values } },
});

/** For every cause that lies before the network, a set-up that has it. The URL of each leads to nobody. */
const STATES: Readonly<Record<SetupCause, State>> = {
  "no-entry": { files: { ".mcp.json": { mcpServers: {} } } },
  "file-broken": { files: { ".mcp.json": `{"mcpServers": {"halo": ${JSON.stringify(halo)}},}` } },
  "settings-broken": { files: { ".claude/settings.local.json": `{"env": ${JSON.stringify(VALUES)}, // no\n}` } },
  "entry-skipped": { files: { ".mcp.json": servers({ url: URL }) } },
  "entry-runs": { files: { ".mcp.json": servers({ ...halo, headersHelper: "echo {}" }) } },
  "wrong-type": { files: { ".mcp.json": servers({ ...halo, type: "sse" }) } },
  "missing-value": { files: { ".claude/settings.local.json": APPROVED } },
  "bad-value": { files: bridge({ HALO_ACCOUNT_ID: "a\nb" }) },
  "placeholder-sent": { files: bridge({ HALO_PROFILE_ID: "<profile>" }) },
  "bad-url": { files: { ".mcp.json": servers({ ...halo, url: "http://halo.invalid/mcp" }) } },
  "endpoint-foreign": { files: { ".mcp.json": servers({ ...halo, url: "https://halo.invalid/mcp" }) } },
  "stale-value": { files: { ".env": "HALO_MCP_TOKEN=old.old.old.old.old-0000\n" } },
  shadowed: {
    store: (folder) => trusted(folder, { mcpServers: { halo: { ...halo, url: "https://halo.invalid/mcp" } } }),
  },
  "not-trusted": { store: () => ({}), note: "Claude Code asks if you trust this folder" },
  "not-approved": {
    files: { ".claude/settings.local.json": { env: VALUES } },
    claude: { version: "2.1.330 (Claude Code)", says: "" },
  },
  rejected: { files: { ".claude/settings.local.json": { env: VALUES, disabledMcpjsonServers: ["halo"] } } },
  disabled: { store: (folder) => trusted(folder, { disabledMcpServers: ["halo"] }) },
  "no-bridge": {
    files: {
      ".claude/settings.local.json": APPROVED,
      ".env": DOTENV,
    },
  },
  "client-broken": { claude: { version: "Error: native binary not installed", says: "" } },
  "client-disagrees": {
    claude: {
      version: "2.1.330 (Claude Code)",
      says: statusLine(1, "halo", "failed"),
    },
    live: true,
  },
  "list-differs": {
    claude: { version: "2.1.330 (Claude Code)", says: statusLine(1, "halo", "connected") },
    live: true,
    note: '"claude mcp list" says "Failed to connect"',
    code: 0,
  },
  "network-differs": { files: bridge({ NO_PROXY: "halo.invalid" }) },
  "verification-off": { files: bridge({ NODE_TLS_REJECT_UNAUTHORIZED: "0" }) },
  "repository-steers": {
    files: { ".claude/settings.json": { env: { HTTPS_PROXY: "http://127.0.0.1:9", NODE_EXTRA_CA_CERTS: "ca.pem" } } },
  },
  "token-in-repository": {
    files: {
      ".mcp.json": servers({
        ...halo,
        headers: { ...(halo.headers as object), "X-CM-PRODUCTTOKEN": VALUES.HALO_MCP_TOKEN },
      }),
    },
  },
  "store-readable": { store: (folder) => trusted(folder, {}, { env: VALUES }) },
};

describe.concurrent("a set-up that is wrong", () => {
  test.each(Object.entries(STATES) as [SetupCause, State][])("%s", async (cause, state) => {
    const cwd = repositoryFor(m, state.live === true ? m.url : URL, state.files);
    const live = state.live === true ? ["--url", m.url] : [];
    const home = join(cwd, "..", `home-of-${cause}`);
    mkdirSync(home);
    put(home, { ".claude.json": state.store?.(cwd) ?? trusted(cwd) });
    if (cause === "store-readable") chmodSync(join(home, ".claude.json"), 0o644);
    const bin = join(home, "bin");
    if (state.claude !== undefined) {
      const { version, says } = state.claude;
      put(bin, {
        claude: `#!/bin/sh\ncase "$*" in --version) echo '${version}';; *) read -r _; read -r _; echo '${says}' ;; esac\n`,
      });
      chmodSync(join(bin, "claude"), 0o755);
    }
    const report = join(cwd, "report.md");
    const env = {
      HOME: home,
      PATH: `${bin}:${m.env.PATH}`,
      // HALO itself is never asked: what may be sent goes to a proxy that is not there
      HTTPS_PROXY: "http://127.0.0.1:9",
      ...state.env,
    };
    const run = await doctor(m, ["--json", "--report", report, "--timeout", String(LONG), ...live], { cwd, env });
    hold(run, report);
    expect(run.code, run.stderr).toBe(state.code ?? 1);
    const answer = told(run);
    const details = answer.stages.map(({ detail }) => detail ?? "").join("\n");
    if (state.note === undefined) expect(causesOf(answer), details).toContain(cause);
    else expect(details).toContain(state.note);
    reached.add(cause);
    const text = await doctor(m, ["--timeout", String(LONG), ...live], { cwd, env });
    hold(text);
    readsWell(text.stdout, answer);
    keep("set-up", cause, run, text, report);
  });
});

/** What no server can do to us. To this address the system itself knows no way: no packet is sent. */
test("an address without a way to it → unreachable", async () => {
  const [answer] = await ask("unreachable", "https://255.255.255.255/halo/core/mcp", { asText: true });
  expect(answer).toMatchObject({ ok: false, cause: "unreachable", at: "tcp" });
});

test("a server that takes anybody → unproven-token, and connected all the same", () =>
  on({ server: { auth: "none" } }, async ({ url }) => {
    const [answer, run] = await ask("an open server", url, { asText: true });
    expect(answer).toMatchObject({ ok: true, cause: "unproven-token", at: "auth", control: "accepted" });
    expect(run.code).toBe(0);
  }));

/** What a system may say of a connection, and no server can bring about. */
test.each([
  ["EMFILE", "local-limit"],
  ["EMADEUP", "unknown"],
] as const)("a connection that fails with %s → %s", async (code, cause) => {
  const preload = join(m.root, `${code}.cjs`);
  writeFileSync(
    preload,
    `require("node:net").Socket.prototype.connect = function () {
      process.nextTick(() => this.destroy(Object.assign(new Error("made up"), { code: "${code}" })));
      return this;
    };`,
  );
  const [answer] = await ask(code, m.url, { env: { NODE_OPTIONS: `--require ${preload}` }, asText: true });
  expect(answer).toMatchObject({ ok: false, cause });
});

test("every cause of the contract is reached by one of these", () => {
  const all: readonly (Cause | SetupCause)[] = [
    ...(Object.keys(CAUSES) as Cause[]),
    ...(Object.keys(STATES) as SetupCause[]),
  ];
  expect(all.filter((id) => !reached.has(id))).toEqual([]);
  for (const group of ["server", "tls", "proxy", "set-up", "more"]) noneIsLeft(`doctor/${group}`);
});
