/** The formats themselves are in test/golden/check. */
import sarifSchema from "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json" with { type: "json" };
import { Ajv } from "ajv";
import formats from "ajv-formats";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Finding } from "../../src/core/check/model.ts";
import {
  makeReport,
  type Report,
  summaryOf,
  toGithub,
  toJobSummary,
  toSarif,
  toText,
} from "../../src/core/check/report.ts";
import { RULES } from "../../src/core/rules/index.ts";
import { printable, printableLines } from "../../src/core/secrets.ts";

const rules = (["error", "warning", "note"] as const).map((severity) => ({
  id: `a-${severity}`,
  severity,
  summary: `What a-${severity} is about`,
  check: () => [],
  message: ({ text = "" }: Readonly<Record<string, string>>) => `it says ${text}`,
}));

function report(findings: readonly Finding[], texts: Readonly<Record<string, string>> = {}, maxWarnings?: number) {
  const all = new Map(Object.entries(texts));
  const rest = { maxWarnings, fixed: [], dryRun: false };
  return makeReport({ findings, rules, texts: all, files: [...all.keys()], ...rest });
}
const one = (given: Partial<Finding> = {}): Finding => ({
  rule: "a-error",
  path: ".mcp.json",
  span: { offset: 0, length: 1 },
  args: { text: "x" },
  ...given,
});
const nasty = fc.string({ unit: fc.constantFrom(..."a%:,\r\n\t|`<>[]()*_\\\"'&#!~@$-/ \u202e\u001b\u{1f600}é") });

describe("makeReport", () => {
  const warning = one({ rule: "a-warning" });
  it.each<readonly [Report, boolean, string]>([
    [report([]), true, "no files to check"],
    [report([], { a: "" }), true, "1 file checked, no problems"],
    [report([one({ rule: "a-note" }), warning], { a: "" }), true, "1 warning, 1 note in 1 file"],
    [report([one()], { a: "" }), false, "1 error in 1 file"],
    [report([warning], { a: "" }, 1), true, "1 warning in 1 file"],
    [report([warning, warning], {}, 1), false, "2 warnings · at most 1 warning allowed"],
  ])("fails for errors and for more warnings than are allowed: %#", (made, ok, summary) => {
    expect([made.ok, summaryOf(made)]).toEqual([ok, summary]);
  });

  it("has a hundred lines for a rule in a file, and one for the rest", () => {
    const lines = (count: number) => report(Array.from({ length: count }, () => one())).lines;
    expect(lines(101).map(({ more }) => more)).toEqual(Array.from({ length: 101 }, () => undefined));
    expect(lines(250)).toHaveLength(101);
    expect(lines(250).at(-1)).toMatchObject({ more: 150, message: "and 150 more of this rule in this file" });
  });
});

const LOOK = { color: false, quiet: false };

describe("toText", () => {
  it("lies to no terminal and no runner", () => {
    const path = "::error::x\u001b]0;owned\u0007/\u202e.mcp.json";
    const hostile = one({ path, args: { text: "a\r\n::stop-commands::b\u001b[2J" } });
    const text = printableLines(toText(report([hostile]), LOOK));
    expect(text).toMatch(/^: :error::x\/\.mcp\.json:1:1 error it says a ::stop-commands::b \[a-error\]\n/);
    expect(text.split("\n")).toHaveLength(2);
  });

  it("says where the paths begin to a reader who is elsewhere, if there are any, and nothing to one who wants quiet", () => {
    const root = "/home/a/re\u001b[2Jpo";
    expect(toText(report([one()]), { ...LOOK, root })).toMatch(/\n✖ 1 error · paths from \/home\/a\/repo$/);
    expect(toText(report([], { a: "" }), { ...LOOK, root })).toBe("✔ 1 file checked, no problems");
    expect(toText(report([one()], { a: "" }), { ...LOOK, quiet: true })).toBe("✖ 1 error in 1 file");
  });
});

describe("toGithub", () => {
  it("comes back from the runner as it would be printed, and never as a second command", () => {
    fc.assert(
      fc.property(nasty, nasty, (path, text) => {
        const [line = "", ...rest] = toGithub(report([one({ path, args: { text } })])).split("\n");
        expect(rest).toEqual(["1 error"]);
        const [, properties = "", message = ""] = /^::error ([^:]*)::(.*)$/.exec(line) ?? [];
        const back = (part: string) => part.replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%25", "%");
        expect(back(/^file=([^,]*),/.exec(properties)?.[1] ?? "none")).toBe(printable(path));
        expect(back(message)).toContain(`${printable(`it says ${text}`)} [a-error]`);
      }),
    );
    expect(toGithub(report([one({ rule: "a-note" })]))).toMatch(/^::notice /);
    const over = report([one({ span: { offset: 0, length: 3 } })], { ".mcp.json": "a\nb\n" });
    expect(toGithub(over)).toContain("line=1,endLine=2,title=");
  });

  it("makes a table of the summary in which nothing is markup", () => {
    fc.assert(
      fc.property(nasty, nasty, (path, text) => {
        const rows = toJobSummary(report([one({ path, args: { text } })]), "9.9.9").split("\n");
        const row = rows.find((each) => each.startsWith("| error")) ?? "";
        expect(rows.filter((each) => each.startsWith("|"))).toHaveLength(3);
        expect(row.match(/(?<!\\)(?:\\\\)*\|/g)).toHaveLength(5);
        expect(row).not.toMatch(/(?<!\\)[<`]/);
      }),
    );
    expect(toJobSummary(report([]), "9.9.9")).toBe("### create-halo-mcp check: passed\n\nno files to check\n");
  });
});

it("SARIF is valid against the official schema, whatever stands in a finding", () => {
  // the schema is of draft 4: for our purposes only its identifiers differ from what ajv knows
  const { $schema: _, id: __, ...schema } = sarifSchema as Record<string, unknown>;
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
  formats.default(ajv);
  const isSarif = ajv.compile(schema);
  const isValid = (log: object) => expect(isSarif(log), JSON.stringify(isSarif.errors));
  isValid({ version: "2.1.0", runs: [{ tool: { driver: {} } }] }).toBe(false);
  isValid(toSarif(report([]), RULES, "9.9.9")).toBe(true);
  fc.assert(
    fc.property(nasty, nasty, fc.nat(9), fc.nat(9), (path, text, offset, length) => {
      const finding = one({ path: `a/${path}`, args: { text }, span: { offset, length } });
      isValid(toSarif(report([finding], { [`a/${path}`]: "ab\ncd\r\nef" }), rules, "9.9.9")).toBe(true);
    }),
    { numRuns: 60 },
  );
});
