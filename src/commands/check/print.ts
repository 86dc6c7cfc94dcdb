import { appendFileSync } from "node:fs";
import { type Context, wantsColor } from "../../context.ts";
import type { RawDocument } from "../../core/check/documents.ts";
import { HALO_URL } from "../../core/halo.ts";
import { redact } from "../../core/redact.ts";
import { toGithub, toJobSummary } from "../../core/report/github.ts";
import { toJson } from "../../core/report/json.ts";
import type { Report, RuleInfo } from "../../core/report/model.ts";
import { toSarif } from "../../core/report/sarif.ts";
import { toText } from "../../core/report/text.ts";
import type { CheckOptions } from "./options.ts";

export interface Printed {
  readonly documents: readonly RawDocument[];
  readonly secrets: readonly string[];
  readonly rules: readonly RuleInfo[];
}

function textOf(context: Context, options: CheckOptions, report: Report, { documents, secrets }: Printed): string {
  const { isWatched, env } = context;
  return toText(report, {
    color: wantsColor(env, isWatched, options.noColor),
    sources: isWatched ? new Map(documents.map((each) => [each.path, each])) : undefined,
    shown: [HALO_URL, options.url],
    secrets,
    width: isWatched ? (context.stdout.columns ?? 80) : 80,
    quiet: options.quiet,
  });
}

function format(context: Context, options: CheckOptions, report: Report, printed: Printed): string {
  switch (options.format) {
    case "json":
      return toJson(report);
    case "sarif":
      return toSarif(report, { version: context.version, rules: printed.rules });
    case "github":
      return toGithub(report);
    default:
      return textOf(context, options, report, printed);
  }
}

/** Prints the report on stdout, and for GitHub adds it to the page of the job. */
export function printReport(context: Context, options: CheckOptions, report: Report, printed: Printed): void {
  context.print(redact(format(context, options, report, printed), printed.secrets));
  const page = context.env.GITHUB_STEP_SUMMARY;
  if (options.format !== "github" || page === undefined || page === "") return;
  try {
    appendFileSync(page, redact(toJobSummary(report, context.version), printed.secrets));
  } catch {
    // the annotations are what counts; a runner without that page is no reason to fail
    context.stderr.write("the job summary could not be written\n");
  }
}
