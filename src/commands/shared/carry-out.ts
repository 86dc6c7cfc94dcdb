/** Carries a plan out: show it, ask, write the files, run the programs, undo everything if one of them fails. */
import { basename, relative } from "node:path";
import type { Context } from "../../context.ts";
import { toSh } from "../../core/command-line.ts";
import type { Plan, RunStep, Step, StepStatus } from "../../core/plan/model.ts";
import { mask, printable } from "../../core/secrets.ts";
import { EnvironmentError, Refusal } from "../../errors.ts";
import { isAsBefore } from "../../io/claude.ts";
import { exec } from "../../io/programs.ts";
import { isInside, readState } from "../../io/read.ts";
import { applyWrites, type Undo } from "../../io/write.ts";
import { type Asked, assertPrivate } from "./privacy.ts";

export interface CarryOut {
  readonly context: Context;
  readonly place: Asked;
  readonly dryRun: boolean;
  readonly show: (plan: Plan) => void;
  /** Asks whether to continue. Throws Cancelled for a no. Not called for a plan that changes nothing. */
  readonly confirm?: ((plan: Plan) => Promise<void>) | undefined;
  /** A file changed after the plan was made (`reason`): makes a new plan from the current files. */
  readonly replan: (reason: string) => Promise<Plan>;
}

/** A path relative to the root, or absolute if it is elsewhere. */
export const labelOf = (path: string, root: string): string => (isInside(path, root) ? relative(root, path) : path);

/** A command as a person types it. */
export const named = ([program, ...args]: RunStep["argv"]) => [basename(program, ".exe"), ...args];

/** The name of a step on screen. */
export function stepLabel(step: Step, root: string): string {
  if (step.kind === "write") return labelOf(step.path, root);
  return step.kind === "run" ? step.why : step.title;
}

/** How often a plan is made while other runs write the same files. */
const MOST_PLANS = 3;
const RUN_MS = 60_000;

/** Whether a plan changes anything by itself: steps for a human do not count. */
export function changes({ steps }: Plan): boolean {
  return steps.some((step) => step.kind === "run" || (step.kind === "write" && step.before !== step.after));
}

/** Shows the plan, asks, and applies it: all or nothing. Out: the plan that was applied, which may be a new one. */
export async function carryOut(first: Plan, how: CarryOut) {
  let plan = first;
  for (let plans = 1; ; plans += 1) {
    how.show(plan);
    const statuses = new Map<Step, StepStatus>(plan.steps.map((step) => [step, "planned"]));
    if (how.dryRun) return { plan, statuses, changed: false };
    if (changes(plan)) await how.confirm?.(plan);
    try {
      await apply(plan, statuses, how);
      return { plan, statuses, changed: [...statuses.values()].includes("written") };
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== "stale" || plans === MOST_PLANS) throw error;
      plan = await how.replan(error.message);
    }
  }
}

async function apply({ steps }: Plan, statuses: Map<Step, StepStatus>, { context, place }: CarryOut): Promise<void> {
  const writes = steps.filter((step) => step.kind === "write");
  const running = (some: readonly Step[]) => async (onDone: (what: string, undo: Undo) => void) => {
    for (const step of some.filter((each) => each.kind === "run")) {
      const { undo, undoStdin, why } = step;
      // a change that fails may still have been made
      if (undo !== undefined) onDone(why, () => takeBack(undo, undoStdin, place));
      await run(step, context, place);
      if (undo === undefined) onDone(why, () => "");
      statuses.set(step, "written");
    }
  };
  const asked = new Set<string>();
  const first = writes[0] === undefined ? 0 : steps.indexOf(writes[0]);
  const written = await applyWrites(writes, {
    signal: context.signal,
    // one question for the secrets that are written one after another
    assertPrivate: async (realPath, path) => {
      if (asked.has(realPath)) return;
      const rest = writes.slice(writes.findIndex((step) => step.path === path));
      const end = rest.findIndex(({ secret }) => secret !== true);
      const all = (end < 0 ? rest : rest.slice(0, end))
        .filter(({ path: at, before, after }) => at === path || (after !== undefined && after !== before))
        .map((step) => ({ path: step.path, realPath: step.path === path ? realPath : readState(step.path).realPath }));
      await assertPrivate(place, ...all.map((each) => ({ ...each, ignored: true })));
      for (const each of all) asked.add(each.realPath);
    },
    beforehand: running(steps.slice(0, first)),
    afterwards: running(steps.slice(first)),
  });
  for (const [index, step] of writes.entries()) statuses.set(step, written[index] ?? "written");
}

const start = (argv: RunStep["argv"], stdin: string, { root: cwd, programEnv: env }: Asked, signal: AbortSignal) =>
  exec(argv, { cwd, env, stdin, timeoutMs: RUN_MS, signal });

async function run({ argv, stdin = "" }: RunStep, { signal, secrets }: Context, place: Asked): Promise<void> {
  const result = await start(argv, stdin, place, signal);
  if (result.exitCode === 0) return;
  const words = named(argv).slice(0, 3).join(" ");
  if (result.startError !== undefined)
    throw new EnvironmentError(`${words} could not be started (${result.startError})`, {
      hint: `${named(argv)[0]} --version`,
    });
  const { timedOut, stderr, stdout } = result;
  const why = timedOut ? "it took more than 60 seconds" : printable(mask(stderr || stdout, secrets));
  const hint = words.startsWith("claude") ? "claude mcp list" : "unlock that store, then run this again";
  throw new Refusal(`${words} failed${why && `: ${why}`}`, { hint }, "client-failed");
}

/** Runs even after an abort. Out: what to type if it fails. */
async function takeBack(argv: RunStep["argv"], stdin = "", place: Asked): Promise<string | undefined> {
  const result = await start(argv, stdin, place, new AbortController().signal);
  return result.exitCode === 0 || isAsBefore(result) ? undefined : toSh(named(argv));
}
