/** Reads one file for `check`: its text, or why it has none. */

import { isUtf8 } from "node:buffer";
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import type { Document } from "../core/check/model.ts";
import { errnoOf } from "./errno.ts";

/** Claude Code 2.1.330 refuses a larger `.mcp.json` as a whole; no configuration comes near it. */
const MAX_BYTES = 2_097_152;
/** Of a larger one, which is an error as it is, this much is searched for secrets: it takes up to a fifth of a second for each MB. */
const MAX_SEARCHED = 2 * MAX_BYTES;

export type Reading =
  | { readonly kind: "absent" }
  /** A folder, a pipe, a socket or a device. */
  | { readonly kind: "not-a-file" }
  | { readonly kind: "unreadable"; readonly reason: string }
  | {
      readonly kind: "read";
      readonly text: string;
      /** Its text where clients have none of it. */
      readonly raw?: string;
      readonly encoding: Document["encoding"];
      readonly mode: number;
      readonly bytes: number;
    };

/** Reads a path, through symbolic links as every client does. Never blocks on a pipe, never throws for what is on the disk. */
export function readDocument(path: string): Reading {
  try {
    // before open: opening a device may have an effect
    if (!statSync(path).isFile()) return { kind: "not-a-file" };
    const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile()) return { kind: "not-a-file" };
      const base = { kind: "read", mode: stat.mode & 0o777, bytes: stat.size } as const;
      return { ...base, ...decode(readAll(fd, stat.size)) };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    // a tracked file that was deleted, a link that leads nowhere
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "absent" };
    const reason = code === "EACCES" || code === "EPERM" ? "no permission to read it" : `the system answered ${code}`;
    return { kind: "unreadable", reason };
  }
}

/** The bytes of a file, or the first of a larger one → their text and how it is stored. */
export function decode(bytes: Buffer): Pick<Extract<Reading, { kind: "read" }>, "text" | "raw" | "encoding"> {
  const isBig = bytes.length > MAX_BYTES;
  if (isUtf16(bytes)) return { text: "", raw: fromUtf16(bytes), encoding: isBig ? "too-big" : "utf-16" };
  if (isBig) return { text: "", raw: bytes.toString("utf8"), encoding: "too-big" };
  // a byte that is no UTF-8 becomes U+FFFD, as in every client
  return { text: bytes.toString("utf8"), encoding: isUtf8(bytes) ? "utf-8" : "not-utf-8" };
}

function readAll(fd: number, size: number): Buffer {
  // one byte more than it should have, so that a file which grows is noticed
  const bytes = Buffer.allocUnsafe(Math.min(size, MAX_SEARCHED) + 1);
  let length = 0;
  while (length < bytes.length) {
    const count = readSync(fd, bytes, length, bytes.length - length, null);
    if (count === 0) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

function fromUtf16(bytes: Buffer): string {
  const isBig = bytes[0] === 0xfe || (bytes[0] === 0 && bytes[1] !== 0);
  const even = bytes.subarray(0, bytes.length - (bytes.length % 2));
  return (isBig ? Buffer.from(even).swap16() : even).toString("utf16le");
}

/** A byte order mark of UTF-16, or the zero bytes that every second place of ASCII in UTF-16 has. */
function isUtf16(bytes: Buffer): boolean {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  return bytes.length >= 2 && (first === 0) !== (second === 0) && bytes.length % 2 === 0;
}
