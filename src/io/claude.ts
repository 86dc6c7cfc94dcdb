/** Asks the program of Claude Code. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, Question } from "../core/clients/claude-question.ts";
import { hear, inPrivateFolder, linesOf, type Said } from "./ask-client.ts";
import { type ExecOptions, type ExecResult, exec } from "./programs.ts";

export type ClaudeProgram = { readonly path: string; readonly version: string };

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

/** The words of `mcp remove` if there is no server with that name, and of `mcp add-json` if there is one. */
export const isAsBefore = ({ stderr }: ExecResult): boolean =>
  /No MCP server (?:named|found)|MCP server \S+ already exists/i.test(stderr);

/** What of the environment is not passed on: a login, which would be used, and the marks of a session that runs us. */
const NOT_PASSED = /^(?:ANTHROPIC_\w+|CLAUDECODE|CLAUDE_CODE_(?:OAUTH_TOKEN|ENTRYPOINT))$/;

/** Nothing but our server is started, and no hook, helper or plugin: measured 2026-11-29 with 2.1.197 and 2.1.332. */
const QUIET = ["--bare", "-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"] as const;

const POLL_MS = 150;

const STATUSES = ["connected", "failed", "needs-auth"] as const;

type Server = { readonly name: string; readonly status: string; readonly error?: unknown };
type Line = { readonly response?: { readonly response?: { readonly mcpServers?: readonly Server[] } } };

/** The last answer about the server in what `claude` said; undefined while there is none or it is still connecting. */
function answerIn(said: string, name: string): Answer | undefined {
  const servers = linesOf<Line>(said)
    .map(({ response }) => response?.response?.mcpServers)
    .findLast(Array.isArray);
  const found: Server | undefined = servers?.find((each) => each.name === name);
  if (found === undefined) return servers && { status: "not-configured" };
  if (found.status === "pending") return undefined;
  const status = STATUSES.find((each) => each === found.status) ?? "unknown";
  return { status, ...(typeof found.error === "string" && { error: found.error }) };
}

/** Asks for the status until it is final. No model is called, and no login is needed. */
async function* talk(name: string, said: Said): AsyncGenerator<string> {
  const request = (id: number, subtype: string): string =>
    `${JSON.stringify({ type: "control_request", request_id: `${id}`, request: { subtype } })}\n`;
  yield request(0, "initialize");
  for (let id = 1; ; id++) {
    yield request(id, "mcp_status");
    const text = await hear(said, (all) => (all.includes(`"request_id":"${id}"`) ? all : undefined));
    if (text === undefined || answerIn(text, name) !== undefined) return;
    await sleep(POLL_MS);
  }
}

export interface Asking {
  /** Run in an empty folder, where only the user's own files count. */
  readonly elsewhere: boolean;
  readonly timeoutMs: number;
  /** Limit of the whole program; by default a little more than for the connection. */
  readonly limit?: Limit;
}

/** Asks Claude Code whether it connects to this one server. Out: undefined if it did not run, or gave no answer in time. */
export async function askClaude(
  claude: ClaudeProgram,
  { name, entry, withheld, lent }: Question,
  { elsewhere, timeoutMs, limit }: Asking,
  surroundings: Surroundings,
): Promise<Answer | undefined> {
  return await inPrivateFolder(async (folder) => {
    const write = (file: string, content: object): string => {
      writeFileSync(join(folder, file), JSON.stringify(content), { mode: 0o600 });
      return join(folder, file);
    };
    const servers = write("mcp.json", { mcpServers: { [name]: entry } });
    const settings = write("settings.json", { disableAllHooks: true, env: lent });
    const argv = [...QUIET, "--strict-mcp-config", "--mcp-config", servers, "--settings", settings];
    const kept = Object.entries(surroundings.env).filter(
      ([each]) => !NOT_PASSED.test(each) && !withheld.includes(each),
    );
    const { stdout } = await exec([claude.path, ...argv], {
      ...surroundings,
      ...(elsewhere ? { cwd: folder } : {}),
      env: {
        ...Object.fromEntries(kept),
        MCP_TIMEOUT: String(timeoutMs),
        // 2.1.197 logs the headers unmasked, readable for everybody, in its cache folder (Linux, measured 2026-11-22)
        XDG_CACHE_HOME: folder,
        TMPDIR: folder,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
        DISABLE_AUTOUPDATER: "1",
      },
      stdin: (said) => talk(name, said),
      ...(limit ?? { timeoutMs: timeoutMs + AROUND_MS }),
    });
    return answerIn(stdout, name);
  });
}
