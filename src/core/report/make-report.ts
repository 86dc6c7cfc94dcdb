/** Findings → a report: the words of the rules, lines for offsets. Pure. */
import type { Finding, Rule } from "../check/model.ts";
import { redact } from "../redact.ts";
import { fingerprint } from "./fingerprint.ts";
import { indexLines, type LineIndex } from "./line-index.ts";
import type { Line, Region, Report } from "./model.ts";

export interface ReportInput {
  readonly findings: readonly Finding[];
  readonly rules: readonly Pick<Rule, "id" | "severity" | "message">[];
  /** The text of every file that a finding may be about; a file without one has its findings at 1:1. */
  readonly texts: ReadonlyMap<string, string>;
  readonly files: readonly string[];
  /** Masked wherever they would turn up. */
  readonly secrets: readonly string[];
  readonly maxWarnings: number | undefined;
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

const REFERENCE = /\$\{[A-Za-z_]\w*(?::-)?\}/g;
/** A fix that keeps a value of the file could carry it into the report: what may be one is not shown there. */
const OPAQUE = /(?=[\w+-]*\d)(?=[\w+-]*[A-Za-z])[\w+-]{12,}/;

/** Findings of rules that are not in the list are left out. */
export function makeReport(input: ReportInput): Report {
  const rules = new Map(input.rules.map((rule) => [rule.id, rule]));
  const indexes = new Map<string, LineIndex>();
  const indexOf = (path: string): LineIndex => {
    const known = indexes.get(path) ?? indexLines(input.texts.get(path) ?? "");
    indexes.set(path, known);
    return known;
  };
  const safe = (text: string): string => redact(text, input.secrets);
  const seen = new Map<string, number>();
  const counts = { error: 0, warning: 0, note: 0 };
  const lines: Line[] = [];
  for (const finding of input.findings) {
    const rule = rules.get(finding.rule);
    if (rule === undefined) continue;
    const at = indexOf(finding.path);
    const identity = identityOf(finding);
    const count = seen.get(identity) ?? 0;
    seen.set(identity, count + 1);
    counts[rule.severity] += 1;
    lines.push({
      rule: rule.id,
      severity: rule.severity,
      message: safe(rule.message(finding.args)),
      path: finding.path,
      ...regionOf(at, finding.span.offset, finding.span.length),
      fixable: (finding.fix ?? []).length > 0,
      fix: (finding.fix ?? []).every(({ text }) => safe(text) === text && !OPAQUE.test(text.replace(REFERENCE, "")))
        ? (finding.fix ?? []).map((edit) => ({ region: regionOf(at, edit.offset, edit.length), text: edit.text }))
        : [],
      fingerprint: fingerprint(`${identity}#${count}`),
    });
  }
  const { files, maxWarnings } = input;
  const ok = counts.error === 0 && (maxWarnings === undefined || counts.warning <= maxWarnings);
  return { ok, lines, files, counts, maxWarnings };
}

function many(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

/** The report in one line. */
export function summaryOf({ counts, files, lines, maxWarnings }: Report): string {
  const total = counts.error + counts.warning + counts.note;
  const where = `in ${many(files.length, "file")}`;
  if (total === 0) return files.length === 0 ? "no file to check here" : `nothing wrong ${where}`;
  const parts = (["error", "warning", "note"] as const).flatMap((severity) =>
    counts[severity] === 0 ? [] : [many(counts[severity], severity)],
  );
  const mendable = lines.filter(({ fixable }) => fixable).length;
  const tooMany =
    maxWarnings !== undefined && counts.warning > maxWarnings
      ? `; at most ${many(maxWarnings, "warning")} allowed`
      : "";
  return `${parts.join(", ")} ${where}${mendable === 0 ? "" : `; check --fix mends ${mendable}`}${tooMany}`;
}
