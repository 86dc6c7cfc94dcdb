/** What `doctor` finds in a set-up, and what it advises. The goldens of the packed program hold the words of one set-up for each cause. */
import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import {
  BRIDGE,
  bridge,
  dotenv,
  entry,
  FOLDER,
  good,
  headers,
  literal,
  OLD,
  servers,
  setupOf,
  TOKEN,
  type Told,
  token,
  trusted,
  Unreadable,
  URL,
  VALUES,
} from "./doctor-support.ts";

const APPROVED = { enabledMcpjsonServers: ["halo"] };
const FOREIGN = "https://gw.example/mcp?a=1&b=2";
const PROXY = "http://u:pw@proxy.invalid:1";
const VERIFY = "NODE_TLS_REJECT_UNAUTHORIZED";
const other = { type: "http", url: "https://other.example/mcp" };
const remote = { command: "npx", args: ["mcp-remote", URL, "--header", "X-CM-PRODUCTTOKEN:${HALO_MCP_TOKEN}"] };

const halo = (more: Record<string, unknown>, told: Told = {}): Told => {
  return { ...good, mcp: servers(entry(more)), ...told };
};
const extra = (variable: string, value?: string): Told =>
  halo(
    { headers: { ...headers, "X-Team": `\${${variable}}` } },
    { env: value === undefined ? {} : { [variable]: value } },
  );
const waiting: Told = { ...good, local: { env: VALUES } };
const unfilled: Told = { ...good, local: APPROVED };
const own = (more: Record<string, unknown>, told: Told = {}): Told => {
  return { store: trusted({}, servers(entry(more))), userSettings: { env: VALUES }, ...told };
};
const BEARER = { A: "Bearer ${HALO_MCP_TOKEN}" };
const STEERED: Told = { settings: { env: { U: FOREIGN } } };
const SENDS = "sends your token there";
const before = (of: unknown): Told => ({ ...good, store: trusted({ mcpServers: { halo: of } }) });
const [REJECT, NEVER] = ['add "halo" to "disabledMcpjsonServers" in .claude/settings.local.json', "do not approve it"];

/** What, the state, "+" where a session would connect, with the causes in their order, what is said; with a "!" before it what is not. */
type Row = readonly [string, Told, string, ...(readonly string[])];

const entries: readonly Row[] = [
  ["all is well", good, "+"],
  ["nothing at all", {}, "- no-entry", "npx create-halo-mcp"],
  ["another name is there", { ...good, name: "halo-de" }, "- no-entry", "doctor --name halo"],
  ["the name alone", { mcp: servers(other) }, "- no-entry not-approved", "not HALO", NEVER],
  ["a program that waits", { mcp: servers({ command: "npx" }) }, "- no-entry not-approved", NEVER],
  ["a file that cannot be read", { mcp: new Unreadable("permission denied") }, "- file-broken no-entry", "ls -ld"],
  [
    "a comment",
    { ...good, mcp: `{\n  // c\n  "mcpServers": {}}` },
    "- file-broken no-entry",
    ".mcp.json:2:3: a",
    "check --fix",
  ],
  [
    "an unfinished merge",
    { ...good, mcp: "<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> b\n" },
    "- file-broken no-entry",
    "# resolve the conflict in .mcp.json by hand",
    "!check --fix",
    "!git checkout",
  ],
  ["no JSON at all", { ...good, mcp: "{" }, "- file-broken no-entry", "# correct .mcp.json by hand", "!check --fix"],
  [
    "no type",
    { ...good, mcp: servers({ url: URL, headers }) },
    "- entry-skipped",
    'no "type"',
    ".mcp.json:1:",
    "check --fix",
  ],
  ["a timeout that is no number", halo({ timeout: "5" }), "- entry-skipped", '"timeout"', "!check --fix"],
  ["a reserved name", { mcp: { mcpServers: { workspace: entry() } }, name: "workspace" }, "- entry-skipped"],
  ["one's own that is skipped", { store: trusted({}, servers({ url: URL })) }, "- entry-skipped", "~/.claude.json: "],
  ["type sse", halo({ type: "sse" }), "- wrong-type", '"sse"'],
  ["a helper", halo({ headersHelper: "x" }), "- entry-runs", "--name halo-cm", "remove it first"],
  ["HALO through a program that waits", { ...waiting, mcp: servers(remote) }, "- entry-runs not-approved", NEVER],
  ["through one's own program", own(remote), "- entry-runs", "--name halo-cm"],
  ["in clear to HALO", halo({ url: "http://api.cm.com/halo/core/mcp" }), "- bad-url", "unencrypted", REJECT],
  ["a variable in the URL", halo({ url: "${HALO_URL}" }), "- bad-url", "HALO_URL", REJECT],
  ["a URL that is none", halo({ url: "https://" }), "- bad-url"],
];

const foreign: readonly Row[] = [
  ["approved and filled", halo({ url: FOREIGN }), "+ endpoint-foreign", SENDS, REJECT, FOREIGN],
  ["an event stream", halo({ url: FOREIGN, type: "sse" }), "+ endpoint-foreign", REJECT],
  ["a slash more", halo({ url: `${URL}/` }, { settings: BRIDGE, local: undefined }), "+ endpoint-foreign", REJECT],
  ["in clear", halo({ url: "http://gw.example/mcp" }), "- bad-url", SENDS, REJECT],
  ["waiting", { ...waiting, mcp: servers(entry({ url: FOREIGN })) }, "- endpoint-foreign not-approved", NEVER],
  ["not filled", halo({ url: FOREIGN }, { local: APPROVED }), "- endpoint-foreign", "nothing was sent", `!${REJECT}`],
  ["in another header", { ...good, mcp: servers({ ...other, headers: BEARER }) }, "- endpoint-foreign", SENDS],
  ["given with --url", halo({ url: FOREIGN }, { url: FOREIGN }), "+"],
  ["one's own", own({ url: FOREIGN }), "+"],
  ["one's own, steered", own({ url: "${U}" }, STEERED), "+ endpoint-foreign", "--scope user"],
  ["with the token in it", halo({ url: `https://gw.example/mcp?t=${TOKEN}` }), "+ endpoint-foreign"],
];

const ROTATED = { HALO_MCP_TOKEN: OLD };
const OTHER_PROFILE = { ...headers, "CM-PROFILE-ID": "profile-9" };
const REMOVE = "remove HALO_MCP_TOKEN from ~/.claude/settings.json";
const TWO = ".mcp.json and .claude/settings.local.json, .env";

const values: readonly Row[] = [
  [".env alone", unfilled, "- no-bridge", "which Claude Code does not read", "writes .claude/settings.local.json"],
  ["direnv that is not on", { ...unfilled, envrc: "dotenv\n" }, "- no-bridge", "direnv allow"],
  ["nothing sets it", { ...unfilled, dotenv: undefined }, "- missing-value", "HALO_PROFILE_ID: not set"],
  [".env is a folder", { ...unfilled, dotenv: new Unreadable("a folder") }, "- file-broken missing-value"],
  ["exported", { ...unfilled, env: VALUES }, "+"],
  ["empty", bridge({ HALO_PROFILE_ID: "" }), "- missing-value stale-value", ".local.json: it is empty"],
  ["a placeholder", bridge({ HALO_MCP_TOKEN: "<your-token>" }, { dotenv: "" }), "- placeholder-sent"],
  ["another client's spelling", token("$HALO_MCP_TOKEN"), "- placeholder-sent"],
  ["Bearer", token("Bearer ${HALO_MCP_TOKEN}"), "- bad-value", "“Bearer”"],
  ["no letter of a header", bridge({ HALO_ACCOUNT_ID: "aé" }, { dotenv: "" }), "- bad-value", "U+00E9"],
  ["another header's variable", extra("TEAM_ID"), "- missing-value", "TEAM_ID is not set", "from .mcp.json"],
  [
    "another service's variable",
    extra("GITHUB_TOKEN", "x"),
    "- bad-value",
    "GITHUB_TOKEN",
    "correct this header in .mcp.json",
    "!set the variable",
  ],
  ["one less", halo({ headers: { ...headers, "CM-ACCOUNT-ID": undefined } }), "- missing-value", "no header CM"],
  [
    "rotated in .env",
    { ...good, dotenv: dotenv({ ...VALUES, HALO_MCP_TOKEN: OLD }) },
    "+ stale-value",
    "tests each copy",
  ],
  ["exported otherwise", { ...good, env: ROTATED }, "+ stale-value", "from the environment"],
  ["the user's settings", { ...good, userSettings: { env: ROTATED } }, "+ stale-value", REMOVE, "!npx"],
  ["an ID in the committed entry", halo({ headers: OTHER_PROFILE }), "+ stale-value", `ID differs between ${TWO}`],
  ["a token in the repository", token(TOKEN), "+ token-in-repository", "create-halo-mcp check"],
  ["with Bearer", token(`Bearer ${TOKEN}`), "- bad-value token-in-repository"],
  ["as a default", token(`\${HALO_MCP_TOKEN:-${TOKEN}}`), "+ token-in-repository"],
  ["an empty default", token("${HALO_MCP_TOKEN:-}"), "+"],
  ["one's own file", own({ headers: { ...headers, "X-CM-PRODUCTTOKEN": TOKEN } }, { dotenv: "" }), "+"],
];

const client: readonly Row[] = [
  ["pending", waiting, "- not-approved", "Use this MCP server"],
  ["pending, and no Claude Code", { ...waiting, isAlone: true }, "- not-approved client-broken", "saves the approval"],
  ["rejected", { ...good, settings: { disabledMcpjsonServers: ["halo"] } }, "- rejected", ".claude/settings.json"],
  ["switched off", { ...good, store: trusted({ disabledMcpServers: ["halo"] }) }, "- disabled", "/mcp"],
  ["not trusted", { ...good, store: {} }, "+ not-trusted", "Yes, I trust this folder"],
  [
    "settings with a comment",
    { ...good, local: `{\n "a": 1, // c\n}` },
    "- settings-broken no-bridge not-approved",
    ".claude/settings.local.json:2:10: Claude Code ignores the whole file",
  ],
  ["settings that nobody misses", { ...good, settings: "{} // c" }, "+ settings-broken"],
  ["settings whose env is a list", { ...good, settings: { env: [] } }, "+ settings-broken", "allowed: an object"],
  ["settings without permission", { ...good, settings: new Unreadable("x") }, "+ settings-broken", "ls -ld .claude"],
  ["a local entry in front", before(literal), "+ shadowed", "claude mcp remove --scope local halo"],
  ["one in front of a foreign one", { ...before(literal), mcp: servers(other) }, "+ shadowed", "!claude mcp remove"],
  ["a local entry that is skipped", before({ url: URL }), "+"],
  ["the user's own under it", { ...good, store: trusted({}, servers(literal)) }, "+ shadowed", "!claude mcp remove"],
  ["the user's own in its place", { ...waiting, store: trusted({}, servers(literal)) }, "+ not-approved", "!do not"],
  ["that of a foreign one", own({}, { mcp: servers(entry({ url: FOREIGN })) }), "+ not-approved", NEVER],
  ["a token that others read", { ...before(literal), storeMode: 0o644 }, "+ shadowed store-readable", "chmod 600"],
  ["a store that is no JSON", { ...good, store: '{\n"a": }' }, "- file-broken not-trusted", "is not valid JSON"],
  ["a folder .env, which nobody misses", { ...good, dotenv: new Unreadable("a folder") }, "+"],
];

const DIFFERS = "Claude Code uses HTTPS_PROXY from .claude/settings";
const EXPORTED: Told = { env: { HTTPS_PROXY: PROXY } };
const ofAll = (env: Record<string, string>): Told => ({ ...good, settings: { env } });
const STEERS = "+ repository-steers network-differs";
const network: readonly Row[] = [
  ["the environment's own", { ...good, env: { HTTPS_PROXY: PROXY, NODE_EXTRA_CA_CERTS: "/ca.pem" } }, "+"],
  ["the same in both", bridge({ HTTPS_PROXY: PROXY }, EXPORTED), "+"],
  ["the bridge", bridge({ HTTPS_PROXY: PROXY }), "+ network-differs", `${DIFFERS}.local.json`],
  ["over the environment", bridge({ HTTPS_PROXY: "" }, EXPORTED), "+ network-differs", "environment alone"],
  ["what nobody reads", { ...good, userSettings: { env: { ALL_PROXY: PROXY } } }, "+"],
  ["no verification, exported", { ...good, env: { [VERIFY]: "0" } }, "+ verification-off", "in the environment"],
  ["no verification, in the bridge", bridge({ [VERIFY]: "0" }), "+ verification-off", "set in .claude/settings.local"],
  ["verification on", bridge({ [VERIFY]: "1" }), "+"],
  ["a proxy of the repository", ofAll({ HTTPS_PROXY: PROXY }), STEERS, "everyone who uses this repository"],
  ["with a CA", ofAll({ HTTPS_PROXY: PROXY, NODE_EXTRA_CA_CERTS: "ca.pem" }), STEERS, "can read your token"],
  ["no verification, of the repository", ofAll({ [VERIFY]: "0" }), "+ repository-steers"],
  ["that the bridge mends", bridge({ [VERIFY]: "1" }, { settings: { env: { [VERIFY]: "0" } } }), "+"],
];

const groups = { entries, foreign, values, client, network };
const rows = Object.entries(groups).flatMap(([group, all]) => all.map((row) => [`${group}: ${row[0]}`, row] as const));

test.each(rows)("%s", (_name, row) => {
  const [, told, found, ...words] = row;
  const { view, all, verdict, setup } = setupOf(told);
  const causes = all.map(({ cause }) => cause);
  expect([verdict.wouldConnect ? "+" : "-", ...causes].join(" "), verdict.reason).toBe(found);
  const said = all.map(({ seen, tryThis }) => [seen, ...tryThis].join("\n")).join("\n");
  for (const word of words)
    if (word.startsWith("!")) expect(said).not.toContain(word.slice(1));
    else expect(said).toContain(word.replaceAll('\\"', '"'));
  // nothing that may be the token is in what is told
  for (const secret of [...view.secrets, TOKEN, "pw@"]) expect(JSON.stringify([all, setup])).not.toContain(secret);
});

test("how bad it is: what stops nobody is a warning or a note", () => {
  const severities = (told: Told) => setupOf(told).all.map(({ cause, severity }) => `${cause} ${severity}`);
  expect(severities({ ...waiting, isAlone: true })).toEqual(["not-approved note", "client-broken warning"]);
  const missing = { ...unfilled, dotenv: new Unreadable("a folder") };
  expect(severities(missing)).toEqual(["file-broken warning", "missing-value failed"]);
  expect(severities({ ...good, settings: "{,}" })).toEqual(["settings-broken warning"]);
  expect(severities(ofAll({ [VERIFY]: "0" }))).toEqual(["repository-steers failed"]);
  expect(severities(ofAll({ HTTPS_PROXY: PROXY }))[0]).toBe("repository-steers warning");
  expect(severities({ url: FOREIGN })).toEqual(["no-entry warning"]);
});

describe("which entry is looked at", () => {
  const at = (url: string) => servers(entry({ url }));
  const under = (nearest: unknown): Told => ({ mcps: { ".mcp.json": nearest, "../.mcp.json": at("b") } });
  test.each([
    ["the nearest .mcp.json", under(at("a")), ".mcp.json"],
    ["not one that is skipped", under(servers({ url: "a" })), "../.mcp.json"],
    ["not one of a broken file", under("{,}"), "../.mcp.json"],
    ["not one of another folder", { mcp: at("a"), store: { projects: { "/x": at("l") } } }, ".mcp.json"],
  ] as const)("%s", (_, told, file) => {
    const { winner, entries: found } = setupOf({ ...told, local: BRIDGE }).setup;
    expect(winner?.file).toBe(file);
    for (const { wins, why } of found) expect(why === undefined).toBe(wins);
  });

  test("without a name HALO's usual one, else the first that is HALO's and can be tested", () => {
    const nameOf = (all: Record<string, unknown>) => setupOf({ mcp: { mcpServers: all } }).view.name;
    expect(nameOf({ "halo-de": entry(), halo: entry() })).toBe("halo");
    expect(nameOf({ "halo-de": entry(), "halo-nl": entry() })).toBe("halo-de");
    expect(nameOf({ halo: other, "halo-de": entry() })).toBe("halo-de");
    expect(nameOf({ halo: { ...entry(), headersHelper: "x" }, "halo-cm": entry() })).toBe("halo-cm");
    expect(nameOf({ cm: remote })).toBe("cm");
    expect(nameOf({ cm: { command: "npx", args: ["x"] } })).toBe("halo");
  });
});

describe("the command that sets the entry up again", () => {
  const sub = `${FOLDER}/api`;
  const above = { "../.mcp.json": servers(entry()) };
  const HALO_DE = { mcpServers: { "halo-de": entry() } };
  const below: Told = { folder: sub, mcps: above, rootLocal: BRIDGE, dotenv: dotenv() };
  const given = (cwd: string | undefined, valuesFile?: string) => ({ given: { cwd, valuesFile } });
  const named = (name: string): Told => ({ name, mcp: { mcpServers: { [name]: entry() } } });
  const inFolder = { ...below, mcps: { ".mcp.json": servers(entry()), ...above } };
  test.each<[string, Told, string]>([
    ["at the root", good, ""],
    ["below it, of the root's entry", below, ""],
    ["below it, of an entry of that folder", inFolder, " --cwd ."],
    ["between folder and root", { ...below, folder: `${sub}/v1`, mcps: above }, " --cwd .."],
    ["above the repository, where no session here reads the values", { mcps: { "~/.mcp.json": servers(entry()) } }, ""],
    ["no entry, below the root", { folder: sub }, ""],
    ["--cwd at the root", { ...good, ...given("shop") }, " --cwd shop"],
    ["--cwd below the root", { ...below, ...given("shop/api") }, " --cwd shop/api/.."],
    ["--values-file", { ...good, ...given(undefined, "my env") }, " --values-file 'my env'"],
    ["a name and a scope", { name: "halo-de", store: trusted({}, HALO_DE) }, " --scope user --name halo-de"],
    ["an old Claude Code, which does not read the root's settings", { ...below, version: "2.1.197" }, " --cwd ."],
    ["a space at the end", { ...good, ...given("end ") }, " --cwd 'end '"],
    ["a tilde", { ...good, ...given("./~") }, " --cwd './~'"],
    ["a name that no --name takes", named("-x"), ""],
  ])("%s", (_, told, words) => expect(setupOf(told).setup.repair).toBe(`npx create-halo-mcp${words}`));

  test("with --url every command that needs it has it", () => {
    const first = (told: Told) => setupOf({ ...told, url: FOREIGN }).all.map(({ tryThis }) => tryThis[0]);
    const words = ` --url '${FOREIGN}'`;
    expect(first({})).toEqual([`npx create-halo-mcp${words}`]);
    const unset = halo({ url: FOREIGN }, { local: APPROVED, dotenv: undefined });
    expect(first(unset)).toEqual([`npx create-halo-mcp${words}`]);
    expect(first({ ...good, name: "halo-de" })).toEqual([`npx create-halo-mcp doctor --name halo${words}`]);
    // the entry has HALO's own
    expect(first({ ...unfilled, dotenv: undefined })).toEqual(["npx create-halo-mcp"]);
    expect(first({ ...good, mcp: '{"mcpServers": {} /* c */}' })[0]).toBe("npx create-halo-mcp check --fix" + words);
  });

  test("an old Claude Code: the values are where it does not look", () => {
    const { all } = setupOf({ ...below, version: "2.1.197", dotenv: "" });
    expect(all.map(({ cause }) => cause)).toEqual(["no-bridge", "not-approved"]);
    expect(all[0]?.seen).toContain("set only in ../.claude/settings.local.json, which Claude Code does not read");
  });

  test("with --cwd every command is for that folder", () => {
    const lines = (told: Told) => setupOf({ ...told, ...given("my shop") }).all.flatMap(({ tryThis }) => tryThis);
    expect(lines(waiting)).toContain("cd 'my shop' && claude");
    expect(lines({ ...waiting, isAlone: true })).toContain("npx create-halo-mcp --cwd 'my shop'");
    const open = { ...good, store: trusted({}, { env: VALUES, mcpServers: {} }), storeMode: 0o644 };
    for (const line of lines(open)) expect(line).not.toMatch(/^(?:claude|chmod|ls|git)\b|^npx create-halo-mcp check$/);
  });
});

test("each finding has one command at most, alone on its line, and a shell takes it", () => {
  const odd = { mcpServers: { "it's; $(x)": entry() } };
  const more: readonly Told[] = [
    { mcp: odd },
    { mcp: odd, name: "halo" },
    { mcps: { "../it's (mine)/.mcp.json": new Unreadable("x") } },
    { store: trusted({ mcpServers: { "a b": { url: URL } } }), name: "a b" },
    own({ url: "${U}" }, { settings: { env: { U: "https://x.example/it's?a&b" } } }),
  ];
  const COMMAND = /^(?:claude|npx|npm|unset|export|direnv|chmod|ls|rm|git|cd|mv)\b/;
  const told = [...rows.map(([, [, each]]) => each), ...more];
  const found = told.flatMap((each) => setupOf(each).all);
  for (const { cause, tryThis } of found)
    expect(tryThis.filter((line) => COMMAND.test(line)).length, `${cause}: ${tryThis.join("; ")}`).toBeLessThan(2);
  const lines = new Set(found.flatMap(({ tryThis }) => tryThis));
  const commands = [...lines].filter((line) => COMMAND.test(line));
  expect(commands.length).toBeGreaterThan(15);
  for (const line of commands) {
    expect(() => execFileSync("bash", ["-n", "-c", line], { stdio: "pipe" }), line).not.toThrow();
    expect(line).not.toMatch(/ {2}|create-halo-mcp run\b|<|#/);
  }
  // whoever copies all of it pastes no prose
  for (const line of lines) if (!COMMAND.test(line)) expect(line).toMatch(/^# /);
});
