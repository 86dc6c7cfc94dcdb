import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cleanValue, LABELS, PASTED_BREAK, VALUES } from "../../src/core/halo.ts";

describe("cleanValue", () => {
  const which = fc.constantFrom(...VALUES);
  const hex = (length: number) =>
    fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: length, maxLength: length });
  const plausible = fc.oneof(
    fc.uuid(),
    fc.uuid().map((id) => id.toUpperCase()),
    hex(32),
    hex(64),
    fc.uint8Array({ minLength: 12, maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("base64url")),
    fc.uint8Array({ minLength: 12, maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("base64")),
    fc
      .tuple(fc.uint8Array({ minLength: 20, maxLength: 60 }), fc.uint8Array({ minLength: 30, maxLength: 200 }))
      .map(
        (parts) => `eyJhbGciOiJIUzI1NiJ9.${parts.map((bytes) => Buffer.from(bytes).toString("base64url")).join(".")}`,
      ),
    fc.nat({ max: 9_999_999 }).map(String),
    fc
      .string({ unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz0123456789-_."), minLength: 20, maxLength: 60 })
      .filter((text) => !/cm\.com|^www\.|\.{3}|____/.test(text)),
  );

  it("never refuses or changes what a real token or ID may look like", () => {
    fc.assert(
      fc.property(which, plausible, (value, text) => {
        expect(cleanValue(value, text)).toMatchObject({ ok: true, value: text, cleaned: [] });
      }),
      { numRuns: 2000 },
    );
  });

  it("never accepts what a header cannot carry", () => {
    const pasted = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.string({ unit: fc.constantFrom(..."ab\"' \u00a0\u200b\n\r\t:=BearX-CM😀é\u2424"), maxLength: 30 }),
      plausible.map((text) => ` "Bearer ${text}" `),
    );
    fc.assert(
      fc.property(which, pasted, (value, text) => {
        const result = cleanValue(value, text);
        if (!result.ok) return;
        expect(result.value).toMatch(/^[\x21-\x7e]{1,4096}$/);
      }),
      { numRuns: 3000 },
    );
  });

  it("never repeats the value or a part of it in a refusal", () => {
    // letters that no sentence of ours has in a row, and no digits, for a refusal has figures of its own (U+0000,
    // 8000 characters): any run of four from the value in the message is a leak
    const letters = fc.string({ unit: fc.constantFrom(..."QZXJKVWqzxjkvw"), minLength: 4, maxLength: 30 });
    const broken = fc
      .tuple(letters, fc.constantFrom("\u0000", "\n", "\r", " ", "é", "\u00a0", "“", "—", "😀", PASTED_BREAK), letters)
      .map((parts) => parts.join(""));
    const long = letters.map((text) => text.repeat(2000));
    const address = letters.map((text) => `https://${text}.example/`);
    const placeholder = letters.map((text) => `<${text}>`);
    fc.assert(
      fc.property(which, fc.oneof(broken, long, address, placeholder), (value, text) => {
        const result = cleanValue(value, text);
        if (result.ok) throw new Error("it was accepted");
        for (let at = 0; at + 4 <= Math.min(text.length, 300); at += 1) {
          const part = text.slice(at, at + 4);
          if (/^[QZXJKVW]{4}$/i.test(part)) expect(result.problem).not.toContain(part);
        }
        expect(result.problem).toContain(value === "token" ? "token" : LABELS[value]);
        expect(result.problem).toMatch(/^[\x20-\x7e“”]+$/);
      }),
      { numRuns: 1500 },
    );
  });
});
