import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Input } from "../../src/context.ts";
import { guardInput, openPromptInput, type Reads } from "../../src/ui/prompt-input.ts";

const BREAK = "\u2424";
// biome-ignore lint/suspicious/noControlCharactersInRegex: Ctrl-C
const ONLY_CTRL_C = /^\u0003+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the keys of a terminal, and at the end one that has only begun
const KEY = /\u001b(?:\[[0-9;]*[A-Za-z~]?|O(?:[A-Za-z]|$))/g;

describe("guardInput for text", () => {
  it.each([
    ["a", "a"],
    ["token", "token"],
    ["\r", "\r"],
    ["\n", "\r"],
    ["token\r", "token\r"],
    ["token\r\n", "token\r"],
    ["token\n\n\n", "token\r"],
    ["one\ntwo", `one${BREAK}two`],
    ["one\rtwo", `one${BREAK}two`],
    ["one\r\n\r\ntwo\r\n", `one${BREAK}two\r`],
    ["\r\ntoken", `${BREAK}token`],
    ["\u0004", "\u0003"],
    ["to\u0004ken", "to\u0003ken"],
    ["\u001b[D", "\u001b[D"],
    ["\u007f", "\u007f"],
    ["", ""],
  ])("%j becomes %j", (chunk, guarded) => {
    expect(guardInput(chunk, "text", BREAK)).toBe(guarded);
  });

  it("never lets more than one Enter through, and only at the end", () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.oneof(fc.constantFrom("\r", "\n", "\u0004", "a"), fc.string({ minLength: 1, maxLength: 1 })),
          maxLength: 40,
        }),
        (chunk) => {
          const guarded = guardInput(chunk, "text", BREAK);
          expect(guarded.slice(0, -1)).not.toMatch(/[\r\n]/);
          expect(guarded.at(-1)).not.toBe("\n");
          expect(guarded).not.toContain("\u0004");
        },
      ),
    );
  });
});

describe("guardInput for keys", () => {
  it.each([
    "y",
    "n",
    " ",
    "\r",
    "\n",
    "\t",
    "\u001b",
    "\u001b[A",
    "\u001b[B",
    "\u001b[1;5C",
    "\u001bOA",
    "\u001b[3~",
    "\u001b[A\u001b[A\u001b[B",
    "\u0003",
    "y\r",
    "y\u001bO",
    "word\u0003",
  ])("%j is kept", (chunk) => {
    expect(guardInput(chunk, "keys", BREAK)).toBe(chunk);
  });
  it.each([
    "yes",
    "no\r",
    "tok-123\n",
    "ab",
    "n n",
    "😀",
    "\u001b[200~yn\u001b[201~",
    "y\u001b[An",
    "y\u001b\u001b[y[",
  ])("%j, a pasted word, is dropped", (chunk) => {
    expect(guardInput(chunk, "keys", BREAK)).toBe("");
  });
  it("takes Ctrl-D for Ctrl-C", () => {
    expect(guardInput("\u0004", "keys", BREAK)).toBe("\u0003");
  });
  it("never lets two letters through", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."yn \r\n\u001b[ABO;5~"), maxLength: 12 }), (chunk) => {
        const guarded = guardInput(chunk, "keys", BREAK);
        expect([chunk, ""]).toContain(guarded);
        expect(guarded.replace(KEY, "").replace(/[\s\p{Cc}]/gu, "").length).toBeLessThanOrEqual(1);
      }),
    );
  });
});

interface Opened {
  readonly input: PassThrough & { setRawMode: (raw: boolean) => unknown };
  readonly raw: boolean[];
  readonly text: () => string;
  readonly close: (drainMs: number) => Promise<void>;
  readonly stream: PassThrough;
}

function open(reads: Reads, before?: (input: PassThrough) => void): Opened {
  const raw: boolean[] = [];
  const input = Object.assign(new PassThrough(), { setRawMode: (on: boolean) => raw.push(on) });
  before?.(input);
  const { stream, close } = openPromptInput(input as Input, reads, BREAK);
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString("utf8");
  });
  return { input, raw, text: () => text, close, stream };
}
const tick = () => new Promise((resolve) => setTimeout(resolve, 5));

describe("openPromptInput", () => {
  it("passes on what is typed, guarded", async () => {
    const { input, text, close } = open("text");
    input.write("tok");
    await tick();
    input.write("en\nrest\n");
    await tick();
    expect(text()).toBe(`token${BREAK}rest\r`);
    await close(0);
  });

  it("looks like a terminal, and passes raw mode on", async () => {
    const { stream, raw, close } = open("text");
    const terminal = stream as PassThrough & { isTTY?: boolean; setRawMode?: (on: boolean) => unknown };
    expect(terminal.isTTY).toBe(true);
    terminal.setRawMode?.(true);
    expect(raw).toEqual([true]);
    await close(0);
  });

  it("puts characters together that came in pieces", async () => {
    const bytes = Buffer.from("é😀\u2424x");
    const { input, text, close } = open("text");
    for (const byte of bytes) {
      input.write(Buffer.from([byte]));
      await tick();
    }
    expect(text()).toBe("é😀\u2424x");
    await close(0);
  });

  it("puts an arrow key together that came in pieces, and still drops a word", async () => {
    for (const pieces of [
      ["\u001b", "[A"],
      ["\u001b[", "B"],
      ["\u001b[1;", "5C"],
      ["\u001bO", "A"],
    ]) {
      const { input, text, close } = open("keys");
      for (const piece of pieces) {
        input.write(piece);
        await tick();
      }
      expect(text()).toBe(pieces.join(""));
      input.write("word");
      await tick();
      expect(text()).toBe(pieces.join(""));
      await close(0);
    }
  });

  it.each(["end", "destroy"] as const)("ends the prompt like Ctrl-C when the input closes (%s)", async (how) => {
    const { input, text, close } = open("text");
    input[how]();
    await tick();
    expect(text()).toMatch(ONLY_CTRL_C);
    await close(0);
  });

  it("ends the prompt when the input fails, and when it had ended before", async () => {
    const failing = open("text");
    failing.input.emit("error", new Error("EIO"));
    await tick();
    expect(failing.text()).toBe("\u0003");
    await failing.close(0);
    const ended = open("text", (input) => input.destroy());
    await tick();
    expect(ended.text()).toMatch(ONLY_CTRL_C);
    await ended.close(0);
  });

  it("throws the tail of a paste away, without echo, and gives the next prompt nothing of it", async () => {
    const { input, raw, text, close } = open("text");
    input.write("token\r");
    await tick();
    const closing = close(40);
    input.write("TAIL\rMORE\r");
    await closing;
    expect(text()).toBe("token\r");
    expect(raw).toEqual([true, false]);
    const next = openPromptInput(input as Input, "text", BREAK);
    const heard: string[] = [];
    next.stream.on("data", (chunk: Buffer) => heard.push(chunk.toString()));
    await tick();
    expect(heard).toEqual([]);
    input.write("x");
    await tick();
    expect(heard).toEqual(["x"]);
    await next.close(0);
  });

  it("leaves no listener behind", async () => {
    const { input, close, stream } = open("keys");
    const own = ["data", "end", "close", "error"].map((event) => input.listenerCount(event));
    expect(Math.min(...own)).toBeGreaterThan(0);
    const bare = new PassThrough();
    await close(0);
    for (const event of ["data", "close", "error"]) expect(input.listenerCount(event)).toBe(bare.listenerCount(event));
    expect(stream.destroyed).toBe(true);
    expect(input.isPaused()).toBe(true);
  });
});
