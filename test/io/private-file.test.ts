import { execFile } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { withPrivateFile } from "../../src/io/private-file.ts";

const posix = process.platform !== "win32";

describe("withPrivateFile", () => {
  it("holds the text, for its owner alone, while it is used, and is gone afterwards", async () => {
    const listeners = process.listenerCount("exit");
    let path = "";
    const answer = await withPrivateFile("settings.json", "s3cret", async (given) => {
      path = given;
      await Promise.resolve();
      expect(readFileSync(given, "utf8")).toBe("s3cret");
      expect(readFileSync(join(dirname(given), ".gitignore"), "utf8")).toBe("*\n");
      if (posix) {
        expect(statSync(given).mode & 0o777).toBe(0o600);
        expect(statSync(dirname(given)).mode & 0o777).toBe(0o700);
      }
      expect(process.listenerCount("exit")).toBe(listeners + 1);
      return 42;
    });
    expect(answer).toBe(42);
    expect(path.endsWith("settings.json")).toBe(true);
    expect(existsSync(dirname(path))).toBe(false);
    expect(process.listenerCount("exit")).toBe(listeners);
  });

  it("is gone after a failure, also when the user of it threw it away or added to it", async () => {
    let path = "";
    const fails = withPrivateFile("a", "s3cret", (given) => {
      path = given;
      writeFileSync(join(dirname(given), "more"), "x");
      return Promise.reject(new Error("boom"));
    });
    await expect(fails).rejects.toThrow("boom");
    expect(existsSync(dirname(path))).toBe(false);
    await withPrivateFile("a", "x", async (given) => rmSync(dirname(given), { recursive: true }));
    await expect(withPrivateFile("no/such/folder", "x", () => Promise.resolve())).rejects.toThrow();
  });

  it("is another folder every time", async () => {
    const paths = await Promise.all(
      [1, 2, 3].map((n) => withPrivateFile("a", String(n), (path) => Promise.resolve(path))),
    );
    expect(new Set(paths.map(dirname)).size).toBe(3);
  });

  it("is gone when the process ends in the middle", async () => {
    const tmp = mkdtempSync(join(realpathSync(tmpdir()), "create-halo-mcp-test-"));
    try {
      // Node 20 runs no TypeScript: the types are taken out by hand
      const source = readFileSync(new URL("../../src/io/private-file.ts", import.meta.url), "utf8");
      const plain = source
        .replace("<T>(name: string, text: string, use: (path: string) => Promise<T>): Promise<T>", "(name, text, use)")
        .replace("(): void =>", "() =>");
      const script = join(tmp, "run.mjs");
      writeFileSync(
        script,
        `${plain}\nvoid withPrivateFile("a", "s3cret", async (path) => { process.stdout.write(path); setTimeout(() => process.exit(0), 20); await new Promise(() => {}); });\n`,
      );
      const { stdout } = await promisify(execFile)(process.execPath, [script], {
        env: { ...process.env, TMPDIR: tmp, TEMP: tmp, TMP: tmp },
      });
      expect(stdout.startsWith(tmp)).toBe(true);
      expect(readdirSync(tmp)).toEqual(["run.mjs"]);
    } finally {
      rmSync(tmp, { recursive: true, force: true });
    }
  });
});
