/**
 * One change of one file under its lock, and the way back. Content is staged in the lock, then renamed into place.
 */

import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { errnoOf } from "./errno.ts";
import { plainWords } from "./failure.ts";
import { assertHeld, type Lock, lostError } from "./lock.ts";
import { type Entry, inspect } from "./snapshot.ts";

const FAILING_DISK: readonly string[] = ["EIO", "ENOSPC", "EDQUOT"];

/** Puts back what was there before. Returns why it could not, or undefined. Never throws for what the system does. */
export type Undo = () => string | undefined;

/** An existing file, or its absence. */
export type Known = Exclude<Entry, { kind: "unreadable" }>;

export interface Change {
  readonly lock: Lock;
  readonly entry: Known;
  readonly mode: number | undefined;
  readonly secret: boolean;
  /** Called as soon as the change is in place, so that a failure after it is rolled back too. */
  readonly onPlaced: (undo: Undo) => void;
}

/**
 * Replaces the content of a file, or creates it.
 *
 * A file with several hard links gets its link broken: the other names keep the old content, whole, as git and most editors do
 * it. Writing through would not be atomic, and could carry a secret into a tracked file of another name.
 */
export function replaceFile(change: Change, after: string): void {
  const { lock, entry } = change;
  const old = entry.kind === "file" ? entry.stat : undefined;
  if (old !== undefined) assertWritable(lock.target);
  const staged = join(lock.stage, "new");
  stageContent(staged, after, wantedMode(change), old, change.secret);
  const kept = old === undefined ? undefined : keepOld(lock);
  place(lock, staged, lock.target);
  change.onPlaced(() => restoreContent(change, after, kept));
  syncFolder(dirname(lock.target));
}

/** Deletes a file: moves it into the lock, from where a rollback brings it back and the release removes it. */
export function deleteFile(change: Change): void {
  const { lock } = change;
  assertWritable(lock.target);
  const kept = oldName(lock);
  place(lock, lock.target, kept);
  change.onPlaced(() =>
    reasoned(() => {
      if (inspect(lock.target).kind !== "absent") return "it was created again meanwhile";
      place(lock, kept, lock.target);
      return undefined;
    }),
  );
  syncFolder(dirname(lock.target));
}

/** Changes the mode alone. */
export function changeMode(change: Change, from: number, to: number): void {
  assertHeld(change.lock);
  chmodSync(change.lock.target, to);
  change.onPlaced(() =>
    reasoned(() => {
      chmodSync(change.lock.target, from);
      return undefined;
    }),
  );
}

/** Without a wanted mode a file keeps its own; a new one gets what the umask says, and with a secret 0600. */
function wantedMode({ mode, entry, secret }: Change): number | undefined {
  if (mode !== undefined) return mode;
  if (entry.kind === "file") return entry.mode;
  return secret ? 0o600 : undefined;
}

function stageContent(
  path: string,
  text: string,
  mode: number | undefined,
  old: Stats | undefined,
  secret: boolean,
): void {
  removeIfThere(path);
  const fd = openSync(path, "wx", mode === undefined ? 0o666 : 0o600);
  try {
    const bytes = Buffer.from(text, "utf8");
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(fd, bytes, offset);
    const owned = old === undefined || keepOwner(fd, old);
    // Bits meant for another group must not open a secret to ours. After chown, which clears bits.
    if (mode !== undefined) fchmodSync(fd, secret && !owned ? mode & ~0o070 : mode);
    fsyncSync(fd);
  } catch (error) {
    closeSync(fd);
    // At once: on a full disk the rollback needs the room.
    removeIfThere(path);
    throw error;
  }
  closeSync(fd);
}

/** True when the file has the old group. Only root may give a file away, so a refusal is no failure. */
function keepOwner(fd: number, old: Stats): boolean {
  const now = fstatSync(fd);
  if (now.uid === old.uid && now.gid === old.gid) return true;
  for (const uid of [old.uid, now.uid]) {
    try {
      fchownSync(fd, uid, old.gid);
      return true;
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
  }
  return now.gid === old.gid;
}

/** A second name for the old file, so that the way back needs no space, and gives back the very same file. */
function keepOld(lock: Lock): string | undefined {
  const kept = oldName(lock);
  try {
    linkSync(lock.target, kept);
    return kept;
  } catch (error) {
    // A disk without room for a name has none for a rollback either: stop before the change.
    const code = errnoOf(error);
    if (code === undefined || FAILING_DISK.includes(code)) throw error;
    // FAT knows no hard links, Linux may protect those of other users: the way back is then written from memory.
    return undefined;
  }
}

function oldName(lock: Lock): string {
  for (let index = 0; ; index += 1) {
    const path = join(lock.stage, `old-${index}`);
    if (inspect(path).kind === "absent") return path;
  }
}

function restoreContent({ lock, entry }: Change, written: string, kept: string | undefined): string | undefined {
  return reasoned(() => {
    const now = inspect(lock.target);
    // Compared as it reads back: a lone surrogate is written as U+FFFD.
    if (now.kind !== "file" || now.text !== Buffer.from(written, "utf8").toString("utf8"))
      return "it was changed again meanwhile";
    if (entry.kind === "absent") {
      assertHeld(lock);
      unlinkSync(lock.target);
    } else if (kept !== undefined) {
      place(lock, kept, lock.target);
    } else {
      const staged = join(lock.stage, "new");
      stageContent(staged, entry.text, entry.mode, entry.stat, false);
      place(lock, staged, lock.target);
    }
    return undefined;
  });
}

/** Renames while the lock is ours. Who breaks the lock removes the stage first, so the rename itself decides. */
function place(lock: Lock, from: string, to: string): void {
  assertHeld(lock);
  try {
    renamePatiently(from, to);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") throw lostError(lock);
    throw error;
  }
}

/** Windows refuses a rename while a virus scanner or an indexer has the file open, for a moment. */
function renamePatiently(from: string, to: string): void {
  for (let turn = 0; ; turn += 1) {
    try {
      renameSync(from, to);
      return;
    } catch (error) {
      const passing = ["EPERM", "EACCES", "EBUSY"].includes(errnoOf(error) ?? "");
      if (process.platform !== "win32" || !passing || turn >= 20) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25);
    }
  }
}

/** A rename would also replace a file that its owner made read-only. That is not ours to overrule. */
function assertWritable(path: string): void {
  accessSync(path, constants.W_OK);
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}

/** Makes a rename last. Not every system can sync a folder (Windows, some network file systems): only a failing disk counts. */
export function syncFolder(folder: string): void {
  try {
    const fd = openSync(folder, "r");
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (FAILING_DISK.includes(errnoOf(error) ?? "")) throw error;
  }
}

function reasoned(action: () => string | undefined): string | undefined {
  try {
    return action();
  } catch (error) {
    const code = errnoOf(error);
    if (code !== undefined) return plainWords(code);
    return error instanceof Error ? error.message : "an internal error";
  }
}
