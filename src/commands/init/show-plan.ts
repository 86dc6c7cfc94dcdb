/** A plan as a person reads it: a diff for each file that changes, the commands, the steps left to a person. */
import { maskFile } from "../../core/check/mask-file.ts";
import { toSh } from "../../core/command-line.ts";
import { diffTexts } from "../../core/formats/diff.ts";
import type { Plan } from "../../core/plan/model.ts";
import { printable } from "../../core/secrets.ts";
import { type Paint, paintLine } from "../../ui/paint.ts";
import { stepLabel } from "../shared/carry-out.ts";

export interface DiffStyle {
  readonly paint: Paint;
  /** Longest line, in characters. */
  readonly width: number;
  readonly secrets: readonly string[];
  /** Values that may be seen in .env, whose others are private. */
  readonly shown: readonly string[];
}

function diffLines(path: string, before: string, after: string, style: DiffStyle): readonly string[] {
  const { paint, width, secrets, shown } = style;
  const mask = (text: string): string => maskFile(path, text, secrets, shown);
  return diffTexts(before, after, { mask, width }).map((line) => paintLine(paint, line));
}

/** A step with what is below it. */
interface Part {
  readonly title: string;
  readonly details?: readonly string[];
  /** Lines that stay as they are. */
  readonly diff?: readonly string[];
  /** What takes the place of the title in a unified diff. */
  readonly sides?: readonly string[];
}

/** What a plan changes, step by step. A file that stays as it is has no part. */
export function planParts({ steps }: Plan, root: string, style: DiffStyle): readonly Part[] {
  return steps.flatMap((step): readonly Part[] => {
    const label = stepLabel(step, root);
    if (step.kind === "tell") return [{ title: `${label} (shown at the end)` }];
    if (step.kind === "run") {
      const command = printable(toSh(["claude", ...step.argv.slice(1)]), 1000);
      const input = step.stdin === undefined ? "" : "  < the entry, on standard input";
      return [{ title: `Run: ${label}`, details: [command + input, ...(step.details ?? [])] }];
    }
    const { path, before, after } = step;
    const mode = step.mode?.toString(8);
    if (before === after)
      return mode === undefined ? [] : [{ title: `${label}: only its permissions change, to ${mode} (private)` }];
    const what = before === undefined ? "new" : after === undefined ? "removed" : "changed";
    const title = `${style.paint.bold(label)} (${what}${mode === undefined ? "" : `, mode ${mode}`})`;
    const side = (text: string | undefined): string => (text === undefined ? "/dev/null" : label);
    const sides = [`--- ${side(before)}`, `+++ ${side(after)}`];
    return [{ title, sides, diff: diffLines(path, before ?? "", after ?? "", style) }];
  });
}
