/**
 * Reads JSON, with comments and trailing commas where they are allowed, into a tree that knows where everything is.
 * Own code rather than jsonc-parser: that one recurses until the stack is gone, sets prototypes and reads on after errors.
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Why a document is not edited. One sentence, no file name, never a value from the file. */
export interface Refused {
  readonly reason: string;
  readonly offset: number;
  readonly hint?: string;
}

/** `strict`: comments and trailing commas are refused, since Claude Code drops the whole `.mcp.json` because of them. */
export interface EditOptions {
  readonly strict: boolean;
}

/** A property of an object or an item of an array. `start` is the key or, in an array, the value. */
export interface Entry {
  readonly key: string;
  readonly start: number;
  readonly colon: number;
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

/** No configuration is nested this deep; the limit keeps every walk of the tree off the end of the stack. */
export const MAX_DEPTH = 256;

const CONFLICT = /^(?:<{7}(?: |$)|={7}$|>{7}(?: |$)|\|{7}(?: |$))/m;
const LITERAL = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON allows none of them inside a string
const STRING_END = /["\\\u0000-\u001F]/g;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const FIX = "run `create-halo-mcp check --fix`, which takes comments and trailing commas out";

interface Cursor {
  readonly text: string;
  readonly strict: boolean;
  at: number;
  refused: Refused | undefined;
}

/** The tree of a document. A BOM is skipped. Never throws: what cannot be read is refused, with the offset. */
export function parseTree(text: string, options: EditOptions): Tree {
  const cursor: Cursor = { text, strict: options.strict, at: text.startsWith("\uFEFF") ? 1 : 0, refused: undefined };
  const root = skipTrivia(cursor) ? readValue(cursor, 0) : undefined;
  if (root !== undefined && skipTrivia(cursor) && cursor.at < text.length) {
    fail(cursor, "there is text after the end of the JSON document");
  }
  if (root !== undefined && cursor.refused === undefined) return { ok: true, root };
  // Half of a merge is the usual reason for a broken file in a repository, and the syntax error alone would not say so.
  const conflict = CONFLICT.exec(text.replace(/\r/g, "\n"));
  if (conflict !== null) {
    const reason = "the file has conflict markers of an unfinished merge";
    return { ok: false, refused: { reason, offset: conflict.index, hint: "resolve the conflict first" } };
  }
  return { ok: false, refused: cursor.refused ?? { reason: "the file holds no JSON value", offset: cursor.at } };
}

/** The plain value of a tree. Objects have no prototype, so `__proto__` and `constructor` are names like any other. */
export function toJson(node: Node): Json {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "array") return node.entries.map((entry) => toJson(entry.value));
  return toObject(node.entries.map((entry) => [entry.key, toJson(entry.value)] as const));
}

/** An object without a prototype; of two equal keys the last one counts, as for every reader of JSON. */
export function toObject(entries: Iterable<readonly [string, Json]>): JsonObject {
  const object: Record<string, Json> = Object.create(null);
  for (const [key, value] of entries) object[key] = value;
  return object;
}

export function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Same keys and values; the order of keys does not count. */
export function equalJson(left: Json, right: Json): boolean {
  if (left === right) return true;
  if (left === null || right === null || typeof left !== "object" || typeof right !== "object") return false;
  if (isArray(left) || isArray(right)) {
    if (!isArray(left) || !isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => equalJson(item, right[index] ?? null));
  }
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && equalJson(left[key] ?? null, right[key] ?? null));
}

function fail(cursor: Cursor, reason: string, offset = cursor.at, hint?: string): undefined {
  cursor.refused ??= hint === undefined ? { reason, offset } : { reason, offset, hint };
  return undefined;
}

function failCutOff(cursor: Cursor): undefined {
  return fail(cursor, "the file ends in the middle of the document, as if it were cut off", cursor.text.length);
}

/** Moves over blanks and comments. False if that ended in a refusal. */
function skipTrivia(cursor: Cursor): boolean {
  const { text } = cursor;
  for (;;) {
    const unit = text[cursor.at];
    if (unit === " " || unit === "\t" || unit === "\n" || unit === "\r") {
      cursor.at += 1;
      continue;
    }
    if (unit !== "/" || (text[cursor.at + 1] !== "/" && text[cursor.at + 1] !== "*")) return true;
    if (cursor.strict) {
      fail(cursor, "a comment: Claude Code refuses the whole file because of it", cursor.at, FIX);
      return false;
    }
    const end = commentEnd(text, cursor.at);
    if (end === undefined) {
      fail(cursor, "a comment is not closed");
      return false;
    }
    cursor.at = end;
  }
}

/** Offset after the comment that starts at `at`; a line comment ends before its line break. Undefined if it is not closed. */
export function commentEnd(text: string, at: number): number | undefined {
  if (text[at + 1] === "*") {
    const close = text.indexOf("*/", at + 2);
    return close < 0 ? undefined : close + 2;
  }
  let end = at;
  while (end < text.length && text[end] !== "\n" && text[end] !== "\r") end += 1;
  return end;
}

function readValue(cursor: Cursor, depth: number): Node | undefined {
  const { text, at: start } = cursor;
  const unit = text[start];
  if (unit === undefined) {
    return depth === 0 ? fail(cursor, "the file holds no JSON value") : failCutOff(cursor);
  }
  if (unit === "{" || unit === "[") {
    return depth < MAX_DEPTH ? readContainer(cursor, depth) : fail(cursor, `nested deeper than ${MAX_DEPTH} levels`);
  }
  if (unit === '"') {
    const value = readString(cursor);
    return value === undefined ? undefined : { kind: "scalar", start, end: cursor.at, value };
  }
  LITERAL.lastIndex = start;
  const literal = LITERAL.exec(text)?.[0];
  if (literal === undefined) return fail(cursor, "this is not a JSON value");
  cursor.at += literal.length;
  const value: unknown = JSON.parse(literal); // the pattern is JSON's own grammar: this cannot throw
  return { kind: "scalar", start, end: cursor.at, value: value as null | boolean | number };
}

function readString(cursor: Cursor): string | undefined {
  const { text, at: start } = cursor;
  let at = start + 1;
  for (;;) {
    STRING_END.lastIndex = at;
    const stop = STRING_END.exec(text)?.index;
    if (stop === undefined) return failCutOff(cursor);
    if (text[stop] === '"') {
      cursor.at = stop + 1;
      const value: unknown = JSON.parse(text.slice(start, cursor.at)); // every escape was checked on the way
      return value as string;
    }
    if (text[stop] !== "\\") {
      return fail(cursor, "a line break or a control character inside a string", stop);
    }
    ESCAPE.lastIndex = stop;
    const escaped = ESCAPE.exec(text)?.[0];
    if (escaped === undefined) return fail(cursor, "an escape that JSON does not know", stop);
    at = stop + escaped.length;
  }
}

function readContainer(cursor: Cursor, depth: number): Container | undefined {
  const { text, at: start } = cursor;
  const kind = text[start] === "{" ? "object" : "array";
  const close = kind === "object" ? "}" : "]";
  const entries: Entry[] = [];
  let comma: number | undefined;
  cursor.at += 1;
  for (;;) {
    if (!skipTrivia(cursor)) return undefined;
    const unit = text[cursor.at];
    if (unit === undefined) return failCutOff(cursor);
    if (unit === close) {
      if (cursor.strict && comma !== undefined) {
        return fail(cursor, "a trailing comma: Claude Code refuses the whole file because of it", comma, FIX);
      }
      cursor.at += 1;
      return { kind, start, end: cursor.at, entries };
    }
    if (entries.length > 0 && comma === undefined) {
      return fail(cursor, `a comma or the closing "${close}" is missing`);
    }
    const entry = kind === "object" ? readMember(cursor, depth) : readItem(cursor, depth);
    if (entry === undefined || !skipTrivia(cursor)) return undefined;
    comma = text[cursor.at] === "," ? cursor.at : undefined;
    if (comma !== undefined) cursor.at += 1;
    entries.push({ ...entry, comma });
  }
}

function readItem(cursor: Cursor, depth: number): Omit<Entry, "comma"> | undefined {
  const start = cursor.at;
  const value = readValue(cursor, depth + 1);
  return value === undefined ? undefined : { key: "", start, colon: start, value };
}

function readMember(cursor: Cursor, depth: number): Omit<Entry, "comma"> | undefined {
  const start = cursor.at;
  if (cursor.text[start] !== '"') return fail(cursor, "a property name in double quotes is missing");
  const key = readString(cursor);
  if (key === undefined || !skipTrivia(cursor)) return undefined;
  const colon = cursor.at;
  if (cursor.text[colon] === undefined) return failCutOff(cursor);
  if (cursor.text[colon] !== ":") return fail(cursor, "a colon after the property name is missing");
  cursor.at += 1;
  if (!skipTrivia(cursor)) return undefined;
  const value = readValue(cursor, depth + 1);
  return value === undefined ? undefined : { key, start, colon, value };
}
