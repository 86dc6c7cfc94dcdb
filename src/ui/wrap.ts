/** Breaks a line at spaces so that it fits `width` columns; a word that is longer stays whole (it may be copied). */
export function wrap(line: string, width: number): readonly string[] {
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
