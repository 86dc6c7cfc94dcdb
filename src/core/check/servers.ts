/** The entries that are about HALO in every client's file, those that no client reads, and files that two clients read. */
import { claudeCode, claudePlugin } from "../clients/claude-code.ts";
import { entriesIn, type Header, type ServerEntry, serversIn, textsIn } from "../clients/entry.ts";
import { clientOf } from "../clients/index.ts";
import type { Client } from "../clients/model.ts";
import { type Dialect, spelledIn, variablesIn } from "../clients/references.ts";
import { isOneSlip } from "../command-line.ts";
import { isObjectNode, member } from "../formats/nodes.ts";
import { DEFAULT_NAME, HEADERS, VALUES, type Value, valueNamed } from "../halo.ts";
import { once } from "../once.ts";
import { flatTree, isBelow, mcpFor } from "./documents.ts";
import type { Document, Subject } from "./model.ts";

/** `which` of the three a header is, in any case; or the missing one that its misspelled name most likely `meant`. */
type HaloHeader = Header & Readonly<Record<"which" | "meant", Value | undefined>>;
export interface HaloServer extends ServerEntry {
  readonly document: Document;
  readonly headers: readonly HaloHeader[];
}

/** The letters of a header's name, without a wrong `X-`: `CM_Account-ID` → `cmaccountid`. */
const lettersOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "")
    .replace(/^x(?=cm)/, "");

function withMeaning(headers: readonly Header[]): readonly HaloHeader[] {
  const exact = headers.map(({ name }) => valueNamed(name));
  const missing = new Set(VALUES.filter((value) => !exact.includes(value)));
  return headers.map((header, index) => {
    const which = exact[index];
    const letters = lettersOf(header.name);
    const near = [...missing].find((value) => isOneSlip(letters, lettersOf(HEADERS[value])));
    const meant = which === undefined ? near : undefined;
    if (meant !== undefined) missing.delete(meant);
    return { ...header, which, meant };
  });
}

export const isHaloUrl = (text: string, endpoint: string): boolean =>
  text === endpoint || /\bcm\.com(?::\d+)?\/+halo\b/i.test(text);

/** It has HALO's URL or one of its headers, or uses the token's variable in a header or in its URL. */
function isAboutHalo({ url, headers, dialect }: HaloServer, endpoint: string): boolean {
  if (url !== undefined && isHaloUrl(url.text, endpoint)) return true;
  if (headers.some(({ name }) => /(?:^|[^a-z])cm[-_ ]?(?:product|account|profile)/i.test(name))) return true;
  const texts = [url?.text ?? "", ...headers.map(({ text }) => text ?? "")];
  return texts.flatMap((text) => spelledIn(text, dialect)).some((it) => /\bHALO_MCP_TOKEN\b/.test(it.text));
}

/** The client that reads a file, with the references that it expands there. */
export const readerOf = ({ kind, ofPlugin }: Document): Client | undefined =>
  ofPlugin === true ? claudePlugin : clientOf(kind);

/** The entries of a file that are about HALO, as this client reads it. `byName`: if none is, one that is called "halo". */
export function haloIn(document: Document, client: Client, endpoint: string, byName = true): readonly HaloServer[] {
  const all = serversIn(document.tree, client).map((server) => {
    const headers = withMeaning(server.headers);
    return { ...server, document, headers: headers.filter(({ kind, which }) => kind !== "unknown" || which) };
  });
  const found = all.filter((server) => isAboutHalo(server, endpoint));
  // the name counts only if nothing else does: HaloPSA and others are also called "halo"
  if (!byName || found.length > 0 || (document.kind === "mcp" && document.path !== ".mcp.json")) return found;
  return all.filter(({ name, program }) => name === DEFAULT_NAME && program === undefined);
}

export const haloServers = once(({ documents, url }: Subject): readonly HaloServer[] =>
  documents.flatMap((each) => [readerOf(each) ?? []].flat().flatMap((client) => haloIn(each, client, url))),
);

const WORDS = { token: /token|secret|key|pass/i, account: /account/i, profile: /profile/i } as const;

/** Which of the three values a variable is named after; undefined if it is none, or several. */
export function saidBy(name: string): Value | undefined {
  const [said, ...more] = VALUES.filter((value) => WORDS[value].test(name));
  return more.length === 0 ? said : undefined;
}

function variablesOf({ kind, text = "" }: Header, dialect: Dialect): readonly string[] {
  if (kind === "names") return /^[A-Za-z_]\w*$/.test(text) ? [text] : [];
  return kind === "values" ? variablesIn(text, dialect).map(({ name }) => name) : [];
}

/** The only variable that a header uses, or the only value that the client asks for. */
function onlyVariable(header: Header, { client, dialect }: HaloServer): string | undefined {
  if (header.kind !== "values") return variablesOf(header, dialect)[0];
  const [only, ...more] = spelledIn(header.text ?? "", dialect);
  if (only === undefined || more.length > 0 || !only.expanded) return undefined;
  return client.asks?.reference.exec(only.text)?.[1] ?? variablesOf(header, dialect)[0];
}

/** The headers of the three values, in any case; if a name occurs twice, the last one. */
export const valueHeaders = once((server: HaloServer) =>
  VALUES.flatMap((which) => {
    const header = server.headers.findLast((each) => each.which === which);
    if (header === undefined) return [];
    return [{ ...header, which, variables: variablesOf(header, server.dialect), only: onlyVariable(header, server) }];
  }),
);

export type ValueHeader = ReturnType<typeof valueHeaders>[number];

/** The property with the servers of a file that no client reads: under the right key, another client's, or none, as a plugin has them. */
function unreadIn({ kind, path, tree }: Document) {
  if (!/^(?:misplaced|settings|settings-local)$/.test(kind)) return undefined;
  // at the root, another program may read another key, or none
  const keys = path === "mcp.json" ? ["mcpServers"] : ["mcpServers", "mcp_servers", "servers"];
  const root = kind === "misplaced" && path !== "mcp.json" ? flatTree(tree) : tree;
  const found = keys.map((key) => member(root, key));
  return found.find((entry) => isObjectNode(entry?.value) && entry.value.entries.length > 0);
}

export function isHaloUnread(document: Document, endpoint: string): boolean {
  const entry = unreadIn(document);
  if (entry === undefined) return false;
  const { start, value } = entry;
  const tree = { kind: "object", start, end: value.end, entries: [{ ...entry, key: "mcpServers" }] } as const;
  return haloIn({ ...document, tree }, claudeCode, endpoint).length > 0;
}

/** Servers that no client reads, and where they belong. `copied`: files with the same names; `isCopy`: with all. */
export const misplacedServers = once((subject: Subject) =>
  subject.documents.flatMap((document) => {
    const entry = unreadIn(document);
    if (!isObjectNode(entry?.value)) return [];
    // a client reads it under its other name
    if (document.target !== undefined || subject.documents.some((other) => other.target === document.path)) return [];
    const path = mcpFor(document.path);
    const read = subject.documents.filter((each) => each.kind === "mcp" && isBelow({ path }, each));
    const right = read.find((each) => each.path === path);
    const has = (name: string) =>
      read.filter(({ tree }) => member(member(tree, "mcpServers")?.value, name) !== undefined);
    const names = entry.value.entries.map(({ key }) => has(key));
    const copied = [...new Set(names.flat().map((each) => each.path))];
    const isThere = haloServers(subject).some((server) => read.includes(server.document));
    const isHaloLost = !isThere && isHaloUnread(document, subject.url);
    const isCopy = names.every((each) => each.length > 0);
    return [{ document, at: entry, entry, path, right, isHaloLost, copied, isCopy }];
  }),
);

/** Another client's name for the same file, if it has references and no spelling of them suits both. */
export const rivalOf = (subject: Subject, document: Document): Document | undefined => rivals(subject).get(document);

// once for each file: rules ask for every server
const rivals = once(({ documents }: Subject) => new Map(documents.map((each) => [each, rivalIn(documents, each)])));

function rivalIn(documents: Subject["documents"], document: Document): Document | undefined {
  const client = readerOf(document);
  if (client === undefined) return undefined;
  return documents.find((other) => {
    const isSame = (other.target ?? other.path) === (document.target ?? document.path) && other.kind !== document.kind;
    const rival = isSame ? readerOf(other) : undefined;
    if (rival?.servers !== client.servers) return false;
    const both = [client.references, rival.references];
    const isFit = both.some(({ spell }) => {
      const text = spell?.("NAME") ?? "";
      return text !== "" && both.every((dialect) => spelledIn(text, dialect).every(({ expanded }) => expanded));
    });
    const texts = entriesIn(document.tree, client).flatMap(({ value }) => textsIn(value));
    return !isFit && texts.some(({ text }) => both.some((each) => spelledIn(text, each).some((it) => it.expanded)));
  });
}
