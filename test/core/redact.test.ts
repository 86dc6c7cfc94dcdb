import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mask, maskedJson, maskOf, printable, printableLines } from "../../src/core/secrets.ts";

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

describe("printable", () => {
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

  it("never changes a plain line", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."abcXYZ019.,:;-_/()[]{}é漢字😀"), maxLength: 80 }), (text) => {
        expect(printable(text)).toBe(text);
      }),
    );
  });

  it.each([
    ["\u001b[31mred\u001b[0m", "red"],
    ["\u001b]0;title\u0007text", "text"],
    ["\u001b]8;;https://evil.example\u001b\\link\u001b]8;;\u001b\\", "link"],
    ["\u009b31mred", "red"],
    ["\u009d0;title\u009ctext", "text"],
    ["\u001b]0;not closed", "0;not closed"],
    ["\u001b\u001b[31m[2Jx", "[2Jx"],
    ["one\r\ntwo\tthree\u2028four", "one two three four"],
    ["  many   blanks  ", "many blanks"],
    ["a\u202eb\u2066c\u200bd\u00ade\ufefff", "abcdef"],
  ])("%j is shown as %j", (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it("cuts by characters, and says so", () => {
    expect(printable("😀".repeat(10), 5)).toBe("😀😀😀😀…");
    expect(printable("abcde", 5)).toBe("abcde");
    expect(printable("abcdef", 1)).toBe("…");
  });

  it("is quick on long texts", () => {
    printable("\u001b]".repeat(1e6));
    printable("\u001b[".repeat(1e6), 100_000);
    printable("x".repeat(1e7));
  });
});

describe("printableLines", () => {
  it("keeps our lines and their indent, and nothing that steers a terminal", () => {
    expect(printableLines("one\n  - \u001b[31mtwo\u202e\r\n\tthree")).toBe("one\n  - two\n  three");
    fc.assert(
      fc.property(nasty, (text) => {
        for (const line of printableLines(text).split("\n")) expect(line).not.toMatch(FORBIDDEN);
      }),
      { numRuns: 2000 },
    );
  });
});

const secret = fc.oneof(
  fc.uuid(),
  fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength: 4,
    maxLength: 60,
  }),
  fc.string({ unit: fc.constantFrom("a", "b"), minLength: 4, maxLength: 40 }),
);

describe("maskOf", () => {
  it("shows at most the last four characters, and none of a short value", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 100 }), (text) => {
        const shown = maskOf(text);
        expect(shown.startsWith("••••")).toBe(true);
        expect(shown.slice(4)).toBe(text.length >= 16 ? text.slice(-4) : "");
      }),
    );
  });
});

describe("mask with a list", () => {
  it("is quick with hundreds of secrets and thousands of texts", () => {
    const secrets = Array.from({ length: 200 }, (_, index) => `value-of-${index}-0123456789`);
    for (let index = 0; index < 20_000; index += 1) mask(`a line of a file, ${index}`, secrets);
    expect(mask(`a ${secrets[7]} b`, secrets)).toBe("a ••••6789 b");
  });
});

describe("redact", () => {
  const surrounding = fc.string({ unit: fc.constantFrom(..."xyz \n{}"), maxLength: 10 });

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

  it("never shows more of a secret than its last four characters", () => {
    const distinct = fc
      .uniqueArray(fc.constantFrom(..."ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"), { minLength: 4, maxLength: 36 })
      .map((chars) => chars.join(""));
    fc.assert(
      fc.property(distinct, surrounding, (value, around) => {
        const out = mask(`${around}${value}${around}"${value}"`, [value]);
        for (let at = 0; at + 5 <= value.length; at += 1) expect(out).not.toContain(value.slice(at, at + 5));
        if (value.length < 16) for (const char of value) expect(out).not.toContain(char);
      }),
    );
  });

  it("finds it in base64 and base64url, alone and inside a longer text", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", minLength: 8, maxLength: 60 }),
        fc.string({ maxLength: 7 }),
        (value, user) => {
          for (const form of ["base64", "base64url"] as const) {
            const text = Buffer.from(`${user}:${value}!`).toString(form);
            const out = mask(`Basic ${text}`, [value]);
            expect(out).toContain("••••");
            expect(out.length).toBeLessThanOrEqual("Basic ".length + text.length);
          }
          expect(mask(Buffer.from(value).toString("base64"), [value])).toMatch(/^••••.{0,4}[A-Za-z0-9+/]?=*$/u);
        },
      ),
    );
  });

  it("masks the longer of two secrets first", () => {
    expect(mask("token=abcdefgh", ["abcd", "abcdefgh"])).toBe("token=••••");
    expect(mask("0123456789abcdef-and-01234567", ["01234567", "0123456789abcdef"])).toBe("••••cdef-and-••••");
  });

  it("finds a secret that repeats itself", () => {
    for (const length of [16, 28, 29, 100])
      expect(mask("a".repeat(length), ["a".repeat(16)])).not.toContain("a".repeat(16));
  });

  it("leaves texts alone that hold none, and values too short to hide", () => {
    expect(mask("a cat", ["abc", "", "cat"])).toBe("a cat");
    expect(mask("nothing here", ["0123456789abcdef"])).toBe("nothing here");
    expect(mask("•••• ••••", ["••••", "•••••"])).toBe("•••• ••••");
  });

  it("bears a value with half a surrogate pair", () => {
    expect(mask("x \ud800abcdefgh y", ["\ud800abcdefgh"])).toBe("x •••• y");
  });
});

describe("JSON without secrets", () => {
  it("holds nothing that a terminal does not show", () => {
    const value = { name: "a\u009b31m\u007f\u202e\u200b\ufeff\u{e0041}\u2028z", "\u200bkey": "\u001b[2J" };
    const text = maskedJson(value, []);
    expect(text).toMatch(/^[\n -~]*$/);
    expect(JSON.parse(text)).toEqual(value);
  });

  it.each(["true", "cause", "null", "\\u00e9", '"},{"', "made-up"])("stays JSON when a secret is %s", (secret) => {
    const value = { cause: `it is ${secret}!`, ok: true, none: null, list: [secret, 4] };
    const text = maskedJson(value, [secret]);
    expect(JSON.parse(text)).toEqual({ cause: "it is ••••!", ok: true, none: null, list: ["••••", 4] });
  });
});
