/** Workflow commands of GitHub Actions, and the job's summary. */
import type { Severity } from "../check/model.ts";
import { printable } from "../secrets.ts";
import { ruleUrl } from "./links.ts";
import { summaryOf } from "./make-report.ts";
import type { Report } from "./model.ts";

const COMMANDS: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", note: "notice" };

/** As the runner reads a message back (actions/toolkit, packages/core/src/command.ts). */
function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** One annotation a finding, then the summary. The runner hides the properties, so the message says the place again. */
export function toGithub(report: Report): string {
  const lines = report.lines.map((line) => {
    const where = `${printable(line.path)}:${line.line}:${line.column}`;
    const properties = {
      file: line.path,
      line: line.line,
      endLine: line.endLine,
      // GitHub takes columns for a single line only
      ...(line.line === line.endLine ? { col: line.column, endColumn: line.endColumn } : {}),
      title: line.rule,
    };
    const shown = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
    return `::${COMMANDS[line.severity]} ${shown.join(",")}::${escapeData(`${where}: ${line.message} [${line.rule}]`)}`;
  });
  return `${[...lines, summaryOf(report)].join("\n")}\n`;
}

/** Nothing in it is markup any more. */
function escapeMarkdown(text: string): string {
  return printable(text, 1000)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replace(/[\\`*_{}[\]()#+!|~@:$-]/g, "\\$&");
}

/** The page is cut at 1 MiB and read by nobody from there on. */
const MOST_ROWS = 200;

/** Markdown for `GITHUB_STEP_SUMMARY`. */
export function toJobSummary(report: Report, version: string): string {
  const title = `### create-halo-mcp check: ${report.ok ? "passed" : "failed"}\n\n${escapeMarkdown(summaryOf(report))}\n`;
  if (report.lines.length === 0) return title;
  const rows = report.lines.slice(0, MOST_ROWS).map((line) => {
    const rule = `[${escapeMarkdown(line.rule)}](${ruleUrl(line.rule, version)})`;
    return `| ${line.severity} | ${escapeMarkdown(`${line.path}:${line.line}:${line.column}`)} | ${escapeMarkdown(line.message)} | ${rule} |`;
  });
  const more = report.lines.length > MOST_ROWS ? `\n… and ${report.lines.length - MOST_ROWS} more\n` : "";
  return `${title}\n| severity | place | what is wrong | rule |\n|---|---|---|---|\n${rows.join("\n")}\n${more}`;
}
