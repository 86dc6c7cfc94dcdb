import type { Report } from "./model.ts";

const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}\u{7f}-\u{9f}]/gu;

/** JSON in which nothing that lies to a terminal or a runner stands as itself; what is parsed from it is the same. */
export function toSafeJson(value: unknown): string {
  // a runner of GitHub Actions takes ##[…] for a command wherever it stands
  const plain = JSON.stringify(value, null, 2).replaceAll("##[", "#\\u0023[");
  if (/^[\n -~]*$/.test(plain)) return `${plain}\n`;
  const text = plain.replace(INVISIBLE, (char) =>
    Array.from({ length: char.length }, (_, at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, "0")}`).join(""),
  );
  return `${text}\n`;
}

/** The contract of docs/json.md. */
export function toJson(report: Report): string {
  return toSafeJson({
    version: 1,
    ok: report.ok,
    findings: report.lines.map(
      ({ rule, severity, message, path, line, column, endLine, endColumn, fixable, more }) => ({
        rule,
        severity,
        message,
        path,
        line,
        column,
        endLine,
        endColumn,
        fixable,
        ...(more === undefined ? {} : { more }),
      }),
    ),
    files: report.files,
    counts: report.counts,
    fixed: report.fixed,
    dryRun: report.dryRun,
  });
}
