/** The report for people: a line a finding that editors and terminals can jump to, and on a terminal the place itself. */
import type { DocumentKind, Severity } from "../check/model.ts";
import { maskLines } from "../formats/mask-lines.ts";
import { mask, plainLine, printable, printableLines } from "../secrets.ts";
import { summaryOf } from "./make-report.ts";
import type { Line, Report } from "./model.ts";

/** A file whose lines may be shown, once they are masked. */
export interface Source {
  readonly kind: DocumentKind;
  readonly text: string;
}

/** How the text is to look, and what may be seen in it. */
export interface TextOptions {
  readonly color: boolean;
  /** The files of the source lines; undefined where no terminal shows them. */
  readonly sources: ReadonlyMap<string, Source> | undefined;
  /** Values that may be seen in a source line, such as the endpoint. */
  readonly shown: readonly string[];
  readonly secrets: readonly string[];
  /** Columns of the terminal. */
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

/** Of more than these nobody reads the source lines, and a file that is masked for each would take its time. */
const MOST_SOURCES = 200;

/** A path as the beginning of a line: of no folder's name a workflow command of GitHub may come about. */
function shownPath(path: string): string {
  const shown = printable(path, 500);
  return shown.startsWith("::") ? `./${shown}` : shown;
}

/** Reads the lines of a file for the excerpts: each file is masked once. */
function createReader(options: TextOptions): (line: Line) => { text: string; masked: string } | undefined {
  const files = new Map<string, { plain: readonly string[]; masked: readonly string[] } | undefined>();
  const read = (path: string): { plain: readonly string[]; masked: readonly string[] } | undefined => {
    const source = options.sources?.get(path);
    // the values of .env are in no report
    if (source === undefined || source.kind === "env" || source.kind === "envrc") return undefined;
    const text = source.text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
    const format = source.kind === "env-example" ? "dotenv" : path.endsWith(".toml") ? "lines" : "json";
    const { secrets, shown } = options;
    return { plain: text.split("\n"), masked: maskLines(text, new Set(), { secrets, shown, format }) };
  };
  return ({ path, line }) => {
    if (!files.has(path)) files.set(path, read(path));
    const file = files.get(path);
    const [text, masked] = [file?.plain[line - 1], file?.masked[line - 1]];
    return text === undefined || masked === undefined ? undefined : { text, masked };
  };
}

/** The line and the marks below it; nothing where masking moved the place, or there is nothing to see. */
function excerpt(
  line: Line,
  read: { text: string; masked: string } | undefined,
  width: number,
): readonly [string, string, string] | undefined {
  if (read === undefined || read.text.trim() === "") return undefined;
  const before = read.text.slice(0, line.column - 1);
  if (!read.masked.startsWith(before)) return undefined;
  const length = line.endLine === line.line ? line.endColumn - line.column : read.masked.length - before.length;
  const number = String(line.line);
  const room = Math.max(20, width - number.length - 5);
  const [left, rest] = [printableLines(before), printableLines(read.masked.slice(before.length))];
  // of a long line the part around the place
  const from = left.length + 8 > room ? left.length - Math.floor(room / 2) : 0;
  const shown = (from > 0 ? "…" : "") + (left.slice(from) + rest).trimEnd();
  const column = left.length - from + (from > 0 ? 1 : 0);
  const cut = shown.length > room ? `${shown.slice(0, room - 1)}…` : shown;
  const marks = Math.max(1, Math.min(length, cut.length - column, room - column));
  return [number, cut, `${" ".repeat(column)}${"^".repeat(marks)}`];
}

/** `path:line:column severity message [rule]`, one a line, and the sum of it. */
export function toText(report: Report, options: TextOptions): string {
  const paint = (color: keyof typeof COLORS, text: string): string =>
    options.color ? `\u001b[${COLORS[color]}m${text}\u001b[0m` : text;
  const read = createReader(options);
  const out: string[] = [];
  for (const [index, line] of report.lines.entries()) {
    const place = `${shownPath(line.path)}:${line.line}:${line.column}`;
    const message = printable(line.message, 2000);
    out.push(
      `${paint("bold", place)} ${paint(line.severity, line.severity)} ${message} ${paint("dim", `[${line.rule}]`)}`,
    );
    const lines = index < MOST_SOURCES ? excerpt(line, read(line), options.width) : undefined;
    if (lines === undefined) continue;
    const [number, source, marks] = lines;
    out.push(`${paint("dim", `  ${number} |`)} ${mask(source, options.secrets)}`);
    out.push(`${paint("dim", `  ${" ".repeat(number.length)} |`)} ${paint(line.severity, marks)}`);
  }
  const from = options.root === undefined || report.lines.length === 0 ? "" : `; paths from ${printable(options.root)}`;
  const summary = summaryOf(report) + from;
  const color = report.counts.error > 0 || !report.ok ? "error" : report.counts.warning > 0 ? "warning" : "green";
  if (!options.quiet || !report.ok) out.push(paint(color, summary));
  return out.length === 0 ? "" : `${out.map(plainLine).join("\n")}\n`;
}
