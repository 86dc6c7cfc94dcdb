import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mask, maskedJson, maskOf, printable, printableLines } from "../../src/core/secrets.ts";

/** Controls, what is drawn as nothing, bidirectional controls, separators, halves of pairs. */
const FORBIDDEN = /[\p{Cc}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\p{Cs}]/u;
const SEQUENCES =
  "\u001b \u001b[ \u001b[31m \u001b[2J \u001b[?25l \u001b] \u001b]0;title\u0007 \u001b]8;;http://x\u001b\\ \u001b]52;c;AAAA \u001bP \u001b_ \u001b^ \u001b\\ \u001bc \u001b(B \u009b \u009b31m \u009d0;t\u009c \u0090 [31m 0;title";
const CHARACTERS =
  "\u009c\u0007\u0008\r\n\t\u0000\u007f\u0085m;\u202e\u2066\u200b\ufeff\u00ad\u034f\u3164\u115f\u180e\ufe0f\u2028\ufffaaé";
const piece = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.string({ unit: "grapheme", maxLength: 6 }),
  fc.constantFrom(...SEQUENCES.split(" "), ...CHARACTERS, "\u{e0041}", "\u{e0100}", "\ud800", "\udc00", "😀"),
);
const nasty = fc.array(piece, { maxLength: 20 }).map((parts) => parts.join(""));

describe("printable", () => {
  it("never changes a plain line", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."abcXYZ019.,:;-_/()[]{}é漢字😀"), maxLength: 80 }), (text) => {
        expect(printable(text)).toBe(text);
      }),
    );
  });

  it("never lets a control, an escape, a bidirectional or an invisible character through", () => {
    fc.assert(
      fc.property(nasty, fc.integer({ min: 1, max: 60 }), (text, max) => {
        const shown = printable(text, max);
        expect(shown).not.toMatch(FORBIDDEN);
        expect(Array.from(shown).length).toBeLessThanOrEqual(max);
        expect(printable(shown, max)).toBe(shown);
        for (const line of printableLines(text).split("\n")) expect(line).not.toMatch(FORBIDDEN);
      }),
      { numRuns: 4000 },
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
  ])("%j is shown as %j", (text, shown) => expect(printable(text)).toBe(shown));

  it("cuts by characters, says so, and is quick on long texts", () => {
    expect(printable("😀".repeat(10), 5)).toBe("😀😀😀😀…");
    expect(printable("abcde", 5)).toBe("abcde");
    expect(printable("abcdef", 1)).toBe("…");
    for (const text of ["\u001b]".repeat(1e6), "\u001b[".repeat(1e6), "x".repeat(1e7)]) printable(text, 100_000);
  });

  it("of several lines keeps our indent and, where asked, our colours; nothing else that steers a terminal or a runner", () => {
    const text = "one\n  - \u001b[31mtwo\u001b[39m\u202e\r\n\tthree\n  ::error::x ##[error]\u001b[2J";
    const rest = "\n  three\n  : :error::x ## [error]";
    expect(printableLines(text)).toBe(`one\n  - two${rest}`);
    expect(printableLines(text, { colors: true })).toBe(`one\n  - \u001b[31mtwo\u001b[39m${rest}`);
  });
});

describe("mask", () => {
  const surrounding = fc.string({ unit: fc.constantFrom(..."xyz \n{}"), maxLength: 10 });
  const visible = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
  const secret = fc.oneof(
    fc.uuid(),
    fc.string({ unit: visible, minLength: 4, maxLength: 60 }),
    fc.string({ unit: fc.constantFrom("a", "b"), minLength: 4, maxLength: 40 }),
  );

  it.each([
    ["Handlebars, mustache", "aaaa&#x2F;bbbb&#x3D;&quot;cccc&amp;&#x27;"],
    ["decimal", "aaaa&#47;bbbb&#61;&quot;cccc&amp;&#39;"],
    ["named alone", "aaaa/bbbb=&quot;cccc&amp;'"],
  ])("masks what a template wrote into a web page: %s", (_, text) => {
    expect(mask(`<p>${text}</p>`, [`aaaa/bbbb="cccc&'`])).toBe(
      "<p>••••cc&'</p>".replace("cc&'", maskOf(`aaaa/bbbb="cccc&'`).slice(4)),
    );
  });

  it("never leaves a secret: plain, in JSON, in a URL, twice, side by side", () => {
    fc.assert(
      fc.property(secret, surrounding, surrounding, (value, before, after) => {
        const strict = encodeURIComponent(value).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
        const json = JSON.stringify(value);
        const url = encodeURIComponent(value);
        const form = new URLSearchParams({ q: value }).toString();
        const forms = [value, json, url, form, strict === strict.toLowerCase() ? strict : value];
        const text = [...forms, json.replaceAll("/", "\\/")].join(after);
        const out = mask(before + text + after + value + value, [value]);
        for (const left of [value, json.slice(1, -1), url]) expect(out.replaceAll("•", "\u0001")).not.toContain(left);
      }),
      { numRuns: 2000 },
    );
  });

  it("never shows more of a secret than its last four characters, and none of a short one", () => {
    const distinct = fc
      .uniqueArray(fc.constantFrom(..."ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"), { minLength: 4, maxLength: 36 })
      .map((chars) => chars.join(""));
    fc.assert(
      fc.property(distinct, surrounding, (value, around) => {
        expect(maskOf(value)).toBe(`••••${value.length >= 16 ? value.slice(-4) : ""}`);
        const out = mask(`${around}${value}${around}"${value}"`, [value]);
        for (let at = 0; at + 5 <= value.length; at += 1) expect(out).not.toContain(value.slice(at, at + 5));
        if (value.length < 16) for (const char of value) expect(out).not.toContain(char);
      }),
    );
  });

  it("finds it in base64 and base64url, alone and inside a longer text", () => {
    const value = fc.string({ unit: "grapheme", minLength: 8, maxLength: 60 });
    fc.assert(
      fc.property(value, fc.string({ maxLength: 7 }), (password, user) => {
        for (const form of ["base64", "base64url"] as const) {
          const text = Buffer.from(`${user}:${password}!`).toString(form);
          const out = mask(`Basic ${text}`, [password]);
          expect(out).toContain("••••");
          expect(out.length).toBeLessThanOrEqual("Basic ".length + text.length);
        }
        const alone = mask(Buffer.from(password).toString("base64"), [password]);
        expect(alone).toMatch(/^••••.{0,4}[A-Za-z0-9+/]?=*$/su);
      }),
    );
  });

  it.each<[text: string, secrets: readonly string[], shown: string]>([
    // the longer of two first
    ["token=abcdefgh", ["abcd", "abcdefgh"], "token=••••"],
    ["0123456789abcdef-and-01234567", ["01234567", "0123456789abcdef"], "••••cdef-and-••••"],
    // none, or too short to hide
    ["a cat", ["abc", "", "cat"], "a cat"],
    ["•••• ••••", ["••••", "•••••"], "•••• ••••"],
    ["x \ud800abcdefgh y", ["\ud800abcdefgh"], "x •••• y"],
  ])("%j without %j", (text, secrets, shown) => expect(mask(text, secrets)).toBe(shown));

  it("finds a secret that repeats itself, and is quick with hundreds of secrets and thousands of texts", () => {
    for (const length of [16, 28, 29, 100])
      expect(mask("a".repeat(length), ["a".repeat(16)])).not.toContain("a".repeat(16));
    const secrets = Array.from({ length: 200 }, (_, index) => `value-of-${index}-0123456789`);
    for (let index = 0; index < 20_000; index += 1) mask(`a line of a file, ${index}`, secrets);
    expect(mask(`a ${secrets[7]} b`, secrets)).toBe("a ••••6789 b");
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
