/** The report for a support ticket, as Markdown: versions, timings, what was seen; no secrets. Pure. */
import { type DoctorReport, headline, serverWords } from "./report.ts";

/** Untrusted text for a table cell: no Markdown, no HTML, no @mentions. */
function plain(cell: unknown): string {
  const text =
    typeof cell === "boolean" ? (cell ? "yes" : "no") : Array.isArray(cell) ? cell.join("\n") : `${cell ?? ""}`;
  return text
    .replaceAll("\n", " · ")
    .replace(/&/g, "&amp;")
    .replace(/@/g, "&#64;")
    .replace(/[\\`*[\]<>|~]/g, "\\$&");
}

type Row = Readonly<Record<string, unknown>>;

function table(rows: readonly Row[]): readonly string[] {
  const [first] = rows;
  if (first === undefined) return ["none", ""];
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell || " ").join(" | ")} |`;
  const columns = Object.keys(first);
  const body = rows.map((row) => line(columns.map((column) => plain(row[column]))));
  return [line(columns), line(columns.map(() => "---")), ...body, ""];
}

/** In: the report (printable and redacted), and where it was made. Out: Markdown. */
export function toMarkdown(report: DoctorReport, machine: Readonly<Record<string, string>>): string {
  const { stages, setup, requests, server, call } = report;
  const [client] = report.clients;
  const facts = {
    cause: report.cause ?? "none",
    at: report.at ?? "nowhere",
    "request without the token": report.control,
    server: server === null ? "unknown" : serverWords(server),
    tools: report.toolCount,
    "Claude Code": client?.version ?? "not found",
    "Claude Code says": client?.status ?? "not asked",
    "a session would connect": `${client?.wouldConnect ? "yes" : "no"}: ${client?.reason ?? ""}`,
    ...machine,
  };
  const sections: Readonly<Record<string, readonly Row[]>> = {
    Chain: stages.map(({ stage: link, status, ms, cause, detail: seen, tryThis }) => {
      return { link, status, ms, cause, seen, try: tryThis };
    }),
    "Other remarks": stages.flatMap(({ notes = [] }) =>
      notes.map(({ link, cause, severity, seen, tryThis }) => ({ link, cause, severity, seen, try: tryThis })),
    ),
    ...(call && { "Tool call": [{ tool: call.tool, answered: call.ok, text: call.text }] }),
    Entries: setup.entries.map(({ name, scope, file, url, wins, why }) => {
      return { name, scope, file, url, taken: wins, why };
    }),
    Values: setup.values.map(({ value, variable, from, state, places }) => {
      const others = places.map(({ place, same }) => `${place}: ${same ? "the same" : "another"}`);
      return { value, variable, from, state, "other places": others.join("\n") };
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
