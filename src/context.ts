import { homedir } from "node:os";
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

function wantsColor(env: Context["env"], stderr: Output, argv: readonly string[]): boolean {
  if (argv.includes("--no-color")) return false;
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== "") return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== "0" && env.FORCE_COLOR !== "false";
  return stderr.isTTY === true && env.TERM !== "dumb";
}

/** Windows consoles other than the modern terminals, and Linux's own console, lack the signs we use. */
function hasUnicode(env: Context["env"], platform: string): boolean {
  if (platform !== "win32") return env.TERM !== "linux" && env.TERM !== "dumb";
  return env.WT_SESSION !== undefined || env.TERM_PROGRAM !== undefined || env.TERM !== undefined;
}

/** What the process itself does not know. */
export type Given = Pick<Context, "signal" | "version" | "templates">;

export function contextFromProcess(process: NodeJS.Process, given: Given): Context {
  const { env, platform, stderr } = process;
  return {
    cwd: process.cwd(),
    env,
    home: homedir(),
    platform,
    arch: process.arch,
    nodeVersion: process.version,
    ...given,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr,
    now: () => performance.now(),
    color: wantsColor(env, stderr, process.argv),
    unicode: hasUnicode(env, platform),
    secrets: new Set(),
  };
}
