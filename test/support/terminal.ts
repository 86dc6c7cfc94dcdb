import { spawn } from "@lydell/node-pty";
import xterm from "@xterm/headless";
import type { Environment } from "./home.ts";

const keys = {
  enter: "\r",
  up: "\x1b[A",
  down: "\x1b[B",
  right: "\x1b[C",
  left: "\x1b[D",
  space: " ",
  escape: "\x1b",
  "ctrl-c": "\x03",
  "ctrl-d": "\x04",
  "ctrl-u": "\x15",
  "ctrl-z": "\x1a",
} as const;

export type Key = keyof typeof keys;
export const isKey = (word: string): word is Key => Object.hasOwn(keys, word);

export interface TerminalOptions {
  readonly file: string;
  readonly args?: readonly string[];
  readonly cwd: string;
  /** The whole environment: nothing is inherited. */
  readonly env: Environment;
  readonly cols?: number;
  readonly rows?: number;
}

export interface Terminal {
  readonly pid: number;
  /** The lines a person sees now, right-trimmed, without the empty ones at the end. */
  screen(): string[];
  /** Everything that scrolled by as well. */
  history(): string[];
  /** Every byte the program wrote, escapes included. */
  raw(): string;
  waitFor(wanted: string | RegExp, ms?: number): Promise<void>;
  /** Waits until nothing was written for this long. */
  settle(quietMs?: number): Promise<void>;
  type(text: string): void;
  press(...pressed: Key[]): void;
  resize(cols: number, rows: number): void;
  cursorVisible(): boolean;
  readonly exit: Promise<{ code: number; signal: number }>;
  /** Closes the terminal, as a window is closed. */
  hangUp(): void;
  /** Ends the program, if it still runs, and waits for its end. */
  kill(): Promise<void>;
}

/** A program in a real terminal whose screen a test can read. */
export function openTerminal(options: TerminalOptions): Terminal {
  const { cols = 80, rows = 40 } = options;
  const view = new xterm.Terminal({ cols, rows, scrollback: 10_000, allowProposedApi: true });
  const pty = spawn(options.file, [...(options.args ?? [])], {
    name: options.env.TERM ?? "xterm-256color",
    cols,
    rows,
    cwd: options.cwd,
    env: { ...options.env },
  });
  let raw = "";
  let ended: { code: number; signal: number } | undefined;
  let lastWrite = Date.now();
  const watchers = new Set<() => void>();
  const changed = () => {
    for (const watcher of [...watchers]) watcher();
  };
  pty.onData((data) => {
    raw += data;
    lastWrite = Date.now();
    view.write(data, changed);
  });
  // A program that asks the terminal something (where the cursor is, what it is) gets its answer.
  view.onData((answer) => {
    if (ended === undefined) pty.write(answer);
  });
  const exit = new Promise<{ code: number; signal: number }>((resolve) => {
    pty.onExit(({ exitCode, signal }) => {
      // The last bytes may still be on their way through the emulator.
      setTimeout(() => {
        ended = { code: exitCode, signal: signal ?? 0 };
        view.write("", changed);
        resolve(ended);
      }, 50);
    });
  });

  const lines = (from: number, to: number): string[] => {
    const read = [];
    for (let y = from; y < to; y++) read.push(view.buffer.active.getLine(y)?.translateToString(true) ?? "");
    while (read.at(-1) === "") read.pop();
    return read;
  };
  const screen = () => lines(view.buffer.active.baseY, view.buffer.active.baseY + view.rows);
  const history = () => lines(0, view.buffer.active.length);
  const state = () => {
    const width = Math.max(20, ...screen().map((line) => line.length));
    const end = ended === undefined ? "still running" : `exited with ${ended.code}, signal ${ended.signal}`;
    return `${"─".repeat(width)}\n${screen().join("\n")}\n${"─".repeat(width)}\n(${end})`;
  };
  const seen = (wanted: string | RegExp) => {
    const text = history().join("\n");
    return typeof wanted === "string"
      ? text.includes(wanted)
      : new RegExp(wanted, wanted.flags.replace("g", "")).test(text);
  };

  return {
    pid: pty.pid,
    screen,
    history,
    raw: () => raw,
    exit,
    waitFor(wanted, ms = 15_000) {
      return new Promise((resolve, reject) => {
        const finish = (error?: Error) => {
          clearTimeout(timer);
          watchers.delete(look);
          if (error) reject(error);
          else resolve();
        };
        const look = () => {
          if (seen(wanted)) finish();
          else if (ended) finish(new Error(`the program ended before ${wanted} was on the screen\n${state()}`));
        };
        const timer = setTimeout(
          () => finish(new Error(`${wanted} was not on the screen within ${ms} ms\n${state()}`)),
          ms,
        );
        watchers.add(look);
        look();
      });
    },
    async settle(quietMs = 150) {
      while (Date.now() - lastWrite < quietMs && ended === undefined) await new Promise((r) => setTimeout(r, 20));
    },
    type: (text) => pty.write(text),
    press(...pressed) {
      for (const key of pressed) pty.write(keys[key]);
    },
    resize(width, height) {
      view.resize(width, height);
      pty.resize(width, height);
    },
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape that hides and shows the cursor
    cursorVisible: () => raw.match(/\x1b\[\?25[hl]/g)?.at(-1) !== "\x1b[?25l",
    // of the package, but not in its types: closes our end
    hangUp: () => (pty as unknown as { destroy(): void }).destroy(),
    async kill() {
      if (ended === undefined) pty.kill("SIGKILL");
      await exit;
      view.dispose();
    },
  };
}
