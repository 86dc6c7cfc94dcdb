import type { Context } from "../context.ts";
import { createOutput } from "./output.ts";
import { createPaint } from "./paint.ts";
import { columnsOf, wrap } from "./wrap.ts";

export type Show = ReturnType<typeof createShow>;

/** Messages on stderr; results go to stdout. `quiet`: only warnings and failures; `guide`: a bar at the left, as clack has. */
export function createShow(context: Context, wanted: Readonly<Record<"quiet" | "guide", boolean>>) {
  const { quiet } = wanted;
  const guide = wanted.guide && !context.plain;
  const output = createOutput(context);
  const paint = createPaint(context.color);
  const { sign, dim } = paint;
  const columns = columnsOf(context.stderr);
  const width = columns - (guide ? 4 : 2);
  const bar = guide ? `${dim(sign.bar)}  ` : "";

  /** `isBelow`: directly below the line before, without a bar between them. */
  const say = (mark: string, text: string, details: readonly string[] = [], isBelow = false): void => {
    const [first = "", ...rest] = text.split("\n").flatMap((part) => wrap(part, width - 3));
    const more = details.flatMap((detail) => wrap(detail, width - 3)).map(dim);
    const below = [...rest, ...more].map((part) => (guide ? bar : "   ") + part);
    output.say([...(guide && !isBelow ? [dim(sign.bar)] : []), `${mark}  ${first}`, ...below].join("\n"));
  };
  const unlessQuiet = (mark: string) => (text: string, details?: readonly string[], isBelow?: boolean) =>
    quiet || say(mark, text, details, isBelow);

  return {
    paint,
    columns,
    title: (text: string) => quiet || output.say(guide ? `${dim("┌")}  ${paint.bold(text)}` : text),
    info: unlessQuiet(paint.cyan(sign.info)),
    /** A token that a flag promised does not come. */
    waits: (flag: string) => quiet || say(sign.dot, `Waiting for the token of ${flag} …`),
    ok: unlessQuiet(paint.green(sign.ok)),
    warn: (text: string, details?: readonly string[], isBelow?: boolean) =>
      say(paint.yellow(sign.warn), text, details, isBelow),
    bad: (text: string, details?: readonly string[]) => say(paint.red(sign.bad), text, details),
    /** Lines that must stay as they are: diffs, commands. */
    verbatim: (lines: readonly string[]) => quiet || output.say(lines.map((line) => `${bar}${line}\n`).join("")),
    /** The current activity: a spinner on a terminal, a plain line elsewhere. */
    progress: (text: string) => {
      if (context.stderr.isTTY === true && !quiet && !context.plain) return movingLine(text);
      if (!quiet) output.say(`${sign.dot}  ${text}`);
      return { update: (_: string): void => {}, end: (): void => {} };
    },
    result: (text: string) => {
      if (guide) output.say("\n");
      output.result(text);
    },
  };

  /** A line that is redrawn until it ends. */
  function movingLine(first: string) {
    const frames = context.unicode ? "◒◐◓◑" : "-\\|/";
    let [frame, shown] = [0, ""];
    const draw = (): void => {
      context.stderr.write(`\r\u001b[2K${paint.cyan(frames[frame % frames.length] ?? "")}  ${shown}`);
      frame += 1;
    };
    const update = (text: string): void => {
      // masked before it is cut: part of a secret would not be recognised
      const safe = output.clean(text);
      shown = safe.length > width - 4 ? output.clean(`${safe.slice(0, width - 7)}…`) : safe;
      draw();
    };
    const timer = setInterval(draw, 120).unref();
    update(first);
    const end = (): void => {
      clearInterval(timer);
      context.stderr.write("\r\u001b[2K");
    };
    return { update, end };
  }
}
