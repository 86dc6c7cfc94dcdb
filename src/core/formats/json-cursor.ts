/** The reading end of a document: jsonc-parser's tokens one by one, and the first reason to refuse it. */
import type { JSONScanner } from "jsonc-parser";
import type { Refused } from "./json-tree.ts";

export const FIX = "take comments and trailing commas out of it, then run this again";

/** jsonc-parser's tokens and scan errors by their numbers: its declarations are ambient const enums, which we cannot import. */
export const Token = {
  OpenBrace: 1,
  CloseBrace: 2,
  OpenBracket: 3,
  CloseBracket: 4,
  Comma: 5,
  Colon: 6,
  Null: 7,
  True: 8,
  False: 9,
  String: 10,
  Number: 11,
  LineComment: 12,
  BlockComment: 13,
  LineBreak: 14,
  Blanks: 15,
  Unknown: 16,
  End: 17,
} as const;
const ScanError = { None: 0, OpenComment: 1, OpenString: 2, Unicode: 4, Escape: 5, Character: 6 } as const;

export interface Cursor {
  readonly text: string;
  readonly strict: boolean;
  readonly scanner: JSONScanner;
  /** The token that is looked at: white space and comments are behind it. */
  token: number;
  /** Where that token starts. */
  at: number;
  refused: Refused | undefined;
  readonly isFlat: boolean;
  deepAt: number | undefined;
}

export function fail(cursor: Cursor, reason: string, offset = cursor.at, hint?: string): undefined {
  cursor.refused ??= hint === undefined ? { reason, offset } : { reason, offset, hint };
  return undefined;
}

export function failCutOff(cursor: Cursor): undefined {
  return fail(cursor, "the file ends in the middle of the document, as if it were cut off", cursor.text.length);
}

/** Moves to the next token, over blanks and comments. False if that ended in a refusal. */
export function next(cursor: Cursor): boolean {
  const { scanner } = cursor;
  for (;;) {
    cursor.token = scanner.scan();
    cursor.at = scanner.getTokenOffset();
    const isComment = cursor.token === Token.LineComment || cursor.token === Token.BlockComment;
    if (isComment && cursor.strict)
      fail(cursor, "a comment: Claude Code refuses the whole file because of it", cursor.at, FIX);
    else if (scanner.getTokenError() !== ScanError.None) failToken(cursor);
    if (cursor.refused !== undefined) return false;
    if (!isComment && cursor.token !== Token.Blanks && cursor.token !== Token.LineBreak) return true;
  }
}

/** A call, since the compiler takes a token that was compared once for a constant. */
export function isAt(cursor: Cursor, token: number): boolean {
  return cursor.token === token;
}

/** A token that is not whole, or holds what JSON does not allow. */
function failToken(cursor: Cursor): undefined {
  const { scanner, text, at } = cursor;
  const end = at + scanner.getTokenLength();
  switch (scanner.getTokenError()) {
    case ScanError.OpenComment:
      return fail(cursor, "a comment is not closed");
    case ScanError.OpenString:
      return end >= text.length
        ? failCutOff(cursor)
        : fail(cursor, "a line break or a control character inside a string", end);
    case ScanError.Character:
      return fail(cursor, "a line break or a control character inside a string");
    case ScanError.Unicode:
    case ScanError.Escape:
      return fail(cursor, "an escape that JSON does not know");
    default:
      return fail(cursor, "this is not a JSON value");
  }
}
