import { describe, expect, it } from "vitest";
import { addLines, positionAt, removeLines } from "../../src/core/formats/lines.ts";

const HEADING = "# HALO: secrets";

describe("addLines", () => {
  const cases: readonly (readonly [string, string | undefined, string])[] = [
    ["a new file", undefined, "# HALO: secrets\n.env\n.env.lock\n"],
    ["an empty file", "", "# HALO: secrets\n.env\n.env.lock\n"],
    ["appended", "dist\n", "dist\n\n# HALO: secrets\n.env\n.env.lock\n"],
    ["no final newline", "dist", "dist\n\n# HALO: secrets\n.env\n.env.lock"],
    ["CRLF", "dist\r\n", "dist\r\n\r\n# HALO: secrets\r\n.env\r\n.env.lock\r\n"],
    ["one is there", ".env\ndist\n", ".env\ndist\n\n# HALO: secrets\n.env.lock\n"],
    ["one is there, blanks behind", ".env  \r\n", ".env  \r\n\r\n# HALO: secrets\r\n.env.lock\r\n"],
    [
      "a line that only looks like it",
      "#.env\n/.env\n .env\n",
      "#.env\n/.env\n .env\n\n# HALO: secrets\n.env\n.env.lock\n",
    ],
  ];
  it.each(cases)("%s", (_, before, after) => {
    expect(addLines(before, [".env", ".env.lock"], HEADING)).toEqual({ text: after, changed: true });
    expect(addLines(after, [".env", ".env.lock"], HEADING)).toEqual({ text: after, changed: false });
    expect(removeLines(after, [".env", ".env.lock"], HEADING)).toEqual({ text: before ?? "", changed: true });
  });

  it("joins the block of an earlier run", () => {
    const before = `dist\n\n${HEADING}\n.env\n\nlogs\n`;
    const after = `dist\n\n${HEADING}\n.env\n.env.lock\n\nlogs\n`;
    expect(addLines(before, [".env", ".env.lock"], HEADING)).toEqual({ text: after, changed: true });
    expect(removeLines(after, [".env", ".env.lock"], HEADING).text).toBe("dist\n\nlogs\n");
    expect(addLines(`${HEADING}\n.env`, [".env", "b"], HEADING).text).toBe(`${HEADING}\n.env\nb`);
  });
  it("leaves the user's own lines", () => {
    expect(removeLines(".env\ndist\n", [".env"], HEADING)).toEqual({ text: ".env\ndist\n", changed: false });
    expect(removeLines(".env\ndist\n", [".env"])).toEqual({ text: ".env\ndist\n", changed: false });
  });
  it("finds its block when the user wrote on below", () => {
    expect(removeLines(`a\n\n${HEADING}\n.env\nlogs\n`, [".env"], HEADING).text).toBe("a\nlogs\n");
    expect(removeLines("a\n\ndotenv\n\nexport B=1\n", ["dotenv"]).text).toBe("a\n\nexport B=1\n");
  });
  it("has nothing to add to what is there", () => {
    expect(addLines("a\n", [])).toEqual({ text: "a\n", changed: false });
    expect(addLines(undefined, [])).toEqual({ text: "", changed: false });
  });

  it("takes no longer for blanks in a line", () => {
    addLines(`x${" ".repeat(200_000)}y\n`, [".env"], HEADING);
  });
});

describe("positionAt", () => {
  const cases: readonly (readonly [string, number, number, number])[] = [
    ["", 0, 1, 1],
    ["abc", 2, 1, 3],
    ["a\nb", 1, 1, 2],
    ["a\nb", 2, 2, 1],
    ["a\r\nb", 1, 1, 2],
    ["a\r\nb", 2, 1, 3],
    ["a\r\nb", 3, 2, 1],
    ["a\rb", 2, 2, 1],
    ["a\r\rb", 3, 3, 1],
    ["a\n\r\nb", 4, 3, 1],
    ["\uFEFFab", 0, 1, 1],
    ["\uFEFFab", 1, 1, 1],
    ["\uFEFFab", 2, 1, 2],
    ["\uFEFF\nb", 2, 2, 1],
    ["😀x", 2, 1, 3],
    ["ab", 99, 1, 3],
    ["ab", -1, 1, 1],
    ["a\n", 2, 2, 1],
  ];
  it.each(cases)("%j at %i is line %i, column %i", (text, offset, line, column) => {
    expect(positionAt(text, offset)).toEqual({ line, column });
  });
});
