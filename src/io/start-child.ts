/** Starts a program as a child of this one, and passes signals and the exit code on. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { dirname, resolve } from "node:path";
import { isatty } from "node:tty";
import { readLatin1 } from "./read.ts";

export interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
}

export type Argv = readonly [string, ...string[]];

export async function startChild(argv: Argv, { cwd, env, platform }: Surroundings): Promise<number | string> {
  const [program, ...args] = platform === "win32" ? behindShim(argv) : argv;
  const options = { cwd, env: { ...env }, stdio: "inherit" } as const;
  const isShell = platform === "win32" && !/\.(?:exe|com)$/i.test(program);
  // Node starts no `.cmd` without a shell: execa quotes for it
  const child = isShell
    ? (await import("execa")).execa(program, args, { ...options, extendEnv: false, reject: false })
    : spawn(program, args, options);
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.removeAllListeners(name);
    // Ctrl-C in a terminal reaches the program by itself; on Windows nothing else sends this signal, and `kill` would end it at once
    process.on(name, () => (name === "SIGINT" && (isatty(0) || platform === "win32")) || child.kill(name));
  }
  try {
    const [code, signal]: (number | NodeJS.Signals | null)[] = await once(child, "exit");
    return typeof code === "number" ? code : 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "unknown";
  }
}

/** What npm and pnpm write into a `.cmd`: the program or script behind it, seen from its folder. `%*`: all arguments. */
const SHIM = /"%(?:~dp0|dp0%)\\?([^"%]+\.(?:exe|[cm]?js))"\s+%\*/i;

/** A `.cmd` is a batch file of a shell, with its own rules for quotes and its own question after Ctrl-C. */
function behindShim(argv: Argv): Argv {
  const [program, ...args] = argv;
  const [, inside] = SHIM.exec(/\.cmd$/i.test(program) ? (readLatin1(program) ?? "") : "") ?? [];
  if (inside === undefined) return argv;
  const path = resolve(dirname(program), inside.replaceAll("\\", "/"));
  return /\.exe$/i.test(path) ? [path, ...args] : [process.execPath, path, ...args];
}
