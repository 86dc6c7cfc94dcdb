/** Findings → a report: the sentences of the rules, line numbers, counts; and its text, annotations, SARIF. Pure. */
import { indexLines } from "../formats/lines.ts";
import { printable } from "../secrets.ts";
import type { Finding, Rule, Severity } from "./model.ts";

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
const PACKAGE_URL = "https://unpkg.com/create-halo-mcp";

/** The page of a rule, in the package of exactly this version. */
const ruleUrl = (id: string, version: string): string => `${PACKAGE_URL}@${version}/dist/rules.md#${id}`;

/** The limit for one rule in one file. Nobody reads more, and 200,000 findings would make a report of 160 MB. */
const MOST_LINES = 100;

export function makeReport({ findings, rules, texts, ...facts }: Input) {
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  const paths = new Set(findings.map(({ path }) => path));
  const indexes = new Map([...paths].map((path) => [path, indexLines(texts.get(path) ?? "")]));
  const groups = new Map<string, { count: number; last: number }>();
  const counts: Record<Severity, number> = { error: 0, warning: 0, note: 0 };
  let mendable = 0;
  const lines: Line[] = [];
  for (const { rule: id, path, span, args, fix = [], ...finding } of findings) {
    const [rule, at] = [byId.get(id), indexes.get(path)];
    if (rule === undefined || at === undefined) continue;
    const severity = finding.severity ?? rule.severity;
    const fixable = fix.length > 0;
    counts[severity] += 1;
    if (fixable) mendable += 1;
    const group = groups.get(`${id}\n${path}`) ?? { count: 0, last: 0 };
    groups.set(`${id}\n${path}`, group);
    group.count += 1;
    if (group.count > MOST_LINES + 1) continue;
    group.last = lines.length;
    const end = at(span.offset + span.length);
    const place = { ...at(span.offset), endLine: end.line, endColumn: end.column };
    lines.push({ rule: id, severity, message: rule.message(args), path, ...place, fixable });
  }
  for (const { count, last } of groups.values()) {
    const [line, more] = [lines[last], count - MOST_LINES];
    // if only one is too many, it is shown
    if (more > 1 && line) lines[last] = { ...line, message: `and ${more} more of this rule in this file`, more };
  }
  const { maxWarnings } = facts;
  const isOver = maxWarnings !== undefined && counts.warning > maxWarnings;
  return { ...facts, ok: counts.error === 0 && !isOver, isOver, lines, counts, mendable };
}

export function toJson({ ok, lines, files, counts, fixed, dryRun }: Report): object {
  return { version: 1, ok, findings: lines, files, counts, fixed, dryRun };
}

const many = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

const MEND = "npx create-halo-mcp check --fix";

export function summaryOf({ counts, files, mendable, maxWarnings = 0, isOver }: Report): string {
  const found = (["error", "warning", "note"] as const).filter((severity) => counts[severity] > 0);
  const checked = many(files.length, "file");
  if (found.length === 0) return files.length === 0 ? "no files to check" : `${checked} checked, no problems`;
  const sum = found.map((severity) => many(counts[severity], severity)).join(", ");
  const mend = mendable === 0 ? "" : ` · ${mendable} can be fixed: ${MEND}`;
  const where = files.length === 0 ? "" : ` in ${checked}`;
  return `${sum}${where}${isOver ? ` · at most ${many(maxWarnings, "warning")} allowed` : ""}${mend}`;
}

const COLORS = { error: 31, warning: 33, note: 36, green: 32, dim: 2, bold: 1 } as const;
const MARKS = { error: "✖", warning: "▲", green: "✔" } as const;

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
  const result = !ok ? "error" : counts.warning > 0 ? "warning" : "green";
  const all = `${MARKS[result]} ${summaryOf(report)}`;
  if (wrap === undefined) return [...out, paint(result, all + from)].join("\n");
  // a command alone on its line can be copied
  const [said = "", ...command] = all.split(`: ${MEND}`);
  const last = wrap(said + from).map((line) => paint(result, line));
  return [...out, ...last, ...command.map(() => `  ${MEND}`)].join("\n");
}

// for GitHub Actions

const COMMANDS = { error: "error", warning: "warning", note: "notice" } as const;

/** Escapes `%`, CR and LF, as the runner decodes them (actions/toolkit, packages/core/src/command.ts). */
const escapeData = (text: string): string => text.replace(/[%\r\n]/g, encodeURIComponent);
const escapeProperty = (text: string): string => text.replace(/[%\r\n:,]/g, encodeURIComponent);

/** One annotation per finding, then the summary. The runner hides the properties, so the message repeats the place. */
export function toGithub(report: Report): string {
  const lines = report.lines.map(({ path: file, line, column, endLine, endColumn, severity, message, rule }) => {
    const path = printable(file, 500);
    // GitHub accepts columns only for a single line
    const columns = line === endLine ? { col: column, endColumn } : {};
    const properties = { file: path, line, endLine, ...columns, title: rule };
    const shown = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
    const text = `${path}:${line}:${column}: ${printable(message, 2000)} [${rule}]`;
    return `::${COMMANDS[severity]} ${shown.join(",")}::${escapeData(text)}`;
  });
  return [...lines, summaryOf(report)].join("\n");
}

function escapeMarkdown(text: string): string {
  return printable(text, 1000).replace(/[\\`*_{}[\]()#+!|~@:$&<-]/g, "\\$&");
}

export function toJobSummary(report: Report, version: string): string {
  const { ok, lines } = report;
  const title = `### create-halo-mcp check: ${ok ? "passed" : "failed"}\n\n${escapeMarkdown(summaryOf(report))}\n`;
  if (lines.length === 0) return title;
  const rows = lines.map(({ severity, path, line, column, message, rule }) => {
    const page = `[${escapeMarkdown(rule)}](${ruleUrl(rule, version)})`;
    return `| ${severity} | ${escapeMarkdown(`${path}:${line}:${column}`)} | ${escapeMarkdown(message)} | ${page} |`;
  });
  return `${title}\n| severity | place | what is wrong | rule |\n|---|---|---|---|\n${rows.join("\n")}\n`;
}

// for code scanning services: SARIF 2.1.0 (OASIS)

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const ROOT = "%SRCROOT%";

const locationOf = (path: string) => ({ uri: path.split("/").map(encodeURIComponent).join("/"), uriBaseId: ROOT });

/** The whole log. No fingerprints: GitHub calculates the only one that it uses (its SARIF documentation, 2026). */
export function toSarif(report: Report, all: readonly Rule[], version: string): object {
  const indexes = new Map(all.map(({ id }, index) => [id, index]));
  const rules = all.map(({ id, severity, summary }) => ({
    id,
    name: id.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: summary },
    fullDescription: { text: summary },
    help: { text: `${summary}. See ${ruleUrl(id, version)}` },
    helpUri: ruleUrl(id, version),
    defaultConfiguration: { level: severity },
    properties: { "problem.severity": severity === "note" ? "recommendation" : severity },
  }));
  const results = report.lines.map(({ rule, severity, message, path, line, column, endLine, endColumn }) => {
    const region = { startLine: line, startColumn: column, endLine, endColumn };
    const locations = [{ physicalLocation: { artifactLocation: locationOf(path), region } }];
    return { ruleId: rule, ruleIndex: indexes.get(rule) ?? -1, level: severity, message: { text: message }, locations };
  });
  const about = { version, semanticVersion: version, informationUri: `${PACKAGE_URL}/README.md` };
  const run = {
    tool: { driver: { name: "create-halo-mcp", ...about, rules } },
    originalUriBaseIds: { [ROOT]: { description: { text: "the root of the repository" } } },
    columnKind: "utf16CodeUnits",
    invocations: [{ executionSuccessful: true }],
    artifacts: report.files.map((path) => ({ location: locationOf(path) })),
    results,
  };
  return { $schema: SCHEMA, version: "2.1.0", runs: [run] };
}
