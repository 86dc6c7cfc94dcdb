/** Texts as lists of lines: positions, adding and removing whole lines, and our blocks in `.gitignore` and `.envrc`. */
import type { Edited } from "./json.ts";

/**
 * Offset in UTF-16 units → line and column, both from 1. CR, LF and CRLF each end a line; a BOM takes no column.
 * An offset beyond either end counts as that end. An offset between CR and LF belongs to the line that they end.
 */
export function indexLines(text: string): (offset: number) => { readonly line: number; readonly column: number } {
  const starts = [text.startsWith("\uFEFF") ? 1 : 0];
  for (const { index, 0: end } of text.matchAll(/\r\n?|\n/g)) starts.push(index + end.length);
  return (offset) => {
    const target = Math.min(Math.max(starts[0] ?? 0, offset), text.length);
    const line = starts.findLastIndex((start) => start <= target);
    return { line: line + 1, column: target - (starts[line] ?? 0) + 1 };
  };
}

/** `:line:column`, for after the name of a file; empty for a text that was not decoded. */
export function placeWords(text: string, offset: number): string {
  if (text === "") return "";
  const { line, column } = indexLines(text)(offset);
  return `:${line}:${column}`;
}

/** Appends whole lines. A text without a final newline stays without one, so that `cutLines` can restore it. */
export function appendLines(text: string, lines: readonly string[]): string {
  if (lines.length === 0) return text;
  const eol = /\r?\n/.exec(text)?.[0] ?? "\n";
  if (text === "" || text.endsWith("\n")) return text + lines.map((line) => line + eol).join("");
  // a final CR would turn our LF into a CRLF, and be removed with it
  return text + (text.endsWith("\r") ? "\r\n" : eol) + lines.join(eol);
}

/** Removes whole lines. If the last one had no line break, the line before it loses its own. */
export function cutLines(text: string, spans: readonly { readonly start: number; readonly end: number }[]): string {
  const kept = spans.map(({ start }, index) => text.slice(spans[index - 1]?.end ?? 0, start));
  const cut = kept.join("") + text.slice(spans.at(-1)?.end ?? 0);
  const isLastOpen = spans.at(-1)?.end === text.length && !text.endsWith("\n");
  return isLastOpen ? cut.replace(/\r?\n$/, "") : cut;
}

type Done = Edited & { readonly ok: true };

/** The lines for comparison: without breaks and spaces at the end. */
const plainLines = (text: string): readonly string[] =>
  text.split("\n").map((line) => line.replace(/^\uFEFF/, "").trimEnd());

/** The file with these lines: missing ones appended under the heading, or after the last line if it is there. */
export function addLines(text: string, lines: readonly string[], heading?: string): Done {
  const plain = plainLines(text);
  const wanted = lines.filter((line) => !plain.includes(line));
  const isBlock = heading === undefined || !plain.includes(heading);
  const above = isBlock ? [text === "" ? [] : "", heading ?? []].flat() : [];
  return { ok: true, text: wanted.length === 0 ? text : appendLines(text, [...above, ...wanted]) };
}

function withoutLines(text: string, numbers: readonly number[]): Done {
  const all = text.split(/(?<=\n)/);
  const startOf = (at: number): number => all.slice(0, at).join("").length;
  const spans = numbers.toSorted((a, b) => a - b).map((at) => ({ start: startOf(at), end: startOf(at + 1) }));
  return { ok: true, text: cutLines(text, spans) };
}

/** The inverse of `addLines` for one line: removed with the empty line above it only if it is between empty lines. */
export function removeLine(text: string, line: string): Done {
  const plain = plainLines(text);
  const at = plain.findLastIndex((each, index) => each === line && !plain[index - 1] && !plain[index + 1]);
  return withoutLines(text, at < 0 ? [] : plain[at - 1] === "" ? [at - 1, at] : [at]);
}

/** The inverse of `addLines` for a block: these lines under its heading; the heading too, if none of its `kept` lines is left. Without a heading the last of each. */
export function removeLines(
  text: string,
  lines: readonly string[],
  heading: string | undefined,
  kept: readonly string[],
): Done {
  const plain = plainLines(text);
  const top = heading === undefined ? -1 : plain.indexOf(heading);
  const isThere = heading === undefined || top >= 0;
  const cut = lines.map((line) => plain.lastIndexOf(line)).filter((at) => isThere && at > top);
  if (cut.length > 0 && top >= 0 && !kept.some((line) => plain.lastIndexOf(line) > top))
    cut.push(...(plain[top - 1] === "" ? [top - 1, top] : [top]));
  return withoutLines(text, cut);
}
