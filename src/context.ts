import { fstatSync, writeSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import type { Readable, Writable } from "node:stream";

export interface Output extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Input extends Readable {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
}

/** Everything that the program takes from the process it runs in. Built once, passed down, never reached for. */
export interface Context {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly platform: string;
  readonly arch: string;
  readonly nodeVersion: string;
  readonly version: string;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Writes to stdout and is done: for `--help`, which needs no stream. */
  readonly print: (text: string) => void;
  /** Whether somebody looks at stdout: known without the stream, where that is a pipe or a file. */
  readonly isWatched: boolean;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Aborted by Ctrl-C, SIGTERM and SIGHUP. */
  readonly signal: AbortSignal;
  readonly color: boolean;
  readonly unicode: boolean;
  /** Secrets that came up in this run: every printer masks them. */
  readonly secrets: Set<string>;
  /** The folder of the texts that we write or show. */
  readonly templates: URL;
}

/** Whether one output is to be coloured. `off`: somebody said no. */
export function wantsColor(env: Context["env"], isTerminal: boolean, off: boolean): boolean {
  if (off) return false;
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== "") return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== "0" && env.FORCE_COLOR !== "false";
  return isTerminal && env.TERM !== "dumb";
}

/**
 * Windows consoles other than the modern terminals, and Linux's own console, lack the signs we use; and where a locale is named, it
 * says what bytes mean: the first that is set of these three (POSIX, "Environment Variables").
 */
function hasUnicode(env: Context["env"], platform: string): boolean {
  if (platform !== "win32") {
    const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((text) => text !== undefined && text !== "");
    return env.TERM !== "linux" && env.TERM !== "dumb" && (locale === undefined || /utf-?8/i.test(locale));
  }
  return env.WT_SESSION !== undefined || env.TERM_PROGRAM !== undefined || env.TERM !== undefined;
}

/**
 * Writes without making the stream, whose modules cost a tenth of `node -e 0`. Windows' console wants the stream (it
 * knows the code page), and so does a pipe that is full.
 */
function printTo(process: NodeJS.Process, text: string, stdout: () => Output): void {
  const bytes = Buffer.from(text);
  let written = 0;
  try {
    while (process.platform !== "win32" && written < bytes.length) written += writeSync(1, bytes, written);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPIPE") return;
  }
  if (written < bytes.length) stdout().write(bytes.subarray(written));
}

function isWatched(process: NodeJS.Process): boolean {
  try {
    if (!fstatSync(1).isCharacterDevice()) return false;
  } catch {
    // closed, or a console of Windows that has no such facts
  }
  return process.stdout.isTTY === true;
}

/** What the process itself does not know. */
export type Given = Pick<Context, "signal" | "version" | "templates"> & {
  /** What was said did not arrive: a full disk, say. */
  readonly onLost: () => void;
};

interface RealContext extends Context {
  /** A stream was made, so that something may still be on its way. */
  readonly hasStreams: boolean;
}

const seen = new WeakSet<Output>();

/** A reader that goes away (`| head`) is no error of ours; a full disk is: what was said did not arrive. */
function watched(stream: Output, onLost: () => void): Output {
  if (!seen.has(stream)) {
    seen.add(stream);
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") onLost();
    });
  }
  return stream;
}

/** Claude Code is started in other folders too: what is relative to this one must mean the same there. */
function withWholePaths(env: Context["env"], cwd: string): Context["env"] {
  const folder = env.CLAUDE_CONFIG_DIR;
  return folder === undefined || folder === "" ? env : { ...env, CLAUDE_CONFIG_DIR: resolve(cwd, folder) };
}

/** The context of a real run. The streams are made when they are first used: each costs a millisecond of `--help`. */
export function contextFromProcess(process: NodeJS.Process, given: Given): RealContext {
  const { platform } = process;
  let hasStreams = false;
  const stream = (made: Output): Output => {
    hasStreams = true;
    return watched(made, given.onLost);
  };
  const cwd = process.cwd();
  const env = withWholePaths(process.env, cwd);
  return {
    cwd,
    env,
    get home() {
      return homedir();
    },
    platform,
    arch: process.arch,
    nodeVersion: process.version,
    signal: given.signal,
    version: given.version,
    get templates() {
      return given.templates;
    },
    get stdin() {
      hasStreams = true;
      return process.stdin;
    },
    get stdout() {
      return stream(process.stdout);
    },
    get stderr() {
      return stream(process.stderr);
    },
    get hasStreams() {
      return hasStreams;
    },
    now: () => performance.now(),
    get isWatched() {
      return isWatched(process);
    },
    print: (text) => printTo(process, text, () => stream(process.stdout)),
    get color() {
      return wantsColor(env, process.stderr.isTTY === true, process.argv.includes("--no-color"));
    },
    unicode: hasUnicode(env, platform),
    secrets: new Set(),
  };
}
