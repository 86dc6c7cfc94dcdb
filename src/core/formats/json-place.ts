/**
 * Where an entry goes into a container, and how it comes out again.
 *
 * The two are made for each other: `removalOf` reads off the white space around an entry how `placeIn` put it there,
 * so that taking out gives back the container byte for byte. Where two originals would end up as the same text, one of
 * them gets a layout of its own, and it is always the rarer one:
 *
 *   original                      installed
 *   {}                            {⏎  entry⏎}
 *   {…⏎} brace on its own line    {…⏎⏎  entry⏎}            a blank line above
 *   {…} anything else             {…⏎  entry⏎}
 *   {…⏎} and the brace misplaced  {…⏎⏎⏎  entry⏎}
 *   no object at all              {⏎  entry⏎⏎}             a blank line below: the object is ours and goes with its entry
 *   []                            [entry]
 *   no array at all               [⏎  entry⏎]              in a one-line file `[entry ]`
 *
 * No memory of the first run is needed, and a file that was reformatted in between only loses that last nicety.
 */

import type { Container } from "./json.ts";
import type { Layout, Style } from "./json-style.ts";
import { blanksAt, entryIndent, hasBreak, isBlank, isBreak, lineIndent } from "./json-style.ts";

/** Bytes to take out: from, to. */
export type Span = readonly [number, number];

/** `created`: we made this container for its only entry, so it goes too. Else ways to do it, the best one first. */
export type Removal = "created" | readonly (readonly Span[])[];

/** What is put before the closing brace of a container that we create, so that `removalOf` knows it again. */
export function createdTail(kind: "object" | "array", layout: Layout, style: Style): string {
  if (layout.mode === "inline") return " ";
  return kind === "object" ? style.eol : "";
}

/** The text with one entry more, first in its container: one run of new bytes, all others as they were. */
export function placeIn(text: string, container: Container, style: Style, render: (layout: Layout) => string): string {
  return container.entries.length > 0
    ? placeFirst(text, container, style, render)
    : placeOnly(text, container, style, render);
}

function placeFirst(text: string, container: Container, style: Style, render: (layout: Layout) => string): string {
  const open = container.start + 1;
  const lineEnd = endOfOpeningLine(text, open);
  if (lineEnd !== undefined) {
    const indent = entryIndent(text, container, style);
    return insert(text, lineEnd, `${style.eol}${indent}${render({ mode: "lines", indent })},`);
  }
  const blanks = blanksAt(text, open);
  const entry = render({ mode: "inline" });
  return insert(text, open, blanks === "" ? entry + style.comma : `${blanks}${entry},`);
}

function placeOnly(text: string, container: Container, style: Style, render: (layout: Layout) => string): string {
  const open = container.start + 1;
  const close = container.end - 1;
  const between = text.slice(open, close);
  if (style.oneLine || (container.kind === "array" && !hasBreak(between))) {
    const gap = style.gap[container.kind];
    return insert(text, close, gap + render({ mode: "inline" }) + gap);
  }
  const { eol } = style;
  const outer = lineIndent(text, container.start);
  const indent = outer + style.unit;
  const entry = eol + indent + render({ mode: "lines", indent });
  const closing = eol + outer;
  if (between.endsWith(closing) && !between.slice(0, -closing.length).endsWith(eol)) {
    return insert(text, close - closing.length, eol + entry);
  }
  const shifted = outer !== "" && between.endsWith(eol) ? eol : "";
  return insert(text, close, shifted + entry + closing);
}

/**
 * Ways to take an entry out, comma included, that leave all other bytes. Each must be tried and read again by the caller:
 * a comment beside the entry can make any but the last one wrong.
 */
export function removalOf(text: string, container: Container, index: number): Removal {
  const entry = container.entries[index];
  if (entry === undefined) return [];
  const { comma, start } = entry;
  const end = entry.value.end;
  const previous = container.entries[index - 1];
  const after = previous === undefined ? container.start + 1 : (previous.comma ?? previous.value.end) + 1;
  const cut = ownBreak(text, after, start);
  if (comma !== undefined)
    return [
      removeWithComma(text, { after, cut, start, end, comma }),
      [
        [start, end],
        [comma, comma + 1],
      ],
    ];
  const commaBefore: readonly Span[] = previous?.comma === undefined ? [] : [[previous.comma, previous.comma + 1]];
  const plain: readonly Span[][] = [
    [...commaBefore, [cut, end]],
    [...commaBefore, [start, end]],
  ];
  return previous === undefined ? removeOnly(text, container, start, end, plain) : plain;
}

interface Around {
  readonly after: number;
  readonly cut: number;
  readonly start: number;
  readonly end: number;
  readonly comma: number;
}

function removeWithComma(text: string, { after, cut, start, end, comma }: Around): readonly Span[] {
  const commaEnd = comma + 1;
  const rest = commaEnd + blanksAt(text, commaEnd).length;
  const lineEnds = isBreak(text[rest]);
  // A comment between value and comma is the user's: only the comma goes.
  const upTo = (from: number, to: number): readonly Span[] =>
    text.slice(end, comma).trim() === ""
      ? [[from, to]]
      : [
          [from, end],
          [comma, to],
        ];
  if (isBreak(text[cut])) return lineEnds ? upTo(cut, rest) : upTo(start, rest);
  const first = after === start;
  return first && !lineEnds ? upTo(start, rest) : upTo(cut, commaEnd);
}

function removeOnly(
  text: string,
  container: Container,
  start: number,
  end: number,
  plain: readonly (readonly Span[])[],
): Removal {
  const open = container.start + 1;
  const close = container.end - 1;
  const before = text.slice(open, start);
  const behind = text.slice(end, close);
  if (behind.trim() !== "") return plain;
  const eol = /^(?:\r\n|\n|\r)/.exec(behind)?.[0];
  const blank = before.trim() === "";
  const all: readonly Span[] = [[blank ? open : ownBreak(text, open, start), close]];
  if (eol === undefined) {
    if (blank && !hasBreak(before) && behind === `${before} `) return "created";
    const inline = !hasBreak(before) && before.endsWith(behind);
    return [inline ? [[start - behind.length, close]] : all, ...plain];
  }
  const below = behind.slice(eol.length).startsWith(eol) ? 2 : 1;
  const above = breaksBefore(before, eol);
  const first = open + above.at;
  if (hasBreak(behind.slice(below * eol.length))) return [all, ...plain];
  if (below === (container.kind === "object" ? 2 : 1) && above.count === 1 && above.at === 0) return "created";
  if (below !== 1 || above.count === 0) return [all, ...plain];
  if (above.count === 1) return [[[first, close]], ...plain];
  if (above.count === 2) return [[[first, end]], ...plain];
  const outer = behind.length > eol.length;
  return [[[first + (above.count - (outer ? 2 : 1)) * eol.length, close]], ...plain];
}

/** Where the white space before an entry begins to be the entry's own: its line break, or the blanks on its line. */
function ownBreak(text: string, after: number, start: number): number {
  let at = start;
  while (at > after && isBlank(text[at - 1])) at -= 1;
  if (at === after || !isBreak(text[at - 1])) return at;
  return at - 2 >= after && text[at - 1] === "\n" && text[at - 2] === "\r" ? at - 2 : at - 1;
}

/** End of the line that the opening brace is on, if nothing but blanks and comments follow the brace there. */
function endOfOpeningLine(text: string, open: number): number | undefined {
  let at = open;
  for (;;) {
    at += blanksAt(text, at).length;
    if (isBreak(text[at])) return at;
    const end = text[at] === "/" ? commentEnd(text, at) : undefined;
    if (end === undefined) return undefined;
    at = end;
  }
}

/** The line breaks right before the last blanks of a text: how many, and where the first one is. */
function breaksBefore(text: string, eol: string): { readonly count: number; readonly at: number } {
  let at = text.length;
  while (isBlank(text[at - 1])) at -= 1;
  let count = 0;
  while (text.slice(0, at).endsWith(eol)) {
    at -= eol.length;
    count += 1;
  }
  return { count, at };
}

function insert(text: string, at: number, run: string): string {
  return text.slice(0, at) + run + text.slice(at);
}

/** Offset after the comment that starts at `at`; a line comment ends before its line break. Undefined if it is not closed. */
function commentEnd(text: string, at: number): number | undefined {
  if (text[at + 1] === "*") {
    const close = text.indexOf("*/", at + 2);
    return close < 0 ? undefined : close + 2;
  }
  let end = at;
  while (end < text.length && text[end] !== "\n" && text[end] !== "\r") end += 1;
  return end;
}
