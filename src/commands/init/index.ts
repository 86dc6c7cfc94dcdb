import { expand } from "../../core/clients/claude-code.ts";
import type { Diagnosis } from "../../core/diagnosis.ts";
import { DEFAULT_NAME, HALO_URL, PASTED_BREAK } from "../../core/halo.ts";
import type { Plan } from "../../core/model.ts";
import { printable, redact } from "../../core/redact.ts";
import { decideTarget } from "../../core/target.ts";
import type { Context } from "../../context.ts";
import { Cancelled, EnvironmentError, Refusal } from "../../errors.ts";
import type { RawOptions } from "../../flags.ts";
import { clearStaleLocks } from "../../io/lock.ts";
import { createAsk } from "../../ui/ask.ts";
import { createShow } from "../../ui/show.ts";
import { applyPlan, changes, stepLabel } from "./apply-plan.ts";
import { bridgeOf, buildPlan, buildRemoval, type Choice, checkBeforehand } from "./build-plan.ts";
import { canAsk } from "./can-ask.ts";
import { agreeOnUrl, askUntilConnected, chooseClients, confirmPlan, refuseMissing, testFailed } from "./dialog.ts";
import { jsonResult, nextSteps, recreateCommand } from "./finish.ts";
import { readOptions } from "./options.ts";
import { clientFailed, type Proof, proveClient, proveFiles } from "./proof.ts";
import { showPlan } from "./show-plan.ts";
import { showDiagnosis, sentBy, testConnection } from "./test.ts";
import { survey as look } from "./survey.ts";
import { type Candidates, findCandidates, type Room, takeValues, type Values } from "./values.ts";

/** What a run decided, on its way to being written. */
interface Draft {
  readonly room: Room;
  readonly values: Values;
  readonly choice: Choice;
  readonly url: string;
  readonly plan: Plan;
  readonly tested: Diagnosis | undefined;
}

function introduce(room: Room): void {
  const { show, survey, target, context } = room;
  show.title(`create-halo-mcp ${context.version}: connect HALO to your AI clients`);
  const place = survey.git === undefined && !survey.gitMissing ? "no git repository" : "git repository";
  const found: string[] = [];
  for (const scope of ["project", "local", "user"] as const) {
    for (const entry of survey.entries[scope]) {
      const where = scope === "project" ? ".mcp.json" : `Claude Code, ${scope} scope`;
      found.push(`${where}: "${printable(entry.name, 64)}"${entry.broken === undefined ? "" : ` (${entry.broken})`}`);
    }
  }
  if (survey.snapshot.get(survey.paths.env)?.kind === "file") found.push(`${stepLabel({ kind: "write", path: survey.paths.env, before: "", after: "" }, survey.root)} is there`);
  found.push(survey.claude === undefined ? "Claude Code is not installed here" : `Claude Code ${survey.claude.version}`);
  show.info(`Working in ${printable(survey.root, 200)} (${place}${survey.startedIn === undefined ? "" : ", its root"})`, found);
  if (target.mode === "join") show.info(`This repository already refers to HALO, as "${printable(target.name, 64)}". No committed file will change.`);
  if (target.repairs !== undefined) show.warn(`The entry "${printable(target.name, 64)}" in .mcp.json will be replaced: ${target.repairs}.`);
  if (target.entry?.values.token !== undefined && "literal" in target.entry.values.token && target.repairs?.includes("token") === true) {
    show.warn("It may hold a token in clear. If this file was ever committed or shared, delete that token in HALO Studio > Settings > Product Tokens.");
  }
}

/** Everything up to the plan: survey, target, values, connection test, choice. */
async function draft(context: Context, raw: RawOptions): Promise<{ draft: Draft; already: boolean }> {
  const options = readOptions(context, raw);
  const interactive = await canAsk(context, options);
  const show = createShow(context, { redact: (text) => redact(text, context.secrets), quiet: options.quiet || options.json, guide: interactive });
  const survey = await look(context, options);
  for (const text of [...survey.dotenv, ...Object.entries(survey.bridge)]) if (/TOKEN|SECRET|KEY/i.test(text[0]) && text[1].length >= 8) context.secrets.add(text[1]);
  const decision = decideTarget(survey.entries.project, { name: options.name, url: options.url, defaultName: DEFAULT_NAME, defaultUrl: HALO_URL });
  if (!decision.ok) throw new Refusal(decision.reason, { hint: decision.hint });
  const { target } = decision;
  const ask = interactive ? await createAsk(context, PASTED_BREAK) : undefined;
  const room: Room = { context, options, show, survey, target, ask };
  introduce(room);
  if (survey.gitMissing) throw new EnvironmentError("this is a git repository, but there is no git program to ask what it ignores", { hint: "install git, then run this again" });
  const project = (options.clients ?? ["claude-code"]).includes("claude-code") && (options.scopes ?? ["project"]).includes("project");
  if (project) checkBeforehand(room);
  // what a killed run left behind, a staged secret above all
  if (project && !options.dryRun) await clearStaleLocks(Object.values(survey.paths).filter((path) => path !== undefined));
  const env = { ...context.env, ...survey.bridge };
  const url = await agreeOnUrl(room, target, target.mode === "join" ? expand(target.url.trim(), env).text : target.url);

  const candidates = await findCandidates(room);
  const settled = target.mode === "join" || !project ? firstOf(candidates) : undefined;
  if (settled !== undefined) {
    const choice: Choice = { clients: options.clients ?? ["claude-code"], scopes: options.scopes ?? ["project"] };
    const plan = await buildPlan(room, settled, choice, url);
    if (choice.clients.includes("claude-code") && !changes(plan) && (project || survey.claude !== undefined)) return { draft: { room, values: settled, choice, url, plan, tested: undefined }, already: true };
  }
  return { draft: await complete(room, candidates, env, url), already: false };
}

async function complete(room: Room, candidates: Candidates, env: Readonly<Record<string, string | undefined>>, url: string): Promise<Draft> {
  const { options, target, ask } = room;
  let values: Values;
  let tested: Diagnosis | undefined;
  const all = firstOf(candidates);
  if (ask !== undefined && !(options.yes && all !== undefined)) {
    ({ values, tested } = await askUntilConnected(room, ask, candidates, env));
  } else {
    const unasked = ask === undefined && !options.yes && !options.dryRun ? ["your yes to the plan: --yes (or --dry-run to see it)"] : [];
    values = takeValues(room, candidates, unasked);
    const sent = sentBy(target, values, env);
    refuseMissing(sent);
    if (!options.skipTest) {
      tested = await testConnection(room, sent, "Connection test");
      if (!tested.ok) throw testFailed(tested);
      showDiagnosis(room, tested, "Connection test");
    }
  }
  const choice = await chooseClients(room);
  return { room, values, choice, url, plan: await buildPlan(room, values, choice, url), tested };
}

function firstOf(candidates: Candidates): Values | undefined {
  const [token, account, profile] = [candidates.token[0], candidates.account[0], candidates.profile[0]];
  if (token === undefined || account === undefined || profile === undefined) return undefined;
  return { token: token.value, account: account.value, profile: profile.value };
}

/** The test through what is on disk, and the client's own word, for every scope that was chosen. */
async function prove(d: Draft): Promise<{ ok: boolean; proof: Proof }> {
  const { room, choice, values, url } = d;
  let files: Diagnosis | undefined;
  let client: Proof["client"] = "not-asked";
  let ok = true;
  if (!choice.clients.includes("claude-code")) return { ok, proof: { files, client } };
  for (const scope of choice.scopes) {
    if (scope !== "project" && room.survey.claude === undefined) continue;
    files = await proveFiles(room, scope, url, scope === "project" ? "Through the files as written" : `Through Claude Code's ${scope} scope`);
    ok &&= files.ok;
    if (!files.ok) continue;
    client = await proveClient(room, scope, values);
    ok &&= !clientFailed(client);
  }
  return { ok, proof: { files, client } };
}

function say(d: Draft, ok: boolean, headline: string, parts: { statuses?: Awaited<ReturnType<typeof applyPlan>>; proof?: Proof }, next: boolean): number {
  const { room, plan, choice, values, url, tested } = d;
  const recreate = recreateCommand(room, values, choice);
  if (room.options.json) room.show.result(jsonResult(room, { ok, plan, statuses: parts.statuses, url, tested, proof: parts.proof, recreate }));
  else room.show.result(next ? `${headline}\n\n${nextSteps(room, plan, choice, recreate)}` : headline);
  return ok ? 0 : 1;
}

/** A set-up that is complete on disk: proven, and nothing written unless the person wants something else. */
async function alreadySetUp(d: Draft): Promise<number> {
  const { room } = d;
  const { ask, options, context, survey } = room;
  for (;;) {
    if (options.skipTest) return say(d, true, "Already set up; not tested. Nothing was written.", {}, false);
    const { ok, proof } = await prove(d);
    const headline = ok ? "Already set up and working. Nothing was written." : "Already set up, but not working: see above. Nothing was written.";
    if (ask === undefined || options.yes) return say(d, ok, headline, { proof }, false);
    if (ok) room.show.ok(headline);
    const next = await ask.select({
      message: "What now?",
      choices: [
        { value: "done", label: ok ? "Nothing, I am done" : "Nothing, stop here" },
        { value: "again", label: "Test again" },
        { value: "change", label: "Change values" },
        { value: "remove", label: d.choice.scopes.includes("project") ? "Remove HALO from this repository" : "Remove HALO from Claude Code" },
      ],
    });
    if (next === "done") return say(d, ok, headline, { proof }, false);
    if (next === "change") {
      const kept = await findCandidates(room);
      const reopen = (which: "account" | "profile") => kept[which].map((candidate) => ({ ...candidate, given: room.target.mode === "join" && "fixed" in room.target.slots[which] }));
      const open: Room = { ...room, target: room.target };
      const { values, tested } = await askUntilConnected(open, ask, { token: kept.token, account: reopen("account"), profile: reopen("profile") }, { ...context.env, ...survey.bridge });
      return await carryOut({ ...d, values, tested, plan: await buildPlan(room, values, d.choice, d.url) });
    }
    if (next === "remove") return await remove(d);
  }
}

async function remove(d: Draft): Promise<number> {
  const { room } = d;
  const plan = await buildRemoval(room, d.choice);
  showPlan(room, plan, d.values);
  await confirmPlan(room, "Remove this?");
  const statuses = await applyPlan(room, plan);
  showStatuses(room, plan, statuses);
  return say({ ...d, plan }, true, "HALO was taken out. The token still works: delete it in HALO Studio > Settings > Product Tokens.", { statuses }, false);
}

function showStatuses(room: Room, plan: Plan, statuses: Awaited<ReturnType<typeof applyPlan>>): void {
  const { paint } = room.show;
  const lines = plan.steps.flatMap((step) => {
    if (step.kind === "tell") return [];
    const status = statuses.get(step);
    const word = step.kind === "run" ? "done" : status === "written" && step.kind === "write" && step.after === undefined ? "removed" : status;
    return [`${paint.green(paint.sign.ok)} ${stepLabel(step, room.survey.root)}: ${word}`];
  });
  if (lines.length > 0) room.show.verbatim(lines);
}

/** The headline, no stronger than what was seen. */
function provenBy(proof: Proof): string {
  if (proof.files === undefined) return "Prepared. Claude Code is not installed here, so nothing could be proven through it.";
  if (proof.client === "connected") return "HALO is connected: proven through the files and by Claude Code itself.";
  const rest = proof.client === "not-asked" ? "Claude Code is not installed here and could not be asked" : "Claude Code gave no clear answer";
  return `HALO is connected through the files as written. ${rest}.`;
}

/** Shows the plan, asks, writes, proves, says how to go on. */
async function carryOut(d: Draft): Promise<number> {
  const { room, plan, values, tested, choice } = d;
  const { show, options } = room;
  showPlan(room, plan, values);
  if (options.dryRun) return say(d, true, "Dry run: nothing was written.", {}, false);
  const writes = changes(plan);
  if (writes) await confirmPlan(room, "Do this?");
  const statuses = await applyPlan(room, plan);
  showStatuses(room, plan, statuses);
  const untested = options.skipTest || tested?.ok !== true;
  if (untested && choice.clients.includes("claude-code")) return say(d, options.skipTest, "Written, but not tested: whether it connects is not known.", { statuses }, true);
  try {
    const { ok, proof } = await prove(d);
    const claudeCode = choice.clients.includes("claude-code");
    const proven = claudeCode ? provenBy(proof) : "The values work. The rest is done by hand:";
    return say(d, ok, ok ? proven : "Written, but the proof failed: see above.", { statuses, proof }, true);
  } catch (error) {
    if (error instanceof Cancelled) throw new Cancelled(writes ? "Cancelled during the last test. The files above are written; run the command again to test them." : undefined);
    throw error;
  } finally {
    if (bridgeOf(room) === "none" && choice.scopes.includes("project")) show.warn("No bridge was made: Claude Code gets the values only from exported variables; it does not read .env.");
  }
}

/** The wizard. Exit code: 0 done or already set up, 1 refused or not connected. */
export async function run(context: Context, raw: RawOptions): Promise<number> {
  const { draft: d, already } = await draft(context, raw);
  return already ? await alreadySetUp(d) : await carryOut(d);
}

