import type { Position } from "../formats/lines.ts";

/** Finds the place of any offset of one text. Made once a file: `positionAt` reads from the beginning each time. */
export type LineIndex = (offset: number) => Position;

/** The index of a text; it says what `positionAt` says. */
export function indexLines(text: string): LineIndex {
  const starts = [text.startsWith("\uFEFF") ? 1 : 0];
  for (let at = starts[0] ?? 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === 10 || (unit === 13 && text.charCodeAt(at + 1) !== 10)) starts.push(at + 1);
  }
  return (offset) => {
    const target = Math.min(Math.max(0, offset), text.length);
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= target) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: Math.max(0, target - (starts[low] ?? 0)) + 1 };
  };
}
