/** Questions about the tree of a JSON or TOML file. */
import type { Container, Entry, Node } from "./json.ts";

export const isObjectNode = (node: Node | undefined): node is Container => node?.kind === "object";

/** The value of a property, as readers see it: if a key occurs twice, the last one counts. */
export function member(node: Node | undefined, key: string): Entry | undefined {
  if (!isObjectNode(node)) return undefined;
  const { entries } = node;
  // a loop: with findLast, looking up each of 20,000 keys in one object took 14 s
  for (let at = entries.length - 1; at >= 0; at -= 1) if (entries[at]?.key === key) return entries[at];
  return undefined;
}

export const textOf = (node: Node | undefined): string | undefined =>
  node?.kind === "scalar" && typeof node.value === "string" ? node.value : undefined;

export const spanOf = ({ start, end }: Pick<Node, "start" | "end">) => ({ offset: start, length: end - start });
export const keySpan = ({ start, keyEnd }: Entry) => spanOf({ start, end: keyEnd });

/** The properties of an object as readers see them: if a key occurs twice, the last one. */
export function winners({ entries }: Container): readonly Entry[] {
  const last = new Map(entries.map((entry) => [entry.key, entry]));
  return last.size === entries.length ? entries : entries.filter((entry) => last.get(entry.key) === entry);
}

/** What a value is, without the value: it may be a secret. */
export function kindWord(node: Node): string {
  if (node.kind !== "scalar") {
    const [empty, full] = node.kind === "object" ? ["an empty object", "an object"] : ["an empty list", "a list"];
    return node.entries.length === 0 ? empty : full;
  }
  if (typeof node.value === "string") return node.value === "" ? "an empty string" : "a string";
  return typeof node.value === "number" ? "a number" : String(node.value);
}
