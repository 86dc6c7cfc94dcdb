/** The report for a support ticket, as Markdown: versions, timings, what was seen; nothing secret. Pure. */
import type { Advice } from "../advice.ts";
import { adviceLine } from "./advice.ts";
import type { DoctorReport } from "./report.ts";
import { headline } from "./text.ts";

export interface Machine {
  readonly version: string;
  readonly node: string;
  readonly system: string;
  /** ISO 8601. */
  readonly time: string;
}

/** Text of others in a table's cell: no Markdown, no HTML, no mention of anybody; it reads well as plain text, too. */
function plain(text: string): string {
  return text
    .replace(/&/g, "&amp;")
    .replace(/@/g, "&#64;")
    .replace(/[\\`*[\]<>|~]/g, "\\$&");
}

type Cell = string | number | null | undefined;

function table(heading: string, head: string, rows: readonly (readonly Cell[])[]): readonly string[] {
  const columns = head.split("|");
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const body = rows.map((row) => line(row.map((cell) => plain(String(cell ?? "")) || " ")));
  return [
    ...(heading === "" ? [] : [`## ${heading}`, ""]),
    ...(rows.length === 0 ? ["none"] : [line(columns), line(columns.map(() => "---")), ...body]),
    "",
  ];
}

/** In: the report (printable and redacted) and where it was made. Out: Markdown. */
export function toMarkdown(report: DoctorReport, machine: Machine): string {
  const { links, setup, client, requests, server, call, cwd } = report;
  const lines = (all: readonly Advice[] = []): string => all.map((each) => adviceLine(each, cwd)).join(" · ");
  return [
    "# HALO connection report",
    "",
    `**${plain(headline(report))}**`,
    "",
    ...table("", "|", [
      ["cause", report.cause ?? "none"],
      ["at", report.at ?? "nowhere"],
      ["request without the token", report.control],
      ["server", server === null ? "unknown" : `${server.name} ${server.version}, protocol ${server.protocol}`],
      ["tools", report.toolCount],
      ["create-halo-mcp", machine.version],
      ["Node", machine.node],
      ["system", machine.system],
      ["Claude Code", client.version ?? "not found"],
      ["Claude Code says", client.status ?? "not asked"],
      ["a session would connect", `${client.wouldConnect ? "yes" : "no"}: ${client.reason}`],
      ["time", machine.time],
    ]),
    ...table(
      "Chain",
      "link|status|ms|cause|seen|to try",
      links.map(({ link, status, ms, cause, seen, advice }) => [
        link,
        status,
        ms,
        cause,
        seen.join(" · "),
        lines(advice),
      ]),
    ),
    ...table(
      "Other remarks",
      "link|cause|severity|seen|to try",
      links.flatMap(({ link, notes = [] }) =>
        notes.map(({ cause, severity, seen, advice }) => [link, cause, severity, seen, lines(advice)]),
      ),
    ),
    ...(call === null
      ? []
      : table("Tool call", "tool|answered|text", [
          [call.tool, call.ok ? "yes" : "no", call.text.replaceAll("\n", " · ")],
        ])),
    ...table(
      "Entries",
      "name|scope|file|url|taken",
      setup.entries.map(({ name, scope, file, url, wins, why }) => [
        name,
        scope,
        file,
        url,
        wins ? "yes" : `no: ${why}`,
      ]),
    ),
    ...table(
      "Values",
      "value|variable|from|state|other places",
      setup.values.map(({ value, variable, from, state, places }) => [
        value,
        variable,
        from,
        state,
        places.map(({ place, same }) => `${place}: ${same ? "the same" : "another"}`).join(" · "),
      ]),
    ),
    ...table(
      "Requests",
      "request|without the token|status|end|codes|ms|repeated",
      requests.map(({ method, control, status, end, codes, ms, repeated }) => [
        method,
        control ? "yes" : "",
        status,
        end,
        codes.join(" "),
        ms,
        repeated || "",
      ]),
    ),
  ].join("\n");
}
