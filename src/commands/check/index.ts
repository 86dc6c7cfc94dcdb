import type { Context } from "../../context.ts";
import type { Finding, Rule } from "../../core/check/model.ts";
import { runRules } from "../../core/check/run.ts";
import { makeReport } from "../../core/report/make-report.ts";
import type { Report } from "../../core/report/model.ts";
import { RULES } from "../../core/rules/index.ts";
import type { RawOptions } from "../../flags.ts";
import { type Gathered, gather, subjectOf } from "./gather.ts";
import { type CheckOptions, readOptions } from "./options.ts";
import { isAsked } from "./places.ts";
import { printReport } from "./print.ts";

interface Found {
  readonly findings: readonly Finding[];
  /** The rules that the findings are of: the list, and what only this run has. */
  readonly rules: readonly Rule[];
  /** The files that `--fix` changed, or would. */
  readonly fixed: readonly string[];
}

function reportOf(
  context: Context,
  options: CheckOptions,
  gathered: Gathered,
  { findings, rules, fixed }: Found,
): Report {
  const { documents, places, spills, empty } = gathered;
  return makeReport({
    findings: findings.filter(({ path }) => isAsked(places, path)),
    rules,
    texts: new Map([
      ...spills.map(({ path, text }) => [path, text] as const),
      ...documents.map(({ path, text, raw }) => [path, raw ?? text] as const),
    ]),
    files: documents.map(({ path }) => path).filter((path) => isAsked(places, path)),
    secrets: [...context.secrets],
    maxWarnings: options.maxWarnings,
    empty,
    fixed,
    dryRun: options.dryRun,
  });
}

/** The guard. Exit code: 0 clean or warnings that are allowed, 1 findings. */
export async function run(context: Context, raw: RawOptions): Promise<number> {
  const options = readOptions(context, raw);
  let gathered = await gather(context, options);
  let fixed: readonly string[] = [];
  if (options.fix) {
    const { fix } = await import("./fix.ts");
    fixed = await fix(context, options, gathered);
    // what is left is read from the disk again: another run may have mended it just now
    if (!options.dryRun) gathered = await gather(context, options);
  }
  const found: Found = { findings: runRules(RULES, subjectOf(context, options, gathered)), rules: RULES, fixed };
  const report = reportOf(context, options, gathered, found);
  await printReport(context, options, report, {
    documents: gathered.documents,
    secrets: [...context.secrets],
    rules: found.rules,
    root: gathered.places.root,
  });
  return report.ok ? 0 : 1;
}
