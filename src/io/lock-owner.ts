/**
 * Who holds a lock, and whether that process still lives.
 */
import { readFileSync, readlinkSync, statSync } from "node:fs";
import { hostname } from "node:os";

/** Without an owner, or with one half written, a lock is given this long. */
export const OWNERLESS_MS = 2_000;
/** A lock lives for milliseconds; one this old is broken even when its owner seems to live. */
const OLDEST_MS = 60_000;
const MAX_OWNER_BYTES = 4_096;

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly start: string | undefined;
}

/** The content of an owner file of this process. */
export function ownerText(): string {
  const owner = {
    pid: process.pid,
    host: hostMark(),
    start: processState(process.pid)?.start,
    created: new Date().toISOString(),
  };
  return `${JSON.stringify(owner)}\n`;
}

/** Is the process that wrote this owner file gone? A file that vanished meanwhile is not: look again. */
export function isOwnerGone(path: string): boolean {
  let age: number;
  let text: string;
  try {
    const stat = statSync(path);
    // The clock of the disk, not the JSON: what a checkout brought along cannot claim to be young. A clock that was set back counts too.
    age = Math.abs(Date.now() - stat.mtimeMs);
    text = stat.size <= MAX_OWNER_BYTES ? readFileSync(path, "utf8") : "";
  } catch {
    return false;
  }
  if (age > OLDEST_MS) return true;
  const owner = parseOwner(text);
  if (owner === undefined) return age > OWNERLESS_MS;
  // Elsewhere a pid says nothing: only age counts.
  if (owner.host !== hostMark()) return false;
  return !isAlive(owner);
}

function isAlive(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
  }
  const now = processState(owner.pid);
  if (now === undefined) return true;
  // A zombie still answers kill(0), for ever where nobody reaps (a container without init).
  if (now.state === "Z" || now.state === "X") return false;
  return owner.start === undefined || owner.start === now.start;
}

/** Fields 3 (state) and 22 (start time) of /proc/<pid>/stat, see proc(5). Undefined where there is no /proc. */
function processState(pid: number): { readonly state: string; readonly start: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name, field 2, stands in parentheses and may hold spaces and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state] = fields;
    const start = fields[19];
    return state === undefined || start === undefined ? undefined : { state, start };
  } catch {
    return undefined;
  }
}

/** Where pids mean the same: the host, this boot of it, and the pid namespace (two containers may share a host name). */
function hostMark(): string {
  return [
    hostname(),
    attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()),
    attempt(() => readlinkSync("/proc/self/ns/pid")),
  ].join(" ");
}

function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}

function parseOwner(text: string): Owner | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || !("pid" in value) || !("host" in value)) return undefined;
  const { pid, host } = value;
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid <= 0 || typeof host !== "string") return undefined;
  return { pid, host, start: "start" in value && typeof value.start === "string" ? value.start : undefined };
}
