/** Starts a program in place of this one: its terminal, input, output, signals and exit code are passed through. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";

export interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  /** Ctrl-C in a terminal reaches the program by itself. */
  readonly isTerminal: boolean;
}

/** Out: the exit code, 128 and its number for a signal; or the errno name if it could not be started. */
export async function startProgram([program, ...args]: readonly [string, ...string[]], around: Surroundings) {
  const { cwd, env, platform, isTerminal } = around;
  if (platform === "win32") {
    // Node starts no `.cmd` without a shell: execa finds the program behind it
    const { execa } = await import("execa");
    const { exitCode, code } = await execa(program, args, {
      cwd,
      env: { ...env },
      extendEnv: false,
      stdio: "inherit",
      reject: false,
    });
    return exitCode ?? code ?? 1;
  }
  const child = spawn(program, args, { cwd, env: { ...env }, stdio: "inherit" });
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.removeAllListeners(name);
    process.on(name, () => {
      if (name !== "SIGINT" || !isTerminal) child.kill(name);
    });
  }
  try {
    const [code, signal]: (number | NodeJS.Signals | null)[] = await once(child, "exit");
    return typeof code === "number" ? code : 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "unknown";
  }
}
