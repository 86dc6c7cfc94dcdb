/** Reads a token that is handed over by standard input or by a file. */
import { closeSync, constants, existsSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { Cancelled, EnvironmentError, UsageError } from "../errors.ts";
import { errnoOf } from "./read.ts";

/** More than this is no token, whatever it is. */
const MAX_BYTES = 64 * 1024;

/** Everything on standard input, up to 64 KiB. Throws Cancelled on abort, UsageError when it is more. */
export async function readStdin(stdin: Readable, signal: AbortSignal): Promise<string> {
  // an abort that is over fires no event, and an open terminal would be read for ever
  if (signal.aborted) throw new Cancelled();
  const chunks: Buffer[] = [];
  let size = 0;
  const stop = (): void => void stdin.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of stdin) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      if (size > MAX_BYTES) throw new UsageError("--token-stdin: more than 64 KiB on standard input is no token");
      chunks.push(bytes);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
  if (signal.aborted) throw new Cancelled();
  return Buffer.concat(chunks).toString("utf8");
}

/** A pipe that nobody has written to is empty after so long, milliseconds: it may be that nobody ever will. */
const PATIENCE_MS = 2000;
const PAUSE_MS = 20;

/** A pipe is read without waiting inside the system, where no Ctrl-C would end the wait. */
async function readPipe(path: string, signal: AbortSignal): Promise<string> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const bytes = Buffer.alloc(MAX_BYTES + 1);
  const next = (at: number): number | undefined => {
    try {
      return readSync(fd, bytes, at, bytes.length - at, null);
    } catch (error) {
      if (errnoOf(error) === "EAGAIN") return undefined;
      throw error;
    }
  };
  try {
    let size = 0;
    for (let waited = 0; ; waited += PAUSE_MS) {
      if (signal.aborted) throw new Cancelled();
      if (size > MAX_BYTES) throw new Error("too much");
      const count = next(size);
      // without a writer a pipe is at its end, even before the first
      if (count === 0 && size > 0) return bytes.toString("utf8", 0, size);
      if (count === 0 && waited >= PATIENCE_MS)
        throw new EnvironmentError(
          `--token-file: nothing was written to the pipe ${path} within ${PATIENCE_MS / 1000} s`,
        );
      size += count ?? 0;
      if (!count) await sleep(PAUSE_MS);
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * The text of a file that holds a token. Throws EnvironmentError when it cannot be read, Cancelled on abort. A path where nothing
 * is, is not repeated: somebody may have put the token itself there.
 */
export async function readSecretFile(path: string, signal: AbortSignal): Promise<string> {
  if (!existsSync(path))
    throw new EnvironmentError("--token-file: there is no such file", {
      hint: "give the path of a file that holds the token and nothing else",
    });
  try {
    const stat = statSync(path);
    // `--token-file <(pass show halo)`
    if (stat.isFIFO()) return await readPipe(path, signal);
    if (!stat.isFile() || stat.size > MAX_BYTES) throw new Error("not a small file");
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof Cancelled || cause instanceof EnvironmentError) throw cause;
    throw new EnvironmentError(`--token-file: ${path} cannot be read, or is no file of at most 64 KiB`, {
      hint: `ls -l ${path}`,
      cause,
    });
  }
}
