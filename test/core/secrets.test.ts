import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mask, maskedJson, maskOf, printable, printableLines } from "../../src/core/secrets.ts";

describe("printable", () => {
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
  it("keeps our lines, their indent and, where asked, our colours; nothing else that steers a terminal or a runner", () => {
    const text = "one\n  - \u001b[31mtwo\u001b[39m\u202e\r\n\tthree\n  ::error::x ##[error]\u001b[2J";
    expect(printableLines(text)).toBe("one\n  - two\n  three\n  : :error::x ## [error]");
    expect(printableLines(text, { colors: true })).toBe(
      "one\n  - \u001b[31mtwo\u001b[39m\n  three\n  : :error::x ## [error]",
    );
  });
});

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

describe("mask", () => {
  const surrounding = fc.string({ unit: fc.constantFrom(..."xyz \n{}"), maxLength: 10 });

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
