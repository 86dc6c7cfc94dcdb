/** What no page of docs/rules can show: the rules together, and beside what the wizard writes. */
import { describe, expect, it } from "vitest";
import type { Json } from "../../src/core/formats/json.ts";
import { HALO_URL } from "../../src/core/halo.ts";
import { type ProjectInput, planProject } from "../../src/core/plan/install.ts";
import { RULES } from "../../src/core/rules/index.ts";
import { findingsOf, HALO_RULES, type TestFile } from "../support/subject.ts";
import { applied, input, paths, referring, type Texts, targetOf, values as written } from "./plan-input.ts";

const token = "6f1d2c9a-0b7e-4c53-9a55-1f0e8d7c6b5a";
const { headers } = referring;
const halo = referring;
const mcp = (servers: unknown): string => `${JSON.stringify({ mcpServers: servers }, null, 2)}\n`;
const example = "HALO_MCP_TOKEN=\nHALO_ACCOUNT_ID=\nHALO_PROFILE_ID=\n";

type Files = Readonly<Record<string, TestFile>>;
type Given = Parameters<typeof findingsOf>[2];
const ids = (files: Files, given: Given = {}): readonly string[] => [
  ...new Set(findingsOf(HALO_RULES, files, given).map(({ rule }) => rule)),
];
/** An entry for HALO in an otherwise tidy repository. */
const tidy = (entry: unknown): Files => ({
  ".mcp.json": mcp({ halo: entry }),
  ".env.example": `${example}HALO_DE_PROFILE_ID=\nHALO_BRAND_ID=\nHALO_NUMBER_ID=\n`,
});
const entryIds = (entry: unknown, given: Given = {}): readonly string[] => ids(tidy(entry), given);
const withHeaders = (more: object): unknown => ({ ...halo, headers: { ...headers, ...more } });

describe("what the wizard writes", () => {
  /** The repository after a set-up. */
  function setUp(before: Texts, name: string | undefined, bridge: ProjectInput["bridge"]): Texts {
    const { mcpServers } = JSON.parse(before[paths.mcp] ?? '{"mcpServers":{}}') as { mcpServers: Json };
    return applied(before, planProject(input({ target: targetOf(mcpServers, name), bridge }, before)));
  }
  const hidden: readonly string[] = [paths.env, paths.bridge, paths.exclude];
  const judge = (texts: Texts): readonly string[] =>
    ids(
      Object.fromEntries(
        Object.entries(texts).map(([path, text = ""]) => {
          const ignored = hidden.includes(path);
          return [path.slice(3), { text, tracked: !ignored, ignored, mode: ignored ? 0o600 : 0o644 }];
        }),
      ),
      { local: true, secrets: [written.token] },
    );

  it("is clean under any name", () => {
    for (const name of ["mcp-halo", "brand_nl", "9"]) {
      expect(judge(setUp({}, name, "direnv"))).toEqual([]);
      expect(judge(setUp({}, name, "none"))).toEqual(["bridge-missing"]);
    }
  });

  it("is clean for a second connection beside other servers, and for who joins", () => {
    const github = mcp({ github: { type: "http", url: "https://api.githubcopilot.com/mcp/" } });
    const two = setUp(setUp({ [paths.mcp]: github }, undefined, "claude-settings"), "halo-de", "claude-settings");
    expect(two[paths.mcp]).toContain("HALO_DE_PROFILE_ID");
    expect(judge(two)).toEqual([]);
    for (const entry of [halo, withHeaders({ "X-CM-PRODUCTTOKEN": "${TEAM_TOKEN}", "CM-ACCOUNT-ID": "acc-7" })]) {
      const team = { [paths.mcp]: mcp({ "team-halo": entry }), [paths.example]: `TEAM_TOKEN=\n${example}` };
      const joined = setUp(team, undefined, "claude-settings");
      expect(joined[paths.mcp]).toBe(team[paths.mcp]);
      expect([judge(team), judge(joined), judge(setUp(team, undefined, "none"))]).toEqual([[], [], ["bridge-missing"]]);
    }
  });
});

describe("HALO's entry", () => {
  it("is found by where it goes or by its headers, not by its name", () => {
    const other = { ".mcp.json": mcp({ other: { type: "http", url: "https://x.example" } }) };
    expect(ids({ ...tidy({}), ".mcp.json": mcp({ anything: halo }) })).toEqual([]);
    expect(ids(other)).toEqual(["halo-missing"]);
    expect(ids(other, { allowMissing: true })).toEqual([]);
    // another product of that name, beside ours: the wizard itself proposes halo-cm there
    const psa = { type: "http", url: "https://mcp.halopsa.example/mcp", headers: { Authorization: "Bearer ${PSA}" } };
    const both = { ".mcp.json": mcp({ halo: psa, "halo-cm": halo }), ".env.example": `${example}PSA=\n` };
    expect(ids(both)).toEqual([]);
    const taking = { type: "http", url: "https://x.example", headers: { Authorization: "Bearer ${HALO_MCP_TOKEN}" } };
    expect(ids({ ...tidy({}), ".mcp.json": mcp({ x: taking }) })).toContain("halo-endpoint");
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
    const below = findingsOf(HALO_RULES, { "a b/.mcp.json": mcp({ halo }), ".env.example": example });
    expect(below.map(({ args }) => [args.below, args.check])).toEqual([
      ["a b/.mcp.json", "npx create-halo-mcp check 'a b'"],
    ]);
  });

  it.each([
    ["https://evil.example/halo/core/mcp", "host evil.example"],
    ["https://api.cm.com@evil.example/halo/core/mcp", "host evil.example"],
    ["https://api.cm.com\\@evil.example/halo/core/mcp", "host api.cm.com"],
    ["//evil.example/halo/core/mcp", "a host that a variable sets"],
    ["https://${HOST}/halo/core/mcp", "a host that a variable sets"],
    ["${URL:-https://evil.example/mcp}", "host evil.example"],
    ["https://api.cm.com/halo/core/mcp/v2", "host api.cm.com"],
    ["https://api.cm.com:8443/halo/core/mcp", "host api.cm.com:8443"],
    ["https://аpi.cm.com/halo/core/mcp", "host xn--pi-6kc.cm.com"],
    // put right where only the writing differs
    ["https://API.CM.com/halo/core/mcp", undefined],
    [`${HALO_URL}/`, undefined],
    [` ${HALO_URL} `, undefined],
    ["https://api.cm.com:443/halo/core/mcp", undefined],
    ["https://api.cm.com/halo/core/../core/mcp", undefined],
  ])("goes to no other address: %s", (url, host) => {
    const found = findingsOf(HALO_RULES, tidy({ ...halo, url })).find(({ rule }) => rule === "halo-endpoint");
    expect(found?.args.host).toBe(host);
    expect(found?.fix?.[0]?.text).toBe(host === undefined ? JSON.stringify(HALO_URL) : undefined);
  });

  it("may go to a gateway that is declared, and then to nothing else", () => {
    const url = "https://gateway.example.net/halo";
    expect(entryIds({ ...halo, url }, { url })).toEqual([]);
    expect(entryIds(halo, { url })).toEqual(["halo-endpoint"]);
    expect(entryIds({ type: "http", url }, { url })).toEqual(["halo-header-missing"]);
    expect(entryIds({ ...halo, url: "http://localhost:8080/mcp" }, { url: "http://localhost:8080/mcp" })).toEqual([]);
    expect(entryIds({ ...halo, url: "http://gateway.example.net/halo" }, { url })).toEqual(["halo-http"]);
  });

  const own = `\${HALO_URL:-${HALO_URL}}`;
  const evil = "https://evil.example/mcp";
  const away = { tracked: false, ignored: true };
  const SETTINGS = ".claude/settings.json";
  const settings = (env: object): string => JSON.stringify({ env });
  const steered = settings({ HALO_URL: evil });
  const cursor = mcp({ halo: { ...halo, url: "${env:HALO_URL}" } });
  const below = mcp({ halo: { ...halo, url: own } });
  it.each<readonly [Files, string | undefined]>([
    [{ [SETTINGS]: steered }, ".claude/settings.json HALO_URL"],
    [{ ".envrc": `# HALO_URL=${HALO_URL}\nexport HALO_URL="${evil}" # x\n` }, ".envrc HALO_URL"],
    [{ ".env.example": `${example}HALO_URL=${evil}\n` }, ".env.example HALO_URL"],
    [{ "apps/a/.envrc": `export HALO_URL='${evil}'\n` }, "apps/a/.envrc HALO_URL"],
    // the default of another variable
    [{ [SETTINGS]: settings({ HALO_URL: `\${B:-${evil}}` }) }, ".claude/settings.json HALO_URL"],
    [{ [SETTINGS]: settings({ HALO_URL: "${HALO_URL}" }) }, undefined],
    [{ [SETTINGS]: { text: steered, ...away } }, undefined],
    [{ [SETTINGS]: { text: steered, tracked: false } }, ".claude/settings.json HALO_URL"],
    // other clients do not read Claude Code's settings
    [{ ".mcp.json": "", ".cursor/mcp.json": cursor, [SETTINGS]: steered }, undefined],
    // left to each machine where nothing that is shared sets it
    [{}, undefined],
    [{ ".env": { text: `HALO_URL=${evil}\n`, ...away } }, undefined],
    [{ ".envrc": { text: `export HALO_URL=${evil}\n`, ...away } }, undefined],
    [{ ".env.example": `${example}HALO_URL=<the address>\n` }, undefined],
    [{ ".env.example": `${example}HALO_URL=${HALO_URL}\n` }, undefined],
    [{ [SETTINGS]: settings({ OTHER_URL: evil }) }, undefined],
    // another folder of the repository
    [{ ".mcp.json": "", "a/.mcp.json": below, "b/.envrc": `HALO_URL=${evil}\n` }, undefined],
  ])("goes to no other address through a variable: %j", (files, place) => {
    const found = findingsOf(HALO_RULES, { ...tidy({ ...halo, url: own }), ...files });
    const foreign = found.filter(({ rule }) => rule === "halo-endpoint");
    const places = foreign.map(({ path, args }) => `${path} ${args.variable}`);
    expect(places).toEqual(place === undefined ? [] : [place]);
  });

  const through = (url = HALO_URL, header = "X-CM-PRODUCTTOKEN:${HALO_MCP_TOKEN}", more: object = {}) => {
    const ids = ["--header", "CM-ACCOUNT-ID: ${HALO_ACCOUNT_ID}", "--header", "CM-PROFILE-ID:${HALO_PROFILE_ID}"];
    const args = ["-y", "mcp-remote@latest", url, "--transport", "http-only", "--header", header, ...ids];
    return { command: "npx", args, ...more };
  };
  it.each<readonly [unknown, readonly string[]]>([
    [through(), []],
    [through("https://api.evil.com/halo"), ["halo-endpoint"]],
    [through("${HALO_URL:-https://api.evil.com/halo}"), ["halo-endpoint"]],
    [through(`${HALO_URL}?key=\${HALO_MCP_TOKEN}`), ["halo-token-in-url"]],
    [through(HALO_URL, "X-CM-PRODUCTTOKEN:${env:HALO_MCP_TOKEN}"), ["halo-reference-spelling"]],
    [through(HALO_URL, "X-CM-PRODUCT-TOKEN:${HALO_MCP_TOKEN}"), ["halo-header-name"]],
    [through(HALO_URL, "X-Trace: on"), ["halo-header-missing"]],
    [through(HALO_URL, "X-CM-PRODUCTTOKEN:${HALO_MCP_TOKEN:-changeme}"), ["halo-token-default"]],
    [through(HALO_URL, "X-CM-PRODUCTTOKEN:${AUTH}", { env: { AUTH: "${HALO_MCP_TOKEN}" } }), []],
    [{ command: "npx", args: ["mcp-proxy", ...through("https://api.evil.com/halo").args.slice(2)] }, ["halo-endpoint"]],
    // a second address in the entry is not where the program goes
    [through("https://api.evil.com/halo", undefined, { url: HALO_URL, headers }), ["halo-endpoint"]],
    // what a shell, and a program that nobody knows, make of their arguments is not known
    [
      { command: "cmd", args: ["/c", "npx", "mcp-remote", HALO_URL, "--header", "X-CM-PRODUCTTOKEN:%HALO_MCP_TOKEN%"] },
      ["halo-header-missing"],
    ],
    [{ command: "node", args: ["tools/halo.js", HALO_URL] }, []],
    // one finding for one mistake
    [{ ...halo, url: `${HALO_URL}?x=1` }, ["halo-token-in-url"]],
    [{ ...halo, url: "https://${HALO_MCP_TOKEN}@api.cm.com/halo/core/mcp" }, ["halo-token-in-url"]],
    [{ ...halo, type: "sse", headersHelper: "x" }, ["halo-sse", "halo-headers-helper"]],
    [withHeaders({ "X-CM-PRODUCTTOKEN": token }), ["committed-secret"]],
    ...["secret", "op://Team/HALO/token"].map(
      (text) => [withHeaders({ "X-CM-PRODUCTTOKEN": text }), ["halo-header-value"]] as const,
    ),
    [withHeaders({ "X-CM-PRODUCTTOKEN": "Bearer ${HALO_MCP_TOKEN}" }), ["halo-header-value"]],
    [withHeaders({ "X-CM-PRODUCTTOKEN": "x${HALO_MCP_TOKEN}" }), ["halo-header-value"]],
    [withHeaders({ "CM-ACCOUNT-ID": "${HALO_ACCOUNT_ID}-1" }), ["halo-header-value"]],
    [withHeaders({ "CM-ACCOUNT-ID": "acc-7", "CM-PROFILE-ID": "${HALO_ACCOUNT_ID}" }), ["halo-swapped-values"]],
    ...["$HALO_PROFILE_ID", "${ HALO_PROFILE_ID }", "{env:HALO_PROFILE_ID}", "%HALO_PROFILE_ID%"].map(
      (text) => [withHeaders({ "CM-PROFILE-ID": text }), ["halo-reference-spelling"]] as const,
    ),
    // what HALO and Claude Code take
    ...["profile-7", "${HALO_PROFILE_ID:-profile-7}", "a-${HALO_NUMBER_ID}-b", token, "a$b", "100%"].map(
      (text) => [withHeaders({ "CM-PROFILE-ID": text }), []] as const,
    ),
    [withHeaders({ "CM-ACCOUNT-ID": "${HALO_BRAND_ID}", "CM-PROFILE-ID": "${HALO_DE_PROFILE_ID}" }), []],
    [withHeaders({ "X-Trace": "on" }), []],
    [withHeaders({ "CM-PROFILE-ID": "${HALO_ACCOUNT_ID}-${HALO_PROFILE_ID}" }), []],
    [{ ...halo, type: "streamable-http", timeout: 1000 }, []],
  ])("has one finding for one mistake: %j", (entry, expected) => {
    expect(entryIds(entry)).toEqual(expected);
  });

  it("has its spelling mended only where each reference is a plain name", () => {
    const fixOf = (text: string) => {
      const found = findingsOf(HALO_RULES, tidy(withHeaders({ "CM-PROFILE-ID": text })));
      return found.map(({ rule, fix }) => [rule, fix?.[0]?.text]);
    };
    expect(fixOf("${env:HALO_PROFILE_ID}")).toEqual([["halo-reference-spelling", '"${HALO_PROFILE_ID}"']]);
    expect(fixOf("${env:HALO_PROFILE_ID}{{a b}}")).toEqual([["halo-reference-spelling", undefined]]);
  });

  it("has each misspelled header named once, with the value that is missing", () => {
    const misspelled = { "X-CM-Product-Token": "a", CM_ACCOUNT_ID: "b", "CM-PROFIEL-ID": "c", CM_PROFILE_ID: "d" };
    const found = findingsOf(HALO_RULES, tidy({ ...halo, headers: misspelled }));
    expect(found.filter(({ rule }) => rule === "halo-header-name").map(({ args }) => args.right)).toEqual(
      Object.keys(headers),
    );
    expect(found.filter(({ rule }) => rule === "halo-header-missing")).toEqual([]);
  });
});

it("variables of every server of the project are in .env.example, each said once", () => {
  const missing = (files: Files) =>
    findingsOf(HALO_RULES, files, { allowMissing: true })
      .filter(({ rule }) => rule === "variable-not-in-example")
      .map(({ path, args }) => `${path} ${args.name} ${args.names}`);
  const docs = { command: "${DOCS}/x", args: ["${A}", "${HOME}/a", "${B:-b}"], env: { A: "${A}", C: "c" } };
  const wiki = { type: "http", url: "https://${A}/mcp", headers: { Authorization: "Bearer ${D}" } };
  const files = { ".mcp.json": mcp({ halo: withHeaders({ "X-Other": "${E}" }), docs, wiki }), ".env.example": example };
  expect(missing(files)).toEqual([".env.example halo E", ".env.example docs DOCS, A", ".env.example wiki D"]);
  expect(missing({ ".mcp.json": mcp({ docs, wiki }) })).toEqual([]);
  const ignored = { text: mcp({ docs }), tracked: false, ignored: true };
  expect(missing({ ".mcp.json": ignored, ".env.example": example })).toEqual([]);
});

describe("a client's file that cannot be read", () => {
  // comments where the client takes them
  it.each([
    [".codex/config.toml", ""],
    [".codex/config.toml", 'a = """\n= = \n"""\n[[x."y]z"]] # x\r\nb.c = {d = [1]}\r\ne = 2024-01-01'],
    ["opencode.jsonc", '{ /* c */ "mcp": {}, }'],
    [".claude/settings.json", "\uFEFF{}"],
    [".claude/settings.json", ""],
    [".mcp.json", "{"],
  ])("is not %s: %j", (path, text) => {
    const found = findingsOf(HALO_RULES, { [path]: text }, { allowMissing: true });
    expect(found.map(({ rule }) => rule)).not.toContain("client-file-broken");
  });
});

describe("secrets", () => {
  const leaking = mcp({ halo: withHeaders({ "X-CM-PRODUCTTOKEN": token }) });
  const alone = (path: string, file: TestFile, given: Given = {}) =>
    ids({ [path]: file }, { allowMissing: true, ...given });

  it("in a comment outlive --fix", () => {
    const text = '{\n  // our servers\n  // token=u7Rk2pQx9v\n  "mcpServers": {}\n}\n';
    const found = findingsOf(RULES, { ".mcp.json": text }, { allowMissing: true });
    expect(found.map(({ rule }) => rule)).toEqual(["comments", "committed-secret"]);
    expect(found.filter(({ fix }) => fix !== undefined)).toEqual([]);
    const elsewhere =
      '{\n  // our servers\n  "mcpServers": { "a": { "command": "x", "env": { "A_TOKEN": "u7Rk2pQx9v" } } }\n}\n';
    expect(findingsOf(RULES, { ".mcp.json": elsewhere }).find(({ rule }) => rule === "comments")?.fix).toHaveLength(1);
  });

  it("are found under a misspelled header, in duplicate keys and with escapes", () => {
    const named = { ...halo, headers: { "X-CM-PRODUCT-TOKEN": "opaquetext" } };
    const server = (value: string): string => `{"mcpServers":{"a":{"env":{"A_TOKEN":${value}}}}}`;
    expect(alone(".mcp.json", mcp({ named }))).toContain("committed-secret");
    expect(alone(".mcp.json", server(`"${token}","A_TOKEN":"\${A_TOKEN}"`))).toEqual(["committed-secret"]);
    expect(alone(".mcp.json", server(`"\\u0036${token.slice(1)}"`))).toEqual(["committed-secret"]);
  });

  it("are the token itself where the environment says so, and are then said once", () => {
    const given = { secrets: [token] };
    expect(ids({ ".mcp.json": leaking, ".env.example": example }, given)).toEqual(["token-in-repository"]);
    expect(ids({ ...tidy(halo), ".env.shared": `X=${token}\n` }, given)).toEqual(["token-in-repository"]);
    const spilled = [{ path: "log.txt", offset: 7, length: 36 }];
    expect(findingsOf(HALO_RULES, {}, { allowMissing: true, spilled })).toMatchObject([
      { path: "log.txt", span: { offset: 7, length: 36 } },
    ]);
  });

  it("stay out of .env files that are shared, whatever they are called", () => {
    for (const path of [".env.local", ".env.production.local", ".claude/settings.local.json"])
      expect(alone(path, "{}"), path).toEqual(["committed-env-file"]);
    for (const path of [".env", "a/.env"])
      expect(alone(path, "PORT=3000\nHALO_MCP_TOKEN=\n"), path).toEqual(["committed-env-file"]);
    for (const path of [".env", "a/.env", ".env.test", ".env.production", ".env.ci"]) {
      expect(alone(path, "PORT=3000\nNODE_ENV=test\n"), path).toEqual([]);
      expect(alone(path, `HALO_MCP_TOKEN=${token}\n`), path).toEqual(["committed-env-file"]);
    }
    // what dotenvx encrypts may be committed, a plain value beside it may not
    const encrypted = 'DOTENV_PUBLIC_KEY="03f8b3"\nAPI_KEY="encrypted:BNr24F4vW9CQ37LOXeRgOL6QlwtJfAoA"\n';
    expect(alone(".env", encrypted)).toEqual([]);
    expect(alone(".env", `${encrypted}HALO_MCP_TOKEN=${token}\n`)).toEqual(["committed-env-file"]);
    const open = { text: "A=1", tracked: false, ignored: false };
    expect(alone(".env", open)).toEqual(["env-file-not-ignored"]);
    expect(alone(".env", open, { inRepository: false })).toEqual([]);
  });

  it("are open to others on this machine, but not in CI, and not on Windows, which has no modes", () => {
    const env = { text: `HALO_MCP_TOKEN=${token}\n`, tracked: false, ignored: true };
    const files = { ...tidy(halo), ".env": { ...env, mode: 0o644 } };
    expect(ids(files, { local: true })).toEqual(["env-file-readable", "bridge-missing"]);
    expect(ids(files, { local: false })).toEqual([]);
    expect(alone(".env", { ...env, tracked: true, mode: 0o644 }, { local: true })).toEqual(["committed-env-file"]);
    expect(alone(".env", env, { local: true })).toEqual([]);
  });
});
