/** Texts as lists of lines: positions, whole lines in and out, and the blocks of ours in `.gitignore` and `.envrc`. */

/** Where an offset is, as people count: both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * Line and column of an offset in UTF-16 units. CR, LF and CRLF each end a line; a BOM takes no column.
 * An offset beyond either end is moved to that end. An offset between CR and LF still belongs to the line they end.
 */
export function positionAt(text: string, offset: number): Position {
  const start = text.startsWith("\uFEFF") ? 1 : 0;
  const target = Math.max(start, Math.min(offset, text.length));
  const isInBreak = text[target - 1] === "\r" && text[target] === "\n";
  const lines = text.slice(start, isInBreak ? target - 1 : target).split(/\r\n|\n|\r/);
  return { line: lines.length, column: (lines.at(-1) ?? "").length + (isInBreak ? 2 : 1) };
}

/** Whole lines behind a text. One without a final newline stays without, which is what lets `cutLines` give it back. */
export function appendLines(text: string, lines: readonly string[]): string {
  if (lines.length === 0) return text;
  const eol = /\r?\n/.exec(text)?.[0] ?? "\n";
  if (text === "" || text.endsWith("\n")) return text + lines.map((line) => line + eol).join("");
  // a CR at the very end would turn our LF into a CRLF, and be taken out with it
  return text + (text.endsWith("\r") ? "\r\n" : eol) + lines.join(eol);
}

/** Takes whole lines out. If the last one had no line break, the line before gives its own up. */
export function cutLines(text: string, spans: readonly { readonly start: number; readonly end: number }[]): string {
  const kept = spans.map(({ start }, index) => text.slice(spans[index - 1]?.end ?? 0, start));
  const cut = kept.join("") + text.slice(spans.at(-1)?.end ?? 0);
  const isLastOpen = spans.at(-1)?.end === text.length && !text.endsWith("\n");
  return isLastOpen ? cut.replace(/\r?\n$/, "") : cut;
}

export interface EditedLines {
  readonly text: string;
  readonly changed: boolean;
}

/** A line without its break and the blanks at its end, which do not count. */
interface Line {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Lines in a row: from, up to but not including. */
type Block = readonly [from: number, to: number];

/**
 * The file with these lines. Those that are not there yet are appended as a block of their own, after an empty line and
 * with the heading (a comment line, written as given) above. If the heading is there they join its block.
 */
export function addLines(text: string | undefined, lines: readonly string[], heading?: string): EditedLines {
  const original = text ?? "";
  const there = splitLines(original);
  const wanted = [...new Set(lines)].filter((line) => !there.some((each) => each.text === line));
  if (wanted.length === 0) return { text: original, changed: false };
  const block = heading === undefined ? undefined : findBlock(there, lines, heading);
  if (block !== undefined) {
    const end = there[block[1] - 1]?.end ?? original.length;
    return { text: appendLines(original.slice(0, end), wanted) + original.slice(end), changed: true };
  }
  const above = [...(original === "" ? [] : [""]), ...(heading === undefined ? [] : [heading])];
  return { text: appendLines(original, [...above, ...wanted]), changed: true };
}

/**
 * The exact inverse of `addLines`: takes out the block under the heading, with the empty line above it, and leaves equal
 * lines elsewhere, which are the user's. Without a heading the block is the last group of lines that holds only these.
 * Not told apart, since the texts are equal: a heading the file had before, and, without a heading, a file of only these lines.
 */
export function removeLines(text: string, lines: readonly string[], heading?: string): EditedLines {
  const all = splitLines(text);
  const block = heading === undefined ? lastGroup(all, lines) : findBlock(all, lines, heading);
  if (block === undefined) return { text, changed: false };
  const first = all[block[0] - 1]?.text === "" ? block[0] - 1 : block[0];
  const span = { start: all[first]?.start ?? 0, end: all[block[1] - 1]?.end ?? text.length };
  return { text: cutLines(text, [span]), changed: true };
}

/** The heading and the lines of ours right under it. */
function findBlock(all: readonly Line[], lines: readonly string[], heading: string): Block | undefined {
  const from = all.findLastIndex((line) => line.text === heading);
  if (from < 0) return undefined;
  let to = from + 1;
  while (lines.includes(all[to]?.text ?? "\n")) to += 1;
  return [from, to];
}

/** The last group of lines between empty ones that holds nothing but ours. */
function lastGroup(all: readonly Line[], lines: readonly string[]): Block | undefined {
  for (let to = all.length; to > 0; ) {
    const from = all.findLastIndex((line, at) => at < to && line.text === "") + 1;
    const group = all.slice(from, to);
    if (group.length > 0 && group.every((line) => lines.includes(line.text))) return [from, to];
    to = from - 1;
  }
  return undefined;
}

function splitLines(text: string): readonly Line[] {
  const found: Line[] = [];
  for (let start = 0, end = 0; start < text.length; start = end) {
    const stop = text.indexOf("\n", start);
    end = stop < 0 ? text.length : stop + 1;
    found.push({ text: trimEnd(text.slice(start, end).replace(/^\uFEFF/, "")), start, end });
  }
  return found;
}

/** Without blanks and line breaks at the end. No pattern: one that is anchored there is quadratic in the blanks before it. */
function trimEnd(line: string): string {
  let end = line.length;
  while (end > 0 && " \t\r\n".includes(line[end - 1] ?? "x")) end -= 1;
  return line.slice(0, end);
}
