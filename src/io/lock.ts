/**
 * The lock of file F is the folder `F.lock/` next to the real target. New content is staged in it (docs/adr/0002):
 *
 *     F.lock/.gitignore                "*": git takes nothing from the folder, whatever the repository's own rules say
 *     F.lock/owner-<uuid>-<pid>@<host> who holds it
 *     F.lock/new-<uuid>, old-<uuid>    staged and replaced content, secrets among it
 *
 * A process that wrote an owner file and then saw no other one holds the lock. Breaking a lock starts with the unlink of the
 * dead owner's file, which succeeds for only one process and never affects another lock. Then the files of the dead owner are
 * removed: a process that was only suspended can no longer rename them over later changes.
 */
import { randomUUID } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readdirSync, rmdirSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { attempt, Cancelled, EnvironmentError } from "../errors.ts";
import { errnoOf, resolveTarget } from "./read.ts";

/** How long a run waits for another one: a lock is held for milliseconds. Longer than BARE_MS. */
const WAIT_MS = 13_000;
/** A lock this old is broken, even if its owner seems to be alive: its pid may belong to another process by now. */
const OLDEST_MS = 60_000;
/** A folder without an owner was left by a process that was killed in between. */
const OWNERLESS_MS = 2_000;
/** An empty folder may be the lock of another program, which touches it every 5 s (proper-lockfile 4). */
const BARE_MS = 11_000;

const OURS = /^(?:\.gitignore|(?:owner|new|old)-[0-9a-f-]{36}(?:-(\d+)@(.*))?)$/;
/** A pid is meaningful only on its own machine. */
const HOST = hostname().replace(/[^\w.-]/g, "_");

/** A lock, held as long as its owner file exists: a process that was suspended for a minute may have lost it. */
export interface Lock {
  readonly target: string;
  readonly folder: string;
  readonly owner: string;
  /** Where new content is staged, and where the old content is kept. */
  readonly fresh: string;
  readonly kept: string;
}

/** Waits for the lock of a real path. Throws EnvironmentError "locked" if another run keeps it, Cancelled if the signal fires. */
export async function acquireLock(target: string, signal: AbortSignal, timeoutMs = WAIT_MS): Promise<Lock> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (signal.aborted) throw new Cancelled();
    const lock = tryLock(target, true);
    if (lock !== undefined) return lock;
    if (performance.now() >= deadline) {
      const message = `${target} is locked by another run: ${target}.lock exists and was not removed.`;
      const hint = `If no other run is alive, delete ${target}.lock and run it again.`;
      throw new EnvironmentError(message, { hint }, "locked");
    }
    await sleep(10 + Math.random() * 40);
  }
}

/** Releases a lock: removes secret content first, `.gitignore` last. Never throws; a lock that another run broke is left to it. */
export function releaseLock({ folder, owner, fresh, kept }: Lock): void {
  for (const path of [fresh, kept]) quietly(() => unlinkSync(path));
  if (quietly(() => unlinkSync(owner))) removeFolder(folder);
}

/** Removes the lock of a dead run next to a file, with its secrets. The lock of a live run stays. */
export function clearStaleLock(path: string): void {
  // a failure is reported by the run that needs the lock
  quietly(() => {
    const target = resolveTarget(path);
    const lock = existsSync(`${target}.lock`) ? tryLock(target, false) : undefined;
    if (lock !== undefined) releaseLock(lock);
  });
}

/** One attempt. It is synchronous, so that nothing else in this process runs between its steps. */
function tryLock(target: string, takesBare: boolean): Lock | undefined {
  const folder = `${target}.lock`;
  const id = randomUUID();
  const owner = join(folder, `owner-${id}-${process.pid}@${HOST}`);
  try {
    // not recursive: below /proc, Node 22 would try forever
    if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
    // only one of several runs at once can remove the file of a dead owner
    else if (!deadOwners(folder, takesBare)?.every((path) => quietly(() => unlinkSync(path)))) return undefined;
    // appends, so that another run's rule is never truncated; the last rule counts
    writeFileSync(join(folder, ".gitignore"), "*\n", { flag: "a", mode: 0o600, flush: true });
    writeFileSync(owner, "", { flag: "wx", mode: 0o600 });
    const { owners = [], staged = [] } = contentOf(folder) ?? {};
    if (owners.length === 1) {
      for (const path of staged) unlinkSync(path);
      return { target, folder, owner, fresh: join(folder, `new-${id}`), kept: join(folder, `old-${id}`) };
    }
    // two runs that found a lock without an owner see each other: both try again
    unlinkSync(owner);
  } catch (error) {
    quietly(() => unlinkSync(owner));
    // another run released or broke it just now; or a file has its name
    if (["ENOENT", "EEXIST"].includes(errnoOf(error) ?? "")) return undefined;
    removeFolder(folder);
    throw error;
  }
  return undefined;
}

/** Was this folder left by a run that is dead? No, if it is removed just now. */
export const isDeadLock = (folder: string): boolean => attempt(() => deadOwners(folder, false)) !== undefined;

/** The owner files in the lock of a dead run; undefined if it is not one. `takesBare`: a folder with nothing of a run counts, too. */
function deadOwners(folder: string, takesBare: boolean): readonly string[] | undefined {
  const content = contentOf(folder);
  if (content === undefined) return undefined;
  const { owners, staged, isEmpty } = content;
  if (owners.length + staged.length === 0 && !takesBare) return undefined;
  const isDead = owners.length > 0 ? owners.every(isGone) : ageOf(folder) > (isEmpty ? BARE_MS : OWNERLESS_MS);
  return isDead ? owners : undefined;
}

/** Undefined if it is not a lock of ours (a symlink in a repository could lead elsewhere): do not touch it. */
function contentOf(folder: string) {
  if (!lstatSync(folder).isDirectory()) return undefined;
  const entries = readdirSync(folder, { withFileTypes: true });
  if (!entries.every((entry) => entry.isFile() && OURS.test(entry.name))) return undefined;
  const pathsOf = (kind: RegExp) => entries.flatMap(({ name }) => (kind.test(name) ? [join(folder, name)] : []));
  return { isEmpty: entries.length === 0, owners: pathsOf(/^owner-/), staged: pathsOf(/^(?:new|old)-/) };
}

/** In milliseconds, also if the clock was set back; 0 if it vanished meanwhile. */
function ageOf(path: string): number {
  const now = Date.now();
  return Math.abs(now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now));
}

/** A process of another user counts as alive, and so does a zombie process. */
function isGone(owner: string): boolean {
  const [, pid, host] = OURS.exec(basename(owner)) ?? [];
  return ageOf(owner) > OLDEST_MS || (host === HOST && !isAlive(Number(pid)));
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errnoOf(error) !== "ESRCH";
  }
}

/** Removes `.gitignore` only from an otherwise empty folder. */
function removeFolder(folder: string): void {
  quietly(() => {
    if (readdirSync(folder).some((name) => name !== ".gitignore")) return;
    quietly(() => unlinkSync(join(folder, ".gitignore")));
    rmdirSync(folder);
  });
}

/** Runs a clean-up step; false if the system refused it. */
export function quietly(action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
