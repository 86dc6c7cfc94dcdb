/** A line to copy: a command or a URL. It is not wrapped. */
function isToCopy(line: string): boolean {
  return /^\s*(?:npx|git|claude|rm|ls|cd|chmod|export|[A-Z][A-Z0-9_]*=\S*|--url) |^\s*https?:\/\/\S+$/.test(line);
}

/** Wraps a line at spaces to `width` columns, a comment as comments. Longer words and commands stay whole. */
export function wrap(line: string, width: number): readonly string[] {
  if (isToCopy(line)) return [line];
  const indent = /^\s*(?:# )?/.exec(line)?.[0] ?? "";
  const out: string[] = [];
  let current = "";
  for (const word of line.slice(indent.length).trim().split(" ")) {
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
