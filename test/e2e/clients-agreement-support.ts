/** The two sides of test/e2e/clients-agreement.test.ts: what real clients send for a project file, and what our rules say of it. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { applyFixes } from "../../src/core/check/run.ts";
import { entryFor, referring } from "../../src/core/clients/entry.ts";
import type { Client } from "../../src/core/clients/model.ts";
import type { JsonObject } from "../../src/core/formats/json.ts";
import { HEADERS, variablesFor } from "../../src/core/halo.ts";
import { RULES } from "../../src/core/rules/index.ts";
import type { ScratchHome } from "../support/home.ts";
import { findingsOf } from "../support/subject.ts";

/**
 * What became of the token's header. `nothing`: no request that Streamable HTTP begins with. `text`: as it stands in the file.
 * `dollar`: "$" and the value. `unusable`, as our word: nothing or absent.
 */
export type Outcome = "nothing" | "unusable" | "right" | "empty" | "absent" | "text" | "dollar";

/** One project file, with `URL_MARK` in it. */
export interface Case {
  readonly what: string;
  readonly text: string;
  /** How the token is written. */
  readonly token: string;
  /** Nothing but the entry differs from a right file: such entries of one client may share a file, as servers of this one. */
  readonly entry?: JsonObject;
  /** The variables are not set. */
  readonly isUnset?: boolean;
}

/** In a case, the address of its own. */
export const URL_MARK = "@url@";
const VARIABLES = variablesFor("halo");
export const VALUES_SET = {
  [VARIABLES.token]: "t0ken",
  [VARIABLES.account]: "acc0unt",
  [VARIABLES.profile]: "pr0file",
};
const NOT_SET = { token: "HALO_OTHER_TOKEN", account: "HALO_OTHER_ACCOUNT", profile: "HALO_OTHER_PROFILE" };

/** A value of TOML that JSON has too. */
function toml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toml).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, each]) => `${JSON.stringify(key)} = ${toml(each)}`)
    .join(", ")} }`;
}

/** A file with these servers at this path of keys. */
function fileOf({ format }: Client, path: readonly string[], servers: JsonObject): string {
  const tables = Object.entries(servers).map(([name, server]) => {
    const fields = Object.entries(server as JsonObject).map(
      ([key, value]) => `${JSON.stringify(key)} = ${toml(value)}\n`,
    );
    return `[${[...path, name].join(".")}]\n${fields.join("")}`;
  });
  if (format === "toml") return tables.join("\n");
  return `${JSON.stringify(
    path.reduceRight<JsonObject>((inner, key) => ({ [key]: inner }), servers),
    null,
    2,
  )}\n`;
}

const SPELLINGS = [
  "${N}",
  "$N",
  "${N:-}",
  "${env:N}",
  "{env:N}",
  "{{N}}",
  "${{ secrets.N }}",
  "$(N)",
  "%N%",
  "${input:N}",
  "${process.env.N}",
];
const URL_KEYS = [
  "url",
  "httpUrl",
  "httpUrl ",
  "serverUrl",
  "uri",
  "endpoint",
  "URL",
  "httpurl",
  "http_url",
  "baseUrl",
];
const TYPES = ["http", "sse", "streamable-http", "streamableHttp", "HTTP", "remote", "local", "stdio", "", undefined];

/** The files of a client: right ones, and what people take from other clients. */
export function casesOf(client: Client, roots: readonly string[]): readonly Case[] {
  const { servers, entry: keys, format } = client;
  const right = entryFor(client, URL_MARK, referring(VARIABLES));
  const [urlKey = ""] = Object.keys(keys.url);
  const written = keys.names ?? keys.headers;
  const headers = right[written] as JsonObject;
  const token = String(headers[HEADERS.token]);
  const spelt = (spelling: string, names: Record<string, string> = VARIABLES): JsonObject =>
    Object.fromEntries(
      Object.entries(names).map(([value, name]) => [
        HEADERS[value as keyof typeof HEADERS],
        spelling.replace("N", () => name),
      ]),
    );
  const { [urlKey]: _url, ...withoutUrl } = right;
  const { type: _type, ...withoutType } = right;
  const { [written]: _headers, ...withoutHeaders } = right;
  const { [client.demands?.partial ?? ""]: _partial, ...withoutPartial } = withoutType;
  const beside = entryFor(client, `${URL_MARK}/beside`, referring(VARIABLES));
  const of = (what: string, entry: JsonObject, more: Partial<Case> = {}): Case => {
    return { what, entry, token, text: fileOf(client, [servers], { halo: entry, beside }), ...more };
  };
  const whole = (what: string, text: string): Case => ({ what, token, text });
  const text = fileOf(client, [servers], { halo: right });
  const own = token.replace(VARIABLES.token, "N");
  const tables = keys.names === undefined ? [keys.headers] : [keys.headers, keys.names];
  return [
    of("right", right),
    ...roots
      .filter((root) => root !== servers)
      .map((root) => whole(`root ${root}`, fileOf(client, [root], { halo: right }))),
    whole("root mcp.servers", fileOf(client, ["mcp", "servers"], { halo: right })),
    ...URL_KEYS.map((key) => of(`url key "${key}"`, { ...withoutUrl, [key]: URL_MARK })),
    of("no url", withoutUrl),
    ...(client.demands?.partial === undefined ? [] : TYPES).map((type) =>
      of(`type ${type} of a whole entry`, { ...withoutPartial, ...(type === undefined ? {} : { type }) }),
    ),
    ...Object.keys(keys.url).flatMap((key) =>
      TYPES.map((type) =>
        of(`${key}, type ${type}`, {
          ...withoutType,
          ...(type === undefined ? {} : { type }),
          [urlKey]: undefined as never,
          [key]: URL_MARK,
        }),
      ),
    ),
    ...tables.flatMap((table) =>
      SPELLINGS.filter((spelling) => spelling !== own).map((spelling) =>
        of(
          `${spelling} in ${table}`,
          { ...withoutHeaders, [table]: spelt(spelling) },
          { token: spelling.replace("N", () => VARIABLES.token) },
        ),
      ),
    ),
    of(
      "not set",
      { ...right, [written]: spelt(own, NOT_SET) },
      { token: own.replace("N", NOT_SET.token), isUnset: true },
    ),
    of("no headers", withoutHeaders),
    of("a list of headers", { ...right, [written]: ["A: b"] }),
    of("a header that is a number", { ...right, [written]: { ...headers, [HEADERS.account]: 12 } }),
    ...["Headers", "http_headers", "requestHeaders"]
      .filter((key) => !tables.includes(key))
      .map((key) => of(`headers under ${key}`, { ...withoutHeaders, [key]: headers })),
    ...Object.entries({
      foo: 1,
      description: "x",
      transport: "http",
      command: "npx",
      args: ["x"],
      env: { A: "b" },
      cwd: "/",
      bearer_token: "x",
    }).map(([key, value]) => of(`with ${key}`, { ...right, [key]: value })),
    whole(
      "another server that is a program of Claude Code",
      fileOf(client, [servers], { halo: right, other: { type: "stdio", command: "true", args: ["x"] } }),
    ),
    whole(
      "another server with a type of Claude Code",
      fileOf(client, [servers], { halo: right, other: { type: "http", [urlKey]: `${URL_MARK}/other` } }),
    ),
    whole("a byte order mark", `\uFEFF${text}`),
    whole("cut", text.slice(0, text.indexOf(URL_MARK))),
    ...(format === "toml"
      ? [whole("a comment", `# yes\n${text}`)]
      : [
          whole("a comment", `// yes\n${text}`),
          whole("a trailing comma", text.replace(/\}\s*\}\s*$/, "}, }")),
          whole("a list", "[]\n"),
        ]),
  ];
}

const findingsIn = (client: Client, text: string, url: string) =>
  findingsOf(RULES, { [client.files.project[0] ?? ""]: text.replaceAll(URL_MARK, url) }, { allowMissing: true, url });

/** The file as `check --fix` leaves it; undefined if it changes nothing. */
export function fixedOf(client: Client, each: Case): Case | undefined {
  const url = "https://halo.example/mcp";
  const before = each.text.replaceAll(URL_MARK, url);
  const fixes = findingsIn(client, before, url).flatMap(({ fix }) => (fix === undefined ? [] : [fix]));
  const text = applyFixes(before, fixes).replaceAll(url, URL_MARK);
  if (text === each.text) return undefined;
  const { servers, format } = client;
  const root = format === "toml" ? undefined : (JSON.parse(text) as Record<string, Record<string, JsonObject>>);
  const entry = root?.[servers]?.halo;
  return { ...each, what: `fixed: ${each.what}`, text, ...(entry === undefined ? {} : { entry }) };
}

/** What each error of `check` says about the token's header. */
export function wordOf(
  client: Client,
  { text, isUnset }: Case,
  url: string,
): { readonly outcome: Outcome; readonly rules: readonly string[] } {
  const findings = findingsIn(client, text, url).filter(({ rule, severity, args }) => {
    const isError = (severity ?? RULES.find(({ id }) => id === rule)?.severity) === "error";
    return isError && args.name !== "beside";
  });
  const rules = [...new Set(findings.map(({ rule }) => rule))];
  const outcomes = findings.map(({ rule, args }): Outcome => {
    const said = `${args.does ?? ""}${args.what ?? ""}`;
    if (rule === "halo-reference-spelling")
      return said.includes("empty") ? "empty" : said.includes("$") ? "dollar" : "text";
    if (rule === "codex-headers") return said.includes("literal") ? "text" : "absent";
    if (rule === "client-server-skipped" && said.startsWith('"headers" is a list')) return "unusable";
    return rule === "halo-header-missing" || (rule === "client-server-skipped" && args.allowed === '"headers"')
      ? "absent"
      : "nothing";
  });
  const unset = { literal: "text", empty: "empty", absent: "absent", unknown: "nothing" } as const;
  const [first = isUnset === true ? unset[client.unset] : "right"] = outcomes.includes("nothing")
    ? ["nothing" as const]
    : outcomes;
  return { outcome: first, rules };
}

/** A new folder with this project file. */
export function projectWith(machine: ScratchHome, client: Client, text: string): string {
  const folder = mkdtempSync(join(machine.root, "project-"));
  const file = join(folder, client.files.project[0] ?? "");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return folder;
}

/** The file with the entries of several cases, each with its own address. */
export const sharedFile = (client: Client, entries: Readonly<Record<string, JsonObject>>): string =>
  fileOf(client, [client.servers], entries);
