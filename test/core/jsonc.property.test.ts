import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Edited, Json } from "../../src/core/formats/json.ts";
import { addToArray, removeFromArray, removeProperty, setProperty } from "../../src/core/formats/json-edit.ts";
import { type Random, randomFrom } from "./random.ts";

const RUNS = 1500;
const ENTRY: Json = {
  type: "http",
  url: "https://api.cm.com/halo/core/mcp",
  headers: { Authorization: "Bearer ${HALO_MCP_TOKEN}", "CM-ACCOUNT-ID": "${HALO_ACCOUNT_ID}" },
};
const KEYS = ["mcpServers", "env", "list", "a", "b", "linear", "__proto__", "constructor", 'é\n"', ""] as const;

type Mode = "pretty" | "mixed" | "minified" | "spaced" | "chaos" | "comments";
const MODES = ["pretty", "mixed", "minified", "spaced", "chaos", "comments"] as const satisfies readonly Mode[];

interface Format {
  readonly mode: Mode;
  readonly eol: string;
  readonly unit: string;
  readonly random: Random;
}

/** JSON text of a random object. Objects where the paths need them, so that most documents can be edited. */
function randomDocument(seed: number): { text: string; mode: Mode } {
  const random = randomFrom(seed);
  const mode = random.pick(MODES);
  const format: Format = {
    mode,
    eol: random.pick(["\n", "\n", "\r\n", "\r"]),
    unit: random.pick(["  ", "    ", "\t", " "]),
    random,
  };
  const end =
    mode === "minified" || mode === "spaced"
      ? random.pick(["", "\n"])
      : random.pick(["", format.eol, `${format.eol}${format.eol}`]);
  const text = `${random.chance(0.1) ? "\uFEFF" : ""}${gap(format)}${object(format, 0, "")}${gap(format)}`;
  return { text: mode === "chaos" || mode === "comments" ? text : text + end, mode };
}

function gap({ mode, random }: Format): string {
  if (mode !== "chaos" && mode !== "comments") return "";
  const pieces = ["", "", "", " ", "\n", "\r\n", "\r", "\t", "  ", "\n\n", "\n  ", "\r\n    ", "\n\n  "] as const;
  const comments = ["// note\n", "// note\r\n", "/* note */", "/* two\n lines */", "//\r", " // , }\n  "] as const;
  let text = "";
  do text += mode === "comments" && random.chance(0.3) ? random.pick(comments) : random.pick(pieces);
  while (random.chance(0.3));
  return text;
}

function value(format: Format, depth: number, key: string, outer: string): string {
  const { random } = format;
  if (key === "mcpServers" || key === "env" || key === "a") return object(format, depth, outer);
  if (key === "list") return list(format, outer);
  if (depth < 4 && random.chance(0.3)) return object(format, depth, outer);
  return random.pick([
    "1",
    "-0.5e3",
    '"x"',
    "null",
    "true",
    '"\\u00e9 // no /* comment"',
    '"}"',
    "[]",
    "[ ]",
    '[1,{"k":[]}]',
  ]);
}

function object(format: Format, depth: number, outer: string): string {
  const { random } = format;
  const keys = random.chance(0.25) ? [] : KEYS.filter(() => random.chance(depth === 0 ? 0.35 : 0.2));
  if (random.chance(0.2)) keys.reverse();
  const inner = outer + format.unit;
  const entries = keys.map(
    (key) =>
      (before: string): string =>
        `${JSON.stringify(key)}${before}:${space(format)}${value(format, depth + 1, key, inner)}`,
  );
  return container(format, "{", "}", entries, outer);
}

function list(format: Format, outer: string): string {
  const items = ['"x"', '"y"', "1"].filter(() => format.random.chance(0.4));
  return container(
    format,
    "[",
    "]",
    items.map((item) => () => item),
    outer,
  );
}

function space(format: Format): string {
  if (format.mode === "minified") return "";
  return format.mode === "chaos" || format.mode === "comments" ? gap(format) : " ";
}

function container(
  format: Format,
  open: string,
  close: string,
  entries: readonly ((before: string) => string)[],
  outer: string,
): string {
  const { mode, eol, unit, random } = format;
  const inner = eol + outer + unit;
  if (mode === "chaos" || mode === "comments") {
    const parts = entries.map((entry) => gap(format) + entry(gap(format)) + gap(format));
    const trailing = mode === "comments" && parts.length > 0 && random.chance(0.2) ? `,${gap(format)}` : "";
    return open + (parts.length === 0 ? gap(format) : parts.join(",")) + trailing + close;
  }
  const parts = entries.map((entry) => entry(""));
  const empties = ["", "", " ", eol, eol + outer, inner, eol + eol, eol + eol + outer, `${eol} `, "  "] as const;
  if (parts.length === 0)
    return (
      open + (mode === "minified" || mode === "spaced" ? random.pick(["", " ", "\t"]) : random.pick(empties)) + close
    );
  if (mode === "minified") return open + parts.join(",") + close;
  if (mode === "spaced") {
    const blank = random.pick(["", " "]);
    return open + blank + parts.join(", ") + blank + close;
  }
  if (mode === "mixed" && random.chance(0.4)) return `${open} ${parts.join(", ")} ${close}`;
  const blank = mode === "mixed" && random.chance(0.2) ? eol : "";
  return open + blank + inner + parts.join(`,${blank}${inner}`) + blank + eol + outer + close;
}

function text(edited: Edited): string {
  if (!edited.ok) throw new Error(`refused at ${edited.refused.offset}: ${edited.refused.reason}`);
  return edited.text;
}

/** The longer text is the shorter one and one run of new bytes. */
function isPureInsertion(before: string, after: string): boolean {
  let head = 0;
  while (head < before.length && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < before.length && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  return after.length > before.length && head + tail >= before.length;
}

function strictly(document: string): unknown {
  return JSON.parse(document.replace(/^\uFEFF/, ""));
}

interface Operation {
  readonly label: string;
  readonly install: (document: string, strict: boolean) => Edited;
  readonly remove: (document: string, strict: boolean) => Edited;
  readonly meant: (document: unknown) => void;
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
      const seen = new Map<string, number>();
      fc.assert(
        fc.property(fc.nat(), (seed) => {
          const { text: before, mode } = randomDocument(seed);
          const strict = mode !== "comments";
          const after = text(operation.install(before, strict));
          expect(isPureInsertion(before, after)).toBe(true);
          expect(operation.install(after, strict)).toEqual({ ok: true, text: after, changed: false });
          expect(text(operation.remove(after, strict))).toBe(before);
          if (strict) {
            const meant = strictly(before);
            operation.meant(meant);
            expect(strictly(after)).toEqual(meant);
          }
          if (mode === "minified" && strictly(before) !== null && before.trim().replace(/^\uFEFF/, "").length > 3) {
            expect(after.trim()).not.toMatch(/[\r\n]/);
          }
          seen.set(mode, (seen.get(mode) ?? 0) + 1);
        }),
        { numRuns: RUNS },
      );
      console.log(operation.label, RUNS, JSON.stringify(Object.fromEntries(seen)));
    },
    120_000,
  );

  it("several entries at once come out again, last one first", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { text: before, mode } = randomDocument(seed);
        const strict = mode !== "comments";
        const operations = [
          property("env", "HALO_1"),
          property("env", "HALO_2"),
          item("list"),
          property("mcpServers", "halo"),
        ];
        let after = before;
        for (const operation of operations) after = text(operation.install(after, strict));
        for (const operation of operations.toReversed()) after = text(operation.remove(after, strict));
        expect(after).toBe(before);
      }),
      { numRuns: RUNS },
    );
  }, 120_000);

  it("several entries of a formatted document come out in the order in which they went in", () => {
    let count = 0;
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { text: before, mode } = randomDocument(seed);
        fc.pre(mode === "pretty" || mode === "minified");
        const names = ["HALO_1", "HALO_2", "HALO_3"];
        const object = (strictly(before) as Record<string, unknown>)["env"];
        fc.pre(object === undefined || Object.keys(object as object).length > 0);
        let after = before;
        for (const name of names) after = text(setProperty(after, ["env", name], "x", { strict: true }));
        for (const name of names) after = text(removeProperty(after, ["env", name], { strict: true }));
        expect(after).toBe(before);
        count += 1;
      }),
      { numRuns: 1500 },
    );
    console.log("first in, first out:", count);
  }, 120_000);

  it("what a user wrote is taken out or refused, never broken, and nothing else is lost", () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...KEYS), (seed, key) => {
        const { text: before, mode } = randomDocument(seed);
        const strict = mode !== "comments";
        const edited = removeProperty(before, [key], { strict });
        if (!edited.ok) {
          refused += 1;
          return;
        }
        if (!strict) return;
        const meant = strictly(before) as Record<string, unknown>;
        delete meant[key];
        expect(strictly(edited.text)).toEqual(meant);
      }),
      { numRuns: RUNS },
    );
    console.log("removals of hand-written keys refused:", refused, "of", RUNS);
    expect(refused).toBe(0);
  }, 120_000);

  it("a value is replaced alone", () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...KEYS), (seed, key) => {
        const { text: before, mode } = randomDocument(seed);
        fc.pre(mode !== "comments");
        const meant = strictly(before) as Record<string, unknown>;
        fc.pre(Object.hasOwn(meant, key));
        const after = text(setProperty(before, [key], ENTRY, { strict: true }));
        Object.defineProperty(meant, key, { value: ENTRY, enumerable: true, configurable: true, writable: true });
        expect(strictly(after)).toEqual(meant);
        expect(text(setProperty(after, [key], ENTRY, { strict: true }))).toBe(after);
      }),
      { numRuns: RUNS },
    );
  }, 120_000);
});
