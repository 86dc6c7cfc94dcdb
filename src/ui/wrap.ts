/** A line to be copied: a command, or an address. It stays whole, whatever its length. */
function isToCopy(line: string): boolean {
  return /^\s*(?:npx|git|claude|rm|ls|cd|chmod|export|[A-Z][A-Z0-9_]*=\S*|--url) |^\s*https?:\/\/\S+$/.test(line);
}

/** Breaks a line at spaces so that it fits `width` columns. A word that is longer stays whole, and so does a command. */
export function wrap(line: string, width: number): readonly string[] {
  if (isToCopy(line)) return [line];
  const indent = /^\s*/.exec(line)?.[0] ?? "";
  const out: string[] = [];
  let current = "";
  for (const word of line.trim().split(" ")) {
    if (current !== "" && indent.length + current.length + 1 + word.length > width) {
      out.push(indent + current);
      current = word;
    } else {
      current = current === "" ? word : `${current} ${word}`;
    }
  }
  out.push(indent + current);
  return out;
}
