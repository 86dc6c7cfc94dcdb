import { PassThrough } from "node:stream";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Context } from "../../src/context.ts";
import { createPaint } from "../../src/ui/paint.ts";
import { createShow, type Show } from "../../src/ui/show.ts";
import { wrap } from "../../src/ui/wrap.ts";

const SECRET = "tok-0123456789-abcdef";

interface Screen {
  readonly show: Show;
  readonly err: () => string;
  readonly out: () => string;
}

interface Given {
  readonly tty?: boolean;
  readonly columns?: number;
  readonly color?: boolean;
  readonly unicode?: boolean;
  readonly quiet?: boolean;
  readonly guide?: boolean;
  readonly env?: Context["env"];
  readonly signal?: AbortSignal;
}

function screen(given: Given = {}): Screen {
  const stdout = new PassThrough();
  const stderr = Object.assign(new PassThrough(), { isTTY: given.tty ?? false, columns: given.columns ?? 80 });
  const context: Context = {
    cwd: "/",
    env: given.env ?? {},
    home: "/",
    platform: "linux",
    arch: "x64",
    nodeVersion: "v20.20.2",
    version: "0",
    stdin: new PassThrough(),
    stdout,
    stderr,
    isWatched: false,
    print: (text) => stdout.write(text),
    now: () => 0,
    signal: given.signal ?? new AbortController().signal,
    color: given.color ?? false,
    unicode: given.unicode ?? true,
    secrets: new Set([SECRET]),
    templates: pathToFileURL("/"),
  };
  const show = createShow(context, {
    quiet: given.quiet ?? false,
    guide: given.guide ?? false,
  });
  let [err, out] = ["", ""];
  stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  return { show, err: () => err, out: () => out };
}
const tick = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));

describe("createShow", () => {
  it("says everything on stderr and results on stdout", async () => {
    const { show, err, out } = screen();
    show.title("Title");
    show.info("one", ["detail"]);
    show.ok("two");
    show.warn("three");
    show.bad("four");
    show.verbatim(["  + five"]);
    show.result("six");
    show.result("seven\n");
    await tick();
    expect(err()).toBe("Title\n◇  one\n   detail\n✔  two\n▲  three\n✖  four\n  + five\n");
    expect(out()).toBe("six\nseven\n");
  });

  it("is silent when asked to, but for results, warnings and failures", async () => {
    const { show, err, out } = screen({ quiet: true, tty: true });
    show.title("t");
    show.info("i");
    show.info("i");
    show.ok("o");
    show.warn("w");
    show.bad("b");
    show.verbatim(["v"]);
    const progress = show.progress("p");
    progress.update("q");
    progress.end("ok", "done");
    show.result("r");
    await tick();
    expect([err(), out()]).toEqual(["▲  w\n✖  b\n", "r\n"]);
  });

  it("uses ASCII and no colour where it must", async () => {
    const { show, err } = screen({ unicode: false, guide: true });
    show.title("t");
    for (const say of ["info", "ok", "warn", "bad"] as const) show[say]("x");
    await tick();
    expect(err()).toMatch(/^[\x20-\x7e\n]*$/);
    const coloured = screen({ color: true });
    coloured.show.ok("x");
    await tick();
    expect(coloured.err()).toContain("\u001b[32m");
  });

  it("lets no secret out by any way, wherever a line breaks", async () => {
    for (const given of [
      {},
      { guide: true },
      { color: true, guide: true, tty: true, columns: 40 },
      { tty: true, columns: 20 },
    ]) {
      const { show, err, out } = screen(given);
      for (let pad = 0; pad < 80; pad += 1) {
        const text = `${"x".repeat(pad)} ${SECRET} ${SECRET}`;
        show.title(text);
        show.info(text, [text, SECRET]);
        show.verbatim([text]);
        show.result(text);
        const progress = show.progress(text);
        progress.update(`${"y".repeat(pad)}${SECRET}`);
        progress.end("bad", text);
      }
      await tick();
      for (const part of [SECRET, "0123456", "tok-0", "789-abc"]) expect(err() + out()).not.toContain(part);
    }
  });

  it("keeps lines within the terminal", async () => {
    for (const columns of [40, 60, 80, 200]) {
      for (const guide of [true, false]) {
        const { show, err } = screen({ columns, guide, tty: true });
        expect(show.columns).toBe(Math.min(columns, 100));
        show.info("some words ".repeat(30), ["more words and more ".repeat(20)]);
        const progress = show.progress("a long line of words ".repeat(20));
        progress.end("gone");
        await tick();
        for (const line of stripVTControlCharacters(err()).split(/[\n\r]/))
          expect(line.length).toBeLessThanOrEqual(Math.min(columns, 100));
      }
    }
  });

  it("shows progress as two lines where nothing can move", async () => {
    for (const given of [{ tty: false }, { tty: true, env: { TERM: "dumb" } }]) {
      const { show, err } = screen(given);
      const progress = show.progress("testing");
      progress.update("still testing");
      progress.end("ok", "tested");
      progress.end("bad", "twice");
      await tick();
      expect(err()).toBe("•  testing\n✔  tested\n");
    }
  });

  it("moves on a terminal, erases itself at the end, and when the run is aborted", async () => {
    const moving = screen({ tty: true });
    const progress = moving.show.progress("one");
    progress.update("two");
    progress.end("gone");
    progress.update("three");
    await tick(150);
    expect(moving.err()).toMatch(/one.*two/s);
    expect(moving.err()).not.toContain("three");
    expect(moving.err().endsWith("\r\u001b[2K")).toBe(true);

    const stop = new AbortController();
    const aborted = screen({ tty: true, signal: stop.signal });
    const waiting = aborted.show.progress("waiting");
    stop.abort();
    await tick(150);
    expect(aborted.err().endsWith("\r\u001b[2K")).toBe(true);
    waiting.end("ok", "late");
    await tick();
    expect(aborted.err()).not.toContain("late");
  });
});

describe("wrap", () => {
  it("never loses a word, never cuts one, keeps the indent and the width", () => {
    const words = fc.array(fc.string({ unit: fc.constantFrom(..."abc-"), minLength: 1, maxLength: 30 }), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(words, fc.constantFrom("", "  ", "    "), fc.integer({ min: 20, max: 90 }), (all, indent, width) => {
        const lines = wrap(indent + all.join(" "), width);
        expect(lines.flatMap((line) => line.trim().split(" "))).toEqual(all);
        for (const line of lines) {
          expect(line.startsWith(indent)).toBe(true);
          if (line.trim().includes(" ")) expect(line.length).toBeLessThanOrEqual(width);
        }
      }),
    );
    expect(wrap("", 20)).toEqual([""]);
  });
});

describe("createPaint", () => {
  it("leaves texts bare without colour", () => {
    const { bold, dim, red, green, yellow, cyan } = createPaint(false, true);
    for (const paint of [bold, dim, red, green, yellow, cyan]) expect(paint("x")).toBe("x");
    expect(createPaint(true, true).red("x")).toBe("\u001b[31mx\u001b[39m");
  });
});
