/**
 * The only writer of files: all steps of a plan, or none. New content is staged in the lock of its file (lock.ts), synced, and
 * renamed into place; the old file is kept in the lock until everything is done.
 *
 * A hard link is broken, as in git and most editors: writing into the file would not be atomic,
 * and could write a secret into a tracked file with another name.
 */
import * as fs from "node:fs";
import { dirname } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import type { StepStatus, WriteStep } from "../core/plan/model.ts";
import { Cancelled, EnvironmentError, Refusal } from "../errors.ts";
import { acquireLock, clearStaleLock, type Lock, quietly, releaseLock } from "./lock.ts";
import { type Entry, errnoOf, foldersFrom, readState, resolveTarget, wordsOf } from "./read.ts";

/** Undoes one change. Returns why it could not, or undefined. */
export type Undo = () => string | undefined | Promise<string | undefined>;

type Around = (onDone: (what: string, undo: Undo) => void) => Promise<void>;

export interface WriteOptions {
  readonly signal: AbortSignal;
  /** Called for a step with `secret` right before its content is written anywhere, after all earlier steps are in place: throws a Refusal when git would take the file. */
  readonly assertPrivate: (realPath: string, path: string) => Promise<void> | void;
  /** Runs before the first file is written, or after every file is in place. If it throws, everything is undone. */
  readonly beforehand?: Around;
  readonly afterwards?: Around;
}

type Known = Exclude<Entry, { kind: "unreadable" }>;

const MEND = "Fix that, then run it again.";

interface Done {
  readonly what: string;
  readonly undo: Undo;
  /** Somebody continued to write into the replaced file. */
  readonly isStale?: () => boolean;
}

/**
 * Writes in the given order. Either every step is in place when this returns, or all changes are undone and it throws: Refusal "stale" (a file has
 * neither the content before nor after the plan) or "unreadable", what `assertPrivate` and `afterwards` throw, EnvironmentError, Cancelled.
 */
export async function applyWrites(steps: readonly WriteStep[], options: WriteOptions): Promise<readonly StepStatus[]> {
  const { signal } = options;
  const locks = new Map<string, Lock>();
  /** The folders that were missing, each after the one above it. */
  const made: string[] = [];
  const done: Done[] = [];
  let at = "";
  try {
    // the rest of a killed run, such as a staged secret
    for (const { path } of steps) clearStaleLock(path);
    const targets = new Map<string, string>();
    for (const { path, before, after } of steps) {
      at = path;
      if (before !== after) targets.set(resolveTarget(path), path);
    }
    // always in the same order, so that two runs never wait for each other
    for (const [target, path] of [...targets].sort(([a], [b]) => (a < b ? -1 : 1))) {
      at = path;
      const folders = foldersFrom(dirname(target)).filter((folder) => !fs.existsSync(folder));
      fs.mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
      made.push(...folders.reverse());
      locks.set(target, await acquireLock(target, signal));
    }
    // check every file before the first is written
    for (const { path, before, after } of steps)
      if (![before, after].includes(textOf(readKnown(path)))) throw stale(path);
    const onDone = (what: string, undo: Undo): unknown => done.push({ what, undo });
    await options.beforehand?.(onDone);
    const statuses: StepStatus[] = [];
    for (const step of steps) {
      at = step.path;
      // lets a signal arrive: almost everything else here is synchronous
      await turn();
      if (signal.aborted) throw new Cancelled();
      statuses.push((await perform(step, locks, options, done)) ? "written" : "unchanged");
    }
    await options.afterwards?.(onDone);
    const late = done.find(({ isStale }) => isStale?.());
    if (late !== undefined) throw stale(late.what);
    return statuses;
  } catch (error) {
    const lost = await putBack(done);
    const restored = done.length > 0 ? "Everything was restored." : "Nothing was changed.";
    throw inWords(error, at, lost.length > 0 ? `Could not be restored: ${lost.join("; ")}.` : restored);
  } finally {
    for (const lock of locks.values()) releaseLock(lock);
    // those in which nothing was written
    for (const folder of made.reverse()) quietly(() => fs.rmdirSync(folder));
  }
}

async function perform(step: WriteStep, locks: ReadonlyMap<string, Lock>, options: WriteOptions, done: Done[]) {
  const entry = readKnown(step.path);
  if (textOf(entry) === step.after) return false;
  const lock = locks.get(entry.realPath);
  if (lock === undefined || textOf(entry) !== step.before) throw stale(step.path);
  if (step.secret === true && step.after !== undefined) await options.assertPrivate(entry.realPath, step.path);
  if (step.after !== undefined) stage(lock.fresh, step.after, step, entry);
  if (entry.kind === "file") {
    // a rename would also replace a file that its owner made read-only
    fs.accessSync(lock.target, fs.constants.W_OK);
    // a second name for the old file: restoring it needs no space, and restores the same inode. FAT has no hard links,
    // and Linux protects those of other users (fs.protected_hardlinks)
    const isLinked = step.after === undefined || quietly(() => fs.linkSync(lock.target, lock.kept));
    if (!isLinked) fs.copyFileSync(lock.target, lock.kept);
  }
  // an editor does not know our lock: compare again, right before the rename
  const now = readKnown(step.path);
  const isSame = textOf(now) === textOf(entry) && inodeOf(now) === inodeOf(entry);
  if (now.realPath !== lock.target || !isSame || !fs.existsSync(lock.owner)) throw stale(step.path);
  place(lock, step, entry);
  done.push({
    what: step.path,
    undo: () => takeBack(lock, step, entry),
    isStale: () => entry.kind === "file" && textOf(readState(lock.kept)) !== entry.text,
  });
  return true;
}

/** A file keeps its mode; a new one gets the mode of the umask, 0600 with a secret, or that of the step. */
function stage(path: string, text: string, step: WriteStep, entry: Known): void {
  const kept = entry.kind === "file" ? entry.mode & (step.closes ? 0o700 : 0o7777) : undefined;
  const mode = kept ?? (step.secret ? 0o600 : step.mode);
  fs.writeFileSync(path, text, { flag: "wx", mode: mode === undefined ? 0o666 : 0o600, flush: true });
  // only root may change the owner; before chmod, because it clears mode bits
  if (entry.kind === "file") quietly(() => fs.chownSync(path, entry.stat.uid, entry.stat.gid));
  if (mode !== undefined) fs.chmodSync(path, mode);
}

function place({ fresh, target, kept }: Lock, { path, after }: WriteStep, entry: Known): void {
  try {
    // an editor may have put a new file here while the content was compared
    if (entry.kind === "file" && fs.statSync(target).ino !== entry.stat.ino) throw stale(path);
    if (after === undefined) renamePatiently(target, kept);
    else if (entry.kind === "file") renamePatiently(fresh, target);
    // unlike a rename, neither replaces a file that exists by now
    else if (!quietly(() => fs.linkSync(fresh, target))) fs.copyFileSync(fresh, target, fs.constants.COPYFILE_EXCL);
  } catch (error) {
    // the lock was broken and our files removed, or somebody created the file just now
    if (["ENOENT", "EEXIST"].includes(errnoOf(error) ?? "")) throw stale(path);
    throw error;
  }
}

/** Windows refuses a rename while a virus scanner or an indexer briefly has the file open. */
function renamePatiently(from: string, to: string, tries = 20): void {
  try {
    fs.renameSync(from, to);
  } catch (error) {
    const isPassing = ["EPERM", "EACCES", "EBUSY"].includes(errnoOf(error) ?? "");
    if (process.platform !== "win32" || !isPassing || tries === 0) throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25);
    renamePatiently(from, to, tries - 1);
  }
}

function takeBack(lock: Lock, step: WriteStep, entry: Known): string | undefined {
  if (textOf(readState(lock.target)) !== step.after) return "it was changed again meanwhile";
  if (entry.kind === "absent") fs.unlinkSync(lock.target);
  else renamePatiently(lock.kept, lock.target);
  return undefined;
}

const textOf = (entry: Entry): string | undefined => (entry.kind === "file" ? entry.text : undefined);
const inodeOf = (entry: Entry): string => (entry.kind === "file" ? `${entry.stat.dev} ${entry.stat.ino}` : "");

function readKnown(path: string): Known {
  const entry = readState(path);
  if (entry.kind !== "unreadable") return entry;
  const message = `${path} cannot be used: ${entry.reason}.`;
  if (!["NOTFILE", "NOTUTF8", "TOOLARGE"].includes(entry.code))
    throw new EnvironmentError(message, { hint: MEND }, "unreadable");
  throw new Refusal(message, { hint: "Move it away or repair it, then run it again." }, "unreadable");
}

function stale(path: string): Refusal {
  const hint = "Run it again: the plan is then made from the file as it is now.";
  return new Refusal(`${path} changed while the plan was made.`, { hint }, "stale");
}

/** Undoes everything, last first, even after an abort. Out: what could not be undone, with the reason or what to type. */
async function putBack(done: readonly Done[]): Promise<readonly string[]> {
  const lost: string[] = [];
  for (const { what, undo } of done.toReversed()) {
    const reason = await Promise.resolve().then(undo).catch(saidBy);
    if (reason !== undefined) lost.push(reason === "" ? what : `${what}: ${reason}`);
  }
  return lost;
}

function saidBy(error: unknown): string {
  const code = errnoOf(error);
  return code === undefined ? String(error) : wordsOf(code);
}

/** The error, with the state of the files. A system error about the file at `path` becomes an EnvironmentError. */
function inWords(error: unknown, path: string, outcome: string): unknown {
  const code = errnoOf(error);
  const message = `${path} could not be written: ${saidBy(error)} (${code}). ${outcome}`;
  if (code !== undefined) return new EnvironmentError(message, { hint: MEND }, "write-failed");
  if (!(error instanceof Error)) return error;
  const said = error instanceof Cancelled ? "Cancelled." : error.message.replace(/(?<![.!?:])$/, ".");
  error.message = `${said} ${outcome}`;
  return error;
}
