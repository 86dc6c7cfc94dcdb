/** The plan's changes as unified diffs, with every value masked that is not ours to show. */
import { structuredPatch } from "diff";
import { type MaskOptions, maskLines } from "./mask-lines.ts";
import { mask, printable } from "./redact.ts";

export interface DiffLine {
  readonly kind: "added" | "removed" | "context" | "hunk" | "note";
  readonly text: string;
}

export interface DiffOptions extends MaskOptions {
  /** Longest line that is printed, in characters. */
  readonly width: number;
}

function bare(line: string): string {
  return line.replace(/\r$/, "");
}

/** A line's indent stays, as far as there is room for the line. */
function fitLine(line: string, width: number): string {
  const indent = (/^[\t ]*/.exec(line)?.[0] ?? "").replace(/\t/g, "  ").slice(0, Math.max(0, width - 20));
  return indent + printable(line, Math.max(20, width - indent.length));
}

/** What changes between two texts, three lines of context. Deterministic; no line holds a control character. */
export function diffTexts(before: string, after: string, options: DiffOptions): readonly DiffLine[] {
  const patch = structuredPatch("a", "b", before, after, undefined, undefined, { context: 3, maxEditLength: 4000 });
  if (patch === undefined) return [{ kind: "note", text: "(too much changes to show line by line)" }];
  const sources = { old: before.split("\n"), new: after.split("\n") };
  const known = new Set(sources.old.map(bare));
  const ours = new Set(sources.new.map(bare).filter((line) => !known.has(line)));
  const masked = { old: maskLines(before, new Set<string>(), options), new: maskLines(after, ours, options) };
  const lines: DiffLine[] = [];
  for (const hunk of patch.hunks) {
    if (lines.length > 0 || hunk.oldStart > 1) lines.push({ kind: "hunk", text: `@@ line ${hunk.newStart} @@` });
    const at = { old: hunk.oldStart - 1, new: hunk.newStart - 1 };
    for (const raw of hunk.lines) {
      if (raw.startsWith("\\")) {
        lines.push({ kind: "note", text: "\\ no newline at the end" });
        continue;
      }
      const kind = raw.startsWith("+") ? "added" : raw.startsWith("-") ? "removed" : "context";
      const side = kind === "removed" ? "old" : "new";
      // a place that is not the line it should be shows nothing
      const text = sources[side][at[side]] === raw.slice(1) ? masked[side][at[side]] : undefined;
      if (kind !== "added") at.old += 1;
      if (kind !== "removed") at.new += 1;
      lines.push({ kind, text: fitLine(text ?? mask(""), options.width) });
    }
  }
  return lines;
}
