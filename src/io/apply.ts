/**
 * Applies the write steps of a plan: all of them, or none. See lock.ts for the protocol.
 */

import { mkdirSync, rmdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import type { StepStatus, WriteStep } from "../core/plan/model.ts";
import { Cancelled, EnvironmentError, Refusal } from "../errors.ts";
import { errnoOf } from "./errno.ts";
import { explain, type Loss, withOutcome } from "./failure.ts";
import { acquireLock, type Lock, releaseLock } from "./lock.ts";
import { type Change, changeMode, deleteFile, type Known, replaceFile, syncFolder, type Undo } from "./replace.ts";
import { inspect } from "./snapshot.ts";

export interface ApplyOptions {
  readonly signal: AbortSignal;
  /** Called for a step with `secret` right before its content is written anywhere, after all earlier steps are in place: throws a Refusal when git would take the file. */
  readonly assertPrivate: (realPath: string, path: string) => void | Promise<void>;
  readonly lockTimeoutMs?: number;
  readonly onWritten?: (step: WriteStep, status: StepStatus) => void;
}

interface Job {
  readonly step: WriteStep;
  readonly realPath: string;
  /** It changes the file, so its lock is needed. A plan that changes nothing also works where nothing can be written. */
  readonly changes: boolean;
}

interface Placed {
  readonly path: string;
  readonly undo: Undo;
}

/**
 * Writes in the order given. Either every step is in place when this returns, or it throws and what was written is put back:
 * Refusal "stale" (a file is not what the plan was made from), "conflict" (two steps, one file), "unreadable", or what
 * `assertPrivate` throws; EnvironmentError for what the system refuses; Cancelled when the signal fires. The message names
 * every file that could not be put back.
 */
export async function applyWrites(steps: readonly WriteStep[], options: ApplyOptions): Promise<readonly StepStatus[]> {
  const locks = new Map<string, Lock>();
  const folders: string[] = [];
  const placed: Placed[] = [];
  let at = "";
  try {
    if (options.signal.aborted) throw new Cancelled();
    const jobs = check(steps);
    // Always in the same order, so that two runs never wait for each other.
    for (const realPath of [...new Set(jobs.filter((job) => job.changes).map((job) => job.realPath))].sort()) {
      at = jobs.find((job) => job.realPath === realPath)?.step.path ?? realPath;
      locks.set(realPath, await acquireLock(realPath, lockOptions(realPath, folders, options)));
    }
    const locked = check(steps);
    const moved = locked.find((job, index) => job.realPath !== jobs[index]?.realPath);
    if (moved !== undefined) throw stale(moved.step.path);
    const statuses: StepStatus[] = [];
    for (const job of locked) {
      at = job.step.path;
      // Lets a signal through: everything else here is synchronous.
      await turn();
      if (options.signal.aborted) throw new Cancelled();
      const status = await perform(job, locks.get(job.realPath), options, (undo) =>
        placed.push({ path: job.step.path, undo }),
      );
      statuses.push(status);
      options.onWritten?.(job.step, status);
    }
    releaseAll(locks);
    return statuses;
  } catch (error) {
    const outcome = rollBack(placed);
    releaseAll(locks);
    removeFolders(folders);
    throw withOutcome(explain(error, at), outcome);
  }
}

/** Compares every file with what the plan was made from. Two paths that lead to one file count as one, step after step. */
function check(steps: readonly WriteStep[]): readonly Job[] {
  const contents = new Map<string, string | undefined>();
  return steps.map((step) => {
    const entry = readKnown(step.path);
    const { realPath } = entry;
    const onDisk = entry.kind === "file" ? entry.text : undefined;
    if (!contents.has(realPath)) {
      if (onDisk !== step.before) throw stale(step.path);
    } else if (contents.get(realPath) !== step.before && contents.get(realPath) !== step.after) {
      throw new Refusal(
        `${step.path} is the same file as another one of the plan (${realPath}), and each would write something else.`,
        { hint: "Give them files of their own: remove the symbolic link." },
        "conflict",
      );
    }
    contents.set(realPath, step.after);
    return { step, realPath, changes: step.before !== step.after || needsMode(entry, step.mode) };
  });
}

async function perform(
  job: Job,
  lock: Lock | undefined,
  options: ApplyOptions,
  onPlaced: (undo: Undo) => void,
): Promise<StepStatus> {
  const { step } = job;
  const content = (): { entry: Known; text: string | undefined } => {
    const entry = readKnown(step.path);
    if (entry.realPath !== job.realPath) throw stale(step.path);
    return { entry, text: entry.kind === "file" ? entry.text : undefined };
  };
  let { entry, text } = content();
  if (text === step.after && (lock === undefined || !needsMode(entry, step.mode))) return "unchanged";
  if (lock === undefined || (text !== step.before && text !== step.after)) throw stale(step.path);
  if (text !== step.after && step.after !== undefined && step.secret === true) {
    await options.assertPrivate(job.realPath, step.path);
    if (options.signal.aborted) throw new Cancelled();
    // The question may have taken its time: an editor does not know our lock.
    ({ entry, text } = content());
    if (text !== step.before) throw stale(step.path);
  }
  const change: Change = { lock, entry, mode: step.mode, secret: step.secret === true, onPlaced };
  if (step.after === undefined) deleteFile(change);
  // The mode of a hard-linked file is that of its other names too: written anew, like any other change of it.
  else if (text === step.after && entry.kind === "file" && entry.stat.nlink === 1)
    changeMode(change, entry.mode, step.mode ?? entry.mode);
  else replaceFile(change, step.after);
  return "written";
}

function needsMode(entry: Known, mode: number | undefined): boolean {
  // Windows has no such bits.
  return mode !== undefined && entry.kind === "file" && entry.mode !== mode && process.platform !== "win32";
}

function readKnown(path: string): Known {
  const entry = inspect(resolve(path));
  if (entry.kind !== "unreadable") return entry;
  const message = `${path} cannot be used: ${entry.reason}.`;
  if (["NOTFILE", "NOTUTF8", "TOOLARGE"].includes(entry.code)) {
    throw new Refusal(message, { hint: "Move it away or repair it, then run it again." }, "unreadable");
  }
  throw new EnvironmentError(message, { hint: "Check its permissions and its path, then run it again." }, "unreadable");
}

function stale(path: string): Refusal {
  return new Refusal(
    `${path} changed while the plan was made.`,
    { hint: "Run it again: the plan is then made from the file as it is now." },
    "stale",
  );
}

function lockOptions(realPath: string, folders: string[], options: ApplyOptions): Parameters<typeof acquireLock>[1] {
  return {
    signal: options.signal,
    ...(options.lockTimeoutMs === undefined ? {} : { timeoutMs: options.lockTimeoutMs }),
    makeParents: () => makeFolders(dirname(realPath), folders),
  };
}

/** One by one, so that a rollback removes exactly those that were not there. */
function makeFolders(folder: string, made: string[], tries = 20): void {
  try {
    mkdirSync(folder, { mode: 0o755 });
    made.push(folder);
    syncFolder(dirname(folder));
  } catch (error) {
    const code = errnoOf(error);
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || dirname(folder) === folder || tries === 0) throw error;
    makeFolders(dirname(folder), made);
    makeFolders(folder, made, tries - 1);
  }
}

function rollBack(placed: readonly Placed[]): { restored: readonly string[]; lost: readonly Loss[] } {
  const restored: string[] = [];
  const lost: Loss[] = [];
  for (const { path, undo } of [...placed].reverse()) {
    const reason = undo();
    if (reason === undefined) restored.push(path);
    else lost.push({ path, reason });
  }
  return { restored, lost };
}

function releaseAll(locks: ReadonlyMap<string, Lock>): void {
  for (const lock of locks.values()) releaseLock(lock);
}

function removeFolders(folders: readonly string[]): void {
  for (const folder of [...folders].reverse()) {
    try {
      rmdirSync(folder);
    } catch (error) {
      // Somebody else uses it by now.
      if (errnoOf(error) === undefined) throw error;
    }
  }
}
