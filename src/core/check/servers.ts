/** Walks over the servers of an MCP file, for the rules. */
import type { Container, Entry, Node } from "../formats/json.ts";
import type { Document, Span } from "./model.ts";

/** Whether a node is there and an object. */
export function isObjectNode(node: Node | undefined): node is Container {
  return node?.kind === "object";
}

/** The value of a property, as readers take it: of two equal keys the last one counts. */
export function member(node: Node | undefined, key: string): Entry | undefined {
  if (!isObjectNode(node)) return undefined;
  const { entries } = node;
  // every rule comes here for every server: with findLast it was a twentieth of all rules
  for (let index = entries.length - 1; index >= 0; index -= 1) if (entries[index]?.key === key) return entries[index];
  return undefined;
}

/** From start and end to a span. */
export function spanOf(node: { readonly start: number; readonly end: number }): Span {
  return { offset: node.start, length: node.end - node.start };
}

/** The span of a property's key, quotes included. */
export function keySpan(document: Document, entry: Entry): Span {
  const end = document.text.lastIndexOf('"', entry.colon) + 1;
  return { offset: entry.start, length: Math.max(1, end - entry.start) };
}

/** A string value, or undefined. */
export function textOf(node: Node | undefined): string | undefined {
  return node?.kind === "scalar" && typeof node.value === "string" ? node.value : undefined;
}

/** An entry as it stands under `mcpServers`, of any kind of value. */
export interface Server {
  readonly document: Document;
  readonly name: string;
  readonly entry: Entry;
}

/** The servers under `mcpServers`; none when that is no object. */
export function serversOf(document: Document): readonly Server[] {
  const servers = member(document.tree, "mcpServers")?.value;
  return isObjectNode(servers) ? servers.entries.map((entry) => ({ document, name: entry.key, entry })) : [];
}
