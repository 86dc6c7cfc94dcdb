import type { Context } from "../context.ts";
import { createOutput } from "./output.ts";
import { createPaint, type Paint } from "./paint.ts";
import { wrap } from "./wrap.ts";

export interface Progress {
  update(text: string): void;
  /** Replaces the line by its outcome; without a text it only goes away. */
  end(outcome: "ok" | "bad" | "gone", text?: string): void;
}

/** What a command says on the way, on stderr, with a sign before each message; results go to stdout. */
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
  /** Warnings, failures and results only. */
  readonly quiet: boolean;
  /** A bar at the left, as clack draws it between its questions. */
  readonly guide: boolean;
}

const FRAMES = ["◒", "◐", "◓", "◑"];
const ASCII_FRAMES = ["-", "\\", "|", "/"];

/** Messages of one run, made from the context. */
export function createShow(context: Context, { quiet, guide }: ShowOptions): Show {
  const output = createOutput(context);
  const paint = createPaint(context.color, context.unicode);
  const { sign, dim } = paint;
  const columns = Math.max(40, Math.min(context.stderr.columns ?? 80, 100));
  const width = columns - (guide ? 4 : 2);
  const bar = guide ? `${dim(sign.bar)}  ` : "";

  const say = (mark: string, text: string, details: readonly string[] = []): void => {
    const [first = "", ...rest] = text.split("\n").flatMap((part) => wrap(part, width - 3));
    const more = details.flatMap((detail) => wrap(detail, width - 3)).map(dim);
    const below = [...rest, ...more].map((part) => (guide ? bar : "   ") + part);
    output.say([...(guide ? [dim(sign.bar)] : []), `${mark}  ${first}`, ...below].join("\n"));
  };
  const title = (text: string): void =>
    output.say(guide ? `${dim(context.unicode ? "┌" : "+")}  ${paint.bold(text)}` : text);

  return {
    paint,
    columns,
    title: (text) => quiet || title(text),
    info: (text, details) => quiet || say(paint.cyan(sign.info), text, details),
    ok: (text, details) => quiet || say(paint.green(sign.ok), text, details),
    warn: (text, details) => say(paint.yellow(sign.warn), text, details),
    bad: (text, details) => say(paint.red(sign.bad), text, details),
    verbatim: (lines) => quiet || output.say(lines.map((line) => `${bar}${line}\n`).join("")),
    progress: (text) => {
      const isMoving = context.stderr.isTTY === true && !quiet && context.env.TERM !== "dumb";
      if (!isMoving && !quiet) output.say(`${sign.dot}  ${text}`);
      const line = isMoving ? movingLine(context, paint, output.clean, width - 4) : undefined;
      let current: string | undefined = text;
      line?.draw(text);
      return {
        update: (next) => {
          if (current === undefined) return;
          current = next;
          line?.draw(next);
        },
        end: (outcome, last) => {
          const text = last ?? current ?? "";
          if (current === undefined || context.signal.aborted) return;
          current = undefined;
          line?.erase();
          if (outcome === "bad") say(paint.red(sign.bad), text);
          if (outcome === "ok" && !quiet) say(paint.green(sign.ok), text);
        },
      };
    },
    result: (text) => {
      if (guide) output.say("\n");
      output.result(text);
    },
  };
}

/** A line of a terminal that is drawn again and again, until it is erased or the run is cancelled. */
function movingLine(context: Context, paint: Paint, clean: (text: string) => string, width: number) {
  const { stderr, unicode, signal } = context;
  const frames = unicode ? FRAMES : ASCII_FRAMES;
  const more = unicode ? "…" : "...";
  let frame = 0;
  let shown = "";
  const redraw = (): void => {
    stderr.write(`\r\u001b[2K${paint.cyan(frames[frame % frames.length] ?? "")}  ${shown}`);
    frame += 1;
  };
  const timer = setInterval(redraw, 120);
  timer.unref();
  const erase = (): void => {
    signal.removeEventListener("abort", erase);
    clearInterval(timer);
    stderr.write("\r\u001b[2K");
  };
  signal.addEventListener("abort", erase, { once: true });
  return {
    draw: (text: string): void => {
      // masked before it is cut: half a secret would not be recognised
      const safe = clean(text);
      shown = safe.length > width ? `${safe.slice(0, width - more.length)}${more}` : safe;
      if (!signal.aborted) redraw();
    },
    erase,
  };
}
