/** The programs that a command starts, and what they are started with. */
import type { Context } from "../../context.ts";
import { findRoot } from "../../io/git.ts";
import { findProgram, trustedEnv, untrusted } from "../../io/programs.ts";

export interface Programs {
  /** The absolute path of a program on PATH. */
  readonly find: (name: string) => string | undefined;
  /** What every program is started with, see `trustedEnv`. */
  readonly env: Context["env"];
}

/** A repository must not supply what is run: not the one that is worked in, nor the one that is stood in. */
export function programsFor(context: Context, root: string, repository: string): Programs {
  const exclude = untrusted(context.home, [repository, root, findRoot(context.cwd) ?? context.cwd, context.cwd]);
  const options = { env: context.env, platform: context.platform, exclude };
  return { find: (name) => findProgram(name, options), env: trustedEnv(options) };
}
