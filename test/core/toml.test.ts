import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equalJson, type Json, type JsonObject, property, toJson } from "../../src/core/formats/json.ts";
import { placeWords } from "../../src/core/formats/lines.ts";
import { parseToml, setTable } from "../../src/core/formats/toml.ts";
import { textOf } from "../support/edited.ts";
import { type Random, randomFrom } from "./random.ts";

const PATH = ["mcp_servers", "halo"];
const ENTRY: JsonObject = { url: "https://halo.example", env_http_headers: { "X-CM-PRODUCTTOKEN": "HALO_MCP_TOKEN" } };
const URL_LINE = 'url = "https://halo.example"';
const HEADERS = '{ "X-CM-PRODUCTTOKEN" = "HALO_MCP_TOKEN" }';
const BLOCK = `[mcp_servers.halo]\n${URL_LINE}\nenv_http_headers = ${HEADERS}\n`;

const set = (text: string): string => textOf(setTable(text, PATH, ENTRY));
const remove = (text: string): string => textOf(setTable(text, PATH, undefined));

function parsed(text: string): JsonObject {
  const tree = parseToml(text);
  if (!tree.ok) throw new Error(`${tree.refused.reason}: ${JSON.stringify(text)}`);
  return toJson(tree.root) as JsonObject;
}

describe("a new table goes to the end, and its removal gives the file back", () => {
  it.each([
    ["an empty file", "", BLOCK],
    ["a BOM alone", "\uFEFF", `\uFEFF${BLOCK}`],
    ["a blank line", "\n", `\n\n${BLOCK}`],
    ["blanks without a line break", "  ", `  \n\n${BLOCK.trimEnd()}`],
    ["keys", 'model = "x"\n', `model = "x"\n\n${BLOCK}`],
    ["no final line break", "a = 1", `a = 1\n\n${BLOCK.trimEnd()}`],
    ["CRLF, BOM", "\uFEFFa = 1\r\n", `\uFEFFa = 1\r\n\r\n${BLOCK.replaceAll("\n", "\r\n")}`],
    ["CRLF, no final line break", "a = 1\r\n[b]", `a = 1\r\n[b]\r\n\r\n${BLOCK.replaceAll("\n", "\r\n").trimEnd()}`],
    ["comments at the end", "[a]\nb = 1\n# end\n\n# [mcp_servers.halo]", undefined],
    ["blank lines at the end", "[a]\n\n\n", undefined],
    ["another server", '[mcp_servers.a]\ncommand = "a"\n', undefined],
    ["servers inline", '[mcp_servers]\na = { command = "a" }\n', undefined],
    ["servers with dotted keys", 'mcp_servers.a.command = "a"\n', undefined],
    ["an array of tables at the end", "[[x]]\na = 1\n[[x]]\na = 2\n", undefined],
    ["a string of several lines", 'a = """\n[mcp_servers.halo]\n"""\n', undefined],
  ])("%s", (_, before, expected) => {
    const after = set(before);
    expect(after).toBe(
      expected ?? `${before}${before.endsWith("\n") ? "" : "\n"}\n${before.endsWith("\n") ? BLOCK : BLOCK.trimEnd()}`,
    );
    expect(setTable(after, PATH, ENTRY)).toEqual({ ok: true, text: after });
    expect(remove(after)).toBe(before);
    expect(setTable(before, PATH, undefined)).toEqual({ ok: true, text: before });
  });

  it("keeps what another program wrote behind it", () => {
    const projects = '\n[projects."/home/me"]\ntrust_level = "trusted"\n';
    expect(remove(set("a = 1\n") + projects)).toBe(`a = 1\n${projects}`);
  });

  it("writes every type, and keys that need quotes", () => {
    const value = { b: true, n: 1.5, s: 'a"\\\n\té\u0001', list: ["x", "y"], "a b": { "c.d": { e: 1 }, none: {} } };
    const after = textOf(setTable("", ["x y", "z"], value));
    expect(after.split("\n")[0]).toBe('["x y".z]');
    expect(equalJson(parsed(after), { "x y": { z: value } })).toBe(true);
    expect(textOf(setTable(after, ["x y", "z"], undefined))).toBe("");
  });
});

describe("an equal table stays as it is written", () => {
  it.each([
    ["a table", `[mcp_servers . "halo"]\nenv_http_headers = ${HEADERS} # ours\n${URL_LINE}`],
    [
      "a subtable",
      `[mcp_servers.halo]\n${URL_LINE}\n[mcp_servers.halo.env_http_headers]\nX-CM-PRODUCTTOKEN = 'HALO_MCP_TOKEN'\n`,
    ],
    ["inline", `mcp_servers = { halo = { ${URL_LINE}, env_http_headers = ${HEADERS} } }\n`],
    [
      "dotted",
      `mcp_servers.halo.${URL_LINE}\nmcp_servers.halo.env_http_headers.X-CM-PRODUCTTOKEN = "HALO_MCP_TOKEN"\n`,
    ],
  ])("%s", (_, text) => expect(setTable(text, PATH, ENTRY)).toEqual({ ok: true, text }));
});

const OLD = `# servers
[mcp_servers.a] # first
command = "a"

# HALO
[mcp_servers.halo] # note
# the address
url = "https://old.example" # old
enabled = false # not for now
env_http_headers = ${HEADERS} # names

[projects."/x"]
trust_level = "trusted"
`;

describe("in a table that differs, only its own lines change", () => {
  it.each([
    [
      "a table",
      OLD,
      OLD.replace("old.example", "halo.example").replace("enabled = false # not for now\n", ""),
      OLD.replace(/\n\[mcp_servers\.halo\][^[]*(?=\n\[)/, "\n"),
    ],
    [
      "a key is missing, and the final line break",
      `[a]\nb = 1\n[mcp_servers.halo]\n# address\n${URL_LINE} # here`,
      `[a]\nb = 1\n[mcp_servers.halo]\n# address\n${URL_LINE} # here\nenv_http_headers = ${HEADERS}`,
      "[a]\nb = 1",
    ],
    [
      "a header alone, CRLF",
      "[mcp_servers.halo] # soon\r\n\r\n[a]\r\n",
      `[mcp_servers.halo] # soon\r\n${URL_LINE}\r\nenv_http_headers = ${HEADERS}\r\n\r\n[a]\r\n`,
      "\r\n[a]\r\n",
    ],
    [
      "subtables, apart",
      `[mcp_servers.halo.env_http_headers]\n# token\nX-CM-PRODUCTTOKEN = "OLD"\nX-Other = "OTHER"\n\n[a]\nb = 1\n\n[mcp_servers.halo]\n${URL_LINE}\n\n[mcp_servers.halo.tools.ping]\napproval_mode = "auto"\n`,
      `[mcp_servers.halo.env_http_headers]\n# token\nX-CM-PRODUCTTOKEN = "HALO_MCP_TOKEN"\n\n[a]\nb = 1\n\n[mcp_servers.halo]\n${URL_LINE}\n`,
      "\n[a]\nb = 1\n",
    ],
    [
      "subtables alone",
      '[mcp_servers.halo.env_http_headers]\nX-Old = "OLD" # old\n# end',
      `[mcp_servers.halo.env_http_headers]\nX-CM-PRODUCTTOKEN = "HALO_MCP_TOKEN"\n# end\n\n[mcp_servers.halo]\n${URL_LINE}`,
      "# end",
    ],
    [
      "inline",
      '[mcp_servers]\nhalo = { url = "x" } # mine\na = { command = "a" }\n',
      `[mcp_servers]\nhalo = { "url" = "https://halo.example", "env_http_headers" = ${HEADERS} } # mine\na = { command = "a" }\n`,
      '[mcp_servers]\na = { command = "a" }\n',
    ],
    [
      "dotted keys",
      '[mcp_servers]\nhalo.url = "x" # mine\na.command = "a"\n  halo . enabled = true\n[b]\n',
      `[mcp_servers]\nhalo.url = "https://halo.example" # mine\nhalo.env_http_headers = ${HEADERS}\na.command = "a"\n[b]\n`,
      '[mcp_servers]\na.command = "a"\n[b]\n',
    ],
    [
      "dotted keys at the root, BOM",
      '\uFEFFmcp_servers."halo".url = "x"\n[b]\n',
      `\uFEFFmcp_servers."halo".url = "https://halo.example"\nmcp_servers."halo".env_http_headers = ${HEADERS}\n[b]\n`,
      "\uFEFF[b]\n",
    ],
    [
      "a literal string of several lines",
      `[mcp_servers.halo]\nurl = '''\n[b]\n# x'''\nenv_http_headers = ${HEADERS}\n`,
      BLOCK,
      "",
    ],
  ])("%s", (_, before, after, removed) => {
    expect(set(before)).toBe(after);
    expect(setTable(after, PATH, ENTRY)).toEqual({ ok: true, text: after });
    expect(remove(before)).toBe(removed);
  });
});

describe("refused, with the place", () => {
  it.each([
    ["a = 1\na = 2\n", "2:1 defining a key multiple times is invalid"],
    [
      "a = 1\n<<<<<<< HEAD\nb = 1\n=======\n",
      "2:1 the file has conflict markers of an unfinished merge; resolve the conflict first",
    ],
    ["a = 1\n[[mcp_servers.halo]]\n", '2:1 "mcp_servers.halo" is not a table'],
    ["[mcp_servers]\nhalo = 1\n", '2:8 "mcp_servers.halo" is not a table'],
    ["[[mcp_servers]]\n", '1:1 "mcp_servers" is not a table'],
    ["mcp_servers = { halo = { url = 'x' } }\n", "1:15 it is in an inline table; write it as [mcp_servers.halo]"],
    ["a = 1\n[mcp_servers.halo]\nb = 1\n[mcp_servers.halo.url]\nx = 1\n", "2:1 it cannot be edited safely"],
  ])("%j", (text, expected) => {
    const edited = setTable(text, PATH, ENTRY);
    if (edited.ok) throw new Error(edited.text);
    const { reason, offset, hint } = edited.refused;
    const words = [reason, hint].filter((part) => part !== undefined).join("; ");
    expect(`${placeWords(text, offset).slice(1)} ${words}`).toBe(expected);
    if (!expected.endsWith("safely")) expect(setTable(text, PATH, undefined)).toEqual(edited);
  });
  it("not the removal of what is not there", () => expect(remove("mcp_servers = {}\n")).toBe("mcp_servers = {}\n"));
});

const NOTES = ["", "", "", "# note", "  # [mcp_servers.halo]", "\t", '# é = "x"'] as const;
const VALUES = [
  "1",
  "true",
  '"x # y"',
  "'[a]'",
  "[1, 2]",
  "[\n  'a', # b\n]",
  '"""\n[x]\n\n"""',
  "{ c = 1 }",
  "1979-05-27",
] as const;
const HALO = [
  (random: Random) => `[mcp_servers.halo]\n${keys(random, "")}`,
  (random: Random) =>
    `[mcp_servers.halo] # h\nurl = "u"\n\n[mcp_servers.halo.env_http_headers]\n# t\n${keys(random, "")}`,
  (random: Random) =>
    `[mcp_servers.halo.env_http_headers]\n${keys(random, "")}[t9]\n[mcp_servers.halo]\nenabled = false\n`,
  () => `[mcp_servers]\nhalo = { url = "u" } # h\nlast.url = "u"\n`,
  (random: Random) => `[mcp_servers]\n${keys(random, "halo.")}last.url = "u"\n`,
] as const;

function keys(random: Random, prefix: string): string {
  const lines = Array.from({ length: random.int(4) }, (_, at) => {
    const note = random.pick(NOTES);
    return `${note}${note === "" && random.chance(0.7) ? "" : "\n"}${prefix}k${at}${random.chance(0.2) ? ".d" : ""} = ${random.pick(VALUES)}${random.chance(0.3) ? " # why" : ""}\n`;
  });
  return lines.join("");
}

/** Tables, comments and blank lines, and the same with our table somewhere among them. */
function documentsOf(seed: number): readonly [others: string, all: string] {
  const random = randomFrom(seed);
  const names = ["t0", "mcp_servers.a", "[t1", 'projects."/x y"', "mcp_servers.b.env", "t2.d"];
  const tables = names.flatMap((name) => {
    if (random.chance(0.4)) return [];
    const gap = random.pick(["", "\n", "\n\n", "# above\n", "\n# above\n"]);
    return [`${gap}[${name}]${name.startsWith("[") ? "]" : ""}\n${keys(random, "")}`];
  });
  const all = tables.toSpliced(random.int(tables.length + 1), 0, random.pick(HALO)(random));
  const [head, tail] = [keys(random, "r"), random.pick(["", "", "\n", "\n\n", "# end\n"])];
  const [bom, eol, end] = [random.chance(0.2) ? "\uFEFF" : "", random.chance(0.3) ? "\r\n" : "\n", random.chance(0.3)];
  const whole = (parts: readonly string[]): string => {
    const text = head + parts.join("") + tail;
    return bom + (end ? text.replace(/\n$/, "") : text).replaceAll("\n", eol);
  };
  return [whole(tables), whole(all)];
}

/** Every line but the blank ones is there, in the same order. */
function holds(text: string, lines: readonly string[]): boolean {
  let at = 0;
  for (const line of text.split(/^\uFEFF|\r?\n/)) if (line === lines[at]) at += 1;
  return at === lines.length;
}

function othersOf(text: string): Json {
  const { mcp_servers: servers, ...others } = parsed(text);
  const { halo: _, ...rest } = (servers ?? {}) as JsonObject;
  return { ...others, rest };
}

describe("any document", () => {
  const seeds = fc.integer({ min: 0, max: 2 ** 31 });
  const runs = { numRuns: 300 };

  it("without the table gets it behind its own bytes, and is itself after the removal", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const [before] = documentsOf(seed);
        const after = set(before);
        expect(after.startsWith(before)).toBe(true);
        expect(equalJson(property(parsed(after), ...PATH) ?? null, ENTRY)).toBe(true);
        expect(equalJson(othersOf(after), othersOf(before))).toBe(true);
        expect(set(after)).toBe(after);
        expect(remove(after)).toBe(before);
      }),
      runs,
    );
  });

  it("with the table keeps every other line and value", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const [others, before] = documentsOf(seed);
        const lines = others.split(/^\uFEFF|\r?\n/).filter((line) => line.trim() !== "");
        const after = set(before);
        expect(equalJson(property(parsed(after), ...PATH) ?? null, ENTRY)).toBe(true);
        expect(set(after)).toBe(after);
        const removed = remove(before);
        expect(remove(removed)).toBe(removed);
        for (const text of [after, removed, remove(after)]) {
          expect(equalJson(othersOf(text), othersOf(before))).toBe(true);
          expect(holds(text, lines)).toBe(true);
          expect(text.startsWith("\uFEFF")).toBe(before.startsWith("\uFEFF"));
        }
      }),
      runs,
    );
  });
});
