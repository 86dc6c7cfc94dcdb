/** The changes of a plan as unified diffs. */
import { structuredPatch } from "diff";
import { HIDDEN, printable } from "../secrets.ts";

export interface DiffLine {
  readonly kind: "added" | "removed" | "context" | "hunk" | "note";
  readonly text: string;
}

export interface DiffOptions {
  /** A side as it may be shown, with as many lines as it has. */
  readonly mask: (text: string) => string;
  /** Longest line that is printed, in characters. */
  readonly width: number;
}

/** The characters of a line as they would be printed, if there were room. Its indent stays, as far as there is room for the line. */
function pointsOf(line: string, width: number): readonly string[] {
  const indent = (/^[\t ]*/.exec(line)?.[0] ?? "").replace(/\t/g, "  ").slice(0, Math.max(0, width - 20));
  return Array.from(indent + printable(line, Number.POSITIVE_INFINITY));
}

/** As much of a difference has to be seen. */
const SEEN = 12;

/**
 * A line as far as there is room. Of a long one that changes, the part around its first difference from the other side:
 * its beginning would be the same on both.
 */
function fitLine(line: string, width: number, other = ""): string {
  const whole = pointsOf(line, width);
  if (whole.length <= width) return whole.join("");
  const counterpart = pointsOf(other, width);
  let at = 0;
  while (at < whole.length && whole[at] === counterpart[at]) at += 1;
  if (at < width - SEEN) return `${whole.slice(0, width - 1).join("")}…`;
  const rest = whole.slice(at - Math.floor(width / 3));
  return `…${rest.slice(0, width - 2).join("")}${rest.length > width - 2 ? "…" : ""}`;
}

/** What changes between two texts, three lines of context. Deterministic; no line holds a control character. */
export function diffTexts(before: string, after: string, { mask, width }: DiffOptions): readonly DiffLine[] {
  const patch = structuredPatch("a", "b", before, after, "", "", { context: 3, maxEditLength: 4000 });
  if (patch === undefined) return [{ kind: "note", text: "(too many changes to show line by line)" }];
  const masked = [mask(before).split("\n"), mask(after).split("\n")] as const;
  return patch.hunks.flatMap((hunk): readonly DiffLine[] => {
    let [oldAt, newAt] = [hunk.oldStart - 1, hunk.newStart - 1];
    const head: readonly DiffLine[] = oldAt > 0 ? [{ kind: "hunk", text: `@@ line ${hunk.newStart} @@` }] : [];
    const sides = { removed: [] as string[], added: [] as string[] };
    const lines = hunk.lines.map((raw): DiffLine & { readonly place: number } => {
      if (raw.startsWith("\\")) return { kind: "note", text: "\\ no newline at the end", place: 0 };
      const kind = raw.startsWith("+") ? "added" : raw.startsWith("-") ? "removed" : "context";
      const text = (kind === "removed" ? masked[0][oldAt] : masked[1][newAt]) ?? HIDDEN;
      if (kind !== "added") oldAt += 1;
      if (kind !== "removed") newAt += 1;
      return { kind, text, place: kind === "context" ? 0 : sides[kind].push(text) - 1 };
    });
    const fitted = lines.map(({ kind, text, place }): DiffLine => {
      const other = kind === "removed" ? sides.added[place] : kind === "added" ? sides.removed[place] : undefined;
      return { kind, text: kind === "note" ? text : fitLine(text, width, other) };
    });
    return [...head, ...fitted];
  });
}
