/**
 * Edits of JSON and JSONC as text: every other byte stays. jsonc-parser's `modify` is not used, because it
 * reformats neighbours, moves their comments and silently edits broken files (jsonc-parser 3.3.1, 2026).
 */
import type { Container, Edited, EditOptions, Entry, Json, Node } from "./json.ts";
import { equalJson, isObject, parseTree, toJson, toObject } from "./json.ts";

type Path = readonly string[];

/**
 * How far a path exists: the containers along it, each with the index of the next key, and the node at its end.
 * Only the last index can be -1: its key does not exist.
 */
type Walk = { readonly root: Node; readonly steps: readonly Step[]; readonly node: Node | undefined };
type Step = { readonly container: Container; readonly index: number };

/**
 * The document with `value` at `path`. A new property is inserted first in its object, with the missing objects
 * around it, and no other byte changes except the white space of an empty object; only an existing value is replaced,
 * and an equal one stays as it is written. A blank text becomes a new document.
 * Refused, besides what `parseTree` refuses: a key of the path that occurs twice, a parent that is not an object.
 */
export function setProperty(text: string, path: Path, value: Json, options: EditOptions): Edited {
  const bom = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  if (isBlank(text)) return setProperty(`${bom}{}\n`, path, value, options);
  const walk = follow(text, path, options);
  if ("refused" in walk) return walk;
  const { root, steps, node } = walk;
  const parent = steps.at(-1)?.container;
  if (parent === undefined) return refuse("the document itself is not replaced", 0);
  const meant = withValue(toJson(root), path, value);
  if (node === undefined) {
    const [key = "", ...missing] = path.slice(steps.length - 1);
    const member = withValue(null, missing, value) ?? null;
    const render = (indent?: string): string => `${JSON.stringify(key)}: ${formatJson(member, text, indent)}`;
    return verified(insertFirst(text, root, parent, render), meant, options, parent.start);
  }
  if (equalJson(toJson(node), value)) return { ok: true, text };
  const isOneLine = !hasBreak(text.slice(parent.start, parent.end));
  const written = formatJson(value, text, isOneLine ? undefined : lineIndent(text, node.start));
  return verified(text.slice(0, node.start) + written + text.slice(node.end), meant, options, node.start);
}

/** The array at `path` with `item` first, unchanged if it has the item. Created and refused as by `setProperty`. */
export function addToArray(text: string, path: Path, item: Json, options: EditOptions): Edited {
  const walk = follow(text, path, options);
  if ("refused" in walk) return walk;
  const { root, node } = walk;
  if (node === undefined) return setProperty(text, path, [item], options);
  if (node.kind !== "array") return refuse(`"${path.join(".")}" is not an array`, node.start);
  if (indexOfItem(node, item) >= 0) return { ok: true, text };
  const meant = withValue(toJson(root), path, [item, ...node.entries.map(({ value }) => toJson(value))]);
  const after = insertFirst(text, root, node, (indent) => formatJson(item, text, indent));
  return verified(after, meant, options, node.start);
}

/** The document without the property, and without objects that become empty: the inverse of `setProperty`. */
export function removeProperty(text: string, path: Path, options: EditOptions): Edited {
  const walk = follow(text, path, options);
  if ("refused" in walk) return walk;
  return walk.node === undefined ? { ok: true, text } : takeOut(text, path, walk, options);
}

/** Each removal parses the document again: thousands of equal items, in a repository's file, would take minutes. */
const MOST_TWINS = 20;

/** The document without `item` in the array at `path`: all occurrences, and the array if it becomes empty. `twins`: those that are gone already. */
export function removeFromArray(text: string, path: Path, item: Json, options: EditOptions, twins = 0): Edited {
  const walk = follow(text, path, options);
  if ("refused" in walk) return walk;
  const { steps, node } = walk;
  if (node !== undefined && node.kind !== "array") return refuse(`"${path.join(".")}" is not an array`, node.start);
  const index = node === undefined ? -1 : indexOfItem(node, item);
  if (node === undefined || index < 0) return { ok: true, text };
  if (twins === MOST_TWINS) return refuse(`"${path.join(".")}" has the same item more than 20 times`, node.start);
  const edited = takeOut(text, path, { ...walk, steps: [...steps, { container: node, index }] }, options);
  return edited.ok ? removeFromArray(edited.text, path, item, options, twins + 1) : edited;
}

/** True for an empty object, or one whose values are empty objects: the rest of a file that we created. */
export function isSkeleton(text: string): boolean {
  const tree = parseTree(text, { strict: true });
  const isEmpty = (node: Node): boolean => node.kind === "object" && node.entries.length === 0;
  return tree.ok && tree.root.kind === "object" && tree.root.entries.every(({ value }) => isEmpty(value));
}

/** Follows a path through a document that can be edited. A blank one is empty. */
function follow(text: string, path: Path, options: EditOptions): Walk | (Edited & { readonly ok: false }) {
  const tree = parseTree(isBlank(text) ? "{}" : text, options);
  if (!tree.ok) return tree;
  const steps: Step[] = [];
  let node: Node | undefined = tree.root;
  for (const [level, key] of path.entries()) {
    if (node?.kind !== "object") {
      const what = level === 0 ? "the document" : `"${path.slice(0, level).join(".")}"`;
      return refuse(`${what} is not an object`, node?.start ?? 0);
    }
    const [entry, twice]: readonly Entry[] = node.entries.filter((each) => each.key === key);
    if (twice !== undefined)
      return refuse(`the key ${JSON.stringify(key)} appears twice`, twice.start, "keep one of them");
    steps.push({ container: node, index: entry === undefined ? -1 : node.entries.indexOf(entry) });
    node = entry?.value;
    if (node === undefined) break;
  }
  return { root: tree.root, steps, node };
}

/** The text before the first entry: comments on the line of the brace, then white space. */
const LEAD = /^(?:[ \t]*(?:\/\/[^\r\n]*|\/\*(?:[^*]|\*(?!\/))*\*\/))*\s*/;

/**
 * The text with one more entry, first in its container. The white space before it is repeated after it, so that
 * its neighbour keeps its place, and `takeOut` can remove exactly this. `indent`: of its line, if it gets one.
 */
function insertFirst(text: string, root: Node, container: Container, render: (indent?: string) => string): string {
  const { kind, start, end, entries } = container;
  const inside = text.slice(start + 1, end - 1);
  const insert = (at: number, run: string): string => text.slice(0, at) + run + text.slice(at);
  if (entries.length > 0) {
    const lead = LEAD.exec(inside)?.[0] ?? "";
    const gap = lead.slice(lead.trimEnd().length);
    const indent = hasBreak(gap) ? gap.split(/[\r\n]/).at(-1) : undefined;
    return insert(start + 1 + lead.length, `${render(indent)},${gap || " "}`);
  }
  const isOneLine =
    kind === "array" ? !hasBreak(inside) : container !== root && !hasBreak(text.slice(root.start, root.end));
  if (isOneLine) return insert(start + 1, render());
  const { eol, unit } = layoutOf(text);
  const outer = lineIndent(text, start);
  const rest = inside.trim() === "" ? eol + outer : inside;
  return `${text.slice(0, start + 1)}${eol}${outer}${unit}${render(outer + unit)}${rest}${text.slice(end - 1)}`;
}

/** Removes the last entry of a chain of containers, and every container that becomes empty. */
function takeOut(text: string, path: Path, { root, steps }: Walk, options: EditOptions): Edited {
  const level = steps.findLastIndex((step, at) => at === 0 || options.keepsEmpty || !isAlone(text, step.container));
  const step = steps[level];
  if (step === undefined) return refuse(UNSAFE, root.start);
  const { container, index } = step;
  const items = container.kind === "array" ? container.entries.map(({ value }) => toJson(value)) : undefined;
  const meant = withValue(toJson(root), path.slice(0, level + 1), items?.toSpliced(index, 1));
  const edits = waysOut(text, container, index).map((after) => verified(after, meant, options, container.start));
  return edits.find(({ ok }) => ok) ?? refuse(UNSAFE, container.start);
}

/** The only entry has nothing but white space around it. */
function isAlone(text: string, { start, end, entries }: Container): boolean {
  const [only, ...more] = entries;
  if (only === undefined || more.length > 0) return false;
  return `${text.slice(start + 1, only.start)}${text.slice(only.value.end, end - 1)}`.trim() === "";
}

/** The text without an entry and one comma: without and with its white space, since a line comment can break the first. */
function waysOut(text: string, { entries }: Container, index: number): readonly string[] {
  const [entry, before] = [entries[index], entries[index - 1]?.comma];
  if (entry === undefined) return [];
  const { start, value, comma } = entry;
  const tail = text.slice(value.end, comma) + (comma === undefined ? "" : text.slice(comma + 1));
  const isLast = comma === undefined && before !== undefined;
  const head = isLast ? text.slice(0, before) + text.slice(before + 1, start) : text.slice(0, start);
  const closer = index === 0 ? tail.trimStart() : tail;
  return [(entries.length === 1 || index > 0 ? head.trimEnd() : head) + closer, head + tail];
}

export const UNSAFE = "it cannot be edited safely";

/** The last check: the result is read again, and must have the intended values. */
function verified(after: string, meant: Json | undefined, options: EditOptions, offset: number): Edited {
  const tree = parseTree(after, options);
  if (!tree.ok || meant === undefined || !equalJson(toJson(tree.root), meant)) return refuse(UNSAFE, offset);
  return { ok: true, text: after };
}

/** The document with another value at the path; undefined removes it. */
export function withValue(document: Json, path: Path, value: Json | undefined): Json | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const object = isObject(document) ? document : toObject([]);
  const inner = withValue(object[key] ?? null, rest, value);
  const others = Object.entries(object).filter(([name]) => name !== key);
  return toObject(inner === undefined ? others : [...others, [key, inner]]);
}

/** The first line break and the first step of indentation in the document. */
const layoutOf = (text: string) => ({
  eol: /\r\n|\n|\r/.exec(text)?.[0] ?? "\n",
  unit: /[\r\n]([ \t]+)"/.exec(text)?.[1] ?? "  ",
});

/** A value as text, on one line without indentation. JSON strings have no line breaks: each one is layout. */
function formatJson(value: Json, text: string, indent: string | undefined): string {
  const { eol, unit } = layoutOf(text);
  if (indent === undefined) return JSON.stringify(value, null, 1).replace(/,\n */g, ", ").replace(/\n */g, "");
  return JSON.stringify(value, null, unit).replaceAll("\n", eol + indent);
}

const lineIndent = (text: string, offset: number): string =>
  /(?:^\uFEFF?|[\r\n])([ \t]*)[^\r\n]*$/.exec(text.slice(0, offset))?.[1] ?? "";

const hasBreak = (text: string): boolean => /[\r\n]/.test(text);

const indexOfItem = ({ entries }: Container, item: Json): number =>
  entries.findIndex(({ value }) => equalJson(toJson(value), item));

const isBlank = (text: string): boolean => /^\uFEFF?[ \t\r\n]*$/.test(text);

export function refuse(reason: string, offset: number, hint?: string): Edited & { readonly ok: false } {
  return { ok: false, refused: hint === undefined ? { reason, offset } : { reason, offset, hint } };
}
