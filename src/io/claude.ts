/** Asks the program of Claude Code. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ExecOptions, type ExecResult, exec } from "./programs.ts";

export interface ClaudeProgram {
  readonly path: string;
  readonly version: string;
}

type Surroundings = Pick<ExecOptions, "cwd" | "env" | "signal">;
/** A limit of the whole, where that is shorter than ours. */
type Limit = Pick<ExecOptions, "timeoutMs" | "graceMs">;

/** Longest wait for a word that claude prints without any connection (130 ms when cold, more on a machine that is busy). */
const WORD_MS = 10_000;

/** How long claude may take beside the connection that it is asked about. */
const AROUND_MS = 5000;

/**
 * The program and its version; undefined when it does not run (an npm install without its native binary, say).
 * `silent`: it does not say its version; `late`: not in the time that there was.
 */
export async function readClaude(path: string, surroundings: Surroundings, limit?: Limit) {
  const timeoutMs = Math.min(WORD_MS, limit?.timeoutMs ?? WORD_MS);
  // for its version it needs none of the values
  const env = Object.fromEntries(Object.entries(surroundings.env).filter(([name]) => !name.startsWith("HALO_")));
  const result = await exec([path, "--version"], { ...surroundings, env, ...limit, timeoutMs });
  const version = /^(\d+\.\d+\.\d+[\w.-]*)/.exec(result.stdout.trim())?.[1];
  if (result.exitCode === 0 && version !== undefined)
    return { claude: { path, version } satisfies ClaudeProgram, claudeIs: "found" } as const;
  return { claude: undefined, claudeIs: result.timedOut ? "late" : "silent" } as const;
}

/** Whether `claude mcp add-json <name> -` reads standard input: its help names it from the version on that does. */
export async function readsStdin(claude: ClaudeProgram, surroundings: Surroundings): Promise<boolean> {
  const result = await exec([claude.path, "mcp", "add-json", "--help"], { ...surroundings, timeoutMs: WORD_MS });
  return /stdin|standard input/i.test(result.stdout);
}

/** There is no server of that name: the words of `mcp get` and `mcp remove`. */
export function foundNothing({ stderr }: ExecResult): boolean {
  return /No MCP server (?:named|found)/i.test(stderr);
}

export interface Question {
  readonly name: string;
  /** What a session would get through the bridge. */
  readonly bridge: { readonly env: Readonly<Record<string, string>>; readonly enabled: readonly string[] } | undefined;
  /** The user's own settings set one of the variables: they would win over the environment, as they do not in a session. */
  readonly overridden: boolean;
  /** Asked from an empty folder: no entry of this repository stands in front of the user's own. */
  readonly elsewhere: boolean;
  readonly timeoutMs: number;
  /** Of the program as a whole; else some time more than for the connection. */
  readonly limit?: Limit;
}

export interface Answer {
  /** What it says behind the name. To be parsed and never shown: it prints header values as they are stored. */
  readonly said: string;
  /** False when it has no server of that name. */
  readonly isKnown: boolean;
}

/**
 * Asks Claude Code itself whether a server is connected, with `claude mcp get`. Out: undefined when it did not run or
 * not end.
 */
export async function askClaude(
  claude: ClaudeProgram,
  { name, bridge, overridden, elsewhere, timeoutMs, limit }: Question,
  surroundings: Surroundings,
): Promise<Answer | undefined> {
  // only its owner can enter it (0700), and it is removed whatever happens: a failure, an abort, the end of the process
  const folder = mkdtempSync(join(tmpdir(), "create-halo-mcp-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    // the folder for temporary files may lie in a repository
    writeFileSync(join(folder, ".gitignore"), "*\n");
    // values only where the environment cannot carry them: a killed run leaves this file
    const settings = { ...(overridden ? { env: bridge?.env } : {}), enabledMcpjsonServers: bridge?.enabled };
    const path = join(folder, "settings.json");
    writeFileSync(path, JSON.stringify(settings), { mode: 0o600 });
    const given = bridge === undefined ? [] : ["--settings", path];
    // a name of a repository may look like an option
    const result = await exec([claude.path, ...given, "mcp", "get", "--", name], {
      ...surroundings,
      ...(elsewhere ? { cwd: folder } : {}),
      // 2.1.197 logs the headers in clear, readable for everybody, below its cache folder (Linux, measured 2026-11-22)
      env: { ...surroundings.env, ...bridge?.env, MCP_TIMEOUT: String(timeoutMs), XDG_CACHE_HOME: folder },
      ...(limit ?? { timeoutMs: timeoutMs + AROUND_MS }),
    });
    if (result.startError !== undefined || result.timedOut) return undefined;
    // 2.1.197 prints a name as it is, line breaks and all: what comes after it is Claude Code's own
    const { stdout } = result;
    const said = stdout.startsWith(`${name}:`) ? stdout.slice(name.length + 1) : stdout;
    return { said, isKnown: !foundNothing(result) };
  } finally {
    remove();
    process.off("exit", remove);
  }
}
