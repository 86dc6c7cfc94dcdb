/** The report for a support ticket, as Markdown: versions, timings, what was seen; no secrets. Pure. */
import { type DoctorReport, headline, serverWords } from "./report.ts";

/** Untrusted text for a table cell: no Markdown, no HTML, no @mentions. */
function plain(cell: unknown): string {
  const text = typeof cell === "boolean" ? (cell ? "yes" : "no") : [cell ?? ""].flat().join("\n");
  return text
    .replaceAll("\n", " · ")
    .replace(/&/g, "&amp;")
    .replace(/@/g, "&#64;")
    .replace(/[\\`*[\]<>|~]/g, "\\$&");
}

/** The heading of a column, if it is not the name of its field. */
const HEADINGS: Readonly<Record<string, string>> = {
  tryThis: "what to do",
  wins: "used",
  places: "found in",
  link: "stage",
  control: "without the token",
  end: "ended as",
};

/** The rows with these columns: a word each, the name of a field. */
function table(columns: string, rows: readonly object[]): readonly string[] {
  if (rows.length === 0) return ["none", ""];
  const names = columns.split(" ");
  const line = (cells: readonly unknown[]): string => `| ${cells.map((cell) => plain(cell) || " ").join(" | ")} |`;
  const body = rows.map((row) => line(names.map((name) => (row as Readonly<Record<string, unknown>>)[name])));
  return [line(names.map((name) => HEADINGS[name] ?? name)), line(names.map(() => "---")), ...body, ""];
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
  const values = setup.values.map((each) => {
    return { ...each, places: each.places.map(({ place, same }) => `${place}: ${same ? "the same" : "another"}`) };
  });
  const rows: readonly (readonly [heading: string, columns: string, rows: readonly object[]])[] = [
    ["Stages", "stage status ms cause detail tryThis", stages],
    ["Other remarks", "link cause severity seen tryThis", stages.flatMap(({ notes = [] }) => notes)],
    ...(call ? [["Tool call", "tool ok text", [call]] as const] : []),
    ["Entries", "name scope file url wins why", setup.entries],
    ["Values", "value variable from state places", values],
    ["Requests", "method control status end codes ms repeated", requests],
  ];
  const found = Object.entries(facts).map(([fact, value]) => ({ fact, found: value }));
  return [
    "# HALO connection report",
    "",
    `**${plain(headline(report))}**`,
    "",
    ...table("fact found", found),
    ...rows.flatMap(([heading, columns, all]) => [`## ${heading}`, "", ...table(columns, all)]),
  ].join("\n");
}
