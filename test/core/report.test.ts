import sarifSchema from "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json" with { type: "json" };
import { Ajv } from "ajv";
import formats from "ajv-formats";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { documentOf } from "../../src/core/check/documents.ts";
import type { Finding } from "../../src/core/check/model.ts";
import { positionAt } from "../../src/core/formats/lines.ts";
import { toGithub, toJobSummary } from "../../src/core/report/github.ts";
import { indexLines, makeReport, type Report, summaryOf, toJson } from "../../src/core/report/make.ts";
import { toSarif } from "../../src/core/report/sarif.ts";
import { type TextOptions, toText } from "../../src/core/report/text.ts";
import { RULES } from "../../src/core/rules/index.ts";
import { maskedJson, printable, printableLines } from "../../src/core/secrets.ts";

const rules = (["error", "warning", "note"] as const).map((severity) => ({
  id: `a-${severity}`,
  severity,
  summary: `What a-${severity} is about`,
  message: ({ text = "" }: Readonly<Record<string, string>>) => `it says ${text}`,
}));
const SECRET = "Zq7Xw2Lk9Rb4Nv6Ty8";

function report(
  findings: readonly Finding[],
  texts: Readonly<Record<string, string>> = {},
  maxWarnings?: number,
): Report {
  const all = new Map(Object.entries(texts));
  const rest = { maxWarnings, empty: [], fixed: [], dryRun: false };
  return makeReport({ findings, rules, texts: all, files: [...all.keys()], ...rest });
}
const one = (given: Partial<Finding> = {}): Finding => ({
  rule: "a-error",
  path: ".mcp.json",
  span: { offset: 0, length: 1 },
  args: { text: "x" },
  ...given,
});
const options: TextOptions = {
  color: false,
  sources: undefined,
  secrets: [SECRET],
  width: 80,
  root: undefined,
  quiet: false,
};
const watched = (path: string, text: string, kind: "mcp" | "env" | "env-example" = "mcp"): TextOptions => ({
  ...options,
  sources: new Map([
    [path, documentOf({ path, kind, text, encoding: "utf-8", tracked: true, ignored: false, mode: undefined })],
  ]),
});

/** The official schema is of draft 4: for our purposes only its identifiers differ from what ajv knows. */
const { $schema: _, id: __, ...schema } = sarifSchema as Record<string, unknown>;
const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
formats.default(ajv);
const isSarif = ajv.compile(schema);
function validSarif(log: object): void {
  expect(isSarif(log), JSON.stringify(isSarif.errors)).toBe(true);
}

const nasty = fc.string({ unit: fc.constantFrom(..."a%:,\r\n\t|`<>[]()*_\\\"'&#!~@$-/ \u202e\u001b\u{1f600}é") });

describe("places", () => {
  it("says what positionAt says, for every offset", () => {
    const text = fc.string({ unit: fc.constantFrom("\r", "\n", "a", "\ufeff", "\t", "\u{1f600}") });
    fc.assert(
      fc.property(text, fc.integer({ min: -2, max: 30 }), (sample, offset) => {
        // between CR and LF is the one place where both are right; nothing starts there
        if (sample[offset - 1] === "\r" && sample[offset] === "\n") return;
        expect(indexLines(sample)(offset)).toEqual(positionAt(sample, offset));
      }),
      { numRuns: 2000 },
    );
  });

  it("finds the place of 50,000 findings in 5 MB", () => {
    const text = `${"x".repeat(99)}\n`.repeat(50_000);
    // of one rule in one file a hundred are shown
    const paths = Array.from({ length: 500 }, (_, index) => `${index}/.mcp.json`);
    const findings = Array.from({ length: 50_000 }, (_, index) =>
      one({ path: paths[index % 500] ?? "", span: { offset: index * 100, length: 3 } }),
    );
    const made = report(findings, Object.fromEntries(paths.map((path, index) => [path, index === 499 ? text : "x"])));
    for (const format of [toJson(made), toGithub(made), toSarif(made, rules, "9.9.9"), toText(made, options)])
      expect(JSON.stringify(format).length).toBeGreaterThan(1_000_000);
    expect(made.lines.at(-1)).toMatchObject({ line: 50_000, column: 1, endColumn: 4 });
  });
});

describe("makeReport", () => {
  it("fails for errors and for more warnings than are allowed", () => {
    const warning = one({ rule: "a-warning" });
    expect(report([]).ok).toBe(true);
    expect(report([one({ rule: "a-note" }), warning]).ok).toBe(true);
    expect(report([one()]).ok).toBe(false);
    expect(report([warning], {}, 1).ok).toBe(true);
    expect(report([warning, warning], {}, 1).ok).toBe(false);
    expect(summaryOf(report([warning, warning], {}, 1))).toBe("2 warnings in 0 files; at most 1 warning allowed");
  });
});

describe("toText", () => {
  const file = `{\n\t"mcpServers": {\n    "halo": { "headers": { "X-A": "${SECRET}", "b": 1 } }\n  }\n}\n`;

  it("is path:line:column severity message [rule], then the sum", () => {
    expect(toText(report([one({ span: { offset: 3, length: 12 } })], { ".mcp.json": file }), options)).toBe(
      ".mcp.json:2:2 error it says x [a-error]\n1 error in 1 file",
    );
  });

  it("shows the line with marks below it on a terminal", () => {
    const at = file.indexOf('"halo"');
    const text = toText(
      report([one({ span: { offset: at, length: 6 } })], { ".mcp.json": file }),
      watched(".mcp.json", file),
    );
    expect(text.split("\n").slice(1, 3)).toEqual([
      '  3 |     "halo": { "headers": { "X-A": "••••6Ty8", "b": 1 } }',
      "    |     ^^^^^^",
    ]);
    const tabbed = toText(
      report([one({ span: { offset: 3, length: 12 } })], { ".mcp.json": file }),
      watched(".mcp.json", file),
    );
    expect(tabbed.split("\n").slice(1, 3)).toEqual(['  2 |   "mcpServers": {', "    |   ^^^^^^^^^^^^"]);
  });

  it("never shows a secret: of another server, of .env, of an example, behind the place", () => {
    const value = "Zk3v9QpLw7Rt2";
    const json = `{"apiKey": "${value}", "b": 2, "url": "https://x/?token=${value}"}`;
    for (const needle of ['"apiKey"', `"${value}`, '"b"', "2,"]) {
      const found = report([one({ span: { offset: json.indexOf(needle), length: 99 } })], { ".mcp.json": json });
      expect(toText(found, watched(".mcp.json", json))).not.toContain(value);
    }
    for (const kind of ["env", "env-example"] as const) {
      const found = report([one({ path: ".env", span: { offset: 0, length: 3 } })], { ".env": `A_TOKEN=${value}\n` });
      const text = toText(found, watched(".env", `A_TOKEN=${value}\n`, kind));
      expect(text).not.toContain(value);
      expect(text.includes("A_TOKEN=••••")).toBe(kind === "env-example");
    }
  });

  it("cuts a long line around the place, in any terminal", () => {
    const json = `{${Array.from({ length: 400 }, (_, index) => `"key${index}":true`).join(",")}}`;
    const at = json.indexOf('"key300"');
    const text = toText(
      report([one({ span: { offset: at, length: 8 } })], { ".mcp.json": json }),
      watched(".mcp.json", json),
    );
    const [, source = "", marks = ""] = text.split("\n");
    expect(source.length).toBeLessThanOrEqual(80);
    expect(source.slice(marks.indexOf("^"), marks.lastIndexOf("^") + 1)).toBe('"key300"');
  });

  it("colours when it is told to, and lies to no terminal and no runner", () => {
    expect(toText(report([one()]), { ...options, color: true })).toContain("\u001b[31merror\u001b[0m");
    const hostile = one({
      path: "::error::x\u001b]0;owned\u0007/\u202e.mcp.json",
      args: { text: "a\r\n::stop-commands::b\u001b[2J" },
    });
    const text = printableLines(toText(report([hostile]), options));
    expect(text).toMatch(/^: :error::x\/\.mcp\.json:1:1 error it says a ::stop-commands::b \[a-error\]\n/);
    expect(text.split("\n")).toHaveLength(2);
  });

  it("says where the paths begin to a reader who is elsewhere, if there are any", () => {
    const root = "/home/a/re\u001b[2Jpo";
    expect(toText(report([one()]), { ...options, root })).toMatch(/\n1 error in 0 files; paths from \/home\/a\/repo$/);
    expect(toText(report([], { a: "" }), { ...options, root })).toBe("1 file checked, no problems");
  });

  it("names the folders that hold nothing to check", () => {
    const empty = ["docs", "a\u001b[2Jb"];
    expect(summaryOf({ ...report([]), empty })).toBe("no files to check: docs, ab");
    expect(summaryOf({ ...report([one()], { a: "" }), empty })).toBe(
      "1 error in 1 file; no files to check in docs, ab",
    );
  });

  it("says nothing where nothing is wrong and nobody wants to hear it", () => {
    expect(toText(report([], { a: "" }), options)).toBe("1 file checked, no problems");
    expect(toText(report([], { a: "" }), { ...options, quiet: true })).toBe("");
  });
});

describe("toGithub", () => {
  it("escapes % in messages, and : , in properties as well", () => {
    const text = toGithub(report([one({ path: "a%,b:c/.mcp.json", args: { text: "100% a\r\nb: c, d" } })]));
    expect(text.split("\n")).toEqual([
      "::error file=a%25%2Cb%3Ac/.mcp.json,line=1,endLine=1,col=1,endColumn=1,title=a-error::a%25,b:c/.mcp.json:1:1: it says 100%25 a b: c, d [a-error]",
      "1 error in 0 files",
    ]);
    expect(toGithub(report([one({ rule: "a-note" })]))).toMatch(/^::notice /);
    const over = report([one({ span: { offset: 0, length: 3 } })], { ".mcp.json": "a\nb\n" });
    expect(toGithub(over)).toContain("line=1,endLine=2,title=");
  });

  it("comes back from the runner as it would be printed, and never as a second command", () => {
    fc.assert(
      fc.property(nasty, nasty, (path, text) => {
        const [line = "", ...rest] = toGithub(report([one({ path, args: { text } })])).split("\n");
        expect(rest).toEqual(["1 error in 0 files"]);
        const [, properties = "", message = ""] = /^::error ([^:]*)::(.*)$/.exec(line) ?? [];
        const back = (part: string) => part.replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%25", "%");
        expect(back(/^file=([^,]*),/.exec(properties)?.[1] ?? "none")).toBe(printable(path));
        expect(back(message)).toContain(`${printable(`it says ${text}`)} [a-error]`);
      }),
    );
  });

  it("makes a table of the summary in which nothing is markup", () => {
    fc.assert(
      fc.property(nasty, nasty, (path, text) => {
        const rows = toJobSummary(report([one({ path, args: { text } })]), "9.9.9").split("\n");
        const row = rows.find((each) => each.startsWith("| error")) ?? "";
        expect(rows.filter((each) => each.startsWith("|"))).toHaveLength(3);
        expect(row.match(/(?<!\\)(?:\\\\)*\|/g)).toHaveLength(5);
        expect(row).not.toMatch(/<|(?<!\\)`/);
      }),
    );
    expect(toJobSummary(report([]), "9.9.9")).toBe("### create-halo-mcp check: passed\n\nno files to check\n");
  });
});

describe("toSarif", () => {
  it("is valid against the official schema, whatever stands in a finding", () => {
    expect(isSarif({ version: "2.1.0", runs: [{ tool: { driver: {} } }] }), "the schema refuses something").toBe(false);
    validSarif(toSarif(report([]), RULES, "9.9.9"));
    fc.assert(
      fc.property(nasty, nasty, fc.nat(9), fc.nat(9), (path, text, offset, length) => {
        const finding = one({
          path: `a/${path}`,
          args: { text },
          span: { offset, length },
          fix: [{ offset, length, text }],
        });
        validSarif(toSarif(report([finding], { [`a/${path}`]: "ab\ncd\r\nef" }), rules, "9.9.9"));
      }),
      { numRuns: 60 },
    );
  });

  const resultsOf = (made: Report) =>
    JSON.parse(JSON.stringify(toSarif(made, rules, "9.9.9"))).runs[0].results as Record<string, unknown>[];

  it("has rules with their pages, and places", () => {
    const made = report([one({ path: "a b/é#.json" })], { "a b/é#.json": "{\n  }" });
    expect(JSON.parse(JSON.stringify(toSarif(made, rules, "9.9.9"))).runs[0].tool.driver.rules[0]).toMatchObject({
      id: "a-error",
      helpUri: "https://unpkg.com/create-halo-mcp@9.9.9/dist/rules.md#a-error",
      defaultConfiguration: { level: "error" },
    });
    expect(resultsOf(made)[0]).toMatchObject({
      ruleId: "a-error",
      ruleIndex: 0,
      level: "error",
      locations: [{ physicalLocation: { artifactLocation: { uri: "a%20b/%C3%A9%23.json", uriBaseId: "%SRCROOT%" } } }],
    });
  });
});

describe("toJson", () => {
  it("keeps to the contract, and holds nothing that lies to a terminal", () => {
    const text = maskedJson(toJson(report([one({ path: "\u202ea\u001b ##[error]" })], { a: "" })), []);
    expect(text).not.toContain("##[");
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
    expect(JSON.parse(text)).toEqual({
      version: 1,
      ok: false,
      findings: [
        {
          rule: "a-error",
          severity: "error",
          message: "it says x",
          path: "\u202ea\u001b ##[error]",
          line: 1,
          column: 1,
          endLine: 1,
          endColumn: 1,
          fixable: false,
        },
      ],
      files: ["a"],
      counts: { error: 1, warning: 0, note: 0 },
      fixed: [],
      dryRun: false,
    });
    expect(toJson({ ...report([]), fixed: ["a", "b"], dryRun: true })).toMatchObject({
      fixed: ["a", "b"],
      dryRun: true,
    });
  });
});
