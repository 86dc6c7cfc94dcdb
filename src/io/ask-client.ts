/** Asks the program of a client whether it connects with our entry, in a private folder that holds nothing else. */
import { randomUUID } from "node:crypto";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import type { Ask } from "../core/clients/model.ts";
import { attempt } from "../errors.ts";
import { type ExecOptions, exec } from "./programs.ts";

/** Works in a new folder, which only its owner can open (0700). It is removed in any case: a failure, an abort, the end of the process. */
export async function inPrivateFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), `create-halo-mcp-${process.pid}-`));
  // a program that was killed just now may still write
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.once("exit", remove);
  try {
    // the folder for temporary files may be in a repository
    writeFileSync(join(folder, ".gitignore"), "*\n");
    return await work(folder);
  } finally {
    remove();
    process.off("exit", remove);
  }
}

/** Removes the private folders of runs that were killed while they asked: a client's log in them may contain the token. */
export async function clearDeadFolders(): Promise<void> {
  const { isAlive, quietly } = await import("./lock.ts");
  quietly(() => {
    for (const name of readdirSync(tmpdir())) {
      const pid = Number(/^create-halo-mcp-(\d+)-\w{6}$/.exec(name)?.[1] ?? process.pid);
      const path = join(tmpdir(), name);
      const stat = isAlive(pid) ? undefined : lstatSync(path, { throwIfNoEntry: false });
      // not through a link, and not what another user made
      if (stat?.isDirectory() === true && stat.uid === (process.getuid?.() ?? stat.uid))
        rmSync(path, { recursive: true, force: true });
    }
  });
}

export interface ClientQuestion {
  readonly path: string;
  readonly ask: Ask;
  readonly name: string;
  /** The content of the client's user file with our entry. */
  readonly text: string;
  /** The values, for the environment of the program only. */
  readonly variables: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Nothing of the program's own text: it can quote the server, and a secret. `unknown`: a word that we do not know. */
export interface ClientAnswer {
  readonly status: "connected" | "failed" | "needs-auth" | "unknown";
  readonly httpStatus?: number;
}

/** Not passed on: other values of HALO, and logins, with which a client would call its provider. */
const NOT_PASSED = /^(?:HALO|OPENAI|ANTHROPIC|GEMINI|GOOGLE)_|_API_KEY$/i;

const POLL_MS = 100;
const GRACE_MS = 500;

/** The words of Codex 0.171.0 (its schema) and opencode 1.18.33 (its source). All others mean that it has not tried. */
const WORDS: Readonly<Record<string, ClientAnswer["status"]>> = {
  connected: "connected",
  failed: "failed",
  authenticationRequired: "needs-auth",
  needs_auth: "needs-auth",
  needs_client_registration: "needs-auth",
};

interface Told {
  readonly status?: unknown;
  readonly error?: unknown;
}
/** What a program has printed so far; undefined once it has ended. */
export type Said = () => string | undefined;

/** The first thing that `find` finds in what the program says; undefined if it ends before. */
export async function hear<T>(said: Said, find: (text: string) => T | undefined): Promise<T | undefined> {
  for (let text = said(); text !== undefined; text = said()) {
    const found = find(text);
    if (found !== undefined) return found;
    await sleep(POLL_MS);
  }
  return undefined;
}

/** The JSON objects on lines of their own. A line that is not complete yet is left out. */
export const linesOf = <T extends object>(text: string): readonly T[] =>
  text
    .split("\n")
    .map((line) => attempt(() => JSON.parse(line)))
    .filter((each) => each instanceof Object);

interface Message {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly result?: { readonly thread?: { readonly id?: string }; readonly data?: readonly Listed[] } | null;
}
type Listed = Readonly<Record<"name" | "runtimeStatus" | "toolsError", unknown>> | null;

/** JSON lines on standard input: begins a session that is not kept, and asks for its servers until ours has been started. */
async function* viaLines(said: Said, name: string, cwd: string): AsyncGenerator<string, Told | undefined> {
  const line = (message: object): string => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`;
  const clientInfo = { name: "create-halo-mcp", title: "create-halo-mcp", version: "0" };
  const isAnswer = (id: number) => (message: Message) => message.id === id && message.method === undefined;
  const answer = async (id: number) => (await hear(said, (text) => linesOf<Message>(text).find(isAnswer(id))))?.result;
  yield line({ id: 1, method: "initialize", params: { clientInfo } });
  if ((await answer(1)) === undefined) return undefined;
  yield line({ method: "initialized" }) + line({ id: 2, method: "thread/start", params: { cwd, ephemeral: true } });
  const threadId = (await answer(2))?.thread?.id;
  if (threadId === undefined) return undefined;
  // it mostly answers when all have been started, but not on a busy machine
  for (let id = 3; ; id++) {
    yield line({ id, method: "mcpServerStatus/list", params: { threadId } });
    const found = (await answer(id))?.data?.find((each) => each?.name === name);
    if (!found) return undefined;
    if (!/^(?:notStarted|starting)$/.test(String(found.runtimeStatus)))
      return { status: found.runtimeStatus, error: found.toolsError };
    await sleep(POLL_MS);
  }
}

/** HTTP on loopback: the port is in its output. Nothing is written to it. */
async function* viaHttp(said: Said, name: string, authorization: string): AsyncGenerator<string, Told | undefined> {
  const origin = await hear(said, (text) => /http:\/\/127\.0\.0\.1:\d+(?=\s)/.exec(text)?.[0]);
  try {
    const response = await fetch(`${origin}/mcp`, { headers: { authorization }, redirect: "error" });
    return new Map<string, Told>(Object.entries(Object(await response.json()))).get(name);
  } catch {
    // it ended, or gave another answer
    return undefined;
  }
}

function answerOf({ status, error }: Told, refused: RegExp): ClientAnswer {
  const word = typeof status === "string" && Object.hasOwn(WORDS, status) ? WORDS[status] : undefined;
  const code = typeof error === "string" ? refused.exec(error)?.[1] : undefined;
  return { status: word ?? "unknown", ...(word !== "connected" && code !== undefined && { httpStatus: Number(code) }) };
}

/** Out: undefined if it did not run, said nothing about our server, or not in time. */
export async function askClient(
  { path, ask, name, text, variables, timeoutMs }: ClientQuestion,
  surroundings: Pick<ExecOptions, "cwd" | "env" | "signal">,
): Promise<ClientAnswer | undefined> {
  // npm on Windows installs a .cmd, which Node cannot start without a shell
  if (/\.(?:cmd|bat|ps1)$/i.test(path)) return undefined;
  return await inPrivateFolder(async (folder) => {
    const [home, cwd] = [join(folder, "home"), join(folder, "cwd")];
    const file = join(home, ask.file ?? ".env");
    for (const each of [cwd, dirname(file)]) mkdirSync(each, { recursive: true });
    if (ask.file !== undefined) writeFileSync(file, text, { mode: 0o600 });
    // Gemini CLI and Qwen Code read the first .env above them: among the temporary files, one of another user
    writeFileSync(join(cwd, ".env"), "");
    const password = randomUUID();
    const kept = Object.entries(surroundings.env).filter(([each]) => !NOT_PASSED.test(each) && !ask.own.test(each));
    const env = {
      ...Object.fromEntries(kept),
      ...{ TMPDIR: folder, TEMP: folder, TMP: folder },
      ...Object.fromEntries(Object.entries(ask.paths).map(([each, below]) => [each, join(home, below)])),
      ...ask.set,
      ...(ask.variable === undefined ? {} : { [ask.variable]: text }),
      ...(ask.by === "serve" && { [ask.password]: password }),
      ...variables,
    };
    const options = { ...surroundings, cwd, env, timeoutMs, graceMs: GRACE_MS };
    if (ask.by === "list") {
      const { stdout, stderr } = await exec([path, ...ask.argv], options);
      const lines = stripVTControlCharacters(`${stdout}\n${stderr}`).split("\n");
      const line = lines.find((each) => each.includes(` ${name}: `))?.trimEnd();
      if (line === undefined) return undefined;
      return { status: ask.connected.test(line) ? "connected" : ask.failed.test(line) ? "failed" : "unknown" };
    }
    let told: Told | undefined;
    const stdin = async function* (said: Said) {
      const authorization = ask.by === "serve" ? `Basic ${btoa(`${ask.user}:${password}`)}` : "";
      told = yield* ask.by === "serve" ? viaHttp(said, name, authorization) : viaLines(said, name, cwd);
    };
    await exec([path, ...ask.argv], { ...options, stdin, endsAfter: true });
    return told ? answerOf(told, ask.refused) : undefined;
  });
}
