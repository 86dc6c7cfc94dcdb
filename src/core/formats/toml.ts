/**
 * TOML → the same tree as for JSON, so that code that reads servers can ignore the format.
 * Loaded only if there is such a file (bundled-packages.json, chunk `toml`).
 */
import { type AST, parseTOML } from "toml-eslint-parser";
import { conflictIn, type Entry, MAX_DEPTH, type Node, type Tree } from "./json.ts";

/** A table while it is read: `[a]` and `[a.b]` may be anywhere in the file, and add to the same table. */
interface Table {
  readonly kind: "object" | "array";
  readonly start: number;
  end: number;
  readonly entries: Entry[];
  readonly tables: Map<string | number, Table>;
}

/** `body`: the table headers, each with the keys below it, and the keys above the first header. */
type TomlTree = Tree & ({ readonly ok: false } | { readonly body: AST.TOMLTopLevelTable["body"] });

type Key = AST.TOMLKey["keys"][number];

function tableAt(kind: Table["kind"], [start, end]: AST.Range): Table {
  return { kind, start, end, entries: [], tables: new Map() };
}

/** The table at this path of names and array indices below a table; created if it does not exist. */
function follow(root: Table, path: readonly (string | number)[], keys: readonly Key[], range: AST.Range): Table {
  let table = root;
  let key = 0;
  for (const [index, part] of path.entries()) {
    const [start, keyEnd] = (typeof part === "string" ? keys[key++] : keys[key - 1])?.range ?? range;
    let next = table.tables.get(part);
    if (next === undefined) {
      next = tableAt(typeof path[index + 1] === "number" ? "array" : "object", range);
      table.tables.set(part, next);
      table.entries.push({ key: typeof part === "string" ? part : "", start, keyEnd, value: next, comma: undefined });
    }
    next.end = Math.max(next.end, range[1]);
    table = next;
  }
  return table;
}

export const namesOf = ({ keys }: AST.TOMLKey): readonly string[] =>
  keys.map((part) => (part.type === "TOMLBare" ? part.name : part.value));

function add(root: Table, pairs: readonly AST.TOMLKeyValue[]): Table {
  for (const { key, value, range } of pairs) {
    const names = namesOf(key);
    const table = follow(root, names.slice(0, -1), key.keys, range);
    const [name = "", [start, keyEnd] = range] = [names.at(-1), key.keys.at(-1)?.range];
    const node = nodeOf(value);
    table.entries.push({ key: name, start, keyEnd, value: node, comma: undefined });
    if ("tables" in node) table.tables.set(name, node);
  }
  return root;
}

function nodeOf(value: AST.TOMLContentNode): Node | Table {
  const [start, end] = value.range;
  if (value.type === "TOMLInlineTable") return add(tableAt("object", value.range), value.body);
  if (value.type !== "TOMLArray")
    return { kind: "scalar", start, end, value: "datetime" in value ? value.datetime : value.value };
  const entries = value.elements.map((element): Entry => {
    const item = nodeOf(element);
    return { key: "", start: item.start, keyEnd: item.start, value: item, comma: undefined };
  });
  return { kind: "array", start, end, entries };
}

function isDeeper(node: Node, levels: number): boolean {
  return node.kind !== "scalar" && (levels === 0 || node.entries.some(({ value }) => isDeeper(value, levels - 1)));
}

/** The tree of a TOML text (1.1) and its statements. Never throws: an unreadable text is refused, with the offset. */
export function parseToml(text: string): TomlTree {
  try {
    const [body] = parseTOML(text.replace(/^\uFEFF/, " ")).body;
    const root = tableAt("object", body.range);
    for (const item of body.body)
      if (item.type === "TOMLKeyValue") add(root, [item]);
      else add(follow(root, item.resolvedKey, item.key.keys, item.range), item.body);
    if (isDeeper(root, MAX_DEPTH)) throw new RangeError(`nested deeper than ${MAX_DEPTH} levels`);
    return { ok: true, root, body: body.body };
  } catch (error) {
    // the parser's errors have a place; a text of 200,000 escapes overflows its stack
    const { message, index } = error as Error & { readonly index?: number };
    const reason = index === undefined ? "it is not valid TOML" : message[0]?.toLowerCase() + message.slice(1);
    return { ok: false, refused: conflictIn(text) ?? { reason, offset: index ?? 0 } };
  }
}
