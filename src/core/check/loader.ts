/** The entries of the `.mcp.json` files, for the rules about what Claude Code loads. */
import { type Transport, transportOf } from "../clients/claude-loader.ts";
import type { Container, Entry } from "../formats/json.ts";
import { isObjectNode, member, winners } from "../formats/nodes.ts";
import { once } from "../once.ts";
import type { Document, Span, Subject } from "./model.ts";

/** The subject's `.mcp.json` files, the nested ones too. */
export const mcpDocuments = once((subject: Subject): readonly Document[] =>
  subject.documents.filter(({ kind }) => kind === "mcp"),
);

/** A server that Claude Code would read: of two with one name, the last. */
export interface NamedEntry {
  readonly document: Document;
  readonly name: string;
  readonly entry: Entry;
}

/** The servers that Claude Code would read from them, whatever their values are. */
export const entriesOf = once((subject: Subject): readonly NamedEntry[] =>
  mcpDocuments(subject).flatMap((document) => {
    const servers = member(document.tree, "mcpServers")?.value;
    return isObjectNode(servers) ? winners(servers).map((entry) => ({ document, name: entry.key, entry })) : [];
  }),
);

/** A server whose value is an object; without a transport its "type" is none. */
export interface ServerObject extends NamedEntry {
  readonly node: Container;
  readonly transport: Transport | undefined;
}

/** The servers that are objects, with their transport. */
export const serverObjects = once((subject: Subject): readonly ServerObject[] =>
  entriesOf(subject).flatMap((server) => {
    const node = server.entry.value;
    return isObjectNode(node) ? [{ ...server, node, transport: transportOf(node) }] : [];
  }),
);

/** A span that lies in the text, at least one character long where there is one. */
export function spotAt(document: Document, offset: number, length = 1): Span {
  const at = Math.max(0, Math.min(offset, document.text.length - 1));
  return { offset: at, length: Math.max(0, Math.min(length, document.text.length - at)) };
}
