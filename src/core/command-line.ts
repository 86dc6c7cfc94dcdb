/** Commands as text that can be pasted into a shell. */

/** A word for sh: bare when harmless, else in single quotes. A leading `=` is a path search in zsh. */
export function quoteSh(word: string): string {
  return /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`;
}

export const toSh = (argv: readonly string[]): string => argv.map(quoteSh).join(" ");

/** One letter too many, too few, another one, or two swapped. */
export function isOneSlip(a: string, b: string): boolean {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const [x, y] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  return x.length <= 1 ? y.length <= 1 : x.length === 2 && y.length === 2 && x[0] === y[1] && x[1] === y[0];
}

/** The valid word that was probably meant, or undefined if none is similar. */
export function nearest(word: string, valid: readonly string[]): string | undefined {
  return valid.find((each) => isOneSlip(word.toLowerCase(), each.toLowerCase()));
}
