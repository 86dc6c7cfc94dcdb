import { describe, expect, test } from "vitest";
import type { ClientStatus } from "../../src/core/clients/claude-code.ts";
import type { Cause, Diagnosis, StageResult } from "../../src/core/diagnosis/diagnose.ts";
import type { ProbeRecord, ProbeStage } from "../../src/core/diagnosis/record.ts";
import { adviceLine } from "../../src/core/doctor/advice.ts";
import { type DoctorReport, type Link, makeReport } from "../../src/core/doctor/report.ts";
import { headline } from "../../src/core/doctor/text.ts";
import { BRIDGE, dotenv, entry, servers, setupOf, TOKEN, type Told, trusted, VALUES } from "./doctor-support.ts";

const good: Told = { mcp: servers(entry()), local: BRIDGE, dotenv: dotenv() };
const OLD = "old.old.old.old.old-0000";
const bridge = (more: Record<string, string>) => ({ ...BRIDGE, env: { ...VALUES, ...more } });
const rotated: Told = { ...good, local: bridge({ HALO_MCP_TOKEN: OLD }) };

const STAGES: readonly ProbeStage[] = ["url", "dns", "tcp", "tls", "http", "auth", "mcp", "tools"];
const MAKE_NEW = "make a new token";

/** A test that passed, or one that failed at a stage. */
function diagnosisOf(cause?: Cause, at: ProbeStage = "auth"): Diagnosis {
  const stages = STAGES.map((stage): StageResult => {
    if (cause !== undefined && stage === at)
      return {
        stage,
        status: "failed",
        ok: false,
        ms: 1,
        cause,
        detail: `It is ${cause}.`,
        tryThis: [{ note: MAKE_NEW }],
      };
    return { stage, status: "ok", ok: true, ms: 1 };
  });
  const ok = cause === undefined;
  return {
    ok,
    cause: cause ?? null,
    at: ok ? null : at,
    control: "refused",
    stages,
    server: null,
    tools: [],
    toolCount: 0,
    led: null,
  };
}

interface Run {
  readonly told: Told;
  readonly status?: ClientStatus;
  readonly cause?: Cause;
  /** Tested with the token of the command line. */
  readonly given?: boolean;
}

function reportOf({ told, status, cause, given = false }: Run): DoctorReport {
  const { view } = setupOf(given ? { ...told, token: TOKEN } : told);
  const record = { endpoint: {}, exchanges: [] } as unknown as ProbeRecord;
  const test = { diagnosis: diagnosisOf(cause), record };
  return makeReport(view, { test, asked: status && { status }, call: null, ms: {} });
}

describe("what is no cause", () => {
  const GATEWAY = "https://gw.example/mcp";
  const notesOf = ({ links }: DoctorReport) =>
    links.flatMap(({ notes = [] }) => notes.map(({ cause, severity }) => [cause, severity]));

  test("no entry, where --url says what is to be tested", () => {
    const told = { url: GATEWAY, env: VALUES };
    const report = reportOf({ told });
    expect(report).toMatchObject({ ok: true, cause: null, at: null });
    expect(report.client).toMatchObject({ wouldConnect: false });
    expect(notesOf(report)).toEqual([["no-entry", "note"]]);
    expect(link(report, "auth")?.seen[0]).toBe("tested with your values: Claude Code uses no HALO entry here");
    expect(reportOf({ told, cause: "unauthorized" })).toMatchObject({ ok: false, cause: "unauthorized", at: "auth" });
    expect(reportOf({ told: { env: VALUES } })).toMatchObject({ ok: false, cause: "no-entry", at: "setup" });
  });

  test("an approval that is missing, where Claude Code is not installed", () => {
    const told: Told = { ...good, local: { env: VALUES } };
    const report = reportOf({ told: { ...told, isAlone: true } });
    expect(report).toMatchObject({ ok: true, cause: null });
    expect(report.client).toMatchObject({
      wouldConnect: false,
      reason: expect.stringContaining("is not approved in this folder"),
    });
    expect(notesOf(report)).toEqual([["not-approved", "note"]]);
    expect(reportOf({ told })).toMatchObject({ ok: false, cause: "not-approved", at: "client" });
  });
});

const link = (report: DoctorReport, name: Link["link"]) => {
  const found = report.links.find((each) => each.link === name);
  return found && { ...found, tryThis: found.advice?.map((each) => adviceLine(each, undefined)) };
};
const proxied: Told = { ...good, userSettings: { env: { HTTP_PROXY: "http://127.0.0.1:9" } } };

/** What, the run, cause and link of the report, its headline, its advice. */
const table: readonly (readonly [
  string,
  Run,
  DoctorReport["cause"],
  DoctorReport["at"],
  string | RegExp,
  string[]?,
])[] = [
  [
    "Claude Code fails by a proxy of its own",
    { told: proxied, status: "failed" },
    "client-disagrees",
    "client",
    'Claude Code 2.1.330 reports "failed to connect" through HTTP_PROXY from ~/.claude/settings.json; this test connects without it',
    [
      "correct HTTP_PROXY in ~/.claude/settings.json or remove it, then",
      "claude",
      '# then type /mcp: it shows the reason for "halo"',
    ],
  ],
  [
    "Claude Code fails, and nothing says why",
    { told: good, status: "failed" },
    "client-disagrees",
    "client",
    'Claude Code 2.1.330 reports "failed to connect", but this test connects: its proxy, its certificates or another entry may be the reason',
    ["claude", '# then type /mcp: it shows the reason for "halo"'],
  ],
  [
    "Claude Code is refused",
    { told: good, status: "needs-auth" },
    "client-disagrees",
    "client",
    'Claude Code 2.1.330 reports "needs authentication": the server refuses what it sends, but the same values work here',
    ["claude", '# then type /mcp: it shows the reason for "halo"'],
  ],
  [
    "the token of the command line is another one",
    { told: good, status: "needs-auth", given: true },
    "client-disagrees",
    "client",
    'Claude Code 2.1.330 reports "needs authentication" with the saved token; this test passed with the token from the command line',
    ["npx create-halo-mcp", "# and enter the token that works"],
  ],
  [
    "both are refused: no word about a difference",
    { told: good, status: "needs-auth", cause: "unauthorized" },
    "unauthorized",
    "auth",
    /token/i,
    [MAKE_NEW, "npx create-halo-mcp", "# and choose: Change values"],
  ],
  ["both connect", { told: good, status: "connected" }, null, null, /^Connected/],
  ["it was not asked", { told: good }, null, null, /^Connected/],
  [
    "a folder that is not trusted yet is a note",
    { told: { ...good, store: {} }, status: "connected" },
    null,
    null,
    /^Connected/,
  ],
  [
    "the old copy is refused",
    { told: rotated, cause: "unauthorized" },
    "stale-value",
    "values",
    "HALO_MCP_TOKEN in .claude/settings.local.json was refused; .env has another value",
    ["npx create-halo-mcp", "# asks which one is right and saves it"],
  ],
  [
    "the old copy of an ID is refused",
    { told: { ...good, local: bridge({ HALO_ACCOUNT_ID: "account-2" }) }, cause: "forbidden" },
    "stale-value",
    "values",
    "HALO_ACCOUNT_ID in .claude/settings.local.json was refused; .env has another value",
    ["npx create-halo-mcp", "# asks which one is right and saves it"],
  ],
  [
    "of another name and scope",
    {
      told: {
        name: "halo-de",
        store: trusted({}, { mcpServers: { "halo-de": entry() } }),
        userSettings: { env: { ...VALUES, HALO_MCP_TOKEN: OLD } },
        env: VALUES,
      },
      cause: "unauthorized",
    },
    "stale-value",
    "values",
    "HALO_MCP_TOKEN in ~/.claude/settings.json was refused; the environment has another value",
    ["npx create-halo-mcp --scope user --name halo-de", "# asks which one is right and saves it"],
  ],
  ["a copy that differs, and works", { told: rotated }, null, null, /^Connected/],
  [
    "a copy that differs, tested with another token",
    { told: rotated, cause: "unauthorized", given: true },
    "unauthorized",
    "auth",
    /token/i,
    [MAKE_NEW],
  ],
  [
    "another failure is no matter of copies",
    { told: rotated, cause: "server-error" },
    "server-error",
    "auth",
    /./,
    [MAKE_NEW],
  ],
  [
    "Bearer: the sentence of the link, not the one of the test",
    {
      told: {
        ...good,
        mcp: servers(entry({ headers: { ...entryHeaders(), "X-CM-PRODUCTTOKEN": "Bearer ${HALO_MCP_TOKEN}" } })),
      },
    },
    "bad-value",
    "values",
    /^HALO_MCP_TOKEN in .*“Bearer”/,
    ["npx create-halo-mcp"],
  ],
  [
    "nothing is there",
    { told: {} },
    "no-entry",
    "setup",
    'no entry "halo" in a .mcp.json of this folder or a folder above, nor in ~/.claude.json',
    ["npx create-halo-mcp"],
  ],
];

function entryHeaders(): Record<string, string> {
  return entry().headers as Record<string, string>;
}

test.each(table.map((row) => [row[0], row] as const))("%s", (_, [, run, cause, at, words, advice]) => {
  const report = reportOf(run);
  expect(report).toMatchObject({ cause, at, ok: cause === null });
  const title = headline(report);
  if (typeof words === "string") expect(title).toBe(words);
  else expect(title).toMatch(words);
  if (at !== null) expect(link(report, at)?.tryThis ?? []).toEqual(advice ?? []);
  expect(JSON.stringify(report)).not.toContain(TOKEN);
  expect(JSON.stringify(report)).not.toContain(OLD);
});

describe("a token that was refused", () => {
  const why = (run: Run): string => {
    const { links } = reportOf({ cause: "unauthorized", ...run });
    return links.find((each) => each.link === "auth")?.why ?? "";
  };
  const no = { local: { enabledMcpjsonServers: ["halo"] } };
  test.each<[string, Run, string]>([
    ["bridge", { told: good }, "HALO_MCP_TOKEN from .claude/settings.local.json"],
    ["environment", { told: { ...good, ...no, env: VALUES } }, "HALO_MCP_TOKEN from the environment"],
    [".env alone", { told: { ...good, ...no } }, "HALO_MCP_TOKEN from .env"],
    ["no entry", { told: { dotenv: dotenv() } }, "HALO_MCP_TOKEN from .env"],
    ["no entry, exported", { told: { env: VALUES } }, "HALO_MCP_TOKEN from the environment"],
    [
      "text",
      { told: { ...good, mcp: servers(entry({ headers: { ...entryHeaders(), "X-CM-PRODUCTTOKEN": TOKEN } })) } },
      "the token in .mcp.json",
    ],
    ["command line", { told: good, given: true }, "the token from the command line"],
  ])("is named: %s", (_, run, from) => expect(why(run)).toBe(`It is unauthorized. Tested with ${from}.`));

  test("no new token before the copies agree", () => {
    const report = reportOf({ told: rotated, cause: "unauthorized" });
    expect(link(report, "auth")?.tryThis?.[0]).toContain("first make the copies match");
    expect(link(report, "values")).toMatchObject({ status: "failed" });
    expect(link(report, "values")?.notes).toBeUndefined();
  });
});

describe("what to do about a refusal", () => {
  const auth = (run: Run) => link(reportOf(run), "auth")?.tryThis;
  const quoted = { ...good, local: bridge({ HALO_MCP_TOKEN: `"${TOKEN}"` }) };
  const literal = servers(entry({ headers: { ...entryHeaders(), "X-CM-PRODUCTTOKEN": TOKEN } }));
  test.each<[string, Run, string[]]>([
    [
      "a value is not fit to be sent",
      { told: quoted, cause: "unauthorized" },
      ["# first correct the values: see values"],
    ],
    [
      "a copy of an ID differs",
      { told: { ...good, local: bridge({ HALO_ACCOUNT_ID: "account-2" }) }, cause: "forbidden" },
      ["# first make the copies match: see values"],
    ],
    [
      "an ID is refused",
      { told: good, cause: "rejected-request" },
      [MAKE_NEW, "npx create-halo-mcp", "# and choose: Change values"],
    ],
    [
      "the wizard changes no token that stands in the repository",
      {
        told: { ...good, mcp: literal, dotenv: "", local: bridge({ HALO_MCP_TOKEN: "" }) },
        cause: "unauthorized",
      },
      [MAKE_NEW],
    ],
    ["the token is no matter of the set-up", { told: good, cause: "unauthorized", given: true }, [MAKE_NEW]],
    ["nothing was refused", { told: good, cause: "server-error" }, [MAKE_NEW]],
  ])("%s", (_, run, lines) => expect(auth(run)).toEqual(lines));
});

test("one thing is said once: the difference that explains the failure", () => {
  const told = { ...proxied, local: bridge({ NO_PROXY: "x" }) };
  const client = link(reportOf({ told, status: "failed" }), "client");
  expect(client?.notes?.map(({ seen }) => seen)).toEqual([
    "Claude Code uses NO_PROXY from .claude/settings.local.json; this test did not",
  ]);
});

test("a value that was not sent is explained where it stands", () => {
  const told = { ...good, local: bridge({ HALO_MCP_TOKEN: `Bearer ${TOKEN}` }) };
  const report = reportOf({ told, cause: "bad-value" });
  expect(report).toMatchObject({ cause: "bad-value", at: "values" });
  expect(link(report, "auth")).toMatchObject({ why: "nothing was sent: see values", tryThis: [] });
});

describe("Claude Code connects, our test does not", () => {
  test("a warning beside the cause", () => {
    const report = reportOf({ told: proxied, status: "connected", cause: "refused" });
    expect(report).toMatchObject({ cause: "refused" });
    const client = link(report, "client");
    expect(client).toMatchObject({ status: "warning", cause: "network-differs" });
    expect(client?.notes?.map(({ cause }) => cause)).toEqual(["client-disagrees"]);
    expect(client?.seen.at(-1)).toContain(
      "it connects through HTTP_PROXY from ~/.claude/settings.json, and this test did not",
    );
  });
});

describe("the lines of the chain", () => {
  const lines = (told: Told, status?: ClientStatus) => {
    const { links } = reportOf({ told, ...(status === undefined ? {} : { status }) });
    return links.slice(1, 3).map(({ seen }) => seen[0]);
  };
  test.each<[Told, ClientStatus | undefined, string, string]>([
    [
      good,
      "connected",
      "token, account, profile from .claude/settings.local.json",
      "Claude Code 2.1.330, trusted, approved, reports connected",
    ],
    [
      { ...good, store: {}, local: { enabledMcpjsonServers: ["halo"], env: { HALO_MCP_TOKEN: TOKEN } }, env: VALUES },
      undefined,
      "token from .claude/settings.local.json; account, profile from the environment",
      "Claude Code 2.1.330, folder not trusted yet, approved, not asked",
    ],
    [
      { ...good, local: { env: VALUES } },
      "pending",
      "token, account, profile from .claude/settings.local.json",
      "Claude Code 2.1.330, trusted, not approved, reports not approved",
    ],
  ])("%#", (told, status, values, client) => expect(lines(told, status)).toEqual([values, client]));

  test("what is no fault of the link is said all the same", () => {
    const client = link(reportOf({ told: { ...good, store: {} } }), "client");
    expect(client).toMatchObject({ status: "ok", notes: [{ cause: "not-trusted", severity: "note" }] });
  });
});

describe("proxies and certificates", () => {
  const VERIFY = "NODE_TLS_REJECT_UNAUTHORIZED";
  const PROXY = "http://u:pw@proxy.invalid:1";
  const project = (env: Record<string, string>): Told => ({ ...good, settings: { env } });
  test.each<[string, Told, [string, string, string][]]>([
    ["the environment's own", { ...good, env: { HTTPS_PROXY: PROXY, NODE_EXTRA_CA_CERTS: "/ca.pem" } }, []],
    ["the same in both", { ...good, env: { HTTPS_PROXY: PROXY }, userSettings: { env: { HTTPS_PROXY: PROXY } } }, []],
    [
      "the user's settings alone",
      { ...good, userSettings: { env: { HTTP_PROXY: PROXY, NODE_EXTRA_CA_CERTS: "/ca.pem" } } },
      [
        [
          "warning",
          "network-differs",
          "Claude Code uses HTTP_PROXY, NODE_EXTRA_CA_CERTS from ~/.claude/settings.json; this test did not",
        ],
      ],
    ],
    [
      "settings over the environment",
      { ...good, env: { HTTPS_PROXY: PROXY }, local: bridge({ HTTPS_PROXY: "http://other.invalid:1" }) },
      [
        [
          "warning",
          "network-differs",
          "Claude Code uses HTTPS_PROXY from .claude/settings.local.json; this test used HTTPS_PROXY from the environment",
        ],
      ],
    ],
    [
      "settings that empty it",
      { ...good, env: { HTTPS_PROXY: PROXY }, local: bridge({ HTTPS_PROXY: "" }) },
      [
        [
          "warning",
          "network-differs",
          "Claude Code uses HTTPS_PROXY from .claude/settings.local.json; this test used HTTPS_PROXY from the environment",
        ],
      ],
    ],
    ["what nobody reads", { ...good, userSettings: { env: { ALL_PROXY: PROXY } } }, []],
    [
      "no verification, exported",
      { ...good, env: { [VERIFY]: "0" } },
      [
        [
          "warning",
          "verification-off",
          `certificates are not verified, because ${VERIFY}=0 is set in the environment: others can read the token on its way`,
        ],
      ],
    ],
    [
      "no verification, in the bridge",
      { ...good, local: bridge({ [VERIFY]: "0" }) },
      [
        [
          "warning",
          "verification-off",
          `certificates are not verified, because ${VERIFY}=0 is set in .claude/settings.local.json: others can read the token on its way`,
        ],
      ],
    ],
    ["verification on", { ...good, local: bridge({ [VERIFY]: "1" }) }, []],
    [
      "a proxy of the repository",
      project({ HTTPS_PROXY: PROXY }),
      [
        [
          "warning",
          "repository-steers",
          ".claude/settings.json in the repository sets HTTPS_PROXY: everyone who uses this repository connects to HALO through it",
        ],
        ["warning", "network-differs", "Claude Code uses HTTPS_PROXY from .claude/settings.json; this test did not"],
      ],
    ],
    [
      "a proxy and a CA of the repository",
      project({ HTTPS_PROXY: PROXY, NODE_EXTRA_CA_CERTS: "ca.pem" }),
      [
        [
          "failed",
          "repository-steers",
          ".claude/settings.json in the repository sets HTTPS_PROXY, NODE_EXTRA_CA_CERTS: whoever changes that file can read your token on its way",
        ],
        [
          "warning",
          "network-differs",
          "Claude Code uses HTTPS_PROXY, NODE_EXTRA_CA_CERTS from .claude/settings.json; this test did not",
        ],
      ],
    ],
    [
      "no verification, of the repository",
      project({ [VERIFY]: "0" }),
      [
        [
          "failed",
          "repository-steers",
          `.claude/settings.json in the repository sets ${VERIFY}: whoever changes that file can read your token on its way`,
        ],
      ],
    ],
    ["the same, and the bridge mends it", { ...project({ [VERIFY]: "0" }), local: bridge({ [VERIFY]: "1" }) }, []],
  ])("%s", (_, told, wanted) => {
    const { of, verdict, setup } = setupOf(told);
    expect(of("client").map(({ severity, cause, seen }) => [severity, cause, seen])).toEqual(wanted);
    for (const { tryThis } of of("client")) expect(tryThis.length).toBeGreaterThan(0);
    // it connects all the same: what the client does is one thing
    expect(verdict.wouldConnect).toBe(true);
    expect(JSON.stringify(setup)).not.toContain("pw@");
    expect(reportOf({ told }).ok).toBe(wanted.every(([severity]) => severity !== "failed"));
  });
});

describe("a token where others find it", () => {
  const written = (text: string) => servers(entry({ headers: { ...entryHeaders(), "x-cm-producttoken": text } }));
  const told = (text: string): Told => {
    const { "X-CM-PRODUCTTOKEN": _, ...rest } = entryHeaders();
    return { ...good, mcp: servers(entry({ headers: { ...rest, "x-cm-producttoken": text } })) };
  };
  test.each<[string, Told, boolean]>([
    ["text", told(TOKEN), true],
    ["Bearer and text", told(`Bearer ${TOKEN}`), true],
    ["a default", told(`\${HALO_MCP_TOKEN:-${TOKEN}}`), true],
    ["behind a local entry", { ...told(TOKEN), store: trusted({ mcpServers: { halo: entry() } }) }, true],
    ["a reference", told("${HALO_MCP_TOKEN}"), false],
    ["an empty default", told("${HALO_MCP_TOKEN:-}"), false],
    ["a placeholder", told("your-token-here"), false],
    ["one's own file", { store: trusted({ mcpServers: written(TOKEN).mcpServers as Record<string, unknown> }) }, false],
  ])("%s", (_, state, found) => {
    const all = setupOf(state)
      .of("values")
      .filter(({ cause }) => cause === "token-in-repository");
    expect(all.map(({ seen }) => seen)).toEqual(
      found ? ["the product token is in .mcp.json as plain text: everyone who has this repository has the token"] : [],
    );
    if (found)
      expect(all[0]?.tryThis).toEqual(expect.arrayContaining(["npx create-halo-mcp", "npx create-halo-mcp check"]));
    expect(JSON.stringify(all)).not.toContain(TOKEN);
  });
});

describe("unset, where the environment is the odd one out", () => {
  const advice = (told: Told) =>
    JSON.stringify(
      setupOf(told)
        .of("values")
        .map(({ tryThis }) => tryThis),
    );
  test.each<[string, Told, boolean]>([
    ["exported alone is another one", { ...good, env: { HALO_MCP_TOKEN: OLD } }, true],
    [".env is another one", { ...rotated, env: { HALO_MCP_TOKEN: OLD } }, false],
    ["the bridge is another one", { ...rotated, env: VALUES }, false],
    ["there are two", { ...good, dotenv: "", env: { HALO_MCP_TOKEN: OLD } }, false],
  ])("%s", (_, told, wanted) => expect(advice(told).includes("unset HALO_MCP_TOKEN")).toBe(wanted));
});
