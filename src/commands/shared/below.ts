/** Entries for HALO in folders below: a session above them does not get them. */
import { join } from "node:path";
import { haloEntries } from "../../core/doctor/entries.ts";
import { jsonOf, property } from "../../core/formats/json.ts";
import { Cancelled } from "../../errors.ts";
import { run } from "../../io/git.ts";
import { readState } from "../../io/read.ts";
import type { Asked } from "./privacy.ts";

const MOST = 3;

/** The folders with HALO in a `.mcp.json` of their own, from the root; nothing if git cannot say. */
export async function haloBelow(asked: Asked): Promise<readonly string[]> {
  const { root: cwd, gitProgram: program, programEnv: env, signal } = asked;
  const isHalo = (path: string): boolean =>
    haloEntries(property(jsonOf(readState(join(cwd, path)), true), "mcpServers"), "project", "").length > 0;
  const argv = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ":(glob)*/**/.mcp.json"];
  try {
    if (program === undefined) return [];
    const { stdout } = await run({ program, cwd, env, signal }, argv, [0]);
    const found = [...new Set(stdout.split("\0"))].filter((path) => path !== "" && isHalo(path));
    return found.slice(0, MOST).map((path) => path.slice(0, -"/.mcp.json".length));
  } catch (error) {
    if (error instanceof Cancelled) throw error;
    return [];
  }
}
