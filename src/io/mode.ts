import { chmodSync, statSync } from "node:fs";
import { EnvironmentError } from "../errors.ts";

/** Gives an existing file this mode. Out: the mode it had, when it was another one. Throws EnvironmentError. */
export function setMode(path: string, mode: number): number | undefined {
  try {
    const before = statSync(path).mode & 0o777;
    if (before === mode) return undefined;
    chmodSync(path, mode);
    return before;
  } catch (cause) {
    throw new EnvironmentError(`the mode of ${path} could not be changed`, { hint: `ls -l ${path}`, cause });
  }
}
