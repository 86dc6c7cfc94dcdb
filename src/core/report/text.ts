/** The report for people: one line per finding, in a form that editors and terminals can open. */
import { printable } from "../secrets.ts";
import { type Report, summaryOf } from "./make.ts";

const COLORS = { error: 31, warning: 33, note: 36, green: 32, dim: 2, bold: 1 } as const;

/** `path:line:column severity message [rule]`, one per line, and a summary. `root`: the folder of the paths, if it is another one. */
export function toText(report: Report, color: boolean, quiet: boolean, root?: string): string {
  const paint = (name: keyof typeof COLORS, text: string): string =>
    color ? `\u001b[${COLORS[name]}m${text}\u001b[0m` : text;
  const { counts, ok, lines } = report;
  const out = lines.map(({ path, line, column, severity, message, rule }) => {
    const place = paint("bold", `${printable(path, 500)}:${line}:${column}`);
    return `${place} ${paint(severity, severity)} ${printable(message, 2000)} ${paint("dim", `[${rule}]`)}`;
  });
  const from = root === undefined || lines.length === 0 ? "" : `; paths from ${printable(root)}`;
  const sum = counts.error > 0 || !ok ? "error" : counts.warning > 0 ? "warning" : "green";
  if (!quiet || !ok) out.push(paint(sum, summaryOf(report) + from));
  return out.join("\n");
}
