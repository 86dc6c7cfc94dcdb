import { closeSync, openSync, rmSync, writeFileSync } from "node:fs";
import { type Context, wantsColor } from "../../context.ts";
import type { DoctorReport } from "../../core/doctor/conclude.ts";
import { toMarkdown } from "../../core/doctor/markdown.ts";
import { toDoctorText } from "../../core/doctor/text.ts";
import { mask, maskedJson, plainLine, printable } from "../../core/secrets.ts";
import { EnvironmentError, UsageError } from "../../errors.ts";
import { createPaint } from "../../ui/paint.ts";
import { wrap } from "../../ui/wrap.ts";
import type { DoctorOptions } from "./options.ts";

export interface ReportFile {
  /** Writes and closes it. Throws EnvironmentError when the disk does not take it. */
  readonly write: (context: Context, report: DoctorReport) => void;
  /** A file that was not written whole is removed: it would be in the way of the next try. Never throws. */
  readonly close: () => void;
}

/** Opens the file of `--report` before anything else is done: a path that cannot be used is known at once. */
export function openReport(path: string): ReportFile {
  const file = open(path);
  let isOpen = true;
  let isWhole = false;
  const end = (): void => {
    isOpen = false;
    closeSync(file);
  };
  return {
    write: (context, report) => {
      const text = toMarkdown(report, {
        version: context.version,
        node: context.nodeVersion,
        system: `${context.platform} ${context.arch}`,
        time: new Date().toISOString(),
      });
      try {
        writeFileSync(file, mask(text, context.secrets));
        // some disks say only now that they are full
        end();
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? "unknown";
        throw new EnvironmentError(`--report: the file could not be written (${code})`, undefined, "unwritable");
      }
      isWhole = true;
    },
    close: () => {
      try {
        if (isOpen) end();
      } catch {
        // nothing is kept of it
      }
      if (!isWhole) rmSync(path, { force: true });
    },
  };
}

function open(path: string): number {
  try {
    // never over a file that is there; for its owner alone, since it names files and hosts
    return openSync(path, "wx", 0o600);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    const shown = printable(path, 200);
    if (code === "EEXIST")
      throw new UsageError(`--report: ${shown} is there already`, { hint: "name another file, or remove it" });
    if (code === "ENOENT" || code === "ENOTDIR") throw new UsageError(`--report: there is no folder for ${shown}`);
    throw new EnvironmentError(`--report: ${shown} could not be made (${code})`, undefined, "unwritable");
  }
}

/** The contract of docs/json.md. */
function toJson(report: DoctorReport, secrets: ReadonlySet<string>): string {
  const { links, client, setup, ...rest } = report;
  const stages = links.map(({ link, seen, tryThis, notes, ...more }) => ({
    stage: link,
    ok: more.status === "ok" || more.status === "warning",
    ...more,
    ...(seen.length === 0 ? {} : { detail: seen.join("\n") }),
    ...(tryThis === undefined ? {} : { tryThis: tryThis.join("\n") }),
    ...(notes === undefined ? {} : { notes: notes.map((note) => ({ ...note, tryThis: note.tryThis.join("\n") })) }),
  }));
  const { remarks: _, ...view } = { ...setup, winner: setup.winner ?? null, approval: setup.approval ?? null };
  return maskedJson({ version: 1, ...rest, stages, clients: [client], setup: view }, secrets);
}

/** The report on stdout, as a person or a program reads it. */
export function printReport(context: Context, options: DoctorOptions, report: DoctorReport): void {
  if (options.json) {
    context.stdout.write(`${toJson(report, context.secrets)}\n`);
    return;
  }
  const color = wantsColor(context.env, context.stdout.isTTY === true, options.noColor);
  const paint = createPaint(color, context.unicode);
  const ascii = (text: string): string =>
    context.unicode ? text : text.replaceAll("…", "...").replaceAll("•", "*").replaceAll("·", "-");
  const shown = JSON.parse(ascii(JSON.stringify(report))) as DoctorReport;
  const text = toDoctorText(shown, {
    sign: {
      ok: paint.green(paint.sign.ok),
      warning: paint.yellow(paint.sign.warn),
      failed: paint.red(paint.sign.bad),
      skipped: paint.dim("-"),
    },
    more: ascii("…"),
    bold: paint.bold,
    dim: paint.dim,
    wrap,
    width: Math.max(40, Math.min(context.stdout.columns ?? 80, 100)) - 1,
  });
  const lines = ascii(mask(text, context.secrets)).split("\n");
  // a line may be all of what a server or a tool said
  context.stdout.write(lines.map(plainLine).join("\n"));
}
