import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Context } from "../../src/context.ts";
import { createShow } from "../../src/ui/show.ts";
import { wrap } from "../../src/ui/wrap.ts";
import { madeUp } from "../support/context.ts";

const SECRET = "tok-0123456789-abcdef";
const ERASED = "\r\u001b[2K";

interface Given {
  readonly context?: Partial<Context>;
  readonly stderr?: { readonly isTTY?: boolean; readonly columns?: number };
  readonly quiet?: boolean;
  readonly guide?: boolean;
}

function screen({ context: given, stderr, quiet = false, guide = false }: Given = {}) {
  const { context, said } = madeUp({ secrets: new Set([SECRET]), ...given }, stderr);
  return { show: createShow(context, { quiet, guide }), said };
}

it.each([
  [
    "everything",
    {},
    { stderr: "Title\n◇  one\n   detail\n✔  two\n▲  three\n✖  four\n  + five\n•  busy\n", stdout: "six\n" },
  ],
  [
    "results, warnings and failures alone",
    { quiet: true, stderr: { isTTY: true } },
    { stderr: "▲  three\n✖  four\n", stdout: "six\n" },
  ],
  [
    "ASCII, and a bar beside it",
    { context: { unicode: false }, guide: true },
    {
      stderr: "+  Title\n|\n-  one\n|  detail\n|\n+  two\n|\n!  three\n|\nx  four\n|    + five\n*  busy\n\n",
      stdout: "six\n",
    },
  ],
] as const)("says %s: what is on the way on stderr, results on stdout", (_, given, expected) => {
  const { show, said } = screen(given);
  show.title("Title");
  show.info("one", ["detail"]);
  show.ok("two");
  show.warn("three");
  show.bad("four");
  show.verbatim(["  + five"]);
  const progress = show.progress("busy");
  progress.update("still busy");
  progress.end();
  show.result("six");
  expect(said).toEqual(expected);
});

it("lets no secret out by any way, wherever a line breaks, and keeps lines within the terminal", () => {
  for (const columns of [20, 40, 60, 200]) {
    for (const guide of [true, false]) {
      const { show, said } = screen({ context: { color: guide }, guide, stderr: { isTTY: true, columns } });
      const most = Math.max(40, Math.min(columns, 100));
      expect(show.columns).toBe(most);
      show.info("some words ".repeat(30), ["more words and more ".repeat(20)]);
      const progress = show.progress("a long line of words ".repeat(20));
      progress.end();
      for (const line of stripVTControlCharacters(said.stderr).split(/[\n\r]/))
        expect(line.length).toBeLessThanOrEqual(most);
      for (let pad = 0; pad < 80; pad += 1) {
        const text = `${"x".repeat(pad)} ${SECRET} ${SECRET}`;
        show.title(text);
        show.info(text, [text, SECRET]);
        show.verbatim([text]);
        show.result(text);
        const moving = show.progress(text);
        moving.update(`${"y".repeat(pad)}${SECRET}`);
        moving.end();
      }
      for (const part of [SECRET, "0123456", "tok-0", "789-abc"]) expect(said.stderr + said.stdout).not.toContain(part);
    }
  }
});

it("shows progress as one line where nothing can move", () => {
  const { show, said } = screen({ context: { plain: true }, stderr: { isTTY: true } });
  show.progress("testing").end();
  expect(said.stderr).toBe("•  testing\n");
});

it("moves on a terminal, and erases itself at the end", async () => {
  const { show, said } = screen({ stderr: { isTTY: true } });
  const progress = show.progress("one");
  progress.update("two");
  await new Promise((resolve) => setTimeout(resolve, 150));
  progress.end();
  expect(said.stderr).toBe(["", "◒  one", "◐  two", "◓  two", ""].join(ERASED));
});

it("a line that is wrapped loses no word, cuts none, keeps the indent and the width", () => {
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
  // a comment stays one
  expect(wrap("  # one two three", 12)).toEqual(["  # one two", "  # three"]);
});
