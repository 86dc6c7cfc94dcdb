/** The wizard, from top to bottom: look, ask, test, plan, write, test again through what was written, say how to go on. */
import type { Context } from "../../context.ts";
import { connectionFor, entryOf } from "../../core/clients/claude-code.ts";
import { envIn } from "../../core/clients/claude-state.ts";
import type { Diagnosis } from "../../core/diagnosis/diagnose.ts";
import { equalJson } from "../../core/formats/json.ts";
import { LABELS, PASTED_BREAK, type Value, variablesFor } from "../../core/halo.ts";
import type { Plan, Step } from "../../core/plan/model.ts";
import { decideTarget, type Target, variablesOf } from "../../core/plan/target.ts";
import { Cancelled, Refusal, UsageError } from "../../errors.ts";
import type { RawOptions } from "../../flags.ts";
import { createAsk } from "../../ui/ask.ts";
import { createOutput } from "../../ui/output.ts";
import { createPaint, type Paint } from "../../ui/paint.ts";
import { createShow, type Show } from "../../ui/show.ts";
import { wrap } from "../../ui/wrap.ts";
import { carryOut, changes, stepLabel } from "../shared/carry-out.ts";
import { commandFor } from "./command.ts";
import { documentOf, handSteps, headlineOf, nextSteps, type Outcome } from "./finish.ts";
import { canAsk, type InitOptions, readOptions } from "./options.ts";
import { buildPlan, buildRemoval, checkBeforehand, type Decided } from "./plan.ts";
import { type Proof, prove } from "./prove.ts";
import {
  askAfterFailure,
  askAfterProof,
  askChoice,
  askIds,
  askToken,
  choiceByFlags,
  type Dialog,
} from "./questions.ts";
import { planParts } from "./show-plan.ts";
import { assertGit, entryIn, introduce, lookAgain, type Survey, survey } from "./survey.ts";
import { agreeOnUrl, sentBy, showDiagnosis, testConnection, testFailed, warnOfHeaders } from "./test.ts";
import { type Candidates, firstOf, missingIn, usable, type Values, valueSources } from "./values.ts";

/** The locals of this page. */
interface Page {
  readonly context: Context;
  readonly options: InitOptions;
  readonly show: Show;
  readonly here: Survey;
  readonly target: Target;
  readonly url: string;
  /** Undefined when nobody can be asked. */
  readonly dialog: Dialog | undefined;
}

/** The wizard. Exit code: 0 done or already set up, 1 refused or not connected. */
export async function run(context: Context, raw: RawOptions): Promise<number> {
  const options = readOptions(context, raw);
  const isAsked = await canAsk(context, options);
  // nobody is asked about a plan that was not shown
  const quiet = options.json || (options.quiet && (!isAsked || options.yes));
  const show = createShow(context, { quiet, guide: isAsked });
  const here = await survey(context, options);
  const choice = choiceByFlags(options);
  const isProject = choice.clients.includes("claude-code") && choice.scopes.includes("project");
  // a repository has no say in what a person sets up for themselves alone
  const decision = decideTarget(isProject ? here.entries.project : [], options);
  if (!decision.ok) throw new Refusal(decision.reason, { hint: decision.hint });
  const { target } = decision;
  introduce(context, show, here, target);
  assertGit(context, here);
  if (isProject) checkBeforehand(context, options, here, target);
  const ask = isAsked ? await createAsk(context, PASTED_BREAK) : undefined;
  const url = await agreeOnUrl(target, here.env, options.url, show, options.yes ? undefined : ask);
  warnOfHeaders(target, here.env, show);
  const candidates = usable(await valueSources(context, options, here, target), isAsked, show, context.secrets);
  const dialog = ask === undefined ? undefined : { ask, show, context };
  const page: Page = { context, options, show, here, target, url, dialog };
  const isComplete = missingIn(candidates).length === 0;
  if (isComplete && (target.mode === "join" || !isProject)) {
    const decided = { values: firstOf(candidates), choice, url };
    const plan = await buildPlan(context, options, here, target, decided);
    const isThere = choice.clients.includes("claude-code") && !changes(plan);
    if (isThere && (isProject || here.claude !== undefined)) return await alreadySetUp(page, decided, plan, candidates);
  }
  const { values, tested } =
    dialog !== undefined && !(options.yes && isComplete)
      ? await askUntilConnected(page, dialog, candidates, target.mode === "join")
      : await takeValues(page, candidates);
  const isOpen = options.clients === undefined && options.scopes === undefined && target.mode === "new";
  const chosen = dialog !== undefined && !options.yes && isOpen ? await askChoice(dialog) : choice;
  if (options.ci !== undefined && isProject && !chosen.scopes.includes("project"))
    show.warn("--ci checks what a repository holds, and this one is not connected: no file is written for it.");
  return await finish(page, { values, choice: chosen, url }, tested);
}

interface Tested {
  readonly values: Values;
  readonly tested: Diagnosis | undefined;
}

/** The connection test of these values; undefined where none is wanted. */
async function test({ context, options, show, here, target, url }: Page, values: Values) {
  const sent = sentBy(target, values, here.env, url);
  if (options.skipTest) return undefined;
  const tested = await testConnection(context, show, sent, "Connection test", { timeoutMs: options.timeoutMs });
  if (tested.ok) showDiagnosis(show, tested, "Connection test");
  return tested;
}

/** Where nobody is asked: the best of what is at hand. Throws UsageError that names all that is missing, Refusal for a test that failed. */
async function takeValues(page: Page, candidates: Candidates): Promise<Tested> {
  const { context, options, here, target, dialog } = page;
  const missing = missingIn(candidates);
  const needsYes = dialog === undefined && !options.yes && !options.dryRun;
  if (missing.length > 0 || needsYes) {
    const ways = (which: Value): string => {
      const slot = target.slots[which];
      const variable = `the variable ${"env" in slot ? slot.env : ""}`;
      return which === "token"
        ? `the product token: ${variable}, --token-stdin or --token-file <file>`
        : `the ${LABELS[which]}: --${which}-id <id> (or --studio-url <url>), or ${variable}`;
    };
    const lines = [...missing.map(ways), ...(needsYes ? ["your yes to the plan: --yes (or --dry-run to see it)"] : [])];
    const hint = commandFor(options, target, { cwd: context.cwd, root: here.root }, { missing });
    const message = ["values are missing, and there is no terminal to ask in:", ...lines.map((line) => `  - ${line}`)];
    throw new UsageError(message.join("\n"), { hint }, "missing-input");
  }
  const values = firstOf(candidates);
  const tested = await test(page, values);
  if (tested?.ok === false) throw testFailed(tested);
  return { values, tested };
}

/** Values that a person types or takes, tested, and corrected until they work or the person decides otherwise. */
async function askUntilConnected(
  page: Page,
  dialog: Dialog,
  candidates: Candidates,
  asTheTeam: boolean,
): Promise<Tested> {
  const asEntered = (value: string) => [{ value, from: "as entered", given: false }];
  let token = await askToken(dialog, candidates.token);
  let ids = await askIds(dialog, candidates, asTheTeam);
  for (;;) {
    const values: Values = { token, ...ids };
    const tested = await test(page, values);
    if (tested === undefined || tested.ok) return { values, tested };
    showDiagnosis(page.show, tested, "Connection test");
    if (page.options.yes) throw testFailed(tested);
    const next = await askAfterFailure(dialog);
    if (next === "token") token = await askToken(dialog, []);
    else if (next === "ids")
      ids = await askIds(dialog, { account: asEntered(ids.account), profile: asEntered(ids.profile) }, false);
    else if (next === "save") return { values, tested };
    else if (next === "stop") throw new Cancelled("Stopped. Nothing was changed.");
  }
}

/** A set-up that is complete on disk: proven, and nothing written unless the person wants something else. */
async function alreadySetUp(page: Page, decided: Decided, plan: Plan, candidates: Candidates): Promise<number> {
  const { context, options, show, here, target, dialog } = page;
  const byHand = handSteps(plan);
  const end = (ok: boolean, headline: string, proof?: Proof) =>
    conclude(page, decided, { ok, headline, plan, proof }, byHand);
  if (options.skipTest) return end(true, "Already set up; not tested. Nothing was written.");
  for (;;) {
    const proof = await prove(context, options, show, here, target, decided);
    const { ok } = proof;
    const headline = headlineOf(proof, false, here.claudeIs);
    if (dialog === undefined || options.yes) return end(ok, headline, proof);
    if (ok) show.ok(headline);
    const next = await askAfterProof(dialog, ok, decided.choice.scopes.includes("project"));
    if (next === "done") return end(ok, ok ? "Nothing was written." : headline, proof);
    if (next === "remove") return await remove(page, decided);
    if (next === "change") {
      const open = (which: "account" | "profile") =>
        candidates[which].map((each) => ({ ...each, given: "fixed" in target.slots[which] }));
      const reopened = { token: candidates.token, account: open("account"), profile: open("profile") };
      const { values, tested } = await askUntilConnected(page, dialog, reopened, false);
      return await finish(page, { ...decided, values }, tested);
    }
  }
}

/** Shows a plan, asks, does it. `again`: makes it anew from what is there now, when a file changed meanwhile. */
async function carry(page: Page, plan: Plan, decided: Decided, message: string, again: (now: Survey) => Promise<Plan>) {
  const { context, options, show, here, target, dialog } = page;
  return await carryOut(plan, {
    context,
    place: here,
    dryRun: options.dryRun,
    show: (made) => {
      // the result of a dry run goes to stdout
      if (options.dryRun) return;
      for (const { title, details, diff } of planParts(made, here.root, styleOf(page, decided, show.paint))) {
        show.info(title, details);
        if (diff !== undefined) show.verbatim(diff);
      }
    },
    confirm: async () => {
      if (dialog === undefined || options.yes) return;
      if (!(await dialog.ask.confirm({ message, initial: true }))) throw new Cancelled("Stopped. Nothing was changed.");
    },
    beforehand: () => {
      if (decided.choice.scopes.includes("project"))
        assertSameEntry(here, lookAgain(context, here, target.name), target);
    },
    replan: async () => await again(lookAgain(context, here, target.name)),
    onStale: () => show.info("A file changed meanwhile: the plan is made anew."),
  });
}

/** The entry must still be the one that was agreed to, or what is to be written. Throws Refusal. */
function assertSameEntry(before: Survey, now: Survey, { name, mode, url }: Target): void {
  const rawIn = (survey: Survey) => entryIn(survey, "project", name)?.raw ?? null;
  const is = rawIn(now);
  const ours = entryOf(connectionFor(name, url, variablesFor(name)));
  if (equalJson(rawIn(before), is) || (mode === "new" && equalJson(ours, is))) return;
  throw new Refusal(
    ".mcp.json changed meanwhile; nothing was written",
    { hint: "look at it, then run this again" },
    "stale",
  );
}

/** How the diffs of a plan look: of the values only the IDs, which are no secrets, are seen. */
function styleOf({ context, show }: Page, { values: { account, profile } }: Decided, paint: Paint) {
  return { paint, width: show.columns - 6, secrets: [...context.secrets], shown: [account, profile] };
}

/** One line per file and command: what became of it. */
function showStatuses({ show, here }: Page, { steps }: Plan, statuses: ReadonlyMap<Step, string>): void {
  const { green, sign } = show.paint;
  const lines = steps.flatMap((step) => {
    if (step.kind === "tell") return [];
    const status = statuses.get(step);
    const isRemoved = status === "written" && step.kind === "write" && step.after === undefined;
    const word = step.kind === "run" ? "done" : isRemoved ? "removed" : status;
    return [`${green(sign.ok)} ${stepLabel(step, here.root)}: ${word}`];
  });
  if (lines.length > 0) show.verbatim(lines);
}

/** Writes what was decided, proves it, says how to go on. */
async function finish(page: Page, decided: Decided, tested: Diagnosis | undefined): Promise<number> {
  const { context, options, show, here, target } = page;
  const make = (now: Survey): Promise<Plan> => buildPlan(context, options, now, target, decided);
  const { plan, statuses, changed } = await carry(page, await make(here), decided, "Apply these changes?", make);
  if (options.dryRun) return concludeDryRun(page, decided, plan, tested);
  showStatuses(page, plan, statuses);
  const { choice } = decided;
  if (options.bridge === "none" && choice.scopes.includes("project"))
    show.warn("No bridge: Claude Code does not read .env. Export the variables before you start it.");
  const recreate = recreateOf(page, decided);
  const next = nextSteps(options, here, target, choice, plan, recreate);
  const done = changed ? "Saved" : "Nothing had to change";
  const end = (ok: boolean, headline: string, proof?: Proof) =>
    conclude(page, decided, { ok, headline, plan, statuses, tested, proof }, next);
  if (tested === undefined) return end(true, `${done}, but not tested.`);
  if (!tested.ok) return end(false, `${done}, although the test failed: ${tested.cause ?? "unknown"}.`);
  if (!choice.clients.includes("claude-code")) return end(true, "The values work. What is left to do by hand:");
  try {
    const proof = await prove(context, options, show, here, target, decided);
    return end(proof.ok, headlineOf(proof, changed, here.claudeIs), proof);
  } catch (error) {
    if (error instanceof Cancelled && changed)
      throw new Cancelled(
        "Cancelled during the last test. The files above are written; run the command again to test them.",
      );
    throw error;
  }
}

/** Takes HALO out of what was chosen. */
async function remove(page: Page, decided: Decided): Promise<number> {
  const { here, target } = page;
  const { choice } = decided;
  const make = async (now: Survey): Promise<Plan> => buildRemoval(now, target, choice);
  const { plan, statuses } = await carry(page, buildRemoval(here, target, choice), decided, "Remove this?", make);
  showStatuses(page, plan, statuses);
  // other connections may use them
  const shared = envIn(here.state.files.userSettings);
  const stay =
    choice.scopes.some((scope) => scope !== "project") &&
    variablesOf(target).some(({ env }) => Object.hasOwn(shared, env));
  const left = stay ? ` Its values stay in ${here.userSettings}, under "env".` : "";
  const headline = `HALO was removed.${left} The token still works: delete it in HALO Studio > Settings > Product Tokens.`;
  return conclude(page, decided, { ok: true, headline, plan, statuses }, []);
}

function recreateOf({ context, options, here, target }: Page, decided: Decided): string {
  return commandFor(options, target, { cwd: context.cwd, root: here.root }, { decided });
}

/** The plan itself is the result of a dry run: on stdout, with colours where somebody looks. */
function concludeDryRun(page: Page, decided: Decided, plan: Plan, tested: Diagnosis | undefined): number {
  const { context, options, show, here } = page;
  if (options.json) return conclude(page, decided, { ok: true, headline: "", plan, tested }, []);
  const paint = createPaint(context.color && context.isWatched, context.unicode);
  const parts = planParts(plan, here.root, styleOf(page, decided, paint));
  const lines = parts.flatMap(({ title, sides = [title], details = [], diff = [] }) => [
    ...sides,
    ...details.map((line) => `  ${line}`),
    ...diff,
  ]);
  show.result(lines.length === 0 ? "Nothing has to change." : lines.join("\n"));
  show.info("Dry run: nothing was written.");
  return 0;
}

/** The end of a run: its headline and what comes next, or the JSON document. Out: the exit code. */
function conclude(page: Page, decided: Decided, outcome: Outcome, next: readonly (readonly string[])[]): number {
  const { context, options, show, here, target, url } = page;
  const { ok, headline } = outcome;
  if (options.json) {
    const server = { name: target.name, url };
    const body = documentOf(options.dryRun, here, server, outcome, recreateOf(page, decided));
    createOutput(context).json(body);
    return ok ? 0 : 1;
  }
  const paragraphs = [wrap(headline, show.columns), ...next].filter(({ length }) => length > 0);
  // the name of a folder or an entry may stand in it
  show.result(paragraphs.map((lines) => lines.join("\n")).join("\n\n"));
  return ok ? 0 : 1;
}
