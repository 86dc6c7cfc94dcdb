import { describe, expect, it } from "vitest";
import { positionAt } from "../../src/core/formats/position.ts";

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
