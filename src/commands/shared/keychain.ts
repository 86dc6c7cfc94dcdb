/** Reads tokens from the system's store, as Claude Code does for entries that the wizard wrote. */
import type { Context } from "../../context.ts";
import { type Keychain, keychainsIn } from "../../core/plan/keychain.ts";
import { exec } from "../../io/programs.ts";
import { readState } from "../../io/read.ts";
import type { programsFor } from "./programs.ts";

/** As long as Claude Code waits (measured). A person may have to unlock the store. */
const LIMIT_MS = 10_000;

type Programs = ReturnType<typeof programsFor>;

/** Undefined if the program is not here, or prints no token. */
export async function readKeychain(context: Context, { find, env }: Programs, { read: [name, ...args] }: Keychain) {
  const path = find(name);
  if (path === undefined) return undefined;
  const options = { cwd: context.home, env, signal: context.signal, timeoutMs: LIMIT_MS };
  const { exitCode, stdout } = await exec([path, ...args], options);
  const token = exitCode === 0 ? stdout.trim() : "";
  if (token !== "") context.secrets.add(token);
  return token || undefined;
}

/** The tokens that entries of Claude Code's store take from a keychain, by the name of the server. A store of a repository opens none. */
export async function openStore(context: Context, programs: Programs, path: string) {
  const keychains = programs.isOwn(path) ? keychainsIn(readState(path), context.platform) : new Map<string, Keychain>();
  const tokens = new Map<string, string | undefined>();
  for (const [name, keychain] of keychains) tokens.set(name, await readKeychain(context, programs, keychain));
  return { keychains, tokens };
}
