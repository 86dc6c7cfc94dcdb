/** A replacement of one stretch of a text. */
export interface TextEdit {
  readonly offset: number;
  readonly length: number;
  readonly text: string;
}

/**
 * Applies edits that do not overlap; of two that do, the one that starts first (then the one listed first) wins and
 * the other is left out, to be found again by the next run.
 */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  let out = "";
  let at = 0;
  for (const edit of [...edits].sort((a, b) => a.offset - b.offset)) {
    if (edit.offset < at) continue;
    out += text.slice(at, edit.offset) + edit.text;
    at = edit.offset + edit.length;
  }
  return out + text.slice(at);
}

/**
 * The edits of the fixes that can be done together: a fix is taken whole or not at all, the first one where two touch,
 * and what was left out is found again by the next run.
 */
export function chooseFixes(fixes: readonly (readonly TextEdit[])[]): readonly TextEdit[] {
  const taken: TextEdit[] = [];
  const meets = (a: TextEdit, b: TextEdit): boolean =>
    a.offset === b.offset || (a.offset < b.offset + b.length && b.offset < a.offset + a.length);
  for (const fix of fixes) {
    if (!fix.some((edit) => taken.some((other) => meets(edit, other)))) taken.push(...fix);
  }
  return taken;
}

/** The one edit that turns a text into another: what they share at both ends stays out of it. */
export function editBetween(before: string, after: string): TextEdit {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return { offset: start, length: before.length - end - start, text: after.slice(start, after.length - end) };
}
