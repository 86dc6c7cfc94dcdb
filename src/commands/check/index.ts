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
}

function reportOf(context: Context, options: CheckOptions, gathered: Gathered, { findings, rules }: Found): Report {
  const { documents, places, spills } = gathered;
  return makeReport({
    findings: findings.filter(({ path }) => isAsked(places, path)),
    rules,
    texts: new Map([...documents, ...spills].map(({ path, text }) => [path, text])),
    files: documents.map(({ path }) => path).filter((path) => isAsked(places, path)),
    secrets: [...context.secrets],
    maxWarnings: options.maxWarnings,
  });
}

/** The guard. Exit code: 0 clean or warnings that are allowed, 1 findings. */
export async function run(context: Context, raw: RawOptions): Promise<number> {
  const options = readOptions(context, raw);
  let gathered = gather(context, options);
  if (options.fix) {
    const { fix } = await import("./fix.ts");
    // what is left is read from the disk again, as the next run will
    if (await fix(context, options, gathered)) gathered = gather(context, options);
  }
  let found: Found = { findings: runRules(RULES, subjectOf(context, options, gathered)), rules: RULES };
  if (options.online) {
    const { ONLINE_RULES, testOnline } = await import("./online.ts");
    const online = await testOnline(context, options, gathered);
    found = { findings: [...found.findings, ...online], rules: [...RULES, ...ONLINE_RULES] };
  }
  const report = reportOf(context, options, gathered, found);
  printReport(context, options, report, {
    documents: gathered.documents,
    secrets: [...context.secrets],
    rules: found.rules,
  });
  return report.ok ? 0 : 1;
}
