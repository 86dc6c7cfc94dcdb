/**
 * How JSON is written: the habits of a document, a value as text, where an entry goes and how it comes out again.
 *
 * `placeIn` and `waysOut` are inverse: the white space around an entry tells how it was put there, so that taking it out
 * gives back the container byte for byte. Where two originals would become the same text, the rarer one gets another layout:
 *
 *   original                      installed
 *   {}                            {⏎  entry⏎}
 *   {…⏎} brace on its own line    {…⏎⏎  entry⏎}            a blank line above
 *   no object at all              {⏎  entry⏎⏎}             a blank line below: the object is ours and goes with its entry
 *   []                            [entry]
 *   no array at all               [⏎  entry⏎]              in a one-line file `[entry ]`
 */
import type { Container, Entry, Json, Node } from "./json.ts";

/** The indentation of the line that a value starts on, when its entries get lines of their own; undefined: all on one line. */
export type Indent = string | undefined;

/** How a file is written: what we insert follows it. The first example of each habit counts. */
export function detectStyle(text: string, root: Node) {
  return {
    eol: /\r\n|\n|\r/.exec(text)?.[0] ?? "\n",
    /** One step of indentation. */
    unit: /[\r\n]([ \t]+)"/.exec(text)?.[1] ?? "  ",
    /** On one line: blanks follow colons and commas. */
    isSpaced: /"\s*:(\s?)/.exec(text)?.[1] !== "",
    /** Inside the braces of a one-line object. */
    gap: /\{([ \t]?)"/.exec(text)?.[1] ?? "",
    /** What is inserted has no line breaks either. An empty document is not one line. */
    isOneLine: root.kind !== "scalar" && root.entries.length > 0 && !hasBreak(text.slice(root.start, root.end)),
  };
}

type Style = ReturnType<typeof detectStyle>;

/** Blanks at the start of the line that holds the offset. */
export function lineIndent(text: string, offset: number): string {
  const start = Math.max(text.lastIndexOf("\n", offset), text.lastIndexOf("\r", offset)) + 1;
  return blanksAt(text, text[start] === "\uFEFF" ? start + 1 : start);
}

/** A value as text. No string of JSON holds a line break, so that every one of them is layout. */
export function formatJson(value: Json, indent: Indent, { eol, unit, isSpaced, gap }: Style): string {
  if (indent !== undefined) return JSON.stringify(value, null, unit).replaceAll("\n", eol + indent);
  if (!isSpaced) return JSON.stringify(value);
  const lines = JSON.stringify(value, null, 1).replace(/,\n */g, ", ");
  return lines.replace(/(?<=\{)\n *|\n *(?=\})/g, gap).replace(/\n */g, "");
}

/** A property, with the objects of its path that are missing around it. Those, and a list, are laid out so that `isOurs` knows them again. */
export function formatMember(
  path: readonly string[],
  value: Json,
  isList: boolean,
  indent: Indent,
  style: Style,
): string {
  const { eol, unit, gap, isSpaced } = style;
  const [key, ...rest] = path;
  const colon = indent !== undefined || isSpaced ? ": " : ":";
  const inner = (deeper: Indent): string => formatMember(rest, value, isList, deeper, style);
  let text = formatJson(value, indent, style);
  if (rest.length > 0 && indent === undefined) text = `{${gap}${inner(undefined)}${gap} }`;
  else if (rest.length > 0) text = `{${eol}${indent}${unit}${inner(indent + unit)}${eol}${eol}${indent}}`;
  else if (isList && indent === undefined) text = text.replace(/\]$/, " ]");
  return `${JSON.stringify(key)}${colon}${text}`;
}

/** The text with one entry more, first in its container: one run of new bytes, all others as they were. */
export function placeIn(text: string, container: Container, style: Style, render: (indent: Indent) => string): string {
  const { kind, entries } = container;
  const { eol, isSpaced } = style;
  const [open, close] = [container.start + 1, container.end - 1];
  const insert = (at: number, run: string): string => text.slice(0, at) + run + text.slice(at);
  const [first] = entries;
  if (first !== undefined) {
    const lineEnd = endOfOpeningLine(text, open);
    if (lineEnd !== undefined) {
      const indent = lineIndent(text, first.start);
      return insert(lineEnd, `${eol}${indent}${render(indent)},`);
    }
    const blanks = blanksAt(text, open);
    return insert(open, `${blanks}${render(undefined)},${blanks === "" && isSpaced ? " " : ""}`);
  }
  if (style.isOneLine || (kind === "array" && !hasBreak(text.slice(open, close)))) {
    const gap = kind === "object" ? style.gap : "";
    return insert(close, gap + render(undefined) + gap);
  }
  const outer = lineIndent(text, container.start);
  const indent = outer + style.unit;
  const line = eol + indent + render(indent) + eol;
  const lineStart = open + withoutBlanks(text.slice(open, close)).length;
  return lineStart > open && isBreak(text[lineStart - 1]) ? insert(lineStart, line) : insert(close, line + outer);
}

/** The white space around `X`, the only entry of a container that `formatMember` made for it. */
const OURS = {
  object: /^(?:(\r\n|\n|\r)[ \t]*X\1\1[ \t]*|([ \t]*)X\2 )$/,
  array: /^(?:(\r\n|\n|\r)[ \t]*X\1[ \t]*|([ \t]*)X\2 )$/,
};

/** We made this container for its only entry, so it goes too. */
export function isOurs(text: string, { kind, start, end, entries }: Container): boolean {
  const [only, ...more] = entries;
  if (only === undefined || more.length > 0) return false;
  return OURS[kind].test(`${text.slice(start + 1, only.start)}X${text.slice(only.value.end, end - 1)}`);
}

/** Bytes to take out: from, to. */
export type Span = readonly [number, number];
const span = (from: number, to: number): Span => [from, to];

/**
 * Ways to take an entry out, comma included, that leave all other bytes, the best one first. Each must be tried and read
 * again by the caller: a comment beside the entry can make any but the last one wrong.
 */
export function waysOut(text: string, container: Container, index: number): readonly (readonly Span[])[] {
  const entry = container.entries[index];
  if (entry === undefined) return [];
  const { comma, start, value } = entry;
  const previous = container.entries[index - 1];
  const after = previous === undefined ? container.start + 1 : (previous.comma ?? previous.value.end) + 1;
  const cut = ownBreak(text, after, start);
  const alone = span(start, value.end);
  if (comma !== undefined) {
    const rest = comma + 1 + blanksAt(text, comma + 1).length;
    const from = isBreak(text[rest]) ? cut : start;
    // a comment between value and comma is the user's
    const isBare = text.slice(value.end, comma).trim() === "";
    const best: readonly Span[] = isBare ? [[from, rest]] : [span(from, value.end), span(comma, rest)];
    return [best, [alone, span(comma, comma + 1)]];
  }
  const commaBefore = previous?.comma === undefined ? [] : [span(previous.comma, previous.comma + 1)];
  const only = previous === undefined ? emptied(text, container, entry, cut) : undefined;
  return [...(only === undefined ? [] : [[only]]), [...commaBefore, span(cut, value.end)], [...commaBefore, alone]];
}

/** What goes with the last entry of a container, where white space alone follows it. */
function emptied(text: string, container: Container, { start, value: { end } }: Entry, cut: number): Span | undefined {
  const [open, close] = [container.start + 1, container.end - 1];
  const [before, behind] = [text.slice(open, start), text.slice(end, close)];
  if (behind.trim() !== "") return undefined;
  if (!hasBreak(before + behind) && before.endsWith(behind)) return [start - behind.length, close];
  const eol = /^(\r\n|\n|\r)[ \t]*$/.exec(behind)?.[1];
  const above = withoutBlanks(before);
  if (eol === undefined || !above.endsWith(eol)) return [before.trim() === "" ? open : cut, close];
  const at = open + above.length - eol.length;
  return [at, at > open && isBreak(text[at - 1]) ? end + eol.length : close];
}

/** Where the white space before an entry begins to be the entry's own: its line break, or the blanks on its line. */
function ownBreak(text: string, after: number, start: number): number {
  const at = after + withoutBlanks(text.slice(after, start)).length;
  if (at === after || !isBreak(text[at - 1])) return at;
  return at - 2 >= after && text.startsWith("\r\n", at - 2) ? at - 2 : at - 1;
}

/** End of the line that the opening brace is on, if nothing but blanks and comments follow the brace there. */
function endOfOpeningLine(text: string, open: number): number | undefined {
  const blanksAndComments = /(?:[ \t]|\/\/[^\r\n]*|\/\*(?:[^*]|\*(?!\/))*\*\/)*(?=[\r\n])/y;
  blanksAndComments.lastIndex = open;
  return blanksAndComments.test(text) ? blanksAndComments.lastIndex : undefined;
}

function isBreak(unit: string | undefined): boolean {
  return unit === "\n" || unit === "\r";
}

export function hasBreak(text: string): boolean {
  return /[\r\n]/.test(text);
}

/** The spaces and tabs from an offset on. */
function blanksAt(text: string, offset: number): string {
  let end = offset;
  while (text[end] === " " || text[end] === "\t") end += 1;
  return text.slice(offset, end);
}

/** A text without the spaces and tabs at its end. */
function withoutBlanks(text: string): string {
  let end = text.length;
  while (text[end - 1] === " " || text[end - 1] === "\t") end -= 1;
  return text.slice(0, end);
}
