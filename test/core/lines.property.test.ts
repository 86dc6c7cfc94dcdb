import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addLines, removeLines } from "../../src/core/formats/lines.ts";

const HEADING = "# HALO: secrets";

describe("addLines and removeLines", () => {
  it("is undone byte for byte, in any file", () => {
    const line = fc.constantFrom("", "", "a", ".env", ".env ", "dotenv", "# note", " ", "\t", "a\r");
    const file = fc
      .tuple(
        fc.array(line, { maxLength: 6 }),
        fc.constantFrom("\n", "\n", "\r\n"),
        fc.boolean(),
        fc.constantFrom("", "\uFEFF"),
      )
      .map(([lines, eol, last, bom]) => bom + lines.join(eol) + (last && lines.length > 0 ? eol : ""));
    let ambiguous = 0;
    fc.assert(
      fc.property(
        file,
        fc.subarray([".env", "dotenv", "x"]),
        fc.constantFrom(HEADING, undefined),
        (before, lines, heading) => {
          const added = addLines(before, lines, heading);
          const again = addLines(added.text, lines, heading);
          expect(again).toEqual({ text: added.text, changed: false });
          expect(added.text.startsWith(before)).toBe(true);
          const there = added.text.split("\n").map((each) => each.replace(/^\uFEFF/, "").trimEnd());
          for (const each of lines) expect(there).toContain(each);
          // Without a heading and without anything added, a group of only these lines looks like one we made.
          if (heading === undefined && !added.changed) {
            ambiguous += 1;
            return;
          }
          expect(removeLines(added.text, lines, heading)).toEqual({ text: before, changed: added.changed });
        },
      ),
      { numRuns: 5000 },
    );
    console.log("lines undone:", 5000 - ambiguous, "ambiguous without a heading:", ambiguous);
  });
});
