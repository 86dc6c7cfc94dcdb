import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { guardInput, openPromptInput, type Reads } from "../../src/ui/prompt-input.ts";

const BREAK = "\u2424";
const KEYS =
  "y| |\r|\n|\t|\u001b|\u001b[A|\u001b[1;5C|\u001bOA|\u001b[3~|\u001b[A\u001b[A\u001b[B|\u0003|y\r|[A|word\u0003";
const WORDS = ["yes", "no\r", "tok-123\n", "n n", "😀", "\u001b[200~yn\u001b[201~", "y\u001b[An"];

describe("guardInput", () => {
  it.each<[Reads, chunk: string, guarded: string]>([
    ["text", "token", "token"],
    ["text", "\n", "\r"],
    ["text", "token\n\n\n", "token\r"],
    ["text", "one\ntwo", `one${BREAK}two`],
    ["text", "one\r\n\r\ntwo\r\n", `one${BREAK}two\r`],
    ["text", "\r\ntoken", `${BREAK}token`],
    ["text", "\u0004", "\u0003"],
    ["text", "to\u0004ken", "to\u0003ken"],
    ["text", "one\rtwo\u0004\r\r\n", `one${BREAK}two\u0003\r`],
    ["text", "\u007f", "\u007f"],
    ["text", "", ""],
    ["text", "to\u001aken\u001a", "token"],
    ["keys", "\u0004", "\u0003"],
    ["keys", "\u001a", ""],
    ...KEYS.split("|").map((key): [Reads, string, string] => ["keys", key, key]),
    // a pasted word is dropped
    ...WORDS.map((word): [Reads, string, string] => ["keys", word, ""]),
  ])("%s: %j becomes %j", (reads, chunk, guarded) => expect(guardInput(chunk, reads, BREAK)).toBe(guarded));
});

function open(reads: Reads, before?: (input: PassThrough) => void) {
  const raw: boolean[] = [];
  const input = Object.assign(new PassThrough(), { setRawMode: (on: boolean) => raw.push(on) });
  before?.(input);
  const heard: string[] = [];
  const prompt = openPromptInput(input, reads, BREAK);
  prompt.stream.on("data", (chunk: Buffer) => heard.push(String(chunk)));
  return { ...prompt, input, raw, text: () => heard.join("") };
}
const tick = () => new Promise((resolve) => setTimeout(resolve, 5));

describe("openPromptInput", () => {
  it.each<[Reads, readonly (string | Buffer)[], string]>([
    ["text", ["tok", "en\nrest\n"], `token${BREAK}rest\r`],
    ["text", Array.from(Buffer.from("é😀\u2424x"), (byte) => Buffer.from([byte])), "é😀\u2424x"],
    // a paste that the terminal marks: its lines are one text, and no key of it counts
    ["text", ["a\u001b[200~one\r", "two\u0004\u001b[A\n\u001b[20", "1~b", "\r"], `aone${BREAK}two  [Ab\r`],
    ["text", ["\u001b[200~one", "\u0003"], "\u0003"],
    // an arrow key in pieces, and a word
    ["keys", ["\u001b", "[A", "word"], "\u001b[A"],
  ])("for %s, %j that comes in pieces is passed on as %j", async (reads, pieces, expected) => {
    const { input, text, close } = open(reads);
    for (const piece of pieces) {
      input.write(piece);
      await tick();
    }
    expect(text()).toBe(expected);
    await close(0);
  });

  it.each<[string, (input: PassThrough) => void]>([
    ["ends", (input) => input.end()],
    ["closes", (input) => input.destroy()],
    ["fails", (input) => input.emit("error", new Error("EIO"))],
  ])("ends the prompt like Ctrl-C when the input %s, or had before", async (_, stop) => {
    for (const { input, text, close } of [open("text"), open("text", (before) => before.destroy())]) {
      stop(input);
      await tick();
      expect(text().replaceAll("\u0003", "")).toBe("");
      expect(text()).not.toBe("");
      await close(0);
    }
  });

  it("takes an error of a terminal that is gone at each attempt to reset it", async () => {
    const { input, stream, close } = open("text");
    input.setRawMode = () => (input.emit("error", new Error("setRawMode EIO")) ? 0 : 1);
    input.emit("error", new Error("read EIO"));
    for (const raw of [true, false]) stream.setRawMode(raw);
    await close(1);
    expect(input.listenerCount("error")).toBe(0);
  });

  it("throws the tail of a paste away, without echo, and gives the next prompt nothing of it", async () => {
    const { input, raw, text, close } = open("text");
    input.write("token\r");
    await tick();
    const closing = close(40);
    input.write("TAIL\rMORE\r");
    await closing;
    expect([text(), raw]).toEqual(["token\r", [true, false]]);
    const next = openPromptInput(input, "text", BREAK);
    const heard: string[] = [];
    next.stream.on("data", (chunk: Buffer) => heard.push(chunk.toString()));
    await tick();
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
