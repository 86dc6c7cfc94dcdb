/** The report for people: a line a finding that editors and terminals can jump to, and on a terminal the place itself. */
import type { Document, Severity } from "../check/model.ts";
import { linesToShow } from "../check/show.ts";
import { printable, printableLines } from "../secrets.ts";
import { type Line, type Report, summaryOf } from "./make.ts";

export interface TextOptions {
  readonly color: boolean;
  /** Whose source lines are shown; undefined where no terminal shows them. */
  readonly sources: ReadonlyMap<string, Document> | undefined;
  /** Never shown in a source line. */
  readonly secrets: readonly string[];
  readonly width: number;
  /** Where the paths begin, absolute, for a reader who is elsewhere; undefined where that is the reader's own folder. */
  readonly root: string | undefined;
  /** Findings alone, and no word when there is none. */
  readonly quiet: boolean;
}

const COLORS: Readonly<Record<Severity | "dim" | "bold" | "green", string>> = {
  error: "31",
  warning: "33",
  note: "36",
  green: "32",
  dim: "2",
  bold: "1",
};

/** The source line of a finding, cut to the width, and the marks below it. Nothing where a secret stands before the place, or the line is blank. */
function excerpt(line: Line, source: ReturnType<ReturnType<typeof linesToShow>>, width: number) {
  if (source === undefined || source.text.trim() === "") return undefined;
  const before = source.text.slice(0, line.column - 1);
  if (!source.shown.startsWith(before)) return undefined;
  const length = line.endLine === line.line ? line.endColumn - line.column : source.shown.length - before.length;
  const number = String(line.line);
  const room = Math.max(20, width - number.length - 5);
  const [left, rest] = [printableLines(before), printableLines(source.shown.slice(before.length))];
  // of a long line the part around the place
  const from = left.length + 8 > room ? left.length - Math.floor(room / 2) : 0;
  const whole = (from > 0 ? "…" : "") + (left.slice(from) + rest).trimEnd();
  const column = left.length - from + (from > 0 ? 1 : 0);
  const text = whole.length > room ? `${whole.slice(0, room - 1)}…` : whole;
  const marks = Math.max(1, Math.min(length, text.length - column, room - column));
  return { number, text, marks: `${" ".repeat(column)}${"^".repeat(marks)}` };
}

/** `path:line:column severity message [rule]`, one a line, and the sum of it. */
export function toText(report: Report, options: TextOptions): string {
  const { color, sources, secrets, width, root, quiet } = options;
  const paint = (name: keyof typeof COLORS, text: string): string =>
    color ? `\u001b[${COLORS[name]}m${text}\u001b[0m` : text;
  const named = new Set(report.lines.map(({ path }) => path));
  const shown = [...(sources ?? [])].filter(([path]) => named.has(path));
  const files = new Map(shown.map(([path, document]) => [path, linesToShow(document, secrets)]));
  const out: string[] = [];
  for (const line of report.lines) {
    const { severity, rule } = line;
    const place = paint("bold", `${printable(line.path, 500)}:${line.line}:${line.column}`);
    const message = printable(line.message, 2000);
    out.push(`${place} ${paint(severity, severity)} ${message} ${paint("dim", `[${rule}]`)}`);
    const source = excerpt(line, files.get(line.path)?.(line.line), width);
    if (source === undefined) continue;
    out.push(`${paint("dim", `  ${source.number} |`)} ${source.text}`);
    out.push(`${paint("dim", `  ${" ".repeat(source.number.length)} |`)} ${paint(severity, source.marks)}`);
  }
  const from = root === undefined || report.lines.length === 0 ? "" : `; paths from ${printable(root)}`;
  const { counts, ok } = report;
  const sum = counts.error > 0 || !ok ? "error" : counts.warning > 0 ? "warning" : "green";
  if (!quiet || !ok) out.push(paint(sum, summaryOf(report) + from));
  return out.join("\n");
}
