/** The programs that a command starts, such as Claude Code, and the user's own files of Claude Code. */
import { dirname, join, parse, resolve } from "node:path";
import type { Context } from "../../context.ts";
import type { readClaude } from "../../io/claude.ts";
import { findRoot } from "../../io/git.ts";
import { findProgram, trustedEnv, untrusted } from "../../io/programs.ts";

/** The programs of PATH and their environment, neither from the command's repository nor from the current folder's. */
export function programsFor(context: Context, root: string, repository: string) {
  const exclude = untrusted(context.home, [repository, root, findRoot(context.cwd) ?? context.cwd, context.cwd]);
  const options = { env: context.env, platform: context.platform, exclude };
  return { find: (name: string) => findProgram(name, options), env: trustedEnv(options) };
}

/** The store and the user's settings. With CLAUDE_CONFIG_DIR both are in that folder (Claude Code 2.1.330, measured). */
export function ownFiles({ cwd, env, home }: Pick<Context, "cwd" | "env" | "home">) {
  const given = env.CLAUDE_CONFIG_DIR ?? "";
  const folder = given === "" ? join(home, ".claude") : resolve(cwd, given);
  return { store: join(given === "" ? home : folder, ".claude.json"), userSettings: join(folder, "settings.json") };
}

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
  // not on the way of `check`
  const [claude, { clearDeadFolders }] = await Promise.all([
    import("../../io/claude.ts"),
    import("../../io/private-folder.ts"),
  ]);
  await clearDeadFolders();
  const path = find("claude");
  if (path === undefined) return { claude: undefined, claudeIs: "none" } as const;
  return await claude.readClaude(runnable(path), { cwd: parse(cwd).root, env, signal }, limit);
}
