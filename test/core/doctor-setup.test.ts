import { describe, expect, test } from "vitest";
import type { SetupCause } from "../../src/core/doctor/finding.ts";
import { makeReport } from "../../src/core/doctor/report.ts";
import { BRIDGE, dotenv, entry, servers, setupOf, TOKEN, type Told, trusted, URL, VALUES } from "./doctor-support.ts";

const good: Told = { mcp: servers(entry()), local: BRIDGE, dotenv: dotenv() };
const other = { type: "http", url: "https://other.example/mcp" };
const literal = {
  type: "http",
  url: URL,
  headers: { "X-CM-PRODUCTTOKEN": TOKEN, "CM-ACCOUNT-ID": "account-1", "CM-PROFILE-ID": "profile-1" },
};

/** What, the state, would it connect, the causes of all remarks in their order, words that are said. */
const table: readonly (readonly [string, Told, boolean, readonly SetupCause[], ...(readonly string[])])[] = [
  ["all is well", good, true, []],
  ["nothing at all", {}, false, ["no-entry"], "npx create-halo-mcp"],
  ["another name is there", { ...good, name: "halo-de" }, false, ["no-entry"], "doctor --name halo"],
  [
    "the name alone is HALO's",
    { mcp: servers(other) },
    false,
    ["no-entry", "not-approved"],
    "not HALO",
    "do not approve it",
  ],
  [
    "a comment",
    { ...good, mcp: `{"mcpServers":{"halo":${JSON.stringify(entry())}} // c\n}` },
    false,
    ["file-broken"],
    ".mcp.json:1:207: a comment",
    "check --fix",
  ],
  ["no type", { ...good, mcp: servers({ url: URL, headers: entry().headers }) }, false, ["entry-skipped"], 'no "type"'],
  [
    "a timeout that is no number",
    { ...good, mcp: servers(entry({ timeout: "5" })) },
    false,
    ["entry-skipped"],
    '"timeout"',
  ],
  [
    "an oauth of another shape",
    { ...good, mcp: servers(entry({ oauth: false })) },
    false,
    ["entry-skipped"],
    '"oauth"',
  ],
  [
    "a reserved name",
    { ...good, mcp: { mcpServers: { workspace: entry() } }, name: "workspace" },
    false,
    ["entry-skipped"],
    "reserves",
  ],
  ["null", { ...good, mcp: servers(null) }, false, ["entry-skipped"], "is null"],
  ["type ws", { ...good, mcp: servers(entry({ type: "ws" })) }, false, ["wrong-type"], '"ws"'],
  ["type sse", { ...good, mcp: servers(entry({ type: "sse" })) }, false, ["wrong-type"], '"sse"'],
  ["a helper", { ...good, mcp: servers(entry({ headersHelper: "x" })) }, false, ["entry-runs"]],
  ["a program", { ...good, mcp: servers({ command: "npx" }) }, false, ["no-entry"]],
  [
    "http: in clear",
    { ...good, mcp: servers(entry({ url: "http://api.cm.com/halo/core/mcp" })) },
    false,
    ["bad-url"],
    "unencrypted",
  ],
  [
    "a URL with a variable that is not set",
    { ...good, mcp: servers(entry({ url: "${HALO_URL}" })) },
    false,
    ["bad-url"],
    "HALO_URL",
  ],
  [
    "a foreign URL: the client goes there, we do not",
    { ...good, mcp: servers(entry({ url: "https://evil.example/mcp" })) },
    true,
    ["endpoint-foreign"],
    "evil.example",
    "--url",
  ],
  [
    "the foreign URL that was given",
    { ...good, url: "https://gw.example/mcp", mcp: servers(entry({ url: "https://gw.example/mcp" })) },
    true,
    [],
  ],
  [
    "a foreign URL of one's own",
    { store: trusted({}, servers(entry({ url: "https://gw.example/mcp" }))), userSettings: { env: VALUES } },
    true,
    [],
  ],
  [
    "one's own URL, steered by the repository",
    {
      store: trusted({}, servers(entry({ url: "${HALO_URL}" }))),
      userSettings: { env: VALUES },
      settings: { env: { HALO_URL: "https://evil.example/mcp" } },
    },
    true,
    ["endpoint-foreign"],
  ],
  [
    ".env alone",
    { ...good, local: { enabledMcpjsonServers: ["halo"] } },
    false,
    ["no-bridge"],
    "does not read",
    "HALO_MCP_TOKEN, HALO_ACCOUNT_ID, HALO_PROFILE_ID",
  ],
  [
    "direnv that is not on",
    { ...good, local: { enabledMcpjsonServers: ["halo"] }, envrc: "dotenv\n" },
    false,
    ["no-bridge"],
    "direnv allow",
  ],
  [
    "nothing sets it",
    { mcp: servers(entry()), local: { enabledMcpjsonServers: ["halo"] } },
    false,
    ["missing-value"],
    "are not set",
  ],
  ["exported", { ...good, local: { enabledMcpjsonServers: ["halo"] }, env: VALUES }, true, []],
  [
    "empty",
    { ...good, local: { ...BRIDGE, env: { ...VALUES, HALO_PROFILE_ID: "" } } },
    false,
    ["missing-value", "stale-value"],
    "HALO_PROFILE_ID is empty in .claude/settings.local.json",
  ],
  [
    "a placeholder",
    { ...good, dotenv: "", local: { ...BRIDGE, env: { ...VALUES, HALO_MCP_TOKEN: "<your-token>" } } },
    false,
    ["placeholder-sent"],
    "placeholder",
  ],
  [
    "your-token-here",
    { ...good, dotenv: "", local: { ...BRIDGE, env: { ...VALUES, HALO_MCP_TOKEN: "your-token-here" } } },
    false,
    ["placeholder-sent"],
  ],
  [
    "another client's spelling",
    { ...good, mcp: servers(entry({ headers: { ...literal.headers, "X-CM-PRODUCTTOKEN": "$HALO_MCP_TOKEN" } })) },
    false,
    ["placeholder-sent"],
  ],
  [
    "Bearer",
    {
      ...good,
      mcp: servers(entry({ headers: { ...literal.headers, "X-CM-PRODUCTTOKEN": "Bearer ${HALO_MCP_TOKEN}" } })),
    },
    false,
    ["bad-value"],
    "“Bearer”",
  ],
  [
    "a letter that no header has",
    { ...good, dotenv: "", local: { ...BRIDGE, env: { ...VALUES, HALO_ACCOUNT_ID: "aé" } } },
    false,
    ["bad-value"],
    "U+00E9",
  ],
  [
    "a header less",
    { ...good, mcp: servers(entry({ headers: { "X-CM-PRODUCTTOKEN": "${HALO_MCP_TOKEN}" } })) },
    false,
    ["missing-value", "missing-value"],
    "CM-ACCOUNT-ID",
  ],
  [
    "rotated in .env alone",
    { ...good, dotenv: dotenv({ ...VALUES, HALO_MCP_TOKEN: "new.new.new.new.new-1111" }) },
    true,
    ["stale-value"],
    "differs between .claude/settings.local.json and .env",
  ],
  [
    "rotated, exported otherwise",
    { ...good, env: { HALO_MCP_TOKEN: "old.old.old.old.old-0000" } },
    true,
    ["stale-value"],
    "unset HALO_MCP_TOKEN",
  ],
  [
    "the same with 2.1.197, which sends either",
    { ...good, version: "2.1.197", env: { HALO_MCP_TOKEN: "old.old.old.old.old-0000" } },
    true,
    ["stale-value"],
    "may send either",
  ],
  ["pending", { ...good, local: { env: VALUES } }, false, ["not-approved"], "Use this MCP server"],
  [
    "rejected",
    { ...good, settings: { disabledMcpjsonServers: ["halo"] } },
    false,
    ["rejected"],
    "disabledMcpjsonServers in .claude/settings.json",
  ],
  ["switched off", { ...good, store: trusted({ disabledMcpServers: ["halo"] }) }, false, ["disabled"], "/mcp"],
  ["not trusted", { ...good, store: {} }, true, ["not-trusted"], "Yes, I trust this folder"],
  [
    "settings with a comment",
    { ...good, local: `${JSON.stringify(BRIDGE)} // c` },
    false,
    ["settings-broken", "no-bridge", "not-approved"],
    "ignores the whole file",
  ],
  ["settings with a comment that nobody misses", { ...good, settings: "{} // c" }, true, ["settings-broken"]],
  ["settings whose env is a list", { ...good, settings: { env: [] } }, true, ["settings-broken"], '"env" is no object'],
  [
    "a local entry in front",
    { ...good, store: trusted({ mcpServers: { halo: literal } }) },
    true,
    ["shadowed"],
    "claude mcp remove --scope local halo",
  ],
  ["a local entry that is skipped", { ...good, store: trusted({ mcpServers: { halo: { url: URL } } }) }, true, []],
  ["the user's own under the project's", { ...good, store: trusted({}, servers(literal)) }, true, ["shadowed"]],
  [
    "the user's own while the project's waits",
    { ...good, local: { env: VALUES }, store: trusted({}, servers(literal)) },
    true,
    ["not-approved"],
    "until then",
  ],
  [
    "a token that others can read",
    { ...good, store: trusted({ mcpServers: { halo: literal } }), storeMode: 0o644 },
    true,
    ["shadowed", "store-readable"],
    "chmod 600 ~/.claude.json",
  ],
  [
    "a store that is no JSON",
    { ...good, store: "{" },
    false,
    ["file-broken", "not-trusted"],
    "every command of Claude Code",
  ],
  [
    "two spellings of one header",
    { ...good, mcp: servers(entry({ headers: { ...literal.headers, "cm-account-id": "x" } })) },
    false,
    ["bad-value", "token-in-repository"],
    "2 times",
  ],
];

test.each(table.map((row) => [row[0], row] as const))("%s", (_name, row) => {
  const [, told, connects, causes, ...words] = row;
  const { view, all, verdict, setup } = setupOf(told);
  expect(all.map(({ cause }) => cause)).toEqual(causes);
  expect(verdict.wouldConnect, verdict.reason).toBe(connects);
  for (const word of words) expect(JSON.stringify(all)).toContain(JSON.stringify(word).slice(1, -1));
  // nothing that may be the token is in what is told
  for (const secret of [...view.secrets, TOKEN]) expect(JSON.stringify([all, setup])).not.toContain(secret);
});

describe("which entry is taken", () => {
  const at = (url: string) => servers(entry({ url }));
  test.each([
    ["the nearest .mcp.json", { mcps: { ".mcp.json": at("a"), "../.mcp.json": at("b") } }, ".mcp.json"],
    [
      "one that is skipped leaves its place",
      { mcps: { ".mcp.json": servers({ url: "a" }), "../.mcp.json": at("b") } },
      "../.mcp.json",
    ],
    ["so does a file that is refused", { mcps: { ".mcp.json": "{,}", "../.mcp.json": at("b") } }, "../.mcp.json"],
    ["of another folder: not", { mcp: at("a"), store: { projects: { "/x": at("l") } } }, ".mcp.json"],
  ] as const)("%s", (_, told, file) => {
    const { winner, entries } = setupOf({ ...told, local: BRIDGE }).setup;
    expect(winner?.file).toBe(file);
    for (const { wins, why } of entries) expect(why === undefined).toBe(wins);
  });

  test("without a name HALO's usual one, else the first that is HALO's", () => {
    const named = (...names: string[]) =>
      setupOf({ mcp: { mcpServers: Object.fromEntries(names.map((name) => [name, entry()])) } });
    expect(named("halo-de", "halo").view.name).toBe("halo");
    expect(named("halo-de", "halo-nl").view.name).toBe("halo-de");
    expect(setupOf({ mcp: { mcpServers: { halo: other, "halo-de": entry() } } }).view.name).toBe("halo-de");
  });
});

test("`claude mcp list` has two layers alone", () => {
  expect(setupOf(good).setup.missing).toEqual({ session: [], list: Object.keys(VALUES) });
  expect(setupOf({ ...good, userSettings: { env: VALUES } }).setup.missing.list).toEqual([]);
});

test("the dialogs that a session opens with", () => {
  const dialogs = (told: Told) => setupOf(told).view.dialogs;
  expect(dialogs(good)).toEqual([]);
  expect(dialogs({ ...good, store: {} })).toEqual(["trust"]);
  expect(dialogs({ ...good, local: {} })).toEqual(["new-server"]);
  expect(dialogs({ ...good, mcp: { mcpServers: { halo: entry(), x: other } } })).toEqual(["new-server"]);
  expect(dialogs({ ...good, local: "{,}", store: {} })).toEqual(["settings-error", "trust"]);
});

test("variables about the network by name and origin, without their values", () => {
  const { network } = setupOf({
    ...good,
    env: { HTTPS_PROXY: "http://u:pw@p:1", NO_PROXY: "" },
    userSettings: { env: { NODE_EXTRA_CA_CERTS: "/ca.pem" } },
  }).view;
  expect(network).toEqual([
    { name: "HTTPS_PROXY", from: "environment", place: "the environment", differs: false },
    { name: "NODE_EXTRA_CA_CERTS", from: "user-settings", place: "~/.claude/settings.json", differs: true },
  ]);
});

test("a link has the first failing finding as its cause, and says everything", () => {
  const linkOf = (told: Told, name: string) =>
    makeReport(setupOf(told).view, { test: undefined, call: null, ms: { setup: 3 } }).links.find(
      ({ link }) => link === name,
    );
  const told = { ...good, local: { enabledMcpjsonServers: ["halo"] } };
  expect(linkOf(told, "setup")).toMatchObject({ status: "ok", ms: 3 });
  expect(linkOf(told, "values")).toMatchObject({ status: "failed", cause: "no-bridge" });
  expect(linkOf({}, "values")?.status).toBe("skipped");
});
