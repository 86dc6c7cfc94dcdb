/** The report for a support ticket, as Markdown: versions, timings, what was seen; nothing secret. Pure. */
import type { Advice } from "../advice.ts";
import { adviceLine } from "./advice.ts";
import type { DoctorReport } from "./report.ts";
import { headline } from "./text.ts";

/** Where the report was made. `time`: ISO 8601. */
export type Machine = Readonly<Record<"version" | "node" | "system" | "time", string>>;

/** Text of others in a table's cell: no Markdown, no HTML, no mention of anybody; it reads well as plain text, too. */
function plain(cell: unknown): string {
  const text =
    typeof cell === "boolean" ? (cell ? "yes" : "no") : Array.isArray(cell) ? cell.join(" · ") : `${cell ?? ""}`;
  return text
    .replaceAll("\n", " · ")
    .replace(/&/g, "&amp;")
    .replace(/@/g, "&#64;")
    .replace(/[\\`*[\]<>|~]/g, "\\$&");
}

/** A table with a row for each object; its keys are the columns. */
function table(rows: readonly Readonly<Record<string, unknown>>[]): readonly string[] {
  const [first] = rows;
  if (first === undefined) return ["none", ""];
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell || " ").join(" | ")} |`;
  const columns = Object.keys(first);
  const body = rows.map((row) => line(columns.map((column) => plain(row[column]))));
  return [line(columns), line(columns.map(() => "---")), ...body, ""];
}

/** In: the report (printable and redacted) and where it was made. Out: Markdown. */
export function toMarkdown(report: DoctorReport, { version, node, system, time }: Machine): string {
  const { links, setup, client, requests, server, call, cwd } = report;
  const lines = (all: readonly Advice[] = []): readonly string[] => all.map((each) => adviceLine(each, cwd));
  const facts = {
    cause: report.cause ?? "none",
    at: report.at ?? "nowhere",
    "request without the token": report.control,
    server: server === null ? "unknown" : `${server.name} ${server.version}, protocol ${server.protocol}`,
    tools: report.toolCount,
    "create-halo-mcp": version,
    Node: node,
    system,
    "Claude Code": client.version ?? "not found",
    "Claude Code says": client.status ?? "not asked",
    "a session would connect": `${client.wouldConnect ? "yes" : "no"}: ${client.reason}`,
    time,
  };
  const sections: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>> = {
    Chain: links.map(({ link, status, ms, cause, seen, advice }) => {
      return { link, status, ms, cause, seen, try: lines(advice) };
    }),
    "Other remarks": links.flatMap(({ link, notes = [] }) =>
      notes.map(({ cause, severity, seen, advice }) => ({ link, cause, severity, seen, try: lines(advice) })),
    ),
    ...(call && { "Tool call": [{ tool: call.tool, answered: call.ok, text: call.text }] }),
    Entries: setup.entries.map(({ name, scope, file, url, wins, why }) => {
      return { name, scope, file, url, taken: wins, why };
    }),
    Values: setup.values.map(({ value, variable, from, state, places }) => {
      const others = places.map(({ place, same }) => `${place}: ${same ? "the same" : "another"}`);
      return { value, variable, from, state, "other places": others };
    }),
    Requests: requests,
  };
  return [
    "# HALO connection report",
    "",
    `**${plain(headline(report))}**`,
    "",
    ...table(Object.entries(facts).map(([fact, found]) => ({ fact, found }))),
    ...Object.entries(sections).flatMap(([heading, rows]) => [`## ${heading}`, "", ...table(rows)]),
  ].join("\n");
}
