import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { Cancelled, EnvironmentError } from "../../src/errors.ts";
import { acquireLock, clearStaleLock, type Lock, releaseLock } from "../../src/io/lock.ts";

const SECRET = "made-up-secret-1";
const never = new AbortController().signal;
const target = (): string => join(realpathSync(mkdtempSync(join(tmpdir(), "halo-lock-"))), "file");
const acquire = (path: string, timeoutMs = 400): Promise<Lock> => acquireLock(path, never, timeoutMs);
const HERE = hostname().replace(/[^\w.-]/g, "_");

/** A pid that was alive a moment ago and is not any more. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((done) => child.once("exit", done));
  return child.pid ?? 0;
}

const ownPid = (): number => process.pid;
const noPid = (): undefined => undefined;

const uuid = (number: number): string => `00000000-0000-4000-8000-00000000000${number}`;
/** The owner file of another run. */
const ownerOf = (path: string, pid: number, host = HERE, number = 1): string =>
  join(`${path}.lock`, `owner-${uuid(number)}-${pid}@${host}`);

/** What a killed run leaves: its rule, a staged secret, and its owner file unless it was killed without one. */
function leftOver(path: string, owner: string | undefined): void {
  mkdirSync(`${path}.lock`, { recursive: true });
  writeFileSync(join(`${path}.lock`, ".gitignore"), "*\n");
  if (owner !== undefined) writeFileSync(owner, "");
  writeFileSync(join(`${path}.lock`, `new-${uuid(1)}`), SECRET);
}

function age(path: string, seconds: number): void {
  const then = Date.now() / 1000 - seconds;
  utimesSync(path, then, then);
}

describe("acquireLock", () => {
  it("is a folder beside the file that ignores itself, and leaves nothing", async () => {
    const path = target();
    const lock = await acquire(path);
    expect(lock.folder).toBe(`${path}.lock`);
    expect(readdirSync(lock.folder).map((name) => name.replace(/-.*/, ""))).toEqual([".gitignore", "owner"]);
    expect(readFileSync(join(lock.folder, ".gitignore"), "utf8")).toBe("*\n");
    writeFileSync(lock.fresh, SECRET);
    writeFileSync(lock.kept, SECRET);
    releaseLock(lock);
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  it("waits for the living, and then says which lock and what to do", async () => {
    const path = target();
    const lock = await acquire(path);
    const error: unknown = await acquire(path, 100).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EnvironmentError);
    expect(error).toMatchObject({
      code: "locked",
      message: expect.stringContaining(`${path}.lock`),
      hint: expect.stringContaining("delete"),
    });
    setTimeout(() => releaseLock(lock), 50);
    releaseLock(await acquire(path));
  });

  it("stops waiting when the signal fires", async () => {
    const path = target();
    const lock = await acquire(path);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 30);
    await expect(acquireLock(path, controller.signal)).rejects.toBeInstanceOf(Cancelled);
    releaseLock(lock);
  });

  it.each([
    ["of the dead, at once", deadPid, HERE, 0, true],
    ["of the living", ownPid, HERE, 0, false],
    ["of the living, a minute old: the pid may be another's by now", ownPid, HERE, 61, true],
    ["of the living, from a clock a minute ahead", ownPid, HERE, -61, true],
    ["of another machine, where a pid says nothing", deadPid, "elsewhere", 0, false],
    ["of another machine, a minute old", deadPid, "elsewhere", 61, true],
    ["of nobody, made just now", noPid, HERE, 0, false],
    ["of nobody, for two seconds", noPid, HERE, 3, true],
  ] as const)("a lock %s", async (_, pidOf, host, seconds, isBroken) => {
    const path = target();
    const pid = await pidOf();
    const owner = pid === undefined ? undefined : ownerOf(path, pid, host);
    leftOver(path, owner);
    age(owner ?? `${path}.lock`, seconds);
    if (!isBroken) {
      await expect(acquire(path, 50)).rejects.toMatchObject({ code: "locked" });
      clearStaleLock(path);
      expect(existsSync(join(`${path}.lock`, `new-${uuid(1)}`))).toBe(true);
      return;
    }
    const lock = await acquire(path, 50);
    // the staged secret of the dead is gone
    expect(readdirSync(lock.folder)).toHaveLength(2);
    releaseLock(lock);
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  it("is not taken while one of several owners lives", async () => {
    const path = target();
    leftOver(path, ownerOf(path, await deadPid()));
    writeFileSync(ownerOf(path, process.pid, HERE, 2), "");
    await expect(acquire(path, 50)).rejects.toMatchObject({ code: "locked" });
    expect(existsSync(ownerOf(path, process.pid, HERE, 2))).toBe(true);
  });

  it("leaves alone what is no lock of ours", async () => {
    for (const make of [
      (path: string): void => writeFileSync(`${path}.lock`, "yarn"),
      (path: string): void => {
        mkdirSync(`${path}.lock`);
        writeFileSync(join(`${path}.lock`, "precious"), "x");
      },
      (path: string): void => {
        mkdirSync(`${path}.else`);
        symlinkSync(`${path}.else`, `${path}.lock`);
      },
      (path: string): void => {
        mkdirSync(`${path}.lock`);
        symlinkSync("/etc/passwd", join(`${path}.lock`, ".gitignore"));
      },
    ]) {
      const path = target();
      make(path);
      age(`${path}.lock`, 100);
      const before = readdirSync(dirname(path), { recursive: true });
      await expect(acquire(path, 30)).rejects.toMatchObject({ code: "locked" });
      clearStaleLock(path);
      expect(readdirSync(dirname(path), { recursive: true })).toEqual(before);
    }
  });

  it("lets one of many in, whatever is left there, and never two", async () => {
    const dead = await deadPid();
    for (let round = 0; round < 6; round += 1) {
      const path = target();
      if (round % 3 === 0) leftOver(path, ownerOf(path, dead));
      if (round % 3 === 1) leftOver(path, undefined);
      if (round % 3 === 1) age(`${path}.lock`, 3);
      let inside = 0;
      let most = 0;
      const work = async (): Promise<void> => {
        const lock = await acquire(path, 10_000);
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((done) => setTimeout(done, 1));
        expect(existsSync(lock.owner)).toBe(true);
        inside -= 1;
        releaseLock(lock);
      };
      await Promise.all(Array.from({ length: 8 }, work));
      expect(most).toBe(1);
      expect(readdirSync(dirname(path))).toEqual([]);
    }
  });

  it("takes the way back from one that slept while its lock was broken", async () => {
    const path = target();
    const sleeper = await acquire(path);
    writeFileSync(sleeper.fresh, "old news");
    age(sleeper.owner, 61);
    const next = await acquire(path);
    expect(existsSync(sleeper.owner)).toBe(false);
    expect(() => renameSync(sleeper.fresh, path)).toThrow(/ENOENT/);
    releaseLock(sleeper);
    expect(existsSync(next.owner)).toBe(true);
    expect(readdirSync(next.folder)).toHaveLength(2);
    releaseLock(next);
    expect(readdirSync(dirname(path))).toEqual([]);
  });
});

describe("clearStaleLock", () => {
  it("clears what the dead left, not what the living hold, and makes nothing", async () => {
    const [gone, held, free] = [target(), target(), target()];
    leftOver(gone, ownerOf(gone, await deadPid()));
    const lock = await acquire(held);
    for (const path of [gone, held, free, gone]) clearStaleLock(path);
    expect(readdirSync(dirname(gone))).toEqual([]);
    expect(existsSync(lock.owner)).toBe(true);
    expect(readdirSync(dirname(free))).toEqual([]);
    releaseLock(lock);
  });
});
