/** Edits of a text, as fixes make them. */
import { applyEdits } from "jsonc-parser";
import type { Edited } from "../formats/json.ts";
import type { TextEdit } from "./model.ts";

/**
 * Applies the fixes that can be combined. A fix is applied whole or not at all; if two overlap, the first one. What was
 * left out is found again by the next run.
 */
export function applyFixes(text: string, fixes: readonly (readonly TextEdit[])[]): string {
  const taken: TextEdit[] = [];
  const meets = (a: TextEdit, b: TextEdit): boolean =>
    a.offset === b.offset || (a.offset < b.offset + b.length && b.offset < a.offset + a.length);
  for (const fix of fixes) {
    if (!fix.some((edit) => taken.some((other) => meets(edit, other)))) taken.push(...fix);
  }
  return applyEdits(
    text,
    taken.map(({ offset, length, text: content }) => ({ offset, length, content })),
  );
}

/** One edit that turns a text into another one, without the parts that both share at their ends. */
export function fixOf(before: string, edited: Edited): readonly TextEdit[] | undefined {
  if (!edited.ok || edited.text === before) return undefined;
  const after = edited.text;
  let [start, end] = [0, 0];
  while (before[start] === after[start]) start += 1;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  return [{ offset: start, length: before.length - end - start, text: after.slice(start, after.length - end) }];
}
