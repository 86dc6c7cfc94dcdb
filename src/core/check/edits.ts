/** Edits of a text, as fixes make them. */
import { applyEdits } from "jsonc-parser";
import type { Edited } from "../formats/json.ts";
import type { TextEdit } from "./model.ts";

/**
 * Applies the fixes that can be done together: a fix is taken whole or not at all, the first one where two touch. What was
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

/** The one edit that a changed file comes down to: what both texts share at their ends stays out of it. */
export function fixOf(before: string, edited: Edited): readonly TextEdit[] | undefined {
  if (!edited.ok || edited.text === before) return undefined;
  const after = edited.text;
  let [start, end] = [0, 0];
  while (before[start] === after[start]) start += 1;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  return [{ offset: start, length: before.length - end - start, text: after.slice(start, after.length - end) }];
}
