/**
 * The lock of file F is the folder `F.lock/` beside the real target, and the place where new content is staged:
 *
 *     F.lock/.gitignore                "*": git takes nothing from the folder, whatever the repository's own rules say
 *     F.lock/owner-<uuid>-<pid>@<host> who holds it
 *     F.lock/new-<uuid>, old-<uuid>    staged and replaced content, secrets among it
 *
 * Exactly one process holds a lock: the one that wrote an owner file and afterwards saw no other. Breaking a lock starts with
 * the unlink of the dead owner's own file, which succeeds for one process only and never hits the lock of another. Then the
 * files of the dead owner are removed: a process that only slept can no longer rename them over what came after.
 */
import { randomUUID } from "node:crypto";
import {
  type Dirent,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Cancelled, EnvironmentError } from "../errors.ts";
import { errnoOf, resolveTarget } from "./read.ts";

/** How long a run waits for another one: a lock is held for milliseconds. */
const WAIT_MS = 5_000;
/** A lock this old is broken, even when its owner seems to live: its pid may belong to another process by now. */
const OLDEST_MS = 60_000;
/** A folder without an owner was left by a process that was killed in between. */
const OWNERLESS_MS = 2_000;

const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const OWNER = new RegExp(`^owner-${UUID}-(\\d+)@(.*)$`);
const STAGED = new RegExp(`^(?:new|old)-${UUID}$`);
/** A pid says something on its own machine alone. */
const HOST = hostname().replace(/[^\w.-]/g, "_");

/** A lock that is held. */
export interface Lock {
  /** The real path of the file. */
  readonly target: string;
  readonly folder: string;
  readonly owner: string;
  /** Where new content is staged, and where the old content is kept. */
  readonly fresh: string;
  readonly kept: string;
}

export interface LockOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs?: number | undefined;
  /** Called before each try: makes the folder of the target where it is missing. */
  readonly makeParent?: () => void;
}

/** Waits for the lock of a real path. Throws EnvironmentError "locked" when it stays taken, Cancelled when the signal fires. */
export async function acquireLock(target: string, options: LockOptions): Promise<Lock> {
  const deadline = performance.now() + (options.timeoutMs ?? WAIT_MS);
  for (;;) {
    if (options.signal.aborted) throw new Cancelled();
    options.makeParent?.();
    const lock = tryLock(target);
    if (lock !== undefined) return lock;
    if (performance.now() >= deadline)
      throw new EnvironmentError(
        `${target} is locked by another run: ${target}.lock is there and did not go away.`,
        { hint: `If no other run is alive, delete ${target}.lock and run it again.` },
        "locked",
      );
    await sleep(10 + Math.random() * 40);
  }
}

/** Gives a lock back: secret content first, `.gitignore` last. Never throws; a lock that somebody broke is left to them. */
export function releaseLock({ folder, owner, fresh, kept }: Lock): void {
  for (const path of [fresh, kept]) quietly(() => unlinkSync(path));
  if (quietly(() => unlinkSync(owner))) removeFolder(folder);
}

/** False when the lock was broken, which happens to a process that slept for a minute. */
export function isHeld(lock: Lock): boolean {
  return quietly(() => statSync(lock.owner));
}

/** Removes the locks, and the secrets in them, that dead runs left beside these files. Locks of the living stay. */
export function clearStaleLocks(paths: Iterable<string>): void {
  for (const path of paths) {
    // what cannot be cleared is reported by the run that needs the lock
    quietly(() => {
      const target = resolveTarget(path);
      const lock = look(`${target}.lock`) === undefined ? undefined : tryLock(target);
      if (lock !== undefined) releaseLock(lock);
    });
  }
}

/** One try. It never waits, so that nothing of this process comes between its steps. */
function tryLock(target: string): Lock | undefined {
  const folder = `${target}.lock`;
  const id = randomUUID();
  const path = (name: string): string => join(folder, name);
  const lock: Lock = {
    target,
    folder,
    owner: path(`owner-${id}-${process.pid}@${HOST}`),
    fresh: path(`new-${id}`),
    kept: path(`old-${id}`),
  };
  let made = false;
  try {
    mkdirSync(folder, { mode: 0o700 });
    made = true;
  } catch (error) {
    // the folder above it may be gone: another run that had made it has taken it back
    if (errnoOf(error) === "ENOENT") return undefined;
    if (errnoOf(error) !== "EEXIST") throw error;
    if (!takeOver(folder)) return undefined;
  }
  try {
    // appends, so that a rule somebody else wrote is never cut short, and the last rule decides
    writeFileSync(path(".gitignore"), "*\n", { flag: "a", mode: 0o600, flush: true });
    writeFileSync(lock.owner, "", { flag: "wx", mode: 0o600 });
    const view = look(folder);
    if (view === undefined || view.isForeign || view.owners.length !== 1) {
      // two that found a lock without an owner see each other: both try again
      quietly(() => unlinkSync(lock.owner));
      return undefined;
    }
    for (const name of view.staged) unlinkSync(path(name));
    return lock;
  } catch (error) {
    quietly(() => unlinkSync(lock.owner));
    if (made) removeFolder(folder);
    // it had no owner for too long, and was broken just now
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** May we write our owner file into a lock that exists? Only if every owner is gone, and for one of several that ask at once. */
function takeOver(folder: string): boolean {
  const view = look(folder);
  if (view === undefined || view.isForeign) return false;
  if (view.owners.length === 0) return ageOf(folder) > OWNERLESS_MS;
  const paths = view.owners.map((name) => join(folder, name));
  return paths.every(isOwnerGone) && paths.every((owner) => quietly(() => unlinkSync(owner)));
}

/** By the clock of the disk. A clock that was set back counts too; what vanished meanwhile is young: look again. */
function ageOf(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? 0 : Math.abs(Date.now() - stat.mtimeMs);
}

function isOwnerGone(owner: string): boolean {
  if (ageOf(owner) > OLDEST_MS) return true;
  const [, pid, host] = OWNER.exec(basename(owner)) ?? [];
  return host === HOST && !isAlive(Number(pid));
}

/** Is there a process of this number here? One of another user counts, and one that nobody has waited for yet. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

interface View {
  readonly owners: readonly string[];
  readonly staged: readonly string[];
  /** It holds something that no lock of ours holds, or is no folder at all: hands off. */
  readonly isForeign: boolean;
}

/** What a lock folder holds. Undefined: there is none. */
function look(folder: string): View | undefined {
  let entries: readonly Dirent[] = [];
  try {
    // a symlink of that name would lead elsewhere: a repository may bring one along
    if (lstatSync(folder).isDirectory()) entries = readdirSync(folder, { withFileTypes: true });
    else return { owners: [], staged: [], isForeign: true };
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const owners = names.filter((name) => OWNER.test(name));
  const staged = names.filter((name) => STAGED.test(name));
  const known = owners.length + staged.length + (names.includes(".gitignore") ? 1 : 0);
  return { owners, staged, isForeign: known !== entries.length };
}

/** Removes `.gitignore` only from a folder that holds nothing else which it could be hiding. */
function removeFolder(folder: string): void {
  quietly(() => {
    if (readdirSync(folder).some((name) => name !== ".gitignore")) return;
    quietly(() => unlinkSync(join(folder, ".gitignore")));
    rmdirSync(folder);
  });
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
