import type { Output } from "../context.ts";

/** The columns to write in: no more than can be read well, and none that a window cannot have. */
export const columnsOf = ({ columns }: Output): number => Math.max(40, Math.min(columns || 80, 100));

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
    const longer = current === "" ? word : `${current} ${word}`;
    const fits = current === "" || indent.length + longer.length <= width;
    if (!fits) out.push(indent + current);
    current = fits ? longer : word;
  }
  out.push(indent + current);
  return out;
}
