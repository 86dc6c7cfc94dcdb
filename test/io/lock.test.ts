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
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { Cancelled, EnvironmentError } from "../../src/errors.ts";
import { acquireLock, assertHeld, clearStaleLocks, type Lock, releaseLock } from "../../src/io/lock.ts";
import { isOwnerGone, ownerText } from "../../src/io/lock-owner.ts";

const UUID = "00000000-0000-4000-8000-00000000000";
const SECRET = "made-up-secret-1";
const never = new AbortController().signal;
const target = (): string => join(realpathSync(mkdtempSync(join(tmpdir(), "halo-lock-"))), "file");
const acquire = (path: string, timeoutMs = 400): Promise<Lock> => acquireLock(path, { signal: never, timeoutMs });

/** A pid that was alive a moment ago and is not any more. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((done) => child.once("exit", done));
  return child.pid ?? 0;
}

/** What a killed run leaves: rule, owner, staged secret. */
function leftOver(path: string, owner: string | undefined, id = `${UUID}1`): void {
  const folder = `${path}.lock`;
  mkdirSync(join(folder, `new-${id}`), { recursive: true });
  writeFileSync(join(folder, ".gitignore"), "*\n");
  if (owner !== undefined) writeFileSync(join(folder, `owner-${id}`), owner);
  writeFileSync(join(folder, `new-${id}`, ".gitignore"), "*\n");
  writeFileSync(join(folder, `new-${id}`, "new"), SECRET);
}

function age(path: string, seconds: number): void {
  const then = Date.now() / 1000 - seconds;
  utimesSync(path, then, then);
}

const owned = (change: object): string => JSON.stringify({ ...JSON.parse(ownerText()), ...change });

describe("acquireLock", () => {
  it("is a folder beside the file that ignores itself, and leaves nothing", async () => {
    const path = target();
    const lock = await acquire(path);
    expect(lock.folder).toBe(`${path}.lock`);
    expect(readdirSync(lock.folder).map((name) => name.replace(/-.*/, ""))).toEqual([".gitignore", "new", "owner"]);
    expect(readFileSync(join(lock.folder, ".gitignore"), "utf8")).toBe("*\n");
    expect(readFileSync(join(lock.stage, ".gitignore"), "utf8")).toBe("*\n");
    writeFileSync(join(lock.stage, "new"), SECRET);
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
    await expect(acquireLock(path, { signal: controller.signal })).rejects.toBeInstanceOf(Cancelled);
    releaseLock(lock);
  });

  it("breaks the lock of the dead at once, with its secrets", async () => {
    const path = target();
    leftOver(path, owned({ pid: await deadPid() }));
    const lock = await acquire(path);
    expect(readdirSync(lock.folder)).toHaveLength(3);
    expect(existsSync(join(lock.folder, `new-${UUID}1`))).toBe(false);
    releaseLock(lock);
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  it("breaks a lock whose pid was given to somebody else", async () => {
    const path = target();
    leftOver(path, owned({ start: "1" }));
    releaseLock(await acquire(path));
  });

  it("respects a lock of another host until it is a minute old, and of nobody for two seconds", async () => {
    const path = target();
    leftOver(path, owned({ host: "elsewhere", pid: await deadPid() }));
    await expect(acquire(path, 50)).rejects.toMatchObject({ code: "locked" });
    age(join(`${path}.lock`, `owner-${UUID}1`), 61);
    releaseLock(await acquire(path));
    for (const owner of [undefined, "", "{half"]) {
      leftOver(path, owner);
      await expect(acquire(path, 50)).rejects.toMatchObject({ code: "locked" });
      age(owner === undefined ? `${path}.lock` : join(`${path}.lock`, `owner-${UUID}1`), 3);
      releaseLock(await acquire(path));
      expect(readdirSync(dirname(path))).toEqual([]);
    }
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
      expect(await clearStaleLocks([path])).toEqual([]);
      expect(readdirSync(dirname(path), { recursive: true })).toEqual(before);
    }
  });

  it("lets one of many in, whatever is left there, and never two", async () => {
    const dead = await deadPid();
    for (let round = 0; round < 12; round += 1) {
      const path = target();
      if (round % 3 === 0) leftOver(path, owned({ pid: dead }));
      if (round % 3 === 1) leftOver(path, undefined);
      if (round % 3 === 1) age(`${path}.lock`, 3);
      let inside = 0;
      let most = 0;
      const work = async (): Promise<void> => {
        const lock = await acquire(path, 10_000);
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((done) => setTimeout(done, 1));
        assertHeld(lock);
        inside -= 1;
        releaseLock(lock);
      };
      await Promise.all(Array.from({ length: 8 }, work));
      expect(most).toBe(1);
      expect(readdirSync(dirname(path))).toEqual([]);
    }
  }, 30_000);

  it("takes the way back from one that slept while its lock was broken", async () => {
    const path = target();
    const sleeper = await acquire(path);
    writeFileSync(join(sleeper.stage, "new"), "old news");
    age(sleeper.owner, 61);
    const next = await acquire(path);
    expect(() => assertHeld(sleeper)).toThrow(/taken over/);
    expect(() => renameSync(join(sleeper.stage, "new"), path)).toThrow(/ENOENT/);
    releaseLock(sleeper);
    assertHeld(next);
    expect(readdirSync(next.folder)).toHaveLength(3);
    releaseLock(next);
    expect(readdirSync(dirname(path))).toEqual([]);
  });
});

describe("clearStaleLocks", () => {
  it("clears what the dead left, not what the living hold, and makes nothing", async () => {
    const [gone, held, free] = [target(), target(), target()];
    leftOver(gone, owned({ pid: await deadPid() }));
    const lock = await acquire(held);
    expect(await clearStaleLocks([gone, held, free, gone])).toEqual([`${gone}.lock`]);
    expect(readdirSync(dirname(gone))).toEqual([]);
    assertHeld(lock);
    expect(readdirSync(dirname(free))).toEqual([]);
    releaseLock(lock);
  });
});

describe("isOwnerGone", () => {
  it("knows a zombie for dead", async () => {
    const path = target();
    // sh starts a child and becomes sleep, which does not reap. The child ends when that is done: sh itself would reap it.
    const parent = spawn("sh", ["-c", "sh -c 'read line' <&3 & echo $!; exec sleep 20 3<&-"], {
      stdio: ["ignore", "pipe", "ignore", "pipe"],
    });
    const pid = Number(await new Promise((done) => parent.stdout?.once("data", done)));
    const command = (): string => readFileSync(`/proc/${parent.pid}/cmdline`, "utf8");
    if (process.platform === "linux") {
      await expect.poll(command, { timeout: 10_000 }).toContain("sleep\0");
      parent.stdio[3]?.destroy();
      await expect.poll(() => readFileSync(`/proc/${pid}/stat`, "utf8"), { timeout: 10_000 }).toContain(") Z ");
    }
    writeFileSync(path, owned({ pid, start: undefined }));
    expect(isOwnerGone(path)).toBe(process.platform === "linux");
    parent.kill("SIGKILL");
  });

  it("knows itself for alive, and a file that is not there for nobody's", () => {
    const path = target();
    expect(isOwnerGone(path)).toBe(false);
    writeFileSync(path, ownerText());
    expect(isOwnerGone(path)).toBe(false);
  });
});
