/** Starts the programs of clients: each in a scratch home, and ended with its whole group. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { vi } from "vitest";
import { installed, nodeBinary } from "../support/claude.ts";
import type { Environment, ScratchHome } from "../support/home.ts";
import { openTerminal } from "../support/terminal.ts";
import { inTurns } from "../support/turns.ts";

/** How a client is asked. */
export interface How {
  /** Variables of its own, beside those of the machine. */
  readonly env: Environment;
  readonly isTrusted: boolean;
  /** The server has heard all that it will hear. */
  readonly isDone?: () => boolean;
}

/** Where a program is started. */
export interface Place extends ScratchHome {
  /** What stands before it: our `run --`. */
  readonly through?: readonly string[];
}

/** A client as it is asked: what it does in each of these folders, one after the other. Out: what it printed. */
export type Ask = (machine: Place, folders: readonly string[], how: How) => Promise<readonly string[]>;

const LIMIT_MS = 60_000;
/** After the server has heard all: a client still prints what it got. */
const LAST_WORDS_MS = 500;

/** The PATH with another Node first. */
export const withNode = (machine: ScratchHome, major: 22 | 24): Environment => ({
  PATH: [dirname(nodeBinary(major)), machine.env.PATH].join(delimiter),
});

const QUIET: Environment = {
  NO_COLOR: "1",
  CLINE_NO_AUTO_UPDATE: "1",
  COPILOT_AUTO_UPDATE: "false",
  OPENAI_AGENTS_DISABLE_TRACING: "1",
  ...Object.fromEntries(
    ["OPENCODE", "KILO"].flatMap((name) => [
      [`${name}_DISABLE_AUTOUPDATE`, "1"],
      [`${name}_DISABLE_MODELS_FETCH`, "1"],
    ]),
  ),
  KILO_TELEMETRY_LEVEL: "off",
};

interface Start {
  readonly cwd: string;
  readonly env: Environment;
  readonly stdin?: string;
  /** When this is printed, or `isDone`, it is ended. Otherwise it ends itself. */
  readonly until?: RegExp;
  readonly isDone?: (() => boolean) | undefined;
}

function start(file: string, args: readonly string[], { env, through = [] }: Place, at: Start): ChildProcess {
  const [first = file, ...rest] = [...through, file, ...args];
  return spawn(first, rest, { cwd: at.cwd, env: { ...env, ...QUIET, ...at.env }, stdio: "pipe", detached: true });
}

/** The whole group: some clients are started by a script. */
function kill({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // it has ended
  }
}

async function end(child: ChildProcess): Promise<void> {
  const closed = once(child, "close");
  kill(child);
  await closed;
}

/** What a program prints until it ends, or is ended. */
export async function printed(file: string, args: readonly string[], machine: Place, at: Start): Promise<string> {
  const child = start(file, args, machine, at);
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stdin?.on("error", () => undefined).write(at.stdin ?? "");
  // a program that reads commands ends with its input
  if (at.until === undefined) child.stdin?.end();
  const closed = once(child, "close");
  const began = Date.now();
  const watch = setInterval(() => {
    if (at.until?.test(said) || Date.now() - began > LIMIT_MS) kill(child);
    else if (at.isDone?.()) setTimeout(kill, LAST_WORDS_MS, child);
  }, 50);
  await closed;
  clearInterval(watch);
  return said;
}

/** What is on the screen of a program in a terminal when this is there, or the server has heard all. */
export async function shown(file: string, args: readonly string[], machine: Place, at: Start): Promise<string> {
  const env = { ...machine.env, ...QUIET, ...at.env };
  const [first = file, ...rest] = [...(machine.through ?? []), file, ...args];
  const terminal = openTerminal({ file: first, args: rest, cwd: at.cwd, env, cols: 200 });
  try {
    const text = () => terminal.history().join("\n");
    await vi.waitUntil(() => at.isDone?.() || at.until?.test(text()), { timeout: LIMIT_MS, interval: 50 });
    await terminal.settle(LAST_WORDS_MS);
    return text();
  } finally {
    await terminal.kill();
  }
}

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly error?: unknown;
  readonly result?: { readonly thread?: { readonly id: string } };
}

/** A server for several folders is started in none of them; `run` finds the values in the folder where it is started. */
const cwdFor = ({ through, tmp }: Place, [folder = tmp]: readonly string[]): string =>
  through === undefined ? tmp : folder;

/** `codex app-server`: a thread for each folder, and the status of its servers. */
const askCodex: Ask = async (machine, folders, { env, isTrusted }) => {
  const trusted = folders.map((folder) => `\n[projects.${JSON.stringify(folder)}]\ntrust_level = "trusted"\n`);
  mkdirSync(join(machine.home, ".codex"), { recursive: true });
  if (isTrusted) appendFileSync(join(machine.home, ".codex/config.toml"), trusted.join(""));
  const child = start(installed("codex", "codex"), ["app-server"], machine, { cwd: cwdFor(machine, folders), env });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("no pipes");
  child.stderr?.resume();
  const waiting = new Map<number, (answer: Answer) => void>();
  createInterface({ input: stdout }).on("line", (line) => {
    const message = JSON.parse(line) as Answer;
    if (message.method === undefined && message.id !== undefined) waiting.get(message.id)?.(message);
  });
  let id = 0;
  const call = (method: string, params: object): Promise<Answer> =>
    new Promise((resolve) => {
      id += 1;
      waiting.set(id, resolve);
      stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    });
  try {
    await call("initialize", { clientInfo: { name: "test", title: "test", version: "1" } });
    stdin.write('{"jsonrpc":"2.0","method":"initialized"}\n');
    const said: string[] = [];
    for (const folder of folders) {
      const thread = await call("thread/start", { cwd: folder });
      const threadId = thread.result?.thread?.id;
      said.push(
        JSON.stringify(threadId === undefined ? thread.error : await call("mcpServerStatus/list", { threadId })),
      );
    }
    return said;
  } finally {
    await end(child);
  }
};

/** `opencode serve`, and GET /mcp for each folder. */
export const askServe =
  (program: string): Ask =>
  async (machine, folders, { env }) => {
    const args = ["serve", "--port", "0", "--hostname", "127.0.0.1"];
    const child = start(installed(program, program), args, machine, { cwd: cwdFor(machine, folders), env });
    try {
      let said = "";
      for (const stream of [child.stdout, child.stderr])
        stream?.setEncoding("utf8").on("data", (text: string) => (said += text));
      const origin = await vi.waitUntil(() => /listening on (http:\S+)/.exec(said)?.[1], { timeout: LIMIT_MS });
      const answers: string[] = [];
      for (const folder of folders)
        answers.push(await (await fetch(`${origin}/mcp?directory=${encodeURIComponent(folder)}`)).text());
      return answers;
    } finally {
      await end(child);
    }
  };

const inTurn = inTurns(2);
/** Each folder with a process of its own. */
export const each =
  (ask: (machine: Place, cwd: string, how: How) => Promise<string>): Ask =>
  (machine, folders, how) =>
    Promise.all(folders.map((folder) => inTurn(() => ask(machine, folder, how))));

/** `gemini mcp list` and `qwen mcp list`, which try to connect. */
const askGemini = each((machine, cwd, { env, isTrusted }) => {
  const trust: Environment = isTrusted ? { GEMINI_CLI_TRUST_WORKSPACE: "true" } : {};
  return printed(installed("gemini-cli", "gemini"), ["mcp", "list"], machine, { cwd, env: { ...env, ...trust } });
});
const askQwen = each(async (machine, cwd, { env, isTrusted }) => {
  const program = installed("qwen-code", "qwen");
  const at = { cwd, env: { ...env, ...withNode(machine, 22) } };
  const approved = isTrusted ? await printed(program, ["mcp", "approve", "--all"], machine, at) : "";
  return approved + (await printed(program, ["mcp", "list"], machine, at));
});

export const ASK: Readonly<Record<"codex" | "opencode" | "gemini-cli" | "qwen-code", Ask>> = {
  codex: askCodex,
  opencode: askServe("opencode"),
  "gemini-cli": askGemini,
  "qwen-code": askQwen,
};

/** Ends what a client has left behind: each process is known by its HOME, which is of this machine alone. */
export function endAll({ home }: ScratchHome): void {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const environ = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
      if (environ.includes(`HOME=${home}`)) process.kill(Number(pid), "SIGKILL");
    } catch {
      // it ended, or is another user's
    }
  }
}
