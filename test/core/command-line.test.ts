import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nearest, toSh } from "../../src/core/command-line.ts";

describe("quoting for sh", () => {
  it.each([
    ["--header", "--header"],
    ["https://api.cm.com/halo/core/mcp", "https://api.cm.com/halo/core/mcp"],
    ["", "''"],
    ["${HALO_MCP_TOKEN}", "'${HALO_MCP_TOKEN}'"],
    ["it's", "'it'\\''s'"],
    ["a b", "'a b'"],
    ["=ls", "'=ls'"],
    ["~", "'~'"],
    ["a*", "'a*'"],
    ["a&b?c=d", "'a&b?c=d'"],
  ])("%s", (word, quoted) => expect(toSh([word, "b"])).toBe(`${quoted} b`));

  it("never changes a word on its way through a real sh", () => {
    const word = fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.string({ unit: fc.constantFrom(..."'\"\\$`!{}()*?[]~#&|;<>=% \n\ta-é"), maxLength: 12 }),
      fc.constantFrom("", "-n", "-e", "--", "${HOME}", "$(id)", "`id`", "!!", "=ls", "~root", "\\", "'", "''", "a'b'c"),
    );
    const safe = word
      .map((text) => text.replaceAll("\u0000", ""))
      .filter((text) => Buffer.from(text).toString() === text);
    const lists = fc.array(fc.array(safe, { minLength: 1, maxLength: 6 }), { minLength: 20, maxLength: 20 });
    const env = { HOME: "/h", PATH: process.env.PATH };
    fc.assert(
      fc.property(lists, (commands) => {
        const script = commands.map((argv) => `printf '%s\\0' ${toSh(argv)}`).join("\n");
        const out = execFileSync("/bin/sh", ["-c", script], { encoding: "utf8", env });
        expect(out.split("\u0000").slice(0, -1)).toEqual(commands.flat());
      }),
      { numRuns: 40 },
    );
  });
});

describe("nearest", () => {
  const words = ["init", "check", "doctor", "remove", "claude-code", "claude-ai"];
  it.each([
    ["inti", "init"],
    ["ini", "init"],
    ["chek", "check"],
    ["CHECK", "check"],
    ["docter", "doctor"],
    ["claude-cod", "claude-code"],
    ["claud-ai", "claude-ai"],
    ["inizt", "init"],
    ["intti", undefined],
    ["chcke", undefined],
    ["", undefined],
    ["zzzzzz", undefined],
    ["x".repeat(5000), undefined],
  ])("%s", (word, near) => expect(nearest(word, words)).toBe(near));
});
