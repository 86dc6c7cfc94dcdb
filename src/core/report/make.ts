/** Findings → a report: the sentences of the rules, line numbers, counts; and its text for people. Pure. */
import type { Finding, Rule, Severity } from "../check/model.ts";
import { indexLines } from "../formats/lines.ts";
import { printable } from "../secrets.ts";

/** A finding as it is reported. Lines and columns start at 1; columns are in UTF-16 units; the end is exclusive. */
type Place = Readonly<Record<"line" | "column" | "endLine" | "endColumn", number>>;
interface Line extends Pick<Finding, "rule" | "path">, Place {
  readonly severity: Severity;
  readonly message: string;
  readonly fixable: boolean;
  /** It replaces this many findings of its rule in its file: only the first hundred have a line of their own. */
  readonly more?: number;
}

interface Input {
  readonly findings: readonly Finding[];
  readonly rules: readonly Pick<Rule, "id" | "severity" | "message">[];
  /** The text of every file that a finding may be about; findings of a file without a text are at 1:1. */
  readonly texts: ReadonlyMap<string, string>;
  readonly files: readonly string[];
  /** More warnings than this are a failure; undefined: no limit. */
  readonly maxWarnings: number | undefined;
  /** The files that `--fix` changed, or with `dryRun` would change. */
  readonly fixed: readonly string[];
  readonly dryRun: boolean;
}

export type Report = ReturnType<typeof makeReport>;

/** The published package as unpkg.com shows it: every version stays there. */
export const PACKAGE_URL = "https://unpkg.com/create-halo-mcp";

/** The page of a rule, in the package of exactly this version. */
export const ruleUrl = (id: string, version: string): string => `${PACKAGE_URL}@${version}/dist/rules.md#${id}`;

/** The limit for one rule in one file. Nobody reads more, and 200,000 findings would make a report of 160 MB. */
const MOST_LINES = 100;

/** The findings, in their order; those of rules that are not in the list are left out. */
export function makeReport({ findings, rules, texts, ...facts }: Input) {
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  const indexes = new Map<string, ReturnType<typeof indexLines>>();
  const groups = new Map<string, { count: number; last: number }>();
  const counts: Record<Severity, number> = { error: 0, warning: 0, note: 0 };
  let mendable = 0;
  const lines: Line[] = [];
  for (const { rule: id, path, span, args, fix = [], ...finding } of findings) {
    const rule = byId.get(id);
    if (rule === undefined) continue;
    const severity = finding.severity ?? rule.severity;
    const fixable = fix.length > 0;
    counts[severity] += 1;
    if (fixable) mendable += 1;
    const group = groups.get(`${id}\n${path}`) ?? { count: 0, last: 0 };
    groups.set(`${id}\n${path}`, group);
    group.count += 1;
    if (group.count > MOST_LINES + 1) continue;
    group.last = lines.length;
    const at = indexes.get(path) ?? indexLines(texts.get(path) ?? "");
    indexes.set(path, at);
    const end = at(span.offset + span.length);
    const place = { ...at(span.offset), endLine: end.line, endColumn: end.column };
    lines.push({ rule: id, severity, message: rule.message(args), path, ...place, fixable });
  }
  for (const { count, last } of groups.values()) {
    const line = lines[last];
    const more = count - MOST_LINES;
    // if only one is too many, it is shown
    if (more > 1 && line) lines[last] = { ...line, message: `and ${more} more of this rule in this file`, more };
  }
  const { maxWarnings } = facts;
  const ok = counts.error === 0 && (maxWarnings === undefined || counts.warning <= maxWarnings);
  return { ...facts, ok, lines, counts, mendable };
}

/** The document of docs/json.md. */
export function toJson({ ok, lines, files, counts, fixed, dryRun }: Report): object {
  return { version: 1, ok, findings: lines, files, counts, fixed, dryRun };
}

const many = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

const MEND = "npx create-halo-mcp check --fix";

export function summaryOf({ counts, files, mendable, maxWarnings }: Report): string {
  const found = (["error", "warning", "note"] as const).filter((severity) => counts[severity] > 0);
  const checked = many(files.length, "file");
  if (found.length === 0) return files.length === 0 ? "no files to check" : `${checked} checked, no problems`;
  const sum = found.map((severity) => many(counts[severity], severity)).join(", ");
  const mend = mendable === 0 ? "" : ` · ${mendable} can be fixed: ${MEND}`;
  const isOver = maxWarnings !== undefined && counts.warning > maxWarnings;
  return `${sum} in ${checked}${isOver ? ` · at most ${many(maxWarnings, "warning")} allowed` : ""}${mend}`;
}

const COLORS = { error: 31, warning: 33, note: 36, green: 32, dim: 2, bold: 1 } as const;

interface Look {
  readonly color: boolean;
  readonly quiet: boolean;
  /** Where the paths begin, for a reader who is elsewhere. */
  readonly root?: string | undefined;
  /** On a terminal, a message is a paragraph under its place. */
  readonly wrap?: ((text: string) => readonly string[]) | undefined;
}

/** `path:line:column severity message [rule]`, one per line, and a summary. `quiet`: the summary alone. */
export function toText(report: Report, { color, quiet, root, wrap }: Look): string {
  const paint = (name: keyof typeof COLORS, text: string): string =>
    color ? `\u001b[${COLORS[name]}m${text}\u001b[0m` : text;
  const { counts, ok, lines } = report;
  const shown = quiet ? [] : lines;
  const out = shown.flatMap(({ path, line, column, severity, message, rule }) => {
    const place = `${paint("bold", `${printable(path, 500)}:${line}:${column}`)} ${paint(severity, severity)}`;
    const [words, id] = [printable(message, 2000), paint("dim", `[${rule}]`)];
    return wrap === undefined ? [`${place} ${words} ${id}`] : [`${place} ${id}`, ...wrap(`    ${words}`)];
  });
  const from = root === undefined || shown.length === 0 ? "" : ` · paths from ${printable(root)}`;
  const sum = counts.error > 0 || !ok ? "error" : counts.warning > 0 ? "warning" : "green";
  const mark = { error: "✖", warning: "▲", green: "✔" }[sum];
  const [said = "", command] = summaryOf(report).split(MEND);
  const all = wrap?.(`${mark} ${said.replace(/: $/, "")}${from}`) ?? [
    `${mark} ${said}${command === undefined ? "" : MEND}${from}`,
  ];
  out.push(...all.map((line) => paint(sum, line)));
  // a command alone on its line can be copied
  if (wrap && command !== undefined) out.push(`  ${MEND}`);
  return out.join("\n");
}
