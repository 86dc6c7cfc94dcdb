/** Finds programs on PATH, but never one from the repository, and runs them. */
import { accessSync, constants, existsSync, realpathSync, statSync } from "node:fs";
import { join, posix, sep, win32 } from "node:path";
import { attempt, Cancelled } from "../errors.ts";
import { foldersFrom, isInside } from "./read.ts";

type Env = Readonly<Record<string, string | undefined>>;

export interface FindOptions {
  readonly env: Env;
  readonly platform: string;
  /** Folders whose programs are never used, such as the repository. */
  readonly exclude: readonly string[];
}

/** PATH. Windows also accepts Path, but a copied environment object is case-sensitive. */
function isPath(name: string, platform: string): boolean {
  return (platform === "win32" ? name.toUpperCase() : name) === "PATH";
}

/** The absolute folders of PATH. Relative and empty entries mean the current folder, which is the repository. */
export function foldersOf(env: Env, platform: string): readonly string[] {
  const path = Object.entries(env).find(([name]) => isPath(name, platform))?.[1] ?? "";
  if (platform !== "win32") return path.split(":").filter((folder) => folder.startsWith("/"));
  const folders = path.split(";").map((folder) => folder.trim().replace(/^"(.*)"$/, "$1"));
  // "\tools" is relative to the current drive, "C:tools" to the current folder of C
  return folders.filter((folder) => /^[A-Za-z]:[\\/]|^[\\/]{2}[^\\/]/.test(folder));
}

/** Every path where the program could be, in these folders. Windows: Node cannot start a `.cmd` without a shell, but it names its program. */
export function programCandidates(name: string, folders: readonly string[], platform: string): readonly string[] {
  if (platform !== "win32") return folders.map((folder) => posix.join(folder, name));
  return folders.flatMap((folder) => [".exe", ".cmd"].map((end) => win32.join(folder, name + end)));
}

/** Folders whose programs are never run: these, but not around the user's home, and every `node_modules` above them, which npx puts on PATH. */
export function untrusted(home: string, folders: readonly string[]): readonly string[] {
  const all = [...new Set(folders)];
  const own = real(home) ?? home;
  const modules = new Set(all.flatMap(foldersFrom).map((folder) => join(folder, "node_modules")));
  return [...all.filter((folder) => !isInside(own, folder)), ...modules];
}

/**
 * The programs on PATH that are in none of the folders of `exclude`. `find`: the absolute path of one, or undefined; takes a bare name, never a path.
 * `env`: the environment of such a program: what it finds on PATH must not be a repository's either. Claude Code 2.1.197 runs `git` (measured 2026-11-22).
 */
export function programsOn({ env, platform, exclude }: FindOptions) {
  const isOwn = outsideOf(exclude, platform);
  const folders = [...new Set(foldersOf(env, platform).filter(isOwn))];
  const rest = Object.entries(env).filter(([name]) => !isPath(name, platform));
  const trusted: Env = { ...Object.fromEntries(rest), PATH: folders.join(platform === "win32" ? ";" : ":") };
  return {
    /** Does this path exist, and lead to none of these folders? */
    isOwn,
    find: (name: string) => programCandidates(name, folders, platform).find((path) => isProgram(path) && isOwn(path)),
    env: trusted,
  };
}

function outsideOf(exclude: readonly string[], platform: string): (path: string) => boolean {
  // Windows does not distinguish capital letters, and its terminals start with `c:` as well as `C:`
  const folded = (path: string): string => (platform === "win32" ? path.toLowerCase() : path);
  const excluded = exclude.map((folder) => folded(join(real(folder) ?? folder, sep)));
  return (path) => {
    const place = real(path);
    // both are real: their texts can be compared, which takes less than `isInside`
    return place !== undefined && !excluded.some((folder) => folded(`${place}${sep}`).startsWith(folder));
  };
}

/** Most of these folders are absent: an exception costs more than the question. */
const real = (path: string): string | undefined => (existsSync(path) ? attempt(() => realpathSync(path)) : undefined);

function isProgram(path: string): boolean {
  // on Windows: does it exist?
  const canRun = (): boolean => accessSync(path, constants.X_OK) === undefined && statSync(path).isFile();
  return existsSync(path) && (attempt(canRun) ?? false);
}

/** A process group of its own, so that what a program started ends with it (`endGroup`). */
export const OWN_GROUP = { detached: process.platform !== "win32", windowsHide: true };

export function endGroup(pid: number | undefined): void {
  // fails if the group is gone
  attempt(() => OWN_GROUP.detached && pid !== undefined && process.kill(-pid, "SIGKILL"));
}

export type ExecResult = Awaited<ReturnType<typeof exec>>;

export interface ExecOptions {
  readonly cwd: string;
  readonly env: Env;
  /** A text, or a conversation: `said` is what the program has printed so far, undefined once it has ended. */
  readonly stdin?: string | ((said: () => string | undefined) => AsyncIterable<string>);
  /** It does not end by itself after the conversation: it is ended then. */
  readonly endsAfter?: boolean;
  readonly timeoutMs: number;
  /** The time between SIGTERM and SIGKILL, if the default is too long. */
  readonly graceMs?: number;
  readonly signal: AbortSignal;
}

const GRACE_MS = 2000;

/** Runs a program without a shell. Throws only Cancelled: execa's errors contain the whole argv. */
export async function exec(argv: readonly [string, ...string[]], options: ExecOptions) {
  const { execa } = await import("execa");
  const { Readable } = await import("node:stream");
  const { cwd, env, stdin, endsAfter = false, timeoutMs, graceMs = GRACE_MS, signal } = options;
  const [program, ...args] = argv;
  let said: string | undefined = "";
  const input = typeof stdin === "function" ? Readable.from(stdin(() => said)) : stdin;
  const running = execa(program, args, {
    ...OWN_GROUP,
    cwd,
    env: { ...env },
    extendEnv: false,
    ...(input === undefined ? { stdin: "ignore" as const } : { input }),
    timeout: timeoutMs,
    cancelSignal: signal,
    forceKillAfterDelay: graceMs,
    maxBuffer: 1024 * 1024,
    reject: false,
  });
  if (typeof stdin === "function") running.stdout?.on("data", (chunk) => (said += chunk));
  if (endsAfter && input instanceof Readable) input.once("close", () => running.kill("SIGKILL"));
  // at our own exit too: a server would go on
  const end = (): void => endGroup(running.pid);
  process.once("exit", end);
  running.once("exit", () => {
    said = undefined;
    end();
    // a process that left the group may keep the output open for ever
    const letGo = (): void => {
      running.stdout?.destroy();
      running.stderr?.destroy();
    };
    setTimeout(letGo, graceMs).unref();
  });
  const result = await running;
  process.off("exit", end);
  said = undefined;
  if (signal.aborted) throw new Cancelled();
  const { exitCode, timedOut, isTerminated, code, stdout = "", stderr = "" } = result;
  return {
    /** Undefined if the program never ran or was ended. */
    exitCode,
    stdout: String(stdout),
    stderr: String(stderr),
    timedOut,
    /** ENOENT, EACCES, … if it could not be started. */
    startError: exitCode === undefined && !timedOut && !isTerminated ? code : undefined,
  };
}
