/**
 * Turns what the system says into sentences, and adds what became of the files that were written before.
 */
import { Cancelled, EnvironmentError, HaloError, Refusal } from "../errors.ts";
import { errnoOf } from "./errno.ts";

interface Words {
  readonly what: string;
  readonly hint: string;
}

const PERMISSION: Words = {
  what: "no permission",
  hint: "Check who owns the file and its folder (ls -la), then run it again.",
};
const FULL: Words = { what: "the disk is full", hint: "Free some space, then run it again." };
const DISK: Words = { what: "the disk reported an error", hint: "Check the disk, then run it again." };
const BUSY: Words = {
  what: "something else holds it (an open program, or a mount)",
  hint: "Close what uses the file, then run it again.",
};

const WORDS: Readonly<Record<string, Words>> = {
  EACCES: PERMISSION,
  EPERM: { ...PERMISSION, what: "the system does not permit it" },
  EROFS: {
    what: "the file system is read-only",
    hint: "Make it writable or work in another folder, then run it again.",
  },
  ENOSPC: FULL,
  EDQUOT: { ...FULL, what: "the disk quota is used up" },
  EFBIG: { ...FULL, what: "the file would be larger than the system allows" },
  EIO: DISK,
  EBUSY: BUSY,
  ETXTBSY: BUSY,
  EMFILE: { what: "too many files are open", hint: "Close some programs, then run it again." },
  ENFILE: { what: "too many files are open", hint: "Close some programs, then run it again." },
  ENOTDIR: { what: "something in its path is a file, not a folder", hint: "Move that file away, then run it again." },
  ELOOP: { what: "its symbolic links lead in a circle", hint: "Repair the link, then run it again." },
  ENAMETOOLONG: { what: "its name is too long", hint: "Use a shorter path." },
};

/** A file whose old content could not be put back, and why. */
export interface Loss {
  readonly path: string;
  readonly reason: string;
}

/** What the rollback achieved. */
export interface Outcome {
  readonly restored: readonly string[];
  readonly lost: readonly Loss[];
}

/** "no permission": what an errno means in plain words. */
export function plainWords(code: string): string {
  return WORDS[code]?.what ?? `the system answered ${code}`;
}

/** A system error that hit a file, as an EnvironmentError. Anything else comes back as it is. */
export function explain(error: unknown, path: string): unknown {
  const code = errnoOf(error);
  if (code === undefined) return error;
  const hint = WORDS[code]?.hint ?? "Run it again.";
  return new EnvironmentError(
    `${path} could not be written: ${plainWords(code)} (${code}).`,
    { hint, cause: error },
    "write-failed",
  );
}

/** The same error, its message followed by what was rolled back. Claims nothing that did not happen. */
export function withOutcome(error: unknown, { restored, lost }: Outcome): unknown {
  if (error instanceof Cancelled) {
    return lost.length === 0 ? error : new Cancelled(`Cancelled. ${sentence({ restored, lost })}`, { cause: error });
  }
  if (error instanceof Refusal || error instanceof EnvironmentError) {
    const message = `${error.message.replace(/(?<![.!?:])$/, ".")} ${sentence({ restored, lost })}`;
    const details = { hint: error.hint, cause: error.cause ?? error };
    return error instanceof Refusal
      ? new Refusal(message, details, error.code)
      : new EnvironmentError(message, details, error.code);
  }
  if (error instanceof HaloError || lost.length === 0) return error;
  // A defect. The user still has to learn which files it left behind.
  return new EnvironmentError(
    `The run stopped on an internal error. ${sentence({ restored, lost })}`,
    { cause: error },
    "internal",
  );
}

function sentence({ restored, lost }: Outcome): string {
  if (restored.length === 0 && lost.length === 0) return "Nothing was changed.";
  const back = `Put back as before: ${restored.join(", ")}.`;
  if (lost.length === 0) return `${back} Nothing else was changed.`;
  const missing = `NOT put back: ${lost.map((loss) => `${loss.path} (${loss.reason})`).join(", ")}.`;
  return restored.length === 0 ? missing : `${missing} ${back}`;
}
