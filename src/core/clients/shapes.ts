/** The shapes of values, and what in a value does not fit. */
import type { Container, Entry, Node } from "../formats/json.ts";
import { kindWord, member, textOf, winners } from "../formats/nodes.ts";

export interface Misfit {
  readonly node: Node;
  /** Below the field: `.callbackPort`, `[2]`; empty for the field itself. */
  readonly at: string;
  readonly got: string;
  readonly allowed: string;
}

/** A node → the parts that do not fit; empty if all of it fits. */
export type Shape = (node: Node) => readonly Misfit[];

const misfit = (node: Node, allowed: string, got = kindWord(node)) => [{ node, at: "", got, allowed }];

export const leaf =
  (allowed: string, fits: (node: Node) => boolean, got = kindWord): Shape =>
  (node) =>
    fits(node) ? [] : misfit(node, allowed, got(node));

const NULL: Node = { kind: "scalar", start: 0, end: 0, value: null };

/** One of these shapes; if none fits, what is wrong with the container, or else all that is allowed. */
export function either(...shapes: readonly Shape[]): Shape {
  return (node) => {
    const all = shapes.map((shape) => shape(node));
    if (all.some((each) => each.length === 0)) return [];
    const inside = all.find((each) => each.every(({ at }) => at !== ""));
    const allowed = [...new Set(all.flat().map((each) => each.allowed))].join(" or ");
    return inside ?? misfit(node, allowed, all[0]?.[0]?.got);
  };
}

/** A container whose entries have the shapes that `shapeOf` returns. */
function container(
  kind: Container["kind"],
  allowed: string,
  shapeOf: (entry: Pick<Entry, "key">) => Shape | undefined,
  required: readonly string[] = [],
): Shape {
  return (node) => {
    if (node.kind !== kind) return misfit(node, allowed);
    const misfits = (kind === "array" ? node.entries : winners(node)).flatMap((entry, index) => {
      const at = kind === "array" ? `[${index}]` : `.${entry.key}`;
      return (shapeOf(entry)?.(entry.value) ?? []).map((each) => ({ ...each, at: at + each.at }));
    });
    const missing = required.filter((key) => member(node, key) === undefined);
    const needed = (key: string): string => shapeOf({ key })?.(NULL)[0]?.allowed ?? "a value";
    return [...missing.map((key) => ({ node, at: `.${key}`, got: "missing", allowed: needed(key) })), ...misfits];
  };
}

export const list = (allowed: string, item: Shape): Shape => container("array", allowed, () => item);

/** An object whose values all fit. Claude Code ignores a key `__proto__`, so its value does not count. */
export const record = (allowed: string, value: Shape): Shape =>
  container("object", allowed, ({ key }) => (key === "__proto__" ? undefined : value));

/** An object with these fields, optional except the required ones; other keys are ignored. */
export const object = (fields: Readonly<Record<string, Shape>>, ...required: readonly string[]): Shape =>
  container("object", "an object", ({ key }) => (Object.hasOwn(fields, key) ? fields[key] : undefined), required);

export const string = leaf("a string", (node) => textOf(node) !== undefined);
export const stringList = list("a list of strings", string);
export const stringRecord = record("an object of strings", string);
export const anything: Shape = () => [];
/** Keys that must not be there beside this one. */
export const never = (beside: string, ...keys: readonly string[]) =>
  Object.fromEntries(keys.map((key) => [key, leaf(`no "${key}" beside "${beside}"`, () => false)]));
export const filled = leaf("a string that is not empty", (node) => (textOf(node) ?? "") !== "");
export const boolean = leaf("true or false", (node) => node.kind === "scalar" && typeof node.value === "boolean");
/** A number; one that does not fit is shown. */
export function number(allowed: string, fits: (value: number) => boolean): Shape {
  return (node) => {
    if (node.kind !== "scalar" || typeof node.value !== "number")
      return misfit(node, textOf(node) === undefined ? allowed : `${allowed}, without quotes`);
    return fits(node.value) ? [] : misfit(node, allowed, String(node.value));
  };
}
export const wholeAbove0 = number("a whole number above 0", (value) => Number.isSafeInteger(value) && value > 0);
/** One of these words; another one is shown, and may be a secret: whoever prints it masks it. */
export const oneOf = (...words: readonly string[]): Shape =>
  leaf(
    words.map((word) => `"${word}"`).join(", "),
    (node) => words.includes(textOf(node) ?? ""),
    (node) => (textOf(node) ? JSON.stringify(textOf(node)) : kindWord(node)),
  );
