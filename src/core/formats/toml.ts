/**
 * TOML → the same tree as for JSON, so that code that reads servers can ignore the format; and edits that keep every
 * other byte. Loaded only if there is such a file (bundled-packages.json, chunk `toml`).
 */
import { type AST, parseTOML } from "toml-eslint-parser";
import type { Edited, Entry, Json, JsonObject, Node, Tree } from "./json.ts";
import { conflictIn, equalJson, isObject, MAX_DEPTH, property, toJson, toObject } from "./json.ts";
import { refuse, UNSAFE, withValue } from "./json-edit.ts";
import { isObjectNode, member } from "./nodes.ts";

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

const tableAt = (kind: Table["kind"], [start, end]: AST.Range): Table => {
  return { kind, start, end, entries: [], tables: new Map() };
};

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

const namesOf = ({ keys }: AST.TOMLKey): readonly string[] =>
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

const isDeeper = (node: Node, levels: number): boolean =>
  node.kind !== "scalar" && (levels === 0 || node.entries.some(({ value }) => isDeeper(value, levels - 1)));

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

type Path = readonly string[];
type Change = readonly [start: number, end: number, text: string];

/** A table header with the keys below it, or one of these keys. */
interface Statement {
  readonly path: readonly (string | number)[];
  readonly start: number;
  readonly end: number;
  readonly value: AST.Range | undefined;
  /** Where a dotted key ends its part for this level of the path; undefined if a header gives that level. */
  readonly endOf: (level: number) => number | undefined;
}

/** `text` ends with a line break. */
type File = { readonly text: string; readonly statements: readonly Statement[] };

/**
 * The document with exactly this value at `path`. A new table goes to the end of the file. In an existing one, keys that
 * differ are replaced, added or, if the value does not have them, removed, wherever they are; the others stay with their
 * comments. Undefined removes the table and its subtables: the inverse, if this made the table.
 * Refused, besides what `parseToml` refuses: what is no table, or is in an inline table.
 */
export function setTable(text: string, path: Path, wanted: JsonObject | undefined): Edited {
  const tree = parseToml(text);
  if (!tree.ok) return tree;
  let [node, around]: (Node | undefined)[] = [tree.root];
  for (const [level, key] of path.entries()) {
    if (node !== undefined && text[node.start] === "{") around ??= node;
    node = member(node, key)?.value;
    if (node !== undefined && !isObjectNode(node))
      return refuse(`"${path.slice(0, level + 1).join(".")}" is not a table`, node.start);
  }
  const now = node && toJson(node);
  if (equalJson(now, wanted)) return { ok: true, text };
  if (around) return refuse("it is in an inline table", around.start, `write it as [${keyText(...path)}]`);
  // without a line break at its end, the file stays so: a removal then knows what it was like
  const isOpen = !/(?:^\uFEFF?|\n)$/.test(text);
  const file: File = { text: isOpen ? text + eolOf(text) : text, statements: tree.body.flatMap(statementsOf) };
  const changes = now === undefined ? [newTable(file, path, wanted ?? {})] : changesAt(file, path, now, wanted);
  const after = applied(file.text, changes).replace(isOpen ? /\r?\n$/ : "", "");
  // the last check: the result is read again, and must have the intended values
  const result = parseToml(after);
  const [before, got] = [toJson(tree.root), result.ok ? toJson(result.root) : undefined];
  // `[a.b]` makes `a`, too: it counts as there in both
  const [others, left] = [before, got].map((each) => withValue(each ?? null, path, null));
  const isMeant = equalJson(property(got, ...path), wanted) && equalJson(left, others);
  return result.ok && isMeant ? { ok: true, text: after } : refuse(UNSAFE, node?.start ?? 0);
}

function statementsOf(item: AST.TOMLTable | AST.TOMLKeyValue): readonly Statement[] {
  const [above, pairs] = item.type === "TOMLTable" ? [item.resolvedKey, item.body] : [[], [item]];
  const keys = pairs.map(({ key, value, range: [start, end] }): Statement => {
    const endOf = (level: number): number | undefined => key.keys[level - above.length - 1]?.range[1];
    return { path: [...above, ...namesOf(key)], start, end, value: value.range, endOf };
  });
  if (item.type !== "TOMLTable") return keys;
  const end = keys.at(-1)?.end ?? item.key.range[1];
  return [{ path: above, start: item.range[0], end, value: undefined, endOf: () => undefined }, ...keys];
}

/** What changes the value at a path that exists; `wanted` undefined removes it. */
function changesAt(file: File, path: Path, now: Json | undefined, wanted: Json | undefined): readonly Change[] {
  if (equalJson(now, wanted)) return [];
  const parts = file.statements.filter((each) => path.every((key, level) => each.path[level] === key));
  const whole = parts.find((part) => part.path.length === path.length);
  if (wanted !== undefined && whole?.value !== undefined) return [[...whole.value, inline(wanted)]];
  if (!isObject(now) || !isObject(wanted)) return parts.map((part) => lineCut(file.text, part));
  const changes = Object.keys(now).flatMap((key) => changesAt(file, [...path, key], now[key], wanted[key]));
  const missing = toObject(Object.entries(wanted).filter(([key]) => !Object.hasOwn(now, key)));
  if (Object.keys(missing).length === 0) return changes;
  const home = whole ?? parts.find((part) => part.endOf(path.length) !== undefined);
  if (home === undefined) return [...changes, newTable(file, path, missing)];
  const at = lineEnd(file.text, home.end);
  const prefix = whole === undefined ? `${file.text.slice(home.start, home.endOf(path.length))}.` : "";
  return [...changes, [at, at, linesOf(eolOf(file.text), missing, prefix)]];
}

function newTable({ text }: File, path: Path, value: JsonObject): Change {
  const [eol, { length }] = [eolOf(text), text];
  return [length, length, `${/^\uFEFF?$/.test(text) ? "" : eol}[${keyText(...path)}]${eol}${linesOf(eol, value)}`];
}

/** The lines of a statement; with those of a table, the blank line before it. */
function lineCut(text: string, { start, end, value }: Statement): Change {
  const from = text.lastIndexOf("\n", start) + 1 || Number(text.startsWith("\uFEFF"));
  const gap = value === undefined ? /(?<=^\uFEFF?|\n)\r?\n$/.exec(text.slice(0, from))?.[0] : undefined;
  return [from - (gap?.length ?? 0), lineEnd(text, end), ""];
}

/** A table that is cut covers the keys below it, which are cut too. */
function applied(text: string, changes: readonly Change[]): string {
  let [at, out] = [0, ""];
  for (const [start, end, written] of changes.toSorted((a, b) => a[0] - b[0])) {
    out += text.slice(at, start) + written;
    at = Math.max(at, end);
  }
  return out + text.slice(at);
}

const linesOf = (eol: string, value: JsonObject, prefix = ""): string =>
  Object.entries(value)
    .map(([key, each]) => `${prefix}${keyText(key)} = ${inline(each)}${eol}`)
    .join("");

const keyText = (...path: Path): string =>
  path.map((key) => (/^[\w-]+$/.test(key) ? key : JSON.stringify(key))).join(".");

/** A value on one line. The escapes of JSON's strings are those of TOML. */
function inline(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)} = ${inline(each)}`);
  return `{ ${pairs.join(", ")} }`;
}

const eolOf = (text: string): string => /\r?\n/.exec(text)?.[0] ?? "\n";
const lineEnd = (text: string, offset: number): number => text.indexOf("\n", offset) + 1 || text.length;
