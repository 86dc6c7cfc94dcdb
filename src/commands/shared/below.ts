/** Entries for HALO elsewhere than in the `.mcp.json` of a folder. */
import { join } from "node:path";
import { documentOf, kindOf, PLACES } from "../../core/check/documents.ts";
import { isHaloUnread } from "../../core/check/servers.ts";
import { haloEntries } from "../../core/doctor/entries.ts";
import { jsonOf, property } from "../../core/formats/json.ts";
import { HALO_URL } from "../../core/halo.ts";
import { Cancelled } from "../../errors.ts";
import { run } from "../../io/git.ts";
import { readDocument, readState } from "../../io/read.ts";
import type { Asked } from "./privacy.ts";

const MOST = 3;

function isHalo(path: string): boolean {
  const servers = property(jsonOf(readState(path), true), "mcpServers");
  return servers !== undefined && haloEntries(servers, "project", "").length > 0;
}

/** The `.mcp.json` with HALO in the folders above the first of these. */
export function haloAbove([, ...folders]: readonly string[]): string | undefined {
  return folders.map((folder) => join(folder, ".mcp.json")).find(isHalo);
}

/** `below`: the folders with HALO in a `.mcp.json` of their own; `misplaced`: the files with HALO that Claude Code does not read. From the root. */
export async function haloElsewhere(asked: Asked) {
  const misplaced = [...PLACES.besideMcp, "mcp.json"].filter((path) => {
    const [kind, reading] = [kindOf(path), readDocument(join(asked.root, path))];
    if (kind === undefined || reading.kind !== "read") return false;
    return isHaloUnread(documentOf({ ...reading, path, kind, tracked: false, ignored: false }), HALO_URL);
  });
  return { below: await haloBelow(asked), misplaced };
}

/** Nothing if git cannot say. */
async function haloBelow(asked: Asked): Promise<readonly string[]> {
  const { root: cwd, gitProgram: program, programEnv: env, signal } = asked;
  const argv = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ":(glob)*/**/.mcp.json"];
  try {
    if (program === undefined) return [];
    const { stdout } = await run({ program, cwd, env, signal }, argv, [0]);
    // not `.claude/.mcp.json`, which nobody reads
    const paths = [...new Set(stdout.split("\0"))].filter((path) => kindOf(path) === "mcp");
    const found = paths.filter((path) => isHalo(join(cwd, path)));
    return found.slice(0, MOST).map((path) => path.slice(0, -"/.mcp.json".length));
  } catch (error) {
    if (error instanceof Cancelled) throw error;
    return [];
  }
}
