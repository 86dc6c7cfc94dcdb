/**
 * Edits of JSON and JSONC as text: what is not ours keeps every byte. jsonc-parser's `modify` is not used, since it
 * reformats the neighbour, moves its comment and edits broken files without a word (jsonc-parser 3.3.1, 2026).
 */
import type { Container, Edited, EditOptions, Json, Node, Refused } from "./json.ts";
import { equalJson, isObject, parseTree, toJson, toObject } from "./json.ts";
import { detectStyle, formatJson, formatMember, hasBreak, isOurs, lineIndent, placeIn, waysOut } from "./json-style.ts";

type Path = readonly string[];

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
 * Refused, beside what `parseTree` refuses: a key of the path that is there twice, a parent that is no object.
 */
export function setProperty(text: string | undefined, path: Path, value: Json, options: EditOptions): Edited {
  return put(text ?? "", path, value, undefined, options);
}

/**
 * The array of strings at `path` with `item` first in it, unchanged if it is in there; the array is created if absent.
 * Refused as in `setProperty`, and if there is something else than an array.
 */
export function addToArray(text: string | undefined, path: Path, item: string, options: EditOptions): Edited {
  return put(text ?? "", path, [item], item, options);
}

function put(text: string, path: Path, value: Json, item: string | undefined, options: EditOptions): Edited {
  if (isEmptyText(text)) {
    const bom = text.startsWith("\uFEFF") ? "\uFEFF" : "";
    const meant = withValue(null, path, value);
    return verified(`${bom}${JSON.stringify(meant, null, 2)}\n`, meant, options, 0);
  }
  const walk = follow(text, path, options);
  if ("refused" in walk) return walk;
  const { root, containers, indices, node } = walk;
  const parent = containers.at(-1);
  if (parent === undefined) return refuse("the document itself is not replaced", 0);
  const style = detectStyle(text, root);
  const meant = (written: Json): Json | undefined => withValue(toJson(root), path, written);
  if (node === undefined) {
    const missing = path.slice(containers.length - 1);
    const after = placeIn(text, parent, style, (indent) =>
      formatMember(missing, value, item !== undefined, indent, style),
    );
    return verified(after, meant(value), options, parent.start);
  }
  if (item !== undefined) {
    if (node.kind !== "array") return refuse(`"${path.join(".")}" is not an array`, node.start);
    if (indexOfItem(node, item) >= 0) return unchanged(text);
    const items = node.entries.map((entry) => toJson(entry.value));
    const after = placeIn(text, node, style, () => JSON.stringify(item));
    return verified(after, meant([item, ...items]), options, node.start);
  }
  if (equalJson(toJson(node), value)) return unchanged(text);
  // what was on one line stays on it
  const isOneLine = (each: Node): boolean => !hasBreak(text.slice(each.start, each.end));
  const wasOneLine = isOneLine(parent) || (node.kind !== "scalar" && node.entries.length > 0 && isOneLine(node));
  const indent = lineIndent(text, parent.entries[indices.at(-1) ?? 0]?.start ?? node.start);
  const written = formatJson(value, wasOneLine ? undefined : indent, style);
  return verified(text.slice(0, node.start) + written + text.slice(node.end), meant(value), options, node.start);
}

/**
 * The document without the property at `path`, and without objects that `setProperty` created for it. What `setProperty`
 * inserted comes out byte for byte; unchanged if there is no such property. Refused as in `setProperty`.
 */
export function removeProperty(text: string, path: Path, options: EditOptions): Edited {
  if (isEmptyText(text)) return unchanged(text);
  const walk = follow(text, path, options);
  if ("refused" in walk) return walk;
  return walk.node === undefined ? unchanged(text) : takeOut(text, path, walk, options);
}

/** Each round reads the document anew: a file made to hold one item thousands of times would keep a run busy for minutes. */
const MOST_TWINS = 20;

/** The document without `item` in the array at `path`: all of its occurrences, and the array if `addToArray` created it. */
export function removeFromArray(text: string, path: Path, item: string, options: EditOptions, twins = 0): Edited {
  if (isEmptyText(text)) return unchanged(text);
  const walk = follow(text, path, options);
  if ("refused" in walk) return walk;
  const { containers, indices, node } = walk;
  if (node === undefined) return unchanged(text);
  if (node.kind !== "array") return refuse(`"${path.join(".")}" is not an array`, node.start);
  const index = indexOfItem(node, item);
  if (index < 0) return unchanged(text);
  if (twins === MOST_TWINS)
    return refuse(`"${path.join(".")}" holds the same item more than ${MOST_TWINS} times`, node.start);
  const chain = { ...walk, containers: [...containers, node], indices: [...indices, index] };
  const edited = takeOut(text, path, chain, options);
  const rest = edited.ok ? removeFromArray(edited.text, path, item, options, twins + 1) : edited;
  return rest.ok ? { ...rest, changed: true } : rest;
}

/** True for an empty object, or one whose values are empty objects: what is left of a file that we created. */
export function isSkeleton(text: string): boolean {
  const tree = parseTree(text, { strict: true });
  const isEmpty = (node: Node): boolean => node.kind === "object" && node.entries.length === 0;
  return tree.ok && tree.root.kind === "object" && tree.root.entries.every(({ value }) => isEmpty(value));
}

/** Follows a path through a document that can be edited. */
function follow(text: string, path: Path, options: EditOptions): Walk | (Edited & { readonly ok: false }) {
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
function takeOut(text: string, path: Path, { root, containers, indices }: Walk, options: EditOptions): Edited {
  const level = containers.findLastIndex((each, at) => at === 0 || !isOurs(text, each));
  const container = containers[level];
  const [at, index] = [container?.start ?? root.start, indices[level] ?? 0];
  const items = container?.kind === "array" ? container.entries.map(({ value }) => toJson(value)) : undefined;
  const meant = withValue(toJson(root), path.slice(0, level + 1), items?.toSpliced(index, 1));
  for (const spans of container === undefined ? [] : waysOut(text, container, index)) {
    const cut = spans.reduceRight((rest, [from, to]) => rest.slice(0, from) + rest.slice(to), text);
    const edited = verified(cut, meant, options, at);
    if (edited.ok) return edited;
  }
  return refuse("it cannot be edited safely", at);
}

/** The last gate: what would be written is read again, and must be what was meant. */
function verified(after: string, meant: Json | undefined, options: EditOptions, offset: number): Edited {
  const tree = parseTree(after, options);
  if (!tree.ok || meant === undefined || !equalJson(toJson(tree.root), meant))
    return refuse("it cannot be edited safely", offset);
  return { ok: true, text: after, changed: true };
}

/** The document with another value at the path; undefined takes it out. */
function withValue(document: Json, path: Path, value: Json | undefined): Json | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const object = isObject(document) ? document : toObject([]);
  const inner = withValue(object[key] ?? null, rest, value);
  const others = Object.entries(object).filter(([name]) => name !== key);
  return toObject(inner === undefined ? others : [...others, [key, inner]]);
}

function indexOfItem(array: Container, item: string): number {
  return array.entries.findIndex(({ value }) => value.kind === "scalar" && value.value === item);
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
