/** Starts a program in place of this one: its terminal, input, output, signals and exit code are passed through. */
import { attempt } from "../errors.ts";
import type { Argv, Surroundings } from "./start-child.ts";

/** Node 22.15 and newer, not on Windows: this process becomes the program. Missing in the types of Node 20. */
type Execve = (path: string, argv: Argv, env: Surroundings["env"]) => never;

/** Out: the exit code, 128 and its number for a signal; or the errno name if it could not be started. */
export async function startProgram(argv: Argv, { cwd, env, platform }: Surroundings): Promise<number | string> {
  const { execve } = process as { execve?: Execve };
  if (platform !== "win32" && execve !== undefined) {
    // Node ignores these two, and the program would: a signal with a listener gets its default
    for (const name of ["SIGPIPE", "SIGXFSZ"] as const) process.on(name, () => undefined);
    // it throws if the program cannot be started there: then the reason is below
    attempt(() => {
      process.chdir(cwd);
      execve(argv[0], argv, env);
    });
  }
  const { startChild } = await import("./start-child.ts");
  return await startChild(argv, { cwd, env, platform });
}
