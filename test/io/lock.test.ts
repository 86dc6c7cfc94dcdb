import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { Cancelled, EnvironmentError } from "../../src/errors.ts";
import { acquireLock, clearStaleLock, isDeadLock, type Lock, releaseLock } from "../../src/io/lock.ts";
import { folder } from "../support/home.ts";

const SECRET = "made-up-secret-1";
const HERE = hostname().replace(/[^\w.-]/g, "_");
const never = new AbortController().signal;
const target = (): string => join(folder(), "file");
const acquire = (file: string, timeoutMs = 400): Promise<Lock> => acquireLock(file, never, timeoutMs);
const beside = (file: string): string[] => readdirSync(dirname(file), { recursive: true, encoding: "utf8" });

let path = "";
beforeEach(() => {
  path = target();
});

/** A pid that was alive a moment ago and is not any more. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((done) => child.once("exit", done));
  return child.pid ?? 0;
}
const ownPid = (): number => process.pid;
const noPid = (): undefined => undefined;

it("does not take a lock that vanished meanwhile for that of a dead run", () => {
  expect(isDeadLock(`${path}.lock`)).toBe(false);
});

const uuid = (number: number): string => `00000000-0000-4000-8000-00000000000${number}`;
/** The owner file of another run. */
const ownerOf = (file: string, pid: number, host = HERE, number = 1): string =>
  join(`${file}.lock`, `owner-${uuid(number)}-${pid}@${host}`);

/** What a killed run leaves: its rule, a staged secret, and its owner file unless it was killed without one. */
function leftOver(file: string, owner: string | undefined): string {
  const staged = join(`${file}.lock`, `new-${uuid(1)}`);
  mkdirSync(`${file}.lock`, { recursive: true });
  writeFileSync(join(`${file}.lock`, ".gitignore"), "*\n");
  if (owner !== undefined) writeFileSync(owner, "");
  writeFileSync(staged, SECRET);
  return staged;
}

function age(file: string, seconds: number): void {
  const then = Date.now() / 1000 - seconds;
  utimesSync(file, then, then);
}

describe("acquireLock", () => {
  it("is a folder beside the file that ignores itself, and leaves nothing", async () => {
    const lock = await acquire(path);
    expect(lock.folder).toBe(`${path}.lock`);
    expect(readdirSync(lock.folder).map((name) => name.replace(/-.*/, ""))).toEqual([".gitignore", "owner"]);
    expect(readFileSync(join(lock.folder, ".gitignore"), "utf8")).toBe("*\n");
    for (const content of [lock.fresh, lock.kept]) writeFileSync(content, SECRET);
    releaseLock(lock);
    expect(beside(path)).toEqual([]);
  });

  it("keeps its rule as long as it holds content of another run", async () => {
    const lock = await acquire(path);
    leftOver(path, undefined);
    releaseLock(lock);
    expect(readdirSync(lock.folder)).toEqual([".gitignore", `new-${uuid(1)}`]);
  });

  it("waits for the living, and then says which lock and what to do", async () => {
    const lock = await acquire(path);
    const error: unknown = await acquire(path, 100).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EnvironmentError);
    const [message, hint] = [expect.stringContaining(`${path}.lock`), expect.stringContaining("delete")];
    expect(error).toMatchObject({ code: "locked", message, hint });
    setTimeout(() => releaseLock(lock), 50);
    releaseLock(await acquire(path));
  });

  it("stops waiting when the signal fires", async () => {
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
    const pid = await pidOf();
    const owner = pid === undefined ? undefined : ownerOf(path, pid, host);
    const staged = leftOver(path, owner);
    age(owner ?? `${path}.lock`, seconds);
    if (!isBroken) {
      await expect(acquire(path, 50)).rejects.toMatchObject({ code: "locked" });
      clearStaleLock(path);
      expect(existsSync(staged)).toBe(true);
      return;
    }
    const lock = await acquire(path, 50);
    // the staged secret of the dead is gone
    expect(readdirSync(lock.folder)).toHaveLength(2);
    releaseLock(lock);
    expect(beside(path)).toEqual([]);
  });

  it("is not taken while one of several owners lives", async () => {
    leftOver(path, ownerOf(path, await deadPid()));
    const living = ownerOf(path, process.pid, HERE, 2);
    writeFileSync(living, "");
    await expect(acquire(path, 50)).rejects.toMatchObject({ code: "locked" });
    expect(existsSync(living)).toBe(true);
  });

  it.each<[string, (lock: string) => void]>([
    ["a file", (lock) => writeFileSync(lock, "yarn")],
    ["a folder with a file of somebody", (lock) => [mkdirSync(lock), writeFileSync(join(lock, "precious"), "x")]],
    ["a link to a folder", (lock) => [mkdirSync(`${lock}.else`), symlinkSync(`${lock}.else`, lock)]],
    ["a folder with a link", (lock) => [mkdirSync(lock), symlinkSync("/etc/passwd", join(lock, ".gitignore"))]],
  ])("leaves alone what is no lock of ours: %s", async (_, make) => {
    make(`${path}.lock`);
    age(`${path}.lock`, 100);
    const before = beside(path);
    await expect(acquire(path, 30)).rejects.toMatchObject({ code: "locked" });
    clearStaleLock(path);
    expect(beside(path)).toEqual(before);
  });

  it.each([
    ["an empty folder", undefined, 12],
    ["our rule alone", "*\n", 3],
  ])("takes %s only when it is old, and clears none that may be another program's", async (_, rule, seconds) => {
    mkdirSync(`${path}.lock`);
    if (rule !== undefined) writeFileSync(join(`${path}.lock`, ".gitignore"), rule);
    else age(`${path}.lock`, 10);
    await expect(acquire(path, 30)).rejects.toMatchObject({ code: "locked" });
    age(`${path}.lock`, seconds);
    clearStaleLock(path);
    expect(existsSync(`${path}.lock`)).toBe(true);
    releaseLock(await acquire(path, 50));
    expect(beside(path)).toEqual([]);
  });

  it.skipIf(process.platform !== "linux")("ends where no folder can be made", async () => {
    await expect(acquire("/proc/self/environ", 50)).rejects.toBeInstanceOf(EnvironmentError);
  });

  it.each(["the dead", "nobody", "no lock"])(
    "lets one of many in where %s left something, and never two",
    async (who) => {
      if (who !== "no lock") leftOver(path, who === "nobody" ? undefined : ownerOf(path, await deadPid()));
      if (who === "nobody") age(`${path}.lock`, 3);
      let [inside, most] = [0, 0];
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
      expect(beside(path)).toEqual([]);
    },
  );

  it("takes the way back from one that slept while its lock was broken", async () => {
    const sleeper = await acquire(path);
    writeFileSync(sleeper.fresh, "old news");
    age(sleeper.owner, 61);
    const next = await acquire(path);
    expect(existsSync(sleeper.owner)).toBe(false);
    expect(() => renameSync(sleeper.fresh, path)).toThrow(/ENOENT/);
    releaseLock(sleeper);
    expect(readdirSync(next.folder)).toHaveLength(2);
    releaseLock(next);
    expect(beside(path)).toEqual([]);
  });
});

it("clearStaleLock clears what the dead left, not what the living hold, and makes nothing", async () => {
  const [gone, held, free] = [target(), target(), target()];
  leftOver(gone, ownerOf(gone, await deadPid()));
  const lock = await acquire(held);
  for (const file of [gone, held, free, gone]) clearStaleLock(file);
  expect([beside(gone), beside(free), existsSync(lock.owner)]).toEqual([[], [], true]);
  releaseLock(lock);
});
