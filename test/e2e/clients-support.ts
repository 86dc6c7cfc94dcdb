/** What the end-to-end tests of the other clients share. */
import { dirname, join } from "node:path";
import { expect } from "vitest";
import type { Environment } from "../support/home.ts";
import { expectNoToken, flat, full, type Machine, program, type Run, withToken } from "./support.ts";

export const OTHER = "made.up.other.Pm3Jx8Qd5Wc1-a7b2";

/** Only these programs, besides those of the system. */
export const only = (m: Machine, ...programs: readonly string[]): Environment => {
  for (const name of programs) program(join(m.root, "bin"), name, "exit 1");
  return { PATH: `${join(m.root, "bin")}:${dirname(process.execPath)}:/usr/bin:/bin` };
};
export const init = (m: Machine, ...args: readonly string[]) =>
  m.run(full(m, ...args), { env: { ...only(m), ...withToken } });
/** What a run said that succeeded. */
export const succeeded = (run: Run): string => {
  expect(run.code, run.stdout + run.stderr).toBe(0);
  expectNoToken(run.stdout + run.stderr);
  return flat(run);
};
