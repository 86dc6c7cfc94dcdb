/** The only reader of files: keeps every byte, and opens nothing that could block or have an effect. */
import { isUtf8 } from "node:buffer";
import {
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { getSystemErrorMap } from "node:util";
import type { Document } from "../core/check/model.ts";
import type { FileState } from "../core/plan/model.ts";

/** No configuration is this large. `check` searches this much of a larger file for secrets, 0.2 s for each MB. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Claude Code 2.1.330 refuses a larger `.mcp.json` as a whole. */
const MAX_DOCUMENT = 2 * 1024 * 1024;

/** The errno name of a system error, or undefined for any other thrown value. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Whether a path is a folder or below it, comparing text only: the caller resolves symlinks. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

export function foldersFrom(folder: string): readonly [string, ...string[]] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...foldersFrom(parent)];
}

/** The folder at or above `cwd` that contains `.git` (a folder, or a file in a worktree or submodule). Does not run git. */
export function findRoot(cwd: string): string | undefined {
  return foldersFrom(resolve(cwd)).find((folder) => existsSync(join(folder, ".git")));
}

export function wordsOf(code: string): string {
  const known = [...getSystemErrorMap().values()].find(([name]) => name === code);
  return known?.[1] ?? `the system answered ${code}`;
}

const SILENT = { throwIfNoEntry: false } as const;

type Refused = { readonly kind: "unreadable"; readonly reason: string; readonly code: string };

const refused = (code: string, reason = wordsOf(code)): Refused => ({ kind: "unreadable", reason, code });

/** The bytes of a file, at most one more than the limit. Links are followed, as in every client. */
function readBytes(path: string) {
  try {
    const found = statSync(path, SILENT);
    if (found === undefined) return { kind: "absent" } as const;
    // before open: opening a pipe waits for its writer, and a device can do anything
    if (!found.isFile()) {
      const what = found.isDirectory() ? "folder" : found.isFIFO() ? "pipe" : found.isSocket() ? "socket" : "device";
      return refused("NOTFILE", `it is a ${what}`);
    }
    const fd = openSync(path, "r");
    try {
      const stat = fstatSync(fd);
      const bytes = Buffer.allocUnsafe(Math.min(stat.size, MAX_BYTES) + 1);
      let length = 0;
      // a network file system may give a part
      for (let count = 1; count > 0 && length < bytes.length; length += count)
        count = readSync(fd, bytes, length, bytes.length - length, null);
      return { kind: "bytes", bytes: bytes.subarray(0, length), stat } as const;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    return code === "ENOENT" ? ({ kind: "absent" } as const) : refused(code);
  }
}

/** The content of a file, a character for each byte. Undefined: it cannot be read. */
export function readLatin1(path: string): string | undefined {
  const entry = readBytes(path);
  return entry.kind === "bytes" ? entry.bytes.toString("latin1") : undefined;
}

/** A FileState with the data for replacing the file. */
export type Entry =
  | Extract<FileState, { kind: "absent" }>
  | (Extract<FileState, { kind: "file" }> & { readonly stat: Stats })
  | (Refused & { readonly realPath: string });

/** The target of a write: every symlink followed, also a dangling one, unlike realpath(3). Throws the system's error. */
export function resolveTarget(path: string): string {
  try {
    // most files of the clients are absent: exceptions would take longer than everything else here
    if (statSync(path, SILENT) !== undefined || dirname(path) === path) return realpathSync(path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT" || dirname(path) === path) throw error;
  }
  const folder = resolveTarget(dirname(path));
  const here = join(folder, basename(path));
  const isLink = lstatSync(here, SILENT)?.isSymbolicLink() === true;
  return isLink ? resolveTarget(resolve(folder, readlinkSync(here))) : here;
}

/** Reads one path for a change: text in UTF-8. Never throws because of the file: that is an `unreadable`. */
export function readState(path: string): Entry {
  let realPath = resolve(path);
  try {
    realPath = resolveTarget(realPath);
  } catch (error) {
    return { realPath, ...refused(errnoOf(error) ?? "UNKNOWN") };
  }
  const found = readBytes(realPath);
  if (found.kind !== "bytes") return { ...found, realPath };
  const { bytes, stat } = found;
  if (bytes.length > MAX_BYTES) return { realPath, ...refused("TOOLARGE", "it is larger than 4 MiB") };
  // NUL is valid UTF-8 but not in texts: this is UTF-16 without a BOM, or binary
  if (!isUtf8(bytes) || bytes.includes(0)) return { realPath, ...refused("NOTUTF8", "it is not UTF-8 text") };
  return { kind: "file", realPath, text: bytes.toString("utf8"), mode: stat.mode & 0o777, stat };
}

type Decoded = Pick<Document, "text" | "encoding">;

/** Reads a path for `check`, in any encoding. Never throws because of the file. */
export function readDocument(path: string) {
  const found = readBytes(path);
  const read = (mode: number | undefined, decoded: Decoded) => ({ kind: "read", mode, ...decoded }) as const;
  if (found.kind === "bytes") return read(found.stat.mode & 0o777, decode(found.bytes));
  if (found.kind === "absent") return found;
  if (found.code === "NOTFILE") return read(undefined, { text: "", encoding: "not-a-file" });
  // a tracked file whose folder is now a file does not exist
  return found.code === "ENOTDIR" ? ({ kind: "absent" } as const) : found;
}

/** The bytes of a file, or the first of a larger one → their text and how it is stored. */
export function decode(bytes: Buffer): Decoded {
  const utf16 = fromUtf16(bytes);
  // an invalid byte becomes U+FFFD, as in every client
  const text = utf16 ?? bytes.toString("utf8");
  if (bytes.length > MAX_DOCUMENT) return { text, encoding: "too-big" };
  return { text, encoding: utf16 !== undefined ? "utf-16" : isUtf8(bytes) ? "utf-8" : "not-utf-8" };
}

/** UTF-16 text: bytes with a byte order mark, or with a zero in every second byte, as for ASCII. */
function fromUtf16(bytes: Buffer): string | undefined {
  const mark = bytes.subarray(0, 2).toString("hex");
  const isEven = bytes.length % 2 === 0;
  const even = isEven ? bytes : bytes.subarray(0, -1);
  if (mark === "fffe" || (isEven && /^(?!00)..00$/.test(mark))) return even.toString("utf16le");
  if (mark === "feff" || (isEven && /^00(?!00)..$/.test(mark))) return Buffer.from(even).swap16().toString("utf16le");
  return undefined;
}

/** A text from `templates/`, with `{{name}}` filled in. Every name in the text must be given. */
export function readTemplate(templates: URL, file: string, fill: Readonly<Record<string, string>>): string {
  const text = readFileSync(new URL(file, templates), "utf8");
  return text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => fill[name] ?? whole);
}
