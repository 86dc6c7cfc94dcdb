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

const CONTEXT = 3;

/** The lines that differ, from and to on each side, with the equal ones around them that a diff shows, and one for the break at the end. */
function changedLines(old: readonly string[], now: readonly string[]): [from: number, ends: readonly [number, number]] {
  const most = Math.min(old.length, now.length);
  let head = 0;
  while (head < most && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < most - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const left = Math.max(0, tail - CONTEXT - 1);
  return [Math.max(0, head - CONTEXT - 1), [old.length - left, now.length - left]];
}

/** What changes between two texts, three lines of context. Deterministic; no line holds a control character. */
export function diffTexts(before: string, after: string, { mask, width }: DiffOptions): readonly DiffLine[] {
  const sides = [before.split("\n"), after.split("\n")] as const;
  const [from, ends] = changedLines(...sides);
  // only what changes is compared: a file may have a hundred thousand lines
  const [old, now] = sides.map(
    (lines, at) => lines.slice(from, ends[at]).join("\n") + (ends[at] === lines.length ? "" : "\n"),
  );
  const patch = structuredPatch("a", "b", old ?? "", now ?? "", undefined, undefined, {
    context: CONTEXT,
    maxEditLength: 4000,
  });
  if (patch === undefined) return [{ kind: "note", text: "(too many changes to show line by line)" }];
  const masked = { old: mask(before).split("\n"), new: mask(after).split("\n") };
  const out: DiffLine[] = [];
  for (const hunk of patch.hunks) {
    const at = { old: from + hunk.oldStart - 1, new: from + hunk.newStart - 1 };
    if (out.length > 0 || at.old > 0) out.push({ kind: "hunk", text: `@@ line ${at.new + 1} @@` });
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
