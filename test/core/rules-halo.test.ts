import { describe, expect, it } from "vitest";
import { haloEntries } from "../../src/core/clients/claude-code.ts";
import { type Json, parseDocument } from "../../src/core/formats/json.ts";
import { HALO_URL } from "../../src/core/halo.ts";
import { type ProjectInput, planProject } from "../../src/core/plan/install.ts";
import type { FileState } from "../../src/core/plan/model.ts";
import { decideTarget } from "../../src/core/plan/target.ts";
import { HALO_RULES, RULES } from "../../src/core/rules/index.ts";
import { findingsOf, type TestFile } from "../support/subject.ts";

const values = { token: "6f1d2c9a-0b7e-4c53-9a55-1f0e8d7c6b5a", account: "acc-1", profile: "pro-1" };
const headers = {
  "X-CM-PRODUCTTOKEN": "${HALO_MCP_TOKEN}",
  "CM-ACCOUNT-ID": "${HALO_ACCOUNT_ID}",
  "CM-PROFILE-ID": "${HALO_PROFILE_ID}",
};
const halo = { type: "http", url: HALO_URL, headers };
const mcp = (servers: unknown): string => `${JSON.stringify({ mcpServers: servers }, null, 2)}\n`;
const example = "HALO_MCP_TOKEN=\nHALO_ACCOUNT_ID=\nHALO_PROFILE_ID=\n";

type Files = Readonly<Record<string, TestFile>>;
const ids = (files: Files, given: Parameters<typeof findingsOf>[2] = {}): readonly string[] => [
  ...new Set(findingsOf(HALO_RULES, files, given).map(({ rule }) => rule)),
];
/** Findings of an entry for HALO in an otherwise tidy repository. */
const entryIds = (entry: unknown, given: Parameters<typeof findingsOf>[2] = {}): readonly string[] =>
  ids({ ".mcp.json": mcp({ halo: entry }), ".env.example": example }, given);
const withHeader = (name: string, value: unknown): unknown => ({ ...halo, headers: { ...headers, [name]: value } });

describe("what the wizard writes", () => {
  const paths = {
    ignore: ".gitignore",
    exclude: ".git/info/exclude",
    env: ".env",
    example: ".env.example",
    bridge: ".claude/settings.local.json",
    envrc: ".envrc",
    mcp: ".mcp.json",
  };
  const hidden = new Set([paths.env, paths.bridge, paths.exclude]);

  /** The repository after a set-up. */
  function setUp(before: Readonly<Record<string, string>>, name: string | undefined, bridge: ProjectInput["bridge"]) {
    const parsed = parseDocument(before[paths.mcp] ?? '{"mcpServers":{}}', { strict: true });
    if (!parsed.ok) throw new Error(parsed.refused.reason);
    const { mcpServers } = JSON.parse(JSON.stringify(parsed.value)) as { mcpServers: Json };
    const entries = haloEntries(mcpServers, "project", name ?? "halo");
    const decision = decideTarget(entries, { name, url: undefined });
    if (!decision.ok) throw new Error(decision.reason);
    const state = (path: string): FileState => {
      const text = before[path];
      return text === undefined
        ? { kind: "absent", realPath: path }
        : { kind: "file", realPath: path, text, mode: 0o600 };
    };
    const planned = planProject({
      paths,
      snapshot: new Map(Object.values(paths).map((path) => [path, state(path)])),
      target: decision.target,
      values,
      bridge,
      uncovered: [".env", ".claude/settings.local.json"],
      envFileForEnvrc: ".env",
    });
    if (!planned.ok) throw new Error(planned.refused.reason);
    const after = { ...before };
    for (const step of planned.steps) if (step.after !== undefined) after[step.path] = step.after;
    return after;
  }
  const asFiles = (texts: Readonly<Record<string, string>>): Files =>
    Object.fromEntries(
      Object.entries(texts).map(([path, text]) => [
        path,
        hidden.has(path) ? { text, tracked: false, ignored: true, mode: 0o600 } : { text, mode: 0o644 },
      ]),
    );
  const judge = (texts: Readonly<Record<string, string>>) =>
    findingsOf(HALO_RULES, asFiles(texts), { local: true, secrets: [values.token] });

  it.each([undefined, "halo", "halo-de", "mcp-halo", "brand_nl", "9"])(
    "is clean for a new set-up called %s",
    (name) => {
      for (const bridge of ["claude-settings", "direnv"] as const) expect(judge(setUp({}, name, bridge))).toEqual([]);
      expect(judge(setUp({}, name, "none")).map(({ rule }) => rule)).toEqual(["bridge-missing"]);
    },
  );

  it("is clean for a second connection, and beside other servers", () => {
    const first = setUp(
      { ".mcp.json": mcp({ github: { type: "http", url: "https://api.githubcopilot.com/mcp/" } }) },
      undefined,
      "claude-settings",
    );
    const two = setUp(first, "halo-de", "claude-settings");
    expect(two[".mcp.json"]).toContain("HALO_DE_PROFILE_ID");
    expect(judge(two)).toEqual([]);
  });

  it.each([
    ["the same", halo],
    [
      "own names and a fixed account",
      { ...halo, headers: { ...headers, "X-CM-PRODUCTTOKEN": "${TEAM_TOKEN}", "CM-ACCOUNT-ID": "acc-7" } },
    ],
  ])("is clean for who joins: %s", (_, entry) => {
    const team = { ".mcp.json": mcp({ "team-halo": entry }), ".env.example": `TEAM_TOKEN=\n${example}` };
    expect(judge(team)).toEqual([]);
    for (const bridge of ["claude-settings", "none"] as const) {
      const joined = setUp(team, undefined, bridge);
      expect(joined[".mcp.json"]).toBe(team[".mcp.json"]);
      expect(judge(joined).map(({ rule }) => rule)).toEqual(bridge === "none" ? ["bridge-missing"] : []);
    }
  });
});

describe("HALO's entry", () => {
  it("is found by where it goes or by its headers, not by its name", () => {
    expect(entryIds(halo)).toEqual([]);
    expect(ids({ ".mcp.json": mcp({ anything: halo }), ".env.example": example })).toEqual([]);
    expect(ids({ ".mcp.json": mcp({ other: { type: "http", url: "https://x.example" } }) })).toEqual(["halo-missing"]);
    expect(
      ids({ ".mcp.json": mcp({ other: { type: "http", url: "https://x.example" } }) }, { allowMissing: true }),
    ).toEqual([]);
    // another product of that name, beside ours: the wizard itself proposes halo-cm there
    const psa = {
      type: "http",
      url: "https://mcp.halopsa.example/mcp",
      headers: { Authorization: "Bearer ${PSA_TOKEN}" },
    };
    expect(ids({ ".mcp.json": mcp({ halo: psa, "halo-cm": halo }), ".env.example": `${example}PSA_TOKEN=\n` })).toEqual(
      [],
    );
    expect(entryIds(psa)).toContain("halo-endpoint");
  });

  it("is said to be missing once, and not in a file that does not load anyway", () => {
    expect(findingsOf(HALO_RULES, {})).toMatchObject([
      { rule: "halo-missing", path: ".mcp.json", span: { offset: 0, length: 0 } },
    ]);
    for (const text of ["{", "[]", "null", "{}", '{"servers":{}}', '{"mcpServers":[]}'])
      expect(ids({ ".mcp.json": text })).toEqual([]);
    for (const text of ["", " \n", '{"mcpServers":{}}']) expect(ids({ ".mcp.json": text })).toEqual(["halo-missing"]);
    // one in a folder below does not reach who starts at the root
    expect(ids({ "a/.mcp.json": mcp({ halo }), ".env.example": example })).toEqual(["halo-missing"]);
  });

  it.each([
    ["https://evil.example/halo/core/mcp", "host evil.example"],
    ["https://api.cm.com.evil.example/halo/core/mcp", "host api.cm.com.evil.example"],
    ["https://api.cm.com@evil.example/halo/core/mcp", "host evil.example"],
    ["https://api.cm.com\\@evil.example/halo/core/mcp", "host api.cm.com"],
    ["https:\\\\evil.example/", "host evil.example"],
    ["//evil.example/halo/core/mcp", "a host that only a variable knows"],
    ["https://${HOST}/halo/core/mcp", "a host that only a variable knows"],
    ["${URL:-https://evil.example/mcp}", "host evil.example"],
    ["https://api.cm.com/halo/core/mcp/v2", "host api.cm.com"],
    ["https://api.cm.com/halo/core", "host api.cm.com"],
    ["https://api.cm.com:8443/halo/core/mcp", "host api.cm.com:8443"],
    ["https://api.cm.com/halo/core/../core/mcp", "host api.cm.com"],
    ["https://аpi.cm.com/halo/core/mcp", "host аpi.cm.com"],
  ])("goes to no other address: %s", (url, host) => {
    const found = findingsOf(HALO_RULES, { ".mcp.json": mcp({ halo: { ...halo, url } }), ".env.example": example });
    const finding = found.find(({ rule }) => rule === "halo-endpoint");
    expect(finding?.args).toMatchObject({ host });
    expect(finding?.fix).toBeUndefined();
  });

  it.each([
    "https://API.CM.com/halo/core/mcp",
    `${HALO_URL}/`,
    ` ${HALO_URL} `,
    "https://api.cm.com:443/halo/core/mcp",
  ])("is put right where only the writing differs: %s", (url) => {
    const found = findingsOf(HALO_RULES, { ".mcp.json": mcp({ halo: { ...halo, url } }), ".env.example": example });
    expect(found).toMatchObject([{ rule: "halo-endpoint", fix: [{ text: JSON.stringify(HALO_URL) }] }]);
  });

  it("may go to a gateway that is declared, and then to nothing else", () => {
    const url = "https://gateway.example.net/halo";
    expect(entryIds({ ...halo, url }, { url })).toEqual([]);
    expect(entryIds(halo, { url })).toEqual(["halo-endpoint"]);
    expect(entryIds({ ...halo, url: "http://localhost:8080/mcp" }, { url: "http://localhost:8080/mcp" })).toEqual([]);
    expect(entryIds({ ...halo, url: "http://gateway.example.net/halo" }, { url })).toEqual(["halo-http"]);
  });

  const own = `\${HALO_URL:-${HALO_URL}}`;
  const evil = "https://evil.example/mcp";
  const given = (files: Files, url: string) =>
    findingsOf(HALO_RULES, { ".mcp.json": mcp({ halo: { ...halo, url } }), ".env.example": example, ...files })
      .filter(({ rule }) => rule === "halo-endpoint")
      .map(({ path, args }) => `${path} ${args.variable} ${args.host}`);
  it.each<readonly [string, Files]>([
    [".claude/settings.json", { ".claude/settings.json": JSON.stringify({ env: { HALO_URL: evil } }) }],
    [".envrc", { ".envrc": `# HALO_URL=${HALO_URL}\nexport A=1 HALO_URL="${evil}" # x\n` }],
    [".env.example", { ".env.example": `${example}HALO_URL=${evil}\n` }],
    [".env.shared", { ".env.shared": `HALO_URL=${evil}\n` }],
    ["apps/a/.envrc", { "apps/a/.envrc": `export HALO_URL='${evil}'\n` }],
  ])("goes to no other address through a variable that %s sets", (path, files) => {
    for (const url of ["${HALO_URL}", own]) expect(given(files, url)).toEqual([`${path} HALO_URL host evil.example`]);
  });

  it("is followed through variables of variables, and judged by their defaults", () => {
    const env = (value: object): Files => ({ ".claude/settings.json": JSON.stringify({ env: value }) });
    expect(given(env({ HALO_URL: "${B}", B: evil }), own)).toEqual([".claude/settings.json B host evil.example"]);
    expect(given(env({ HALO_URL: `\${B:-${evil}}` }), own)).toEqual([
      ".claude/settings.json HALO_URL host evil.example",
    ]);
    expect(given(env({ HALO_URL: "${HALO_URL}" }), own)).toEqual([]);
    expect(given(env({ H: "evil.example" }), "https://${H:-api.cm.com}/halo/core/mcp")).toHaveLength(1);
  });

  it("is left to each machine where nothing that is shared sets the variable", () => {
    const secret = { tracked: false, ignored: true };
    const settings = JSON.stringify({ env: { HALO_URL: evil } });
    for (const files of [
      {},
      { ".env": { text: `HALO_URL=${evil}\n`, ...secret } },
      { ".envrc": { text: `export HALO_URL=${evil}\n`, ...secret } },
      { ".claude/settings.local.json": { text: settings, ...secret } },
      { ".env.example": `${example}HALO_URL=\n` },
      { ".env.example": `${example}HALO_URL=<the address>\n` },
      { ".env.example": `${example}HALO_URL=${HALO_URL}\n` },
      { ".claude/settings.json": JSON.stringify({ env: { OTHER_URL: evil } }) },
    ])
      expect(given(files, own), JSON.stringify(files)).toEqual([]);
    // another folder of the repository
    expect(
      findingsOf(
        HALO_RULES,
        { "a/.mcp.json": mcp({ halo: { ...halo, url: own } }), "b/.env.example": `HALO_URL=${evil}\n` },
        { allowMissing: true },
      ).filter(({ rule }) => rule === "halo-endpoint"),
    ).toEqual([]);
  });

  const through = (
    url = HALO_URL,
    token = "X-CM-PRODUCTTOKEN:${HALO_MCP_TOKEN}",
    more: object = {},
    before: readonly string[] = ["-y", "mcp-remote@latest"],
  ) => ({
    command: "npx",
    args: [
      ...before,
      url,
      "--transport",
      "http-only",
      "--header",
      token,
      "--header",
      "CM-ACCOUNT-ID: ${HALO_ACCOUNT_ID}",
      "--header",
      "CM-PROFILE-ID:${HALO_PROFILE_ID}",
    ],
    ...more,
  });
  it.each<readonly [unknown, readonly string[]]>([
    [through(), []],
    [through("https://api.evil.com/halo"), ["halo-endpoint"]],
    [through("${HALO_URL:-https://api.evil.com/halo}"), ["halo-endpoint"]],
    [through("http://api.cm.com/halo/core/mcp"), ["halo-http"]],
    [through(`${HALO_URL}?key=\${HALO_MCP_TOKEN}`), ["halo-token-in-url"]],
    [through(HALO_URL, "X-CM-PRODUCTTOKEN:$HALO_MCP_TOKEN"), ["halo-reference-spelling"]],
    [through(HALO_URL, "X-CM-PRODUCTTOKEN:${env:HALO_MCP_TOKEN}"), ["halo-reference-spelling"]],
    [through(HALO_URL, "X-CM-PRODUCT-TOKEN:${HALO_MCP_TOKEN}"), ["halo-header-name"]],
    [through(HALO_URL, "X-Trace: on"), ["halo-header-missing"]],
    [through(HALO_URL, "X-CM-PRODUCTTOKEN:${HALO_MCP_TOKEN:-changeme}"), ["halo-token-default"]],
    [through(HALO_URL, "X-CM-PRODUCTTOKEN:${AUTH}", { env: { AUTH: "${HALO_MCP_TOKEN}" } }), []],
    [through("https://api.evil.com/halo", undefined, {}, ["mcp-proxy"]), ["halo-endpoint"]],
    // a second address in the entry is not where the program goes
    [{ ...(through("https://api.evil.com/halo") as object), url: HALO_URL, headers }, ["halo-endpoint"]],
    // what a shell, and a program that nobody knows, make of their arguments is not known
    [
      { command: "cmd", args: ["/c", "npx", "mcp-remote", HALO_URL, "--header", "X-CM-PRODUCTTOKEN:%HALO_MCP_TOKEN%"] },
      ["halo-header-missing"],
    ],
    [{ command: "node", args: ["tools/halo.js", HALO_URL] }, []],
  ])("is judged as a program: %j", (entry, expected) => {
    expect(entryIds(entry)).toEqual(expected);
  });

  it("mends a reference among arguments, and leaves the header name", () => {
    const text = mcp({ halo: through(HALO_URL, "X-CM-PRODUCTTOKEN: $HALO_MCP_TOKEN") });
    expect(findingsOf(HALO_RULES, { ".mcp.json": text, ".env.example": example })).toMatchObject([
      { fix: [{ text: '"X-CM-PRODUCTTOKEN: ${HALO_MCP_TOKEN}"' }] },
    ]);
  });

  it("has each value in its own header", () => {
    const swap = (account: string, profile: string) =>
      ids({
        ".mcp.json": mcp({
          halo: { ...halo, headers: { ...headers, "CM-ACCOUNT-ID": account, "CM-PROFILE-ID": profile } },
        }),
        ".env.example": `${example}HALO_DE_PROFILE_ID=\nHALO_BRAND_ID=\n`,
      });
    expect(swap("${HALO_PROFILE_ID}", "${HALO_ACCOUNT_ID}")).toEqual(["halo-swapped-values"]);
    expect(swap("acc-7", "${HALO_ACCOUNT_ID}")).toEqual(["halo-swapped-values"]);
    expect(swap("${HALO_BRAND_ID}", "${HALO_DE_PROFILE_ID}")).toEqual([]);
    expect(swap("${HALO_ACCOUNT_ID}", "${HALO_ACCOUNT_ID}")).toEqual(["halo-same-variable"]);
    expect(entryIds(withHeader("X-CM-PRODUCTTOKEN", "x${HALO_MCP_TOKEN}"))).toEqual(["halo-header-value"]);
    expect(entryIds(withHeader("CM-ACCOUNT-ID", "${HALO_ACCOUNT_ID}-1"))).toEqual(["halo-header-value"]);
  });

  it("has one finding for one mistake", () => {
    expect(entryIds({ ...halo, url: "http://api.cm.com/halo/core/mcp" })).toEqual(["halo-http"]);
    expect(entryIds({ ...halo, url: `${HALO_URL}?x=1` })).toEqual(["halo-token-in-url"]);
    expect(entryIds({ ...halo, url: "https://${HALO_MCP_TOKEN}@api.cm.com/halo/core/mcp" })).toEqual([
      "halo-token-in-url",
    ]);
    expect(entryIds({ ...halo, type: "sse" })).toEqual(["halo-sse"]);
    expect(entryIds({ ...halo, headersHelper: "x" })).toEqual(["halo-headers-helper"]);
    expect(entryIds({ ...halo, headers: {} })).toEqual(["halo-header-missing"]);
    expect(entryIds(withHeader("X-CM-PRODUCTTOKEN", values.token))).toEqual(["committed-secret"]);
    expect(entryIds(withHeader("X-CM-PRODUCTTOKEN", "secret"))).toEqual(["halo-header-value"]);
    expect(entryIds(withHeader("X-CM-PRODUCTTOKEN", "Bearer ${HALO_MCP_TOKEN}"))).toEqual(["halo-header-value"]);
    expect(entryIds(withHeader("X-CM-PRODUCTTOKEN", "${HALO_MCP_TOKEN:-changeme}"))).toEqual(["halo-token-default"]);
    expect(entryIds(withHeader("CM-PROFILE-ID", "${HALO_ACCOUNT_ID}"))).toEqual(["halo-same-variable"]);
    expect(entryIds(withHeader("CM-PROFILE-ID", "${PATH}"))).toContain("halo-variable-name");
    for (const text of [
      "$HALO_PROFILE_ID",
      "${env:HALO_PROFILE_ID}",
      "${ HALO_PROFILE_ID }",
      "{env:HALO_PROFILE_ID}",
      "%HALO_PROFILE_ID%",
    ])
      expect(entryIds(withHeader("CM-PROFILE-ID", text)), text).toEqual(["halo-reference-spelling"]);
  });

  it("lacks the brackets, which can be put back", () => {
    const text = mcp({ halo: withHeader("X-CM-PRODUCTTOKEN", "HALO_MCP_TOKEN") });
    const found = findingsOf(HALO_RULES, { ".mcp.json": text, ".env.example": example });
    expect(found).toMatchObject([{ rule: "halo-header-value", fix: [{ text: '"${HALO_MCP_TOKEN}"' }] }]);
  });

  it("is said to be shadowed and nothing else where a folder below has another server of that name", () => {
    const nested = mcp({ halo: { type: "http", url: "https://mcp.halopsa.example/mcp" } });
    const files = { ".mcp.json": mcp({ halo }), ".env.example": example, "apps/a/.mcp.json": nested };
    expect(ids(files)).toEqual(["halo-shadowed"]);
    expect(ids({ ...files, "apps/a/.mcp.json": mcp({ halo }) })).toEqual([]);
  });

  it("takes what HALO and Claude Code take", () => {
    for (const text of [
      "profile-7",
      "${HALO_PROFILE_ID:-profile-7}",
      "a-${HALO_NUMBER_ID}-b",
      "5b2ca13f-7dbc-4cb9-8f43-0d2b1c1a6e11",
      "a$b",
      "100%",
    ])
      expect(
        ids({
          ".mcp.json": mcp({ halo: withHeader("CM-PROFILE-ID", text) }),
          ".env.example": `${example}HALO_NUMBER_ID=\n`,
        }),
        text,
      ).toEqual([]);
    expect(entryIds(withHeader("X-Trace", "on"))).toEqual([]);
    expect(entryIds({ ...halo, type: "streamable-http", timeout: 1000 })).toEqual([]);
  });

  it("is left to the rules about loading where it has another shape", () => {
    for (const entry of [
      null,
      1,
      "x",
      [],
      {},
      { url: 1 },
      { ...halo, headers: null },
      { ...halo, headers: [] },
      { ...halo, headers: { A: 1 } },
    ])
      for (const rule of entryIds(entry)) expect(["halo-missing", "halo-header-missing"]).toContain(rule);
  });

  it("names a misspelled header once, each with the value that is missing", () => {
    const found = findingsOf(HALO_RULES, {
      ".mcp.json": mcp({
        halo: {
          ...halo,
          headers: {
            "X-CM-Product-Token": "${HALO_MCP_TOKEN}",
            CM_ACCOUNT_ID: "${HALO_ACCOUNT_ID}",
            "CM-PROFIEL-ID": "${HALO_PROFILE_ID}",
          },
        },
      }),
      ".env.example": example,
    });
    expect(found.filter(({ rule }) => rule === "halo-header-name").map(({ args }) => args.right)).toEqual([
      "X-CM-PRODUCTTOKEN",
      "CM-ACCOUNT-ID",
      "CM-PROFILE-ID",
    ]);
    expect(found.filter(({ rule }) => rule === "halo-header-missing")).toEqual([]);
  });
});

describe("variables", () => {
  const missing = (files: Files) =>
    findingsOf(HALO_RULES, files, { allowMissing: true })
      .filter(({ rule }) => rule === "variable-not-in-example")
      .map(({ path, args }) => `${path} ${args.server} ${args.names}`);
  it("of every server of the project are in .env.example, each said once", () => {
    const docs = { command: "${DOCS}/x", args: ["${A}", "${HOME}/a", "${B:-b}"], env: { A: "${A}", C: "c" } };
    const wiki = { type: "http", url: "https://${A}/mcp", headers: { Authorization: "Bearer ${D}" } };
    const files = { ".mcp.json": mcp({ halo: withHeader("X-Other", "${E}"), docs, wiki }), ".env.example": example };
    expect(missing(files)).toEqual([".env.example halo E", ".env.example docs DOCS, A", ".env.example wiki D"]);
    expect(missing({ ".mcp.json": mcp({ docs, wiki }) })).toEqual([]);
  });
  it("of Codex are names", () => {
    const toml = `[mcp_servers.halo.env_http_headers]\nX-CM-PRODUCTTOKEN = "HALO_MCP_TOKEN"\nX-A = "A_ID"\n[mcp_servers.b]\nbearer_token_env_var = "B_TOKEN"\n`;
    expect(missing({ ".codex/config.toml": toml, ".env.example": example })).toEqual([
      ".env.example halo A_ID",
      ".env.example b B_TOKEN",
    ]);
    expect(missing({ ".codex/config.toml": toml })).toEqual([".codex/config.toml halo HALO_MCP_TOKEN, A_ID"]);
  });
});

describe("a client's file that cannot be read", () => {
  const broken = (path: string, text: string) =>
    findingsOf(HALO_RULES, { [path]: text }, { allowMissing: true })
      .filter(({ rule }) => rule === "client-file-broken")
      .map(({ args, span }) => `${span.offset} ${args.reason}`);
  it.each([
    ["[mcp_servers.halo\nurl = 1", "18 the key, equals sign, and value must be on the same line"],
    ['a = 1\n url = = "x"', "13 unexpected token"],
    ["a = 1\nb", "6 expected equal (=) token"],
    ["a = 1\na = 2", "6 defining a key multiple times is invalid"],
    ['a = "x', "5 unterminated string constant"],
    ["<<<<<<< HEAD\n", "0 the file has conflict markers of an unfinished merge"],
  ])("is TOML: %j", (text, expected) => {
    expect(broken(".codex/config.toml", text)).toEqual([expected]);
  });
  it.each([
    "",
    "# [",
    'a = "[" # "',
    'a = """\n= = \n"""',
    "'a=b' = 1 # = =",
    "[[a]] # x\r\nb.c = {d = [1]}\r\n",
    "a = [ # x\n [1, 2], # ]\n]\nb = 2024-01-01",
    'a = \'it"s\'\n[x."y]z"]\n',
  ])("is not TOML that is fine: %j", (text) => {
    expect(broken(".codex/config.toml", text)).toEqual([]);
  });
  it("may hold comments where its client takes them", () => {
    const loose = '{ /* c */ "servers": {}, }';
    expect(broken(".vscode/mcp.json", loose)).toEqual([]);
    expect(broken("opencode.jsonc", loose)).toEqual([]);
    expect(broken(".claude/settings.json", loose)).toHaveLength(1);
    for (const path of [".vscode/mcp.json", ".cursor/mcp.json", ".claude/settings.json"]) {
      expect(broken(path, "{"), path).toHaveLength(1);
      expect(broken(path, "\uFEFF{}"), path).toEqual([]);
      expect(broken(path, ""), path).toEqual([]);
    }
    expect(broken(".mcp.json", "{")).toEqual([]);
  });
});

describe("secrets", () => {
  const leaking = mcp({ halo: withHeader("X-CM-PRODUCTTOKEN", values.token) });
  it("count where git has the file, or would take it", () => {
    const at = (tracked: boolean, ignored: boolean, inRepository = true) =>
      ids({ ".mcp.json": { text: leaking, tracked, ignored }, ".env.example": example }, { inRepository });
    expect(at(true, false)).toContain("committed-secret");
    expect(at(true, true)).toContain("committed-secret");
    expect(at(false, false)).toContain("committed-secret");
    expect(at(false, true)).not.toContain("committed-secret");
    // nobody can say without a repository, so it is said
    expect(at(false, false, false)).toEqual(["committed-secret"]);
    const away = { tracked: false, ignored: false };
    const alone = (path: string, text: string) =>
      ids({ [path]: { text, ...away } }, { inRepository: false, allowMissing: true });
    expect(alone(".env.example", "API_KEY=u7Rk2pQx9v\n")).toEqual(["env-example-secret"]);
    expect(alone(".env", "API_KEY=u7Rk2pQx9v\n")).toEqual([]);
    expect(alone(".envrc", "export API_KEY=u7Rk2pQx9v\n")).toEqual([]);
    expect(alone(".claude/settings.local.json", '{"env":{"API_KEY":"u7Rk2pQx9v"}}')).toEqual([]);
  });

  it("in a comment outlive --fix", () => {
    const text = '{\n  // our servers\n  // token=u7Rk2pQx9v\n  "mcpServers": {}\n}\n';
    const found = findingsOf(RULES, { ".mcp.json": text }, { allowMissing: true });
    expect(found.map(({ rule, fix }) => [rule, fix])).toEqual([
      ["comments", undefined],
      ["committed-secret", undefined],
    ]);
  });

  it("are found under a misspelled header, in duplicate keys and with escapes", () => {
    const text = mcp({
      halo: { ...halo, headers: { ...headers, "X-CM-PRODUCTTOKEN": undefined, "X-CM-PRODUCT-TOKEN": "opaquetext" } },
    });
    expect(ids({ ".mcp.json": text })).toContain("committed-secret");
    const twice = `{"mcpServers":{"a":{"env":{"A_TOKEN":"${values.token}","A_TOKEN":"\${A_TOKEN}"}}}}`;
    expect(ids({ ".mcp.json": twice }, { allowMissing: true })).toEqual(["committed-secret"]);
    const escaped = `{"mcpServers":{"a":{"env":{"A_TOKEN":"\\u0036${values.token.slice(1)}"}}}}`;
    expect(ids({ ".mcp.json": escaped }, { allowMissing: true })).toEqual(["committed-secret"]);
  });

  it("are the token itself where the environment says so, and are then said once", () => {
    const given = { secrets: [values.token] };
    expect(ids({ ".mcp.json": leaking, ".env.example": example }, given)).toEqual(["token-in-repository"]);
    expect(ids({ ".mcp.json": mcp({ halo }), ".env.example": `${example}X=${values.token}\n` }, given)).toEqual([
      "token-in-repository",
    ]);
    const spilled = [{ path: "log.txt", offset: 7, length: 36 }];
    expect(findingsOf(HALO_RULES, {}, { allowMissing: true, spilled })).toMatchObject([
      { path: "log.txt", span: { offset: 7, length: 36 } },
    ]);
  });

  it("stay out of .env files that are shared, whatever they are called", () => {
    const tracked = (path: string, text: string): readonly string[] => ids({ [path]: text }, { allowMissing: true });
    for (const path of [".env", ".env.local", "a/.env", ".env.production.local", ".claude/settings.local.json"])
      expect(tracked(path, "{}"), path).toEqual(["committed-env-file"]);
    for (const path of [".env.test", ".env.production", ".env.ci"]) {
      expect(tracked(path, "PORT=3000\nNODE_ENV=test\n"), path).toEqual([]);
      expect(tracked(path, `HALO_MCP_TOKEN=${values.token}\n`), path).toEqual(["committed-env-file"]);
    }
    expect(ids({ ".env": { text: "A=1", tracked: false, ignored: false } }, { allowMissing: true })).toEqual([
      "env-file-not-ignored",
    ]);
    expect(
      ids({ ".env": { text: "A=1", tracked: false, ignored: false } }, { allowMissing: true, inRepository: false }),
    ).toEqual([]);
  });
});

describe("this machine", () => {
  const env = { text: `HALO_MCP_TOKEN=${values.token}\n`, tracked: false, ignored: true, mode: 0o644 };
  it("is not judged in CI", () => {
    const files = { ".mcp.json": mcp({ halo }), ".env.example": example, ".env": env };
    expect(ids(files, { local: true })).toEqual(["env-file-readable", "bridge-missing"]);
    expect(ids(files, { local: false })).toEqual([]);
  });
  it("has no modes on Windows", () => {
    const { mode: _, ...without } = env;
    expect(ids({ ".env": without }, { allowMissing: true, local: true })).toEqual([]);
  });
});

it("reads 2,000 servers, 2,000 arguments and 60 kB in one text", { timeout: 60_000 }, () => {
  const servers = Object.fromEntries(
    Array.from({ length: 2000 }, (_, at) => [
      `s${at}`,
      at % 2 === 0 ? halo : { command: "x", env: { A_TOKEN: "${A}" } },
    ]),
  );
  const args = Array.from({ length: 2000 }, (_, at) => `--flag-${at}=value${at}`);
  const texts = [
    "a".repeat(60_000),
    "${".repeat(20_000),
    "sk-".repeat(20_000),
    "a:".repeat(30_000),
    "--a=".repeat(15_000),
    "aB".repeat(30_000),
    '{"a":'.repeat(8000),
    "x".repeat(13_000).concat("@"),
    "https://a:".repeat(6000),
  ];
  findingsOf(HALO_RULES, { ".mcp.json": mcp(servers), ".env.example": example }, { local: true });
  findingsOf(HALO_RULES, { ".mcp.json": mcp({ a: { command: "x", args } }) });
  for (const text of texts) {
    findingsOf(
      HALO_RULES,
      {
        ".mcp.json": mcp({
          halo: { ...(withHeader("X-CM-PRODUCTTOKEN", text) as object), url: text },
          b: { command: text, args: [text], env: { A_TOKEN: text } },
        }),
        ".env": `A_TOKEN=${text}`,
        ".codex/config.toml": `[mcp_servers.halo]\nurl = "${text}"\n${text}\n`,
      },
      { local: true },
    );
  }
});
