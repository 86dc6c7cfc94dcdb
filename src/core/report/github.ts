/** Workflow commands of GitHub Actions, and the job's summary. */
import { printable } from "../secrets.ts";
import { type Report, ruleUrl, summaryOf } from "./make.ts";

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
