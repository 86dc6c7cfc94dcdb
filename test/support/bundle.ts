/**
 * Node 20 runs no TypeScript, and some tests need a process of its own: to kill it, to race it, to take its rights away.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";

const made = new Map<string, Promise<string>>();

/** Bundles a TypeScript entry into one `.mjs` that a child `node` can run. Bundled once per test file; gone when the tests end. */
export function bundle(entry: string): Promise<string> {
  const known = made.get(entry) ?? build(entry);
  made.set(entry, known);
  return known;
}

async function build(entry: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "halo-bundle-"));
  // A child under another user reads it too.
  chmodSync(folder, 0o755);
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "entry.mjs");
  const build = await rolldown({ input: entry, platform: "node", logLevel: "silent" });
  try {
    await build.write({ file, format: "esm", codeSplitting: false });
  } finally {
    await build.close();
  }
  return file;
}
