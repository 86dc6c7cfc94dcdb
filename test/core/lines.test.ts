import { expect, it } from "vitest";
import { addLines, indexLines, removeLine } from "../../src/core/formats/lines.ts";

const HEADING = "# HALO: secrets";

it.each<[string, string, string]>([
  ["a new file", "", "# HALO: secrets\n.env\n.env.lock\n"],
  ["CRLF", "dist\r\n", "dist\r\n\r\n# HALO: secrets\r\n.env\r\n.env.lock\r\n"],
  ["one is there, blanks behind", ".env  \r\n", ".env  \r\n\r\n# HALO: secrets\r\n.env.lock\r\n"],
  ["only like it", "#.env\n/.env\n .env\n", "#.env\n/.env\n .env\n\n# HALO: secrets\n.env\n.env.lock\n"],
  ["the heading is there", `a\n${HEADING}\n.env\n\nlogs\n`, `a\n${HEADING}\n.env\n\nlogs\n.env.lock\n`],
])("addLines: %s", (_, before, after) => {
  expect(addLines(before, [".env", ".env.lock"], HEADING)).toEqual({ ok: true, text: after });
  expect(addLines(after, [".env", ".env.lock"], HEADING)).toEqual({ ok: true, text: after });
});

it.each([
  ["with the empty line above", "a\n\ndotenv\n\nexport B=1\n", "a\n\nexport B=1\n"],
  ["the whole file", "dotenv \r\n", ""],
  ["no final newline", "a\n\ndotenv", "a"],
  ["the user's own", "use node\ndotenv\n", "use node\ndotenv\n"],
])("removeLine: %s", (_, before, after) => {
  expect(removeLine(before, "dotenv")).toEqual({ ok: true, text: after });
});

it.each([
  ["", 0, 1, 1],
  ["a\nb", 2, 2, 1],
  ["a\r\nb", 2, 1, 3],
  ["a\r\nb", 3, 2, 1],
  ["a\r\rb", 3, 3, 1],
  ["a\n\r\nb", 4, 3, 1],
  ["\uFEFFab", 0, 1, 1],
  ["\uFEFFab", 2, 1, 2],
  ["😀x", 2, 1, 3],
  ["ab", 99, 1, 3],
  ["ab", -1, 1, 1],
  ["a\n", 2, 2, 1],
])("indexLines: %j at %i is line %i, column %i", (text, offset, line, column) => {
  expect(indexLines(text)(offset)).toEqual({ line, column });
});
