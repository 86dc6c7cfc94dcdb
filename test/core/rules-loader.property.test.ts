import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Finding } from "../../src/core/check/model.ts";
import { applyFixes } from "../../src/core/check/run.ts";
import { MAX_DEPTH } from "../../src/core/formats/json.ts";
import { documentFrom, isError, loaderFindings, verdictsOf } from "../support/loader-corpus.ts";
import { mutatedEntry, mutatedFile, randomValue } from "../support/loader-mutations.ts";
import { type Random, randomFrom } from "./random.ts";

const RUNS = 1500;
const seed = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const check = (text: string): readonly Finding[] => loaderFindings(documentFrom(Buffer.from(text)));

/** Comments, trailing commas and strange white space at the places where they may stand. */
function dress(random: Random, text: string): string {
  return text.replace(/(?<=[,{[:])(?=["{[\dtfn])|(?=[}\]])/g, (_, at: number) => {
    if (!random.chance(0.15)) return "";
    const closes = text[at] === "}" || text[at] === "]";
    const opens = text[at - 1] === "{" || text[at - 1] === "[" || text[at - 1] === ",";
    const comma = closes && !opens && random.chance(0.5) ? "," : "";
    return (
      comma +
      random.pick(["", " ", "\n", "\r\n", '/* " */', " // ,}\n", "\n  // x\r\n", "/* a\n b */ \n", "\t// é\r"] as const)
    );
  });
}

/** A file with anything anywhere: at the root, as the servers, as one server, in a field; dressed or broken. */
function randomFile(random: Random): string {
  const entry = (): string => (random.chance(0.8) ? mutatedEntry(random) : randomValue(random));
  const names = ["a", "a", "b", "", " b", "workspace", "__proto__", "--x", "\\u0061", "é\\n", "\\ud800"] as const;
  const servers = (): string =>
    random.chance(0.9)
      ? `{${Array.from({ length: random.int(4) }, () => `"${random.pick(names)}":${entry()}`).join(",")}}`
      : randomValue(random);
  const keys = ["mcpServers", "mcpServers", "servers", "mcpservers", "__proto__", "x"] as const;
  const root = random.chance(0.9)
    ? `{${Array.from({ length: random.int(3) + 1 }, () => `"${random.pick(keys)}":${servers()}`).join(",")}}`
    : randomValue(random);
  const text = (random.chance(0.1) ? "\uFEFF" : "") + (random.chance(0.5) ? dress(random, root) : root);
  return random.chance(0.1) ? text.slice(0, random.int(text.length + 1)) : text;
}

const anyText = fc.oneof(
  { weight: 6, arbitrary: seed.map((value) => randomFile(randomFrom(value))) },
  { weight: 2, arbitrary: seed.map((value) => mutatedFile(randomFrom(value))) },
  { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
  { weight: 1, arbitrary: fc.json() },
);
/** Applies every fix until there is none: each round at most once a place. */
function fixAll(text: string): string {
  let now = text;
  for (let round = 0; round < 8; round += 1) {
    const fixes = check(now).map(({ fix = [] }) => fix);
    const next = applyFixes(now, fixes);
    if (next === now) return now;
    now = next;
  }
  throw new Error(`the fixes never end: ${JSON.stringify(text)} is now ${JSON.stringify(now)}`);
}

/** Which servers are dropped, by place; undefined where the whole file is. */
function lostOf(text: string): readonly boolean[] | undefined {
  const { file, servers } = verdictsOf(Buffer.from(text));
  return file ? undefined : servers.map(({ error }) => error);
}

describe("whatever the file holds", () => {
  it("fixes come to an end, and never make a file or a server fail that did not", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const before = check(text).filter(isError);
        const fixed = fixAll(text);
        expect(check(fixed).filter(({ fix }) => fix !== undefined)).toEqual([]);
        expect(fixAll(fixed)).toBe(fixed);
        const [lost, left] = [lostOf(text), lostOf(fixed)];
        if (lost !== undefined) {
          expect(left, fixed).toBeDefined();
          for (const [index, dropped] of (left ?? []).entries()) if (dropped) expect(lost[index], fixed).toBe(true);
        }
        // what only had comments and commas too many is JSON now
        const unfixable = ["syntax", "merge-conflict", "utf-16"];
        if (before.length > 0 && before.every(({ rule }) => !unfixable.includes(rule)))
          expect(() => JSON.parse(fixed.replace(/^\uFEFF/, ""))).not.toThrow();
      }),
      { numRuns: RUNS },
    );
  });
});

describe("size", () => {
  const many = (count: number, entry: string): string =>
    `{"mcpServers":{${Array.from({ length: count }, (_, index) => `"s${index}":${entry}`).join(",")}}}`;

  it("50,000 servers, and as many findings", { timeout: 60_000 }, () => {
    expect(check(many(50_000, '{"command":"x"}'))).toEqual([]);
    expect(check(many(50_000, '{"url":"x"}'))).toHaveLength(50_000);
  });

  it("100,000 levels, closed or not: one error", () => {
    const deep = (close: string): string => `{"mcpServers":{},"x":${"[".repeat(100_000)}${close}`;
    expect(check(`${deep("]".repeat(100_000))}}`).map(({ rule }) => rule)).toEqual(["too-deep"]);
    expect(check(deep("")).map(({ rule }) => rule)).toEqual(["too-deep"]);
    expect(check("[".repeat(MAX_DEPTH + 1)).map(({ rule }) => rule)).toEqual(["too-deep"]);
  });
});
