/** Reads one file for `check`: its text, or why it has none. */

import { isUtf8 } from "node:buffer";
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import type { Document } from "../core/check/model.ts";
import { errnoOf } from "./snapshot.ts";

/** Claude Code 2.1.330 refuses a larger `.mcp.json` as a whole; no configuration comes near it. */
const MAX_BYTES = 2_097_152;

export type Reading =
  | { readonly kind: "absent" }
  | { readonly kind: "unreadable"; readonly reason: string }
  | {
      readonly kind: "read";
      readonly text: string;
      readonly encoding: Document["encoding"];
      readonly mode: number;
      readonly bytes: number;
    };

/** Reads a path, through symbolic links as every client does. Never blocks on a pipe, never throws for what is on the disk. */
export function readDocument(path: string): Reading {
  try {
    // before open: opening a device may have an effect
    if (!statSync(path).isFile()) return { kind: "unreadable", reason: "it is no regular file" };
    const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile()) return { kind: "unreadable", reason: "it is no regular file" };
      const base = { kind: "read", mode: stat.mode & 0o777, bytes: stat.size } as const;
      if (stat.size > MAX_BYTES) return { ...base, text: "", encoding: "too-big" };
      const bytes = readAll(fd, stat.size);
      if (bytes.length > MAX_BYTES) return { ...base, text: "", encoding: "too-big" };
      if (isUtf16(bytes)) return { ...base, text: "", encoding: "utf-16" };
      // a byte that is no UTF-8 becomes U+FFFD, as in every client
      return { ...base, text: bytes.toString("utf8"), encoding: isUtf8(bytes) ? "utf-8" : "not-utf-8" };
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

function readAll(fd: number, size: number): Buffer {
  // one byte more than it should have, so that a file which grows is noticed
  const bytes = Buffer.allocUnsafe(Math.min(size, MAX_BYTES) + 1);
  let length = 0;
  while (length < bytes.length) {
    const count = readSync(fd, bytes, length, bytes.length - length, null);
    if (count === 0) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

/** A byte order mark of UTF-16, or the zero bytes that every second place of ASCII in UTF-16 has. */
function isUtf16(bytes: Buffer): boolean {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  return bytes.length >= 2 && (first === 0) !== (second === 0) && bytes.length % 2 === 0;
}
