/** Edits of TOML as text: every other byte stays. Loaded only with the parser, as toml.ts is. */
import type { AST } from "toml-eslint-parser";
import type { Edited, Json, JsonObject, Node } from "./json.ts";
import { equalJson, isObject, property, toJson, toObject } from "./json.ts";
import { refuse, UNSAFE, unchanged } from "./json-edit.ts";
import { isObjectNode, member } from "./nodes.ts";
import { namesOf, parseToml } from "./toml.ts";

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

/** A text that ends with a line break. */
interface File {
  readonly text: string;
  readonly statements: readonly Statement[];
}

/**
 * The document with exactly this value at `path`. A new table goes to the end of the file. In an existing one, keys that
 * differ are replaced, added or, if `value` does not have them, removed, wherever they are; the others stay with their comments.
 * Refused, besides what `parseToml` refuses: what is no table, or is in an inline table.
 */
export const setTable = (text: string, path: Path, value: JsonObject): Edited => edit(text, path, value);

/** The document without the table and its subtables: the inverse of `setTable`, if that made the table. */
export const removeTable = (text: string, path: Path): Edited => edit(text, path, undefined);

function edit(text: string, path: Path, wanted: JsonObject | undefined): Edited {
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
  if (equalJson(now, wanted)) return unchanged(text);
  if (around) return refuse("it is in an inline table", around.start, `write it as [${keyText(...path)}]`);
  // without a line break at its end, the file stays so: a removal then knows what it was like
  const isOpen = !/(?:^\uFEFF?|\n)$/.test(text);
  const file: File = { text: isOpen ? text + eolOf(text) : text, statements: tree.body.flatMap(statementsOf) };
  const changes = now === undefined ? [newTable(file, path, wanted ?? {})] : changesAt(file, path, now, wanted);
  const after = applied(file.text, changes).replace(isOpen ? /\r?\n$/ : "", "");
  // the last check: the result is read again, and must have the intended values
  const result = parseToml(after);
  const [before, got] = [toJson(tree.root), result.ok ? toJson(result.root) : undefined];
  const isMeant = equalJson(property(got, ...path), wanted) && equalJson(without(got, path), without(before, path));
  return result.ok && isMeant ? { ok: true, text: after, changed: true } : refuse(UNSAFE, node?.start ?? 0);
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

function linesOf(eol: string, value: JsonObject, prefix = ""): string {
  const lines = Object.entries(value).map(([key, each]) => `${prefix}${keyText(key)} = ${inline(each)}${eol}`);
  return lines.join("");
}

const keyText = (...path: Path): string =>
  path.map((key) => (/^[\w-]+$/.test(key) ? key : JSON.stringify(key))).join(".");

/** A value on one line. The escapes of JSON's strings are those of TOML. */
function inline(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)} = ${inline(each)}`);
  return `{ ${pairs.join(", ")} }`;
}

/** The value without the path, and without tables that this leaves empty: `[a.b]` makes `a`, too. */
function without(value: Json | undefined, [key, ...rest]: Path): Json | undefined {
  if (key === undefined || !isObject(value)) return key === undefined ? undefined : value;
  const inner = without(value[key], rest);
  const others = Object.entries(value).filter(([name]) => name !== key);
  const left = inner === undefined ? others : [...others, [key, inner] as const];
  return left.length === 0 ? undefined : toObject(left);
}

const eolOf = (text: string): string => /\r?\n/.exec(text)?.[0] ?? "\n";
const lineEnd = (text: string, offset: number): number => text.indexOf("\n", offset) + 1 || text.length;
