import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { afterAll, describe, expect, it } from "vitest";
import { Cancelled, EnvironmentError, UsageError } from "../../src/errors.ts";
import { readSecretFile, readStdin } from "../../src/io/secret-input.ts";

const never = new AbortController().signal;
const root = mkdtempSync(join(tmpdir(), "create-halo-mcp-test-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("readStdin", () => {
  it("reads everything, whatever the pieces", async () => {
    expect(await readStdin(Readable.from([Buffer.from("tok"), Buffer.from("en\n")]), never)).toBe("token\n");
    expect(await readStdin(Readable.from(["tok", "en"]), never)).toBe("token");
    expect(await readStdin(Readable.from([]), never)).toBe("");
    const bytes = Buffer.from("é😀");
    expect(await readStdin(Readable.from([...bytes].map((byte) => Buffer.from([byte]))), never)).toBe("é😀");
  });

  it("takes 64 KiB and no more, without its content in the message", async () => {
    expect(await readStdin(Readable.from([Buffer.alloc(65_536, "a")]), never)).toHaveLength(65_536);
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(16_384, "s");
      })(),
    );
    const error = await readStdin(endless, never).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).not.toContain("sss");
    expect(endless.destroyed).toBe(true);
  });

  it("is cancelled while it waits, and when that was before", async () => {
    const stop = new AbortController();
    const open = new PassThrough();
    const waiting = readStdin(open, stop.signal);
    open.write("half");
    setTimeout(() => stop.abort(), 10);
    await expect(waiting).rejects.toBeInstanceOf(Cancelled);
    expect(open.destroyed).toBe(true);
    await expect(readStdin(new PassThrough(), stop.signal)).rejects.toBeInstanceOf(Cancelled);
  });

  it("passes a broken stream's error on", async () => {
    const broken = new PassThrough();
    const reading = readStdin(broken, never);
    broken.destroy(new Error("EIO"));
    await expect(reading).rejects.toThrow("EIO");
  });
});

describe("readSecretFile", () => {
  it("gives the text as it is", async () => {
    const path = join(root, "token.txt");
    writeFileSync(path, "\ufefftoken\r\n");
    expect(await readSecretFile(path, never)).toBe("\ufefftoken\r\n");
  });

  it("refuses folders and big files, by name", async () => {
    const big = join(root, "big");
    writeFileSync(big, "s".repeat(65_537));
    mkdirSync(join(root, "folder"));
    for (const path of [big, join(root, "folder")]) {
      const error = await readSecretFile(path, never).catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(EnvironmentError);
      expect((error as EnvironmentError).message).toContain(path);
    }
  });

  it("never repeats a path where nothing is: it may be the token", async () => {
    let caught: unknown;
    try {
      await readSecretFile(join(root, "tok-0123456789-abcdef"), never);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(EnvironmentError);
    const { message, hint, exitCode, cause } = caught as EnvironmentError;
    expect(exitCode).toBe(3);
    expect(`${message}${hint}${String(cause)}`).not.toContain("tok-");
    expect(message).toContain("--token-file");
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
      const path = pipe("printf tok; sleep 0.3; printf 'en\\n'");
      expect(await readSecretFile(path, never)).toBe("token\n");
    });

    it("is not waited for when nobody writes, or nothing is written", async () => {
      for (const path of [pipe(), pipe("true")])
        await expect(readSecretFile(path, never)).rejects.toThrow(`nothing was written to the pipe ${path} within 2 s`);
    });

    it("is refused when it does not end, and can be left", async () => {
      const path = pipe("while printf sssssssssssssssssssssssssssssssssssssssssssssss; do :; done");
      await expect(readSecretFile(path, never)).rejects.toThrow(path);
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 100);
      await expect(readSecretFile(pipe("sleep 5"), stop.signal)).rejects.toBeInstanceOf(Cancelled);
    });
  });
});
