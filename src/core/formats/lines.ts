/** Edits of files that are lists of lines: `.gitignore`, `.envrc`. Blanks at the end of a line do not count. */

export interface EditedLines {
  readonly text: string;
  readonly changed: boolean;
}

interface Line {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The file with these lines. Those that are not there yet are appended as a block of their own, after an empty line and
 * with the heading (a comment line, written as given) above. If the heading is there they join its block.
 */
export function addLines(text: string | undefined, lines: readonly string[], heading?: string): EditedLines {
  const original = text ?? "";
  const there = splitLines(original);
  const known = new Set(there.map((line) => line.text));
  const wanted = [...new Set(lines.map(trimEnd))].filter((line) => !known.has(line));
  if (wanted.length === 0) return { text: original, changed: false };
  const eol = /\r?\n/.exec(original)?.[0] ?? "\n";
  const block = heading === undefined ? undefined : findBlock(there, lines, heading);
  const last = block === undefined ? undefined : there[block.to - 1];
  if (last !== undefined && last.end < original.length) {
    const joined = wanted.map((line) => line + eol).join("");
    return { text: original.slice(0, last.end) + joined + original.slice(last.end), changed: true };
  }
  const written = block !== undefined || heading === undefined ? wanted : [trimEnd(heading), ...wanted];
  if (original === "") return { text: written.map((line) => line + eol).join(""), changed: true };
  const blank = block === undefined ? [""] : [];
  return { text: append(original, [...blank, ...written], eol), changed: true };
}

/**
 * The exact inverse of `addLines`: takes out the block under the heading, with the empty line above it, and leaves equal
 * lines elsewhere, which are the user's. Without a heading the block is the last group of lines that holds only these.
 * Not told apart, since the texts are equal: a heading the file had before, and, without a heading, a file of only these lines.
 */
export function removeLines(text: string, lines: readonly string[], heading?: string): EditedLines {
  const all = splitLines(text);
  const block = heading === undefined ? lastGroup(all, lines) : findBlock(all, lines, heading);
  const last = block === undefined ? undefined : all[block.to - 1];
  if (block === undefined || last === undefined) return { text, changed: false };
  const above = all[block.from - 1];
  const first = above !== undefined && above.text === "" ? above : all[block.from];
  const before = text.slice(0, first?.start ?? 0);
  const behind = text.slice(last.end);
  // The last line had no line break: neither had the line that is the last one now.
  const open = behind === "" && !text.endsWith("\n");
  return { text: open ? before.replace(/\r?\n$/, "") : before + behind, changed: true };
}

/** The heading and the lines of ours right under it. */
function findBlock(
  all: readonly Line[],
  lines: readonly string[],
  heading: string,
): { readonly from: number; readonly to: number } | undefined {
  const from = all.findLastIndex((line) => line.text === trimEnd(heading));
  if (from < 0) return undefined;
  const ours = new Set(lines.map(trimEnd));
  let to = from + 1;
  while (ours.has(all[to]?.text ?? "\n")) to += 1;
  return { from, to };
}

/** The last group of lines between empty ones that holds nothing but ours. */
function lastGroup(
  all: readonly Line[],
  lines: readonly string[],
): { readonly from: number; readonly to: number } | undefined {
  const ours = new Set(lines.map(trimEnd));
  let to = all.length;
  while (to > 0) {
    let from = to;
    while (from > 0 && all[from - 1]?.text !== "") from -= 1;
    const group = all.slice(from, to);
    if (group.length > 0 && group.every((line) => ours.has(line.text))) return { from, to };
    to = from - 1;
  }
  return undefined;
}

function splitLines(text: string): readonly Line[] {
  const found: Line[] = [];
  let start = 0;
  while (start < text.length) {
    const stop = text.indexOf("\n", start);
    const end = stop < 0 ? text.length : stop + 1;
    const line = text.slice(start, end).replace(/^\uFEFF/, "");
    found.push({ text: trimEnd(line), start, end });
    start = end;
  }
  return found;
}

function append(text: string, lines: readonly string[], eol: string): string {
  if (text.endsWith("\n")) return text + lines.map((line) => line + eol).join("");
  return text + (text.endsWith("\r") ? "\r\n" : eol) + lines.join(eol);
}

function trimEnd(line: string): string {
  let end = line.length;
  while (end > 0 && " \t\r\n".includes(line[end - 1] ?? "x")) end -= 1;
  return line.slice(0, end);
}
