import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Advice } from "../../src/core/advice.ts";
import { documentOf, kindOf } from "../../src/core/check/documents.ts";
import type { DocumentKind } from "../../src/core/check/model.ts";
import { runRules } from "../../src/core/check/run.ts";
import { claudeCode } from "../../src/core/clients/claude-code.ts";
import { entriesIn, entryFor, referring, serversIn } from "../../src/core/clients/entry.ts";
import { CLIENTS, clientOf, kindOfClient } from "../../src/core/clients/index.ts";
import { type Client, nextOf } from "../../src/core/clients/model.ts";
import { NONE, variablesIn } from "../../src/core/clients/references.ts";
import { CLIENT_IDS, TOLD } from "../../src/core/clients/told.ts";
import { toJson } from "../../src/core/formats/json.ts";
import { indexLines } from "../../src/core/formats/lines.ts";
import { parseToml } from "../../src/core/formats/toml.ts";
import { HALO_URL, HEADERS, VALUES, variablesFor } from "../../src/core/halo.ts";
import { RULES } from "../../src/core/rules/index.ts";
import { subjectFrom } from "../support/subject.ts";

const at = (path: string) => new URL(`../../${path}`, import.meta.url);
const read = (path: string): string => readFileSync(at(path), "utf8");
const ids = CLIENTS.map(({ id }) => id);
const example = VALUES.map((value) => `${variablesFor("halo")[value]}=\n`).join("");

const LITERALS = {
  token: { literal: "<token>" },
  account: { literal: "<account>" },
  profile: { literal: "<profile>" },
};

const code = (text: string): string => `\`${text.replaceAll("|", "\\|")}\``;
const advice = (each: Advice): string => ("run" in each ? code(each.run.join(" ")) : each.note);
const UNSET: Readonly<Record<Client["unset"], string>> = {
  literal: "the reference is sent as literal text",
  empty: "an empty header is sent",
  absent: "the header is omitted",
  unknown: "not known",
};

const SPOILS = {
  reference: "changes this pattern in a variable's value",
  literal: "changes this pattern in a value in the entry",
} as const;
const TRANSPORTS = { http: " (Streamable HTTP)", sse: " (SSE)", type: "" } as const;
const BECOMES = { empty: "sent as nothing", inside: "partly expanded", unclear: "unclear: versions differ" } as const;
const LOST = { server: "the server", file: "the whole file" } as const;
const PARTS = { comma: "a trailing comma", bom: "a byte order mark", blank: "an empty file" } as const;

const SPELLINGS = ["${NAME}", "${NAME:-default}", "${env:NAME}", "${input:id}", "{env:NAME}", "$NAME", "%NAME%"];

/** The names that a client empties, in words. */
function blanksOf({ blanks }: Pick<Client, "blanks">): string {
  if (blanks === undefined) return "nothing";
  const [, but, words] = /^\^\(\?!(\w+)\)\.\*\(\?:([A-Z|]+)\)$/.exec(blanks.source) ?? [];
  if (but === undefined || words === undefined) throw new Error(`no words for ${String(blanks)}`);
  return `variables with one of these in the name: ${words.split("|").map(code).join(", ")}; not those that begin with ${code(but)}`;
}

/** What it makes of a reference in another spelling. */
function foreignOf({ foreign, references }: Pick<Client, "foreign" | "references">): string {
  if (foreign === undefined) return "not known";
  const rest = foreign.length === 0 ? "sent as literal text" : "others: sent as literal text";
  const meant = foreign.map(([spelling, becomes]) => {
    const like = SPELLINGS.filter((each) => references.expands?.test(each) !== true && spelling.test(each));
    return `like ${like.map(code).join(", ")}: ${BECOMES[becomes]}`;
  });
  return [...meant, rest].join("; ");
}

/** What an entry must have, and what is lost without. */
function demandsOf({ demands, entry }: Client): string {
  if (entry.isBridged) return "`command` and `args`; with a URL the server is not loaded";
  if (demands === undefined) return "see docs/rules: the rules about `.mcp.json`";
  const { remote, lost, partial } = demands;
  const types = (demands.guesses ? [] : (remote.types ?? [])).map((type) =>
    type === undefined ? "no `type`" : `\`"type": "${type}"\``,
  );
  const keys = Object.keys(remote.fields ?? {}).filter((key) => key !== Object.keys(entry.url)[0]);
  const needs = [
    "a URL",
    types.join(" or "),
    keys.length === 0 ? "" : `the right shape of ${keys.map(code).join(", ")}`,
  ];
  const without = partial === undefined ? "" : `; with ${code(partial)}, only the server`;
  return `${needs.filter((each) => each !== "").join("; ")}; otherwise ${LOST[lost]} is not loaded${without}`;
}

/** How a client spells a reference. */
function ownReference({ references, entry }: Pick<Client, "references" | "entry">): string {
  if (entry.names !== undefined) return `the name of the variable in ${code(entry.names)}`;
  if (references.expands === undefined) return "not known";
  if (references.spell !== undefined) return code(references.spell("NAME"));
  return entry.isBridged
    ? "none: the entry starts mcp-remote, whose `env` has the values"
    : "none: the entry has the values";
}

/** The facts of a client, as its page has them. */
function factsOf(whole: Client): string {
  const { files, format, servers, entry, references, ...client } = whole;
  const { user, macos, windows } = files;
  const urls = Object.entries(entry.url).map(([key, means]) => code(key) + TRANSPORTS[means]);
  const rows: readonly (readonly [string, string])[] = [
    ["project file", files.project.map(code).join(", ") || "none"],
    [
      "user file",
      windows === undefined
        ? code(user)
        : Object.entries({ linux: user, macos: macos ?? user, windows: windows.replaceAll("/", "\\") })
            .map(([os, path]) => `${os}: ${code(path)}`)
            .join("; "),
    ],
    ["the wizard writes it for", client.scopes.map((scope) => `the ${scope}`).join(", ") || "nobody: see `guide`"],
    ...(files.also ?? []).map((path) => ["reads too, with the same entry", code(path)] as const),
    ...(client.misreads
      ? [[`lists ${code(client.misreads.file)} too, with references as text`, advice(client.misreads.help)] as const]
      : []),
    ...(files.moved
      ? [["a variable that moves the folder", `${code(files.moved[0])}, for ${code(files.moved[1])}`] as const]
      : []),
    ["format", format],
    ["servers are under", code(servers)],
    ["address, headers", `${urls.join(" or ")}, ${code(entry.headers)}`],
    ["an entry needs", demandsOf(whole)],
    ...(client.unreadable === undefined
      ? []
      : [["cannot read", client.unreadable.map((part) => PARTS[part]).join(", ")] as const]),
    ["a reference", ownReference({ references, entry })],
    [
      "a reference in another spelling",
      entry.names === undefined ? foreignOf({ ...client, references }) : "sent as literal text",
    ],
    ["a variable that is not set", UNSET[client.unset]],
    [
      "reads variables from",
      client.reads.length === 0 ? "the environment only" : `the environment, ${client.reads.map(code).join(", ")}`,
    ],
    ...(client.store === undefined
      ? []
      : [
          [
            "the user's variables are in",
            `${code(client.store)}; ${client.storeWins ? "its values win over exported ones" : "exported values win"}`,
          ] as const,
        ]),
    ["variables that it empties, if a file sets them", blanksOf(client)],
    ...(["reference", "literal"] as const).flatMap((how) => {
      const parts = client.spoils?.[how];
      return parts === undefined ? [] : [[SPOILS[how], code(parts.source)] as const];
    }),
    ["how to list its servers", client.verify === undefined ? "only in its own window" : code(client.verify.join(" "))],
    ["after the entry is written", nextOf(whole, "halo", whole.scopes[0] ?? "project", true).join("; ") || "nothing"],
    [
      "proven",
      client.isProven ? "its program delivered the three headers" : "no: its program was not run, or sent no request",
    ],
    ["measured", client.measured],
    ["its documentation", client.docs],
  ];
  return `| fact | value |\n|---|---|\n${rows.map(([name, value]) => `| ${name} | ${value} |`).join("\n")}\n`;
}

/** A file that git has. */
const documentIn = (path: string, kind: DocumentKind, text: string) =>
  documentOf({ path, kind, encoding: "utf-8", tracked: true, ignored: false, mode: undefined, text }, parseToml);

/** The file that its fixtures are about. */
const fileOf = ({ files: { project, user } }: Client): string => project[0] ?? user;

/** A client that expands no references has the values themselves in its file. */
const writtenFor = ({ references }: Client) =>
  references.spell === undefined ? LITERALS : referring(variablesFor("halo"));

const extension = ({ format }: Client): string => (format === "toml" ? "toml" : "json");

/** The page with its facts and its example as they are. */
function pageOf(client: Client, page: string): string {
  const start = page.indexOf("<!-- facts");
  const end = page.indexOf("<!-- end -->");
  const right = read(`test/fixtures/clients/${client.id}/right.${extension(client)}`);
  const made = `<!-- facts: made from src/core/clients/${client.id}.ts by test/core/clients.test.ts -u -->\n\n${factsOf(client)}\n\`\`\`${extension(client)}\n${right}\`\`\`\n\n`;
  return page.slice(0, start) + made + page.slice(end);
}

/** Everything but notes that the rules say of a client's file: of the user's, if it has none in a project. */
function said(client: Client, text: string): string {
  const documents = [documentIn(fileOf(client), kindOfClient(client), text)];
  const all = [...documents, documentIn(".env.example", "env-example", example)];
  return runRules(RULES, subjectFrom(all, { allowMissing: true }))
    .flatMap(({ rule: id, path, span, args }) => {
      const rule = RULES.find((each) => each.id === id);
      const { line, column } = indexLines(path === ".env.example" ? example : text)(span.offset);
      // its example has words in angle brackets in place of the values
      const isPlaceholder = client.references.spell === undefined && id === "halo-header-value";
      return rule === undefined || rule.severity === "note" || isPlaceholder
        ? []
        : [`${path}:${line}:${column} ${id}: ${rule.message(args)}\n`];
    })
    .join("");
}

it("a client is a descriptor, a page and a folder of fixtures", () => {
  const shared =
    /^(?:model|index|references|entry|shapes|demands|ids|paths|sent|told|claude-(?:loader|project|question|settings|state))\.ts$/;
  const descriptors = readdirSync(at("src/core/clients")).filter((name) => !shared.test(name));
  expect(descriptors.sort()).toEqual(ids.map((id) => `${id}.ts`).sort());
  expect(readdirSync(at("docs/clients")).sort()).toEqual(["README.md", ...ids.map((id) => `${id}.md`)].sort());
  expect(readdirSync(at("test/fixtures/clients")).sort()).toEqual(ids.toSorted());
  expect(ids).toEqual([...CLIENT_IDS]);
});

it("the list of clients is that of docs/clients/README.md", async () => {
  const page = read("docs/clients/README.md");
  const start = page.indexOf("| client");
  const head = (...cells: string[]) => `| ${cells.join(" | ")} |\n|${cells.map(() => "---|").join("")}\n`;
  const proof = (isProven = false) => (isProven ? "yes" : "no");
  const rows = CLIENTS.map((client) => {
    const { id, label, files, scopes, measured, isProven } = client;
    const cells = [
      files.project.map(code).join(", ") || `the user's: ${code(fileOf(client))}`,
      scopes.join(", ") || `none: \`guide ${id}\``,
      ownReference(client),
    ];
    return `| [${label}](${id}.md) | ${[...cells, proof(isProven), measured].join(" | ")} |\n`;
  });
  const told = TOLD.map(
    ({ id, label, isProven, evidence }) => `| ${code(id)} | ${label} | ${proof(isProven)} | ${evidence} |\n`,
  );
  const written = head("client", "project file", "scopes", "reference", "proven", "measured") + rows.join("");
  const table = `${written}\nTold by \`guide\`:\n\n${head("id", "for", "proven", "known from")}${told.join("")}`;
  await expect(page.slice(0, start) + table).toMatchFileSnapshot("../../docs/clients/README.md");
});

describe.each(CLIENTS.map((client) => [client.id, client] as const))("%s", (id, client) => {
  const folder = `test/fixtures/clients/${id}`;
  const right = read(`${folder}/right.${extension(client)}`);
  it("has the entry in its example that the wizard would write", () => {
    const { tree } = documentIn(fileOf(client), kindOfClient(client), right);
    const [entry, ...more] = entriesIn(tree, client);
    expect(more).toEqual([]);
    expect(entry && JSON.parse(JSON.stringify(toJson(entry.value)))).toEqual(
      entryFor(client, HALO_URL, writtenFor(client)),
    );
    const [server] = serversIn(tree, client);
    expect(server?.url?.text).toBe(HALO_URL);
    expect(server?.headers.map(({ name }) => name)).toEqual(VALUES.map((value) => HEADERS[value]));
    for (const { text = "", kind: how } of server?.headers ?? [])
      if (client.references.spell === undefined) expect(text).toMatch(/^<\w+>$/);
      else
        expect(how === "names" ? text : variablesIn(text, server?.dialect ?? client.references)[0]?.name).toMatch(
          /^HALO_/,
        );
  });

  it("is silent on its example, and says of the wrong one what findings.txt holds", async () => {
    const wrong = said(client, read(`${folder}/wrong.${extension(client)}`));
    await expect(wrong).toMatchFileSnapshot(`../../${folder}/findings.txt`);
    expect(wrong).not.toBe("");
    expect(said(client, right)).toBe("");
  });

  it("is the file of the user that stays out of check, and has the values, if no project file can refer to them", () => {
    if (client.files.project.length === 0)
      expect([client.scopes, kindOf(fileOf(client))]).toEqual([["user"], undefined]);
    if (client.references.spell === undefined) expect(client.scopes).toEqual(["user"]);
  });

  it("has a page with its facts", async () => {
    const path = `docs/clients/${id}.md`;
    expect(existsSync(at(path)), path).toBe(true);
    await expect(pageOf(client, read(path))).toMatchFileSnapshot(`../../${path}`);
  });
});

it("a client is known by each of its project files, Claude Code by any `.mcp.json`", () => {
  for (const client of CLIENTS)
    for (const path of client.files.project) expect(clientOf(kindOf(path) ?? "")).toBe(client);
  expect(clientOf(kindOf("a/b/.mcp.json") ?? "")).toBe(claudeCode);
});

it("a client that expands no references gets an entry that runs mcp-remote, which does", () => {
  const client: Client = { ...claudeCode, references: NONE, entry: { ...claudeCode.entry, isBridged: true } };
  const entry = entryFor(client, HALO_URL, referring(variablesFor("halo")));
  const file = (server: unknown) => JSON.stringify({ mcpServers: { halo: server } });
  const readIn = (text: string) => serversIn(documentIn(".mcp.json", "mcp", text).tree, client);
  const [server] = readIn(file(entry));
  expect(server).toMatchObject({ program: "mcp-remote", url: { text: HALO_URL } });
  expect(server?.headers.map(({ name, text }) => [name, text])).toEqual(
    VALUES.map((value) => [HEADERS[value], `\${${variablesFor("halo")[value]}}`]),
  );
  const [direct] = readIn(file(entryFor(claudeCode, HALO_URL, referring(variablesFor("halo")))));
  expect(variablesIn(direct?.headers[0]?.text ?? "", direct?.dialect ?? claudeCode.references)).toEqual([]);
});

describe("a link that adds an entry has references only", () => {
  const variables = variablesFor("halo");
  const payload: Readonly<Record<string, (link: URL) => unknown>> = {
    cursor: ({ searchParams }) => JSON.parse(atob(searchParams.get("config") ?? "")),
    kiro: ({ searchParams }) => JSON.parse(searchParams.get("config") ?? ""),
    vscode: ({ search }) => JSON.parse(decodeURIComponent(search.slice(1))),
  };
  const starts = {
    cursor: "cursor://anysphere.cursor-deeplink/mcp/install?name=halo&config=",
    kiro: "kiro://kiro.mcp/add?name=halo&config=",
    vscode: "vscode:mcp/install?",
  };
  const linked = CLIENTS.filter(({ link }) => link !== undefined);
  it.each(linked.map((client) => [client.id, client] as const))("%s", (id, client) => {
    const entry = entryFor(client, HALO_URL, referring(variables));
    const link = client.link?.("halo", entry) ?? "";
    expect(link.slice(0, starts[id as keyof typeof starts].length)).toBe(starts[id as keyof typeof starts]);
    expect(link).toMatch(/^[\w:/?=&.%~!*'()-]+$/);
    expect(payload[id]?.(new URL(link))).toEqual(id === "vscode" ? { name: "halo", ...entry } : entry);
  });
});
