/** The plan's changes as unified diffs, with every value masked that is not ours to show. */
import { structuredPatch } from "diff";
import { mask, printable, redact } from "./redact.ts";

export interface DiffLine {
  readonly kind: "added" | "removed" | "context" | "hunk" | "note";
  readonly text: string;
}

export interface DiffOptions {
  /** Known secrets, masked wherever they stand. */
  readonly secrets: readonly string[];
  /** Values that may be shown: the URL, the server's name, placeholders. */
  readonly shown: readonly string[];
  readonly format: "json" | "dotenv" | "lines";
  /** Longest line that is printed, in characters. */
  readonly width: number;
}

/** Keys whose values say what an entry is, not what it opens. */
const OPEN_KEYS = new Set(["type", "command", "$schema", "transport", "version"]);

/** A reference in any client's spelling, alone or after a word such as Bearer. */
const ONLY_REFERENCE = /^(?:[A-Za-z]{1,16} )?\$\{[A-Za-z_][A-Za-z0-9_]*(?::-)?\}$/;

/**
 * One line of a JSON file: every string that is a value is masked, unless it is a reference, one of ours, or of a
 * key that is open. A neighbour's entry may hold a token, and on a minified line everything stands together.
 */
function maskJsonLine(line: string, shown: ReadonlySet<string>): string {
  let key: string | undefined;
  return line.replace(/"((?:[^"\\]|\\.)*)"(\s*:)?|"(?:[^"\\]|\\.)*$/g, (whole, body: string | undefined, colon: string | undefined) => {
    if (colon !== undefined) {
      key = body;
      return whole;
    }
    const owner = key;
    key = undefined;
    if (body === undefined) return `"${mask("")}`;
    if (body === "" || shown.has(body) || ONLY_REFERENCE.test(body)) return whole;
    if (owner !== undefined && OPEN_KEYS.has(owner) && body.length <= 64) return whole;
    return `"${mask("")}"`;
  });
}

/** One line of a dotenv file: the name, and the value masked. A comment with an assignment may hold an old value. */
function maskDotenvLine(line: string, shown: ReadonlySet<string>): string {
  const assignment = /^(\s*#?\s*(?:export\s+)?[A-Za-z_][A-Za-z0-9_.-]*\s*=)(.*)$/.exec(line);
  if (assignment !== null) {
    const value = (assignment[2] ?? "").trim();
    return value === "" || shown.has(value) ? line : `${assignment[1]}${mask("")}`;
  }
  // the inside of a value over several lines looks like anything
  return /^\s*(?:#.*)?$/.test(line) ? line : mask("");
}

function maskLine(line: string, options: DiffOptions, shown: ReadonlySet<string>): string {
  // our own values first: they keep their last four characters, so that a rotation can be seen
  const own = redact(line, options.secrets);
  if (options.format === "lines") return own;
  if (own !== line) {
    const masked = [...options.secrets.map(mask), ...shown];
    return options.format === "json" ? maskJsonLine(own, new Set(masked)) : maskDotenvLine(own, new Set(masked));
  }
  return options.format === "json" ? maskJsonLine(line, shown) : maskDotenvLine(line, shown);
}

/** What changes between two texts, three lines of context. Deterministic; no line holds a control character. */
export function diffTexts(before: string, after: string, options: DiffOptions): readonly DiffLine[] {
  const shown = new Set(options.shown);
  const patch = structuredPatch("a", "b", before, after, undefined, undefined, { context: 3, maxEditLength: 4000 });
  if (patch === undefined) return [{ kind: "note", text: "(too much changes to show line by line)" }];
  const lines: DiffLine[] = [];
  for (const hunk of patch.hunks) {
    if (lines.length > 0 || hunk.oldStart > 1) lines.push({ kind: "hunk", text: `@@ line ${hunk.newStart} @@` });
    for (const raw of hunk.lines) {
      if (raw.startsWith("\\")) {
        lines.push({ kind: "note", text: "\\ no newline at the end" });
        continue;
      }
      const kind = raw.startsWith("+") ? "added" : raw.startsWith("-") ? "removed" : "context";
      const body = raw.slice(1).replace(/\r$/, "");
      const indent = /^[\t ]*/.exec(body)?.[0].replace(/\t/g, "  ") ?? "";
      lines.push({ kind, text: indent + printable(maskLine(body, options, shown), Math.max(20, options.width - indent.length)) });
    }
  }
  return lines;
}
