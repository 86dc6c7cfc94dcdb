/** Reads a token from standard input or from a file. */
import { constants, openSync, readFileSync, statSync } from "node:fs";
import { Socket } from "node:net";
import { addAbortSignal, type Readable } from "node:stream";
import { attempt, Cancelled, EnvironmentError, UsageError } from "../errors.ts";

/** No token is longer. */
const MAX_BYTES = 64 * 1024;

export interface Patience {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Called once if it takes longer than two seconds, with the flag. */
  readonly onWait: (flag: string) => void;
}

/** The whole stream, up to 64 KiB. Throws Cancelled on abort, UsageError if it is longer, EnvironmentError if it takes too long. */
async function readAll(stream: Readable, flag: string, { signal, timeoutMs, onWait }: Patience): Promise<string> {
  const limit = AbortSignal.timeout(timeoutMs);
  const waits = setTimeout(onWait, 2000, flag);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of addAbortSignal(AbortSignal.any([signal, limit]), stream)) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      if (size > MAX_BYTES) throw new UsageError(`${flag}: the input is larger than 64 KiB`);
      chunks.push(bytes);
    }
  } catch (error) {
    if (signal.aborted) throw new Cancelled();
    if (!limit.aborted) throw error;
    throw new EnvironmentError(`${flag}: the input did not end in time`, { hint: "give it more: --timeout 120" });
  } finally {
    clearTimeout(waits);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** A token from standard input. Throws UsageError for a terminal, which would show what is typed. */
export async function readStdin(stdin: Readable & { readonly isTTY?: boolean }, patience: Patience): Promise<string> {
  if (stdin.isTTY === true)
    throw new UsageError("--token-stdin: standard input is a terminal, which would show the token", {
      hint: "pass it from a program or a file: npx create-halo-mcp --token-stdin < token.txt",
    });
  return await readAll(stdin, "--token-stdin", patience);
}

/** The text of a file with a token. Throws EnvironmentError, Cancelled. A missing path may be the token: not repeated. */
export async function readSecretFile(path: string, patience: Patience): Promise<string> {
  const stat = attempt(() => statSync(path));
  if (stat === undefined)
    throw new EnvironmentError("--token-file: there is no such file", {
      hint: "give the path of a file that contains only the token",
    });
  if (stat.isFIFO()) {
    // `--token-file <(pass show halo)`; as a socket, because Ctrl-C cannot end a blocking read
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return await readAll(new Socket({ fd, readable: true, writable: false }), "--token-file", patience);
  }
  const text = stat.isFile() && stat.size <= MAX_BYTES ? attempt(() => readFileSync(path, "utf8")) : undefined;
  if (text !== undefined) return text;
  const message = `--token-file: ${path} cannot be read, or is larger than 64 KiB`;
  throw new EnvironmentError(message, { hint: `ls -l ${path}` });
}
