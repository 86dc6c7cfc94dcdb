/**
 * The one writer of files: all steps of a plan, or none. New content is staged in the lock of its file (lock.ts), synced, and
 * renamed into place; the old file is kept in the lock until everything is done.
 *
 * A file with several hard links gets its link broken, as git and most editors do it: writing through would not be atomic,
 * and could carry a secret into a tracked file of another name.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import type { StepStatus, WriteStep } from "../core/plan/model.ts";
import { Cancelled, EnvironmentError, HaloError, Refusal } from "../errors.ts";
import { acquireLock, clearStaleLocks, isHeld, type Lock, releaseLock } from "./lock.ts";
import { type Entry, errnoOf, readState, resolveTarget, wordsOf } from "./read.ts";

/** Takes one change back. Returns why it could not, or undefined. */
export type Undo = () => string | undefined | Promise<string | undefined>;

export interface WriteOptions {
  readonly signal: AbortSignal;
  /** Called for a step with `secret` right before its content is written anywhere, after all earlier steps are in place: throws a Refusal when git would take the file. */
  readonly assertPrivate: (realPath: string, path: string) => void;
  /** What follows when every file is in place, and names what it did. When it throws, that and the files are put back. */
  readonly afterwards?: (onDone: (what: string, undo: Undo) => void) => Promise<void>;
}

/** A file that is there, or its absence. */
type Known = Exclude<Entry, { kind: "unreadable" }>;

interface Done {
  readonly what: string;
  readonly undo: Undo;
  /** False when somebody went on writing into the file that was replaced. */
  readonly isAsPlanned?: () => boolean;
  /** It closed a file to others. That stays when something could not be put back, such as an entry with values in this file. */
  readonly isMode?: true;
}

/**
 * Writes in the order given. Either every step is in place when this returns, or it throws and what was written is put back:
 * Refusal "stale" (a file is neither what the plan was made from nor what it makes of it), "conflict" (two steps, one file),
 * "unreadable", or what `assertPrivate` and `afterwards` throw; EnvironmentError for what the system refuses; Cancelled when the
 * signal fires. The message names everything that could not be put back.
 */
export async function applyWrites(steps: readonly WriteStep[], options: WriteOptions): Promise<readonly StepStatus[]> {
  const { signal } = options;
  const locks = new Map<string, Lock>();
  /** What each mkdir made: from the first folder that was missing to the last. */
  const folders: [first: string, last: string][] = [];
  const done: Done[] = [];
  let at = "";
  try {
    if (signal.aborted) throw new Cancelled();
    // what a killed run left behind, a staged secret above all
    clearStaleLocks(steps.filter((step) => !isModeOnly(step)).map(({ path }) => path));
    const targets = new Map<string, string>();
    for (const { path, before, after } of steps) {
      at = path;
      if (before !== after) targets.set(resolveTarget(path), path);
    }
    // always in the same order, so that two runs never wait for each other
    for (const [target, path] of [...targets].sort(([a], [b]) => (a < b ? -1 : 1))) {
      at = path;
      const makeParent = (): void => {
        const first = mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
        if (first !== undefined) folders.push([first, dirname(target)]);
      };
      locks.set(target, await acquireLock(target, { signal, makeParent }));
    }
    assertCurrent(steps);
    const statuses: StepStatus[] = [];
    for (const step of steps) {
      at = step.path;
      // lets a signal through: everything else here is synchronous
      await turn();
      if (signal.aborted) throw new Cancelled();
      statuses.push(perform(step, locks, options, (each) => done.push(each)) ? "written" : "unchanged");
    }
    await options.afterwards?.((what, undo) => done.push({ what, undo }));
    const late = done.find(({ isAsPlanned }) => isAsPlanned?.() === false);
    if (late !== undefined) throw stale(late.what);
    for (const lock of locks.values()) releaseLock(lock);
    return statuses;
  } catch (error) {
    const lost = await putBack(done);
    for (const lock of locks.values()) releaseLock(lock);
    for (const [first, last] of folders.reverse()) removeFolders(first, last);
    throw withOutcome(explain(error, at), done.length > 0, lost);
  }
}

/**
 * A file that another program keeps writing, such as `~/.claude.json`: its content is not looked at, and no lock is taken or
 * cleared, since that program may use the same name for a lock of its own (Claude Code does).
 */
function isModeOnly({ before, after, mode, secret = false }: WriteStep): boolean {
  return before !== undefined && before === after && mode !== undefined && !secret;
}

/** Compares every file with the plan, before the first is written. Throws Refusal. */
function assertCurrent(steps: readonly WriteStep[]): void {
  const seen = new Map<string, WriteStep>();
  for (const step of steps.filter((each) => !isModeOnly(each))) {
    const entry = readKnown(step.path);
    const text = textOf(entry);
    if (text !== step.before && text !== step.after) throw stale(step.path);
    const other = seen.get(entry.realPath);
    seen.set(entry.realPath, step);
    if (other === undefined || other.after === step.after) continue;
    throw new Refusal(
      `${step.path} is the same file as another one of the plan (${entry.realPath}), and each would write something else.`,
      { hint: "Give them files of their own: remove the symbolic link." },
      "conflict",
    );
  }
}

/** One step. Out: whether it changed anything. */
function perform(
  step: WriteStep,
  locks: ReadonlyMap<string, Lock>,
  options: WriteOptions,
  onDone: (done: Done) => void,
): boolean {
  if (isModeOnly(step)) return changeMode(step, onDone);
  const entry = readKnown(step.path);
  if (textOf(entry) === step.after) return entry.kind === "file" && changeMode(step, onDone);
  const lock = locks.get(entry.realPath);
  if (lock === undefined || textOf(entry) !== step.before) throw stale(step.path);
  if (step.secret === true && step.after !== undefined) options.assertPrivate(entry.realPath, step.path);
  if (step.after !== undefined) stage(lock.fresh, step.after, step, entry);
  if (entry.kind === "file") {
    // a rename would also replace a file that its owner made read-only
    accessSync(lock.target, constants.W_OK);
    if (step.after !== undefined) keep(lock);
  }
  // an editor does not know our lock: compared once more, right before the rename
  const now = readKnown(step.path);
  if (now.realPath !== lock.target || !isSame(now, entry) || !isHeld(lock)) throw stale(step.path);
  place(lock, step, entry);
  onDone({
    what: step.path,
    undo: () => takeBack(lock, step, entry),
    isAsPlanned: () => {
      const kept = readState(lock.kept);
      return entry.kind === "absent" || (kept.kind === "file" && kept.text === entry.text);
    },
  });
  syncFolder(dirname(lock.target));
  return true;
}

/** Windows has no such bits. */
function changeMode({ path, mode }: WriteStep, onDone: (done: Done) => void): boolean {
  if (mode === undefined || process.platform === "win32") return false;
  const before = statSync(path).mode & 0o777;
  if (before === mode) return false;
  chmodSync(path, mode);
  onDone({ what: path, undo: () => void chmodSync(path, before) as undefined, isMode: true });
  return true;
}

/** Without a wanted mode a file keeps its own; a new one gets what the umask says, and with a secret 0600. */
function stage(path: string, text: string, { mode, secret = false }: WriteStep, entry: Known): void {
  const wanted = mode ?? (entry.kind === "file" ? entry.mode : secret ? 0o600 : undefined);
  const fd = openSync(path, "wx", wanted === undefined ? 0o666 : 0o600);
  try {
    writeFileSync(fd, text);
    const isOwned = entry.kind === "absent" || keepOwner(fd, entry.stat);
    // bits meant for another group must not open a secret to ours; after chown, which clears bits
    if (wanted !== undefined) fchmodSync(fd, secret && !isOwned ? wanted & ~0o070 : wanted);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Gives a file the owner and group of the old one. False where the system refuses: only root may give a file away. */
function keepOwner(fd: number, { uid, gid }: Stats): boolean {
  try {
    fchownSync(fd, uid, gid);
    return true;
  } catch {
    return false;
  }
}

/** A second name for the old file: taking it back needs no space, and gives back the very same file. */
function keep({ target, kept }: Lock): void {
  try {
    linkSync(target, kept);
  } catch {
    // FAT has no hard links, and Linux protects those of other users (fs.protected_hardlinks)
    copyFileSync(target, kept);
  }
}

function place(lock: Lock, step: WriteStep, entry: Known): void {
  try {
    if (step.after === undefined) renamePatiently(lock.target, lock.kept);
    else if (entry.kind === "file") renamePatiently(lock.fresh, lock.target);
    else create(lock);
  } catch (error) {
    // the lock was broken, and our files with it; or somebody created the file just now
    if (["ENOENT", "EEXIST"].includes(errnoOf(error) ?? "")) throw stale(step.path);
    throw error;
  }
}

/** A link, unlike a rename, never replaces a file. */
function create({ fresh, target }: Lock): void {
  try {
    linkSync(fresh, target);
  } catch (error) {
    if (!["EPERM", "ENOTSUP", "ENOSYS", "EMLINK"].includes(errnoOf(error) ?? "")) throw error;
    renamePatiently(fresh, target);
  }
}

/** Windows refuses a rename while a virus scanner or an indexer has the file open, for a moment. */
function renamePatiently(from: string, to: string): void {
  for (let tries = 0; ; tries += 1) {
    try {
      renameSync(from, to);
      return;
    } catch (error) {
      const passing = ["EPERM", "EACCES", "EBUSY"].includes(errnoOf(error) ?? "");
      if (process.platform !== "win32" || !passing || tries >= 20) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25);
    }
  }
}

function takeBack(lock: Lock, step: WriteStep, entry: Known): string | undefined {
  const now = readState(lock.target);
  if (now.kind === "unreadable" || textOf(now) !== step.after) return "it was changed again meanwhile";
  if (entry.kind === "absent") unlinkSync(lock.target);
  else renamePatiently(lock.kept, lock.target);
  return undefined;
}

function textOf(entry: Known): string | undefined {
  return entry.kind === "file" ? entry.text : undefined;
}

function isSame(now: Known, before: Known): boolean {
  if (now.kind === "absent" || before.kind === "absent") return now.kind === before.kind;
  return now.text === before.text && now.stat.ino === before.stat.ino && now.stat.dev === before.stat.dev;
}

function readKnown(path: string): Known {
  const entry = readState(path);
  if (entry.kind !== "unreadable") return entry;
  const message = `${path} cannot be used: ${entry.reason}.`;
  const hint = "Move it away or repair it, then run it again.";
  if (["NOTFILE", "NOTUTF8", "TOOLARGE"].includes(entry.code)) throw new Refusal(message, { hint }, "unreadable");
  throw new EnvironmentError(message, { hint: "Mend that, then run it again." }, "unreadable");
}

function stale(path: string): Refusal {
  return new Refusal(
    `${path} changed while the plan was made.`,
    { hint: "Run it again: the plan is then made from the file as it is now." },
    "stale",
  );
}

function removeFolders(first: string, last: string): void {
  try {
    for (let folder = last; folder.length >= first.length; folder = dirname(folder)) rmdirSync(folder);
  } catch {
    // somebody put something there
  }
}

/** Makes a rename last. The content is synced already; Windows and some network file systems cannot sync a folder. */
function syncFolder(folder: string): void {
  try {
    const fd = openSync(folder, "r");
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // the rename is done all the same
  }
}

/** A system error that hit a file, as an EnvironmentError. Anything else comes back as it is. */
function explain(error: unknown, path: string): unknown {
  const code = errnoOf(error);
  if (code === undefined) return error;
  const message = `${path} could not be written: ${wordsOf(code)} (${code}).`;
  return new EnvironmentError(message, { hint: "Mend that, then run it again.", cause: error }, "write-failed");
}

/** Takes everything back, last first, whatever was aborted meanwhile. Out: what could not be, with the reason or what to type. */
async function putBack(done: readonly Done[]): Promise<readonly string[]> {
  const lost: string[] = [];
  for (const { what, undo, isMode = false } of [...done].reverse()) {
    if (isMode && lost.length > 0) continue;
    try {
      const reason = await undo();
      if (reason !== undefined) lost.push(reason === "" ? what : `${what}: ${reason}`);
    } catch (error) {
      const code = errnoOf(error);
      lost.push(`${what}: ${code === undefined ? String(error) : wordsOf(code)}`);
    }
  }
  return lost;
}

/** The same error, its message followed by what was put back. Claims nothing that did not happen. */
function withOutcome(error: unknown, isTouched: boolean, lost: readonly string[]): unknown {
  const restored = isTouched ? "Everything was put back." : "Nothing was changed.";
  const said = lost.length === 0 ? restored : `Could not be put back: ${lost.join("; ")}.`;
  if (error instanceof HaloError && !(error instanceof Cancelled))
    error.message = `${error.message.replace(/(?<![.!?:])$/, ".")} ${said}`;
  else if (lost.length === 0) return error;
  else if (error instanceof Cancelled) error.message = `Cancelled. ${said}`;
  // a defect: the user still has to learn which files it left behind
  else return new EnvironmentError(`The run stopped on an internal error. ${said}`, { cause: error }, "internal");
  return error;
}
