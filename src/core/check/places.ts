/** Files in the wrong place, and files with several names. */
import { claudeCode } from "../clients/claude-code.ts";
import { entriesIn, textsIn } from "../clients/entry.ts";
import { spelledIn } from "../clients/references.ts";
import { isObjectNode, member } from "../formats/nodes.ts";
import { once } from "../once.ts";
import { flatTree, isBelow, mcpFor } from "./documents.ts";
import { haloIn, haloServers, readerOf } from "./halo-servers.ts";
import type { Document, Subject } from "./model.ts";

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
