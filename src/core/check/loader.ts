/**
 * What Claude Code makes of a `.mcp.json`, for the rules about loading. Everything here was measured with 2.1.330;
 * test/e2e/agreement.test.ts holds it against the real program.
 */
import { type Container, type Entry, type Node, parseTree, type Refused } from "../formats/json.ts";
import type { Document, Span, Subject } from "./model.ts";
import { once } from "./once.ts";
import { isObjectNode, member, textOf } from "./servers.ts";

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

/** The properties of an object as readers take them: of two equal keys the last. */
export const winners = once(({ entries }: Container): readonly Entry[] => {
  const last = new Map<string, Entry>();
  for (const entry of entries) last.set(entry.key, entry);
  return last.size === entries.length ? entries : entries.filter((entry) => last.get(entry.key) === entry);
});

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

/** The span of a key with its quotes, exactly. */
export function keyToken(document: Document, entry: Entry): Span {
  const { text } = document;
  let end = entry.start + 1;
  while (end < entry.colon && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
  return { offset: entry.start, length: Math.min(end + 1, entry.colon) - entry.start };
}

/** What a value is, without the value: it may be a secret. */
export function kindWord(node: Node): string {
  if (node.kind !== "scalar") {
    const [empty, full] = node.kind === "object" ? ["an empty object", "an object"] : ["an empty list", "a list"];
    return node.entries.length === 0 ? empty : full;
  }
  if (node.value === null) return "null";
  if (typeof node.value === "string") return node.value === "" ? "an empty string" : "a string";
  return typeof node.value === "number" ? "a number" : String(node.value);
}

/** Why the text is no JSON that Claude Code takes. `loose`: comments or trailing commas and nothing else. */
export type Broken =
  | { readonly kind: "loose" }
  | { readonly kind: "conflict" | "too-deep" | "syntax"; readonly refused: Refused };

/** A document → why its text could not be read as strict JSON; undefined where it could. */
export const brokenBy = once((document: Document): Broken | undefined => {
  const { broken, text, tree } = document;
  if (broken === undefined) return undefined;
  if (broken.cause === "conflict") return { kind: "conflict", refused: broken };
  if (tree !== undefined) return { kind: "loose" };
  const loose = parseTree(text, { strict: false });
  const refused = loose.ok ? broken : loose.refused;
  return { kind: refused.cause === "too-deep" ? "too-deep" : "syntax", refused };
});

/** A span that lies in the text, at least one character long where there is one. */
export function spotAt(document: Document, offset: number, length = 1): Span {
  const at = Math.max(0, Math.min(offset, document.text.length - 1));
  return { offset: at, length: Math.max(0, Math.min(length, document.text.length - at)) };
}
