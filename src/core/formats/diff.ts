/** The changes of a plan as unified diffs. */
import { structuredPatch } from "diff";
import { HIDDEN, printable } from "../secrets.ts";

export interface DiffLine {
  readonly kind: "added" | "removed" | "context" | "hunk" | "note";
  readonly text: string;
}

function fitLine(line: string, width: number): string {
  const indent = (/^[\t ]*/.exec(line)?.[0] ?? "").replace(/\t/g, "  ").slice(0, Math.max(0, width - 20));
  return indent + printable(line, width - indent.length);
}

/** The changes with three lines of context, none wider than `width`. `mask` returns a text of as many lines. */
export function diffTexts(
  before: string,
  after: string,
  { mask, width }: { readonly mask: (text: string) => string; readonly width: number },
): readonly DiffLine[] {
  const patch = structuredPatch("a", "b", before, after, "", "", { context: 3, maxEditLength: 4000 });
  if (patch === undefined) return [{ kind: "note", text: "(too many changes to show line by line)" }];
  const masked = [mask(before).split("\n"), mask(after).split("\n")] as const;
  return patch.hunks.flatMap((hunk): readonly DiffLine[] => {
    let [oldAt, newAt] = [hunk.oldStart - 1, hunk.newStart - 1];
    const head: readonly DiffLine[] = oldAt > 0 ? [{ kind: "hunk", text: `@@ line ${hunk.newStart} @@` }] : [];
    const lines = hunk.lines.map((raw): DiffLine => {
      if (raw.startsWith("\\")) return { kind: "note", text: "\\ no newline at the end" };
      const kind = raw.startsWith("+") ? "added" : raw.startsWith("-") ? "removed" : "context";
      const text = (kind === "removed" ? masked[0][oldAt] : masked[1][newAt]) ?? HIDDEN;
      if (kind !== "added") oldAt += 1;
      if (kind !== "removed") newAt += 1;
      return { kind, text: fitLine(text, width) };
    });
    return [...head, ...lines];
  });
}
