import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Edited, type Json, jsonIn } from "../../src/core/formats/json.ts";
import { addToArray, removeFromArray, removeProperty, setProperty } from "../../src/core/formats/json-edit.ts";
import { textOf } from "../support/edited.ts";
import { type Random, randomFrom } from "./random.ts";

const RUNS = 1500;
const ENTRY: Json = {
  type: "http",
  url: "https://api.cm.com/halo/core/mcp",
  headers: { Authorization: "Bearer ${HALO_MCP_TOKEN}", "CM-ACCOUNT-ID": "${HALO_ACCOUNT_ID}" },
};
const KEYS = ["mcpServers", "env", "list", "a", "b", "linear", "__proto__", "constructor", 'é\n"', ""] as const;

const BLANKS = ["", "", "", " ", "\n", "\r\n", "\r", "\t", "  ", "\n\n", "\n  ", "\r\n    ", "\n\n  "] as const;
const COMMENTS = ["// note\n", "// note\r\n", "/* note */", "/* two\n lines */", "//\r", " // , }\n  "] as const;
const MODES = ["pretty", "mixed", "minified", "spaced", "chaos", "comments"] as const;

/** A random object. There are objects where the paths need them, so that most documents can be edited. */
function object(random: Random, depth: number): object {
  const keys = random.chance(0.25) ? [] : KEYS.filter(() => random.chance(depth === 0 ? 0.35 : 0.2));
  if (random.chance(0.2)) keys.reverse();
  const value = (key: string): unknown => {
    if (key === "list") return ["x", "y", 1].filter(() => random.chance(0.4));
    if (/^(?:mcpServers|env|a)$/.test(key) || (depth < 3 && random.chance(0.3))) return object(random, depth + 1);
    return random.pick([1, -500, "x", null, true, "é // no /* comment", "}", [], [1, { k: [] }]]);
  };
  return Object.fromEntries(keys.map((key) => [key, value(key)]));
}

/** The JSON text of a random object, laid out in one of the modes. */
function randomDocument(seed: number): { text: string; mode: (typeof MODES)[number] } {
  const random = randomFrom(seed);
  const mode = random.pick(MODES);
  const value = object(random, 0);
  const bom = random.chance(0.1) ? "\uFEFF" : "";
  const eol = random.pick(["\n", "\n", "\r\n", "\r"]);
  if (mode === "pretty" || mode === "mixed") {
    let text = JSON.stringify(value, null, random.pick(["  ", "    ", "\t", " "]));
    if (mode === "mixed")
      text = text
        .replace(/\{\s*("[^{}[\]]*?)\s*\}/g, (all, inner: string) =>
          random.chance(0.4) ? `{ ${inner.replace(/\s*\n\s*/g, " ")} }` : all,
        )
        .replace(/,\n/g, (all) => (random.chance(0.2) ? `${all}\n` : all));
    return { text: bom + (text + random.pick(["", "\n", "\n\n"])).replaceAll("\n", eol), mode };
  }
  const tokens = JSON.stringify(value).match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^"{}[\],:]+/g) ?? [];
  const inside = random.pick(["", " "]);
  const gap = (before = "", behind = ""): string => {
    const isEmpty = /[{[]/.test(before) && /[}\]]/.test(behind);
    if (mode === "minified" || (isEmpty && mode !== "comments")) return "";
    if (mode === "spaced")
      return /^[,:]$/.test(before) ? " " : /^[{[]$/.test(before) || /^[}\]]$/.test(behind) ? inside : "";
    let text = "";
    do text += mode === "comments" && random.chance(0.3) ? random.pick(COMMENTS) : random.pick(BLANKS);
    while (random.chance(0.3));
    const isLast = mode === "comments" && /^[}\]]$/.test(behind) && !/^[{[]$/.test(before);
    return isLast && random.chance(0.2) ? `${text},${random.pick(BLANKS)}` : text;
  };
  const isFree = mode === "chaos" || mode === "comments";
  const ends = isFree ? [gap(), gap()] : ["", random.pick(["", "\n"])];
  const parts = tokens.map((token, index) => (index === 0 ? token : gap(tokens[index - 1], token) + token));
  const text = parts.join("").replaceAll("-500", "-0.5e3").replaceAll("é", "\\u00e9");
  return { text: bom + ends[0] + text + ends[1], mode };
}

/** The longer text is the shorter one and one run of new bytes. */
function isPureInsertion(before: string, after: string): boolean {
  let head = 0;
  while (head < before.length && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < before.length && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  return after.length > before.length && head + tail >= before.length;
}

const jsonOf = (document: string): unknown => jsonIn(document, { strict: false });

function strictly(document: string): unknown {
  return JSON.parse(document.replace(/^\uFEFF/, ""));
}

interface Operation {
  readonly path: readonly string[];
  readonly label: string;
  readonly install: (document: string, strict: boolean) => Edited;
  readonly remove: (document: string, strict: boolean) => Edited;
  readonly meant: (document: unknown) => void;
}

/** On the way to its end, or there, something is empty: that goes too when the entry is taken out. */
function meetsEmpty(document: unknown, path: readonly string[]): boolean {
  if (typeof document !== "object" || document === null) return false;
  const [key = "", ...rest] = path;
  return Object.keys(document).length === 0 || meetsEmpty((document as Record<string, unknown>)[key], rest);
}

/** The object that holds the end of the path, made where it is missing. */
function parentOf(document: unknown, path: readonly string[]): Record<string, unknown> {
  let parent = document as Record<string, unknown>;
  for (const key of path.slice(0, -1)) {
    parent[key] ??= {};
    parent = parent[key] as Record<string, unknown>;
  }
  return parent;
}

function property(...path: string[]): Operation {
  return {
    path,
    label: path.join("."),
    install: (document, strict) => setProperty(document, path, ENTRY, { strict }),
    remove: (document, strict) => removeProperty(document, path, { strict }),
    meant: (document) => {
      const parent = parentOf(document, path);
      parent[path.at(-1) ?? ""] = ENTRY;
    },
  };
}

function item(...path: string[]): Operation {
  return {
    path,
    label: `${path.join(".")}[]`,
    install: (document, strict) => addToArray(document, path, "halo", { strict }),
    remove: (document, strict) => removeFromArray(document, path, "halo", { strict }),
    meant: (document) => {
      const parent = parentOf(document, path);
      const key = path.at(-1) ?? "";
      parent[key] = ["halo", ...((parent[key] as unknown[] | undefined) ?? [])];
    },
  };
}

const OPERATIONS = [
  property("mcpServers", "halo"),
  property("halo"),
  property("a", "a", "halo"),
  property("env", "new", "newer", "halo"),
  item("list"),
  item("a", "list"),
  item("env", "new", "list"),
] as const;

describe("any JSON document, however it is formatted", () => {
  it.each(OPERATIONS)(
    "$label: pure insertion, idempotent, as meant, and taken out byte for byte",
    (operation) => {
      fc.assert(
        fc.property(fc.nat(), (seed) => {
          const { text: before, mode } = randomDocument(seed);
          const strict = mode !== "comments";
          const after = textOf(operation.install(before, strict));
          expect(operation.install(after, strict)).toEqual({ ok: true, text: after });
          const removed = textOf(operation.remove(after, strict));
          if (!meetsEmpty(jsonOf(before), operation.path)) {
            expect(isPureInsertion(before, after)).toBe(true);
            expect(removed).toBe(before);
          }
          if (strict) {
            const meant = strictly(before);
            operation.meant(meant);
            expect(strictly(after)).toEqual(meant);
          }
          if (mode === "minified" && before.trim().replace(/^\uFEFF/, "").length > 3)
            expect(after.trim()).not.toMatch(/[\r\n]/);
        }),
        { numRuns: RUNS },
      );
    },
    120_000,
  );

  it("what a user wrote is taken out or replaced alone, and nothing else is lost", () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...KEYS), (seed, key) => {
        const { text: before, mode } = randomDocument(seed);
        const strict = mode !== "comments";
        const removed = textOf(removeProperty(before, [key], { strict }));
        if (!strict) return;
        const meant = strictly(before) as Record<string, unknown>;
        const isThere = Object.hasOwn(meant, key);
        delete meant[key];
        expect(strictly(removed)).toEqual(meant);
        if (!isThere) return;
        const after = textOf(setProperty(before, [key], ENTRY, { strict }));
        Object.defineProperty(meant, key, { value: ENTRY, enumerable: true, configurable: true, writable: true });
        expect(strictly(after)).toEqual(meant);
        expect(textOf(setProperty(after, [key], ENTRY, { strict }))).toBe(after);
      }),
      { numRuns: RUNS },
    );
  }, 120_000);
});
