/**
 * Edits of JSON and JSONC as text: what is not ours keeps every byte. jsonc-parser's `modify` is not used, since it
 * reformats the neighbour, moves its comment and edits broken files without a word (jsonc-parser 3.3.1, 2026).
 */

import type { Container, EditOptions, Json, JsonObject, Node, Refused } from "./json.ts";
import { equalJson, isArray, MAX_DEPTH, parseTree, toJson, toObject } from "./json.ts";
import type { Span } from "./json-place.ts";
import { createdTail, placeIn, removalOf } from "./json-place.ts";
import type { Layout, Style } from "./json-style.ts";
import { detectStyle, formatJson, formatMember, hasBreak, lineIndent, NEW_STYLE, wrap } from "./json-style.ts";

export type { EditOptions, Json, Refused } from "./json.ts";

/** `changed: false` comes with the very text that went in. */
export type Edited =
  | { readonly ok: true; readonly text: string; readonly changed: boolean }
  | { readonly ok: false; readonly refused: Refused };

export type Parsed = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly refused: Refused };

/** Goal of an edit: a property with a value, or an item in the array at the path. */
interface Goal {
  readonly path: readonly string[];
  readonly value: Json;
  readonly item: string | undefined;
}

/** How far a path is there: the containers along it, and the node at its end if there is one. */
interface Walk {
  readonly containers: readonly Container[];
  readonly indices: readonly number[];
  readonly node: Node | undefined;
}

/**
 * Reads a document. Objects of the value have no prototype, and of duplicate keys the last one counts.
 * Refused: a syntax error, conflict markers, in strict mode a comment or trailing comma, an empty document,
 * nesting that is too deep. Never throws.
 */
export function parseDocument(text: string, options: EditOptions): Parsed {
  const tree = parseTree(text, options);
  return tree.ok ? { ok: true, value: toJson(tree.root) } : tree;
}

/**
 * The document with `value` at `path`. A new property is inserted first in its object, with the objects that are missing
 * around it, and no other byte changes; an existing value is replaced alone; an equal one is left as it is written.
 * Without a document (undefined or blank) a new one is made: two spaces, LF, final newline.
 * Refused, beside what `parseDocument` refuses: a key of the path that is there twice, a parent that is no object.
 */
export function setProperty(
  text: string | undefined,
  path: readonly string[],
  value: Json,
  options: EditOptions,
): Edited {
  return put(text, { path, value, item: undefined }, options);
}

/**
 * The array of strings at `path` with `item` first in it, unchanged if it is in there; the array is created if absent.
 * Refused as in `setProperty`, and if there is something else than an array.
 */
export function addToArray(
  text: string | undefined,
  path: readonly string[],
  item: string,
  options: EditOptions,
): Edited {
  return put(text, { path, value: [item], item }, options);
}

/**
 * The document without the property at `path`, and without objects that `setProperty` created for it. What `setProperty`
 * inserted comes out byte for byte; unchanged if there is no such property. Refused as in `setProperty`.
 */
export function removeProperty(text: string, path: readonly string[], options: EditOptions): Edited {
  if (isEmptyText(text)) return unchanged(text);
  const found = open(text, path, options);
  if (!found.ok) return found;
  const { containers, indices, node } = found.walk;
  return node === undefined ? unchanged(text) : takeOut(text, containers, indices, options);
}

/** Nobody writes an item down this often; a file that holds it thousands of times would take minutes. */
const MOST_TWINS = 20;

/** The document without `item` in the array at `path`: all of its occurrences, and the array if `addToArray` created it. */
export function removeFromArray(text: string, path: readonly string[], item: string, options: EditOptions): Edited {
  let current = text;
  for (let round = 0; ; round += 1) {
    if (isEmptyText(current)) return unchanged(text);
    const found = open(current, path, options);
    if (!found.ok) return found;
    const { containers, indices, node } = found.walk;
    if (node === undefined) break;
    if (node.kind !== "array") return refuse(`"${path.join(".")}" is not an array`, node.start);
    const index = indexOfItem(node, item);
    if (index < 0) break;
    // each round reads the document anew
    if (round === MOST_TWINS)
      return refuse(`"${path.join(".")}" holds the same item more than ${MOST_TWINS} times`, node.start);
    const edited = takeOut(current, [...containers, node], [...indices, index], options);
    if (!edited.ok) return edited;
    current = edited.text;
  }
  return { ok: true, text: current, changed: current !== text };
}

/** True for an empty object, or one whose values are empty objects: what is left of a file that we created. */
export function isSkeleton(text: string): boolean {
  const tree = parseTree(text, { strict: true });
  const isEmpty = (node: Node): boolean => node.kind === "object" && node.entries.length === 0;
  return tree.ok && tree.root.kind === "object" && tree.root.entries.every(({ value }) => isEmpty(value));
}

function put(text: string | undefined, goal: Goal, options: EditOptions): Edited {
  const { path, value, item } = goal;
  if (path.length === 0) return refuse("the document itself is not replaced", 0);
  if (path.length + depthOf(value, MAX_DEPTH) > MAX_DEPTH) return refuse(`nested deeper than ${MAX_DEPTH} levels`, 0);
  if (text === undefined || isEmptyText(text)) return create(text ?? "", goal, options);
  const found = open(text, path, options);
  if (!found.ok) return found;
  const { root, walk } = found;
  const style = detectStyle(text, root);
  const { containers, node } = walk;
  if (node === undefined) {
    const rest = path.slice(containers.length - 1);
    const last = containers.at(-1);
    if (last === undefined) return refuse("it cannot be edited safely", 0);
    const after = placeIn(text, last, style, (layout) => newMember(rest, goal, layout, style));
    return verified(text, after, withValue(toJson(root), path, value), options, last.start);
  }
  if (item === undefined) {
    const old = toJson(node);
    if (equalJson(old, value)) return unchanged(text);
    const after = text.slice(0, node.start) + replacement(text, walk, node, value, style) + text.slice(node.end);
    return verified(text, after, withValue(toJson(root), path, value), options, node.start);
  }
  if (node.kind !== "array") return refuse(`"${path.join(".")}" is not an array`, node.start);
  if (indexOfItem(node, item) >= 0) return unchanged(text);
  const after = placeIn(text, node, style, () => JSON.stringify(item));
  const items = node.entries.map((entry) => toJson(entry.value));
  return verified(text, after, withValue(toJson(root), path, [item, ...items]), options, node.start);
}

function create(text: string, goal: Goal, options: EditOptions): Edited {
  const bom = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  const meant = withValue(toObject([]), goal.path, goal.value);
  return verified(
    undefined,
    `${bom}${formatJson(meant, { mode: "lines", indent: "" }, NEW_STYLE)}\n`,
    meant,
    options,
    0,
  );
}

/** A property with the objects that are missing around the value. Each of them is marked as ours by its tail. */
function newMember(path: readonly string[], goal: Goal, layout: Layout, style: Style): string {
  const [key = "", ...rest] = path;
  const inner: Layout = layout.mode === "lines" ? { mode: "lines", indent: layout.indent + style.unit } : layout;
  const created = (kind: "object" | "array", part: string): string =>
    wrap(kind, [part], layout, style, createdTail(kind, layout, style));
  if (rest.length > 0) return formatMember(key, created("object", newMember(rest, goal, inner, style)), style);
  if (goal.item !== undefined) return formatMember(key, created("array", JSON.stringify(goal.item)), style);
  return formatMember(key, formatJson(goal.value, layout, style), style);
}

/** The new value in the manner of the old one: what was on one line stays on it. */
function replacement(text: string, walk: Walk, node: Node, value: Json, style: Style): string {
  const parent = walk.containers.at(-1);
  const start = parent?.entries[walk.indices.at(-1) ?? 0]?.start ?? node.start;
  const oneLine =
    style.oneLine ||
    (node.kind !== "scalar" && node.entries.length > 0 && !hasBreak(text.slice(node.start, node.end))) ||
    (parent !== undefined && !hasBreak(text.slice(parent.start, parent.end)));
  return formatJson(value, oneLine ? { mode: "inline" } : { mode: "lines", indent: lineIndent(text, start) }, style);
}

/** Follows a path through a document that can be edited. */
function open(
  text: string,
  path: readonly string[],
  options: EditOptions,
): { readonly ok: true; readonly root: Node; readonly walk: Walk } | { readonly ok: false; readonly refused: Refused } {
  const tree = parseTree(text, options);
  if (!tree.ok) return tree;
  const containers: Container[] = [];
  const indices: number[] = [];
  let node: Node | undefined = tree.root;
  for (const [level, key] of path.entries()) {
    if (node.kind !== "object") {
      const what = level === 0 ? "the document" : `"${path.slice(0, level).join(".")}"`;
      return refuse(`${what} is not an object`, node.start);
    }
    const [index, twice]: readonly number[] = node.entries.flatMap((entry, at) => (entry.key === key ? [at] : []));
    if (twice !== undefined) {
      return refuse(
        `the key ${JSON.stringify(key)} is there twice`,
        node.entries[twice]?.start ?? 0,
        "keep one of them",
      );
    }
    containers.push(node);
    if (index === undefined) return { ok: true, root: tree.root, walk: { containers, indices, node: undefined } };
    indices.push(index);
    node = node.entries[index]?.value ?? node;
  }
  return { ok: true, root: tree.root, walk: { containers, indices, node } };
}

/** Takes out the last entry of a chain of containers, and every container that was created for it alone. */
function takeOut(text: string, chain: readonly Container[], indices: readonly number[], options: EditOptions): Edited {
  const [root] = chain;
  for (let level = chain.length - 1; level >= 0; level -= 1) {
    const container = chain[level];
    const index = indices[level] ?? 0;
    if (root === undefined || container === undefined) break;
    const removal = removalOf(text, container, index);
    if (removal === "created" && level > 0) continue;
    const ways: readonly (readonly Span[])[] =
      removal === "created" ? [[[container.start + 1, container.end - 1]]] : removal;
    const meant = without(root, indices.slice(0, level + 1));
    for (const spans of ways) {
      const edited = verified(text, cutOut(text, spans), meant, options, container.start);
      if (edited.ok) return edited;
    }
    break;
  }
  return refuse("it cannot be edited safely", root?.start ?? 0);
}

/** The last gate: what would be written is read again, and must be what was meant. */
function verified(
  before: string | undefined,
  after: string,
  meant: Json,
  options: EditOptions,
  offset: number,
): Edited {
  const tree = parseTree(after, options);
  if (!tree.ok || !equalJson(toJson(tree.root), meant)) return refuse("it cannot be edited safely", offset);
  return { ok: true, text: after, changed: after !== before };
}

function withValue(document: Json, path: readonly string[], value: Json): Json {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const object: JsonObject = isObject(document) ? document : toObject([]);
  return toObject([...Object.entries(object), [key, withValue(object[key] ?? null, rest, value)]]);
}

function without(node: Node, indices: readonly number[]): Json {
  const [index, ...rest] = indices;
  if (node.kind === "scalar" || index === undefined) return toJson(node);
  const entries = node.entries.flatMap(({ key, value }, at): [string, Json][] => {
    if (at !== index) return [[key, toJson(value)]];
    return rest.length === 0 ? [] : [[key, without(value, rest)]];
  });
  return node.kind === "array" ? entries.map(([, value]) => value) : toObject(entries);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !isArray(value);
}

/** Levels of nesting, counted no further than the limit. */
function depthOf(value: Json, limit: number): number {
  if (typeof value !== "object" || value === null || limit <= 0) return 0;
  return 1 + Object.values(value).reduce((most: number, item: Json) => Math.max(most, depthOf(item, limit - 1)), 0);
}

function indexOfItem(array: Container, item: string): number {
  return array.entries.findIndex(({ value }) => value.kind === "scalar" && value.value === item);
}

function cutOut(text: string, spans: readonly Span[]): string {
  let result = "";
  let at = 0;
  for (const [from, to] of spans) {
    result += text.slice(at, from);
    at = to;
  }
  return result + text.slice(at);
}

function isEmptyText(text: string): boolean {
  return /^\uFEFF?[ \t\r\n]*$/.test(text);
}

function unchanged(text: string): Edited {
  return { ok: true, text, changed: false };
}

function refuse(reason: string, offset: number, hint?: string): { readonly ok: false; readonly refused: Refused } {
  return { ok: false, refused: hint === undefined ? { reason, offset } : { reason, offset, hint } };
}
