import { spawnSync } from "node:child_process";
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
import { expect, it } from "vitest";
import { withPrivateFile } from "../../src/io/claude.ts";
import { bundle } from "../support/bundle.ts";

it("a private file holds the text, for its owner alone, while it is used, and is gone afterwards", async () => {
  const listeners = process.listenerCount("exit");
  let path = "";
  const answer = await withPrivateFile("settings.json", "s3cret", async (given) => {
    path = given;
    await Promise.resolve();
    expect(readFileSync(given, "utf8")).toBe("s3cret");
    expect(readFileSync(join(dirname(given), ".gitignore"), "utf8")).toBe("*\n");
    if (process.platform !== "win32")
      expect([given, dirname(given)].map((each) => statSync(each).mode & 0o777)).toEqual([0o600, 0o700]);
    return 42;
  });
  expect(answer).toBe(42);
  expect(path.endsWith("settings.json")).toBe(true);
  expect(existsSync(dirname(path))).toBe(false);
  expect(process.listenerCount("exit")).toBe(listeners);
});

it("a private file is gone after a failure, also when the user of it threw it away or added to it", async () => {
  let path = "";
  const fails = withPrivateFile("a", "s3cret", (given) => {
    path = given;
    writeFileSync(join(dirname(given), "more"), "x");
    return Promise.reject(new Error("boom"));
  });
  await expect(fails).rejects.toThrow("boom");
  expect(existsSync(dirname(path))).toBe(false);
  await withPrivateFile("a", "x", async (given) => rmSync(dirname(given), { recursive: true }));
});

it("a private file is gone when the process ends in the middle", async () => {
  const tmp = mkdtempSync(join(realpathSync(tmpdir()), "create-halo-mcp-test-"));
  const module = await bundle(join(import.meta.dirname, "../../src/io/claude.ts"));
  const script = `import { withPrivateFile } from ${JSON.stringify(module)};
    void withPrivateFile("a", "s3cret", async (path) => { process.stdout.write(path, () => process.exit(0)); await new Promise(() => {}); });`;
  const env = { ...process.env, TMPDIR: tmp, TEMP: tmp, TMP: tmp };
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { env, encoding: "utf8" });
  expect(dirname(dirname(stdout))).toBe(tmp);
  expect(readdirSync(tmp)).toEqual([]);
});
