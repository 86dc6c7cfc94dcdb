import { Cancelled } from "../errors.ts";

export interface ExecResult {
  /** Exit code, or undefined when the program never ran or was ended. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  /** ENOENT, EACCES, … when it could not be started. */
  readonly startError: string | undefined;
}

export interface ExecOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
  readonly timeoutMs: number;
  /** From the limit to the end that nothing escapes, where the usual is too long. */
  readonly graceMs?: number;
  readonly signal: AbortSignal;
}

/** From a friendly signal to one that cannot be ignored. */
const GRACE_MS = 2000;

/**
 * Runs a program without a shell and returns what it said; throws Cancelled alone. Nothing of execa's errors is
 * passed on: they carry the whole argv in message, stack and cause.
 */
export async function exec(argv: readonly [string, ...string[]], options: ExecOptions): Promise<ExecResult> {
  const { execa } = await import("execa");
  const graceMs = options.graceMs ?? GRACE_MS;
  const [program, ...args] = argv;
  // a group of its own: what the program started would otherwise hold its output open beyond any limit
  const grouped = process.platform !== "win32";
  const running = execa(program, args, {
    detached: grouped,
    cwd: options.cwd,
    env: { ...options.env },
    extendEnv: false,
    ...(options.stdin === undefined ? { stdin: "ignore" as const } : { input: options.stdin }),
    timeout: options.timeoutMs,
    cancelSignal: options.signal,
    forceKillAfterDelay: graceMs,
    maxBuffer: 1024 * 1024,
    reject: false,
    stripFinalNewline: true,
    windowsHide: true,
  });
  const { pid } = running;
  const end = (): void => {
    try {
      if (pid !== undefined && grouped) process.kill(-pid, "SIGKILL");
    } catch {
      // all of them have ended
    }
    // one that left the group lives on, and may hold the output open
    running.stdout?.destroy();
    running.stderr?.destroy();
  };
  const timers = [setTimeout(end, options.timeoutMs + graceMs)];
  const aborted = (): void => void timers.push(setTimeout(end, graceMs));
  options.signal.addEventListener("abort", aborted, { once: true });
  const result = await running;
  options.signal.removeEventListener("abort", aborted);
  for (const timer of timers) clearTimeout(timer);
  if (options.signal.aborted) throw new Cancelled();
  const startError =
    result.exitCode === undefined && !result.timedOut && !result.isTerminated && result.code !== undefined
      ? result.code
      : undefined;
  return {
    exitCode: result.exitCode,
    stdout: typeof result.stdout === "string" ? result.stdout : "",
    stderr: typeof result.stderr === "string" ? result.stderr : "",
    timedOut: result.timedOut,
    startError,
  };
}
