import type { Context, Output } from "../context.ts";
import { createPaint, type Paint } from "./paint.ts";
import { wrap } from "./wrap.ts";

export interface Progress {
  update(text: string): void;
  /** Replaces the line by its outcome; without a text it only goes away. */
  end(outcome: "ok" | "bad" | "gone", text?: string): void;
}

/** Everything that is said on the way goes to stderr; results go to stdout. Nothing leaves unredacted. */
export interface Show {
  readonly paint: Paint;
  readonly columns: number;
  title(text: string): void;
  info(text: string, details?: readonly string[]): void;
  ok(text: string, details?: readonly string[]): void;
  warn(text: string, details?: readonly string[]): void;
  bad(text: string, details?: readonly string[]): void;
  /** Lines that must stay as they are: diffs, commands. */
  verbatim(lines: readonly string[]): void;
  progress(text: string): Progress;
  /** One text on stdout. */
  result(text: string): void;
}

export interface ShowOptions {
  readonly redact: (text: string) => string;
  /** Warnings, failures and results only. */
  readonly quiet: boolean;
  readonly guide: boolean;
}

const FRAMES = ["◒", "◐", "◓", "◑"];
const ASCII_FRAMES = ["-", "\\", "|", "/"];

/** What a runner of GitHub Actions would take for a command: `##[` anywhere, `::` at the beginning of a line. */
function withoutCommands(text: string): string {
  return text.replaceAll("##[", "## [").replace(/^([ \t]*:):/gm, "$1 :");
}

export function createShow(context: Context, options: ShowOptions): Show {
  const { stderr, stdout } = context;
  const paint = createPaint(context.color, context.unicode);
  const columns = Math.max(40, Math.min(stderr.columns ?? 80, 100));
  const bar = options.guide ? `${paint.dim(paint.sign.bar)}  ` : "";
  const width = columns - (options.guide ? 4 : 2);

  const write = (output: Output, text: string): void => {
    const safe = options.redact(text);
    output.write(output === stderr ? withoutCommands(safe) : safe);
  };
  const line = (text: string): void => write(stderr, `${text}\n`);

  const say = (sign: string, text: string, details: readonly string[] = []): void => {
    if (options.guide) line(paint.dim(paint.sign.bar));
    const [first = "", ...rest] = text.split("\n").flatMap((part) => wrap(part, width - 3));
    line(`${sign}  ${first}`);
    const below = options.guide ? bar : "   ";
    for (const part of rest) line(below + part);
    for (const detail of details) for (const part of wrap(detail, width - 3)) line(below + paint.dim(part));
  };

  return {
    paint,
    columns,
    title: (text) => {
      if (options.quiet) return;
      if (options.guide) line(`${paint.dim(context.unicode ? "┌" : "+")}  ${paint.bold(text)}`);
      else line(text);
    },
    info: (text, details) => options.quiet || say(paint.cyan(paint.sign.info), text, details),
    ok: (text, details) => options.quiet || say(paint.green(paint.sign.ok), text, details),
    warn: (text, details) => say(paint.yellow(paint.sign.warn), text, details),
    bad: (text, details) => say(paint.red(paint.sign.bad), text, details),
    verbatim: (lines) => {
      if (options.quiet) return;
      for (const text of lines) line(bar + text);
    },
    progress: (text) => startProgress(text, { stderr, context, paint, options, write, say, width }),
    result: (text) => {
      if (options.guide) line("");
      write(stdout, text.endsWith("\n") ? text : `${text}\n`);
    },
  };
}

interface ProgressParts {
  readonly stderr: Output;
  readonly context: Context;
  readonly paint: Paint;
  readonly options: ShowOptions;
  readonly write: (output: Output, text: string) => void;
  readonly say: (sign: string, text: string) => void;
  readonly width: number;
}

/** A line that moves on a terminal; elsewhere one line when it starts and one when it ends. */
function startProgress(text: string, parts: ProgressParts): Progress {
  const { stderr, context, paint, options, write, say, width } = parts;
  const moving = stderr.isTTY === true && !options.quiet && context.env.TERM !== "dumb";
  const frames = context.unicode ? FRAMES : ASCII_FRAMES;
  let current = text;
  let frame = 0;
  let ended = false;
  const erase = (): void => write(stderr, "\r\u001b[2K");
  const draw = (): void => {
    // masked before it is cut: of a secret in two nothing would be recognised
    const safe = options.redact(current);
    const more = context.unicode ? "…" : "...";
    const shown = safe.length > width - 4 ? `${safe.slice(0, width - 4 - more.length)}${more}` : safe;
    write(stderr, `\r\u001b[2K${paint.cyan(frames[frame % frames.length] ?? "")}  ${shown}`);
    frame += 1;
  };
  if (moving) draw();
  else if (!options.quiet) write(stderr, `${paint.sign.dot}  ${text}\n`);
  const timer = moving ? setInterval(draw, 120) : undefined;
  timer?.unref();
  const gone = (): void => {
    if (ended) return;
    ended = true;
    clearInterval(timer);
    if (moving) erase();
  };
  context.signal.addEventListener("abort", gone, { once: true });
  return {
    update: (next) => {
      current = next;
      if (moving && !ended) draw();
    },
    end: (outcome, last) => {
      if (ended) return;
      gone();
      context.signal.removeEventListener("abort", gone);
      if (outcome === "gone" || (outcome === "ok" && options.quiet)) return;
      say(outcome === "ok" ? paint.green(paint.sign.ok) : paint.red(paint.sign.bad), last ?? current);
    },
  };
}
