/** Commands as text that can be pasted into a shell. */

/**
 * A word for sh: bare when harmless, else in single quotes, so that no `${VAR}` in it is expanded by the shell.
 * A leading `=` is harmless in sh and bash, and a path search in zsh.
 */
export function quoteSh(word: string): string {
  return /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`;
}

export const toSh = (argv: readonly string[]): string => argv.map(quoteSh).join(" ");

/** The smallest number of single-character edits between two words; at most `limit` + 1. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? limit + 1;
}

/** The valid word that was probably meant, or undefined when none is near. */
export function nearest(word: string, valid: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.min(3, Math.floor(word.length / 3)));
  return valid
    .map((candidate) => ({ candidate, edits: distance(word.toLowerCase(), candidate.toLowerCase(), limit) }))
    .filter(({ edits }) => edits <= limit)
    .toSorted((a, b) => a.edits - b.edits)[0]?.candidate;
}
