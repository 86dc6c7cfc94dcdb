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
/** The overall limit, if it is shorter than ours. */
type Limit = Pick<ExecOptions, "timeoutMs" | "graceMs">;

/** Longest wait for output that needs no connection (130 ms on a cold start, more on a busy machine). */
const WORD_MS = 10_000;

/** How long claude may take in addition to the connection. */
const AROUND_MS = 5000;

/** The program and its version; undefined if it does not run. `silent`: it prints no version; `late`: not in time. */
export async function readClaude(path: string, surroundings: Surroundings, limit?: Limit) {
  const timeoutMs = Math.min(WORD_MS, limit?.timeoutMs ?? WORD_MS);
  // it does not need the values to print its version
  const env = Object.fromEntries(Object.entries(surroundings.env).filter(([name]) => !name.startsWith("HALO_")));
  const result = await exec([path, "--version"], { ...surroundings, env, ...limit, timeoutMs });
  const version = /^(\d+\.\d+\.\d+[\w.-]*)/.exec(result.stdout.trim())?.[1];
  if (result.exitCode === 0 && version !== undefined)
    return { claude: { path, version } satisfies ClaudeProgram, claudeIs: "found" } as const;
  return { claude: undefined, claudeIs: result.timedOut ? "late" : "silent" } as const;
}

/** Whether `claude mcp add-json <name> -` reads standard input: versions that do mention it in their help. */
export async function readsStdin(claude: ClaudeProgram, surroundings: Surroundings): Promise<boolean> {
  const result = await exec([claude.path, "mcp", "add-json", "--help"], { ...surroundings, timeoutMs: WORD_MS });
  return /stdin|standard input/i.test(result.stdout);
}

/** The words of `mcp get` and `mcp remove` if there is no server with that name. */
export function foundNothing({ stderr }: ExecResult): boolean {
  return /No MCP server (?:named|found)/i.test(stderr);
}

export interface Question {
  readonly name: string;
  /** What a session would get through the bridge. */
  readonly bridge: { readonly env: Readonly<Record<string, string>>; readonly enabled: readonly string[] } | undefined;
  /** The user's own settings set one of the variables: unlike in a session, they would take precedence over the environment. */
  readonly overridden: boolean;
  /** Run in an empty folder, so that no entry of this repository shadows the user's own. */
  readonly elsewhere: boolean;
  readonly timeoutMs: number;
  /** Limit of the whole program; by default a little more than for the connection. */
  readonly limit?: Limit;
}

export interface Answer {
  /** Its output after the name. To be parsed and never shown: it contains header values as they are stored. */
  readonly said: string;
  /** False if it has no server with that name. */
  readonly isKnown: boolean;
}

/** Asks `claude mcp get` whether a server is connected. Out: undefined if it did not run or did not end. */
export async function askClaude(
  claude: ClaudeProgram,
  { name, bridge, overridden, elsewhere, timeoutMs, limit }: Question,
  surroundings: Surroundings,
): Promise<Answer | undefined> {
  // only its owner can open it (0700); it is removed in any case: a failure, an abort, the end of the process
  const folder = mkdtempSync(join(tmpdir(), "create-halo-mcp-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    // the folder for temporary files may be in a repository
    writeFileSync(join(folder, ".gitignore"), "*\n");
    // values only if the environment cannot pass them: a killed run leaves this file
    const settings = { ...(overridden ? { env: bridge?.env } : {}), enabledMcpjsonServers: bridge?.enabled };
    const path = join(folder, "settings.json");
    writeFileSync(path, JSON.stringify(settings), { mode: 0o600 });
    const given = bridge === undefined ? [] : ["--settings", path];
    // a name from a repository may look like an option
    const result = await exec([claude.path, ...given, "mcp", "get", "--", name], {
      ...surroundings,
      ...(elsewhere ? { cwd: folder } : {}),
      // 2.1.197 logs the headers unmasked, readable for everybody, in its cache folder (Linux, measured 2026-11-22)
      env: { ...surroundings.env, ...bridge?.env, MCP_TIMEOUT: String(timeoutMs), XDG_CACHE_HOME: folder },
      ...(limit ?? { timeoutMs: timeoutMs + AROUND_MS }),
    });
    if (result.startError !== undefined || result.timedOut) return undefined;
    // 2.1.197 prints a name with its line breaks: only the text after it is Claude Code's own
    const { stdout } = result;
    const said = stdout.startsWith(`${name}:`) ? stdout.slice(name.length + 1) : stdout;
    return { said, isKnown: !foundNothing(result) };
  } finally {
    remove();
    process.off("exit", remove);
  }
}
