import fs, {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { WriteStep } from "../../src/core/plan/model.ts";
import { Cancelled, HaloError, Refusal } from "../../src/errors.ts";
import { applyWrites, type WriteOptions } from "../../src/io/write.ts";
import { folder } from "../support/home.ts";

const SECRET = "made-up-secret-2";
let dir = "";
beforeEach(() => {
  dir = folder();
});
const at = (name: string): string => join(dir, name);
const write = (name: string, before: string | undefined, after: string | undefined): WriteStep => {
  return { kind: "write", path: at(name), before, after };
};
const secret = (name: string, before: string | undefined): WriteStep => {
  return { ...write(name, before, SECRET), secret: true };
};
const apply = (steps: readonly WriteStep[], rest: Partial<WriteOptions> = {}): ReturnType<typeof applyWrites> =>
  applyWrites(steps, { signal: new AbortController().signal, assertPrivate: () => {}, ...rest });
const put = (name: string, text: string, mode = 0o644): void => writeFileSync(at(name), text, { mode });
const mode = (name: string): number => statSync(at(name)).mode & 0o777;

/** Every file, folder and link below the scratch folder; of a file its text. */
function tree(): Record<string, string> {
  const names = readdirSync(dir, { recursive: true, encoding: "utf8" }).sort();
  return Object.fromEntries(
    names.map((name) => [name, statSync(at(name)).isFile() ? readFileSync(at(name), "utf8") : "/"]),
  );
}

async function failure(run: Promise<unknown>): Promise<HaloError> {
  const error: unknown = await run.catch((thrown: unknown) => thrown);
  if (!(error instanceof HaloError)) throw new Error(`not a HaloError: ${String(error)}`);
  return error;
}

describe("applyWrites", () => {
  it("creates, replaces and deletes in the order given, and leaves nothing else", async () => {
    put("b", "old\r\n");
    put("c", "gone");
    const steps = [
      write("new/deep/a", undefined, "\uFEFFé"),
      write("b", "old\r\n", "new"),
      write("c", "gone", undefined),
    ];
    expect(await apply(steps)).toEqual(["written", "written", "written"]);
    expect(tree()).toEqual({ b: "new", new: "/", "new/deep": "/", "new/deep/a": "\uFEFFé" });
    expect(mode("new/deep/a")).toBe(0o666 & ~process.umask());
  });

  it("keeps the mode of a file; a new one with a secret is private", async () => {
    const modes = [0o640, 0o600, 0o755, 0o664];
    for (const kept of modes) {
      put(String(kept), "1");
      chmodSync(at(String(kept)), kept);
      await apply([write(String(kept), "1", "2")]);
    }
    expect(modes.map((kept) => mode(String(kept)))).toEqual(modes);
    await apply([secret("secret", undefined)]);
    expect(mode("secret")).toBe(0o600);
  });

  it("writes nothing at all when nothing changes, also where nothing can be written", async () => {
    put("a", SECRET);
    const known = () => [statSync(at("a")).mtimeMs, statSync(at("a")).ino, statSync(dir).mtimeMs];
    const before = known();
    const refuse = (): void => expect.fail("asked for no write");
    const steps = [secret("a", SECRET), write("x/y", undefined, undefined)];
    expect(await apply(steps, { assertPrivate: refuse })).toEqual(["unchanged", "unchanged"]);
    expect(known()).toEqual(before);
  });

  it("takes a file that is there already as the plan makes it for done", async () => {
    put("a", "2");
    expect(await apply([write("a", "1", "2"), write("b", undefined, "3")])).toEqual(["unchanged", "written"]);
  });

  it("writes through a symlink, a dangling one too, and the link stays", async () => {
    mkdirSync(at("real"));
    put("real/a", "1", 0o640);
    symlinkSync("real/a", at("link"));
    symlinkSync("later/b", at("dangling"));
    await apply([write("link", "1", "2"), write("dangling", undefined, "3")]);
    expect(tree()).toEqual({ dangling: "3", later: "/", "later/b": "3", link: "2", real: "/", "real/a": "2" });
    expect(["link", "dangling"].map((name) => readlinkSync(at(name)))).toEqual(["real/a", "later/b"]);
    expect(mode("real/a")).toBe(0o640);
    await apply([write("link", "2", undefined)]);
    expect([lstatSync(at("link")).isSymbolicLink(), readdirSync(at("real"))]).toEqual([true, []]);
  });

  it("breaks a hard link and leaves the other name whole", async () => {
    put("a", "1");
    linkSync(at("a"), at("other"));
    await apply([write("a", "1", "2")]);
    expect(tree()).toEqual({ a: "2", other: "1" });
  });

  it("refuses a stale plan and writes no file of it", async () => {
    put("b", "somebody was here");
    const stale = {
      code: "stale",
      exitCode: 1,
      message: expect.stringMatching(/[bc] changed.*Nothing was changed\./),
      hint: expect.stringContaining("Run it again"),
    };
    for (const steps of [
      [write("n/a", undefined, "x"), write("b", "old", "y")],
      [write("n/a", undefined, "x"), write("b", undefined, "y")],
      [write("c", "was there", "y")],
      // a step that changes nothing counts as well: the plan was made from it
      [write("b", "x", "x"), write("n/a", undefined, "y")],
    ])
      expect(await failure(apply(steps))).toMatchObject(stale);
    expect(Object.keys(tree())).toEqual(["b"]);
  });

  it("notices a change that comes in the middle, and puts back the rest", async () => {
    put("a", "1");
    put("b", "1");
    const assertPrivate = (): void => put("b", "editor");
    const error = await failure(apply([write("a", "1", "2"), secret("b", "1")], { assertPrivate }));
    expect(error).toMatchObject({ code: "stale", message: expect.stringContaining("Everything was restored.") });
    expect(tree()).toEqual({ a: "1", b: "editor" });
  });

  const inPlace = (): void => put("a", "editor");
  const byNewFile = (text: string) => (): void => {
    put("a~", text);
    renameSync(at("a~"), at("a"));
  };
  /** Runs `edit` right before the next call of a function of node:fs, or after it. Out: restores the function. */
  function once(name: "linkSync" | "renameSync" | "closeSync", edit: () => void, after = false): () => void {
    const original = fs[name] as (...args: unknown[]) => unknown;
    const set = (call: unknown): void => {
      Object.assign(fs, { [name]: call });
      syncBuiltinESMExports();
    };
    set((...args: unknown[]) => {
      set(original);
      if (!after) edit();
      Reflect.apply(original, fs, args);
      if (after) edit();
    });
    return () => set(original);
  }
  it.each([
    ["saves in place, while it is staged", "1", "linkSync", inPlace, "editor"],
    ["saves by a new file, while it is staged", "1", "linkSync", byNewFile("editor"), "editor"],
    ["saves the same text in a new file", "1", "linkSync", byNewFile("1"), "1"],
    ["saves in place, right before the rename", "1", "renameSync", inPlace, "editor"],
    ["creates the file", undefined, "linkSync", inPlace, "editor"],
  ] as const)("loses no change of an editor that %s", async (_, before, name, edit, expected) => {
    if (before !== undefined) put("a", before);
    const restore = once(name, edit);
    expect(await failure(apply([write("a", before, "2")]))).toMatchObject({ code: "stale" });
    restore();
    expect(tree()).toEqual({ a: expected });
  });

  it("loses no change of an editor that saves by a new file, after the content was compared", async () => {
    put("a", "1");
    // the file is read once more between its second name and the rename
    const restore = once("linkSync", () => once("closeSync", byNewFile("editor"), true));
    expect(await failure(apply([write("a", "1", "2")]))).toMatchObject({ code: "stale" });
    restore();
    expect(tree()).toEqual({ a: "editor" });
  });

  it.each([
    [undefined, "no. Everything was restored."],
    ["type this", "no. Could not be restored: add: type this."],
  ])("puts back the files, and what came after them, when that fails (%s)", async (reason, message) => {
    const calls: string[] = [];
    const afterwards: WriteOptions["afterwards"] = async (onDone) => {
      expect(tree()).toMatchObject({ a: "1" });
      for (const [what, said] of [["add", reason], ["more"]] as const)
        onDone(what, () => {
          calls.push(what);
          return said;
        });
      throw new Refusal("no");
    };
    expect((await failure(apply([write("a", undefined, "1")], { afterwards }))).message).toBe(message);
    expect([tree(), calls]).toEqual([{}, ["more", "add"]]);
  });

  it("asks before a secret is written anywhere, with all earlier steps in place", async () => {
    const steps = [write(".gitignore", undefined, ".env\n"), secret(".env", undefined), write("ref", undefined, "1")];
    const assertPrivate = (realPath: string): void => {
      expect(realPath).toBe(at(".env"));
      expect(Object.values(tree())).not.toContain(SECRET);
      expect(tree()).toMatchObject({ ".gitignore": ".env\n" });
      expect(tree()).not.toHaveProperty("ref");
      throw new Refusal(".env would be committed.", {}, "tracked");
    };
    const message = ".env would be committed. Everything was restored.";
    expect(await failure(apply(steps, { assertPrivate }))).toMatchObject({ code: "tracked", exitCode: 1, message });
    expect(tree()).toEqual({});
    await apply(steps);
    expect([tree()[".env"], mode(".env")]).toEqual([SECRET, 0o600]);
  });

  it("does not roll back over what somebody else wrote meanwhile, and names it", async () => {
    for (const name of ["a", "b"]) put(name, "1");
    const assertPrivate = (): void => {
      put("a", "editor");
      throw new Refusal("no", { hint: "hint" }, "why");
    };
    const steps = [write("a", "1", "2"), write("b", "1", "2"), secret("c", undefined)];
    const message = `no. Could not be restored: ${at("a")}: it was changed again meanwhile.`;
    expect(await failure(apply(steps, { assertPrivate }))).toMatchObject({ code: "why", hint: "hint", message });
    expect(tree()).toEqual({ a: "editor", b: "1" });
  });

  it("is cancelled by the signal, before and in the middle, with nothing changed", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const steps = [secret("d/a", undefined), write("b", undefined, "2")];
    const error = await failure(apply(steps, { signal, assertPrivate: () => controller.abort() }));
    expect(error).toBeInstanceOf(Cancelled);
    expect(error.message).toBe("Cancelled. Everything was restored.");
    expect((await failure(apply(steps, { signal }))).message).toBe("Cancelled. Nothing was changed.");
    expect(tree()).toEqual({});
  });

  it.each([
    ["folder", { code: "unreadable", exitCode: 1 }],
    ["file/below", { exitCode: 3 }],
    ["y".repeat(252), { exitCode: 3, message: expect.stringMatching(/name too long.*Nothing was changed/) }],
  ])("refuses what it cannot read or must not replace: %.10s", async (name, refusal) => {
    mkdirSync(at("folder"));
    put("file", "x");
    expect(await failure(apply([write("a", undefined, "x"), write(name, undefined, "x")]))).toMatchObject(refusal);
    expect(tree()).toEqual({ file: "x", folder: "/" });
  });

  it("lets through a defect as it is, after the rollback", async () => {
    const defect = new TypeError("bug");
    const run = apply([write("a", undefined, "1")], { afterwards: () => Promise.reject(defect) });
    await expect(run).rejects.toBe(defect);
    expect([defect.message, tree()]).toEqual(["bug. Everything was restored.", {}]);
  });
});
