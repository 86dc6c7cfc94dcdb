import { writeSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import type { Readable, Writable } from "node:stream";

declare const __VERSION__: string;

export interface Output extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Input extends Readable {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
}

/** Everything that the program uses of its process. Built once and passed down; nothing else reads the process. */
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
  /** Writes to stdout without creating the stream, whose modules cost a tenth of `node -e 0`. */
  readonly print: (text: string) => void;
  readonly now: () => number;
  /** Aborted by Ctrl-C, SIGTERM and SIGHUP. */
  readonly signal: AbortSignal;
  readonly color: boolean;
  readonly unicode: boolean;
  /** Line by line: no spinner, no box, no cursor movement. */
  readonly plain: boolean;
  /** The secrets of this run: all output masks them. */
  readonly secrets: Set<string>;
  readonly templates: URL;
}

/** Whether an output has colours. `off`: the user said no. */
export function wantsColor(env: Context["env"], isTerminal: boolean, off: boolean): boolean {
  if (off || (env.NO_COLOR ?? "") !== "") return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== "0" && env.FORCE_COLOR !== "false";
  return isTerminal && env.TERM !== "dumb";
}

/** Old Windows consoles and the Linux console lack our signs. The first locale variable of three that is set counts (POSIX). */
function hasUnicode(env: Context["env"], platform: string): boolean {
  if (platform === "win32") return (env.WT_SESSION ?? env.TERM_PROGRAM ?? env.TERM) !== undefined;
  return env.TERM !== "linux" && /^$|utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || "");
}

/** Whether these words request JSON, even if they are wrong. */
export function wantsJson(argv: readonly string[]): boolean {
  return argv.includes("--json") || /--format[ =]json(?: |$)/.test(argv.join(" "));
}

/** The context of a real run. What takes time is made on first use: a stream a millisecond. `onLost`: output was lost. */
export function contextFromProcess(process: NodeJS.Process, signal: () => AbortSignal, onLost: () => void): Context {
  const { platform, arch, version: nodeVersion } = process;
  const cwd = process.cwd();
  const config = process.env.CLAUDE_CONFIG_DIR ?? "";
  // Claude Code is also started in other folders: relative paths must mean the same there
  const env = config === "" ? process.env : { ...process.env, CLAUDE_CONFIG_DIR: resolve(cwd, config) };
  const seen = new Set<Output>();
  /** A reader that closes the pipe (`| head`) is not an error. */
  const watched = (stream: Output): Output => {
    if (!seen.has(stream)) stream.on("error", (error: NodeJS.ErrnoException) => error.code === "EPIPE" || onLost());
    seen.add(stream);
    return stream;
  };
  return {
    cwd,
    env,
    platform,
    arch,
    nodeVersion,
    version: __VERSION__,
    unicode: hasUnicode(env, platform),
    plain: env.TERM === "dumb" || process.argv.includes("--plain"),
    secrets: new Set(),
    now: () => performance.now(),
    get signal() {
      return signal();
    },
    get templates() {
      return new URL("../templates/", import.meta.url);
    },
    get home() {
      return homedir();
    },
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return watched(process.stdout);
    },
    get stderr() {
      return watched(process.stderr);
    },
    get color() {
      return wantsColor(env, process.stderr.isTTY === true, process.argv.includes("--no-color"));
    },
    // the Windows console needs the stream, which knows its code page; so does a full pipe, and all later output
    print: (text) => {
      let bytes = Buffer.from(text);
      try {
        while (platform !== "win32" && seen.size === 0 && bytes.length > 0) bytes = bytes.subarray(writeSync(1, bytes));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EPIPE") return;
      }
      if (bytes.length > 0) watched(process.stdout).write(bytes);
    },
  };
}
