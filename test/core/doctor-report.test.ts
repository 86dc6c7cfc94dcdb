/** What becomes of the findings, the connection test and the word of Claude Code: the links, the cause, what is said first. */
import { describe, expect, test } from "vitest";
import { toDoctorText, toDoctorVerdict } from "../../src/commands/doctor/text.ts";
import type { Answer } from "../../src/core/clients/claude-question.ts";
import type { Cause, Diagnosis, ProbeStage } from "../../src/core/diagnosis/diagnose.ts";
import { diagnose } from "../../src/core/diagnosis/diagnose.ts";
import { STAGES } from "../../src/core/diagnosis/record.ts";
import { type DoctorReport, headline, type Link, makeReport } from "../../src/core/doctor/report.ts";
import type { Asked } from "../../src/core/doctor/view.ts";
import { createPaint } from "../../src/ui/paint.ts";
import {
  BRIDGE,
  bridge,
  dialogsOf,
  dotenv,
  entry,
  good,
  OLD,
  servers,
  setupOf,
  TOKEN,
  type Told,
  token,
  trusted,
  URL,
  VALUES,
} from "./doctor-support.ts";
import { exchange, record } from "./probe-support.ts";

const GATEWAY = "https://gw.example/mcp";
const bare: Told = { ...good, local: { enabledMcpjsonServers: ["halo"] } };
const unready: Told = { ...good, local: {} };
const waiting: Told = { ...good, local: { env: VALUES } };
const rotated = bridge({ HALO_MCP_TOKEN: OLD });
const otherId = bridge({ HALO_ACCOUNT_ID: "account-2" });
const foreign: Told = { ...good, mcp: servers(entry({ url: GATEWAY })) };
const proxied: Told = { ...good, userSettings: { env: { HTTP_PROXY: "http://127.0.0.1:9" } } };
const MAKE_NEW = "make a new token";
const CHANGE = ["npx create-halo-mcp"];
const [NEW, ROTATE] = [
  "# Make a new token (type MCP) in HALO Studio > Settings > Product Tokens, then:",
  "npx create-halo-mcp rotate",
];
const ASK = ["claude", '# then type /mcp: it shows the reason for "halo"'];
const CORRECT_FIRST = "# first correct the values: see values";
const AGREE = "# tests each copy, and saves the one that works";
const ENTER = "# and enter the token that works";
const STALE = "values stale-value";

/** A test that passed, or one that failed at a stage. */
function diagnosisOf(cause: Cause | undefined, at: ProbeStage = "auth"): Diagnosis {
  const tryThis = [{ note: MAKE_NEW }];
  const stages = STAGES.map((stage) =>
    cause !== undefined && stage === at
      ? ({ stage, status: "failed", ok: false, ms: 1, cause, detail: `It is ${cause}.`, tryThis } as const)
      : ({ stage, status: "ok", ok: true, ms: 1 } as const),
  );
  const nothing = { server: null, tools: [], toolCount: 0, harmless: null };
  const end = cause === undefined ? { ok: true, cause: null, at: null } : { ok: false, cause, at };
  return { ...end, ...nothing, control: "refused", stages };
}

const RECORD = record([]);

interface Run {
  readonly status?: Answer["status"];
  readonly cause?: Cause;
  /** Tested with the token of the command line. */
  readonly given?: boolean;
}

function reportOf(told: Told, { status, cause, given = false }: Run = {}): DoctorReport {
  const { view } = setupOf(given ? { ...told, token: TOKEN } : told);
  const isSent = view.toSend.ok || view.toSend.url !== undefined;
  const tested = isSent ? { diagnosis: diagnosisOf(cause), record: RECORD } : undefined;
  const report = makeReport(view, { test: tested, asked: status && { status }, call: null });
  for (const secret of [TOKEN, OLD]) expect(JSON.stringify(report)).not.toContain(secret);
  return report;
}

const NOTE = (cause: string) => ({ cause, severity: "note" });
const linkOf = ({ stages }: DoctorReport, name: Link["stage"]) => stages.find(({ stage }) => stage === name);
const adviceOf = (report: DoctorReport, name: Link["stage"]) => linkOf(report, name)?.tryThis?.split("\n") ?? [];
const DISAGREES = "client client-disagrees";
const NPX = "npx create-halo-mcp";
const THROUGH =
  /^Claude Code 2\.1\.330 reports "failed to connect" through HTTP_PROXY from ~\/\.claude\/settings\.json;/;
const RECONNECT = '# then type /mcp, choose "halo" and reconnect';
const CORRECT = "# correct HTTP_PROXY in ~/.claude/settings.json or remove it, then";
const otherName = { name: "halo-de", store: trusted({}, { mcpServers: { "halo-de": entry() } }), env: VALUES };
/** What, the set-up and the run, the link and the cause of the report, its headline, the advice. */
const table: readonly (readonly [string, Told, Run, string, RegExp, ...string[]])[] = [
  ["a proxy of its own", proxied, { status: "failed" }, DISAGREES, THROUGH, CORRECT, ...ASK],
  ["Claude Code fails", good, { status: "failed" }, DISAGREES, /but this test connects: its proxy/, ...ASK],
  [
    "it is refused",
    good,
    { status: "needs-auth" },
    DISAGREES,
    /needs authentication".*15 minutes/,
    "claude",
    RECONNECT,
  ],
  ["it does not load it", good, { status: "not-configured" }, DISAGREES, /reports "not configured", but/, ...ASK],
  ["with the saved token", good, { status: "needs-auth", given: true }, DISAGREES, /with the saved token/, NPX, ENTER],
  ["it waits", good, { status: "pending" }, "", /^Connected/],
  ["both connect", good, { status: "connected" }, "", /^Connected/],
  ["it was not asked", good, {}, "", /^Connected/],
  ["not trusted yet is a warning", { ...good, store: {} }, { status: "connected" }, "", /^Connected/],
  ["refused", good, { cause: "unauthorized" }, "auth unauthorized", /token/, MAKE_NEW, NEW, ROTATE],
  [
    "refused, and exported alone",
    { ...bare, dotenv: undefined, env: VALUES },
    { cause: "unauthorized" },
    "auth unauthorized",
    /token/,
    MAKE_NEW,
    NEW,
    NPX,
  ],
  [
    "refused, in a committed file",
    token(TOKEN),
    { cause: "unauthorized" },
    "auth unauthorized",
    /token/,
    MAKE_NEW,
    NEW,
    NPX,
  ],
  [
    "another name is refused",
    { ...otherName, env: {}, userSettings: { env: VALUES } },
    { cause: "unauthorized" },
    "auth unauthorized",
    /token/,
    MAKE_NEW,
    NEW,
    `${ROTATE} --name halo-de`,
  ],
  ["an ID is refused", good, { cause: "rejected-request" }, "auth rejected-request", /./, MAKE_NEW, ...CHANGE],
  ["the given one is refused", good, { cause: "unauthorized", given: true }, "auth unauthorized", /token/, MAKE_NEW],
  ["the old copy is refused", rotated, { cause: "unauthorized" }, STALE, /was refused; .* in \.env$/, NPX, AGREE],
  ["an old ID", otherId, { cause: "forbidden" }, STALE, /^HALO_ACCOUNT_ID in/, NPX, AGREE],
  [
    "of another name and scope",
    { ...otherName, userSettings: { env: { ...VALUES, HALO_MCP_TOKEN: OLD } } },
    { cause: "unauthorized" },
    STALE,
    /^HALO_MCP_TOKEN in ~\/\.claude\/settings\.json was refused; another value is in the environment$/,
    `${NPX} --scope user --name halo-de`,
    AGREE,
  ],
  ["a copy that differs, and works", rotated, {}, "", /^Connected/],
  ["the given one, beside copies", rotated, { cause: "unauthorized", given: true }, "auth unauthorized", /./, MAKE_NEW],
  ["no matter of copies", rotated, { cause: "server-error" }, "auth server-error", /./, MAKE_NEW],
  ["Bearer", token("Bearer ${HALO_MCP_TOKEN}"), { cause: "bad-value" }, "values bad-value", /^HALO_MCP.*“Bearer”/, NPX],
  ["no entry", {}, {}, "setup no-entry", /^There is no "halo" in a .mcp.json/, NPX],
  ["no entry, and --url", { url: GATEWAY, env: VALUES }, {}, "", /^Connected/],
  ["the same, refused", { url: GATEWAY, env: VALUES }, { cause: "unauthorized" }, "auth unauthorized", /./, MAKE_NEW],
  ["not approved, and no Claude Code", { ...good, local: { env: VALUES }, isAlone: true }, {}, "", /^Connected/],
  ["a foreign URL", foreign, {}, "setup endpoint-foreign", /URL is not HALO's/],
];

test.each(table.map((row) => [row[0], row] as const))("%s", (_, [, told, run, end, words, ...advice]) => {
  const report = reportOf(told, run);
  expect([report.at, report.cause].filter((each) => each !== null).join(" ")).toBe(end);
  expect(report.ok).toBe(end === "");
  expect(headline(report)).toMatch(words);
  if (report.at !== null && advice.length > 0) expect(adviceOf(report, report.at)).toEqual(advice);
});

describe("the token link", () => {
  const why = (told: Told, run: Run = {}) => linkOf(reportOf(told, { cause: "unauthorized", ...run }), "auth")?.why;
  test.each<[string, Told, Run, string]>([
    ["the bridge", good, {}, "HALO_MCP_TOKEN from .claude/settings.local.json"],
    ["the environment", { ...bare, env: VALUES }, {}, "HALO_MCP_TOKEN from the environment"],
    [".env alone", bare, {}, "HALO_MCP_TOKEN from .env"],
    ["no entry", { dotenv: dotenv() }, {}, "HALO_MCP_TOKEN from .env"],
    ["text", token(TOKEN), {}, "the token from .mcp.json"],
    ["the command line", good, { given: true }, "the token from the command line"],
  ])("names what was refused: %s", (_, told, run, from) =>
    expect(why(told, run)).toBe(`It is unauthorized. Tested with ${from}.`),
  );

  test("no new token before the values are right and the copies agree", () => {
    const auth = (told: Told, cause: Cause) => adviceOf(reportOf(told, { cause }), "auth");
    expect(auth(rotated, "unauthorized")).toEqual([CORRECT_FIRST]);
    expect(auth(otherId, "forbidden")).toEqual([CORRECT_FIRST]);
    expect(auth(bridge({ HALO_MCP_TOKEN: `"${TOKEN}"` }), "unauthorized")).toEqual([CORRECT_FIRST]);
  });

  test("a value that was not sent is explained where it stands", () => {
    const report = reportOf(bridge({ HALO_MCP_TOKEN: `Bearer ${TOKEN}` }), { cause: "bad-value" });
    expect(report).toMatchObject({ cause: "bad-value", at: "values" });
    expect(linkOf(report, "auth")).toMatchObject({ why: "nothing was sent: see values", tryThis: undefined });
  });
});

describe("no other value is advised against a header that is refused or removed", () => {
  const sent = (status: number, body: string) => {
    const refused = record([exchange({ status, end: "status", body })]);
    const diagnosis = diagnose(refused, { headers: { "CM-ACCOUNT-ID": "account-1" } });
    const { view } = setupOf(good);
    return makeReport(view, { test: { diagnosis, record: refused }, call: null });
  };
  test.each([
    [406, ""],
    [415, ""],
    [421, "Invalid Host header"],
    [400, "Missing required header: CM-ACCOUNT-ID"],
  ])("%i %s", (status, body) => {
    const report = sent(status, body);
    expect(report.cause).toBe("rejected-request");
    expect(linkOf(report, report.at as Link["stage"])?.tryThis).not.toContain("create-halo-mcp");
  });
  test("but against an ID that is refused", () =>
    expect(linkOf(sent(400, "Unknown account"), "http")?.tryThis).toContain(CHANGE.join("\n")));
});

describe("the text", () => {
  const LENT = "asked with HALO_MCP_TOKEN from .claude/settings.local.json, as in a terminal";
  const textOf = (told: Told, { cause, asked }: { cause?: Cause; asked?: Asked | undefined } = {}, width = 80) => {
    const tested = { diagnosis: diagnosisOf(cause), record: RECORD };
    const report = makeReport(setupOf(told).view, { test: tested, asked, call: null });
    const text = toDoctorText(report, createPaint(false), width);
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(width);
    expect(text.startsWith(toDoctorVerdict(report, createPaint(false), width))).toBe(true);
    return text;
  };
  const flat = (text: string) => text.replace(/\s+/g, " ");
  /** The paragraphs under the chain: the first line of each. */
  const listed = (text: string) =>
    text
      .split("\n\n")
      .slice(2)
      .flatMap((part) => part.match(/^[✖▲-] .*/) ?? []);

  test("with borrowed values", () => {
    for (const width of [60, 80]) {
      const text = flat(textOf(good, { asked: { status: "connected", remark: LENT } }, width));
      expect(text).toContain(LENT);
      expect(text).toContain('"claude mcp list" says "Failed to connect", as it does not read');
    }
  });
  test("why it was not asked", () =>
    expect(flat(textOf(good, { asked: { refused: "it may not" } }))).toContain(" not asked: it may not "));
  test("nothing more without an answer", () => expect(textOf(good)).not.toContain("asked with"));

  test("one thing to do; what the wizard mends with it has no paragraph", () => {
    const text = textOf({ ...waiting, local: {}, dotenv: dotenv(), isAlone: true }, { cause: "unauthorized" });
    expect(text).toMatch(
      /^✖ HALO_MCP_TOKEN, .*\n.*does not read\n {4}Try\n {6}npx create-halo-mcp\n {6}writes \.claude/,
    );
    expect(text.match(/npx create-halo-mcp/g)).toHaveLength(1);
    expect(listed(text)).toEqual([]);
    expect(listed(textOf(rotated, { cause: "unauthorized" }))).toEqual([]);
    // what it does not mend is listed
    expect(listed(textOf({ ...unready, dotenv: dotenv() }, { cause: "server-error" }))).toEqual([
      "✖ It is server-error.",
    ]);
  });

  test("a mark says what its words say, and an untrusted folder is one line", () => {
    const untrusted = textOf({ ...good, store: {} }, { asked: { status: "connected" } });
    expect(untrusted).toMatch(/^▲ client {4}Claude Code 2\.1\.330: connected; asks to trust this folder: pick Yes$/m);
    expect(listed(untrusted)).toEqual([expect.stringMatching(/^- "claude mcp list" says "Pending approval", and /)]);
    const alone = textOf({ ...good, isAlone: true });
    expect(alone).toMatch(/^▲ client {4}Claude Code is not installed here, so HALO is untested there$/m);
    expect([alone.slice(0, 1), listed(alone)]).toEqual(["✔", []]);
  });
});

describe("what claude mcp list says", () => {
  const said = (told: Told) =>
    linkOf(reportOf(told), "client")?.notes?.find(({ cause }) => cause === "list-differs")?.seen;
  const FAILS = /^"claude mcp list" says "Failed to connect", as it does not read \.claude\/settings\.local\.json: /;
  const PENDING = /^"claude mcp list" says "Pending approval", and then "Failed to connect", as /;
  test.each<[string, Told, RegExp]>([
    ["trusted", good, FAILS],
    ["not trusted", { ...good, store: {} }, PENDING],
    ["trusted, not approved", { ...good, local: { env: VALUES } }, PENDING],
    ["not trusted, one's own", { ...good, mcp: undefined, store: servers(entry()) }, FAILS],
  ])("%s", (_, told, words) => expect(said(told)).toMatch(words));
});

describe("the links before the network", () => {
  test("in short, where the values are in two places", () => {
    const told = { ...bare, store: {}, local: { ...BRIDGE, env: { HALO_MCP_TOKEN: TOKEN } }, env: VALUES };
    const [, ...short] = reportOf(told)
      .stages.slice(0, 3)
      .map(({ detail }) => detail?.split("\n")[0]);
    expect(short).toEqual([
      "token from .claude/settings.local.json; account, profile from the environment",
      "Claude Code 2.1.330: not asked; asks to trust this folder: pick Yes",
    ]);
  });

  test("the entry in use comes first", () => {
    const mine = { mcpServers: { halo: entry({ url: "https://mine.example/mcp" }) } };
    const { detail } = linkOf(reportOf({ ...good, store: trusted({}, mine) }), "setup") ?? {};
    expect(detail?.split("\n", 2).map((line) => line.split(":")[0])).toEqual([
      '"halo" in .mcp.json (project scope)',
      "https",
    ]);
    const local = linkOf(reportOf({ ...good, store: trusted(mine) }), "setup")?.detail;
    expect(local?.split("\n")[0]).toBe('"halo" in ~/.claude.json (local scope)');
  });

  test("the first failure is the cause; what else there is to do is a note", () => {
    const notTrusted = { status: "warning", cause: "not-trusted", ok: true, notes: [NOTE("list-differs")] };
    expect(linkOf(reportOf({ ...good, store: {} }), "client")).toMatchObject(notTrusted);
    expect(linkOf(reportOf(good, { status: "failed" }), "client")).toMatchObject({ status: "failed", ok: false });
    const bareUrl = linkOf(reportOf({ url: GATEWAY, env: VALUES }), "setup");
    expect(bareUrl).toMatchObject({ status: "warning", cause: "no-entry", tryThis: `${NPX} --url ${GATEWAY}` });
    expect(linkOf(reportOf({}), "values")).toMatchObject({ status: "skipped", ok: false });
    expect(linkOf(reportOf(good), "client")?.notes).toMatchObject([NOTE("list-differs")]);
  });

  test("of a foreign URL nothing but that is said", () => {
    const { stages } = reportOf({ ...foreign, local: { env: VALUES } });
    expect(stages.filter(({ status }) => status === "failed").map(({ stage }) => stage)).toEqual(["setup"]);
    expect(stages[1]).toMatchObject({ status: "skipped", detail: "not checked: see set-up" });
    expect(stages[3]).toMatchObject({ stage: "url", status: "skipped", detail: "nothing was sent: see set-up" });
  });
});

describe("what the connection test sends", () => {
  const toSend = (told: Told) => setupOf(told).view.toSend;

  test("what a session sends; .env where that has nothing, and it says so", () => {
    const { toSend: sent, session, added } = setupOf(good).view;
    expect([sent, added]).toEqual([{ ok: true, sent: session }, []]);
    expect(session?.headers["X-CM-PRODUCTTOKEN"]).toBe(TOKEN);
    expect(setupOf(bare).view).toMatchObject({ toSend: { ok: true }, added: Object.keys(VALUES) });
    expect(linkOf(reportOf(bare), "auth")?.detail).toMatch(/^tested with HALO_MCP_TOKEN from \.env\n/);
    expect(linkOf(reportOf(good), "auth")?.detail).not.toMatch(/tested/i);
  });

  test("the values at hand where no entry is taken, to HALO alone or the URL that was given", () => {
    expect(toSend({ dotenv: dotenv() })).toMatchObject({ ok: true, sent: { url: URL } });
    expect(toSend({ env: VALUES, url: GATEWAY })).toMatchObject({ ok: true, sent: { url: GATEWAY } });
    expect(linkOf(reportOf({ env: VALUES }), "auth")?.detail).toContain("HALO_MCP_TOKEN from the environment");
    expect(toSend({})).toMatchObject({ ok: false, cause: "missing-value" });
  });

  const steeredBy = (told: Told): Told => ({ store: trusted({}, servers(entry({ url: "${U}" }))), ...told });
  test.each<readonly [string, Told, string]>([
    ["one's own entry, steered", steeredBy({ settings: { env: { ...VALUES, U: GATEWAY } } }), "endpoint-foreign"],
    ["with a URL in .env", steeredBy({ dotenv: `U=${GATEWAY}\n`, userSettings: { env: VALUES } }), "bad-url"],
    ["in clear", { ...good, url: "http://a.example", mcp: servers(entry({ url: "http://a.example" })) }, "bad-url"],
    ["a value that is nowhere", { ...bare, dotenv: undefined }, "missing-value"],
  ])("nothing: %s", (_, told, cause) => expect(toSend(told)).toMatchObject({ ok: false, cause }));
});

test("every text that may be the token is named, to be masked", () => {
  const KEPT = "kept.kept.kept-3333";
  const { view, all, setup } = setupOf({
    ...good,
    mcp: servers(entry({ url: `${URL}?t=${TOKEN}` })),
    dotenv: "HALO_MCP_TOKEN=new.new.new.new-1111\n",
    env: { HALO_MCP_TOKEN: '"quoted.quoted.quoted-2222"' },
    store: trusted({ mcpServers: { mine: { type: "http", url: URL, headers: { "x-cm-producttoken": KEPT } } } }),
  });
  const [given, quoted] = ["quoted.quoted.quoted-2222", '"quoted.quoted.quoted-2222"'];
  const wanted = [TOKEN, "new.new.new.new-1111", KEPT, given, quoted];
  expect([...view.secrets].sort()).toEqual([...wanted].sort());
  for (const secret of wanted) expect(JSON.stringify([all, setup])).not.toContain(secret);
});

test("what the JSON output says beside: missing variables, dialogs, network", () => {
  const setup = (told: Told) => setupOf({ ...good, ...told }).setup;
  expect(setup({}).missing).toEqual({ session: [], list: Object.keys(VALUES) });
  expect(setup({ userSettings: { env: VALUES } }).missing.list).toEqual([]);
  const dialogs = (told: Told) => dialogsOf(setupOf({ ...good, ...told }).view);
  expect(dialogs({})).toEqual([]);
  expect(dialogs({ store: {} })).toEqual(["trust"]);
  expect(dialogs({ local: {} })).toEqual(["new-server"]);
  expect(dialogs({ local: "{,}", store: {} })).toEqual(["settings-error", "trust"]);
  const env = { HTTPS_PROXY: "http://u:pw@p:1", NO_PROXY: "" };
  expect(setup({ env, userSettings: { env: { NODE_EXTRA_CA_CERTS: "/ca.pem" } } }).network).toEqual([
    { name: "HTTPS_PROXY", from: "environment", place: "the environment", differs: false },
    { name: "NODE_EXTRA_CA_CERTS", from: "user-settings", place: "~/.claude/settings.json", differs: true },
  ]);
});

test("what is said first, and of a token that nothing proves", () => {
  const report = reportOf(good);
  const connected = (name: string, version: string, toolCount: number) =>
    headline({ ...report, server: { name, version, protocol: "p" }, toolCount });
  expect(report.version).toBe(1);
  expect(connected("halo", "1.2", 1)).toBe("Connected to halo 1.2, 1 tool");
  expect(connected("", "", 0)).toBe("Connected to the server, 0 tools");
  const call = { tool: "ask", ok: false, text: "" };
  expect(headline({ ...report, ok: false, call })).toBe('The connection works, but calling the tool "ask" failed');
  expect(headline({ ...report, ok: false, cause: "refused", at: "tcp" })).not.toBe("Not connected");
  const { view } = setupOf(good);
  const ending = (more: Partial<Diagnosis>) =>
    makeReport(view, { test: { diagnosis: { ...diagnosisOf(undefined), ...more }, record: RECORD }, call: null });
  expect(ending({ cause: "unproven-token" })).toMatchObject({ ok: true, cause: "unproven-token", at: "auth" });
  expect(linkOf(ending({ control: "skipped" }), "auth")).toMatchObject({ status: "warning", ok: true });
  expect(linkOf(ending({}), "auth")).toMatchObject({ status: "ok" });
  expect(makeReport(view, { test: undefined, call })).toMatchObject({ ok: false, control: "skipped", requests: [] });
});
