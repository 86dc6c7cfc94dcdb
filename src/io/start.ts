/** Starts a program with the terminal, input and output of this one; signals and the exit code are passed on. */
import { once } from "node:events";
import { accessSync, closeSync, openSync, readSync, constants as rights } from "node:fs";
import { constants } from "node:os";
import { dirname, resolve } from "node:path";
import { attempt } from "../errors.ts";
import { readLatin1 } from "./read.ts";

export interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
}

export type Argv = readonly [string, ...string[]];

/** Node 22.15 and newer, not on Windows: this process becomes the program. Missing in the types of Node 20. */
type Execve = (path: string, argv: Argv, env: Surroundings["env"]) => never;

/** Starts it in place of this program. Out: the exit code, 128 and its number for a signal; or the errno name if it could not be started. */
export async function startProgram(argv: Argv, around: Surroundings): Promise<number | string> {
  const { execve } = process as { execve?: Execve };
  if (around.platform !== "win32" && execve !== undefined) {
    // Node ignores these two, and the program would: a signal with a listener gets its default
    for (const name of ["SIGPIPE", "SIGXFSZ"] as const) process.on(name, () => undefined);
    // if the program cannot be started there, the reason is below
    attempt(() => {
      process.chdir(around.cwd);
      if (canStart(argv[0])) execve(argv[0], argv, around.env);
    });
  }
  return await startChild(argv, around);
}

/** A program of Linux or macOS, or a script whose program is there. For anything else `execve` ends Node 22 and 24 with SIGABRT (26 throws, measured). */
function canStart(path: string): boolean {
  accessSync(path, rights.X_OK);
  const file = openSync(path, "r");
  const bytes = Buffer.alloc(256);
  const start = bytes.toString("latin1", 0, readSync(file, bytes));
  closeSync(file);
  const [, interpreter] = /^#![ \t]*(\/\S+)/.exec(start) ?? [];
  return interpreter === undefined
    ? /^(?:\x7fELF|\xcf\xfa\xed\xfe|\xca\xfe\xba\xbe)/.test(start)
    : canStart(interpreter);
}

/** Modules that take a fifth of `node -e 0`, which `execve` does not need. From Node 20.16 without the loader of ES modules. */
async function childModules() {
  const get = process.getBuiltinModule;
  return get === undefined
    ? { ...(await import("node:child_process")), ...(await import("node:tty")) }
    : { ...get("node:child_process"), ...get("node:tty") };
}

/** Starts it as a child of this program. Out: as `startProgram`. */
export async function startChild(argv: Argv, { cwd, env, platform }: Surroundings): Promise<number | string> {
  const { spawn, isatty } = await childModules();
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
