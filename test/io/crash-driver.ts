/**
 * The child of crash.test.ts: `node entry.mjs <what> <JSON>`. Writes "ready" when it is about to start and one JSON line at the end.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import type { WriteStep } from "../../src/core/model.ts";
import { HaloError, Refusal } from "../../src/errors.ts";
import { applyWrites } from "../../src/io/apply.ts";
import { createGit } from "../../src/io/git.ts";
import { readState } from "../../src/io/snapshot.ts";

interface Order {
  readonly steps?: readonly WriteStep[];
  readonly path?: string;
  readonly words?: readonly string[];
  /** Kill this process right before its n-th call of node:fs. */
  readonly dieAt?: number;
  readonly git?: { readonly program: string; readonly cwd: string };
  /** Wait for a line on stdin before the start. */
  readonly wait?: boolean;
}

const [what, json = "{}"] = process.argv.slice(2);
const order = JSON.parse(json) as Order;
const signal = new AbortController().signal;
let calls = 0;

function countCalls(dieAt: number | undefined): void {
  const table = fs as unknown as Record<string, unknown>;
  for (const [name, original] of Object.entries(table)) {
    if (!name.endsWith("Sync") || typeof original !== "function") continue;
    table[name] = (...args: unknown[]): unknown => {
      calls += 1;
      if (calls === dieAt) process.kill(process.pid, "SIGKILL");
      return Reflect.apply(original, fs, args);
    };
  }
  syncBuiltinESMExports();
}

async function start(): Promise<void> {
  process.stdout.write("ready\n");
  if (order.wait === true) await new Promise((go) => process.stdin.once("data", go));
  process.stdin.destroy();
}

async function apply(): Promise<object> {
  const git = order.git === undefined ? undefined : createGit({ ...order.git, env: process.env });
  const assertPrivate = (realPath: string, path: string): void => {
    if (git !== undefined && !git.isIgnored(realPath)) throw new Refusal(`${path} is not ignored.`);
  };
  return { statuses: await applyWrites(order.steps ?? [], { signal, assertPrivate }) };
}

/** Adds lines to one file, each by its own read, change and write, again from the start when somebody else was faster. */
async function append(): Promise<object> {
  let stale = 0;
  for (const word of order.words ?? []) {
    for (let done = false; !done; ) {
      const state = readState(order.path ?? "");
      const before = state.kind === "file" ? state.text : undefined;
      const step: WriteStep = { kind: "write", path: order.path ?? "", before, after: `${before ?? ""}${word}\n` };
      try {
        await applyWrites([step], { signal, assertPrivate: () => {} });
        done = true;
      } catch (error) {
        if (!(error instanceof Refusal) || error.code !== "stale") throw error;
        stale += 1;
      }
    }
  }
  return { stale };
}

await start();
countCalls(order.dieAt);
try {
  const result = what === "append" ? await append() : await apply();
  process.stdout.write(`${JSON.stringify({ ok: true, calls, ...result })}\n`);
} catch (error) {
  const known = error instanceof HaloError ? { code: error.code, exitCode: error.exitCode, hint: error.hint } : {};
  process.stdout.write(`${JSON.stringify({ ok: false, name: (error as Error).name, message: (error as Error).message, ...known })}\n`);
}
