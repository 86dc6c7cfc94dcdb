/** The wizard, from top to bottom: look, ask, test, plan, write, test what was written, say what to do next. */
import { existsSync } from "node:fs";
import type { Context } from "../../context.ts";
import { claudeCode } from "../../core/clients/claude-code.ts";
import type { Diagnosis } from "../../core/diagnosis/diagnose.ts";
import { TITLE } from "../../core/diagnosis/record.ts";
import { VALUES, type Value } from "../../core/halo.ts";
import type { Plan } from "../../core/plan/model.ts";
import { Cancelled, HaloError, Refusal } from "../../errors.ts";
import type { RawOptions } from "../../flags.ts";
import { clearStaleLock } from "../../io/lock.ts";
import type { Ask } from "../../ui/ask.ts";
import { changes, labelOf } from "../shared/carry-out.ts";
import { choiceOf, chosenFiles, isInProject } from "../shared/client-files.ts";
import { handedOver, offerMore } from "./afterwards.ts";
import { carry } from "./carry.ts";
import { proveAll } from "./client-proof.ts";
import { targetAmong } from "./clients.ts";
import { type Copies, copiesOf, testCopies } from "./copies.ts";
import { indented, leftSteps, nextSteps, stepsOfCi, toMend } from "./ending.ts";
import { type Answer, askChoice, askName, menuAfter, menuOf, placeOf } from "./menus.ts";
import { buildPlan, checkBeforehand, ciSteps, hasBridge } from "./plan.ts";
import { command, commandFor, connectionWords } from "./repeat.ts";
import { conclude, headlineOf } from "./screens.ts";
import {
  type Decided,
  greet,
  type InitOptions,
  introduce,
  isBroken,
  lookAgain,
  NO_VALUES,
  openDialog,
  type Page,
  readOptions,
  sayJoined,
  survey,
  type Values,
} from "./survey.ts";
import { agreeOnUrl, failureOf, isTold, type Proof, showDiagnosis, testFailed, testValues } from "./test.ts";
import { askFor, askValues, type Candidates, missingInput, usable, valueSources, valuesOf } from "./values.ts";

/** The wizard. Exit code: 0 done or already set up, 1 refused or not connected. */
export async function run(context: Context, raw: RawOptions): Promise<number> {
  const given = readOptions(context, raw);
  const opened = await openDialog(context, given);
  try {
    return await dialog(context, given, opened);
  } catch (error) {
    // inside the dialog, as everything before it
    const isDrawn = opened.ask !== undefined && !context.plain;
    if (!isDrawn || !(error instanceof HaloError) || error instanceof Cancelled) throw error;
    opened.show.bad(error.message, error.hint?.split("\n"));
    return error.exitCode;
  }
}

/** `isAgain`: after a file was mended. */
async function dialog(
  context: Context,
  given: InitOptions,
  opened: Awaited<ReturnType<typeof openDialog>>,
  isAgain = false,
): Promise<number> {
  const { show, ask, decides } = opened;
  const here = await survey(context, given);
  // a killed run may have left an old token in the lock of a file that this run does not write
  if (!given.dryRun)
    for (const { realPath } of here.snapshot.values()) if (existsSync(`${realPath}.lock`)) clearStaleLock(realPath);
  if (!isAgain) greet({ context, show, here });
  // what is there already says what is connected
  const isThere = here.clients.some(({ scope, found, path, client }) => {
    return scope === "project" && (found.length > 0 || (client === claudeCode && isBroken(here.snapshot.get(path))));
  });
  const isFirst = !given.isChosen && !isThere;
  const own = (["local", "user"] as const).filter((scope) => here.entries[scope].length > 0);
  const known = given.isRepair && isFirst && own.length > 0 ? choiceOf(here.choice.clients, own) : here.choice;
  const isAskedFirst = decides !== undefined && isFirst;
  if (isAskedFirst) show.info("Another client: npx create-halo-mcp clients");
  const choice = isAskedFirst ? await askChoice(decides, here) : known;
  const options = { ...given, choice };
  // a repository does not affect what a person sets up only for themselves
  const target = targetAmong(here, choice, options);
  const start: Page = { ...opened, options, here, target, url: target.url };
  await introduce(start);
  const isJoining = target.mode === "join";
  if (options.isRepair && isFirst && own.length === 0 && target.entry === undefined)
    throw new Refusal("HALO is not set up here, so there is nothing to repair", { hint: "npx create-halo-mcp" });
  if (options.ci !== undefined && isJoining && !options.isGiven) return await addCi(start);
  try {
    await checkBeforehand(start, choice);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "refused-file" || !(await mend(start))) throw error;
    const wished = choice.scopes.length > 0 ? choice.scopes : (["project"] as const);
    const said = { ...given.said, client: choice.clients.join(","), scope: wished.join(",") };
    return await dialog(context, isAskedFirst ? { ...options, said, wished, isChosen: true } : given, opened, true);
  }
  const page: Page = { ...start, url: await agreeOnUrl(start) };
  const sources = await valueSources(page);
  const candidates = usable(sources, page);
  sayJoined(page, candidates.token === undefined);
  const copies = await testCopies(page, copiesOf(page, sources, candidates));
  if (copies.areRefused && decides === undefined && copies.tested) throw noneWorks(page, copies.tested);
  const found = copies.works?.values ?? valuesOf(candidates);
  const isWhole = found !== undefined && (isJoining || !isInProject(choice));
  const made = isWhole ? { values: found, plan: await buildPlan(page, { values: found, choice }) } : undefined;
  if (made && choice.scopes.length + choice.places.length > 0 && !changes(made.plan))
    return await alreadySetUp(page, { values: made.values, choice }, made.plan);
  if (copies.works !== undefined)
    return await finish(page, { ...copies.works, choice, tested: copies.tested }, made, "Use it everywhere?");
  const decided =
    ask === undefined || (options.yes && found !== undefined)
      ? await takeValues(page, candidates, copies.tested)
      : await askUntilConnected(page, ask, candidates, copies);
  return await finish(page, { ...decided, choice }, made);
}

/** Of the files that are refused as they are: what `check --fix` can mend, or the private one of Claude Code, after a yes. Out: whether it did. */
async function mend(page: Page): Promise<boolean> {
  const { context, here, options, decides } = page;
  const files = chosenFiles(here, options.choice)
    .filter(({ scope, path }) => scope === "project" && isBroken(here.snapshot.get(path)))
    .map(({ path }) => path);
  const path = here.paths.bridge;
  const bridge = here.snapshot.get(path);
  if (decides === undefined) return false;
  if (files.length === 0) {
    if (bridge?.kind !== "file" || !isBroken(bridge) || !hasBridge(page, options.choice)) return false;
    const removal = { steps: [{ kind: "write", path, before: bridge.text, after: undefined, secret: true }] } as const;
    const message = `Replace ${labelOf(path, here.root)}? Its text is lost.`;
    await carry(page, { values: NO_VALUES, choice: options.choice }, () => removal, { message, initial: "no" });
    return true;
  }
  const [{ gather, readOptions: checkOptions }, { fix }] = await Promise.all([
    import("../check/gather.ts"),
    import("../check/fix.ts"),
  ]);
  const asked = checkOptions(context, { values: {}, switches: new Set(["fix"]), words: files, origins: {} });
  const fixed = await fix(context, asked, await gather(context, asked), async () => {
    if (!(await decides.confirm({ message: "Mend this file first?", initial: true })))
      throw new Cancelled("Stopped. Nothing was changed.");
  });
  return fixed.length > 0;
}

/** In a repository that is set up, `--ci` needs no value. */
async function addCi(page: Page): Promise<number> {
  const decided = { values: NO_VALUES, choice: page.options.choice };
  sayJoined(page, false);
  const { plan, statuses, changed } = await carry(page, decided, (now) => ({ steps: ciSteps(now) }));
  const ending = await stepsOfCi(page, plan);
  const headline = changed ? "Saved." : "Nothing had to change.";
  return conclude(page, decided, { ok: true, plan, statuses, ...(page.options.dryRun ? {} : { headline, ending }) });
}

/** Every copy was refused, and nobody can enter a token. */
function noneWorks(page: Page, tested: Diagnosis): Refusal {
  const { detail = "unknown", advice } = failureOf(tested);
  const [why, more] = isTold(page, tested) ? ["", []] : [`: ${detail}`, advice];
  const message = `no copy of the token works; nothing was written${why}`;
  return new Refusal(message, { hint: [...more, ...toMend(page, "rotate")].join("\n") }, "unauthorized");
}

/** Without questions: the best known values, tested. Throws UsageError that names all missing ones. */
async function takeValues(page: Page, candidates: Candidates, failed: Diagnosis | undefined) {
  const { options, ask } = page;
  const values = valuesOf(candidates);
  if (values === undefined || (ask === undefined && !options.yes && !options.dryRun)) {
    const missing = VALUES.filter((which) => candidates[which] === undefined);
    throw await missingInput(page, missing, commandFor(page, options.choice, undefined, missing));
  }
  const tested = failed ?? (await testValues(page, values));
  if (tested?.ok === false) throw testFailed(tested);
  return { values, tested, isProven: false };
}

/** Values that a person enters, tested, and corrected until they work or the person decides otherwise. */
async function askUntilConnected(page: Page, ask: Ask, candidates: Candidates, { tested, refused }: Copies) {
  // where copies were tested, none works
  const known = tested && valuesOf(candidates);
  const { values, isAsked } = known ? { values: known, isAsked: false } : await askValues(ask, page, candidates);
  return await correct(page, ask, values, refused, isAsked, known && tested);
}

/** Tests values; what a person does about a failure, until they work. `isProven`: a person entered something, and it works. */
async function correct(
  page: Page,
  ask: Ask,
  first: Values,
  refused: ReadonlySet<string>,
  hasAsked = true,
  before?: Diagnosis,
) {
  let [values, tested, isAsked] = [first, before ?? (await testValues(page, first)), hasAsked];
  const bad = new Set(refused);
  for (;;) {
    if (tested === undefined || tested.ok) return { values, tested, isProven: isAsked && tested?.ok === true };
    if (tested.cause === "unauthorized") bad.add(values.token);
    showDiagnosis(page.show, tested, TITLE);
    if (page.options.yes) throw testFailed(tested);
    const next = await ask.select<Answer>({ message: "What now?", choices: menuAfter(page, tested) });
    if (next === "save") return { values, tested, isProven: false };
    if (next === "stop") throw new Cancelled("Stopped. Nothing was changed.");
    if (next !== "again") values = { ...values, ...(await askFor(ask, page, next as Value, values, bad)) };
    isAsked = true;
    tested = await testValues(page, values);
  }
}

/** A complete set-up on disk: tested, and nothing is written unless the person wants something else. */
async function alreadySetUp(page: Page, decided: Decided, plan: Plan): Promise<number> {
  const { options, show, here, decides } = page;
  const proof = options.skipTest ? undefined : await proveAll(page, decided);
  const left = proof?.ok === false ? toMend(page, "doctor") : leftSteps(page, decided.choice, plan);
  const end = (headline: string, next = left) =>
    conclude(page, decided, { ok: proof?.ok !== false, headline, plan, proof, ending: { next } });
  if (proof === undefined) return end("Already set up; not tested. Nothing was written.");
  if (decides === undefined && proof.files.cause === "unauthorized")
    return end("No copy of the token works. Nothing was written.", toMend(page, "rotate"));
  const headline = headlineOf(proof, false, decided, here);
  if (decides === undefined) return end(headline);
  if (proof.ok) show.ok(headline);
  const place = isInProject(decided.choice) ? placeOf(here) : "your clients";
  const choices = menuOf(page, proof.ok, proof.files, place);
  const answer = await decides.select<Answer>({ message: "What now?", choices });
  if (answer === "done" || answer === "stop") return end(proof.ok ? "Nothing was written." : headline);
  if (answer === "remove") {
    const meant = isInProject(decided.choice) ? (["project", "local"] as const) : (["user"] as const);
    const scopes = options.said.scope === undefined ? meant : options.wished;
    const { leave } = await import("../remove/index.ts");
    return await leave({ ...page, options: { ...options, name: page.target.name } }, scopes, false);
  }
  if (answer === "again") return await alreadySetUp(page, decided, plan);
  if (answer === "another") return await addProfile(page, decides, decided);
  const refused = new Set(proof.files.cause === "unauthorized" ? [decided.values.token] : []);
  const changed = { ...decided.values, ...(await askFor(decides, page, answer as Value, decided.values, refused)) };
  return await finish(page, { ...decided, ...(await correct(page, decides, changed, refused)) });
}

/** One more connection, with the token and the account of this one. */
async function addProfile(page: Page, ask: Ask, { values, choice }: Decided): Promise<number> {
  const { options, here, target: shared, url } = page;
  const { token, account } = values;
  const { profile = "" } = await askFor(ask, page, "profile", { token, account }, new Set());
  const name = await askName(ask, page);
  const own = targetAmong(here, choice, { name, url });
  const target = { ...own, slots: { ...shared.slots, profile: own.slots.profile } };
  const added = lookAgain({ ...page, options: { ...options, name }, target });
  await checkBeforehand(added, choice);
  return await finish(added, { choice, ...(await correct(added, ask, { ...values, profile }, new Set())) });
}

/** A plan for these values, from the files as the page has them. */
type Made = { readonly values: Values; readonly plan: Plan } | undefined;

/** `tested`: undefined if nothing was. `message`: the question about the plan. */
async function finish(
  page: Page,
  decided: Decided & Pick<Copies, "tested">,
  made?: Made,
  message?: string,
): Promise<number> {
  const { tested } = decided;
  const isMade = made !== undefined && VALUES.every((which) => made.values[which] === decided.values[which]);
  const make = (now: Page) => (isMade && now === page ? made.plan : buildPlan(now, decided));
  const asking = message === undefined ? {} : { message };
  const { plan, statuses, changed } = await carry(page, decided, make, asking);
  if (page.options.dryRun) return conclude(page, decided, { ok: true, plan, tested });
  const done = changed ? "Saved" : "Nothing had to change";
  const end = async (ok: boolean, headline: string, proof?: Proof) => {
    const ending = await nextSteps(page, decided, plan, handedOver(page, decided));
    const code = conclude(page, decided, { ok, headline, plan, statuses, tested, proof, ending });
    if (ok) await offerMore(page, decided, plan, proof?.files ?? tested);
    return code;
  };
  if (tested === undefined) return end(true, `${done}, but not tested.`);
  if (!tested.ok) {
    const { detail, advice } = failureOf(tested);
    const again = `Then: ${command(connectionWords(page))}`;
    const next = ["To fix it", ...indented(page, [...advice, again])];
    const headline = `${done}, but it does not work: ${detail}`;
    return conclude(page, decided, { ok: false, headline, plan, statuses, tested, ending: { next } });
  }
  const proof = await proveAll(page, decided).catch((error: unknown) => {
    const written = "The files above are written; run the command again to test them.";
    throw error instanceof Cancelled && changed ? new Cancelled(`Cancelled during the last test. ${written}`) : error;
  });
  if (proof === undefined) return end(true, "The values work. What is left to do:");
  return end(proof.ok, headlineOf(proof, changed, decided, page.here), proof);
}
