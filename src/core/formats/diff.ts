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
function fitLine(line: string, width: number, other?: string): string {
  const whole = pointsOf(line, width);
  if (whole.length <= width) return whole.join("");
  const counterpart = other === undefined ? [] : pointsOf(other, width);
  let at = 0;
  while (at < whole.length && whole[at] === counterpart[at]) at += 1;
  if (at < width - SEEN) return `${whole.slice(0, width - 1).join("")}…`;
  const rest = whole.slice(at - Math.floor(width / 3));
  return `…${rest.slice(0, width - 2).join("")}${rest.length > width - 2 ? "…" : ""}`;
}

/** Lines that take the place of others, each fitted beside the one that stands in the same place on the other side. */
function fitPlace(place: readonly DiffLine[], width: number): readonly DiffLine[] {
  const of = (wanted: DiffLine["kind"]): readonly DiffLine[] => place.filter(({ kind }) => kind === wanted);
  const [removed, added] = [of("removed"), of("added")];
  return place.map((line) => {
    if (line.kind === "note") return line;
    const [side, others] = line.kind === "removed" ? [removed, added] : [added, removed];
    return { ...line, text: fitLine(line.text, width, others[side.indexOf(line)]?.text) };
  });
}

/** What changes between two texts, three lines of context. Deterministic; no line holds a control character. */
export function diffTexts(before: string, after: string, { mask, width }: DiffOptions): readonly DiffLine[] {
  const patch = structuredPatch("a", "b", before, after, undefined, undefined, { context: 3, maxEditLength: 4000 });
  if (patch === undefined) return [{ kind: "note", text: "(too many changes to show line by line)" }];
  const masked = { old: mask(before).split("\n"), new: mask(after).split("\n") };
  const out: DiffLine[] = [];
  for (const hunk of patch.hunks) {
    if (out.length > 0 || hunk.oldStart > 1) out.push({ kind: "hunk", text: `@@ line ${hunk.newStart} @@` });
    const at = { old: hunk.oldStart - 1, new: hunk.newStart - 1 };
    let place: DiffLine[] = [];
    for (const raw of hunk.lines) {
      if (raw.startsWith("\\")) {
        place.push({ kind: "note", text: "\\ no newline at the end" });
        continue;
      }
      const kind = raw.startsWith("+") ? "added" : raw.startsWith("-") ? "removed" : "context";
      const side = kind === "removed" ? "old" : "new";
      const text = masked[side][at[side]] ?? HIDDEN;
      if (kind !== "added") at.old += 1;
      if (kind !== "removed") at.new += 1;
      if (kind !== "context") place.push({ kind, text });
      else {
        out.push(...fitPlace(place, width), { kind, text: fitLine(text, width) });
        place = [];
      }
    }
    out.push(...fitPlace(place, width));
  }
  return out;
}
