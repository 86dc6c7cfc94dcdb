/** Claude Code on this machine: its program, and the files that are a person's own. */
import { dirname, join, parse, resolve } from "node:path";
import type { Context } from "../../context.ts";
import { type ClaudeProgram, readClaude } from "../../io/claude.ts";
import type { Programs } from "./programs.ts";

/** The store and the user's settings. With CLAUDE_CONFIG_DIR both lie in that folder (claude-code facts, section 2). */
export function ownFiles(context: Pick<Context, "cwd" | "env" | "home">): {
  readonly store: string;
  readonly userSettings: string;
} {
  const given = context.env.CLAUDE_CONFIG_DIR;
  if (given === undefined || given === "")
    return {
      store: join(context.home, ".claude.json"),
      userSettings: join(context.home, ".claude", "settings.json"),
    };
  const folder = resolve(context.cwd, given);
  return { store: join(folder, ".claude.json"), userSettings: join(folder, "settings.json") };
}

/** npm on Windows installs a `.cmd` that Node cannot start without a shell: the program it calls lies beside it. */
function runnable(path: string): string {
  return /\.(?:cmd|bat|ps1)$/i.test(path)
    ? join(dirname(path), "node_modules", "@anthropic-ai", "claude-code", "bin", "claude.exe")
    : path;
}

export interface FoundClaude {
  readonly claude: ClaudeProgram | undefined;
  /** There is a claude program, but it does not say its version. */
  readonly silent: boolean;
  /** Because there was no time for it. */
  readonly late: boolean;
}

/** The `claude` of PATH. */
export function pathOfClaude({ find }: Programs): string | undefined {
  const path = find("claude");
  return path === undefined ? undefined : runnable(path);
}

/** Asks the program for its version. `env`: what it is started with, see `trustedEnv`. */
export async function versionOf(
  context: Context,
  root: string,
  path: string | undefined,
  env: Context["env"],
  limit?: Parameters<typeof readClaude>[2],
): Promise<FoundClaude> {
  if (path === undefined) return { claude: undefined, silent: false, late: false };
  const surroundings = { cwd: parse(root).root, env, signal: context.signal };
  const { claude, late } = await readClaude(path, surroundings, limit);
  return { claude, silent: claude === undefined, late };
}
