/**
 * The lock of file F is the folder `F.lock/` beside the real target. In the order in which it comes about:
 *
 *     F.lock/.gitignore              "*": git takes nothing from the lock, whatever the repository's own rules say
 *     F.lock/owner-<uuid>            who holds it
 *     F.lock/new-<uuid>/.gitignore   the same again: nobody but this owner, or who breaks its lock, ever removes it
 *     F.lock/new-<uuid>/{new,old-N}  staged and replaced content, secrets among it
 *
 * Exactly one holds a lock: who wrote an owner file and afterwards saw no other. Breaking starts with the unlink of the dead
 * owner's own file, which succeeds for one process only and never hits the lock of another. It then removes the dead owner's
 * `new-<uuid>/`: an owner that was only asleep can no longer rename anything out of it, so it cannot overwrite what came after.
 */

import { randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  type Dirent,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Cancelled, EnvironmentError } from "../errors.ts";
import { errnoOf } from "./errno.ts";
import { isOwnerGone, OWNERLESS_MS, ownerText } from "./lock-owner.ts";
import { resolveTarget } from "./snapshot.ts";

const DEFAULT_TIMEOUT_MS = 5_000;
const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const OWNER = new RegExp(`^owner-${UUID}$`);
const STAGE = new RegExp(`^new-${UUID}$`);
const STAGED = /^(?:new|old-\d+)$/;

/** A lock that is held. */
export interface Lock {
  /** The real path of the file. */
  readonly target: string;
  readonly folder: string;
  readonly owner: string;
  /** The folder for staged content. A rename out of it fails once the lock is broken. */
  readonly stage: string;
}

export interface LockOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  /** Called when the folder of the target does not exist: creates it, or throws. */
  readonly makeParents?: () => void;
}

interface View {
  readonly owners: readonly string[];
  readonly stages: readonly string[];
  /** Something that no lock of ours holds: hands off. */
  readonly foreign: boolean;
}

/** Waits for the lock of a real path. Throws EnvironmentError "locked" when it stays taken, Cancelled when the signal fires. */
export async function acquireLock(target: string, options: LockOptions): Promise<Lock> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (options.signal.aborted) throw new Cancelled();
    const lock = await tryLock(target, options.makeParents);
    if (lock !== undefined) return lock;
    if (performance.now() >= deadline) throw lockedError(target);
    await pause(10 + Math.random() * 40, options.signal);
  }
}

/** Gives a lock back: secret content first, `.gitignore` last. Never throws; a lock that somebody broke is left to them. */
export function releaseLock(lock: Lock): void {
  removeStage(lock.stage);
  if (!quietly(() => unlinkSync(lock.owner))) return;
  removeShell(lock.folder);
}

/** Throws when the lock was broken, which happens to a process that slept for a minute. */
export function assertHeld(lock: Lock): void {
  if (quietly(() => statSync(lock.owner))) return;
  throw lostError(lock);
}

/** What to say when the lock turns out to be gone. */
export function lostError(lock: Lock): EnvironmentError {
  return new EnvironmentError(
    `The lock of ${lock.target} was taken over by another run.`,
    { hint: "Run it again." },
    "locked",
  );
}

/**
 * Removes the locks, and the secrets in them, that dead runs left beside these files. Locks of the living stay.
 * Returns the lock folders that were cleared.
 */
export async function clearStaleLocks(paths: Iterable<string>): Promise<readonly string[]> {
  const cleared: string[] = [];
  for (const target of new Set(Array.from(paths, (path) => resolveTarget(path).realPath))) {
    const folder = `${target}.lock`;
    try {
      if (look(folder) === undefined) continue;
      const lock = await tryLock(target, undefined);
      if (lock === undefined) continue;
      releaseLock(lock);
      cleared.push(folder);
    } catch (error) {
      // What cannot be cleared is reported by the run that needs the lock.
      if (errnoOf(error) === undefined) throw error;
    }
  }
  return cleared;
}

async function tryLock(target: string, makeParents: (() => void) | undefined): Promise<Lock | undefined> {
  const folder = `${target}.lock`;
  const id = randomUUID();
  const lock: Lock = { target, folder, owner: join(folder, `owner-${id}`), stage: join(folder, `new-${id}`) };
  if (!makeFolder(folder, makeParents) && !takeOver(folder)) return undefined;
  try {
    writeRule(join(folder, ".gitignore"));
    write(lock.owner, constants.O_EXCL, ownerText());
    if (!(await settle(lock))) {
      quietly(() => unlinkSync(lock.owner));
      return undefined;
    }
    for (const stage of look(folder)?.stages ?? []) removeStage(join(folder, stage));
    mkdirSync(lock.stage, { mode: 0o700 });
    writeRule(join(lock.stage, ".gitignore"));
    return lock;
  } catch (error) {
    removeStage(lock.stage);
    quietly(() => unlinkSync(lock.owner));
    if (look(folder)?.owners.length === 0) removeShell(folder);
    // The folder vanished under us: it was ownerless for too long, and broken.
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** False when it is there already. */
function makeFolder(folder: string, makeParents: (() => void) | undefined, tries = 20): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    const code = errnoOf(error);
    if (code === "EEXIST") return false;
    if (code !== "ENOENT" || makeParents === undefined || tries === 0) throw error;
    makeParents();
    // Again with makeParents: another run that rolls back may just have removed the parent it had made.
    return makeFolder(folder, makeParents, tries - 1);
  }
}

/** May we write our owner file into a lock that exists? Only if its owner is gone, and for one of several that ask at once. */
function takeOver(folder: string): boolean {
  const view = look(folder);
  if (view === undefined || view.foreign) return false;
  if (view.owners.length === 0) return isOwnerlessTooLong(folder);
  const owners = view.owners.map((name) => join(folder, name));
  return owners.every(isOwnerGone) && owners.every((owner) => quietly(() => unlinkSync(owner)));
}

function isOwnerlessTooLong(folder: string): boolean {
  try {
    return Math.abs(Date.now() - statSync(folder).mtimeMs) > OWNERLESS_MS;
  } catch {
    return false;
  }
}

/** Are we the only owner? Two that broke an ownerless lock at once see each other; the smaller id waits for the other to leave. */
async function settle(lock: Lock): Promise<boolean> {
  const mine = basename(lock.owner);
  for (let turn = 0; turn < 50; turn += 1) {
    const view = look(lock.folder);
    if (view === undefined || view.foreign || !view.owners.includes(mine)) return false;
    if (view.owners.length === 1) return true;
    if (view.owners.some((owner) => owner < mine)) return false;
    await sleep(5);
  }
  return false;
}

/** What a lock folder holds, sorted. Undefined: there is none. What cannot be read, or is no folder of ours, is foreign. */
function look(folder: string): View | undefined {
  let entries: Dirent[];
  try {
    // A symlink of that name would lead elsewhere: a repository may bring one along.
    if (lstatSync(folder).isSymbolicLink()) return { owners: [], stages: [], foreign: true };
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    return code === "ENOENT" ? undefined : { owners: [], stages: [], foreign: true };
  }
  const named = (pattern: RegExp, fits: (entry: Dirent) => boolean): string[] =>
    entries
      .filter((entry) => pattern.test(entry.name) && fits(entry))
      .map((entry) => entry.name)
      .sort();
  const owners = named(OWNER, (entry) => entry.isFile());
  const stages = named(STAGE, (entry) => entry.isDirectory());
  const rules = named(/^\.gitignore$/, (entry) => entry.isFile());
  return { owners, stages, foreign: owners.length + stages.length + rules.length !== entries.length };
}

/** Appends, so that a rule somebody else wrote is never cut short, not even for a moment. */
function writeRule(path: string): void {
  write(path, constants.O_APPEND | (constants.O_NOFOLLOW ?? 0), "*\n");
}

function write(path: string, flags: number, text: string): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | flags, 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function removeStage(stage: string): void {
  quietly(() => {
    for (const name of readdirSync(stage)) if (STAGED.test(name)) unlinkSync(join(stage, name));
  });
  removeShell(stage);
}

/** Removes `.gitignore` only from a folder that holds nothing else which it could be hiding. */
function removeShell(folder: string): void {
  quietly(() => {
    if (readdirSync(folder).some((name) => name !== ".gitignore")) return;
    quietly(() => unlinkSync(join(folder, ".gitignore")));
    rmdirSync(folder);
  });
}

function lockedError(target: string): EnvironmentError {
  return new EnvironmentError(
    `${target} is locked by another run: ${target}.lock is there and did not go away.`,
    { hint: `If no other run is alive, delete ${target}.lock and run it again.` },
    "locked",
  );
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Cancelled();
  }
}

/** Runs a step of cleaning up; false when the system refused it. */
function quietly(action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
