/** What is said and what is advised, word by word; and that every command of it can be pasted. */
import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { makeReport } from "../../src/core/doctor/report.ts";
import { headline } from "../../src/core/doctor/text.ts";
import {
  BRIDGE,
  dotenv,
  entry,
  servers,
  setupOf,
  TOKEN,
  type Told,
  trusted,
  Unreadable,
  URL,
  VALUES,
} from "./doctor-support.ts";

const FOREIGN = "https://gw.example/mcp?a=1&b=2";
const good: Told = { mcp: servers(entry()), local: BRIDGE };
const at = (url: string, more: Told = {}): Told => ({ ...good, mcp: servers(entry({ url })), ...more });
const remote = { command: "npx", args: ["mcp-remote", URL, "--header", "X-CM-PRODUCTTOKEN:${HALO_MCP_TOKEN}"] };
const waiting: Told = { local: { env: VALUES } };
const NEVER = ["do not approve it; when Claude Code asks,", "choose: Continue without using this MCP server"];
const REPLACE = [`npx create-halo-mcp --url ${URL}`, "# replaces it with HALO's URL"];
const MEANT = [`npx create-halo-mcp doctor --url '${FOREIGN}'`, "# only if you mean that URL"];
const URLS = (url: string) => [`# its URL:    ${url}`, `# HALO's URL: ${URL}`];
const RESET = [
  "claude mcp reset-project-choices",
  "# then claude, and choose: Continue without using this MCP server",
  "# and create a new token if Claude Code has run in this folder",
];
const LEAK = ".mcp.json: the URL is not HALO's, and Claude Code sends your token there: reject the entry";
const QUIET = ".mcp.json: the URL is not HALO's, so nothing was sent there";
const OTHER = '"halo" in .mcp.json is another server, not HALO';
const RUNS = ".mcp.json: the entry starts a program (headersHelper or command), so what it sends is unknown";
const BESIDE = ["npx create-halo-mcp --name halo-cm", "# adds HALO under another name; or, to replace the entry:"];
const WAITS = '"halo" in .mcp.json is not approved, and should not be approved as it is';

/** Cause, sentence, advice. */
type Said = readonly [string, string, readonly string[]];

const table: readonly (readonly [string, Told, readonly Said[]])[] = [
  [
    "a foreign URL, approved and filled",
    at(FOREIGN),
    [["endpoint-foreign", LEAK, [...URLS(FOREIGN), ...RESET, ...REPLACE, ...MEANT]]],
  ],
  [
    "the same as an event stream",
    { ...good, mcp: servers(entry({ type: "sse", url: FOREIGN })) },
    [["endpoint-foreign", LEAK, [...URLS(FOREIGN), ...RESET, ...REPLACE, ...MEANT]]],
  ],
  [
    "a slash more, approved by the repository's settings",
    at(`${URL}/`, { settings: BRIDGE, local: undefined }),
    [
      [
        "endpoint-foreign",
        LEAK,
        [
          ...URLS(`${URL}/`),
          'add "halo" to "disabledMcpjsonServers" in .claude/settings.local.json',
          RESET[2] ?? "",
          ...REPLACE,
          `npx create-halo-mcp doctor --url ${URL}/`,
          MEANT[1] ?? "",
        ],
      ],
    ],
  ],
  [
    "a foreign URL that waits",
    at(FOREIGN, waiting),
    [
      ["endpoint-foreign", QUIET, [...URLS(FOREIGN), ...REPLACE, ...MEANT]],
      ["not-approved", WAITS, NEVER],
    ],
  ],
  [
    "a foreign URL, approved and not filled",
    at(FOREIGN, { local: { enabledMcpjsonServers: ["halo"] }, dotenv: dotenv() }),
    [["endpoint-foreign", QUIET, [...URLS(FOREIGN), ...REPLACE, ...MEANT]]],
  ],
  [
    "a foreign URL that was rejected",
    at(FOREIGN, { settings: { disabledMcpjsonServers: ["halo"] } }),
    [["endpoint-foreign", QUIET, [...URLS(FOREIGN), ...REPLACE, ...MEANT]]],
  ],
  [
    "the token in another header",
    { ...good, mcp: servers({ type: "http", url: FOREIGN, headers: { Authorization: "Bearer ${HALO_MCP_TOKEN}" } }) },
    [["endpoint-foreign", LEAK, [...URLS(FOREIGN), ...RESET, ...REPLACE, ...MEANT]]],
  ],
  [
    "in clear to somewhere else",
    at("http://gw.example/mcp"),
    [
      [
        "bad-url",
        ".mcp.json: http: would send the token unencrypted: use https:. Claude Code sends your token there: reject the entry",
        [...RESET, REPLACE[0] ?? ""],
      ],
    ],
  ],
  [
    "another server, and it waits",
    { mcp: servers({ type: "http", url: FOREIGN }) },
    [
      ["no-entry", OTHER, ["npx create-halo-mcp --name halo-cm"]],
      ["not-approved", WAITS, NEVER],
    ],
  ],
  [
    "a program of the repository, and it waits",
    { mcp: servers({ type: "stdio", command: "npx", args: ["x"] }) },
    [
      ["no-entry", OTHER, ["npx create-halo-mcp --name halo-cm"]],
      ["not-approved", WAITS, NEVER],
    ],
  ],
  [
    "HALO through a program, and it waits",
    { ...waiting, mcp: servers(remote) },
    [
      ["entry-runs", RUNS, [...BESIDE, "remove the entry from .mcp.json, then", "npx create-halo-mcp"]],
      ["not-approved", WAITS, NEVER],
    ],
  ],
  [
    "HALO through a program of one's own",
    { store: trusted({}, servers(remote)) },
    [
      [
        "entry-runs",
        RUNS.replace(".mcp.json", "~/.claude.json"),
        [...BESIDE, "claude mcp remove --scope user halo", "npx create-halo-mcp --scope user"],
      ],
    ],
  ],
  [
    "HALO that waits",
    { ...good, ...waiting },
    [
      [
        "not-approved",
        '"halo" in .mcp.json is not approved in this folder: Claude Code asks first, and its default answer is no',
        [
          "claude",
          "# and choose: Use this MCP server",
          "npx create-halo-mcp",
          "# saves the approval together with the values",
        ],
      ],
    ],
  ],
  [
    "a foreign one waits, the user's own is taken",
    at(FOREIGN, { ...waiting, store: trusted({}, servers(entry())) }),
    [
      [
        "not-approved",
        '"halo" in .mcp.json is not approved yet; until then Claude Code uses the user entry in ~/.claude.json',
        NEVER,
      ],
    ],
  ],
  [
    "one's own before HALO's of the repository",
    { ...good, store: trusted({ mcpServers: { halo: entry({ timeout: 5000 }) } }) },
    [
      [
        "shadowed",
        '"halo" is also in .mcp.json (project scope); Claude Code uses the local entry in ~/.claude.json',
        ["claude mcp remove --scope local halo", "# then Claude Code uses the other entry"],
      ],
    ],
  ],
  [
    "one's own before a foreign one",
    at(FOREIGN, { store: trusted({ mcpServers: { halo: entry() } }) }),
    [
      [
        "shadowed",
        '"halo" is also in .mcp.json (project scope); Claude Code uses the local entry in ~/.claude.json',
        [],
      ],
    ],
  ],
  [
    "a .env that is a folder",
    { ...good, local: { enabledMcpjsonServers: ["halo"] }, dotenv: new Unreadable("it is a folder") },
    [
      ["file-broken", ".env cannot be read: it is a folder", ["ls -ld .env"]],
      [
        "missing-value",
        "HALO_MCP_TOKEN, HALO_ACCOUNT_ID, HALO_PROFILE_ID are not set: Claude Code would send the placeholders instead; .env could not be read: it is a folder",
        ["npx create-halo-mcp"],
      ],
    ],
  ],
  [
    "settings that cannot be read",
    { ...good, local: new Unreadable("no permission"), settings: BRIDGE },
    [
      [
        "settings-broken",
        ".claude/settings.local.json: Claude Code ignores the whole file: no permission",
        ["ls -ld .claude/settings.local.json"],
      ],
    ],
  ],
  [
    "a .mcp.json that cannot be read",
    { mcp: new Unreadable("no permission to read it") },
    [
      ["file-broken", ".mcp.json cannot be read: no permission to read it", ["ls -ld .mcp.json"]],
      [
        "no-entry",
        'no entry "halo" in a .mcp.json of this folder or a folder above, nor in ~/.claude.json',
        ["npx create-halo-mcp"],
      ],
    ],
  ],
  [
    "a comment in .mcp.json",
    { mcp: `{\n  // mine\n  "mcpServers": {}\n}` },
    [
      [
        "file-broken",
        ".mcp.json:2:3: a comment: Claude Code takes strict JSON only and loads none of the servers",
        ["npx create-halo-mcp check --fix"],
      ],
      [
        "no-entry",
        'no entry "halo" in a .mcp.json of this folder or a folder above, nor in ~/.claude.json',
        ["npx create-halo-mcp"],
      ],
    ],
  ],
];

const words = (told: Told): readonly Said[] =>
  setupOf(told).all.map(({ cause, seen, tryThis }) => [cause, seen, tryThis]);

describe("the sentence and the advice", () => {
  test.each(table)("%s", (_, told, said) => expect(words(told)).toEqual(said));

  test("where a file is broken, by line and column", () => {
    const comment = `{\n  "env": {}, // mine\n  "x": 1\n}`;
    const seen = (told: Told) => words(told).map(([, sentence]) => sentence);
    expect(seen({ ...good, local: comment })[0]).toMatch(/^\.claude\/settings\.local\.json:2:14: Claude Code ignores/);
    expect(seen({ ...good, userSettings: comment })[0]).toMatch(
      /^~\/\.claude\/settings\.json:2:14: Claude Code ignores/,
    );
    expect(seen({ ...good, store: '{\n  "a": }' })[0]).toMatch(/^~\/\.claude\.json:2:8 is not valid JSON/);
    const skipped = JSON.stringify(servers({ url: URL }), null, 2);
    expect(seen({ mcp: skipped })[0]).toMatch(/^\.mcp\.json:3:\d+: /);
    expect(seen({ store: trusted({}, servers({ url: URL })) })[0]).toMatch(/^~\/\.claude\.json: /);
  });

  test("a URL that cannot be shown whole is in no command", () => {
    const said = JSON.stringify(words(at(`https://gw.example/mcp?t=${TOKEN}`)));
    expect(said).not.toContain(TOKEN);
    expect(said).not.toContain("doctor --url");
  });

  test("HALO's own through a program is found under another name, a program of somebody else is not", () => {
    expect(setupOf({ mcp: { mcpServers: { cm: remote } } }).view.name).toBe("cm");
    expect(setupOf({ mcp: { mcpServers: { cm: { command: "npx", args: ["x"] } } } }).setup.entries).toEqual([]);
  });

  test("a virtual environment of the name .env is no warning where nothing is missed", () => {
    const { of } = setupOf({ ...good, dotenv: new Unreadable("it is a folder") });
    expect(of("setup")).toMatchObject([{ cause: "file-broken", severity: "note" }]);
  });

  const reportOf = (told: Told) => makeReport(setupOf(told).view, { test: undefined, call: null, ms: {} });

  test("the values of what is not HALO's are not looked at", () => {
    const { links } = reportOf(at(FOREIGN, waiting));
    expect(links[1]).toEqual({ link: "values", status: "skipped", ms: 0, seen: ["not checked: see set-up"] });
  });

  test("a foreign URL is one failed link", () => {
    const report = reportOf(at(FOREIGN));
    expect(report.links.filter(({ status }) => status === "failed").map(({ link }) => link)).toEqual(["setup"]);
    expect(report.links.find(({ link }) => link === "url")?.seen).toEqual(["nothing was sent: see set-up"]);
    expect(report).toMatchObject({ ok: false, cause: "endpoint-foreign", at: "setup" });
    expect(headline(report)).not.toContain("undefined");
  });
});

/** More of them, for their commands alone. */
const more: readonly Told[] = [
  {},
  { ...good, name: "halo-de" },
  { mcp: { mcpServers: { "it's; $(x)": entry() } } },
  { mcp: { mcpServers: { "it's; $(x)": entry() } }, name: "halo" },
  { ...good, local: { enabledMcpjsonServers: ["halo"] }, dotenv: dotenv() },
  { ...good, local: { enabledMcpjsonServers: ["halo"] }, dotenv: dotenv(), envrc: "dotenv\n" },
  { ...good, local: { ...BRIDGE, env: { ...VALUES, HALO_MCP_TOKEN: "" } }, env: VALUES },
  { ...good, env: { HALO_MCP_TOKEN: "old.old.old.old.old-0000" } },
  {
    mcp: servers(entry({ headers: { "X-CM-PRODUCTTOKEN": TOKEN } })),
    local: BRIDGE,
    env: { HALO_MCP_TOKEN: "x".repeat(20) },
  },
  { ...good, settings: { disabledMcpjsonServers: ["halo"] } },
  { ...good, local: { env: VALUES, disabledMcpjsonServers: ["halo"] } },
  { ...good, store: trusted({ disabledMcpServers: ["halo"] }) },
  { ...good, store: {} },
  { ...good, store: "{" },
  { ...good, store: new Unreadable("x") },
  { ...good, local: "{,}", settings: "[]", userSettings: { env: [] } },
  { mcps: { "../it's (mine)/.mcp.json": new Unreadable("x") } },
  {
    ...good,
    store: trusted({ mcpServers: { halo: entry({ headers: { "X-CM-PRODUCTTOKEN": TOKEN } }) } }),
    storeMode: 0o644,
  },
  { store: trusted({ mcpServers: { "a b": { url: URL } } }), name: "a b" },
  {
    store: trusted({}, servers(entry({ url: "${U}" }))),
    settings: { env: { ...VALUES, U: "https://x.example/it's?a&b" } },
  },
  { mcp: servers(null) },
  { ...good, mcp: servers(entry({ type: "ws" })) },
];

const COMMAND = /^(?:claude|npx|npm|unset|export|direnv|chmod|ls|rm|git|cd|mv)\b/;

test("every command stands alone on its line, and a shell takes it", () => {
  const lines = new Set(
    [...table.map(([, told]) => told), ...more].flatMap((told) => setupOf(told).all.flatMap(({ tryThis }) => tryThis)),
  );
  const commands = [...lines].filter((line) => COMMAND.test(line));
  expect(commands.length).toBeGreaterThan(20);
  for (const line of commands) {
    expect(() => execFileSync("bash", ["-n", "-c", line], { stdio: "pipe" }), line).not.toThrow();
    expect(line).not.toMatch(/ {2}|create-halo-mcp run\b|<|#/);
    if (!line.includes("--url")) expect(line.length, line).toBeLessThan(74);
  }
  for (const line of lines)
    if (!COMMAND.test(line)) {
      expect(line).not.toMatch(/npx |claude mcp/);
      // a comment that wraps is none any more
      if (line.startsWith("#") && !line.includes("://")) expect(line.length, line).toBeLessThan(74);
    }
});
