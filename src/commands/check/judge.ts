/** What was gathered → the report. The rules are in a chunk of their own, which is loaded while git runs. */
import { appendFileSync, realpathSync } from "node:fs";
import { type Context, wantsColor } from "../../context.ts";
import { makeReport, type Report, toGithub, toJobSummary, toJson, toSarif, toText } from "../../core/check/report.ts";
import { runRules } from "../../core/check/run.ts";
import { RULES } from "../../core/rules/index.ts";
import { mask, printable } from "../../core/secrets.ts";
import { attempt } from "../../errors.ts";
import { createOutput } from "../../ui/output.ts";
import { columnsOf, wrap } from "../../ui/wrap.ts";
import { type CheckOptions, type Gathered, isAsked } from "./gather.ts";

/** Prints the report on stdout, and for GitHub adds it to the page of the job. */
function print(context: Context, options: CheckOptions, report: Report, gathered: Gathered): void {
  const output = createOutput(context);
  const { stdout, env, version } = context;
  const { format, quiet } = options;
  if (format === "json") output.json(toJson(report));
  if (format === "sarif") output.json(toSarif(report, RULES, version));
  if (format === "text") {
    const root = realpathSync.native(context.cwd) === gathered.root ? undefined : gathered.root;
    const isTerminal = stdout.isTTY === true;
    const color = wantsColor(env, isTerminal, options.noColor);
    const lines = isTerminal ? (text: string) => wrap(text, columnsOf(stdout) - 1) : undefined;
    output.result(toText(report, { color, quiet, root, wrap: lines }));
  }
  if (format !== "github") return;
  output.commands(toGithub(report));
  const page = env.GITHUB_STEP_SUMMARY ?? "";
  // a runner without that page is no reason to fail: the annotations are enough
  const text = mask(toJobSummary(report, version), context.secrets);
  if (page !== "" && attempt(() => appendFileSync(page, text) ?? true) === undefined)
    output.say("the job summary could not be written");
}

/** Runs the rules and prints the report. Exit code: 0 clean or warnings that are allowed, 1 findings. `fixed`: the files that were changed. */
export async function judge(context: Context, options: CheckOptions, gathered: Gathered, fixed: readonly string[]) {
  const { subject, spills, locks } = gathered;
  for (const lock of locks)
    createOutput(context).say(
      `${printable(lock)} was left behind by a run that was killed, and can contain a token. To remove it: npx create-halo-mcp check --fix`,
    );
  const links = new Set(subject.documents.flatMap(({ path, target }) => (target === undefined ? [] : path)));
  const findings = runRules(RULES, subject)
    .filter(({ path }) => isAsked(gathered, path))
    // links are not changed
    .map(({ fix, ...finding }) => (fix === undefined || links.has(finding.path) ? finding : { ...finding, fix }));
  const report = makeReport({
    findings,
    rules: RULES,
    texts: new Map([...spills, ...subject.documents].map(({ path, text }) => [path, text])),
    files: subject.documents.map(({ path }) => path).filter((path) => isAsked(gathered, path)),
    maxWarnings: options.maxWarnings,
    fixed,
    dryRun: options.dryRun,
  });
  print(context, options, report, gathered);
  return report.ok ? 0 : 1;
}
