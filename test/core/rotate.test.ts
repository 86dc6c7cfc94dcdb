/** What `rotate` replaces: a table of files with the token, and a choice among tokens. */
import { expect, test } from "vitest";
import { parseToml } from "../../src/core/formats/toml.ts";
import {
  choosePlaces,
  dotenvPlaces,
  entryPlace,
  haloPlugins,
  namesOf,
  planPlugins,
  pluginsIn,
  type TokenPlace,
} from "../../src/core/plan/rotate.ts";

const OLD = "made.up.old.Zq7Xw2Lk9Rb4-e5f1";
const NEW = 'made.up."new".Hs4Kd9Wq2Zx7-c0d3';
const values = { token: { literal: OLD }, account: { literal: "A1" } };
const names = namesOf([], "halo");

const N = JSON.stringify(NEW).slice(1, -1);
const file = (entry: string, more = ""): string => `{"mcpServers":{"halo":${entry}${more}}} // x\n`;

test.each<[string, string, string]>([
  ["a header", file(`{"h":{"t":"${OLD}"}}`, `,"b":"${OLD}"`), file(`{"h":{"t":"${N}"}}`, `,"b":"${OLD}"`)],
  ["mcp-remote", file(`{"args":["T:${OLD}"],"env":{"T":"${OLD}"}}`), file(`{"args":["T:${N}"],"env":{"T":"${N}"}}`)],
  ["a comment stays", file(`{/* ${OLD} */"t":"${OLD}"}`), file(`{/* ${OLD} */"t":"${N}"}`)],
])("an entry with the token itself: %s", (_, text, done) => {
  const [place] = entryPlace("f", ["mcpServers", "halo"], { values }, true);
  expect(place?.replace(text, NEW)).toEqual({ ok: true, text: done });
});

test.each<[string, string, string]>([
  ["an escaped letter", file(`{"t":"${OLD.replace("m", "\\u006d")}"}`), "cannot be replaced safely"],
  ["a broken file", `{"mcpServers":{"halo":{"t":"${OLD}"`, "ends too early"],
  ["the entry is gone", `{"mcpServers":{"b":{"t":"${OLD}"}}}`, "cannot be replaced safely"],
])("an entry that is refused: %s", (_, text, reason) => {
  const [place] = entryPlace("f", ["mcpServers", "halo"], { values }, true);
  expect(place?.replace(text, NEW)).toMatchObject({ ok: false, refused: { reason: expect.stringContaining(reason) } });
});

test("an entry of a TOML file", () => {
  const text = `# mine\n[mcp_servers.halo]\nhttp_headers = { "X" = "${OLD}" } # one\n`;
  const [place] = entryPlace("f", ["mcp_servers", "halo"], { values }, true, parseToml);
  expect(place?.replace(text, "made.up.new")).toMatchObject({ ok: true, text: text.replace(OLD, "made.up.new") });
});

const place = (what: string, token: string, isNamed: boolean, account?: string): TokenPlace => {
  return {
    path: "f",
    what,
    token,
    account,
    isNamed,
    secret: "env",
    replace: (text) => ({ ok: true, text }),
  };
};
test("which places: those of the server, then those with the same token; not another account's, not a secret store's", () => {
  const all = [
    place("same", OLD, false, "other"),
    place("own", OLD, true, "a1"),
    place("stale", "made.up.stale.Zq7Xw2Lk9", true),
    place("foreign", "made.up.foreign.Zq7Xw2Lk", true, "B2"),
    place("neighbour", "made.up.neighbour.Zq7Xw", false),
    place("store", "op://Private/HALO/token", true),
    place("placeholder", "your-token-here", true),
  ];
  const { places, elsewhere, stored } = choosePlaces(all, "A1");
  expect([places, elsewhere, stored].map((each) => each.map(({ what }) => what))).toEqual([
    ["same", "own", "stale"],
    ["foreign"],
    ["store"],
  ]);
});

const dotenv = (text: string) =>
  new Map([[".env", { kind: "file", realPath: ".env", text, mode: 0o600 } as const]] as const);
test("a variable of a file: HALO's own, or one that an entry refers to; no other program's", () => {
  const snapshot = dotenv(`HALO_MCP_TOKEN=${OLD}\nHALO_ACCOUNT_ID=A1\nMY_TOKEN=${OLD}\nPORT=1\n`);
  const found = dotenvPlaces(".env", snapshot, names);
  expect(found.map(({ what, isNamed, account }) => [what, isNamed, account])).toEqual([
    ["HALO_MCP_TOKEN", true, "A1"],
    ["HALO_ACCOUNT_ID", false, "A1"],
  ]);
});

test.each<[string, string, boolean, string, readonly string[]]>([
  ["of a repository, another secret", "JIRA_API_TOKEN", false, "made.up.jira.Zq7Xw2Lk", ["HALO_MCP_TOKEN"]],
  ["of a repository, the same token", "TEAM_TOKEN", false, OLD, ["TEAM_TOKEN", "HALO_MCP_TOKEN"]],
  ["of a repository, HALO's by its name", "CM_TOKEN", false, "made.up.team.Zq7Xw2Lk", ["CM_TOKEN"]],
  ["of the person's own", "MY_TOKEN", true, "made.up.mine.Zq7Xw2Lk", ["MY_TOKEN"]],
])("the variable of an entry, %s", (_, env, isOwn, text, wanted) => {
  const entries = [{ entry: { values: { token: { env } } }, isOwn }];
  const others = [{ entry: { values: { token: { env: "HALO_MCP_TOKEN" } } }, isOwn: false }];
  const all = wanted.includes("HALO_MCP_TOKEN") ? [...entries, ...others] : entries;
  const places = dotenvPlaces(".env", dotenv(`${env}=${text}\nHALO_MCP_TOKEN=${OLD}\n`), namesOf(all, "halo"));
  expect(choosePlaces(places, undefined).places.map(({ what }) => what)).toEqual(wanted);
});

const OF_HALO = { account: "A1", profile: "P1" };
test.each<[string, Record<string, string>, object, readonly object[]]>([
  ["of another service", { client_secret: "x", api_key: "y" }, {}, []],
  ["of another service, with IDs", { client_secret: "x", api_key: "y" }, OF_HALO, []],
  ["with the old token among other secrets", { token: OLD, api_key: "y" }, {}, [{ token: OLD }]],
  ["of HALO, another old token", { token: "x" }, OF_HALO, [{ token: "x" }]],
  ["of HALO, nothing readable", {}, OF_HALO, [{}]],
  ["of the same name, nothing readable", {}, { account: "A1" }, []],
])("the options of a plugin: %s", (_, secrets, ids, wanted) => {
  const found = haloPlugins([{ id: "halo@x", secrets, ids }], new Set([OLD]));
  expect(found.map((each) => each.secrets)).toEqual(wanted);
});

test("a plugin's option goes through Claude Code, on standard input; without it a person does it", () => {
  const settings = { pluginConfigs: { "halo@cm": { options: { account_id: "A1", profile_id: "P1" } }, "x@cm": {} } };
  const plugins = pluginsIn({ pluginSecrets: { "halo@cm": { token: OLD }, "x@cm": { token: OLD } } }, settings, "halo");
  expect(plugins).toEqual([{ id: "halo@cm", secrets: { token: OLD }, ids: { account: "A1", profile: "P1" } }]);
  const [run] = planPlugins(plugins, NEW, "/bin/claude");
  expect(run).toMatchObject({ kind: "run", stdin: JSON.stringify({ token: NEW }) });
  expect(JSON.stringify(run?.kind === "run" && run.argv)).not.toContain("made.up");
  expect(planPlugins(plugins, OLD, "/bin/claude")).toEqual([]);
  expect(planPlugins(plugins, NEW, undefined)).toMatchObject([{ kind: "tell" }]);
});
