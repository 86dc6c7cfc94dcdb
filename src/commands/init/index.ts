/** The wizard, from top to bottom: look, ask, test, plan, write, test what was written, say what to do next. */
import { basename } from "node:path";
import type { Context } from "../../context.ts";
import { claudeCode } from "../../core/clients/claude-code.ts";
import { CLIENT_IDS, type ClientId, TOLD_IDS } from "../../core/clients/ids.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import type { Diagnosis } from "../../core/diagnosis/diagnose.ts";
import { LABELS, PASTED_BREAK, VALUES } from "../../core/halo.ts";
import type { Plan } from "../../core/plan/model.ts";
import { Cancelled, Refusal, UsageError } from "../../errors.ts";
import type { RawOptions } from "../../flags.ts";
import { clearStaleLock } from "../../io/lock.ts";
import { type Ask, createAsk } from "../../ui/ask.ts";
import { createShow } from "../../ui/show.ts";
import { leave } from "../remove/index.ts";
import { changes } from "../shared/carry-out.ts";
import { choiceOf, isInProject } from "../shared/client-files.ts";
import { handedOver, offerMore } from "./afterwards.ts";
import { carry } from "./carry.ts";
import { proveClients } from "./client-proof.ts";
import { decideAmong } from "./clients.ts";
import { handSteps, nextSteps } from "./ending.ts";
import { buildPlan, checkBeforehand } from "./plan.ts";
import { commandFor } from "./repeat.ts";
import { conclude, headlineOf } from "./screens.ts";
import { canAsk, type Decided, introduce, type Page, readOptions, survey } from "./survey.ts";
import {
  agreeOnUrl,
  type ClientProof,
  type Proof,
  prove,
  showDiagnosis,
  TITLE,
  testFailed,
  testValues,
} from "./test.ts";
import { askIds, askToken, type Candidates, candidate, usable, valueSources, valuesOf } from "./values.ts";

/** The wizard. Exit code: 0 done or already set up, 1 refused or not connected. */
export async function run(context: Context, raw: RawOptions): Promise<number> {
  const given = readOptions(context, raw);
  const isAsked = await canAsk(context, given);
  // a plan that is not shown needs no question
  const quiet = given.json || (given.quiet && (!isAsked || given.yes));
  const show = createShow(context, { quiet, guide: isAsked });
  const here = await survey(context, given);
  const { choice } = here;
  const options = { ...given, choice };
  // a killed run may have left an old token in the lock of a file that this run does not write
  if (!options.dryRun) for (const path of here.snapshot.keys()) clearStaleLock(path);
  const isProject = isInProject(choice);
  // a repository does not affect what a person sets up only for themselves
  const decision = decideAmong(here, choice, options);
  if (!decision.ok) throw new Refusal(decision.reason, { hint: decision.hint });
  const { target } = decision;
  const ask = isAsked ? await createAsk(context, PASTED_BREAK) : undefined;
  const decides = options.yes ? undefined : ask;
  const start: Page = { context, options, show, here, target, url: target.url, ask, decides };
  await introduce(start);
  await checkBeforehand(start, choice);
  const page: Page = { ...start, url: await agreeOnUrl(start) };
  const candidates = usable(await valueSources(page), page);
  const found = valuesOf(candidates);
  const isJoining = target.mode === "join";
  if (found !== undefined && (isJoining || !isProject)) {
    const decided = { values: found, choice };
    const plan = await buildPlan(page, decided);
    if (choice.scopes.length + choice.places.length > 0 && !changes(plan))
      return await alreadySetUp(page, decided, plan, candidates);
  }
  const { values, tested } =
    ask !== undefined && !(options.yes && found !== undefined)
      ? await askUntilConnected(page, ask, candidates, isJoining)
      : await takeValues(page, candidates);
  const chosen = decides === undefined || options.isChosen || isJoining ? choice : await askChoice(decides, page);
  if (chosen !== choice) await checkBeforehand(page, chosen);
  const isProven = ask !== undefined && tested?.ok === true;
  return await finish(page, { values, choice: chosen, isProven }, tested);
}

/** Without questions: the best known values, tested. Throws UsageError that names all missing ones. */
async function takeValues(page: Page, candidates: Candidates) {
  const { options, target, ask } = page;
  const values = valuesOf(candidates);
  const needsYes = ask === undefined && !options.yes && !options.dryRun;
  if (values === undefined || needsYes) {
    const missing = VALUES.filter((which) => candidates[which] === undefined);
    const lines = missing.map((which) => {
      const slot = target.slots[which];
      const variable = `the variable ${"env" in slot ? slot.env : ""}`;
      return which === "token"
        ? `the product token: ${variable}, --token-stdin or --token-file <file>`
        : `the ${LABELS[which]}: --${which}-id <id> (or --studio-url <url>), or ${variable}`;
    });
    if (needsYes) lines.push("your agreement to the plan: --yes (or --dry-run to see it)");
    const message = ["values are missing, and there is no terminal to ask in:", ...lines].join("\n  - ");
    const hint = commandFor(page, options.choice, undefined, missing);
    throw new UsageError(message, { hint }, "missing-input");
  }
  const tested = await testValues(page, values);
  if (tested?.ok === false) throw testFailed(tested);
  return { values, tested };
}

/** Values that a person enters, tested, and corrected until they work or the person decides otherwise. */
async function askUntilConnected(page: Page, ask: Ask, candidates: Candidates, asTheTeam: boolean) {
  let token = await askToken(ask, page, candidates.token);
  let ids = await askIds(ask, page, candidates, asTheTeam);
  for (;;) {
    const values = { token, ...ids };
    const tested = await testValues(page, values);
    if (tested === undefined || tested.ok) return { values, tested };
    showDiagnosis(page.show, tested, TITLE);
    if (page.options.yes) throw testFailed(tested);
    const next = await ask.select({
      message: "What now?",
      choices: [
        { value: "token", label: "Enter another token" },
        { value: "ids", label: "Correct the IDs" },
        { value: "again", label: "Try again" },
        { value: "save", label: "Save anyway, untested" },
        { value: "stop", label: "Stop, write nothing" },
      ],
    });
    if (next === "token") token = await askToken(ask, page, undefined);
    if (next === "ids") {
      const [account, profile] = [ids.account, ids.profile].map((id) => candidate(id, "as entered"));
      ids = await askIds(ask, page, { account, profile }, false);
    }
    if (next === "save") return { values, tested };
    if (next === "stop") throw new Cancelled("Stopped. Nothing was changed.");
  }
}

const SCOPES = ["project", "local", "user"] as const;

/** The clients that are here, and those that need a person. The others: `--client`. */
async function askChoice(ask: Ask, { here, options: { choice } }: Page) {
  const others = CLIENTS.filter(
    ({ id, scopes }) => id !== claudeCode.id && scopes.length > 0 && here.installed.has(id),
  );
  const picked = await ask.several<string>({
    message: "What do you want to connect?",
    choices: [
      { value: "project", label: "Claude Code, for this repository", hint: ".mcp.json, for the team" },
      { value: "local", label: "Claude Code, only me, in this repository" },
      { value: "user", label: "Claude Code, only me, everywhere" },
      ...others.map(({ id, label, files, scopes }) => {
        const file = scopes.includes("project") ? files.project[0] : undefined;
        return { value: id, label, hint: file ?? "only me, everywhere" };
      }),
      { value: "claude-ai", label: "Claude.ai", hint: "steps to do by hand" },
      { value: "chatgpt", label: "ChatGPT", hint: "steps to do by hand" },
    ],
    initial: choice.scopes,
  });
  const scopes = SCOPES.filter((scope) => picked.includes(scope));
  const ids = [...CLIENT_IDS, ...TOLD_IDS].filter((id) => picked.includes(id));
  const clients = scopes.length > 0 ? [claudeCode.id as ClientId, ...ids] : ids;
  return choiceOf(clients, scopes.length > 0 ? scopes : ["project"]);
}

/** A complete set-up on disk: tested, and nothing is written unless the person wants something else. */
async function alreadySetUp(page: Page, decided: Decided, plan: Plan, candidates: Candidates): Promise<number> {
  const { options, show, here, decides } = page;
  const proof = options.skipTest ? undefined : await proveAll(page, decided);
  const end = (headline: string) =>
    conclude(page, decided, {
      ...{ ok: proof?.ok !== false, headline, plan, proof },
      ending: { next: handSteps(page, plan) },
    });
  if (proof === undefined) return end("Already set up; not tested. Nothing was written.");
  const headline = headlineOf(proof, false, decided, here);
  if (decides === undefined) return end(headline);
  if (proof.ok) show.ok(headline);
  const place = isInProject(decided.choice) ? "this repository" : "your clients";
  const next = await decides.select({
    message: "What now?",
    choices: [
      { value: "done", label: proof.ok ? "Nothing, I am done" : "Nothing, stop here" },
      { value: "change", label: "Change values" },
      { value: "remove", label: `Remove HALO from ${place}` },
    ],
  });
  if (next === "done") return end(proof.ok ? "Nothing was written." : headline);
  if (next === "remove") {
    const meant = isInProject(decided.choice) ? (["project", "local"] as const) : (["user"] as const);
    const scopes = options.said.scope === undefined ? meant : options.wished;
    return await leave({ ...page, options: { ...options, name: page.target.name } }, scopes, false);
  }
  const { values, tested } = await askUntilConnected(page, decides, candidates, false);
  return await finish(page, { ...decided, values, isProven: tested?.ok === true }, tested);
}

/** Through Claude Code, then through the other clients. */
async function proveAll(page: Page, decided: Decided): Promise<Proof | undefined> {
  const claude = await prove(page, decided);
  if (claude?.ok === false) return claude;
  const others = await proveClients(page, decided);
  const last = others.at(-1);
  if (last === undefined) return claude;
  const isDown = ({ files, client }: ClientProof): boolean =>
    !files.ok || client === "failed" || client === "needs-auth";
  return { client: "not-asked", ...claude, files: claude?.files ?? last.files, ok: !others.some(isDown), others };
}

const isChange = (path: string) => (step: Plan["steps"][number]) =>
  step.kind === "write" && step.path === path && step.before !== step.after;

async function finish(page: Page, decided: Decided, tested: Diagnosis | undefined): Promise<number> {
  const { options, target, show, here } = page;
  const make = async (now: Page): Promise<Plan> => {
    const plan = await buildPlan(now, decided);
    if (options.sharesIds && target.mode === "new" && plan.steps.some(isChange(here.paths.example)))
      show.info(
        `${basename(here.paths.example)} gets the two IDs for your team: they are no secrets (--no-share-ids leaves them out).`,
      );
    return plan;
  };
  const { plan, statuses, changed } = await carry(page, decided, make);
  if (page.options.dryRun) return conclude(page, decided, { ok: true, plan, tested });
  const done = changed ? "Saved" : "Nothing had to change";
  const end = async (ok: boolean, headline: string, proof?: Proof) => {
    const ending = await nextSteps(page, decided, plan, handedOver(page, decided));
    const code = conclude(page, decided, { ok, headline, plan, statuses, tested, proof, ending });
    if (ok) await offerMore(page, decided, plan, proof?.files ?? tested);
    return code;
  };
  if (tested === undefined) return end(true, `${done}, but not tested.`);
  if (!tested.ok) return end(false, `${done}, although the test failed: ${tested.cause ?? "unknown"}.`);
  const proof = await proveAll(page, decided).catch((error: unknown) => {
    const written = "The files above are written; run the command again to test them.";
    throw error instanceof Cancelled && changed ? new Cancelled(`Cancelled during the last test. ${written}`) : error;
  });
  if (proof === undefined) return end(true, "The values work. What is left to do:");
  return end(proof.ok, headlineOf(proof, changed, decided, page.here), proof);
}
