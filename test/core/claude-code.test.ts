import { describe, expect, it } from "vitest";
import { haloEntry, readEntry } from "../../src/core/clients/claude-code.ts";
import { expand, references } from "../../src/core/clients/references.ts";
import { haloEntries } from "../../src/core/doctor/entries.ts";
import type { Json } from "../../src/core/formats/json.ts";
import { HALO_URL } from "../../src/core/halo.ts";

const good = {
  type: "http",
  url: HALO_URL,
  headers: {
    "X-CM-PRODUCTTOKEN": "${HALO_MCP_TOKEN}",
    "CM-ACCOUNT-ID": "${HALO_ACCOUNT_ID}",
    "CM-PROFILE-ID": "${HALO_PROFILE_ID}",
  },
};
const one = (raw: Json, name = "halo") => readEntry(name, "project", raw);

describe("expand, as measured (facts, section 4)", () => {
  const env = { A: "va", name: "vn", EMPTY: "", OUTER: "${A}", LOOP: "${LOOP}", D: "a$&b$1", UNDEF: undefined };
  const rows: readonly (readonly [string, string, readonly string[]])[] = [
    ["${A}", "va", []],
    ["${A}${name}", "vavn", []],
    ["${NOPE}", "${NOPE}", ["NOPE"]],
    ["${EMPTY}", "", []],
    ["${NOPE:-d}", "d", []],
    ["${EMPTY:-d}", "", []],
    ["${NOPE:-}", "", []],
    ["${NOPE:-a:-b}", "a:-b", []],
    ["${NOPE:-${A}}", "va", []],
    ["${NOPE:-${NADA}}", "${NADA}", ["NADA"]],
    ["${OUTER}", "va", []],
    ["${LOOP}", "${LOOP}", []],
    ["${D}", "a$&b$1", []],
    ["$${A}", "$va", []],
    ["${env:A}", "${env:A}", []],
    ["${ A }", "${ A }", []],
    ["${}", "${}", []],
    ["${toString} ${__proto__}", "${toString} ${__proto__}", ["toString", "__proto__"]],
  ];
  it.each(rows)("%s", (text, expected, missing) => {
    expect(expand(text, env)).toMatchObject({ text: expected, missing });
  });

  it.each<[string, Record<string, string>, readonly string[]]>([
    ["${A}", { A: "1" }, ["A"]],
    ["${A}", {}, []],
    ["${A:-x}", {}, ["A"]],
    ["${A:-${SECRET}}", { SECRET: "s" }, ["A", "SECRET"]],
    ["${A:-$}{SECRET}", { SECRET: "s" }, ["A", "SECRET"]],
    ["${A:-$}{${ID}}", { ID: "SECRET", SECRET: "s" }, ["A", "ID", "SECRET"]],
    ["${A}", { A: "${SECRET}", SECRET: "s" }, ["A", "SECRET"]],
  ])("tells what became part of %s, in both passes", (text, env, read) => {
    expect(expand(text, env).read).toEqual(read);
  });

  it("lists references in order, those of a default too", () => {
    expect(references("${A} $B ${C:-x} ${env:D} ${A} ${E:-${F}}")).toEqual(["A", "C", "A", "E", "F"]);
  });
});

it("the entry that is written is what CM.com documents, and is read back as three references", () => {
  const entry = haloEntry("halo", HALO_URL);
  expect(JSON.stringify(entry)).toBe(JSON.stringify(good));
  expect(one(entry)).toMatchObject({
    url: HALO_URL,
    runs: false,
    values: {
      token: { env: "HALO_MCP_TOKEN" },
      account: { env: "HALO_ACCOUNT_ID" },
      profile: { env: "HALO_PROFILE_ID" },
    },
  });
});

describe("haloEntries", () => {
  it("finds an entry by its address, by its token's header in any case, by its name", () => {
    const servers: Json = {
      address: { type: "http", url: HALO_URL },
      header: { type: "http", url: "https://other.example", headers: { "x-cm-producttoken": "${T}" } },
      halo: { command: "node" },
      neighbour: { type: "http", url: "https://api.cm.com/other" },
      remote: { command: "npx", args: ["mcp-remote", HALO_URL] },
      nearly: { type: "http", url: "https://api.cm.com/halo/cor/mcp", headers: { "CM-ACCOUNT-ID": "x" } },
    };
    expect(haloEntries(servers, "user", "halo").map(({ entry, scope }) => [entry.name, scope])).toEqual([
      ["halo", "user"],
      ["address", "user"],
      ["header", "user"],
      ["nearly", "user"],
      ["remote", "user"],
    ]);
    const names = haloEntries(servers, "user", "header").map(({ entry }) => entry.name);
    expect(names).toEqual(["header", "address", "nearly", "remote"]);
  });

  it.each<Json | undefined>([undefined, null, [good], "x", { b1: null, a: "x", b: [good], c: 7, d: true }])(
    "finds none in %j",
    (servers) => expect(haloEntries(servers, "project", "halo")).toEqual([]),
  );

  it.each<[string, Json, RegExp]>([
    ["{}", {}, /"command" is missing/],
    ["url no text", { type: "http", url: 5 }, /"url" is a number/],
    ["no type", { url: HALO_URL }, /"type": "http"/],
    ["HTTP", { type: "HTTP", url: HALO_URL }, /"type" is "HTTP"/],
    ["type null", { type: null, url: HALO_URL }, /"type" is null/],
    ["headers null", { ...good, headers: null }, /"headers" is null/],
    ["header number", { ...good, headers: { "CM-ACCOUNT-ID": 5 } }, /"headers.CM-ACCOUNT-ID" is a number/],
    ["nothing", { ...good, type: "streamable-http" }, /^undefined$/],
  ])("says why Claude Code skips it: %s", (_what, raw, reason) => {
    expect(String(haloEntries({ halo: raw }, "project", "halo")[0]?.lost?.why)).toMatch(reason);
  });

  it("tells a reference from every other way to write a header", () => {
    const value = (text: string) => one({ ...good, headers: { "X-CM-PRODUCTTOKEN": text } })?.values.token;
    expect(value("${T}")).toEqual({ env: "T" });
    expect(value(" ${T} ")).toEqual({ env: "T" });
    expect(value("${T:-}")).toEqual({ env: "T" });
    for (const text of ["${T:-x}", "$T", "${env:T}", "Bearer ${T}", "${A}${B}", "literal", "", "%T%", "${input:t}"]) {
      expect(value(text)).toEqual({ literal: text });
    }
  });

  it("knows what would be run", () => {
    expect(one({ ...good, headersHelper: "./steal" })?.runs).toBe(true);
    expect(one({ ...good, headersHelper: null })?.runs).toBe(true);
    expect(one({ command: "node" })?.runs).toBe(true);
    expect(one(good)?.runs).toBe(false);
  });
});
