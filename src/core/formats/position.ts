/** Where an offset is, as people count: both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

const BOM = "\uFEFF";

/**
 * Line and column of an offset in UTF-16 units. CR, LF and CRLF each end a line; a BOM takes no column.
 * An offset beyond either end is moved to that end. An offset between CR and LF still belongs to the line they end.
 */
export function positionAt(text: string, offset: number): Position {
  const target = Math.min(Math.max(0, offset), text.length);
  let line = 1;
  let lineStart = text.startsWith(BOM) ? 1 : 0;
  for (let at = lineStart; at < target; at += 1) {
    const unit = text[at];
    if (unit === "\r" && text[at + 1] === "\n") {
      if (at + 1 >= target) break;
      at += 1;
    } else if (unit !== "\n" && unit !== "\r") {
      continue;
    }
    line += 1;
    lineStart = at + 1;
  }
  return { line, column: Math.max(0, target - lineStart) + 1 };
}
