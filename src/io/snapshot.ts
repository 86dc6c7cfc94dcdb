/**
 * Reads files as they are: every byte kept, symlinks followed by hand, nothing opened that could block.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync, type Stats } from "node:fs";
import { dirname, join, parse, resolve } from "node:path";
import type { FileState, Snapshot } from "../core/plan/model.ts";
import { errnoOf } from "./errno.ts";

const MAX_BYTES = 4 * 1024 * 1024;
/** Linux gives up after 40 links as well (path_resolution(7)). */
const MAX_HOPS = 40;

/** Where a write to a path would land. `problem` is the errno name that stopped the walk, if one did. */
export interface Target {
  readonly realPath: string;
  readonly problem: string | undefined;
}

/** A FileState with what replacing the file needs besides. */
export type Entry =
  | { readonly kind: "absent"; readonly realPath: string }
  | {
      readonly kind: "file";
      readonly realPath: string;
      readonly text: string;
      readonly mode: number;
      readonly stat: Stats;
    }
  | { readonly kind: "unreadable"; readonly realPath: string; readonly reason: string; readonly code: string };

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "no permission to read it",
  EPERM: "the system does not permit reading it",
  ELOOP: "its symbolic links lead in a circle",
  ENOTDIR: "something in its path is a file, not a folder",
  ENAMETOOLONG: "its name is too long",
  EIO: "the disk reported an error",
};

/**
 * Follows every symlink of a path, a dangling one too, and joins on what does not exist yet.
 * By hand, because realpath(3) fails on a dangling link, and that is where a write would create the file.
 */
export function resolveTarget(path: string): Target {
  const start = resolve(path);
  let current = parse(start).root;
  let pending = parts(start.slice(current.length));
  let hops = 0;
  let problem: string | undefined;
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    if (part === "..") {
      current = dirname(current);
      continue;
    }
    current = join(current, part);
    let link: string | undefined;
    try {
      link = lstatSync(current).isSymbolicLink() ? readlinkSync(current) : undefined;
    } catch (error) {
      const code = errnoOf(error) ?? "UNKNOWN";
      if (code !== "ENOENT") problem ??= code;
    }
    if (link === undefined) continue;
    hops += 1;
    if (hops > MAX_HOPS) return { realPath: start, problem: "ELOOP" };
    const root = parse(link).root;
    current = root === "" ? dirname(current) : parse(resolve(link)).root;
    pending = [...parts(link.slice(root.length)), ...pending];
  }
  return { realPath: current, problem };
}

function parts(path: string): string[] {
  return path.split(process.platform === "win32" ? /[\\/]+/ : /\/+/).filter((part) => part !== "" && part !== ".");
}

/** Reads one path with its stat. Never throws for what is on the disk: that is an `unreadable`. */
export function inspect(path: string): Entry {
  const { realPath, problem } = resolveTarget(path);
  if (problem !== undefined) return unreadable(realPath, problem);
  try {
    const found = lstatSync(realPath);
    // Before open: opening a FIFO or a device may block or have an effect.
    if (!found.isFile()) return { kind: "unreadable", realPath, reason: kindOf(found), code: "NOTFILE" };
    return read(realPath);
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    return code === "ENOENT" ? { kind: "absent", realPath } : unreadable(realPath, code);
  }
}

function read(realPath: string): Entry {
  // O_NONBLOCK and O_NOFOLLOW for the case that the file was swapped since lstat. Windows has neither.
  const fd = openSync(realPath, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0));
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return { kind: "unreadable", realPath, reason: kindOf(stat), code: "NOTFILE" };
    const bytes = readUpTo(fd, MAX_BYTES + 1);
    if (bytes.length > MAX_BYTES)
      return { kind: "unreadable", realPath, reason: "it is larger than 4 MiB", code: "TOOLARGE" };
    const text = decode(bytes);
    if (text === undefined) return { kind: "unreadable", realPath, reason: "it is not UTF-8 text", code: "NOTUTF8" };
    return { kind: "file", realPath, text, mode: stat.mode & 0o777, stat };
  } finally {
    closeSync(fd);
  }
}

function readUpTo(fd: number, limit: number): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  while (total < limit) {
    const chunk = Buffer.allocUnsafe(Math.min(65_536, limit - total));
    const count = readSync(fd, chunk, 0, chunk.length, null);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    total += count;
  }
  return Buffer.concat(chunks);
}

function decode(bytes: Buffer): string | undefined {
  try {
    // NUL is valid UTF-8 and in no text: this is UTF-16 without a BOM, or no text at all
    return bytes.includes(0) ? undefined : new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function kindOf(stat: Stats): string {
  if (stat.isDirectory()) return "it is a folder";
  if (stat.isFIFO()) return "it is a pipe";
  if (stat.isSocket()) return "it is a socket";
  if (stat.isSymbolicLink()) return "it changed while it was read";
  return "it is a device";
}

function unreadable(realPath: string, code: string): Entry {
  return { kind: "unreadable", realPath, reason: REASONS[code] ?? `the system answered ${code}`, code };
}

/** Reads one path: its text, or that it is absent, or why it cannot be read. */
export function readState(path: string): FileState {
  const entry = inspect(path);
  if (entry.kind === "absent") return entry;
  if (entry.kind === "file") return { kind: "file", realPath: entry.realPath, text: entry.text, mode: entry.mode };
  return { kind: "unreadable", realPath: entry.realPath, reason: entry.reason };
}

/** Reads many paths. The keys are the paths as given, made absolute. */
export function takeSnapshot(paths: Iterable<string>): Snapshot {
  return new Map(Array.from(paths, (path) => [resolve(path), readState(path)] as const));
}
