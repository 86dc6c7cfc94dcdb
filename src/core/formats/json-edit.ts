/**
 * Edits of JSON and JSONC as text: what is not ours keeps every byte. jsonc-parser's `modify` is not used, since it
 * reformats the neighbour, moves its comment and edits broken files without a word (jsonc-parser 3.3.1, 2026).
 */
import type { Container, EditOptions, Json, Node, Refused } from "./json.ts";
import { equalJson, isObject, parseTree, toJson, toObject } from "./json.ts";
import type { Indent, Span, Style } from "./json-style.ts";
import {
  detectStyle,
  formatCreated,
  formatJson,
  formatMember,
  hasBreak,
  lineIndent,
  NEW_STYLE,
  placeIn,
  removalOf,
} from "./json-style.ts";

/** `changed: false` comes with the very text that went in. */
export type Edited =
  | { readonly ok: true; readonly text: string; readonly changed: boolean }
  | { readonly ok: false; readonly refused: Refused };

/** Goal of an edit: a property with a value, or an item in the array at the path. */
interface Goal {
  readonly path: readonly string[];
  readonly value: Json;
  readonly item?: string;
}

/** How far a path is there: the containers along it, the index of each key in its own, and the node at its end if there is one. */
interface Walk {
  readonly root: Node;
  readonly containers: readonly Container[];
  readonly indices: readonly number[];
  readonly node: Node | undefined;
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
  return put(text ?? "", { path, value }, options);
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
  return put(text ?? "", { path, value: [item], item }, options);
}

/**
 * The document without the property at `path`, and without objects that `setProperty` created for it. What `setProperty`
 * inserted comes out byte for byte; unchanged if there is no such property. Refused as in `setProperty`.
 */
export function removeProperty(text: string, path: readonly string[], options: EditOptions): Edited {
  if (isEmptyText(text)) return unchanged(text);
  const walk = follow(text, path, options);
  if ("refused" in walk) return walk;
  return walk.node === undefined ? unchanged(text) : takeOut(text, walk.containers, walk.indices, options);
}

/** Each round reads the document anew: a file made to hold one item thousands of times would keep a run busy for minutes. */
const MOST_TWINS = 20;

/** The document without `item` in the array at `path`: all of its occurrences, and the array if `addToArray` created it. */
export function removeFromArray(
  text: string,
  path: readonly string[],
  item: string,
  options: EditOptions,
  twins = MOST_TWINS,
): Edited {
  if (isEmptyText(text)) return unchanged(text);
  const walk = follow(text, path, options);
  if ("refused" in walk) return walk;
  const { containers, indices, node } = walk;
  if (node === undefined) return unchanged(text);
  if (node.kind !== "array") return refuse(`"${path.join(".")}" is not an array`, node.start);
  const index = indexOfItem(node, item);
  if (index < 0) return unchanged(text);
  if (twins === 0) return refuse(`"${path.join(".")}" holds the same item more than ${MOST_TWINS} times`, node.start);
  const edited = takeOut(text, [...containers, node], [...indices, index], options);
  if (!edited.ok) return edited;
  const rest = removeFromArray(edited.text, path, item, options, twins - 1);
  return rest.ok ? { ...rest, changed: true } : rest;
}

/** True for an empty object, or one whose values are empty objects: what is left of a file that we created. */
export function isSkeleton(text: string): boolean {
  const tree = parseTree(text, { strict: true });
  const isEmpty = (node: Node): boolean => node.kind === "object" && node.entries.length === 0;
  return tree.ok && tree.root.kind === "object" && tree.root.entries.every(({ value }) => isEmpty(value));
}

function put(text: string, goal: Goal, options: EditOptions): Edited {
  const { path, value, item } = goal;
  if (isEmptyText(text)) {
    const meant = withValue(null, path, value);
    const bom = text.startsWith("\uFEFF") ? "\uFEFF" : "";
    return verified(undefined, `${bom}${formatJson(meant, "", NEW_STYLE)}\n`, meant, options, 0);
  }
  const walk = follow(text, path, options);
  if ("refused" in walk) return walk;
  const { root, containers, node } = walk;
  const style = detectStyle(text, root);
  const parent = containers.at(-1);
  if (parent === undefined) return refuse("the document itself is not replaced", 0);
  const meant = (written: Json): Json => withValue(toJson(root), path, written);
  if (node === undefined) {
    const rest = path.slice(containers.length - 1);
    const after = placeIn(text, parent, style, (indent) => newMember(rest, goal, indent, style));
    return verified(text, after, meant(value), options, parent.start);
  }
  if (item === undefined) {
    if (equalJson(toJson(node), value)) return unchanged(text);
    const written = formatJson(value, indentOf(text, walk, node, style), style);
    const after = text.slice(0, node.start) + written + text.slice(node.end);
    return verified(text, after, meant(value), options, node.start);
  }
  if (node.kind !== "array") return refuse(`"${path.join(".")}" is not an array`, node.start);
  if (indexOfItem(node, item) >= 0) return unchanged(text);
  const after = placeIn(text, node, style, () => JSON.stringify(item));
  const items = node.entries.map((entry) => toJson(entry.value));
  return verified(text, after, meant([item, ...items]), options, node.start);
}

/** A property with the objects that are missing around the value, each marked as ours. */
function newMember(path: readonly string[], goal: Goal, indent: Indent, style: Style): string {
  const [key = "", ...rest] = path;
  const inner = indent === undefined ? undefined : indent + style.unit;
  const value =
    rest.length > 0
      ? formatCreated("object", newMember(rest, goal, inner, style), indent, style)
      : goal.item !== undefined
        ? formatCreated("array", JSON.stringify(goal.item), indent, style)
        : formatJson(goal.value, indent, style);
  return formatMember(key, value, style);
}

/** How a value is replaced: what was on one line stays on it. */
function indentOf(text: string, { containers, indices }: Walk, node: Node, style: Style): Indent {
  const parent = containers.at(-1);
  const isOneLine = (each: Node): boolean => !hasBreak(text.slice(each.start, each.end));
  if (style.oneLine || (parent !== undefined && isOneLine(parent))) return undefined;
  if (node.kind !== "scalar" && node.entries.length > 0 && isOneLine(node)) return undefined;
  return lineIndent(text, parent?.entries[indices.at(-1) ?? 0]?.start ?? node.start);
}

/** Follows a path through a document that can be edited. */
function follow(text: string, path: readonly string[], options: EditOptions): Walk | (Edited & { readonly ok: false }) {
  const tree = parseTree(text, options);
  if (!tree.ok) return tree;
  const { root } = tree;
  const containers: Container[] = [];
  const indices: number[] = [];
  let node: Node = root;
  for (const [level, key] of path.entries()) {
    if (node.kind !== "object") {
      const what = level === 0 ? "the document" : `"${path.slice(0, level).join(".")}"`;
      return refuse(`${what} is not an object`, node.start);
    }
    const [entry, twice] = node.entries.filter((each) => each.key === key);
    if (twice !== undefined)
      return refuse(`the key ${JSON.stringify(key)} appears twice`, twice.start, "keep one of them");
    containers.push(node);
    if (entry === undefined) return { root, containers, indices, node: undefined };
    indices.push(node.entries.indexOf(entry));
    node = entry.value;
  }
  return { root, containers, indices, node };
}

/** Takes out the last entry of a chain of containers, and every container that was created for it alone. */
function takeOut(text: string, chain: readonly Container[], indices: readonly number[], options: EditOptions): Edited {
  const [root] = chain;
  for (let level = chain.length - 1; root !== undefined && level >= 0; level -= 1) {
    const container = chain[level] ?? root;
    const removal = removalOf(text, container, indices[level] ?? 0);
    if (removal === "created" && level > 0) continue;
    const meant = without(root, indices.slice(0, level + 1));
    for (const spans of removal === "created" ? [[[container.start + 1, container.end - 1] as const]] : removal) {
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
  const object = isObject(document) ? document : toObject([]);
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

function indexOfItem(array: Container, item: string): number {
  return array.entries.findIndex(({ value }) => value.kind === "scalar" && value.value === item);
}

function cutOut(text: string, spans: readonly Span[]): string {
  return [...spans].reverse().reduce((rest, [from, to]) => rest.slice(0, from) + rest.slice(to), text);
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
