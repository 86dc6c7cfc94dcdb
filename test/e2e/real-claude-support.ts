/** What the tests with the real Claude Code share: a program in front of it, a server in front of HALO, a session. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { vi } from "vitest";
import type { Running } from "../servers/fault-kit.ts";
import type { StandInRequest } from "../servers/stand-in.mjs";
import { type ClaudeVersion, claudeBinFolder, claudeOf, quietClaude } from "../support/claude.ts";
import { openTerminal } from "../support/terminal.ts";
import { inTurns } from "../support/turns.ts";
import { ACCOUNT, inFront, type Machine, on, PROFILE, program, TOKEN } from "./support.ts";

/** An entry with the values themselves. */
export const literal = (url: string) => ({
  type: "http",
  url,
  headers: { "X-CM-PRODUCTTOKEN": TOKEN, "CM-ACCOUNT-ID": ACCOUNT, "CM-PROFILE-ID": PROFILE },
});

/** Only so many at once: Claude Code takes its time to start, and our limits are real ones. */
const inTurn = inTurns(3);

/** A machine for one test, with this Claude Code on its PATH, or with none. */
export const onClaude = (version: ClaudeVersion | undefined, use: (m: Machine) => Promise<void>): Promise<void> =>
  inTurn(() => on({ env: quietClaude, ...(version && { path: [claudeBinFolder(version)] }) }, use));

export const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));

export const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

export function put(path: string, content: unknown, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content, null, 2), { mode });
  chmodSync(path, mode);
}

/** What `claude` was called with, one call a time. */
export interface Call {
  readonly argv: readonly string[];
  readonly timeout: string;
  /** `ls -ld` of the file that --settings names, and of its folder. */
  readonly settings: readonly string[];
}

export interface Front {
  readonly env: Record<string, string>;
  calls(): readonly Call[];
  /** Waits until it was called with these words. */
  called(words: string): Promise<void>;
}

/**
 * A `claude` that writes down how it was called, then does what `script` says (sh; `$real` is the real program, `$words`
 * all words), then runs the real one.
 */
export function front(m: Machine, version: ClaudeVersion, script = ""): Front {
  const log = join(m.root, "calls.log");
  const lines = [
    `real='${claudeOf(version)}'; words="$*"; previous=`,
    "{",
    '  printf "call\\n"; for word in "$@"; do',
    '    printf "arg %s\\n" "$word"',
    '    if [ "$previous" = --settings ]; then ls -ld "$word" "$(dirname "$word")" | sed "s/^/file /"; fi',
    "    previous=$word",
    '  done; printf "timeout %s\\n" "$MCP_TIMEOUT"; printf "end\\n"',
    `} >> '${log}'`,
    script,
    'exec "$real" "$@"',
  ];
  const folder = program(join(m.root, "front"), "claude", lines.join("\n"));
  const calls = (): Call[] => {
    const texts = (existsSync(log) ? readFileSync(log, "utf8") : "").split("call\n");
    return texts
      .filter((text) => text.endsWith("end\n"))
      .map((text) => {
        const of = (kind: string) =>
          [...text.matchAll(new RegExp(`^${kind} (.*)$`, "gm"))].map(([, word = ""]) => word);
        return { argv: of("arg"), timeout: of("timeout")[0] ?? "", settings: of("file") };
      });
  };
  const called = (words: string) => calls().some(({ argv }) => argv.join(" ").includes(words));
  return {
    env: { PATH: `${folder}:${m.env.PATH}` },
    calls,
    called: async (words) => {
      await vi.waitUntil(() => called(words), { timeout: 20_000, interval: 50 });
    },
  };
}

export type Mood = "401" | "500" | "hang" | "down";

/** A server in front of the stand-in, with a mood of its own toward Claude Code: what is not it (our own test) passes. */
export const gateway = (m: Machine, mood: Mood): Promise<Running> =>
  inFront(m.url, (request, response) => {
    if (!String(request.headers["user-agent"]).startsWith("claude-code")) return false;
    if (mood === "down") request.socket.destroy();
    if (mood === "401") response.writeHead(401).end("{}");
    if (mood === "500") response.writeHead(500).end("no\n  Status: ✔ Connected\n");
    return true;
  });

/** What the stand-in got from Claude Code. */
export function fromClaude(m: Machine): readonly StandInRequest[] {
  return m.standIn.requests.filter(({ headers }) => String(headers["user-agent"]).startsWith("claude-code"));
}

/** Every request had the three right headers. */
export function sentRight(m: Machine): boolean {
  const right = Object.entries(literal("").headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return fromClaude(m).every(({ headers }) => right.every(([name, value]) => headers[name] === value));
}

/** The same, and it listed the tools. */
export const reached = (m: Machine): boolean => sentRight(m) && fromClaude(m).some(({ rpc }) => rpc === "tools/list");

/** Somebody who has used Claude Code before: it asks for no theme and no login. Not a login. */
export function onboard(m: Machine, more: Record<string, unknown> = {}): void {
  const path = join(m.env.CLAUDE_CONFIG_DIR ?? m.home, ".claude.json");
  put(path, { ...(existsSync(path) ? json(path) : {}), hasCompletedOnboarding: true, theme: "dark", ...more });
}

/** What the person at the terminal does, where that is not the usual. */
export interface SessionOptions {
  /** Where it starts; m.path when not given. */
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** The answer about a new server. */
  readonly server?: "Use this MCP server" | "Continue without using this MCP server";
  /** Gets the dialogs that came up, each once. */
  readonly dialogs?: Set<string>;
  /** Nothing more is waited for. */
  readonly done?: () => boolean;
}

/**
 * A session in a terminal: trusts the folder if asked, waits for the prompt, and a while for the connection.
 * Out: what was on the screen when trust was asked for.
 */
export async function session(
  m: Machine,
  version: ClaudeVersion,
  waitMs = 1500,
  { cwd = m.path, server = "Use this MCP server", dialogs, done, ...given }: SessionOptions = {},
): Promise<string> {
  onboard(m);
  m.standIn.requests.length = 0;
  const env = { ...m.env, MCP_TIMEOUT: "1500", ...given.env };
  const terminal = openTerminal({ file: claudeOf(version), cwd, env, cols: 100 });
  const wishes = [
    ["Yes, I trust this folder", "trust"],
    [server, "new-server"],
    ["Continue without these settings", "settings-error"],
  ] as const;
  let asked = "";
  try {
    await terminal.waitFor(/Yes, I trust this folder|Use this MCP server|without these settings|❯\s*$/m, 30_000);
    const screen = () => terminal.screen().join("\n");
    // the answers of somebody who wants the server; keys that come too soon are forgotten, and on a machine that is busy
    // they show late: one key at a time, and none before the screen has been still
    for (let turn = 0; turn < 30 && !/^❯\s*$/m.test(screen()); turn += 1) {
      await still(screen);
      const before = screen();
      const [wish, dialog] = wishes.find(([text]) => before.includes(text)) ?? [];
      if (asked === "") asked = before;
      if (wish === undefined || dialog === undefined) continue;
      dialogs?.add(dialog);
      terminal.press(new RegExp(`❯ (?:\\d\\. )?${wish}`).test(before) ? "enter" : "up");
      for (let wait = 0; wait < 60 && screen() === before; wait += 1) await sleep(50);
    }
    for (let turn = 0; turn < 200 && !/^❯\s*$/m.test(screen()); turn += 1) await sleep(50);
    if (!/^❯\s*$/m.test(screen())) throw new Error(`no prompt in the session:\n${screen()}`);
    const until = Date.now() + waitMs;
    while (!reached(m) && done?.() !== true && Date.now() < until) await sleep(50);
  } finally {
    await terminal.kill();
  }
  return asked;
}

/** Waits until a screen has not changed for a while. */
async function still(screen: () => string): Promise<void> {
  for (let same = 0, last = screen(); same < 10; same += 1) {
    await sleep(50);
    if (screen() === last) continue;
    last = screen();
    same = -1;
  }
}

/** Folders of our private settings file that are still there. */
export function leftBehind(m: Machine): string[] {
  return readdirSync(m.tmp).filter((name) => name.startsWith("create-halo-mcp-"));
}

/** Every file below the home folder that holds the token, with its mode. */
export function filesWithToken(m: Machine, folder = m.home): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(folder, name)).isFile() && readFileSync(join(folder, name)).includes(TOKEN))
    .map((name) => `${modeOf(join(folder, name))} ${name}`)
    .sort();
}
