import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { afterAll, describe, expect, it, vi } from "vitest";
import { Cancelled, UsageError } from "../../src/errors.ts";
import { readSecretFile, readStdin } from "../../src/io/secret-input.ts";

const forever = { signal: new AbortController().signal, timeoutMs: 60_000, onWait: () => {} };
const root = mkdtempSync(join(tmpdir(), "create-halo-mcp-test-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const failure = (reading: Promise<string>): Promise<unknown> => reading.catch((cause: unknown) => cause);

describe("readStdin", () => {
  it("reads everything, whatever the pieces", async () => {
    const bytes = Array.from(Buffer.from("é😀"), (byte) => Buffer.from([byte]));
    for (const [pieces, text] of [
      [["tok", "en\n"], "token\n"],
      [[], ""],
      [bytes, "é😀"],
    ] as const)
      expect(await readStdin(Readable.from(pieces), forever)).toBe(text);
  });

  it("takes 64 KiB and no more, without its content in the message", async () => {
    expect(await readStdin(Readable.from([Buffer.alloc(65_536, "a")]), forever)).toHaveLength(65_536);
    const endless = Readable.from(Array.from({ length: 100 }, () => Buffer.alloc(16_384, "s")));
    const error = await failure(readStdin(endless, forever));
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).not.toContain("sss");
    expect(endless.destroyed).toBe(true);
  });

  it("is cancelled while it waits, and when that was before; it waits no longer than it may", async () => {
    const stop = new AbortController();
    const open = new PassThrough();
    const waiting = readStdin(open, { ...forever, signal: stop.signal });
    open.write("half");
    setTimeout(() => stop.abort(), 10);
    await expect(waiting).rejects.toBeInstanceOf(Cancelled);
    expect(open.destroyed).toBe(true);
    await expect(readStdin(new PassThrough(), { ...forever, signal: stop.signal })).rejects.toBeInstanceOf(Cancelled);
    const late = await failure(readStdin(new PassThrough(), { ...forever, timeoutMs: 10 }));
    expect(late).toMatchObject({ exitCode: 3, message: "--token-stdin: the input did not end in time" });
    const broken = new PassThrough();
    const reading = readStdin(broken, forever);
    broken.destroy(new Error("EIO"));
    await expect(reading).rejects.toThrow("EIO");
  });
});

describe("readStdin, and who waits for it", () => {
  it("reads no terminal, which would show the token", async () => {
    const typed = Object.assign(new PassThrough(), { isTTY: true });
    typed.end("token");
    expect(await failure(readStdin(typed, forever))).toMatchObject({
      exitCode: 2,
      message: expect.stringContaining("standard input is a terminal"),
    });
  });

  it("says after two seconds what is waited for, and nothing of an input that ends before", async () => {
    vi.useFakeTimers();
    const said: string[] = [];
    const patience = { ...forever, onWait: (flag: string) => said.push(flag) };
    await readStdin(Readable.from(["token"]), patience);
    await vi.advanceTimersByTimeAsync(5000);
    expect(said).toEqual([]);
    const open = new PassThrough();
    const waiting = readStdin(open, patience);
    await vi.advanceTimersByTimeAsync(1999);
    expect(said).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(said).toEqual(["--token-stdin"]);
    vi.useRealTimers();
    open.end("token");
    expect(await waiting).toBe("token");
  });
});

describe("readSecretFile", () => {
  it("gives the text as it is, and refuses folders and big files by name", async () => {
    const at = (name: string): string => join(root, name);
    for (const text of ["\ufefftoken\r\n", "s".repeat(65_536)]) {
      writeFileSync(at("token.txt"), text);
      expect(await readSecretFile(at("token.txt"), forever)).toBe(text);
    }
    writeFileSync(at("big"), "s".repeat(65_537));
    mkdirSync(at("folder"));
    for (const bad of ["big", "folder"]) {
      const message = `--token-file: ${at(bad)} cannot be read, or is larger than 64 KiB`;
      expect(await failure(readSecretFile(at(bad), forever))).toMatchObject({ exitCode: 3, message });
    }
  });

  it("never repeats a path where nothing is: it may be the token", async () => {
    const error = await failure(readSecretFile(join(root, "tok-0123456789-abcdef"), forever));
    const hint = "give the path of a file that contains only the token";
    expect(error).toMatchObject({ exitCode: 3, message: "--token-file: there is no such file", hint });
  });

  describe.runIf(process.platform !== "win32")("from a pipe", () => {
    let count = 0;
    /** A pipe, and what a shell writes into it. */
    const pipe = (script?: string): string => {
      const path = join(root, `pipe-${count++}`);
      execFileSync("mkfifo", [path]);
      if (script !== undefined) spawn("sh", ["-c", `{ ${script}; } > "$1"`, "sh", path], { stdio: "ignore" });
      return path;
    };

    it("waits for its writer to begin, and to end", async () => {
      expect(await readSecretFile(pipe("printf tok; sleep 0.2; printf 'en\\n'"), forever)).toBe("token\n");
      expect(await readSecretFile(pipe("true"), forever)).toBe("");
    });

    it("waits no longer than it may, takes no more than a token, and can be left", async () => {
      const late = await failure(readSecretFile(pipe(), { ...forever, timeoutMs: 50 }));
      expect(late).toMatchObject({ exitCode: 3, message: "--token-file: the input did not end in time" });
      const endless = pipe("while printf sssssssssssssssssssssssssssssssssssssssssssssss; do :; done");
      expect(await failure(readSecretFile(endless, forever))).toBeInstanceOf(UsageError);
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 50);
      await expect(readSecretFile(pipe("sleep 5"), { ...forever, signal: stop.signal })).rejects.toBeInstanceOf(
        Cancelled,
      );
    });
  });
});
