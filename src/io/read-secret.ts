import { existsSync, readFileSync, statSync } from "node:fs";
import type { Readable } from "node:stream";
import { Cancelled, EnvironmentError, UsageError } from "../errors.ts";

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

/**
 * The text of a file that holds a token. Throws EnvironmentError when it cannot be read. A path where nothing is, is
 * not repeated: somebody may have put the token itself there.
 */
export function readSecretFile(path: string): string {
  if (!existsSync(path))
    throw new EnvironmentError("--token-file: there is no such file", {
      hint: "give the path of a file that holds the token and nothing else",
    });
  try {
    const stat = statSync(path);
    // a pipe too: `--token-file <(pass show halo)`
    if ((!stat.isFile() && !stat.isFIFO()) || stat.size > MAX_BYTES) throw new Error("not a small file");
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new EnvironmentError(`--token-file: ${path} cannot be read, or is no file of at most 64 KiB`, {
      hint: `ls -l ${path}`,
      cause,
    });
  }
}
