/**
 * What Claude Code makes of a `.mcp.json`, for the rules about loading. Everything here was measured with 2.1.330;
 * test/e2e/agreement.test.ts holds it against the real program.
 */
import type { Container, Entry } from "../formats/json.ts";
import { isObjectNode, member, textOf, winners } from "../formats/nodes.ts";
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

/** The types that Claude Code takes, and how it treats an entry of each. `sdk` and the like belong to other hosts. */
const TRANSPORTS = { stdio: "stdio", http: "http", "streamable-http": "http", sse: "sse", ws: "ws" } as const;
/** How Claude Code reaches a server. */
export type Transport = (typeof TRANSPORTS)[keyof typeof TRANSPORTS];
/** The words that it takes for "type". */
export const TYPES: readonly string[] = Object.keys(TRANSPORTS);
/** Those that have a URL. */
export const REMOTE: readonly Transport[] = ["http", "sse", "ws"];

/** Undefined for a type that is none. Without a `type` an entry is a program to start. */
function transportOf(entry: Container): Transport | undefined {
  const type = member(entry, "type");
  if (type === undefined) return "stdio";
  const text = textOf(type.value);
  return text !== undefined && Object.hasOwn(TRANSPORTS, text)
    ? TRANSPORTS[text as keyof typeof TRANSPORTS]
    : undefined;
}

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

/** What an entry of this type would need is there: a command for a program, a URL for the others. */
export function couldBe(type: string, entry: Container): boolean {
  const key = type === "stdio" ? "command" : "url";
  const text = textOf(member(entry, key)?.value);
  return TYPES.includes(type) && text !== undefined && text !== "";
}

/** A span that lies in the text, at least one character long where there is one. */
export function spotAt(document: Document, offset: number, length = 1): Span {
  const at = Math.max(0, Math.min(offset, document.text.length - 1));
  return { offset: at, length: Math.max(0, Math.min(length, document.text.length - at)) };
}
