/** Findings → a report: the sentences of the rules, lines for offsets, the sum. Every format prints this. Pure. */
import type { Finding, Rule, Severity } from "../check/model.ts";
import { printable } from "../secrets.ts";

/** As people count, from 1; columns in UTF-16 units. The end is the first place behind. */
interface Region {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** A finding as it is reported. */
export interface Line extends Region, Pick<Finding, "rule" | "path" | "args"> {
  readonly severity: Severity;
  readonly message: string;
  readonly fixable: boolean;
  /** It stands for this many findings of its rule in its file, of which only the first hundred have a line of their own. */
  readonly more?: number;
}

/** What a report says beside its findings. */
interface Facts {
  /** The files that were read. */
  readonly files: readonly string[];
  /** More warnings than this are a failure; undefined: any number will do. */
  readonly maxWarnings: number | undefined;
  /** Folders that were asked for and hold no file to check, as they were typed. */
  readonly empty: readonly string[];
  /** The files that `--fix` changed, or with `dryRun` would change. */
  readonly fixed: readonly string[];
  readonly dryRun: boolean;
}

/** What every format prints. */
export interface Report extends Facts {
  readonly ok: boolean;
  readonly lines: readonly Line[];
  readonly counts: Readonly<Record<Severity, number>>;
  /** How many findings `check --fix` mends. */
  readonly mendable: number;
}

/** What a report is made from. */
export interface ReportInput extends Facts {
  readonly findings: readonly Finding[];
  readonly rules: readonly Pick<Rule, "id" | "severity" | "message">[];
  /** The text of every file that a finding may be about; a file without one has its findings at 1:1. */
  readonly texts: ReadonlyMap<string, string>;
}

/** The published package as unpkg.com shows it: every version stays there. */
export const PACKAGE_URL = "https://unpkg.com/create-halo-mcp";

/** Where a rule is explained: in the pages that are part of the package of this very version. */
export function ruleUrl(id: string, version: string): string {
  return `${PACKAGE_URL}@${version}/dist/rules.md#${id}`;
}

/** Offset → place, for one text. It says what `positionAt` says, which reads from the beginning each time. */
export function indexLines(text: string): (offset: number) => { readonly line: number; readonly column: number } {
  const starts = [text.startsWith("\uFEFF") ? 1 : 0];
  for (const { index, 0: end } of text.matchAll(/\r\n?|\n/g)) starts.push(index + end.length);
  return (offset) => {
    const target = Math.min(Math.max(0, offset), text.length);
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= target) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: Math.max(0, target - (starts[low] ?? 0)) + 1 };
  };
}

/** Of one rule in one file. Nobody reads more, and a list of 200,000 numbers would make a report of 160 MB. */
const MOST_LINES = 100;

/** The findings, in their order; those of rules that are not in the list are left out. */
export function makeReport(input: ReportInput): Report {
  const { findings, rules: all, texts, ...facts } = input;
  const rules = new Map(all.map((rule) => [rule.id, rule]));
  const indexes = new Map<string, ReturnType<typeof indexLines>>();
  const counts = { error: 0, warning: 0, note: 0 };
  let mendable = 0;
  const lines: (Line & { more?: number })[] = [];
  /** How many there are of a rule in a file, and the line that stands for those that are too many. */
  const groups = new Map<string, { count: number; last: number }>();
  for (const { rule: id, path, span, args, fix = [], ...finding } of findings) {
    const rule = rules.get(id);
    if (rule === undefined) continue;
    const fixable = fix.length > 0;
    const severity = finding.severity ?? rule.severity;
    counts[severity] += 1;
    if (fixable) mendable += 1;
    const group = groups.get(`${id}\n${path}`) ?? { count: 0, last: -1 };
    groups.set(`${id}\n${path}`, group);
    group.count += 1;
    if (group.count > MOST_LINES + 1) continue;
    if (group.count > MOST_LINES) group.last = lines.length;
    const at = indexes.get(path) ?? indexLines(texts.get(path) ?? "");
    indexes.set(path, at);
    const end = at(span.offset + Math.max(0, span.length));
    const place = { ...at(span.offset), endLine: end.line, endColumn: end.column };
    lines.push({ rule: id, severity, message: rule.message(args), path, args, ...place, fixable });
  }
  for (const { count, last } of groups.values()) {
    const line = lines[last];
    const more = count - MOST_LINES;
    // a single one too many is shown as it is
    if (line !== undefined && more > 1)
      lines[last] = { ...line, message: `and ${more} more of this rule in this file`, more };
  }
  const { maxWarnings } = facts;
  const ok = counts.error === 0 && (maxWarnings === undefined || counts.warning <= maxWarnings);
  return { ...facts, ok, lines, counts, mendable };
}

function many(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

/** The report in one line. */
export function summaryOf({ counts, files, mendable, maxWarnings, empty }: Report): string {
  const none = empty.map((path) => printable(path, 200)).join(", ");
  const nothing = none === "" ? "" : `; no files to check in ${none}`;
  const found = (["error", "warning", "note"] as const).filter((severity) => counts[severity] > 0);
  const where = `in ${many(files.length, "file")}`;
  if (found.length === 0 && files.length === 0) return `no files to check${none === "" ? "" : `: ${none}`}`;
  if (found.length === 0) return `${many(files.length, "file")} checked, no problems${nothing}`;
  const isOver = maxWarnings !== undefined && counts.warning > maxWarnings;
  return [
    `${found.map((severity) => many(counts[severity], severity)).join(", ")} ${where}`,
    mendable === 0 ? "" : `; ${mendable} can be fixed: npx create-halo-mcp check --fix`,
    isOver ? `; at most ${many(maxWarnings, "warning")} allowed` : "",
    nothing,
  ].join("");
}
