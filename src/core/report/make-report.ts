/** Findings → a report: the words of the rules, lines for offsets. Pure. */
import type { Finding, Rule } from "../check/model.ts";
import { mask, printable } from "../secrets.ts";
import { fingerprint } from "./fingerprint.ts";
import { indexLines, type LineIndex } from "./line-index.ts";
import type { Line, Region, Report } from "./model.ts";

/** What a report is made from. */
export interface ReportInput
  extends Pick<Report, "files" | "maxWarnings">,
    Partial<Pick<Report, "empty" | "fixed" | "dryRun">> {
  readonly findings: readonly Finding[];
  readonly rules: readonly Pick<Rule, "id" | "severity" | "message">[];
  /** The text of every file that a finding may be about; a file without one has its findings at 1:1. */
  readonly texts: ReadonlyMap<string, string>;
  /** Masked wherever they would turn up. */
  readonly secrets: readonly string[];
}

function regionOf(at: LineIndex, offset: number, length: number): Region {
  const { line, column } = at(offset);
  const end = at(offset + Math.max(0, length));
  return { line, column, endLine: end.line, endColumn: end.column };
}

/** What makes a finding itself wherever it stands: its file, its rule, what its message names. */
function identityOf(finding: Finding): string {
  const args = Object.entries(finding.args).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([finding.path, finding.rule, args]);
}

/** Of one rule in one file. Nobody reads more, and a list of 200,000 numbers would make a report of 160 MB. */
const MOST_LINES = 100;

/** Findings of rules that are not in the list are left out. */
export function makeReport(input: ReportInput): Report {
  const rules = new Map(input.rules.map((rule) => [rule.id, rule]));
  const indexes = new Map<string, LineIndex>();
  const indexOf = (path: string): LineIndex => {
    const known = indexes.get(path) ?? indexLines(input.texts.get(path) ?? "");
    indexes.set(path, known);
    return known;
  };
  const safe = (text: string): string => mask(text, input.secrets);
  const seen = new Map<string, number>();
  const counts = { error: 0, warning: 0, note: 0 };
  let mendable = 0;
  const lines: (Line & { more?: number })[] = [];
  /** How many there were of a rule in a file, and the index of the line that stands for those that are too many. */
  const groups = new Map<string, { count: number; last: number }>();
  for (const finding of input.findings) {
    const rule = rules.get(finding.rule);
    if (rule === undefined) continue;
    counts[rule.severity] += 1;
    const fixable = (finding.fix ?? []).length > 0;
    if (fixable) mendable += 1;
    const key = `${rule.id}\n${finding.path}`;
    const group = groups.get(key) ?? { count: 0, last: -1 };
    groups.set(key, group);
    group.count += 1;
    if (group.count > MOST_LINES + 1) continue;
    if (group.count > MOST_LINES) group.last = lines.length;
    const at = indexOf(finding.path);
    const identity = identityOf(finding);
    const count = seen.get(identity) ?? 0;
    seen.set(identity, count + 1);
    lines.push({
      rule: rule.id,
      severity: rule.severity,
      message: safe(rule.message(finding.args)),
      path: finding.path,
      ...regionOf(at, finding.span.offset, finding.span.length),
      fixable,
      fingerprint: fingerprint(`${identity}#${count}`),
    });
  }
  for (const { count, last } of groups.values()) {
    const line = lines[last];
    const more = count - MOST_LINES;
    // a single one too many is shown as it is
    if (line === undefined || more < 2) continue;
    lines[last] = { ...line, message: `and ${more} more of this rule in this file`, more };
  }
  const { files, maxWarnings, empty = [], fixed = [], dryRun = false } = input;
  const ok = counts.error === 0 && (maxWarnings === undefined || counts.warning <= maxWarnings);
  return { ok, lines, files, counts, mendable, maxWarnings, empty, fixed, dryRun };
}

function many(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

/** The report in one line. */
export function summaryOf({ counts, files, mendable, maxWarnings, empty }: Report): string {
  const total = counts.error + counts.warning + counts.note;
  const where = `in ${many(files.length, "file")}`;
  const none = empty.map((path) => printable(path, 200)).join(", ");
  if (total === 0 && files.length === 0) return `no file to check here${none === "" ? "" : `: ${none}`}`;
  const nothing = none === "" ? "" : `; no file to check in ${none}`;
  if (total === 0) return `nothing wrong ${where}${nothing}`;
  const parts = (["error", "warning", "note"] as const).flatMap((severity) =>
    counts[severity] === 0 ? [] : [many(counts[severity], severity)],
  );
  const tooMany =
    maxWarnings !== undefined && counts.warning > maxWarnings
      ? `; at most ${many(maxWarnings, "warning")} allowed`
      : "";
  return `${parts.join(", ")} ${where}${mendable === 0 ? "" : `; check --fix mends ${mendable}`}${tooMany}${nothing}`;
}
