/** What the end-to-end tests of the wizard share: a scratch machine with a stand-in HALO, the packed program on it, and what became of it. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  type Dirent,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { dirname, join, relative } from "node:path";
import { Readable } from "node:stream";
import { text as readAll } from "node:stream/consumers";
import { execa } from "execa";
import { expect } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { main } from "../../src/cli.ts";
import { listen, type Running } from "../servers/fault-kit.ts";
import { type StandIn, type StandInSettings, startStandIn } from "../servers/stand-in.mjs";
import { statusLine } from "../support/claude.ts";
import { madeUp } from "../support/context.ts";
import { type Environment, mkRepo, type Repository, type ScratchHome, scratchHome } from "../support/home.ts";
import { packedPackage } from "../support/package.ts";
import { isKey, type Key, openTerminal, type Terminal } from "../support/terminal.ts";

/** Made up, as VALUES here. Its last four characters are what may be shown of it. */
export const TOKEN = "made.up.Zq7Xw2Lk9Rb4Nv6Ty8-e5f1";
export const ACCOUNT = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
export const PROFILE = "5d6e7f80-91a2-4b3c-8d4e-5f60718293a4";
export const STUDIO = `https://www.cm.com/app/halo/${ACCOUNT}/profiles/${PROFILE}/overview`;

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Environment;
  readonly cwd?: string;
  readonly stdin?: string;
  readonly uid?: number;
  readonly timeoutMs?: number;
  /** Called with the process's id once it has started. */
  readonly started?: (pid: number) => void;
}

export interface Machine extends ScratchHome {
  readonly repo: Repository;
  /** The repository, where the wizard works. */
  readonly path: string;
  readonly standIn: StandIn;
  readonly url: string;
  readonly bin: string;
  /** The program without a terminal. */
  run(args: readonly string[], options?: RunOptions): Promise<Run>;
  /** The program in a terminal. */
  open(args: readonly string[], options?: { env?: Environment; cwd?: string; cols?: number; rows?: number }): Wizard;
  read(name: string): string;
  mode(name: string): string;
  write(name: string, text: string, mode?: number): void;
  exists(name: string): boolean;
  /** Adds to git what `add` takes (all that is not ignored), and commits it. */
  commit(...add: string[]): void;
  /** Every file below a folder (the repository), git's own included: content, mode and time. */
  tree(folder?: string): Tree;
  /** The processes of this machine that still run: their command lines. */
  processes(): string[];
  close(): Promise<void>;
}

export interface Wizard extends Terminal {
  /** Waits until this question is the one that is open. */
  asks(message: string): Promise<void>;
  /** Waits for a question, then presses these keys or types this text. */
  answer(message: string, ...keys: readonly (Key | { text: string })[]): Promise<void>;
  /** Answers questions one by one: "question: words", each word a key or a text. */
  follow(...answers: readonly string[]): Promise<void>;
  text(): string;
  /** The same as running text: what the tool broke into lines is whole again. */
  prose(): string;
  ends(code: number): Promise<void>;
}

export interface MachineOptions {
  readonly server?: Partial<StandInSettings>;
  readonly env?: Environment;
  readonly path?: readonly string[];
  readonly repository?: string;
  /** How long the path of its folder is. */
  readonly length?: number;
  /** `run` runs the source in this process, not the packed program in one of its own. */
  readonly isHere?: boolean;
}

export type Tree = ReadonlyMap<string, string>;

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** The tree below a folder, each file as one text: mode and time, then its content. */
function readTree(root: string): Tree {
  const found = new Map<string, string>();
  const at = (entry: Dirent): string => join(entry.parentPath, entry.name);
  const all = readdirSync(root, { recursive: true, withFileTypes: true });
  for (const entry of all.sort((a, b) => (at(a) < at(b) ? -1 : 1))) {
    const path = at(entry);
    const way = relative(root, path);
    if (entry.isSymbolicLink()) found.set(way, `link ${readlinkSync(path)}`);
    else if (entry.isDirectory()) found.set(way, "folder");
    else if (entry.isFile()) {
      const { mode, mtimeMs } = lstatSync(path);
      found.set(way, `${(mode & 0o777).toString(8)} ${mtimeMs}\n${readFileSync(path, "latin1")}`);
    } else found.set(way, "other");
  }
  return found;
}

/** The same without modes and times of files: what is in them. */
export function contents(tree: Tree): Record<string, string> {
  return Object.fromEntries([...tree].map(([path, text]) => [path, text.slice(text.indexOf("\n") + 1)]));
}

/** The names of a tree that are not git's own. */
export function names(tree: Tree): string[] {
  return [...tree.keys()].filter((path) => !/^\.git(?:\/|$)/.test(path) && tree.get(path) !== "folder");
}

/** The programs that run with this HOME: their command lines and environments. */
export function programsOf(home: string): { argv: string; environ: string }[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const environ = readFileSync(`/proc/${pid}/environ`, "utf8");
      if (!environ.split("\0").includes(`HOME=${home}`)) return [];
      return [{ environ, argv: readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ") }];
    } catch {
      // it ended while it was looked at
      return [];
    }
  });
}

export async function machine(options: MachineOptions = {}): Promise<Machine> {
  const bin = options.isHere === true ? "" : packedPackage().bin;
  const scratch = scratchHome({ path: options.path, env: options.env ?? {}, length: options.length });
  const repo = mkRepo(scratch, options.repository ?? "shop");
  const standIn = await startStandIn({ token: TOKEN, accountId: ACCOUNT, profileId: PROFILE, ...options.server });
  const opened: Wizard[] = [];
  const at = (name: string): string => join(repo.path, name);
  return {
    ...scratch,
    repo,
    path: repo.path,
    standIn,
    url: standIn.url,
    bin,
    run: (args, run = {}) =>
      options.isHere === true
        ? runHere(args, { cwd: repo.path, ...run, env: { ...scratch.env, ...run.env } })
        : start(process.execPath, [bin, ...args], { cwd: repo.path, ...run, env: { ...scratch.env, ...run.env } }),
    open(args, { env = {}, cwd = repo.path, cols = 80, rows = 40 } = {}) {
      const program = { file: process.execPath, args: [bin, ...args], cwd, env: { ...scratch.env, ...env } };
      const wizard = asWizard(openTerminal({ ...program, cols, rows }));
      opened.push(wizard);
      return wizard;
    },
    read: (name) => readFileSync(at(name), "utf8"),
    mode: (name) => (lstatSync(at(name)).mode & 0o777).toString(8),
    write(name, text, mode = 0o644) {
      mkdirSync(dirname(at(name)), { recursive: true });
      writeFileSync(at(name), text, { mode });
    },
    exists: (name) => lstatSync(at(name), { throwIfNoEntry: false }) !== undefined,
    commit(...add) {
      repo.git("add", ...(add.length === 0 ? ["--all"] : add));
      repo.git("commit", "--quiet", "--message=files");
    },
    tree: (folder = repo.path) => readTree(folder),
    // a zombie has no command line: it has ended
    processes: () => programsOf(scratch.home).flatMap(({ argv }) => (argv === "" ? [] : [argv])),
    async close() {
      for (const wizard of opened) await wizard.kill();
      await standIn.close();
      scratch.dispose();
    },
  };
}

function asWizard(terminal: Terminal): Wizard {
  const text = (): string => terminal.history().join("\n");
  const count = (message: string): number => text().match(new RegExp(`[◇■]  ${escaped(message)}`, "g"))?.length ?? 0;
  const wizard: Wizard = {
    ...terminal,
    text,
    prose: () => text().replace(/\n[│ ]*/g, " "),
    asks: (message) => terminal.waitFor(new RegExp(`[◆▲]  ${escaped(message)}`)),
    async answer(message, ...keys) {
      await wizard.asks(message);
      const submitted = new RegExp(`(?:[◇■]  ${escaped(message)}[\\s\\S]*?){${count(message) + 1}}`);
      for (const key of keys) {
        if (typeof key === "string") terminal.press(key);
        else {
          terminal.type(key.text);
          // what comes in one piece with a text would be a paste
          await terminal.settle(60);
        }
      }
      if (keys.at(-1) === "enter") await terminal.waitFor(submitted).catch(() => undefined);
    },
    async follow(...answers) {
      for (const [message = "", words = ""] of answers.map((answer) => answer.split(": "))) {
        await wizard.answer(message, ...words.split(" ").map((word) => (isKey(word) ? word : { text: word })));
      }
    },
    async ends(code) {
      const end = await terminal.exit;
      expect(end, text()).toEqual({ code, signal: 0 });
      expect(terminal.cursorVisible(), "the cursor is visible again").toBe(true);
      expectNoToken(terminal.raw());
    },
  };
  return wizard;
}

/** Runs a program without a terminal. */
export async function start(
  file: string,
  args: readonly string[],
  { cwd, env, stdin = "", uid, timeoutMs = 60_000, started }: RunOptions & { cwd: string; env: Environment },
): Promise<Run> {
  const child = execa(file, args, {
    cwd,
    env,
    extendEnv: false,
    input: stdin,
    reject: false,
    stripFinalNewline: false,
    timeout: timeoutMs,
    killSignal: "SIGKILL",
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  if (child.pid !== undefined) started?.(child.pid);
  const run = await child;
  // what ended by a signal, or did not start, has none
  return { code: run.exitCode ?? null, stdout: run.stdout, stderr: run.stderr };
}

/** Runs the program in this process, as without a terminal. */
async function runHere(
  args: readonly string[],
  { cwd, env, stdin = "" }: RunOptions & { cwd: string; env: Environment },
): Promise<Run> {
  const { platform, arch, version: nodeVersion } = process;
  const { context, said } = madeUp({
    ...{ cwd, env, home: env.HOME ?? "", platform, arch, nodeVersion, version: manifest.version },
    stdin: Readable.from([stdin]),
    now: () => performance.now(),
    templates: new URL("../../templates/", import.meta.url),
  });
  return { code: await main(context, args), ...said };
}

export interface Recorder extends Running {
  /** Everything that it received: request line, headers and body of each request. */
  readonly received: string[];
}

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A server that writes down what it gets and answers as it is told. */
export async function recorder(answer: Answer): Promise<Recorder> {
  const received: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await readAll(request).catch(() => "");
    received.push(`${request.method} ${request.url}\n${request.rawHeaders.join("\n")}\n${body}`);
    answer(request, response, body);
  });
  return { ...(await listen(server)), received };
}

/** Something for one test, gone when it ends. */
export async function closing<T extends { close(): Promise<void> }>(
  opened: T,
  use: (opened: T) => Promise<void>,
): Promise<void> {
  try {
    await use(opened);
  } finally {
    await opened.close();
  }
}

export const withRecorder = async (answer: Answer, use: (server: Recorder) => Promise<void>): Promise<void> =>
  closing(await recorder(answer), use);

export const ids = ["--account-id", ACCOUNT, "--profile-id", PROFILE] as const;
export const withToken: Environment = { HALO_MCP_TOKEN: TOKEN };
export const VALUES = { HALO_MCP_TOKEN: TOKEN, HALO_ACCOUNT_ID: ACCOUNT, HALO_PROFILE_ID: PROFILE };
/** The same as `.env`. */
export const DOTENV = Object.entries(VALUES).reduce((text, [name, value]) => `${text}${name}=${value}\n`, "");
/** The flags of a run that needs the token alone. */
export const full = (m: Machine, ...more: readonly string[]): string[] => ["--yes", ...ids, "--url", m.url, ...more];

/** The answers of a first run in a terminal, for `follow`. At 40 columns a question breaks behind these words. */
export const PASTE = `Paste the product: ${TOKEN} enter`;
export const ASK_IDS = [`Paste a HALO Studio: ${STUDIO} enter`];
export const CONNECT = "What do you want to: enter";
export const APPLY = "Write th: enter";

/** What a run said, as running text. */
export const flat = (run: Run): string => (run.stdout + run.stderr).replace(/\s+/g, " ");

/** No more of the token than its last four characters. */
export function expectNoToken(text: string): void {
  for (const part of [TOKEN.slice(0, 12), TOKEN.slice(-5)]) expect(text).not.toContain(part);
}

/** While this goes on, nothing is written and nothing is asked of the stand-in. */
export async function untouched<T>(m: Machine, go: () => Promise<T>): Promise<T> {
  const look = () => [m.path, m.home, m.tmp].map((folder) => m.tree(folder));
  const before = look();
  const result = await go();
  expect(look()).toEqual(before);
  expect(m.standIn.requests).toEqual([]);
  return result;
}

/** A committed set-up as a teammate finds it. */
export function committed(m: Machine, entry: unknown, name = "halo", files: Record<string, string> = {}): void {
  m.write(".mcp.json", `${JSON.stringify({ mcpServers: { [name]: entry } }, null, 2)}\n`);
  for (const [path, text] of Object.entries(files)) m.write(path, text);
  m.commit();
}

/** Permissions do not bind root: as root the program is started as another user, to whom the machine is handed over. */
/** Types the git commands that a run printed for the team: each must work. */
export function typePrinted({ env, path }: Pick<Machine, "env" | "path">, { stdout }: Run, cwd = path): void {
  for (const [, line = ""] of stdout.matchAll(/^ {2}(git .*)$/gm))
    execFileSync("sh", ["-c", line], { cwd, env, stdio: ["ignore", "ignore", "pipe"] });
}

export const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
export const unprivileged = isRoot ? { uid: NOBODY } : {};
export function handOver(m: Machine): void {
  if (!isRoot) return;
  for (let folder = dirname(dirname(m.bin)); folder !== "/" && folder !== "/tmp"; folder = dirname(folder))
    chmodSync(folder, 0o755);
  chmodSync(m.root, 0o755);
  for (const path of ["", ...readdirSync(m.root, { recursive: true, encoding: "utf8" })])
    chownSync(join(m.root, path), NOBODY, NOBODY);
}

export function entryFor(
  url: string,
  variables: readonly [string, string, string] = ["HALO_MCP_TOKEN", "HALO_ACCOUNT_ID", "HALO_PROFILE_ID"],
): Record<string, unknown> {
  const [token, account, profile] = variables;
  const headers = {
    "X-CM-PRODUCTTOKEN": `\${${token}}`,
    "CM-ACCOUNT-ID": `\${${account}}`,
    "CM-PROFILE-ID": `\${${profile}}`,
  };
  return { type: "http", url, headers };
}

/** A shell script of this name in a folder. Out: the folder. */
export function program(folder: string, name: string, script: string, shell = "/bin/sh"): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `#!${shell}\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
  return folder;
}

/** A `claude` first on the PATH, which does what these branches of a `case "$*" in` say, and writes down its arguments. */
export function fakeClaude(m: Machine, cases: readonly string[], version = "2.1.330"): Environment {
  const branches = [...cases, `*--version) echo "${version} (Claude Code)" ;;`];
  const script = `printf '%s\\n' "$*" >> "${m.root}/argv"\ncase "$*" in\n${branches.join("\n")}\nesac`;
  return { PATH: `${program(join(m.root, "bin"), "claude", script)}:${m.env.PATH}` };
}
export const READS_STDIN = `*"add-json --help"*) echo "json: the entry, - for stdin" ;;`;
/** It answers the two questions about the server's status. */
export const says = (status: string, error?: string): string =>
  `*--strict-mcp-config*) read -r _; read -r _; echo '${statusLine(1, "halo", status, error)}' ;;`;
/** How that claude was called, a line a call. */
export const callsOf = (m: Machine): string =>
  existsSync(join(m.root, "argv")) ? readFileSync(join(m.root, "argv"), "utf8") : "";

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
export const COLOURS = /\u001b\[[0-9;]*m/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: what moves the cursor, and the colours too
const MOVES = /\u001b\[[0-9;?]*[A-Za-z]/g;
/** What only somebody who means harm writes: names a window, fills a clipboard, clears the screen. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: what is looked for
export const HARM = /\u001b\]|\u001b\[2J/;
const STRANGE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what is looked for
  /[\u0000-\u0007\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** Lines that are wider than the screen: what the terminal breaks in the middle of a word. */
export function wideLines(raw: string, columns: number): string[] {
  const bare = raw.replace(COLOURS, "").replace(MOVES, "\n");
  return bare.split(/[\r\n]+/).filter((line) => line.length > columns);
}

/** Controls and invisible characters in what was written, other than colours and moves of the cursor. */
export function strangeBytes(raw: string): string[] {
  return raw.replace(MOVES, "").match(STRANGE) ?? [];
}

export const on = async (options: MachineOptions, use: (m: Machine) => Promise<void>): Promise<void> =>
  closing(await machine(options), use);

/** A server in front of another one, which passes on what `takes` does not take. */
export function inFront(
  behind: string,
  takes: (request: IncomingMessage, response: ServerResponse) => boolean,
): Promise<Running> {
  const server = createServer((request, response) => {
    if (takes(request, response)) return;
    const { hostname, port } = new URL(behind);
    const { url: path, method } = request;
    // "Connection" is about one hop: passed on, the server ends a connection that Node's agent keeps
    const { connection: _ofThisHop, ...headers } = request.headers;
    const forward = httpRequest({ hostname, port, path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    forward.on("error", () => response.destroy());
    response.on("close", () => forward.destroy());
    request.pipe(forward);
  });
  return listen(server);
}
