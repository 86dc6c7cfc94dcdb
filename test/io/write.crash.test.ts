/**
 * What the lock protocol promises, against real processes: two at once, kill -9, no rights.
 */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import type { WriteStep } from "../../src/core/plan/model.ts";
import { programsOn } from "../../src/io/programs.ts";
import { readState } from "../../src/io/read.ts";
import { applyWrites } from "../../src/io/write.ts";
import { bundle } from "../support/bundle.ts";
import { folder } from "../support/home.ts";

const SECRET = "made-up-secret-3";
const ENTRY = join(import.meta.dirname, "crash-driver.ts");
const git = programsOn({ env: process.env, platform: process.platform, exclude: [] }).find("git") ?? "git";
const FREE = { signal: new AbortController().signal, assertPrivate: () => {} };
const isRoot = process.getuid?.() === 0;

interface Result {
  readonly ok: boolean;
  readonly calls: number;
  readonly stale: number;
  readonly message: string;
  readonly code: string;
  readonly exitCode: number;
}
const read = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, "utf8") : undefined);

/** Starts a child. `result`: its last line; undefined when it was killed. */
function drive(entry: string, what: string, order: object, rights = {}) {
  const child = execa(process.execPath, [entry, what, JSON.stringify(order)], {
    cwd: "/",
    stderr: "inherit",
    reject: false,
    ...rights,
  });
  const result = child.then(({ stdout }): Result | undefined => {
    const line = stdout.trim().split("\n").at(-1) ?? "";
    return line.startsWith("{") ? JSON.parse(line) : undefined;
  });
  return { child, ready: once(child.stdout, "data"), result };
}

async function inParallel<T>(items: readonly T[], workers: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const worker = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: workers }, worker));
}

const OLD: Readonly<Record<string, string>> = {
  ".gitignore": "node_modules/\n",
  ".env.example": "OTHER=\n",
  ".mcp.json": '{"mcpServers":{}}\n',
};
const NEW: Readonly<Record<string, string>> = {
  ".gitignore": "node_modules/\n.env\n.claude/settings.local.json\n",
  ".env": `HALO_MCP_TOKEN=${SECRET}\n`,
  ".claude/settings.local.json": `{"env":{"HALO_MCP_TOKEN":"${SECRET}"}}\n`,
  ".env.example": "OTHER=\nHALO_MCP_TOKEN=\n",
  // Larger than a page, so that a torn write would show.
  ".mcp.json": `{"mcpServers":{"halo":{"headers":{"Authorization":"Bearer \${HALO_MCP_TOKEN}"}}}}\n${" ".repeat(20_000)}\n`,
};
const SECRETS = [".env", ".claude/settings.local.json"];

/** The plan from what is there now. */
function plan(dir: string): WriteStep[] {
  return Object.entries(NEW).map(([name, after]) => {
    const state = readState(join(dir, name));
    const before = state.kind === "file" ? state.text : undefined;
    return { kind: "write", path: join(dir, name), before, after, secret: SECRETS.includes(name) };
  });
}

function makeRepository(): string {
  const dir = folder();
  const sh = (...argv: string[]): void => void execFileSync(git, argv, { cwd: dir });
  for (const [name, text] of Object.entries(OLD)) writeFileSync(join(dir, name), text);
  sh("init", "-q");
  sh("add", "-A");
  sh("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "x");
  return dir;
}

/** Every file that git would take, none of which may hold the secret. Of a lock: at most its rule, killed between open and write. */
function checkGit(dir: string): void {
  const added = execFileSync(git, ["add", "-A", "-n"], { cwd: dir, encoding: "utf8" });
  const taken = Array.from(added.matchAll(/^add '(.*)'$/gm), ([, name = ""]) => name);
  for (const name of taken) {
    if (name.includes(".lock/")) expect([name.endsWith(".lock/.gitignore"), read(join(dir, name))]).toEqual([true, ""]);
    expect(read(join(dir, name)) ?? "").not.toContain(SECRET);
  }
}

function checkWhole(dir: string): void {
  const now = Object.keys(NEW).map((name) => {
    const text = read(join(dir, name));
    expect([OLD[name], NEW[name]], name).toContain(text);
    return text === NEW[name];
  });
  // In order: never a new file after an old one.
  expect([...now].sort((a, b) => Number(b) - Number(a))).toEqual(now);
  for (const name of SECRETS)
    if (existsSync(join(dir, name))) expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600);
}

const leftOvers = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((name) => name.includes(".lock"));

describe("two runs at once", () => {
  it("lose nothing, in 30 pairs", async () => {
    const entry = await bundle(ENTRY);
    const dir = folder();
    let stale = 0;
    await inParallel(
      Array.from({ length: 30 }, (_, index) => index),
      2,
      async (index) => {
        const path = join(dir, String(index));
        const words = (who: string): string[] => Array.from({ length: 4 }, (_, turn) => `${who}${turn}`);
        const pair = ["a", "b"].map((who) => drive(entry, "append", { path, words: words(who), wait: true }));
        await Promise.all(pair.map((driver) => driver.ready));
        for (const { child } of pair) child.stdin?.end("go\n");
        for (const result of await Promise.all(pair.map((driver) => driver.result))) {
          expect(result).toMatchObject({ ok: true });
          stale += result?.stale ?? 0;
        }
        expect(read(path)?.trim().split("\n").sort()).toEqual([...words("a"), ...words("b")]);
      },
    );
    expect(readdirSync(dir).filter((name) => name.includes("lock"))).toEqual([]);
    console.log(`30 pairs, 240 changes, none lost; ${stale} stale plans made again`);
    expect(stale).toBeGreaterThan(0);
  }, 60_000);
});

describe("kill -9", () => {
  it("before any of 100 calls leaves every file whole, no secret to git, and the next run finishes", async () => {
    const entry = await bundle(ENTRY);
    const template = makeRepository();
    const run = async (dieAt?: number): Promise<{ dir: string; result: Result | undefined }> => {
      const dir = join(folder(), "repo");
      execFileSync("cp", ["-a", template, dir]);
      const order = { steps: plan(dir), git: { program: git, cwd: dir }, ...(dieAt === undefined ? {} : { dieAt }) };
      const result = await drive(entry, "apply", order).result;
      checkWhole(dir);
      checkGit(dir);
      return { dir, result };
    };
    const { result: full } = await run();
    expect(full).toMatchObject({ ok: true });
    const calls = full?.calls ?? 0;
    const figures = { calls, killed: 0, betweenFiles: 0, locksLeft: 0 };
    await inParallel(
      Array.from({ length: 100 }, (_, index) => 1 + Math.floor((index / 100) * calls)),
      3,
      async (dieAt) => {
        const { dir, result } = await run(dieAt);
        if (result === undefined) figures.killed += 1;
        if (leftOvers(dir).length > 0) figures.locksLeft += 1;
        if (read(join(dir, ".env")) === NEW[".env"] && read(join(dir, ".mcp.json")) === OLD[".mcp.json"])
          figures.betweenFiles += 1;
        // a lock that lost its owner just now is waited for
        await applyWrites(plan(dir), FREE);
        for (const [name, text] of Object.entries(NEW)) expect(read(join(dir, name))).toBe(text);
        // a file that needed no write needed no lock: the shell of one that lost its owner may stay, without content
        for (const name of leftOvers(dir)) expect(name).toMatch(/\.lock(\/\.gitignore)?$/);
        checkGit(dir);
        rmSync(join(dir, ".."), { recursive: true });
      },
    );
    console.log(`kill -9: ${JSON.stringify(figures)}`);
    expect(figures.killed).toBe(100);
    expect(figures.locksLeft).toBeGreaterThan(30);
    expect(figures.betweenFiles).toBeGreaterThan(5);
  }, 300_000);
});

describe("a fault at every single call of node:fs", () => {
  it("is rolled back, and what could not be is named", async () => {
    // In memory where there is such a folder: hundreds of runs, each with twenty fsyncs.
    const path = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "halo-faults-"));
    const result = await drive(await bundle(ENTRY), "faults", { path }).result;
    console.log(`faults: ${JSON.stringify(result)}`);
    expect(result).toMatchObject({ ok: true, wrong: [], lost: 0 });
    rmSync(path, { recursive: true });
  }, 60_000);
});

describe.runIf(process.platform === "linux")("without permission to write a file", () => {
  it("the files before it are put back; nothing to do is no failure", async () => {
    const dir = folder();
    const at = (name: string): string => join(dir, name);
    const nobody = isRoot ? { uid: 65_534, gid: 65_534 } : {};
    for (const [name, mode] of Object.entries({ free: 0o644, readonly: 0o444 })) {
      writeFileSync(at(name), "old", { mode });
      if (isRoot) chownSync(at(name), 65_534, 65_534);
    }
    chmodSync(dir, 0o777);
    const run = async (...steps: object[]): Promise<Result | undefined> =>
      await drive(await bundle(ENTRY), "apply", { steps }, nobody).result;
    const free = { kind: "write", path: at("free"), before: "old", after: "new" };
    expect(await run(free, { ...free, path: at("readonly") })).toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/readonly could not be written: permission denied .*Everything was restored\.$/),
    });
    expect(await run({ ...free, path: at("readonly"), after: "old" })).toMatchObject({ ok: true });
    expect([read(at("free")), readdirSync(dir)]).toEqual(["old", ["free", "readonly"]]);
  }, 20_000);

  it.runIf(isRoot)("root keeps the owner of a user's file", async () => {
    const path = join(folder(), "a");
    writeFileSync(path, "old");
    chownSync(path, 65_534, 65_533);
    chmodSync(path, 0o640);
    await applyWrites([{ kind: "write", path, before: "old", after: "new" }], FREE);
    const { uid, gid, mode } = statSync(path);
    expect([uid, gid, mode & 0o777, read(path)]).toEqual([65_534, 65_533, 0o640, "new"]);
  });
});
