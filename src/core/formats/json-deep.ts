/** What is nested deeper than a tree, for `check`. */
import { type Cursor, FIX, fail, failCutOff, isAt, next, Token } from "./json-cursor.ts";
import type { Container, Entry, Node, Scalar } from "./json-tree.ts";

/** A container beyond the limit, in a loop: the stack does not end here. */
export function readDeep(cursor: Cursor, readValue: (cursor: Cursor) => Node | undefined): Container | undefined {
  const { at: start, scanner } = cursor;
  cursor.deepAt ??= start;
  const entries: Entry[] = [];
  /** What is open: the token that closes it, and the last key. */
  const open: { close: number; key: string | undefined; at: number; colon: number }[] = [];
  let expected: "value" | "first" | "member" | "more" = "value";
  for (;;) {
    const level = open.at(-1);
    if (isAt(cursor, Token.End)) return failCutOff(cursor);
    if (expected === "value") {
      if (isAt(cursor, Token.OpenBrace) || isAt(cursor, Token.OpenBracket)) {
        const isObject = isAt(cursor, Token.OpenBrace);
        open.push({
          ...(level ?? { key: undefined, at: 0, colon: 0 }),
          close: isObject ? Token.CloseBrace : Token.CloseBracket,
        });
        if (!next(cursor)) return undefined;
        expected = "first";
        continue;
      }
      const value = readValue(cursor);
      if (value === undefined) return undefined;
      if (value.kind === "scalar" && typeof value.value === "string") entries.push(flatEntry(value, level));
      expected = "more";
    } else if (level !== undefined && (expected === "first" || expected === "more") && isAt(cursor, level.close)) {
      const end = cursor.at + 1;
      open.pop();
      if (!next(cursor)) return undefined;
      if (open.length === 0) return { kind: "array", start, end, entries };
      expected = "more";
    } else if (expected === "more") {
      const comma = cursor.at;
      if (!isAt(cursor, Token.Comma)) return fail(cursor, "a comma or the closing sign is missing");
      if (!next(cursor)) return undefined;
      if (level !== undefined && isAt(cursor, level.close)) {
        return fail(cursor, "a trailing comma: Claude Code refuses the whole file because of it", comma, FIX);
      }
      expected = level?.close === Token.CloseBrace ? "member" : "value";
    } else if (level === undefined || level.close === Token.CloseBracket) {
      expected = "value";
    } else {
      if (!isAt(cursor, Token.String)) return fail(cursor, "a property name in double quotes is missing");
      level.key = scanner.getTokenValue();
      level.at = cursor.at;
      if (!next(cursor)) return undefined;
      level.colon = cursor.at;
      if (isAt(cursor, Token.End)) return failCutOff(cursor);
      if (!isAt(cursor, Token.Colon)) return fail(cursor, "a colon after the property name is missing");
      if (!next(cursor)) return undefined;
      expected = "value";
    }
  }
}

function flatEntry(
  value: Scalar,
  level: { readonly key: string | undefined; readonly at: number; readonly colon: number } | undefined,
): Entry {
  const { start, end } = value;
  const bare: Entry = { key: "", start, colon: start, value, comma: undefined };
  if (level?.key === undefined) return bare;
  const { key, at, colon } = level;
  const named: Entry = { key, start: at, colon, value, comma: undefined };
  return { ...bare, value: { kind: "object", start: at, end, entries: [named] } };
}
