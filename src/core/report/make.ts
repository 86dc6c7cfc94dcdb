/** Findings → a report: the sentences of the rules, lines for offsets, the sum. Every format prints this. Pure. */
import type { Finding, Rule, Severity } from "../check/model.ts";
import { printable } from "../secrets.ts";

/** A finding as it is reported. People count from 1; columns are in UTF-16 units; the end is the first place behind. */
export interface Line extends Pick<Finding, "rule" | "path"> {
  readonly severity: Severity;
  readonly message: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
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
    const found = starts.findLastIndex((start) => start <= target);
    const line = Math.max(0, found);
    return { line: line + 1, column: Math.max(0, target - (starts[line] ?? 0)) + 1 };
  };
}

/** Of one rule in one file. Nobody reads more, and a list of 200,000 numbers would make a report of 160 MB. */
const MOST_LINES = 100;

/** The findings, in their order; those of rules that are not in the list are left out. */
export function makeReport({ findings, rules, texts, ...facts }: ReportInput): Report {
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  const indexes = new Map<string, ReturnType<typeof indexLines>>();
  const counts = { error: 0, warning: 0, note: 0 };
  let mendable = 0;
  const lines: Line[] = [];
  const groupOf = ({ rule, path }: Finding): string => `${rule}\n${path}`;
  const totals = new Map<string, number>();
  for (const finding of findings) totals.set(groupOf(finding), (totals.get(groupOf(finding)) ?? 0) + 1);
  const seen = new Map<string, number>();
  for (const finding of findings) {
    const { rule: id, path, span, args, fix = [] } = finding;
    const rule = byId.get(id);
    if (rule === undefined) continue;
    const fixable = fix.length > 0;
    const severity = finding.severity ?? rule.severity;
    counts[severity] += 1;
    if (fixable) mendable += 1;
    const count = (seen.get(groupOf(finding)) ?? 0) + 1;
    seen.set(groupOf(finding), count);
    if (count > MOST_LINES + 1) continue;
    const at = indexes.get(path) ?? indexLines(texts.get(path) ?? "");
    indexes.set(path, at);
    const end = at(span.offset + Math.max(0, span.length));
    const place = { ...at(span.offset), endLine: end.line, endColumn: end.column };
    const line = { rule: id, severity, message: rule.message(args), path, ...place, fixable };
    const more = (totals.get(groupOf(finding)) ?? 0) - MOST_LINES;
    // a single one too many is shown as it is
    const isRest = count > MOST_LINES && more > 1;
    lines.push(isRest ? { ...line, message: `and ${more} more of this rule in this file`, more } : line);
  }
  const { maxWarnings } = facts;
  const ok = counts.error === 0 && (maxWarnings === undefined || counts.warning <= maxWarnings);
  return { ...facts, ok, lines, counts, mendable };
}

/** The document of docs/json.md. */
export function toJson({ ok, lines, files, counts, fixed, dryRun }: Report): object {
  return { version: 1, ok, findings: lines, files, counts, fixed, dryRun };
}

function many(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

/** The report in one line. */
export function summaryOf({ counts, files, mendable, maxWarnings, empty }: Report): string {
  const none = empty.map((path) => printable(path, 200)).join(", ");
  const nothing = none === "" ? "" : `; no files to check in ${none}`;
  const found = (["error", "warning", "note"] as const).filter((severity) => counts[severity] > 0);
  const checked = many(files.length, "file");
  if (found.length === 0 && files.length === 0) return `no files to check${none === "" ? "" : `: ${none}`}`;
  if (found.length === 0) return `${checked} checked, no problems${nothing}`;
  const sum = found.map((severity) => many(counts[severity], severity)).join(", ");
  const mend = mendable === 0 ? "" : `; ${mendable} can be fixed: npx create-halo-mcp check --fix`;
  const isOver = maxWarnings !== undefined && counts.warning > maxWarnings;
  const over = isOver ? `; at most ${many(maxWarnings, "warning")} allowed` : "";
  return `${sum} in ${checked}${mend}${over}${nothing}`;
}
