/** The report for a support ticket, as Markdown: versions, timings, what was seen; nothing secret. Pure. */
import { type DoctorReport, headline } from "./conclude.ts";

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

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return ["none"];
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map((row) => line(row.map((cell) => plain(cell) || " ")))];
}

/** In: the report (printable and redacted) and where it was made. Out: Markdown. */
export function toMarkdown(report: DoctorReport, machine: Machine): string {
  const { links, setup, client, requests, server, call } = report;
  const lines = [
    "# HALO connection report",
    "",
    `**${plain(headline(report))}**`,
    "",
    ...table(
      ["", ""],
      [
        ["cause", report.cause ?? "none"],
        ["at", report.at ?? "nowhere"],
        ["request without the token", report.control],
        ["server", server === null ? "unknown" : `${server.name} ${server.version}, protocol ${server.protocol}`],
        ["tools", String(report.toolCount)],
        ["create-halo-mcp", machine.version],
        ["Node", machine.node],
        ["system", machine.system],
        ["Claude Code", client.version ?? "not found"],
        ["Claude Code says", client.status ?? "not asked"],
        ["a session would connect", `${client.wouldConnect ? "yes" : "no"}: ${client.reason}`],
        ["time", machine.time],
      ],
    ),
    "",
    "## Chain",
    "",
    ...table(
      ["link", "status", "ms", "cause", "seen", "to try"],
      links.map(({ link, status, ms, cause, seen, tryThis }) => [
        link,
        status,
        String(ms),
        cause ?? "",
        seen.join(" · "),
        (tryThis ?? []).join(" · "),
      ]),
    ),
    "",
    "## Other remarks",
    "",
    ...table(
      ["link", "cause", "severity", "seen", "to try"],
      links.flatMap(({ link, notes = [] }) =>
        notes.map(({ cause, severity, seen, tryThis }) => [link, cause, severity, seen, tryThis.join(" · ")]),
      ),
    ),
    ...(call === null
      ? []
      : [
          "",
          "## Tool call",
          "",
          ...table(
            ["tool", "answered", "text"],
            [[call.tool, call.ok ? "yes" : "no", call.text.replaceAll("\n", " · ")]],
          ),
        ]),
    "",
    "## Entries",
    "",
    ...table(
      ["name", "scope", "file", "url", "taken"],
      setup.entries.map(({ name, scope, file, url, wins, why }) => [
        name,
        scope,
        file,
        url,
        wins ? "yes" : `no: ${why ?? ""}`,
      ]),
    ),
    "",
    "## Values",
    "",
    ...table(
      ["value", "variable", "from", "state", "other places"],
      setup.values.map(({ value, variable, from, state, places }) => [
        value,
        variable ?? "",
        from,
        state,
        places.map(({ place, same }) => `${place}: ${same ? "the same" : "another"}`).join(" · "),
      ]),
    ),
    "",
    "## Requests",
    "",
    ...table(
      ["request", "without the token", "status", "end", "codes", "ms", "repeated"],
      requests.map(({ method, control, status, end, codes, ms, repeated }) => [
        method,
        control ? "yes" : "",
        status === null ? "" : String(status),
        end,
        codes.join(" "),
        String(ms),
        repeated === 0 ? "" : String(repeated),
      ]),
    ),
    "",
  ];
  return lines.join("\n");
}
