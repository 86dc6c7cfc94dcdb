import fs, {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { WriteStep } from "../../src/core/plan/model.ts";
import { Cancelled, HaloError, Refusal } from "../../src/errors.ts";
import { applyWrites, type WriteOptions } from "../../src/io/write.ts";

const SECRET = "made-up-secret-2";
const folder = (): string => realpathSync(mkdtempSync(join(tmpdir(), "halo-apply-")));
const write = (
  path: string,
  before: string | undefined,
  after: string | undefined,
  rest: Partial<WriteStep> = {},
): WriteStep => ({ kind: "write", path, before, after, ...rest });
const apply = (steps: readonly WriteStep[], rest: Partial<WriteOptions> = {}): ReturnType<typeof applyWrites> =>
  applyWrites(steps, { signal: new AbortController().signal, assertPrivate: () => {}, ...rest });
const read = (path: string): string => readFileSync(path, "utf8");
const mode = (path: string): number => statSync(path).mode & 0o777;

function replaceBy(path: string, text: string): void {
  writeFileSync(`${path}~`, text);
  renameSync(`${path}~`, path);
}

async function failure(run: Promise<unknown>): Promise<HaloError> {
  const error: unknown = await run.then(
    () => "no failure",
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof HaloError)) throw new Error(`not a HaloError: ${String(error)}`);
  return error;
}

describe("applyWrites", () => {
  it("creates, replaces and deletes in the order given, and leaves nothing else", async () => {
    const dir = folder();
    const at = (name: string): string => join(dir, name);
    writeFileSync(at("b"), "old\r\n");
    writeFileSync(at("c"), "gone");
    const steps = [
      write(at("new/deep/a"), undefined, "\uFEFFé"),
      write(at("b"), "old\r\n", "new"),
      write(at("c"), "gone", undefined),
    ];
    expect(await apply(steps)).toEqual(["written", "written", "written"]);
    expect(read(at("new/deep/a"))).toBe("\uFEFFé");
    expect(read(at("b"))).toBe("new");
    expect(readdirSync(dir, { recursive: true }).sort()).toEqual(["b", "new", "new/deep", "new/deep/a"]);
    expect(mode(at("new/deep/a"))).toBe(0o666 & ~process.umask());
  });

  it("keeps the mode of a file; a new one with a secret is private", async () => {
    const dir = folder();
    const modes = [0o640, 0o600, 0o755, 0o664];
    const at = (name: string | number): string => join(dir, String(name));
    for (const kept of modes) {
      writeFileSync(at(kept), "1");
      chmodSync(at(kept), kept);
      await apply([write(at(kept), "1", "2")]);
    }
    expect(modes.map((kept) => mode(at(kept)))).toEqual(modes);
    await apply([write(at("secret"), undefined, SECRET, { secret: true })]);
    expect(mode(at("secret"))).toBe(0o600);
  });

  it("writes nothing at all when nothing changes, also where nothing can be written", async () => {
    const dir = folder();
    const path = join(dir, "a");
    writeFileSync(path, "same", { mode: 0o600 });
    const before = [statSync(path).mtimeMs, statSync(path).ino, statSync(dir).mtimeMs];
    const steps = [write(path, "same", "same", { secret: true }), write(join(dir, "x/y"), undefined, undefined)];
    const refuse = (): void => expect.fail("asked for no write");
    expect(await apply(steps, { assertPrivate: refuse })).toEqual(["unchanged", "unchanged"]);
    expect([statSync(path).mtimeMs, statSync(path).ino, statSync(dir).mtimeMs]).toEqual(before);
  });

  it("writes through a symlink, a dangling one too, and the link stays", async () => {
    const dir = folder();
    mkdirSync(join(dir, "real"));
    writeFileSync(join(dir, "real", "a"), "1", { mode: 0o640 });
    symlinkSync("real/a", join(dir, "link"));
    symlinkSync("later/b", join(dir, "dangling"));
    await apply([write(join(dir, "link"), "1", "2"), write(join(dir, "dangling"), undefined, "3")]);
    expect([readlinkSync(join(dir, "link")), read(join(dir, "real", "a")), mode(join(dir, "real", "a"))]).toEqual([
      "real/a",
      "2",
      0o640,
    ]);
    expect([readlinkSync(join(dir, "dangling")), read(join(dir, "later", "b"))]).toEqual(["later/b", "3"]);
    await apply([write(join(dir, "link"), "2", undefined)]);
    expect(lstatSync(join(dir, "link")).isSymbolicLink()).toBe(true);
    expect(existsSync(join(dir, "real", "a"))).toBe(false);
  });

  it("breaks a hard link and leaves the other name whole", async () => {
    const dir = folder();
    writeFileSync(join(dir, "a"), "1");
    linkSync(join(dir, "a"), join(dir, "other"));
    await apply([write(join(dir, "a"), "1", "2")]);
    expect([read(join(dir, "a")), read(join(dir, "other"))]).toEqual(["2", "1"]);
  });

  it("refuses a stale plan and writes no file of it", async () => {
    const dir = folder();
    const [a, b, c] = [join(dir, "n/a"), join(dir, "b"), join(dir, "c")];
    writeFileSync(b, "somebody was here");
    const stale = {
      code: "stale",
      exitCode: 1,
      message: expect.stringMatching(/[bc] changed.*Nothing was changed\./),
      hint: expect.stringContaining("Run it again"),
    };
    for (const steps of [
      [write(a, undefined, "x"), write(b, "old", "y")],
      [write(a, undefined, "x"), write(b, undefined, "y")],
      [write(c, "was there", "y")],
      // a step that changes nothing counts as well: the plan was made from it
      [write(b, "x", "x"), write(a, undefined, "y")],
    ])
      expect(await failure(apply(steps))).toMatchObject(stale);
    expect(readdirSync(dir)).toEqual(["b"]);
  });

  it("notices a change that comes in the middle, and puts back the rest", async () => {
    const dir = folder();
    writeFileSync(join(dir, "a"), "1");
    writeFileSync(join(dir, "b"), "1");
    const error = await failure(
      apply([write(join(dir, "a"), "1", "2"), write(join(dir, "b"), "1", SECRET, { secret: true })], {
        assertPrivate: () => writeFileSync(join(dir, "b"), "editor"),
      }),
    );
    expect(error).toMatchObject({
      code: "stale",
      message: expect.stringContaining("Everything was put back."),
    });
    expect([read(join(dir, "a")), read(join(dir, "b")), readdirSync(dir)]).toEqual(["1", "editor", ["a", "b"]]);
  });

  /** Runs `edit` right before the first call of one function of node:fs. */
  async function editedAt<T>(name: "renameSync" | "linkSync", edit: () => void, run: () => Promise<T>): Promise<T> {
    const original = fs[name];
    const hook = (call: typeof original): void => {
      Object.assign(fs, { [name]: call });
      syncBuiltinESMExports();
    };
    hook((from, to) => {
      hook(original);
      edit();
      original(from, to);
    });
    try {
      return await run();
    } finally {
      hook(original);
    }
  }

  it.each([
    ["in place, while it is staged", "linkSync", (path: string) => writeFileSync(path, "editor")],
    ["by a new file, while it is staged", "linkSync", (path: string) => replaceBy(path, "editor")],
    ["with the same text in a new file", "linkSync", (path: string) => replaceBy(path, "1")],
    ["in place, right before the rename", "renameSync", (path: string) => writeFileSync(path, "editor")],
  ] as const)("loses no change of an editor that saves %s", async (_, at, edit) => {
    const dir = folder();
    const path = join(dir, "a");
    writeFileSync(path, "1");
    const run = (): Promise<HaloError> => failure(apply([write(path, "1", "2")]));
    const error = await editedAt(at, () => edit(path), run);
    expect(error).toMatchObject({ code: "stale" });
    expect([read(path), readdirSync(dir)]).toEqual([edit.toString().includes('"1"') ? "1" : "editor", ["a"]]);
  });

  it("never replaces a file that somebody created just now", async () => {
    const dir = folder();
    const path = join(dir, "a");
    const run = (): Promise<HaloError> => failure(apply([write(path, undefined, "2")]));
    expect(await editedAt("linkSync", () => writeFileSync(path, "editor"), run)).toMatchObject({ code: "stale" });
    expect([read(path), readdirSync(dir)]).toEqual(["editor", ["a"]]);
  });

  it("takes a file that is there already as the plan makes it for done", async () => {
    const dir = folder();
    writeFileSync(join(dir, "a"), "2");
    expect(await apply([write(join(dir, "a"), "1", "2"), write(join(dir, "b"), undefined, "3")])).toEqual([
      "unchanged",
      "written",
    ]);
  });

  it("puts back the files, and what came after them, when that fails; what cannot be is named", async () => {
    const dir = folder();
    const a = join(dir, "a");
    const calls: string[] = [];
    for (const reason of [undefined, "type this"]) {
      const run = apply([write(a, undefined, "1")], {
        afterwards: async (onDone) => {
          expect(read(a)).toBe("1");
          const undo = (what: string, said?: string) => (): string | undefined => {
            calls.push(what);
            return said;
          };
          onDone("add", undo("add", reason));
          onDone("more", undo("more"));
          throw new Refusal("no");
        },
      });
      expect((await failure(run)).message).toBe(
        reason === undefined ? "no. Everything was put back." : "no. Could not be put back: add: type this.",
      );
      expect(existsSync(a)).toBe(false);
    }
    expect(calls).toEqual(["more", "add", "more", "add"]);
  });

  it("asks before a secret is written anywhere, with all earlier steps in place", async () => {
    const dir = folder();
    const path = join(dir, ".env");
    const steps = [
      write(join(dir, ".gitignore"), undefined, ".env\n"),
      write(path, undefined, SECRET, { secret: true }),
      write(join(dir, "ref"), undefined, "${X}"),
    ];
    const assertPrivate = (realPath: string): void => {
      expect(realPath).toBe(path);
      const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      expect(files.some((entry) => read(join(entry.parentPath, entry.name)).includes(SECRET))).toBe(false);
      expect([read(join(dir, ".gitignore")), existsSync(join(dir, "ref"))]).toEqual([".env\n", false]);
      throw new Refusal(".env would be committed.", {}, "tracked");
    };
    const error = await failure(apply(steps, { assertPrivate }));
    expect(error).toMatchObject({
      code: "tracked",
      exitCode: 1,
      message: ".env would be committed. Everything was put back.",
    });
    expect(error.message).not.toContain(SECRET);
    expect(readdirSync(dir)).toEqual([]);
    await apply(steps);
    expect([read(path), mode(path)]).toEqual([SECRET, 0o600]);
  });

  it("rolls back creation, replacement and deletion, to the very same files", async () => {
    const dir = folder();
    const at = (name: string): string => join(dir, name);
    const names = ["deleted", "replaced"];
    for (const name of names) writeFileSync(at(name), name, { mode: 0o640 });
    const known = () => names.map((name) => [statSync(at(name)).ino, statSync(at(name)).mtimeMs, mode(at(name))]);
    const before = known();
    const steps = [
      write(at("n/e/w"), undefined, "x"),
      write(at("replaced"), "replaced", SECRET, { secret: true }),
      write(at("deleted"), "deleted", undefined),
      write(at("last"), undefined, SECRET, { secret: true }),
    ];
    const assertPrivate = (_: string, path: string): void => {
      if (path !== at("last")) return;
      expect([existsSync(at("deleted")), read(at("replaced"))]).toEqual([false, SECRET]);
      throw new Refusal("no");
    };
    await failure(apply(steps, { assertPrivate }));
    expect(readdirSync(dir).sort()).toEqual(names);
    expect(known()).toEqual(before);
    expect(read(at("replaced"))).toBe("replaced");
  });

  it("does not roll back over what somebody else wrote meanwhile, and names it", async () => {
    const dir = folder();
    const [a, b, c] = [join(dir, "a"), join(dir, "b"), join(dir, "c")];
    writeFileSync(a, "1");
    writeFileSync(b, "1");
    const assertPrivate = (): void => {
      writeFileSync(a, "editor");
      throw new Refusal("no", { hint: "hint" }, "why");
    };
    const error = await failure(
      apply([write(a, "1", "2"), write(b, "1", "2"), write(c, undefined, SECRET, { secret: true })], { assertPrivate }),
    );
    expect(error).toMatchObject({
      code: "why",
      hint: "hint",
      message: `no. Could not be put back: ${a}: it was changed again meanwhile.`,
    });
    expect([read(a), read(b), readdirSync(dir)]).toEqual(["editor", "1", ["a", "b"]]);
  });

  it("is cancelled by the signal, before and in the middle, with nothing changed", async () => {
    const dir = folder();
    const controller = new AbortController();
    const steps = [write(join(dir, "d/a"), undefined, SECRET, { secret: true }), write(join(dir, "b"), undefined, "2")];
    const error = await failure(apply(steps, { signal: controller.signal, assertPrivate: () => controller.abort() }));
    expect(error).toBeInstanceOf(Cancelled);
    expect(error.message).toBe("Cancelled. Everything was put back.");
    expect(await failure(apply(steps, { signal: controller.signal }))).toBeInstanceOf(Cancelled);
    expect(readdirSync(dir)).toEqual([]);
  });

  it("refuses what it cannot read or must not replace", async () => {
    const dir = folder();
    mkdirSync(join(dir, "folder"));
    writeFileSync(join(dir, "file"), "x");
    const tooLong = { exitCode: 3, message: expect.stringMatching(/name too long.*Nothing was changed/) };
    for (const [name, refusal] of [
      ["folder", { code: "unreadable", exitCode: 1 }],
      ["file/below", { exitCode: 3 }],
      ["y".repeat(252), tooLong],
    ] as const) {
      const steps = [write(join(dir, "a"), undefined, "x"), write(join(dir, name), undefined, "x")];
      expect(await failure(apply(steps))).toMatchObject(refusal);
    }
    expect(readdirSync(dir).sort()).toEqual(["file", "folder"]);
  });

  it("lets through a defect, after the rollback, and says that it was one", async () => {
    const dir = folder();
    const defect = new TypeError("bug");
    const afterwards = () => Promise.reject(defect);
    const thrown: unknown = await apply([write(join(dir, "a"), undefined, "1")], { afterwards }).catch(
      (error) => error,
    );
    expect(thrown).toBe(defect);
    expect([defect.message, readdirSync(dir)]).toEqual(["bug. Everything was put back.", []]);
  });
});
