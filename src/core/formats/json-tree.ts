/**
 * Reads JSON, with comments and trailing commas where they are allowed, into a tree that knows where everything is.
 * The tokens are jsonc-parser's; the tree is not, since its own parser recurses until the stack is gone, sets
 * prototypes and reads on after errors (3.3.1).
 */
import { createScanner } from "jsonc-parser";
import { type Cursor, FIX, fail, failCutOff, isAt, next, Token } from "./json-cursor.ts";
import { readDeep } from "./json-deep.ts";

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

/**
 * `flat`: what is nested deeper than the limit is not refused. All texts in it are one list there, each with its key in an
 * object of its own: enough to find a secret, but no tree to edit.
 */
export interface ParseOptions extends EditOptions {
  readonly deep?: "flat";
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

/** `deepAt`: the first place that is nested too deep, where that is not refused. */
export type Tree =
  | { readonly ok: true; readonly root: Node; readonly deepAt?: number }
  | { readonly ok: false; readonly refused: Refused };

/** No configuration is nested this deep; the limit keeps every walk of the tree off the end of the stack. */
export const MAX_DEPTH = 256;

const CONFLICT = /^(?:<{7}(?: |$)|={7}$|>{7}(?: |$)|\|{7}(?: |$))/m;
/** Two reasons that readers of a refusal tell apart. */
export const CONFLICT_REASON = "the file has conflict markers of an unfinished merge";
const DEPTH_REASON = `nested deeper than ${MAX_DEPTH} levels`;

/** The tree of a document. A BOM is skipped. Never throws: what cannot be read is refused, with the offset. */
export function parseTree(text: string, options: ParseOptions): Tree {
  const scanner = createScanner(text, false);
  if (text.startsWith("\uFEFF")) scanner.setPosition(1);
  const cursor: Cursor = {
    text,
    strict: options.strict,
    scanner,
    token: Token.Unknown,
    at: 0,
    refused: undefined,
    isFlat: options.deep === "flat",
    deepAt: undefined,
  };
  const root = next(cursor) ? readValue(cursor, 0) : undefined;
  if (root !== undefined && cursor.token !== Token.End)
    fail(cursor, "there is text after the end of the JSON document");
  if (root !== undefined && cursor.refused === undefined) {
    const { deepAt } = cursor;
    return deepAt === undefined ? { ok: true, root } : { ok: true, root, deepAt };
  }
  // Half of a merge is the usual reason for a broken file in a repository, and the syntax error alone would not say so.
  const conflict = CONFLICT.exec(text.replace(/\r/g, "\n"));
  if (conflict !== null) {
    return {
      ok: false,
      refused: { reason: CONFLICT_REASON, offset: conflict.index, hint: "resolve the conflict first" },
    };
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
  const { scanner, at: start, token } = cursor;
  switch (token) {
    case Token.End:
      return depth === 0 ? fail(cursor, "the file holds no JSON value") : failCutOff(cursor);
    case Token.OpenBrace:
    case Token.OpenBracket:
      if (depth < MAX_DEPTH) return readContainer(cursor, depth);
      return cursor.isFlat ? readDeep(cursor, (each) => readValue(each, MAX_DEPTH)) : fail(cursor, DEPTH_REASON);
    case Token.String:
      return readScalar(cursor, start, scanner.getTokenValue());
    case Token.Number:
      return readScalar(cursor, start, Number(scanner.getTokenValue()));
    case Token.True:
    case Token.False:
      return readScalar(cursor, start, token === Token.True);
    case Token.Null:
      return readScalar(cursor, start, null);
    default:
      return fail(cursor, "this is not a JSON value");
  }
}

function readScalar(cursor: Cursor, start: number, value: Scalar["value"]): Scalar | undefined {
  const end = start + cursor.scanner.getTokenLength();
  return next(cursor) ? { kind: "scalar", start, end, value } : undefined;
}

function readContainer(cursor: Cursor, depth: number): Container | undefined {
  const { at: start } = cursor;
  const kind = cursor.token === Token.OpenBrace ? "object" : "array";
  const close = kind === "object" ? Token.CloseBrace : Token.CloseBracket;
  const entries: Entry[] = [];
  let comma: number | undefined;
  if (!next(cursor)) return undefined;
  for (;;) {
    if (cursor.token === Token.End) return failCutOff(cursor);
    if (cursor.token === close) {
      if (cursor.strict && comma !== undefined) {
        return fail(cursor, "a trailing comma: Claude Code refuses the whole file because of it", comma, FIX);
      }
      const end = cursor.at + 1;
      return next(cursor) ? { kind, start, end, entries } : undefined;
    }
    if (entries.length > 0 && comma === undefined) {
      return fail(cursor, `a comma or the closing "${kind === "object" ? "}" : "]"}" is missing`);
    }
    const entry = kind === "object" ? readMember(cursor, depth) : readItem(cursor, depth);
    if (entry === undefined) return undefined;
    comma = cursor.token === Token.Comma ? cursor.at : undefined;
    if (comma !== undefined && !next(cursor)) return undefined;
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
  if (cursor.token !== Token.String) return fail(cursor, "a property name in double quotes is missing");
  const key = cursor.scanner.getTokenValue();
  if (!next(cursor)) return undefined;
  const colon = cursor.at;
  if (isAt(cursor, Token.End)) return failCutOff(cursor);
  if (!isAt(cursor, Token.Colon)) return fail(cursor, "a colon after the property name is missing");
  if (!next(cursor)) return undefined;
  const value = readValue(cursor, depth + 1);
  return value === undefined ? undefined : { key, start, colon, value };
}
