import { createColors } from "picocolors";
import type { DiffLine } from "../core/formats/diff.ts";

export type Paint = ReturnType<typeof createPaint>;

const sign = { ok: "✔", bad: "✖", warn: "▲", info: "◇", bar: "│", dot: "•" } as const;

/** Colours and signs for one output: plain text without colours. */
export function createPaint(color: boolean) {
  const { bold, dim, red, green, yellow, cyan } = createColors(color);
  return { bold, dim, red, green, yellow, cyan, sign };
}

export function paintLine(paint: Paint, { kind, text }: DiffLine): string {
  if (kind === "added") return paint.green(`+ ${text}`);
  if (kind === "removed") return paint.red(`- ${text}`);
  return paint.dim(kind === "context" ? `  ${text}` : text);
}
