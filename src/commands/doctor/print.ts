import { closeSync, openSync, rmSync, writeFileSync } from "node:fs";
import { type Context, wantsColor } from "../../context.ts";
import type { Advice } from "../../core/advice.ts";
import { adviceLine } from "../../core/doctor/advice.ts";
import { toMarkdown } from "../../core/doctor/markdown.ts";
import type { DoctorReport } from "../../core/doctor/report.ts";
import { toDoctorText } from "../../core/doctor/text.ts";
import { mask, printable } from "../../core/secrets.ts";
import { EnvironmentError, UsageError } from "../../errors.ts";
import { createOutput } from "../../ui/output.ts";
import { createPaint } from "../../ui/paint.ts";
import { wrap } from "../../ui/wrap.ts";
import type { DoctorOptions } from "./options.ts";

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? "unknown";

/**
 * Opens the file of `--report` before anything else is done: a path that cannot be used is known at once. Never over a file
 * that is there; for its owner alone, since it names files and hosts. Throws UsageError or EnvironmentError.
 */
export function openReport(path: string): number {
  try {
    return openSync(path, "wx", 0o600);
  } catch (error) {
    const code = codeOf(error);
    const shown = printable(path, 200);
    if (code === "EEXIST")
      throw new UsageError(`--report: ${shown} already exists`, { hint: "name another file, or remove it" });
    if (code === "ENOENT" || code === "ENOTDIR") throw new UsageError(`--report: there is no folder for ${shown}`);
    throw new EnvironmentError(`--report: ${shown} could not be made (${code})`, undefined, "unwritable");
  }
}

/** Writes and closes it; without a report it is only closed. A file that was not written whole would be in the way of the next try. */
export function closeReport(context: Context, path: string, file: number, report: DoctorReport | undefined): void {
  try {
    if (report !== undefined) {
      const { version, nodeVersion: node, platform, arch } = context;
      const machine = { version, node, system: `${platform} ${arch}`, time: new Date().toISOString() };
      writeFileSync(file, mask(toMarkdown(report, machine), context.secrets));
    }
    // some disks say only now that they are full
    closeSync(file);
    if (report === undefined) rmSync(path, { force: true });
  } catch (error) {
    rmSync(path, { force: true });
    const problem = `--report: the file could not be written (${codeOf(error)})`;
    throw new EnvironmentError(problem, undefined, "unwritable");
  }
}

/** The contract of docs/json.md. */
function documentOf({ links, client, cwd, ...rest }: DoctorReport): object {
  const linesOf = (advice: readonly Advice[]): string => advice.map((each) => adviceLine(each, cwd)).join("\n");
  const stages = links.map(({ link, seen, advice, notes, ...more }) => ({
    stage: link,
    ok: more.status === "ok" || more.status === "warning",
    ...more,
    detail: seen.length === 0 ? undefined : seen.join("\n"),
    tryThis: advice && linesOf(advice),
    notes: notes?.map(({ cause, severity, seen: said, advice: lines, about }) => ({
      cause,
      severity,
      seen: said,
      tryThis: linesOf(lines),
      about,
    })),
  }));
  return { version: 1, ...rest, stages, clients: [client] };
}

/** The report on stdout, as a person or a program reads it. */
export function printReport(context: Context, options: DoctorOptions, report: DoctorReport): void {
  const output = createOutput(context);
  if (options.json) {
    output.json(documentOf(report));
    return;
  }
  const color = wantsColor(context.env, context.stdout.isTTY === true, options.noColor);
  const { sign, bold, dim, green, yellow, red } = createPaint(color, context.unicode);
  const ascii = (text: string): string =>
    context.unicode ? text : text.replaceAll("…", "...").replaceAll("•", "*").replaceAll("·", "-");
  const shown = JSON.parse(ascii(JSON.stringify(report))) as DoctorReport;
  const text = toDoctorText(shown, {
    sign: { ok: green(sign.ok), warning: yellow(sign.warn), failed: red(sign.bad), skipped: dim("-") },
    more: ascii("…"),
    bold,
    dim,
    wrap,
    width: Math.max(40, Math.min(context.stdout.columns ?? 80, 100)) - 1,
  });
  output.result(ascii(text));
}
