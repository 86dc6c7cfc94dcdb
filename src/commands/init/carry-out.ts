import { expand } from "../../core/clients/claude-code.ts";
import type { Diagnosis } from "../../core/diagnosis/diagnose.ts";
import type { Plan } from "../../core/plan/model.ts";
import { printableLines } from "../../core/secrets.ts";
import { Cancelled, Refusal } from "../../errors.ts";
import { readState } from "../../io/read.ts";
import { wrap } from "../../ui/wrap.ts";
import { carryOut as carryPlanOut, changes, type Statuses, stepLabel } from "../shared/carry-out.ts";
import { bridgeOf, buildPlan, type Choice, checkBeforehand } from "./build-plan.ts";
import { commandFor } from "./command.ts";
import { agreeOnHeaders, confirmPlan } from "./dialog.ts";
import { jsonResult, nextSteps } from "./finish.ts";
import { lookAround } from "./look-around.ts";
import { clientFailed, type Proof, proveClient, proveFiles } from "./proof.ts";
import { showPlan } from "./show-plan.ts";
import type { Room, Values } from "./values.ts";

/** What a run decided, on its way to being written. */
export interface Draft {
  readonly room: Room;
  readonly values: Values;
  readonly choice: Choice;
  readonly url: string;
  readonly plan: Plan;
  readonly tested: Diagnosis | undefined;
}

/** The test through what is on disk, and the client's own word, for every scope that was chosen. */
export async function prove(d: Draft): Promise<{ ok: boolean; proof: Proof }> {
  const { room, choice, values, url } = d;
  let proof: Proof = { files: undefined, client: "not-asked" };
  if (!choice.clients.includes("claude-code")) return { ok: true, proof };
  for (const scope of choice.scopes) {
    if (scope !== "project" && room.survey.claude === undefined) continue;
    const files = await proveFiles(
      room,
      scope,
      url,
      scope === "project" ? "Through the files as written" : `Through Claude Code's ${scope} scope`,
    );
    proof = { files, client: files.ok && files.led === null ? await proveClient(room, scope, values) : "not-asked" };
    // the first failure is what is reported
    if (!files.ok || clientFailed(proof.client)) return { ok: false, proof };
  }
  return { ok: true, proof };
}

/** The end of a run: its headline and what comes next, or the JSON document. Out: the exit code. */
export function conclude(
  d: Draft,
  ok: boolean,
  headline: string,
  parts: { statuses?: Statuses; proof?: Proof },
  next: "all" | "by-hand" | "nothing",
): number {
  const { room, plan, choice, values, url, tested } = d;
  const recreate = commandFor(room, { missing: [], decided: { values, choice, url } });
  if (room.options.json) {
    room.show.result(
      jsonResult(room, { ok, plan, statuses: parts.statuses, url, tested, proof: parts.proof, recreate }),
    );
    return ok ? 0 : 1;
  }
  const said = wrap(headline, room.show.columns).join("\n");
  const steps =
    next === "nothing" ? "" : nextSteps(room, plan, choice, recreate, next === "by-hand" ? next : undefined);
  // the name of a folder or an entry may stand in it
  room.show.result(printableLines(steps === "" ? said : `${said}\n\n${steps}`));
  return ok ? 0 : 1;
}

/** One line per file and command: what became of it. */
export function showStatuses(room: Room, plan: Plan, statuses: Statuses): void {
  const { paint } = room.show;
  const lines = plan.steps.flatMap((step) => {
    if (step.kind === "tell") return [];
    const status = statuses.get(step);
    const word =
      step.kind === "run"
        ? "done"
        : status === "written" && step.kind === "write" && step.after === undefined
          ? "removed"
          : status;
    return [`${paint.green(paint.sign.ok)} ${stepLabel(step, room.survey.root)}: ${word}`];
  });
  if (lines.length > 0) room.show.verbatim(lines);
}

/** The headline, no stronger than what was seen. */
function provenBy(proof: Proof): string {
  if (proof.files === undefined)
    return "Prepared. Claude Code is not installed here, so nothing could be proven through it.";
  if (proof.files.control === "accepted")
    return "Connected, but this server asks for no token: whether yours is right is not proven.";
  if (proof.client === "connected") return "HALO is connected: proven through the files and by Claude Code itself.";
  const rest = proof.client === "not-asked" ? "Claude Code could not be asked" : "Claude Code gave no clear answer";
  return `HALO is connected through the files as written. ${rest}.`;
}

/**
 * The same answers over the files as they are now, which another run has changed: as a draft whose plan is not made yet.
 * Throws Refusal when HALO's entry is not the one that was agreed to any more.
 */
export async function lookAgain(d: Draft): Promise<Draft> {
  const { context, options } = d.room;
  const { survey, target, project } = await lookAround(context, options);
  const room: Room = { ...d.room, survey, target };
  const env = { ...context.env, ...survey.bridge };
  const url = target.mode === "join" ? expand(target.url.trim(), env).text : target.url;
  if (url !== d.url) throw changedEntry();
  if (project) checkBeforehand(room);
  agreeOnHeaders(room, env);
  return { ...d, room };
}

function changedEntry(): Refusal {
  return new Refusal(
    ".mcp.json changed meanwhile; nothing was written",
    { hint: "look at it, then run this again" },
    "entry-changed",
  );
}

/** A followed entry must still be the one that was agreed to: it may have changed while a question was open. */
function assertFollowed({ target, survey }: Room): void {
  if (target.mode !== "join") return;
  const before = survey.snapshot.get(survey.paths.mcp);
  const now = readState(survey.paths.mcp);
  if (before?.kind !== "file" || now.kind !== "file" || before.text !== now.text) throw changedEntry();
}

/** Shows the plan, asks, writes, proves, says how to go on. */
export async function carryOut(first: Draft): Promise<number> {
  let d = first;
  const { values, tested, choice } = first;
  const { show, options, context } = first.room;
  const carried = await carryPlanOut(first.plan, {
    context,
    place: first.room.survey,
    dryRun: options.dryRun,
    show: (plan) => showPlan(d.room, plan, values),
    confirm: () => confirmPlan(d.room, "Do this?"),
    beforehand: () => assertFollowed(d.room),
    onStale: (reason) => show.warn(`${reason} Here is the new plan.`),
    replan: async () => {
      d = await lookAgain(d);
      return await buildPlan(d.room, values, choice, d.url);
    },
  });
  const { plan, statuses, changed: writes } = carried;
  d = { ...d, plan };
  const { room } = d;
  if (options.dryRun) {
    if (options.json) return conclude(d, true, "", {}, "nothing");
    show.info("Dry run: nothing was written.");
    return 0;
  }
  showStatuses(room, plan, statuses);
  const done = writes ? "Written" : changes(plan) ? "Already set up" : "Nothing to write";
  if (tested === undefined) {
    return conclude(d, true, `${done}; not tested: whether it connects is not known.`, { statuses }, "all");
  }
  if (!tested.ok)
    return conclude(d, false, `${done}, although the test failed: ${tested.cause ?? "unknown"}.`, { statuses }, "all");
  try {
    const { ok, proof } = await prove(d);
    const claudeCode = choice.clients.includes("claude-code");
    const proven = claudeCode ? provenBy(proof) : "The values work. The rest is done by hand:";
    return conclude(d, ok, ok ? proven : "Written, but the proof failed: see above.", { statuses, proof }, "all");
  } catch (error) {
    if (error instanceof Cancelled)
      throw new Cancelled(
        writes
          ? "Cancelled during the last test. The files above are written; run the command again to test them."
          : undefined,
      );
    throw error;
  } finally {
    if (bridgeOf(room) === "none" && choice.scopes.includes("project"))
      show.warn("No bridge was made: Claude Code gets the values only from exported variables; it does not read .env.");
  }
}
