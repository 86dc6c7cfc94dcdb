import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Json } from "../../src/core/formats/json.ts";
import { jsonIn } from "../../src/core/formats/json.ts";
import {
  addToArray,
  isSkeleton,
  removeFromArray,
  removeProperty,
  setProperty,
} from "../../src/core/formats/json-edit.ts";
import { placeWords } from "../../src/core/formats/lines.ts";
import { textOf } from "../support/edited.ts";

const STRICT = { strict: true };
const LENIENT = { strict: false };
const PATH = ["mcpServers", "halo"];
const headers = { Authorization: "Bearer ${HALO_MCP_TOKEN}" };
const ENTRY: Json = { type: "http", url: "https://api.cm.com/halo/core/mcp", headers };

/**
 * A folder is a test: `before.json` (strict) or `before.jsonc`, and `after.*` or `refused.txt` with `line:column reason`.
 * UPDATE_FIXTURES=1 writes what is missing; read it before you believe it.
 */
const FIXTURES = join(import.meta.dirname, "../fixtures/edit");
describe("fixtures/edit", () => {
  it.each(readdirSync(FIXTURES))("%s", (name) => {
    const folder = join(FIXTURES, name);
    const strict = existsSync(join(folder, "before.json"));
    const extension = strict ? "json" : "jsonc";
    const read = (file: string): string => readFileSync(join(folder, file), "utf8");
    const before = read(`before.${extension}`);
    const edited = setProperty(before, PATH, ENTRY, { strict });
    const [file, written] = edited.ok
      ? [`after.${extension}`, edited.text]
      : ["refused.txt", `${placeWords(before, edited.refused.offset).slice(1)} ${edited.refused.reason}\n`];
    if (process.env["UPDATE_FIXTURES"] === "1" && !existsSync(join(folder, file))) {
      writeFileSync(join(folder, file), written);
    }
    expect(readdirSync(folder).sort()).toEqual([`before.${extension}`, file].sort());
    expect(written).toBe(read(file));
    if (!edited.ok) return;
    expect(setProperty(edited.text, PATH, ENTRY, { strict })).toEqual({ ok: true, text: edited.text });
    const removed = textOf(removeProperty(edited.text, PATH, { strict }));
    if (before.trim() === "") expect(isSkeleton(removed)).toBe(true);
    else if (name.startsWith("replace")) expect(removed).toBe(textOf(removeProperty(before, PATH, { strict })));
    else if (!/empty|comments-only/.test(name)) expect(removed).toBe(before);
  });
});

describe("objects and lists that are empty", () => {
  const layouts = ["{}", '{"mcpServers":{}}', '{\n  "mcpServers": {}\n}\n', '{\r\n\t"mcpServers": {}\r\n}', '{"x":1}'];
  it.each(layouts)("%j", (before) => {
    const after = textOf(setProperty(before, PATH, ENTRY, STRICT));
    expect(textOf(removeProperty(after, PATH, STRICT))).toBe(
      before.includes("x") ? before : before.replace(/\s*".*\s*(?=\})/s, ""),
    );
    if (before.includes("mcp"))
      expect(textOf(removeProperty(after, PATH, { strict: true, keepsEmpty: true }))).toBe(before);
  });
  it.each([
    ['{\n  "mcpServers": { }\n}', "{}"],
    ['{\n  "mcpServers": {\n\n  }\n}', "{}"],
    ['{\n  "mcpServers": {\n    // ours\n  }\n}', '{\n  "mcpServers": {// ours\n  }\n}'],
  ])("%j loses the white space in it", (before, restored) => {
    const after = textOf(setProperty(before, PATH, ENTRY, LENIENT));
    expect(textOf(removeProperty(after, PATH, LENIENT))).toBe(restored);
  });
});

describe("removeProperty, of what a user wrote", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["first", '{\n  "halo": 1,\n  "b": 2\n}', '{\n  "b": 2\n}'],
    ["middle", '{\n  "a": 1,\n  "halo": 1,\n  "b": 2\n}', '{\n  "a": 1,\n  "b": 2\n}'],
    ["last", '{\n  "a": 1,\n  "halo": {\n    "x": 1\n  }\n}\n', '{\n  "a": 1\n}\n'],
    ["only", '{\n  "halo": 1\n}', "{}"],
    ["only, one line", '{ "halo": 1 }', "{}"],
    ["first, one line", '{ "halo": 1, "b": 2 }', '{ "b": 2 }'],
    ["first, one line, no blank", '{"halo":1, "b":2}', '{"b":2}'],
    ["middle, one line", '{"a":1,"halo":1,"b":2}', '{"a":1,"b":2}'],
    ["last, one line", '{ "a": 1, "halo": 2 }', '{ "a": 1 }'],
    ["comma first", '{\n    "a": 1\n  , "halo": 2\n  , "b": 3\n}', '{\n    "a": 1\n  ,\n   "b": 3\n}'],
    ["blanks after the comma", '{\n  "halo": 1,  \n  "b": 2\n}', '{\n  "b": 2\n}'],
    ["sharing a line", '{\n  "halo": 1, "b": 2\n}', '{\n  "b": 2\n}'],
    ["blank lines", '{\n\n  "a": 1,\n\n  "halo": 1,\n\n  "b": 2\n}', '{\n\n  "a": 1,\n\n  "b": 2\n}'],
    ["comment above", '{\n  // mine\n  "halo": 1,\n  "b": 2\n}', '{\n  // mine\n  "b": 2\n}'],
    ["comment behind", '{\n  "halo": 1, // mine\n  "b": 2\n}', '{\n  // mine\n  "b": 2\n}'],
    ["comment before the comma", '{\n  "halo": 1 /* mine */,\n  "b": 2\n}', '{\n  /* mine */\n  "b": 2\n}'],
    ["comment behind the last", '{\n  "a": 1, // a\n  "halo": 1 // mine\n}', '{\n  "a": 1 // a // mine\n}'],
    ["comment behind the only", '{ // top\n  "halo": 1 // mine\n}', "{ // top// mine\n}"],
    ["line comment right before the end", '{ // top\n  "halo": 1 }', "{ // top\n   }"],
    ["only, trailing comma", '{\n  "halo": 1,\n}', "{}"],
    ["last, trailing comma", '{\n  "a": 1,\n  "halo": 1,\n}', '{\n  "a": 1,\n}'],
  ];
  it.each(cases)("%s", (_, before, after) => {
    expect(removeProperty(before, ["halo"], LENIENT)).toEqual({ ok: true, text: after });
  });

  it("changes nothing where there is nothing to take out", () => {
    for (const before of ["", " \n", "{}", '{"mcpServers":{}}', '{"mcpServers":{"a":1}}']) {
      expect(removeProperty(before, PATH, STRICT)).toEqual({ ok: true, text: before });
    }
  });
});

describe("setProperty", () => {
  it("takes an equal value in any order and format for the same", () => {
    const before = '{"a":{"x":{"k":"\\u0062",\n"l":[1 ]},"y":"\\/"}}';
    const same = setProperty(before, ["a"], { y: "/", x: { l: [1], k: "b" } }, STRICT);
    expect(same).toEqual({ ok: true, text: before });
  });
  it("takes any name for a name", () => {
    for (const name of ["__proto__", "constructor", "toString", "", "a.b", 'q"\\\n']) {
      const after = textOf(
        setProperty("{}", ["mcpServers", name], { __proto__: null, x: 1 } as unknown as Json, STRICT),
      );
      expect(Object.keys(JSON.parse(after).mcpServers)).toEqual([name]);
      expect(textOf(removeProperty(after, ["mcpServers", name], STRICT))).toBe("{}");
    }
    expect(({} as { x?: number }).x).toBeUndefined();
  });
  it("never quotes a value of the file", () => {
    const secret = "s3cr3t-value";
    for (const frame of ['{"mcpServers": "X"}', '{"a": "X', '{"a": X}', '{"a": "X" "b"}', "X"]) {
      const edited = setProperty(frame.replace("X", secret), PATH, ENTRY, STRICT);
      expect(edited.ok).toBe(false);
      expect(JSON.stringify(edited)).not.toContain(secret);
    }
  });
});

describe("arrays of strings", () => {
  const path = ["enabledMcpjsonServers"];
  const cases: readonly (readonly [string, string])[] = [
    ['{\n  "enabledMcpjsonServers": ["linear"]\n}', '{\n  "enabledMcpjsonServers": ["halo", "linear"]\n}'],
    ['{\n "enabledMcpjsonServers": [\n  "x"\n ]\n}', '{\n "enabledMcpjsonServers": [\n  "halo",\n  "x"\n ]\n}'],
    ['{\n  "x": 1\n}', '{\n  "enabledMcpjsonServers": [\n    "halo"\n  ],\n  "x": 1\n}'],
    ['{"x":1}', '{"enabledMcpjsonServers": ["halo"], "x":1}'],
  ];
  it.each(cases)("%j", (before, after) => {
    expect(addToArray(before, path, "halo", STRICT)).toEqual({ ok: true, text: after });
    expect(addToArray(after, path, "halo", STRICT)).toEqual({ ok: true, text: after });
    expect(removeFromArray(after, path, "halo", STRICT)).toEqual({ ok: true, text: before });
  });
  it("puts it into an empty list, which goes with it", () => {
    const after = textOf(addToArray('{\n  "l": []\n}', ["l"], "halo", STRICT));
    expect(after).toBe('{\n  "l": ["halo"]\n}');
    expect(textOf(removeFromArray(after, ["l"], "halo", STRICT))).toBe("{}");
  });
  it("takes every occurrence out", () => {
    expect(textOf(removeFromArray('{"l":["halo", "x", "halo", 1, null]}', ["l"], "halo", STRICT))).toBe(
      '{"l":["x", 1, null]}',
    );
  });
  it("refuses what is no array, and leaves alone what is not there", () => {
    expect(addToArray('{"l":{}}', ["l"], "halo", STRICT)).toMatchObject({ ok: false, refused: { offset: 5 } });
    expect(removeFromArray('{"l":"halo"}', ["l"], "halo", STRICT)).toMatchObject({ ok: false, refused: { offset: 5 } });
    expect(removeFromArray('{"l":["x"]}', ["l"], "halo", STRICT)).toMatchObject({ ok: true });
    expect(removeFromArray("{}", ["l"], "halo", STRICT)).toMatchObject({ ok: true });
  });
  it("makes a document where there is none, which is a skeleton again after the removal", () => {
    const made = textOf(addToArray("", path, "halo", STRICT));
    expect(made).toBe('{\n  "enabledMcpjsonServers": [\n    "halo"\n  ]\n}\n');
    expect(isSkeleton(textOf(removeFromArray(made, path, "halo", STRICT)))).toBe(true);
  });
});

describe("jsonIn", () => {
  it("never sets a prototype", () => {
    const value = jsonIn('{"__proto__": {"polluted": 1}, "a": {"__proto__": null}}', STRICT);
    expect(Object.getPrototypeOf(value)).toBeNull();
    expect(Object.keys(value as Record<string, Json>)).toEqual(["__proto__", "a"]);
  });
});

describe("isSkeleton", () => {
  it.each([
    ["{}", true],
    ["\uFEFF{ }\n", true],
    ['{"a":{},"b":{}}', true],
    // somebody's entry, with nothing in it yet
    ['{"a":{},"b":{"c":{}}}', false],
    ["", false],
    ["[]", false],
    ['{"a":[]}', false],
    ['{"a":null}', false],
    ["{//\n}", false],
    ["{", false],
  ] as const)("%j: %s", (document, expected) => {
    expect(isSkeleton(document)).toBe(expected);
  });
});

it.each([
  ['{"a": "\\uZZ12"}', 6, "an escape sequence that JSON does not have"],
  ['{"a": "\\q"}', 6, "an escape sequence that JSON does not have"],
  ['{"a": "b', 8, "the file ends too early, as if it were cut off"],
  ['{"a": "b\n"}', 8, "a line break or a control character inside a string"],
  ['{"a" 1}', 5, "a colon after the property name is missing"],
  ['{"a": 1 "b": 2}', 8, "a comma or a closing bracket is missing"],
  ['{"a": 1} {}', 9, "there is text after the end of the JSON document"],
  ["{1: 1}", 1, "a property name in double quotes is missing"],
  ['{"a": tru}', 6, "this is neither a JSON value nor a name in double quotes"],
  ['{"a": 1 /* }', 8, "a comment is not closed"],
])("%s: why it cannot be read", (text, offset, reason) => {
  expect(setProperty(text, PATH, ENTRY, LENIENT)).toEqual({ ok: false, refused: { offset, reason } });
});

it("an item that a list has up to twenty times goes; more often is refused, since each removal reads all of it again", () => {
  const list = (count: number) => JSON.stringify({ list: [...Array(count).fill("halo"), "b"] });
  expect(textOf(removeFromArray(list(20), ["list"], "halo", STRICT))).toBe('{"list":["b"]}');
  expect(removeFromArray(list(21), ["list"], "halo", STRICT)).toMatchObject({ ok: false, refused: { offset: 8 } });
});
