import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { afterAll, describe, expect, it } from "vitest";
import { Cancelled, EnvironmentError, UsageError } from "../../src/errors.ts";
import { readSecretFile, readStdin } from "../../src/io/secret-input.ts";

const forever = { signal: new AbortController().signal };
const root = mkdtempSync(join(tmpdir(), "create-halo-mcp-test-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const failure = (reading: Promise<string>): Promise<unknown> => reading.catch((cause: unknown) => cause);

describe("readStdin", () => {
  it("reads everything, whatever the pieces", async () => {
    expect(await readStdin(Readable.from(["tok", "en\n"]), forever)).toBe("token\n");
    expect(await readStdin(Readable.from([]), forever)).toBe("");
    const bytes = Buffer.from("é😀");
    expect(await readStdin(Readable.from([...bytes].map((byte) => Buffer.from([byte]))), forever)).toBe("é😀");
  });

  it("takes 64 KiB and no more, without its content in the message", async () => {
    expect(await readStdin(Readable.from([Buffer.alloc(65_536, "a")]), forever)).toHaveLength(65_536);
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(16_384, "s");
      })(),
    );
    const error = await failure(readStdin(endless, forever));
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).not.toContain("sss");
    expect(endless.destroyed).toBe(true);
  });

  it("is cancelled while it waits, and when that was before; it waits no longer than it may", async () => {
    const stop = new AbortController();
    const open = new PassThrough();
    const waiting = readStdin(open, stop);
    open.write("half");
    setTimeout(() => stop.abort(), 10);
    await expect(waiting).rejects.toBeInstanceOf(Cancelled);
    expect(open.destroyed).toBe(true);
    await expect(readStdin(new PassThrough(), stop)).rejects.toBeInstanceOf(Cancelled);
    const late = await failure(readStdin(new PassThrough(), { ...forever, timeoutMs: 10 }));
    expect(late).toMatchObject({ exitCode: 3, message: "--token-stdin: the input did not end in time" });
    // a person at a terminal is not hurried
    const typed = Object.assign(new PassThrough(), { isTTY: true });
    setTimeout(() => typed.end("token"), 50);
    expect(await readStdin(typed, { ...forever, timeoutMs: 10 })).toBe("token");
  });

  it("passes a broken stream's error on", async () => {
    const broken = new PassThrough();
    const reading = readStdin(broken, forever);
    broken.destroy(new Error("EIO"));
    await expect(reading).rejects.toThrow("EIO");
  });
});

describe("readSecretFile", () => {
  it("gives the text as it is, and refuses folders and big files by name", async () => {
    const [path, big, folder] = [join(root, "token.txt"), join(root, "big"), join(root, "folder")];
    writeFileSync(path, "\ufefftoken\r\n");
    writeFileSync(big, "s".repeat(65_537));
    mkdirSync(folder);
    expect(await readSecretFile(path, forever)).toBe("\ufefftoken\r\n");
    for (const bad of [big, folder]) {
      const error = await failure(readSecretFile(bad, forever));
      expect(error).toBeInstanceOf(EnvironmentError);
      expect(String(error)).toContain(bad);
    }
  });

  it("never repeats a path where nothing is: it may be the token", async () => {
    const error = await failure(readSecretFile(join(root, "tok-0123456789-abcdef"), forever));
    expect(error).toMatchObject({ exitCode: 3, message: "--token-file: there is no such file" });
    const { message, hint, cause } = error as EnvironmentError;
    expect(`${message}${hint}${String(cause)}`).not.toContain("tok-");
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
      await expect(readSecretFile(pipe("sleep 5"), stop)).rejects.toBeInstanceOf(Cancelled);
    });
  });
});
