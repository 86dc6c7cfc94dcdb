import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
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
import { describe, expect, it } from "vitest";
import { withPrivateFile } from "../../src/io/claude.ts";
import { bundle } from "../support/bundle.ts";

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

  /** Uses a private file in a process of its own, which ends in the middle as `end` says. Out: where its folder was. */
  async function ended(tmp: string, end: string): Promise<string> {
    const module = await bundle(join(import.meta.dirname, "../../src/io/claude.ts"));
    const script = `import { withPrivateFile } from ${JSON.stringify(module)};
      void withPrivateFile("a", "s3cret", async (path) => { process.stdout.write(path, () => { ${end} }); await new Promise(() => {}); });`;
    const env = { ...process.env, TMPDIR: tmp, TEMP: tmp, TMP: tmp };
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { env, encoding: "utf8" });
    return dirname(stdout);
  }

  it("is gone when the process ends in the middle, and when it is killed with the next one", async () => {
    const tmp = mkdtempSync(join(realpathSync(tmpdir()), "create-halo-mcp-test-"));
    try {
      expect(dirname(await ended(tmp, "process.exit(0)"))).toBe(tmp);
      expect(readdirSync(tmp)).toEqual([]);
      if (!posix) return;
      const left = await ended(tmp, 'process.kill(process.pid, "SIGKILL")');
      mkdirSync(join(tmp, `create-halo-mcp-${process.pid}-living`));
      expect(existsSync(left)).toBe(true);
      await ended(tmp, "process.exit(0)");
      expect(readdirSync(tmp)).toEqual([`create-halo-mcp-${process.pid}-living`]);
    } finally {
      rmSync(tmp, { recursive: true, force: true });
    }
  });
});
