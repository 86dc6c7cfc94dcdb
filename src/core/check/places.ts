/** Files in the wrong place, and files with several names. */

import { claudeCode } from "../clients/claude-code.ts";
import { entriesIn, textsIn } from "../clients/entry.ts";
import { spelledIn } from "../clients/references.ts";
import { isObjectNode, member } from "../formats/nodes.ts";
import { once } from "../once.ts";
import { haloIn, haloServers, readerOf } from "./halo-servers.ts";
import type { Document, Subject } from "./model.ts";

/** Servers under a name or a key that no client reads, the path where they belong, and the file there, if there is one. */
export const misplacedServers = once((subject: Subject) =>
  subject.documents.flatMap((document) => {
    const { kind, tree, target } = document;
    const entry = /^(?:misplaced|settings|settings-local)$/.test(kind) ? member(tree, "mcpServers") : undefined;
    if (!isObjectNode(entry?.value) || entry.value.entries.length === 0) return [];
    // a client reads it under its other name
    if (target !== undefined || subject.documents.some((other) => other.target === document.path)) return [];
    const path = `${document.path.replace(/(?:\.claude\/)?[^/]*$/, "")}.mcp.json`;
    const right = subject.documents.find((each) => each.path === path);
    const isThere = haloServers(subject).some((server) => server.document === right);
    const isHaloLost = !isThere && haloIn(document, claudeCode, subject.url).length > 0;
    return [{ document, entry, path, right, isHaloLost }];
  }),
);

/**
 * Another client's name for the same file, if no reference suits both clients: each would send those of the other as
 * they are. Undefined if the file has no references.
 */
export function rivalOf({ documents }: Subject, document: Document): Document | undefined {
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
