/** The clipboard and the browser of this computer, through its own programs. What is copied goes over standard input. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { parse } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

type Argv = readonly [string, ...string[]];

interface Desktop {
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The path of a program, undefined if it is not there. */
  readonly find: (name: string) => string | undefined;
}

/** A program of a platform, or of one that has set one of these variables. The first that is there is used. */
type Row = readonly [where: string, argv: Argv];

const CLIPBOARDS: readonly Row[] = [
  ["darwin", ["pbcopy"]],
  ["win32", ["clip"]],
  ["WAYLAND_DISPLAY", ["wl-copy"]],
  ["DISPLAY", ["xclip", "-selection", "clipboard"]],
  ["DISPLAY", ["xsel", "--clipboard", "--input"]],
  ["WSL_DISTRO_NAME", ["clip.exe"]],
];
const OPENERS: readonly Row[] = [
  ["darwin", ["open"]],
  // start takes a first word in quotes as the title of a window
  ["win32", ["cmd", "/d", "/c", "start", ""]],
  ["WAYLAND_DISPLAY", ["xdg-open"]],
  ["DISPLAY", ["xdg-open"]],
  ["WSL_DISTRO_NAME", ["wslview"]],
];

const isRemote = ({ env }: Desktop): boolean => Boolean(env.SSH_CONNECTION || env.SSH_TTY);

function programOf(rows: readonly Row[], { platform, env, find }: Desktop): Argv | undefined {
  for (const [where, [name, ...args]] of rows) {
    const path = where === platform || env[where] ? find(name) : undefined;
    if (path !== undefined) return [path, ...args];
  }
  return undefined;
}

/** What fills the clipboard; `terminal`: that of the person at the other end of SSH does (OSC 52). */
export const clipboardOf = (desktop: Desktop): Argv | "terminal" | undefined =>
  isRemote(desktop) ? "terminal" : programOf(CLIPBOARDS, desktop);

/** What opens a page. Over SSH nothing: the browser would be on the other computer. */
export const openerOf = (desktop: Desktop): Argv | undefined =>
  isRemote(desktop) ? undefined : programOf(OPENERS, desktop);

/** The sequence with which a terminal fills its clipboard. */
export const osc52 = (text: string): string => `\u001b]52;c;${Buffer.from(text).toString("base64")}\u0007`;

const LIMIT_MS = 3000;

/**
 * Runs such a program. Out: whether it did its work. It is not of our group and is not ended: xclip and wl-copy keep what was
 * copied in a process that stays, and an opener may run as long as the browser.
 */
export async function give([program, ...args]: Argv, env: Desktop["env"], input = ""): Promise<boolean> {
  const { root: cwd } = parse(program);
  const child = spawn(program, args, {
    ...{ cwd, env: { ...env }, detached: true, windowsHide: true },
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.stdin.on("error", () => undefined).end(input);
  const ended = once(child, "exit").then(
    ([code]) => code === 0,
    () => false,
  );
  const isDone = await Promise.race([ended, sleep(LIMIT_MS, true, { ref: false })]);
  child.unref();
  return isDone;
}
