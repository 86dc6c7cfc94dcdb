import { chmodSync, statSync } from "node:fs";
import { EnvironmentError } from "../errors.ts";

/** Gives an existing file this mode. Out: whether it had another one. Throws EnvironmentError. */
export function setMode(path: string, mode: number): boolean {
  try {
    if ((statSync(path).mode & 0o777) === mode) return false;
    chmodSync(path, mode);
    return true;
  } catch (cause) {
    throw new EnvironmentError(`the mode of ${path} could not be changed`, { hint: `ls -l ${path}`, cause });
  }
}
