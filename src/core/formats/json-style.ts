/**
 * How JSON is written: the habits of a document, a value as text, where an entry goes and how it comes out again.
 *
 * `placeIn` and `removalOf` are inverse: the white space around an entry tells how it was put there, so that taking it out
 * gives back the container byte for byte. Where two originals would become the same text, the rarer one gets another layout:
 *
 *   original                      installed
 *   {}                            {⏎  entry⏎}
 *   {…⏎} brace on its own line    {…⏎⏎  entry⏎}            a blank line above
 *   no object at all              {⏎  entry⏎⏎}             a blank line below: the object is ours and goes with its entry
 *   []                            [entry]
 *   no array at all               [⏎  entry⏎]              in a one-line file `[entry ]`
 */
import type { Container, Json, Node } from "./json.ts";
import { isArray } from "./json.ts";

/** How a file is written: what we insert follows it. */
export interface Style {
  readonly eol: string;
  /** One step of indentation. */
  readonly unit: string;
  /** Between key and value: `: ` or `:`. */
  readonly colon: string;
  /** Between two entries on one line: `, ` or `,`. */
  readonly comma: string;
  /** Inside the braces of a one-line object, and the brackets of a one-line array. */
  readonly gap: Readonly<Record<Container["kind"], string>>;
  /** The document is one line, so that what is inserted has no line breaks either. An empty document is not. */
  readonly oneLine: boolean;
}

/** The indentation of the line that a value starts on, when its entries get lines of their own; undefined: all on one line. */
export type Indent = string | undefined;

/** What is written when there is no document yet. */
export const NEW_STYLE: Style = {
  eol: "\n",
  unit: "  ",
  colon: ": ",
  comma: ", ",
  gap: { object: "", array: "" },
  oneLine: false,
};

/** Reads the style off a document: the first example of each habit counts. */
export function detectStyle(text: string, root: Node): Style {
  const colon = /"\s*:(\s?)/.exec(text)?.[1] === "" ? ":" : ": ";
  return {
    eol: /\r\n|\n|\r/.exec(text)?.[0] ?? "\n",
    unit: /[\r\n]([ \t]+)"/.exec(text)?.[1] ?? "  ",
    colon,
    comma: colon === ": " ? ", " : ",",
    gap: { object: /\{([ \t]?)"/.exec(text)?.[1] ?? "", array: /\[([ \t]?)[^\s\]]/.exec(text)?.[1] ?? "" },
    oneLine: root.kind !== "scalar" && root.entries.length > 0 && !hasBreak(text.slice(root.start, root.end)),
  };
}

/** Blanks at the start of the line that holds the offset. */
export function lineIndent(text: string, offset: number): string {
  let start = offset;
  while (start > 0 && !isBreak(text[start - 1])) start -= 1;
  if (text[start] === "\uFEFF") start += 1;
  return blanksAt(text, start);
}

/** A value as text. */
export function formatJson(value: Json, indent: Indent, style: Style): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const inner = indent === undefined ? undefined : indent + style.unit;
  const parts = isArray(value)
    ? value.map((item) => formatJson(item, inner, style))
    : Object.entries(value).map(([key, item]) => formatMember(key, formatJson(item, inner, style), style));
  return wrap(isArray(value) ? "array" : "object", parts, indent, style);
}

/** `"key": value` */
export function formatMember(key: string, value: string, style: Style): string {
  return JSON.stringify(key) + style.colon + value;
}

/** A container that we create for one entry, marked so that `removalOf` knows it again. */
export function formatCreated(kind: Container["kind"], part: string, indent: Indent, style: Style): string {
  return wrap(kind, [part], indent, style, indent === undefined ? " " : kind === "object" ? style.eol : "");
}

/** Puts entries, already formatted one step in, between their braces or brackets. `tail` goes before the closing one. */
function wrap(kind: Container["kind"], parts: readonly string[], indent: Indent, style: Style, tail = ""): string {
  const [open, close] = kind === "object" ? ["{", "}"] : ["[", "]"];
  if (parts.length === 0) return open + close;
  const { eol, unit, comma, gap } = style;
  if (indent === undefined) return open + gap[kind] + parts.join(comma) + gap[kind] + tail + close;
  const inner = eol + indent + unit;
  return open + inner + parts.join(`,${inner}`) + tail + eol + indent + close;
}

/** The text with one entry more, first in its container: one run of new bytes, all others as they were. */
export function placeIn(text: string, container: Container, style: Style, render: (indent: Indent) => string): string {
  const { kind, entries } = container;
  const { eol, gap } = style;
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
    return insert(open, blanks === "" ? render(undefined) + style.comma : `${blanks}${render(undefined)},`);
  }
  if (style.oneLine || (kind === "array" && !hasBreak(text.slice(open, close))))
    return insert(close, gap[kind] + render(undefined) + gap[kind]);
  const outer = lineIndent(text, container.start);
  const indent = outer + style.unit;
  const lineStart = open + withoutBlanks(text.slice(open, close)).length;
  return lineStart > open && isBreak(text[lineStart - 1])
    ? insert(lineStart, eol + indent + render(indent) + eol)
    : insert(close, eol + indent + render(indent) + eol + outer);
}

/** Bytes to take out: from, to. */
export type Span = readonly [number, number];

/** `created`: we made this container for its only entry, so it goes too. Else ways to do it, the best one first. */
export type Removal = "created" | readonly (readonly Span[])[];

/**
 * Ways to take an entry out, comma included, that leave all other bytes. Each must be tried and read again by the caller:
 * a comment beside the entry can make any but the last one wrong.
 */
export function removalOf(text: string, container: Container, index: number): Removal {
  const entry = container.entries[index];
  if (entry === undefined) return [];
  const { comma, start } = entry;
  const { end } = entry.value;
  const previous = container.entries[index - 1];
  const after = previous === undefined ? container.start + 1 : (previous.comma ?? previous.value.end) + 1;
  const cut = ownBreak(text, after, start);
  if (comma !== undefined) {
    const rest = comma + 1 + blanksAt(text, comma + 1).length;
    const lineEnds = isBreak(text[rest]);
    const takesRest = isBreak(text[cut]) || (after === start && !lineEnds);
    const span: Span = [takesRest && !lineEnds ? start : cut, takesRest ? rest : comma + 1];
    const value: Span = [start, end];
    // a comment between value and comma is the user's
    const isBare = text.slice(end, comma).trim() === "";
    const best: readonly Span[] = isBare
      ? [span]
      : [
          [span[0], end],
          [comma, span[1]],
        ];
    return [best, [value, [comma, comma + 1]]];
  }
  const commaBefore: readonly Span[] = previous?.comma === undefined ? [] : [[previous.comma, previous.comma + 1]];
  const plain: readonly Span[][] = [
    [...commaBefore, [cut, end]],
    [...commaBefore, [start, end]],
  ];
  return previous === undefined ? removalOfOnly(text, container, [start, end], cut, plain) : plain;
}

function removalOfOnly(
  text: string,
  container: Container,
  [start, end]: Span,
  cut: number,
  plain: readonly (readonly Span[])[],
): Removal {
  const [open, close] = [container.start + 1, container.end - 1];
  const before = text.slice(open, start);
  const behind = text.slice(end, close);
  if (behind.trim() !== "") return plain;
  const isBlankBefore = before.trim() === "";
  const inline = !hasBreak(before) && !hasBreak(behind);
  if (inline && isBlankBefore && behind === `${before} `) return "created";
  if (inline && before.endsWith(behind)) return [[[start - behind.length, close]], ...plain];
  const [, eol = "", below] = /^(\r\n|\n|\r)(\1?)[ \t]*$/.exec(behind) ?? [];
  const above = withoutBlanks(before);
  if (eol !== "" && above.endsWith(eol)) {
    const isOurs = above === eol && (below !== "") === (container.kind === "object");
    if (isOurs) return "created";
    const at = open + above.length - eol.length;
    const isLineAbove = at > open && isBreak(text[at - 1]);
    if (below === "") return [[[at, isLineAbove ? end + eol.length : close]], ...plain];
  }
  return [[[isBlankBefore ? open : cut, close]], ...plain];
}

/** Where the white space before an entry begins to be the entry's own: its line break, or the blanks on its line. */
function ownBreak(text: string, after: number, start: number): number {
  const at = after + withoutBlanks(text.slice(after, start)).length;
  if (at === after || !isBreak(text[at - 1])) return at;
  return at - 2 >= after && text[at - 1] === "\n" && text[at - 2] === "\r" ? at - 2 : at - 1;
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
