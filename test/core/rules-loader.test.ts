import { describe, expect, it } from "vitest";
import { applyFixes, fixOf } from "../../src/core/check/run.ts";
import { indexLines } from "../../src/core/formats/lines.ts";
import { LOADER_RULES } from "../../src/core/rules/loader.ts";
import {
  bytesOf,
  documentFrom,
  entryFixtures,
  fileFixtures,
  fileOf,
  loaderFindings,
} from "../support/loader-corpus.ts";
import { findingsOf } from "../support/subject.ts";

const findings = (text: string) => loaderFindings(documentFrom(Buffer.from(text)));
const rulesOf = (text: string) => [...new Set(findings(text).map(({ rule }) => rule))];
/** The text after the fixes of one rule. */
function fixed(text: string, rule: string): string {
  const fixes = findings(text).flatMap((each) => (each.rule === rule ? [each.fix ?? []] : []));
  return applyFixes(text, fixes);
}
const server = (entry: string, name = "a"): string => fileOf([{ name, entry }]);
const URL_ = '"url":"http://127.0.0.1:1/mcp"';
const HEADERS = `"type":"http",${URL_},"headers":`;

describe("fixtures", () => {
  it.each(entryFixtures)("a server: $what", ({ name = "a", entry, rules }) => {
    expect(rulesOf(server(entry, name))).toEqual(rules);
  });
  it.each(fileFixtures)("a file: $what", (fixture) => {
    const found = loaderFindings(documentFrom(bytesOf(fixture)));
    expect([...new Set(found.map(({ rule }) => rule))]).toEqual(fixture.rules);
  });
  it("has each rule at work and at rest", () => {
    const used = new Set([...entryFixtures, ...fileFixtures].flatMap(({ rules }) => rules));
    // two megabytes are made, not stored; what check cannot read is not compared with the client; what is no file has no bytes
    const unused = LOADER_RULES.map(({ id }) => id).filter((id) => !used.has(id));
    expect(unused).toEqual(["not-a-file", "file-too-big", "too-deep"]);
  });
});

describe("which files", () => {
  it("are those of Claude Code, nested ones too", () => {
    const broken = '{"mcpServers":{"a":1}}';
    const others = { ".vscode/mcp.json": '// x\n{"servers":{}}', ".cursor/mcp.json": broken };
    const found = findingsOf(LOADER_RULES, { ".mcp.json": broken, "packages/x/.mcp.json": broken, ...others });
    expect(found.map(({ path, rule }) => `${path} ${rule}`)).toEqual([
      ".mcp.json entry-not-object",
      "packages/x/.mcp.json entry-not-object",
    ]);
  });
  it("are up to 2 MiB long, and of a longer one a single thing is said", () => {
    const valid = server(`{"type":"http",${URL_}}`);
    const fill = (bytes: number) => valid + " ".repeat(bytes - valid.length);
    expect(rulesOf(fill(2_097_152))).toEqual([]);
    expect(rulesOf(fill(2_097_153))).toEqual(["file-too-big"]);
    expect(rulesOf(`{"mcpServers":{},"x":"${"é".repeat(1_048_576)}"}`)).toEqual(["file-too-big"]);
  });
});

describe("places", () => {
  it.each([
    ["syntax", '{\n  "mcpServers": {\n    "a": tru\n  }\n}', 3, 10],
    ["syntax", '{"mcpServers":{}} x', 1, 19],
    ["syntax", '// x\n{"mcpServers": {,}}', 2, 17],
    ["comments", '{\n  // x\n  "mcpServers": {}\n}', 2, 3],
    ["trailing-commas", '{\r\n  "mcpServers": {},\r\n}', 2, 19],
    ["merge-conflict", '{\n<<<<<<< HEAD\n  "mcpServers": {}\n=======\n', 2, 1],
    ["timeout-value", `\uFEFF{"mcpServers":{"a":{"type":"http",${URL_},\n"timeout":"5"}}}`, 2, 11],
    ["header-value-not-string", `{"mcpServers":{"a":{"type":"http",${URL_},"headers":{\n"A":"x",\n"B":1}}}}`, 3, 5],
    ["oauth-shape", `{"mcpServers":{"a":{"type":"http",${URL_},\n"oauth":{"callbackPort":"1"}}}}`, 2, 25],
  ])("%s in %j is at %i:%i", (rule, text, line, column) => {
    const found = findings(text).find((finding) => finding.rule === rule);
    expect(found && indexLines(text)(found.span.offset)).toEqual({ line, column });
  });
});

describe("messages", () => {
  it("name the file's words fit to be shown", () => {
    const found = findings(server('{"type":"HT\\u001b[31mTP","url":"x:y"}', "a\u202Eb\u0007"));
    expect(found.map(({ args }) => args)).toContainEqual(
      expect.objectContaining({ name: "ab", got: `"HTTP"`, right: "http" }),
    );
  });
});

describe("edits", () => {
  const edit = (offset: number, length: number, text: string) => [{ offset, length, text }];
  const to = (text: string) => ({ ok: true, text }) as const;
  it("are taken whole or not at all, the first of two that touch", () => {
    expect(applyFixes("abcd", [edit(1, 2, "y"), edit(0, 2, "x"), edit(3, 1, "z")])).toBe("ayz");
    expect(applyFixes("abcd", [edit(1, 0, "y"), edit(1, 0, "x"), edit(0, 1, "z")])).toBe("zybcd");
    expect(applyFixes("abcd", [edit(0, 1, "x"), [...edit(2, 1, "y"), ...edit(0, 1, "z")]])).toBe("xbcd");
  });
  it("are what two texts do not share at their ends", () => {
    expect(fixOf("abcabc", to("abXabc"))).toEqual(edit(2, 1, "X"));
    expect(fixOf("aa", to("aaa"))).toEqual(edit(2, 0, "a"));
    expect(fixOf("aa", to("aa"))).toBeUndefined();
    expect(fixOf("aa", { ok: false, refused: { reason: "", offset: 0 } })).toBeUndefined();
  });
});

describe("fixes", () => {
  const entry = (members: string): string => `{"mcpServers":{"a":{${members}}}}`;
  it.each([
    ["comments", '// one\n{ // two\n  /* three */ "mcpServers": {} /* six\n   */\n}\n', '{\n   "mcpServers": {}\n}\n'],
    ["comments", '\uFEFF// one\r\n{"mcpServers":{}}// two', '\uFEFF\r\n{"mcpServers":{}}'],
    ["comments", '{"mcpServers":{}, "x": "// no"} // yes', '{"mcpServers":{}, "x": "// no"}'],
    ["comments", '{\n// a\n\n/* b\n*/ "mcpServers":/* c */{} \n}', '{\n\n "mcpServers":{} \n}'],
    ["trailing-commas", '{"mcpServers":{"a":{"args":["y" , ],},},}', '{"mcpServers":{"a":{"args":["y"  ]}}}'],
    ["mcp-servers-missing", '{"servers":{"a":{"command":"x"}}}', undefined],
    ["http-url-without-type", entry('"url":"https://x"'), entry('"type": "http", "url":"https://x"')],
    ["http-url-without-type", entry('\n\t"url":"https://x"'), entry('\n\t"type": "http",\n\t"url":"https://x"')],
    ["http-url-without-type", entry('"url":"https://x/sse"'), undefined],
    ["http-url-without-type", entry('"url":"https://x","transport":"sse"'), undefined],
    ["http-url-without-type", entry('"url":1'), undefined],
    ["unknown-type", entry('"type":"HTTP","url":"https://x"'), entry('"type":"http","url":"https://x"')],
    ["unknown-type", entry('"type":"streamableHttp","url":"https://x"'), entry('"type":"http","url":"https://x"')],
    ["unknown-type", entry('"type":"htp","url":"https://x"'), entry('"type":"http","url":"https://x"')],
    ["unknown-type", entry('"type":"Stdio","url":"https://x"'), undefined],
    ["unknown-type", entry('"type":"grpc","url":"https://x"'), undefined],
    ["header-value-not-string", entry(`"type":"http",${URL_},"headers":{"A":01234}`), undefined],
    [
      "header-value-not-string",
      entry(`${HEADERS}{"A":12345678901234567890,"B":true}`),
      entry(`${HEADERS}{"A":"12345678901234567890","B":true}`),
    ],
    ["padding", entry('"type":"http","url":" https://x  "'), entry('"type":"http","url":"https://x"')],
    ["padding", entry('"command":"x ","env":{" A":"y"}'), entry('"command":"x","env":{" A":"y"}')],
    ["padding", entry('"type":"http","url":"https://x\\n"'), entry('"type":"http","url":"https://x"')],
    ["misspelled-key", entry(`"type":"http",${URL_},"Headers":{}`), entry(`"type":"http",${URL_},"headers":{}`)],
    ["misspelled-key", entry(`"transport":"sse",${URL_}`), entry(`"type":"sse",${URL_}`)],
    ["misspelled-key", entry('"transport":"http","command":"x"'), undefined],
    ["misspelled-key", entry(`"type":"http",${URL_},"Headers":{"A":1}`), undefined],
    ["misspelled-key", entry(`"type":"http",${URL_},"Headers":{},"header":{}`), undefined],
    ["misspelled-key", entry(`"type":"http",${URL_},"time_out":"5"`), undefined],
  ])("%s: %j", (rule, before, after) => {
    expect(fixed(before, rule)).toBe(after ?? before);
    const left = findings(after ?? "").filter((finding) => finding.rule === rule && finding.fix !== undefined);
    expect(left).toEqual([]);
  });
});
