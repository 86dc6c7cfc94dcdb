import { relative } from "node:path";
import { toSh } from "../../core/command-line.ts";
import type { Plan, RunStep, Step, StepStatus, WriteStep } from "../../core/plan/model.ts";
import { mask, printable } from "../../core/secrets.ts";
import { Cancelled, EnvironmentError, Refusal } from "../../errors.ts";
import { applyWrites } from "../../io/apply.ts";
import { isInside } from "../../io/inside.ts";
import { clearStaleLocks } from "../../io/lock.ts";
import { setMode } from "../../io/mode.ts";
import { exec } from "../../io/programs.ts";
import { readState } from "../../io/snapshot.ts";
import { assertPrivate } from "./privacy.ts";
import type { Room } from "./values.ts";

export type Statuses = ReadonlyMap<Step, StepStatus>;

const RUN_MS = 60_000;

/** A file as it is named on screen: from the root, or whole when it lies elsewhere. */
export function pathLabel(path: string, root: string): string {
  return isInside(path, root) ? relative(root, path) : path;
}

/** A step as one line: the file, the command, the title. */
export function stepLabel(step: Step, root: string): string {
  if (step.kind === "write") return pathLabel(step.path, root);
  return step.kind === "run" ? step.why : step.title;
}

/** Does this plan change anything by itself? Steps for a human do not count. */
export function changes(plan: Plan): boolean {
  return plan.steps.some(
    (step) => step.kind === "run" || (step.kind === "write" && (step.before !== step.after || step.mode !== undefined)),
  );
}

function isWrite(step: Step): step is WriteStep {
  return step.kind === "write" && !isModeOnly(step);
}

/** Only the mode of a file that another program writes: no lock of ours, whose name could be that program's too. */
function isModeOnly(step: Step): step is WriteStep & { readonly mode: number } {
  return step.kind === "write" && step.before !== undefined && step.before === step.after && step.mode !== undefined;
}

async function write(room: Room, steps: readonly WriteStep[], signal: AbortSignal): Promise<readonly StepStatus[]> {
  return await applyWrites(steps, {
    signal,
    assertPrivate: (realPath, path) => assertPrivate(room.survey, { path, realPath }, { ignored: true }),
  });
}

async function runStep(
  room: Room,
  argv: RunStep["argv"],
  stdin: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { context, survey } = room;
  const result = await exec(argv, {
    cwd: survey.root,
    env: survey.programEnv,
    ...(stdin === undefined ? {} : { stdin }),
    timeoutMs: RUN_MS,
    signal,
  });
  if (result.exitCode === 0) return;
  const said = printable(mask(result.stderr || result.stdout, context.secrets));
  const words = argv.slice(1, 3).join(" ");
  if (result.startError !== undefined)
    throw new EnvironmentError(`claude ${words} could not be started (${result.startError})`, {
      hint: "claude --version",
    });
  throw new Refusal(
    `claude ${words} failed${result.timedOut ? ": it took more than 60 seconds" : said === "" ? "" : `: ${said}`}`,
    { hint: "claude mcp list" },
    "client-failed",
  );
}

/** Takes back what was done, last first, whatever was aborted meanwhile. Out: what could not be taken back. */
async function takeBack(room: Room, done: readonly RunStep[], writes: readonly WriteStep[]): Promise<string[]> {
  const never = new AbortController().signal;
  const left: string[] = [];
  for (const step of [...done].reverse()) {
    if (step.undo === undefined) {
      left.push(step.why);
      continue;
    }
    try {
      await runStep(room, step.undo, undefined, never);
    } catch (error) {
      // the words of claude where it added nothing
      if (!/No MCP server/.test(String(error))) left.push(`${step.why}: ${toSh(["claude", ...step.undo.slice(1)])}`);
    }
  }
  const inverse = writes
    .filter((step) => step.before !== step.after)
    .reverse()
    .map((step): WriteStep => ({ kind: "write", path: step.path, before: step.after, after: step.before }));
  try {
    if (inverse.length > 0) await write(room, inverse, never);
  } catch {
    left.push(...inverse.map((step) => stepLabel(step, room.survey.root)));
  }
  return left;
}

/** A followed entry must still be the one that was agreed to: it may have changed while a question was open. */
function assertFollowed({ target, survey }: Room): void {
  if (target.mode !== "join") return;
  const before = survey.snapshot.get(survey.paths.mcp);
  const now = readState(survey.paths.mcp);
  if (before?.kind === "file" && now.kind === "file" && before.text === now.text) return;
  throw new Refusal(
    ".mcp.json changed meanwhile; nothing was written",
    { hint: "look at it, then run this again" },
    "stale",
  );
}

/**
 * Does what a plan says: the files (all or none), then the programs. When one of them fails, everything before it is
 * taken back; the error says what could not be. Steps for a human stay `planned`.
 */
export async function applyPlan(room: Room, plan: Plan): Promise<Statuses> {
  const writes = plan.steps.filter(isWrite);
  const statuses = new Map<Step, StepStatus>(plan.steps.map((step) => [step, "planned"]));
  assertFollowed(room);
  // what a killed run left behind, a staged secret above all
  await clearStaleLocks(writes.map(({ path }) => path));
  const written = await write(room, writes, room.context.signal);
  for (const [index, step] of writes.entries()) statuses.set(step, written[index] ?? "written");
  const done: RunStep[] = [];
  const modes: { readonly path: string; readonly before: number }[] = [];
  try {
    for (const step of plan.steps) {
      if (isModeOnly(step)) {
        const before = setMode(step.path, step.mode);
        if (before !== undefined) modes.push({ path: step.path, before });
        statuses.set(step, before === undefined ? "unchanged" : "written");
      }
    }
    for (const step of plan.steps) {
      if (step.kind !== "run") continue;
      // an add that fails may have added all the same
      if (step.undo !== undefined) done.push(step);
      await runStep(room, step.argv, step.stdin, room.context.signal);
      if (step.undo === undefined) done.push(step);
      statuses.set(step, "written");
    }
  } catch (error) {
    const left = await takeBack(
      room,
      done,
      writes.filter((_, index) => written[index] === "written"),
    );
    // an entry that stayed holds values: the file that has it stays closed
    if (left.length === 0) left.push(...modes.flatMap(({ path, before }) => restoreMode(path, before)));
    const after = left.length === 0 ? "Everything was put back." : `Could not be put back: ${left.join("; ")}.`;
    if (error instanceof Cancelled)
      throw new Cancelled(`Cancelled. ${left.length === 0 ? "Nothing was changed." : after}`);
    if (error instanceof Refusal) throw new Refusal(`${error.message}. ${after}`, { hint: error.hint }, error.code);
    if (error instanceof EnvironmentError)
      throw new EnvironmentError(`${error.message}. ${after}`, { hint: error.hint }, error.code);
    throw error;
  }
  return statuses;
}

/** Out: the path when its mode could not be put back. */
function restoreMode(path: string, mode: number): readonly string[] {
  try {
    setMode(path, mode);
    return [];
  } catch {
    return [`the mode of ${path}`];
  }
}
