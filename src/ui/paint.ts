import { createColors } from "picocolors";

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
