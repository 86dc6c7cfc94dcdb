import { createColors } from "picocolors";

import type { DiffLine } from "../core/formats/diff.ts";

export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
  readonly sign: {
    readonly ok: string;
    readonly bad: string;
    readonly warn: string;
    readonly info: string;
    readonly bar: string;
    readonly dot: string;
  };
}

/** Colours and signs for one output: without colour the text is bare, without Unicode the signs are ASCII. */
export function createPaint(color: boolean, unicode: boolean): Paint {
  const { bold, dim, red, green, yellow, cyan } = createColors(color);
  const sign = unicode
    ? { ok: "✔", bad: "✖", warn: "▲", info: "◇", bar: "│", dot: "•" }
    : { ok: "+", bad: "x", warn: "!", info: "-", bar: "|", dot: "*" };
  return { bold, dim, red, green, yellow, cyan, sign };
}

/** A line of a diff. */
export function paintLine(paint: Paint, { kind, text }: DiffLine): string {
  if (kind === "added") return paint.green(`+ ${text}`);
  if (kind === "removed") return paint.red(`- ${text}`);
  return paint.dim(kind === "context" ? `  ${text}` : text);
}
