/** The program of Claude Code. */
import { dirname, join, parse } from "node:path";
import type { Context } from "../../context.ts";
import { clearDeadFolders } from "../../io/ask-client.ts";
import { readClaude } from "../../io/claude.ts";
import type { programsFor } from "./programs.ts";

/** npm on Windows installs a `.cmd`, which Node cannot start without a shell: the real program is next to it. */
function runnable(path: string): string {
  return /\.(?:cmd|bat|ps1)$/i.test(path)
    ? join(dirname(path), "node_modules", "@anthropic-ai", "claude-code", "bin", "claude.exe")
    : path;
}

/** The `claude` of PATH, and its version. `limit`: how long that may take. */
export async function claudeOf(
  { cwd, signal }: Pick<Context, "cwd" | "signal">,
  { find, env }: ReturnType<typeof programsFor>,
  limit?: Parameters<typeof readClaude>[2],
) {
  await clearDeadFolders();
  const path = find("claude");
  if (path === undefined) return { claude: undefined, claudeIs: "none" } as const;
  return await readClaude(runnable(path), { cwd: parse(cwd).root, env, signal }, limit);
}
