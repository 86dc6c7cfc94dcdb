import fc from "fast-check";
import { expect, it } from "vitest";
import { addLines, removeLine } from "../../src/core/formats/lines.ts";

const line = fc.constantFrom("", "", "a", ".env", ".env ", "dotenv", "# note", " ", "\t", "a\r");
const file = fc
  .tuple(
    fc.array(line, { maxLength: 6 }),
    fc.constantFrom("\n", "\n", "\r\n"),
    fc.boolean(),
    fc.constantFrom("", "\uFEFF"),
  )
  .map(([lines, eol, last, bom]) => bom + lines.join(eol) + (last && lines.length > 0 ? eol : ""));

it("lines are added once, behind all others, and one without a heading comes out byte for byte", () => {
  fc.assert(
    fc.property(
      file,
      fc.subarray([".env", "dotenv", "x"]),
      fc.constantFrom("# HALO: secrets", undefined),
      (before, lines, heading) => {
        const added = addLines(before, lines, heading);
        expect(addLines(added.text, lines, heading)).toEqual(added);
        expect(added.text.startsWith(before)).toBe(true);
        const there = added.text.split("\n").map((each) => each.replace(/^\uFEFF/, "").trimEnd());
        for (const each of lines) expect(there).toContain(each);
        const [only, ...more] = lines;
        if (only !== undefined && more.length === 0 && heading === undefined && added.text !== before)
          expect(removeLine(added.text, only)).toEqual({ ok: true, text: before });
      },
    ),
    { numRuns: 5000 },
  );
});
