/** JSON, strict or with comments → a tree with offsets. jsonc-parser's own tree sets prototypes and continues after errors (3.3.1). */
import { type JSONVisitor, visit } from "jsonc-parser";
import type { FileState } from "../plan/model.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Why a document is not read or edited: one sentence, no file name, never a value from the file. */
export interface Refused {
  readonly cause?: "conflict" | "too-deep";
  readonly reason: string;
  readonly offset: number;
  readonly hint?: string;
}

export type Edited = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly refused: Refused };

/** `strict`: comments and trailing commas are refused, since Claude Code drops the whole `.mcp.json` because of them. */
export interface EditOptions {
  readonly strict: boolean;
  /** Containers that a removal leaves empty stay. Otherwise they are removed too. */
  readonly keepsEmpty?: boolean;
}

/** A property of an object or an item of an array; the key of an item is empty, at the start of the value. */
export interface Entry {
  readonly key: string;
  readonly start: number;
  readonly keyEnd: number;
  readonly value: Node;
  readonly comma: number | undefined;
}

export interface Container {
  readonly kind: "object" | "array";
  readonly start: number;
  readonly end: number;
  readonly entries: readonly Entry[];
}

export interface Scalar {
  readonly kind: "scalar";
  readonly start: number;
  readonly end: number;
  readonly value: null | boolean | number | string;
}

export type Node = Container | Scalar;

export type Tree = { readonly ok: true; readonly root: Node } | { readonly ok: false; readonly refused: Refused };

/** No configuration is nested this deeply; the limit prevents a stack overflow in recursive functions. */
export const MAX_DEPTH = 256;

const FIX = "remove comments and trailing commas, then run this again";
const CUT_OFF = "the file ends too early, as if it were cut off";
const NO_VALUE = "this is not a JSON value";
const CONTROL = "a line break or a control character inside a string";
const ESCAPE = "an escape sequence that JSON does not have";

/** jsonc-parser's errors by number: its declarations are ambient const enums, which we cannot import. */
const INVALID_COMMENT = 10;
const UNCLOSED_STRING = 12;
const REASONS: Readonly<Record<number, string>> = {
  1: "this is neither a JSON value nor a name in double quotes",
  3: "a property name in double quotes is missing",
  5: "a colon after the property name is missing",
  6: "a comma or a closing bracket is missing",
  9: "there is text after the end of the JSON document",
  [INVALID_COMMENT]: "a comment, which strict JSON does not allow",
  11: "a comment is not closed",
  [UNCLOSED_STRING]: CONTROL,
  14: ESCAPE,
  15: ESCAPE,
  16: CONTROL,
};

/** A container that is not closed yet, and the key whose value is next. */
interface Open {
  readonly kind: Container["kind"];
  readonly start: number;
  readonly entries: { -readonly [Part in keyof Entry]: Entry[Part] }[];
  key?: Pick<Entry, "key" | "start" | "keyEnd"> | undefined;
}

/** Ends jsonc-parser's walk at the first error. */
class Stop extends Error {}

/** The tree of a document. A BOM is skipped. Never throws: an unreadable document is refused, with the offset. */
export function parseTree(text: string, { strict }: EditOptions): Tree {
  const open: Open[] = [];
  let root: Node | undefined;
  let refused: Refused = { reason: NO_VALUE, offset: 0 };
  const stop = (reason: string, offset: number, more: Pick<Refused, "cause" | "hint"> = {}): never => {
    refused = { reason, offset, ...more };
    throw new Stop();
  };
  const add = (value: Node): void => {
    const parent = open.at(-1);
    if (parent === undefined) root = value;
    else {
      const { key = { key: "", start: value.start, keyEnd: value.start } } = parent;
      parent.entries.push({ ...key, value, comma: undefined });
      parent.key = undefined;
    }
  };
  const begin = (kind: Container["kind"], start: number): void => {
    if (open.length === MAX_DEPTH) stop(`nested deeper than ${MAX_DEPTH} levels`, start, { cause: "too-deep" });
    open.push({ kind, start, entries: [] });
  };
  const end = (offset: number): void => {
    const { kind, start, entries } = open.pop() ?? stop(CUT_OFF, text.length);
    if (offset >= text.length) stop(CUT_OFF, text.length);
    const comma = entries.at(-1)?.comma;
    if (strict && comma !== undefined) stop("a trailing comma, which strict JSON does not allow", comma, { hint: FIX });
    add({ kind, start, end: offset + 1, entries });
  };
  const visitor: JSONVisitor = {
    onObjectBegin: (offset) => begin("object", offset),
    onArrayBegin: (offset) => begin("array", offset),
    onObjectEnd: end,
    onArrayEnd: end,
    onObjectProperty: (key, start, length) => {
      const parent = open.at(-1);
      if (parent !== undefined) parent.key = { key, start, keyEnd: start + length };
    },
    onLiteralValue: (value, start, length) => add({ kind: "scalar", start, end: start + length, value }),
    onSeparator: (sign, offset) => {
      const last = open.at(-1)?.entries.at(-1);
      if (sign === "," && last !== undefined) last.comma = offset;
    },
    onError: (error: number, start, length) => {
      const offset = error === UNCLOSED_STRING ? start + length : start;
      const isEmpty = open.length === 0 && error !== UNCLOSED_STRING;
      if (offset >= text.length) stop(isEmpty ? "the file contains no JSON" : CUT_OFF, text.length);
      stop(REASONS[error] ?? NO_VALUE, offset, error === INVALID_COMMENT ? { hint: FIX } : {});
    },
  };
  try {
    visit(text.replace(/^\uFEFF/, " "), visitor, { disallowComments: strict, allowTrailingComma: true });
    if (root !== undefined) return { ok: true, root };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
  }
  return { ok: false, refused: conflictIn(text) ?? refused };
}

/** A half-finished merge is the usual reason for a broken file, and the syntax error alone would not say so. */
export function conflictIn(text: string): Refused | undefined {
  const found = /^(?:<{7}(?: |$)|={7}$|>{7}(?: |$)|\|{7}(?: |$))/m.exec(text.replace(/\r/g, "\n"));
  const reason = "the file has conflict markers of an unfinished merge";
  return found ? { cause: "conflict", reason, offset: found.index, hint: "resolve the conflict first" } : undefined;
}

/** The value of a text; undefined if it cannot be read. */
export function jsonIn(text: string, options: EditOptions): Json | undefined {
  const tree = parseTree(text, options);
  return tree.ok ? toJson(tree.root) : undefined;
}

/** The value of a JSON file; undefined if it is absent, blank or broken (broken files are refused elsewhere). */
export const jsonOf = (state: FileState | undefined, strict: boolean): Json | undefined =>
  state?.kind === "file" ? jsonIn(state.text, { strict }) : undefined;

/** The plain value of a tree. Objects have no prototype, so `__proto__` and `constructor` are names like any other. */
export function toJson(node: Node): Json {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "array") return node.entries.map((entry) => toJson(entry.value));
  return toObject(node.entries.map((entry) => [entry.key, toJson(entry.value)] as const));
}

/** An object without a prototype; if a key occurs twice, the last one counts, as for every JSON reader. */
export function toObject(entries: Iterable<readonly [string, Json]>): JsonObject {
  return Object.setPrototypeOf(Object.fromEntries(entries), null);
}

const isArray = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !isArray(value);

/** Same keys and values; the order of keys does not count. */
export function equalJson(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (isArray(left) && isArray(right))
    return left.length === right.length && left.every((item, index) => equalJson(item, right[index] ?? null));
  if (!isObject(left) || !isObject(right)) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && equalJson(left[key] ?? null, right[key] ?? null));
}

export function property(value: Json | undefined, ...keys: readonly string[]): Json | undefined {
  return keys.reduce<Json | undefined>(
    (at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined),
    value,
  );
}
