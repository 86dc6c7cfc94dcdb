/** Where the report goes: to stdout, as a person or a program reads it, and to the file of `--report`. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Context, wantsColor } from "../../context.ts";
import { toMarkdown } from "../../core/doctor/markdown.ts";
import type { DoctorReport } from "../../core/doctor/report.ts";
import { toDoctorText } from "../../core/doctor/text.ts";
import { mask, printable } from "../../core/secrets.ts";
import { EnvironmentError, UsageError } from "../../errors.ts";
import { errnoOf } from "../../io/read.ts";
import { createOutput } from "../../ui/output.ts";
import { createPaint } from "../../ui/paint.ts";
import { wrap } from "../../ui/wrap.ts";

/** A path for `--report` that cannot be used is known before anything else is done. Throws UsageError. */
export function checkReport(path: string): void {
  const shown = printable(path, 200);
  if (existsSync(path))
    throw new UsageError(`--report: ${shown} already exists`, { hint: "name another file, or remove it" });
  if (!existsSync(`${dirname(path)}/`)) throw new UsageError(`--report: there is no folder for ${shown}`);
}

/** Never over a file that is there; for its owner alone, since it names files and hosts. Throws EnvironmentError. */
export function writeReport(context: Context, path: string, report: DoctorReport): void {
  const { version, nodeVersion, platform, arch } = context;
  const machine = {
    "create-halo-mcp": version,
    Node: nodeVersion,
    system: `${platform} ${arch}`,
    time: new Date().toISOString(),
  };
  try {
    writeFileSync(path, mask(toMarkdown(report, machine), context.secrets), { flag: "wx", mode: 0o600 });
  } catch (error) {
    const code = errnoOf(error) ?? "unknown";
    // a part of it would be in the way of the next try
    if (code !== "EEXIST") rmSync(path, { force: true });
    throw new EnvironmentError(`--report: the file could not be written (${code})`, undefined, "unwritable");
  }
}

export function printReport(context: Context, report: DoctorReport, isColorOff: boolean): void {
  const color = wantsColor(context.env, context.stdout.isTTY === true, isColorOff);
  const { sign, bold, dim, green, yellow, red } = createPaint(color, context.unicode);
  const text = toDoctorText(report, {
    sign: { ok: green(sign.ok), warning: yellow(sign.warn), failed: red(sign.bad), skipped: dim("-") },
    more: context.unicode ? "…" : "...",
    bold,
    dim,
    wrap,
    width: Math.max(40, Math.min(context.stdout.columns ?? 80, 100)) - 1,
  });
  const ascii = (): string => text.replaceAll("…", "...").replaceAll("•", "*").replaceAll("·", "-");
  createOutput(context).result(context.unicode ? text : ascii());
}
