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
  /** How many of the taken ones start before an offset. */
  const rank = (offset: number): number => {
    let [low, high] = [0, taken.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((taken[middle]?.offset ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const isFree = (edit: TextEdit): boolean => {
    const at = rank(edit.offset);
    const [before, after] = [taken[at - 1], taken[at]];
    if (before !== undefined && before.offset + before.length > edit.offset) return false;
    return after === undefined || (after.offset !== edit.offset && edit.offset + edit.length <= after.offset);
  };
  for (const fix of fixes) {
    if (fix.every(isFree)) for (const edit of fix) taken.splice(rank(edit.offset), 0, edit);
  }
  return taken;
}
