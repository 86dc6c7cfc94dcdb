/**
 * The child of write.crash.test.ts: `node entry.mjs <what> <JSON>`. Writes "ready" when it is about to start and one JSON line at the end.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import type { WriteStep } from "../../src/core/plan/model.ts";
import { HaloError, Refusal } from "../../src/errors.ts";
import { createGit } from "../../src/io/git.ts";
import { readState } from "../../src/io/read.ts";
import { applyWrites } from "../../src/io/write.ts";

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

/** Takes the place of every synchronous function of node:fs: `before` sees its name, and may throw. */
function hookCalls(before: (name: string) => void): void {
  const table = fs as unknown as Record<string, unknown>;
  for (const [name, original] of Object.entries(table)) {
    if (!name.endsWith("Sync") || typeof original !== "function") continue;
    table[name] = (...args: unknown[]): unknown => {
      before(name);
      return Reflect.apply(original, fs, args);
    };
  }
  syncBuiltinESMExports();
}

/** What needs room on the disk. The rest works on a full one too. */
const NEEDS_ROOM = ["mkdirSync", "writeFileSync", "linkSync", "copyFileSync"];

/** Each file of the plan of `faults`, with the mode it ends with. */
const FILES: readonly [name: string, before: string | undefined, after: string | undefined, mode: number][] = [
  ["new/b", undefined, "b", 0o644],
  ["a", "old a", "new a", 0o640],
  ["gone", "old gone", undefined, 0o640],
  ["z", undefined, "z", 0o600],
];

/** Applies the same plan again and again, with a fault at the first, second, third… call: once, or from there on as on a full disk, or once where no hard links are to be had. */
async function faults(): Promise<object> {
  const wrong: string[] = [];
  const figures = { once: 0, full: 0, unlinkable: 0, failed: 0, lost: 0 };
  let broken = (_name: string): boolean => false;
  let linkable = true;
  hookCalls((name) => {
    calls += 1;
    if (!linkable && name === "linkSync") throw Object.assign(new Error("no links"), { code: "EPERM", syscall: name });
    if (broken(name)) throw Object.assign(new Error("a fault"), { code: "ENOSPC", syscall: name });
  });
  for (const kind of ["once", "full", "unlinkable"] as const) {
    linkable = kind !== "unlinkable";
    for (let at = 1, hit = true; hit; at += kind === "unlinkable" ? 5 : 1) {
      const dir = `${order.path}/${kind}-${at}`;
      fs.mkdirSync(dir);
      for (const [name, text] of FILES)
        if (text !== undefined) fs.writeFileSync(`${dir}/${name}`, text, { mode: 0o640 });
      const steps = FILES.map(([name, before, after]): WriteStep => {
        return { kind: "write", path: `${dir}/${name}`, before, after, secret: name === "z" };
      });
      calls = 0;
      hit = false;
      broken = (name) => {
        const now = kind === "full" ? calls >= at && NEEDS_ROOM.includes(name) : calls === at;
        hit ||= now;
        return now;
      };
      let message = "";
      try {
        await applyWrites(steps, { signal, assertPrivate: () => {} });
      } catch (error) {
        message = (error as Error).message;
        if (!(error instanceof HaloError)) wrong.push(`${kind} ${at}: ${String(error)}`);
      }
      broken = () => false;
      if (hit) figures[kind] += 1;
      if (message !== "") figures.failed += 1;
      const told = message.match(/Could not be restored: .*\./)?.[0] ?? "";
      if (told !== "") figures.lost += 1;
      for (const [name, before, after, mode] of FILES) {
        const path = `${dir}/${name}`;
        const text = fs.existsSync(path) ? fs.readFileSync(path, "utf8") : undefined;
        const isMode = text === undefined || (fs.statSync(path).mode & 0o777) === mode;
        const isDone = message === "" || told.includes(`/${name}:`);
        if (text !== (isDone ? after : before) || !isMode)
          wrong.push(`${kind} ${at}: ${name} is "${text}" after "${message}"`);
      }
      const rest = fs.readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((name) => name.includes(".lock"));
      if (kind === "full" && rest.length > 0) wrong.push(`${kind} ${at}: ${rest.join(" ")} is left`);
    }
  }
  return { wrong, ...figures };
}

async function start(): Promise<void> {
  process.stdout.write("ready\n");
  if (order.wait === true) await new Promise((go) => process.stdin.once("data", go));
  process.stdin.destroy();
}

async function apply(): Promise<object> {
  const git = order.git === undefined ? undefined : createGit({ ...order.git, env: process.env, signal });
  const assertPrivate = async (realPath: string, path: string): Promise<void> => {
    if (git !== undefined && !(await git.isIgnored(realPath))) throw new Refusal(`${path} is not ignored.`);
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
if (what !== "faults") {
  hookCalls(() => {
    calls += 1;
    if (calls === order.dieAt) process.kill(process.pid, "SIGKILL");
  });
}
try {
  const result = what === "append" ? await append() : what === "faults" ? await faults() : await apply();
  process.stdout.write(`${JSON.stringify({ ok: true, calls, ...result })}\n`);
} catch (error) {
  const known = error instanceof HaloError ? { code: error.code, exitCode: error.exitCode, hint: error.hint } : {};
  process.stdout.write(
    `${JSON.stringify({ ok: false, name: (error as Error).name, message: (error as Error).message, ...known })}\n`,
  );
}
