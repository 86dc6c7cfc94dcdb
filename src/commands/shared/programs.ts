/** The programs that a command starts, such as Claude Code, and the user's own files of Claude Code. */
import { join, resolve } from "node:path";
import type { Context } from "../../context.ts";
import { programsOn, untrusted } from "../../io/programs.ts";
import { findRoot } from "../../io/read.ts";

/** The programs of PATH and their environment, neither from the command's repositories nor from the current folder's. */
export function programsFor(context: Context, root: string, ...repositories: readonly string[]) {
  const exclude = untrusted(context.home, [...repositories, root, findRoot(context.cwd) ?? context.cwd, context.cwd]);
  return programsOn({ env: context.env, platform: context.platform, exclude });
}

/** The store and the user's settings. With CLAUDE_CONFIG_DIR both are in that folder (Claude Code 2.1.330, measured). */
export function ownFiles({ cwd, env, home }: Pick<Context, "cwd" | "env" | "home">) {
  const given = env.CLAUDE_CONFIG_DIR ?? "";
  const folder = given === "" ? join(home, ".claude") : resolve(cwd, given);
  return { store: join(given === "" ? home : folder, ".claude.json"), userSettings: join(folder, "settings.json") };
}
