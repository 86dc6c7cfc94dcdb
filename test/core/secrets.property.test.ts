import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mask, printable, printableLines } from "../../src/core/secrets.ts";

/** Controls, what is drawn as nothing, bidirectional controls, separators, halves of pairs. */
const FORBIDDEN = /[\p{Cc}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\p{Cs}]/u;

const piece = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.string({ unit: "grapheme", maxLength: 6 }),
  fc.constantFrom(
    "\u001b",
    "\u001b[",
    "\u001b[31m",
    "\u001b[2J",
    "\u001b[?25l",
    "\u001b]",
    "\u001b]0;title\u0007",
    "\u001b]8;;http://x\u001b\\",
    "\u001b]52;c;AAAA",
    "\u001bP",
    "\u001b_",
    "\u001b^",
    "\u001b\\",
    "\u001bc",
    "\u001b(B",
    "\u009b",
    "\u009b31m",
    "\u009d0;t\u009c",
    "\u0090",
    "\u009c",
    "\u0007",
    "\u0008",
    "\r",
    "\n",
    "\t",
    "\u0000",
    "\u007f",
    "\u0085",
    "[31m",
    "0;title",
    "m",
    ";",
    "\u202e",
    "\u2066",
    "\u200b",
    "\ufeff",
    "\u00ad",
    "\u034f",
    "\u3164",
    "\u115f",
    "\u180e",
    "\ufe0f",
    "\u{e0041}",
    "\u{e0100}",
    "\u2028",
    "\ud800",
    "\udc00",
    "\ufffa",
    "a",
    "é",
    "😀",
  ),
); // prettier-ignore
const nasty = fc.array(piece, { maxLength: 20 }).map((parts) => parts.join(""));

const secret = fc.oneof(
  fc.uuid(),
  fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength: 4,
    maxLength: 60,
  }),
  fc.string({ unit: fc.constantFrom("a", "b"), minLength: 4, maxLength: 40 }),
);

describe("what may be shown", () => {
  const surrounding = fc.string({ unit: fc.constantFrom(..."xyz \n{}"), maxLength: 10 });

  it("never lets a control, an escape, a bidirectional or an invisible character through", () => {
    fc.assert(
      fc.property(nasty, fc.integer({ min: 1, max: 60 }), (text, max) => {
        const shown = printable(text, max);
        expect(shown).not.toMatch(FORBIDDEN);
        expect(Array.from(shown).length).toBeLessThanOrEqual(max);
        expect(printable(shown, max)).toBe(shown);
      }),
      { numRuns: 4000 },
    );
  });

  it("keeps our lines and their indent, and nothing that steers a terminal", () => {
    expect(printableLines("one\n  - \u001b[31mtwo\u202e\r\n\tthree")).toBe("one\n  - two\n  three");
    fc.assert(
      fc.property(nasty, (text) => {
        for (const line of printableLines(text).split("\n")) expect(line).not.toMatch(FORBIDDEN);
      }),
      { numRuns: 2000 },
    );
  });

  it("never leaves a secret: plain, in JSON, in a URL, twice, side by side", () => {
    fc.assert(
      fc.property(secret, surrounding, surrounding, (value, before, after) => {
        const strict = encodeURIComponent(value).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
        const forms = [
          value,
          JSON.stringify(value),
          encodeURIComponent(value),
          new URLSearchParams({ q: value }).toString(),
          strict.toLowerCase() === strict ? strict : value,
          JSON.stringify(value).replaceAll("/", "\\/"),
        ];
        const out = mask(before + forms.join(after) + after + value + value, [value]);
        expect(out.replaceAll("•", "\u0001")).not.toContain(value);
        expect(out).not.toContain(JSON.stringify(value).slice(1, -1));
        expect(out).not.toContain(encodeURIComponent(value));
      }),
      { numRuns: 2000 },
    );
  });
});
