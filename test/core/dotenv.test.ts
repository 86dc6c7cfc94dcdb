import { describe, expect, it } from "vitest";
import {
  addExampleNames,
  formatDotenvValue,
  parseDotenv,
  removeDotenv,
  removeExampleNames,
  setDotenv,
} from "../../src/core/formats/dotenv.ts";
import { textOf } from "../support/edited.ts";

describe("parseDotenv", () => {
  const cases: readonly (readonly [string, Record<string, string>])[] = [
    ["\uFEFFA=1", { A: "1" }],
    ["A=1\r\nB='2'\r\n", { A: "1", B: "2" }],
    ["export A=1\nexport   B=2", { A: "1", B: "2" }],
    ["export=3", { export: "3" }],
    [" A = b c \t# note", { A: "b c" }],
    ["A=a#b", { A: "a" }],
    ["# A=1\n  # B=2\nC=3", { C: "3" }],
    ["A= \nB=1", { A: "", B: "1" }],
    ["A='x\nB=1\n'\nC=2", { A: "x\nB=1\n", C: "2" }],
    ['A="a\\nb"', { A: "a\nb" }],
    ["A='a\\nb'", { A: "a\\nb" }],
    ["A='x'junk\nB=1", { A: "x", B: "1" }],
    ['A="x\nB=1', { A: '"x', B: "1" }],
    ["junk\nA=1\n=2\nB=3", { A: "1", B: "3" }],
    ["__proto__=1\nconstructor=2", JSON.parse('{ "__proto__": "1", "constructor": "2" }')],
  ];
  it.each(cases)("%j", (document, expected) => {
    expect(Object.fromEntries(parseDotenv(document))).toEqual(expected);
  });
});

describe("formatDotenvValue", () => {
  it.each([
    ["", ""],
    ["https://x.test/?a=b", "https://x.test/?a=b"],
    ["a b", "'a b'"],
    ['a"b`', "'a\"b`'"],
    ["it's", '"it\'s"'],
    ["a$b", undefined],
    ["a\\b", undefined],
    ["a\nb", undefined],
    ["a\0b", undefined],
    ["'\"", undefined],
    ["\ud800", undefined],
    ["😀", "'😀'"],
  ] as const)("%j → %j", (value, expected) => {
    expect(formatDotenvValue(value)).toBe(expected);
  });
});

describe("setDotenv", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["a new file", "", "T=new\n"],
    ["CRLF", "A=1\r\n", "A=1\r\nT=new\r\n"],
    ["BOM", "\uFEFFT=old\nA=1\n", "\uFEFFT=new\nA=1\n"],
    ["in place, CRLF", "A=1\r\nT=old\r\nB=2\r\n", "A=1\r\nT=new\r\nB=2\r\n"],
    ["export", "export T='old'\n", "export T=new\n"],
    ["empty", "T=\nB=2\n", "T=new\nB=2\n"],
    ["blank, which Node 22 reads on", "T= \nB=2\n", "T=new \nB=2\n"],
    ["blanks round =", "  T = old\n", "  T=new\n"],
    ["comment behind", "T=old # note\n", "T=new # note\n"],
    ["comment behind, no blank", "T=old#note\n", "T=new #note\n"],
    ["comment behind a quote", 'T="old"# note\n', "T=new # note\n"],
    ["junk behind a quote", "T='old'junk\nB=1\n", "T=new\nB=1\n"],
    ["inside somebody's quotes, and outside", 'T=1\nA="\nT=old\n"\n', 'T=new\nA="\nT=old\n"\n'],
    ["an open quote", 'A="x\nB=1\n', 'A="x\nB=1\nT=new\n'],
    ["an open quote as the old value", 'T="x\nB=1\n', "T=new\nB=1\n"],
    ["the same, CRLF", 'T="x\r\nB=1\r\n', "T=new\r\nB=1\r\n"],
  ];
  it.each(cases)("%s", (_, before, after) => {
    expect(setDotenv(before, { T: "new" })).toEqual({ ok: true, text: after });
    expect(setDotenv(after, { T: "new" })).toEqual({ ok: true, text: after });
  });
  it("appends several names as one block", () => {
    expect(textOf(setDotenv("A=1\nB=2\n", { X: "1", A: "9", Y: "a b" }))).toBe("A=9\nB=2\nX=1\nY='a b'\n");
  });
  it.each<[string, string, number, RegExp]>([
    // a quote that was forgotten is not closed by taking other lines away
    ['T="old\nDB_PASSWORD="hunter2 secret"\nB=2\n', "new", 2, /quote of T/],
    ["A=1\nT='old\nexport DB='x'\n", "new", 6, /quote of T/],
    ['T="a\nb"\n', "new", 2, /quote of T/],
    // nor does somebody's open quote swallow the new line
    ['A="x\n', "it's", 2, /not closed/],
    ["B=1\nA='x", "a b", 6, /not closed/],
    ["A=1\nT=old\n", "s3cr$t", 6, /value of T cannot be written/],
  ])("refuses, with no value: %j and %s", (before, value, offset, reason) => {
    const edited = setDotenv(before, { T: value });
    expect(edited).toMatchObject({ ok: false, refused: { offset, reason: expect.stringMatching(reason) } });
    expect(JSON.stringify(edited)).not.toMatch(/hunter2|old\b|s3cr/);
  });
});

it("is quick with files that are made to take for ever", () => {
  const blanks = " ".repeat(100_000);
  const inNames = [`A${blanks}y=x\n`, `${blanks}A${blanks}=${blanks}x${blanks}\n`];
  for (const before of [...inNames, `A=x${blanks}y\n`, `A="x"${blanks}y\n`, "B='x\n".repeat(100_000)]) {
    addExampleNames(before, [{ name: "T", comment: "t" }]);
    setDotenv(before, { T: "a", U: "b" });
  }
});

describe("removeDotenv", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["every occurrence", "T=1\nA=1\nexport T=2 # x\r\n", "A=1\n"],
    ["several lines", "A=1\nT='a\nb' # c\nB=2\n", "A=1\nB=2\n"],
    ["the last line, no final newline", "A=1\r\nT=x", "A=1"],
    ["with a BOM", "\uFEFFT=x\nA=1\n", "\uFEFFA=1\n"],
    ["not in somebody's quotes", "A='\nT=x\n'\nT=y\n", "A='\nT=x\n'\n"],
  ];
  it.each(cases)("%s", (_, before, after) => {
    expect(removeDotenv(before, ["T"])).toEqual({ ok: true, text: after });
  });
});

describe("addExampleNames", () => {
  const names = [
    { name: "T", comment: "the token" },
    { name: "A", comment: "the account" },
  ];
  it.each([
    ["", "# the token\nT=\n# the account\nA=\n", ""],
    ["B=1\r\n", "B=1\r\n# the token\r\nT=\r\n# the account\r\nA=\r\n", "B=1\r\n"],
    ["A=user's", "A=user's\n# the token\nT=", "A=user's"],
    ["# note", "# note\n# the token\nT=\n# the account\nA=", "# note"],
  ] as const)("%j", (before, after, restored) => {
    expect(addExampleNames(before, names)).toEqual({ ok: true, text: after });
    expect(addExampleNames(after, names)).toEqual({ ok: true, text: after });
    expect(textOf(removeExampleNames(after, names))).toBe(restored);
  });
  it("takes out only what is as it was written", () => {
    const text = "# mine\nT=\n# the account\nA=5\n";
    expect(removeExampleNames(text, names)).toEqual({ ok: true, text });
  });
  it("a value, and the name alone of one that readers would not agree on", () => {
    const filled = [
      { name: "A", comment: "the account", value: "5 6" },
      { name: "T", comment: "the token", value: "a$b" },
    ] as const;
    const { text } = addExampleNames("", filled) as { text: string };
    expect(text).toBe("# the account\nA='5 6'\n# the token\nT=\n");
    expect(textOf(removeExampleNames(text, filled))).toBe("");
  });
});
