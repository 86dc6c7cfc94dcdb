import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import dotenv from "dotenv";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDotenvValue, parseDotenv, removeDotenv, setDotenv } from "../../src/core/formats/dotenv.ts";
import { textOf } from "../support/edited.ts";
import { folder } from "../support/home.ts";

const VALUES = 3000;
const RUNS = 5000;

/** Tokens, IDs and what people paste: plain, printable, and with every character that some reader treats as special. */
const special = fc.constantFrom(
  ...("abzAZ09 #'\"`!%*+,./:=?@[]^_{}-~&|;<>()\t\u00a0é😀\u2028\u0001\u007f".match(/./gsu) ?? []),
);
const refusable = fc.constantFrom("$", "\\", "\n", "\r", "\0", "\ud800");
const value = fc.oneof(
  fc.string({ unit: special, maxLength: 24 }),
  fc.string({ unit: fc.oneof({ arbitrary: special, weight: 12 }, { arbitrary: refusable, weight: 1 }), maxLength: 16 }),
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({ unit: "grapheme-ascii", maxLength: 40 }),
  fc.base64String({ maxLength: 64 }),
);

const blank = fc.constantFrom("", " ", "\t", "  ");
const name = fc.constantFrom("A", "B", "HALO_MCP_TOKEN", "T", "T2", "_x");
const written = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."ab1:=/ #"), maxLength: 8 }),
  fc.string({ unit: fc.constantFrom(...'ab =#\n\\"T'), maxLength: 8 }).map((inside) => `'${inside}'`),
  fc.string({ unit: fc.constantFrom(..."ab =#\n\\n'T"), maxLength: 8 }).map((inside) => `"${inside}"`),
  fc.constantFrom("'x'junk", "`a\nT=1`", "'a' # note", "", "'a", '"', "'T=1\nT=2'"),
);
const assignment = fc
  .tuple(blank, fc.constantFrom("", "", "export "), name, blank, blank, written, blank)
  .map(([indent, prefix, key, before, after, raw, end]) => `${indent}${prefix}${key}${before}=${after}${raw}${end}`);
const line = fc.oneof(
  { arbitrary: assignment, weight: 5 },
  { arbitrary: fc.constantFrom("", "# note", "  # T=1", "junk", "=x", "#", "export", " "), weight: 2 },
);
const file = fc
  .tuple(
    fc.constantFrom("", "", "\uFEFF"),
    fc.array(line, { maxLength: 6 }),
    fc.constantFrom("\n", "\n", "\r\n"),
    fc.constantFrom("", "eol", "\r"),
  )
  .map(([bom, lines, eol, end]) => bom + lines.join("\n").replaceAll("\n", eol) + (end === "eol" ? eol : end));
const fresh = fc.dictionary(
  fc.constantFrom("NEW_1", "NEW_2", "NEW_3"),
  value.filter((each) => formatDotenvValue(each) !== undefined),
);

describe("the writer", () => {
  it("writes what Node, dotenv and bash read alike", () => {
    const values = fc
      .sample(value, VALUES * 2)
      .filter((each) => formatDotenvValue(each) !== undefined)
      .slice(0, VALUES);
    expect(values.length).toBeGreaterThanOrEqual(2000);
    const all = Object.fromEntries(values.map((each, index) => [`V_${index}`, each]));
    const text = textOf(setDotenv("", all));
    expect(Object.fromEntries(parseDotenv(text))).toEqual(all);
    expect({ ...parseEnv(text) }).toEqual(all);
    expect(dotenv.parse(text)).toEqual(all);
    const path = join(folder(), "values.env");
    writeFileSync(path, text);
    // `printf %s` writes the very bytes; NUL between them, since no value holds one.
    const script = `set -a; . "$1"; for ((i = 0; i < $2; i++)); do n=V_$i; printf '%s\\0' "\${!n}"; done`;
    const read = execFileSync("bash", ["--norc", "-c", script, "bash", path, String(values.length)], {
      env: { PATH: process.env["PATH"], LC_ALL: "C.UTF-8" },
      maxBuffer: 64 * 1024 * 1024,
    });
    expect(read.toString("utf8").split("\0").slice(0, -1)).toEqual(values);
  }, 60_000);
});

describe("any .env", () => {
  it("is read as Node reads it, where its releases agree with each other", () => {
    const value = fc.constantFrom(..."a|a b|a#b|a # b|ab=1|'x y'|'x' # c|'a\nT=1'|\"a\\nb\"|`a`|\"\"".split("|"));
    const line = fc
      .tuple(fc.constantFrom("", "export ", " "), name, value)
      .map(([before, key, raw]) => `${before}${key}=${raw}`);
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom("\n", "\r\n"), (lines, eol) => {
        const text = lines.join("\n").replaceAll("\n", eol);
        expect(Object.fromEntries(parseDotenv(text))).toEqual({ ...parseEnv(text) });
      }),
    );
  });

  it("gets new names and gives them back byte for byte; twice is once", () => {
    fc.assert(
      fc.property(file, fresh, (before, values) => {
        const set = setDotenv(before, values);
        if (!set.ok) {
          expect(/['"`]/.test(before)).toBe(true);
          return;
        }
        expect(set.text.startsWith(before)).toBe(true);
        expect(Object.fromEntries(parseDotenv(set.text))).toEqual({
          ...Object.fromEntries(parseDotenv(before)),
          ...values,
        });
        expect(setDotenv(set.text, values)).toEqual({ ok: true, text: set.text });
        expect(removeDotenv(set.text, Object.keys(values))).toEqual({ ok: true, text: before });
      }),
      { numRuns: RUNS },
    );
  }, 60_000);

  it("changes a name in place and no other line", () => {
    fc.assert(
      fc.property(file, name, value, (before, key, wanted) => {
        const set = setDotenv(before, { [key]: wanted });
        if (!set.ok) return;
        const old = parseDotenv(before);
        expect(parseDotenv(set.text)).toEqual(new Map([...old, [key, wanted]]));
        if (old.get(key) === wanted) expect(set.text).toBe(before);
        const rest = (text: string): string =>
          text
            .split(/(?<=\n)/)
            .filter((each) => !each.includes(key))
            .join("");
        if (!old.has(key)) expect(set.text.startsWith(before)).toBe(true);
        else if (!/['"`]/.test(before)) expect(rest(set.text)).toBe(rest(before));
        const removed = removeDotenv(before, [key]);
        if (removed.ok) {
          const left = new Map(old);
          left.delete(key);
          expect(parseDotenv(removed.text)).toEqual(left);
        }
      }),
      { numRuns: RUNS },
    );
  }, 60_000);
});
