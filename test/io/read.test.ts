import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { errnoOf, isInside, readState, resolveTarget } from "../../src/io/read.ts";
import { folder } from "../support/home.ts";

describe("readState", () => {
  it("keeps every byte: a BOM, CRLF, no final newline", () => {
    const path = join(folder(), "a");
    const text = '\uFEFF{\r\n\t"a": \u{1F600}\r\n}';
    writeFileSync(path, text, { mode: 0o640 });
    expect(readState(path)).toMatchObject({ kind: "file", realPath: path, text, mode: 0o640 });
  });

  it("finds a file absent, also where a folder is missing", () => {
    const path = join(folder(), "no", "such", "file");
    expect(readState(path)).toEqual({ kind: "absent", realPath: path });
  });

  it("does not read what is no text file, and never blocks on it", async () => {
    const dir = folder();
    spawnSync("mkfifo", [join(dir, "fifo")]);
    writeFileSync(join(dir, "nul"), "A=1\0\n");
    writeFileSync(join(dir, "latin1"), Buffer.from([0x61, 0xe9, 0x62]));
    writeFileSync(join(dir, "big"), Buffer.alloc(4 * 1024 * 1024 + 1, 0x61));
    writeFileSync(join(dir, "fits"), Buffer.alloc(4 * 1024 * 1024, 0x61));
    symlinkSync("loop-b", join(dir, "loop-a"));
    symlinkSync("loop-a", join(dir, "loop-b"));
    const server = createServer().listen(join(dir, "socket"));
    await new Promise((done) => server.once("listening", done));
    const reason = (name: string): string => {
      const state = readState(join(dir, name));
      return state.kind === "unreadable" ? state.reason : state.kind;
    };
    expect(reason("fifo")).toBe("it is a pipe");
    expect(reason("socket")).toBe("it is a socket");
    expect(reason(".")).toBe("it is a folder");
    expect(reason("latin1")).toBe("it is not UTF-8 text");
    expect(reason("nul")).toBe("it is not UTF-8 text");
    expect(reason("big")).toBe("it is larger than 4 MiB");
    expect(reason("fits")).toBe("file");
    expect(reason("loop-a")).toBe("too many symbolic links encountered");
    expect(reason("latin1/below")).toBe("not a directory");
    expect(readState("/dev/null")).toMatchObject({ reason: "it is a device" });
    server.close();
  });

  it("refuses a link to a device or a pipe as well", () => {
    const dir = folder();
    symlinkSync("/dev/zero", join(dir, "zero"));
    const device = { kind: "unreadable", realPath: "/dev/zero", reason: "it is a device" };
    expect(readState(join(dir, "zero"))).toMatchObject(device);
  });
});

describe("resolveTarget", () => {
  it("follows links, relative and absolute ones, in the middle and at the end", () => {
    const dir = folder();
    mkdirSync(join(dir, "real", "deep"), { recursive: true });
    writeFileSync(join(dir, "real", "file"), "x");
    symlinkSync("real/deep", join(dir, "link"));
    symlinkSync(join(dir, "real", "file"), join(dir, "absolute"));
    symlinkSync("../file", join(dir, "real", "deep", "up"));
    // link/.. is real, not dir: ".." counts after the link was followed.
    expect(resolveTarget(join(dir, "link", "up"))).toBe(join(dir, "real", "file"));
    expect(resolveTarget(join(dir, "absolute"))).toBe(join(dir, "real", "file"));
    expect(readState(join(dir, "link", "up"))).toMatchObject({ kind: "file", text: "x" });
  });

  it("follows a dangling link to where a write would create the file", () => {
    const dir = folder();
    symlinkSync("not/yet/there", join(dir, "dangling"));
    symlinkSync("dangling", join(dir, "twice"));
    expect(readState(join(dir, "twice"))).toEqual({ kind: "absent", realPath: join(dir, "not/yet/there") });
  });

  it("takes 40 links and no more", () => {
    const dir = folder();
    writeFileSync(join(dir, "0"), "end");
    for (let index = 1; index <= 41; index += 1) symlinkSync(String(index - 1), join(dir, String(index)));
    expect(readState(join(dir, "40"))).toMatchObject({ kind: "file", text: "end" });
    expect(readState(join(dir, "41"))).toMatchObject({ kind: "unreadable" });
  });
});

it.each([
  ["/a", "/a", true],
  ["/a/b/c", "/a", true],
  ["/a/..b", "/a", true],
  ["/ab", "/a", false],
  ["/a", "/a/b", false],
  ["/b", "/a", false],
])("%s is inside of %s: %s", (path, folder, expected) => expect(isInside(path, folder)).toBe(expected));

describe("errnoOf", () => {
  it.each([
    ["an error of the system", { code: "ENOENT", syscall: "open" }, "ENOENT"],
    ["one of Node itself, without a call", { code: "ERR_INVALID_ARG_VALUE" }, undefined],
    ["one without a code", { syscall: "open" }, undefined],
    ["one whose code is a number", { code: 2, syscall: "open" }, undefined],
  ])("%s", (_, more, code) => {
    expect(errnoOf(Object.assign(new Error("made up"), more))).toBe(code);
    expect(errnoOf(more)).toBeUndefined();
  });
});
