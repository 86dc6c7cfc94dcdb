import { realpathSync } from "node:fs";
import { type Context, wantsColor } from "../../context.ts";
import type { RawDocument } from "../../core/check/documents.ts";
import { HALO_URL } from "../../core/halo.ts";
import type { Report, RuleInfo } from "../../core/report/model.ts";
import { toText } from "../../core/report/text.ts";
import { mask, printable } from "../../core/secrets.ts";
import type { CheckOptions } from "./options.ts";

export interface Printed {
  readonly documents: readonly RawDocument[];
  readonly secrets: readonly string[];
  readonly rules: readonly RuleInfo[];
  /** Where the paths of the report begin. */
  readonly root: string;
}

/** Undefined when the command was started there. */
function elsewhere(cwd: string, root: string): string | undefined {
  if (cwd === root) return undefined;
  try {
    return realpathSync.native(cwd) === root ? undefined : root;
  } catch {
    return root;
  }
}

function textOf(
  context: Context,
  options: CheckOptions,
  report: Report,
  { documents, secrets, root }: Printed,
): string {
  const { isWatched, env } = context;
  return toText(report, {
    color: wantsColor(env, isWatched, options.noColor),
    sources: isWatched ? new Map(documents.map((each) => [each.path, each])) : undefined,
    shown: [HALO_URL, options.url],
    secrets,
    width: isWatched ? (context.stdout.columns ?? 80) : 80,
    root: elsewhere(context.cwd, root),
    quiet: options.quiet,
  });
}

/** What a person reads is at hand; the other forms are loaded when they are asked for. */
async function format(context: Context, options: CheckOptions, report: Report, printed: Printed): Promise<string> {
  switch (options.format) {
    case "json":
      return (await import("../../core/report/json.ts")).toJson(report);
    case "sarif": {
      const { toSarif } = await import("../../core/report/sarif.ts");
      return toSarif(report, { version: context.version, rules: printed.rules });
    }
    case "github":
      return (await import("../../core/report/github.ts")).toGithub(report);
    default:
      return textOf(context, options, report, printed);
  }
}

/** Prints the report on stdout, and for GitHub adds it to the page of the job. */
export async function printReport(
  context: Context,
  options: CheckOptions,
  report: Report,
  printed: Printed,
): Promise<void> {
  context.print(mask(await format(context, options, report, printed), printed.secrets));
  // text and github have it in their summary
  if (report.empty.length > 0 && !options.quiet && /^(?:json|sarif)$/.test(options.format)) {
    const shown = report.empty.map((path) => printable(path, 200)).join(", ");
    context.stderr.write(mask(`no file to check here: ${shown}\n`, printed.secrets));
  }
  const page = context.env.GITHUB_STEP_SUMMARY;
  if (options.format !== "github" || page === undefined || page === "") return;
  const { toJobSummary } = await import("../../core/report/github.ts");
  const { appendToFile } = await import("../../io/append.ts");
  try {
    appendToFile(page, mask(toJobSummary(report, context.version), printed.secrets));
  } catch {
    // the annotations are what counts; a runner without that page is no reason to fail
    context.stderr.write("the job summary could not be written\n");
  }
}
