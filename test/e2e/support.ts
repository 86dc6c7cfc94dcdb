/** What the end-to-end tests of the wizard share: a scratch machine with a stand-in HALO, the packed program on it, and what became of it. */
import { spawn } from "node:child_process";
import { appendFileSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { dirname, join, relative } from "node:path";
import { expect } from "vitest";
import { type StandIn, type StandInSettings, startStandIn } from "../servers/stand-in.mjs";
import { type Environment, mkRepo, type Repository, type ScratchHome, scratchHome } from "../support/home.ts";
import { packedPackage } from "../support/package.ts";
import { openTerminal, type Terminal } from "../support/terminal.ts";

/** Made up, as everything here. Its last four characters are what may be shown of it. */
export const TOKEN = "made.up.Zq7Xw2Lk9Rb4Nv6Ty8-e5f1";
export const TAIL = "e5f1";
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
}

export interface Machine extends ScratchHome {
  readonly repo: Repository;
  /** Where the wizard works. */
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
  /** Every file below the repository, git's own included: content, mode and time. */
  tree(folder?: string): Tree;
  /** The processes of this machine that still run: their command lines. */
  processes(): string[];
  close(): Promise<void>;
}

export interface Wizard extends Terminal {
  /** Waits until this question is the one that is open. */
  asks(message: string): Promise<void>;
  /** Waits for a question, then presses these keys or types this text and Enter. */
  answer(message: string, ...keys: readonly (Parameters<Terminal["press"]>[0] | { text: string })[]): Promise<void>;
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
}

export type Tree = ReadonlyMap<string, string>;

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** The tree below a folder as one line a file: kind, mode, time, content. */
function readTree(root: string): Tree {
  const found = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const name of readdirSync(folder).sort()) {
      const path = join(folder, name);
      const stat = lstatSync(path);
      const head = `${(stat.mode & 0o777).toString(8)} ${stat.isDirectory() ? "" : stat.mtimeMs}`;
      const way = relative(root, path);
      if (stat.isSymbolicLink()) found.set(way, `link ${readlinkSync(path)}`);
      else if (stat.isDirectory()) {
        found.set(way, "folder");
        walk(path);
      } else if (stat.isFile()) found.set(way, `${head}\n${readFileSync(path, "latin1")}`);
      else found.set(way, "other");
    }
  };
  walk(root);
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

function ofHome(home: string): string[] {
  const found: string[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`HOME=${home}`)) continue;
      const words = readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
      // a zombie has no command line: it has ended
      if (words !== "") found.push(words);
    } catch {
      // it ended while it was looked at
    }
  }
  return found;
}

export async function machine(options: MachineOptions = {}): Promise<Machine> {
  const { bin } = await packedPackage();
  const scratch = scratchHome({
    ...(options.path === undefined ? {} : { path: options.path }),
    env: options.env ?? {},
    length: options.length,
  });
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
      start(process.execPath, [bin, ...args], { cwd: repo.path, ...run, env: { ...scratch.env, ...run.env } }),
    open(args, { env = {}, cwd = repo.path, cols = 80, rows = 40 } = {}) {
      const terminal = openTerminal({
        file: process.execPath,
        args: [bin, ...args],
        cwd,
        env: { ...scratch.env, ...env },
        cols,
        rows,
      });
      const wizard = asWizard(terminal);
      opened.push(wizard);
      return wizard;
    },
    read: (name) => readFileSync(at(name), "utf8"),
    mode: (name) => (lstatSync(at(name)).mode & 0o777).toString(8),
    write(name, text, mode = 0o644) {
      mkdirSync(dirname(at(name)), { recursive: true });
      writeFileSync(at(name), text, { mode });
    },
    exists(name) {
      try {
        lstatSync(at(name));
        return true;
      } catch {
        return false;
      }
    },
    tree: (folder = repo.path) => readTree(folder),
    processes: () => ofHome(scratch.home),
    async close() {
      for (const wizard of opened) await wizard.kill();
      await standIn.close();
      scratch.dispose();
    },
  };
}

function asWizard(terminal: Terminal): Wizard {
  const text = (): string => terminal.history().join("\n");
  const dump = process.env.HALO_E2E_SCREENS;
  if (dump !== undefined) {
    void terminal.exit.then(({ code }) => {
      appendFileSync(dump, `\n##### ${expect.getState().currentTestName} → ${code}\n${text()}\n`);
    });
  }
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
    async ends(code) {
      const end = await terminal.exit;
      expect(end, text()).toEqual({ code, signal: 0 });
      expect(terminal.cursorVisible(), "the cursor is visible again").toBe(true);
    },
  };
  return wizard;
}

/** Runs a program without a terminal. */
export function start(
  file: string,
  args: readonly string[],
  options: { cwd: string; env: Environment; stdin?: string; uid?: number; timeoutMs?: number },
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...args], {
      cwd: options.cwd,
      env: options.env,
      stdio: ["pipe", "pipe", "pipe"],
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    });
    let stdout = "";
    let stderr = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs ?? 60_000);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.stdin ?? "");
  });
}

export interface Recorder {
  readonly url: string;
  readonly port: number;
  /** Everything that it received: request line, headers and body of each request. */
  readonly received: string[];
  close(): Promise<void>;
}

/** A server that writes down what it gets and answers as it is told. */
export async function recorder(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Recorder> {
  const received: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString("latin1");
    });
    request.on("end", () => {
      received.push(`${request.method} ${request.url}\n${request.rawHeaders.join("\n")}\n${body}`);
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/halo/core/mcp`,
    port,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The flags of a run that has all it needs. */
export const ids = ["--account-id", ACCOUNT, "--profile-id", PROFILE] as const;
export const withToken: Environment = { HALO_MCP_TOKEN: TOKEN };

/** A committed set-up as a teammate finds it. */
export function committed(m: Machine, entry: unknown, name = "halo", files: Record<string, string> = {}): void {
  m.write(".mcp.json", `${JSON.stringify({ mcpServers: { [name]: entry } }, null, 2)}\n`);
  for (const [path, text] of Object.entries(files)) m.write(path, text);
  m.repo.git("add", "--all");
  m.repo.git("commit", "--quiet", "--message=set up");
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

/** The requests that carried the token. */
export const withTokenSent = (standIn: StandIn) =>
  standIn.requests.filter(({ headers }) => headers["x-cm-producttoken"] !== undefined);

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

/** A machine for one test, gone when it ends. */
export async function on(options: MachineOptions, use: (m: Machine) => Promise<void>): Promise<void> {
  const made = await machine(options);
  try {
    await use(made);
  } finally {
    await made.close();
  }
}

/** A server in front of another one, that stops answering when it is told to. */
export async function gate(
  behind: () => string,
): Promise<{ url: string; shut(): void; waiting(): number; close(): Promise<void> }> {
  let isShut = false;
  let waiting = 0;
  const server = createServer((request, response) => {
    if (isShut) {
      waiting += 1;
      return;
    }
    const target = new URL(behind());
    // "Connection" is about one hop: passed on, the server ends a connection that Node's agent keeps
    const { connection: _ofThisHop, ...headers } = request.headers;
    const forward = httpRequest(
      { host: target.hostname, port: target.port, path: request.url, method: request.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      },
    );
    forward.on("error", () => response.destroy());
    request.pipe(forward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/halo/core/mcp`,
    shut() {
      isShut = true;
    },
    waiting: () => waiting,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
