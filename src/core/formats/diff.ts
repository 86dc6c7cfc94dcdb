/** The plan's changes as unified diffs, with every value masked that is not ours to show. */
import { structuredPatch } from "diff";
import { HIDDEN, printable } from "../secrets.ts";
import { type MaskOptions, maskLines } from "./mask-lines.ts";

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
function indentOf(line: string, width: number): string {
  return (/^[\t ]*/.exec(line)?.[0] ?? "").replace(/\t/g, "  ").slice(0, Math.max(0, width - 20));
}

function fitLine(line: string, width: number): string {
  const indent = indentOf(line, width);
  return indent + printable(line, Math.max(20, width - indent.length));
}

/** Its characters as they would be printed, if there were room. */
function pointsOf(line: string, width: number): readonly string[] {
  return Array.from(indentOf(line, width) + printable(line, Number.POSITIVE_INFINITY));
}

function shared(a: readonly string[], b: readonly string[]): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1;
  return at;
}

/** As much of a difference has to be seen. */
const SEEN = 12;
/** In a place of more lines than these the counterpart of a long line is not searched for. */
const MOST_COMPARED = 50;

/**
 * Every line as far as there is room. Of a long one that changes, the part around its first difference from the other
 * side: its beginning would be the same on both.
 */
function fitLines(lines: readonly DiffLine[], width: number): readonly DiffLine[] {
  const known = new Map<string, readonly string[]>();
  const points = (line: string): readonly string[] => {
    const there = known.get(line) ?? pointsOf(line, width);
    known.set(line, there);
    return there;
  };
  const fitChanged = (line: string, others: readonly string[]): string => {
    const whole = points(line);
    const at = Math.max(0, ...others.map((other) => shared(whole, points(other))));
    if (whole.length <= width || at < width - SEEN) return fitLine(line, width);
    const rest = whole.slice(at - Math.floor(width / 3));
    return `…${rest.slice(0, width - 2).join("")}${rest.length > width - 2 ? "…" : ""}`;
  };
  const fitPlace = (place: readonly DiffLine[]): readonly DiffLine[] => {
    const sides = { removed: [] as string[], added: [] as string[] };
    for (const { kind, text } of place) if (kind === "removed" || kind === "added") sides[kind].push(text);
    const { removed, added } = sides;
    const isPaired = removed.length === added.length || Math.max(removed.length, added.length) > MOST_COMPARED;
    const at = { removed: 0, added: 0 };
    return place.map(({ kind, text }) => {
      if (kind !== "removed" && kind !== "added")
        return { kind, text: kind === "context" ? fitLine(text, width) : text };
      const others = sides[kind === "removed" ? "added" : "removed"];
      const near = isPaired ? others.slice(at[kind], at[kind] + 1) : others;
      at[kind] += 1;
      return { kind, text: fitChanged(text, near) };
    });
  };
  const out: DiffLine[] = [];
  let start = 0;
  for (let end = 0; end <= lines.length; end += 1) {
    const kind = lines[end]?.kind;
    if (kind === "removed" || kind === "added" || kind === "note") continue;
    // what is in its place may change, what follows it does not
    out.push(...fitPlace(lines.slice(start, end + 1)));
    start = end + 1;
  }
  return out;
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
      lines.push({ kind, text: text ?? HIDDEN });
    }
  }
  return fitLines(lines, options.width);
}
