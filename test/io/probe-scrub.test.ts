/** No piece of a secret stays in a text of a server, however it is written, and the time that takes is bounded. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scrubber, secretsIn } from "../../src/io/probe/probe-input.ts";

const TOKEN = "Zq7Xw2Lk9Rb4-Nv6Ty8_e5f1.Ah3Jm0PcD";
const MASK = "••••";
const scrub = scrubber([TOKEN]);
const bare = (text: string): string =>
  text.toLowerCase().replace(/[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, "");
/** The longest piece of the token that can be read in a text. */
function longest(text: string, secret = TOKEN): number {
  const read = bare(text);
  const low = secret.toLowerCase();
  let most = 0;
  for (let start = 0; start < low.length; start++) {
    while (start + most < low.length && read.includes(low.slice(start, start + most + 1))) most++;
  }
  return most;
}

describe("pieces of a secret", () => {
  const base64 = (text: string, url = false) => Buffer.from(text).toString(url ? "base64url" : "base64");
  it.each<[string, string, string]>([
    ["the first 20", `half ${TOKEN.slice(0, 20)}.`, `half ${MASK}.`],
    ["the last 8", `ends in ${TOKEN.slice(-8)}.`, `ends in ${MASK}.`],
    ["from the middle, in capitals", `x${TOKEN.slice(5, 19).toUpperCase()}x`, `x${MASK}x`],
    ["twice", `${TOKEN} and ${TOKEN.slice(3, 15)}!`, `${MASK} and ${MASK}!`],
    ["over lines", `a ${TOKEN.slice(0, 6)}\r\n   ${TOKEN.slice(6, 12)} b`, `a ${MASK} b`],
    ["by soft hyphens", `a ${[...TOKEN.slice(0, 12)].join("\u00ad")} b`, `a ${MASK} b`],
    ["by zero-width and variation selectors", `a ${[...TOKEN.slice(0, 12)].join("\u200b\ufe0f")} b`, `a ${MASK} b`],
    ["in base64", `a ${base64(TOKEN)} b`, `a ${MASK} b`],
    ["in base64url, half", `a ${base64(TOKEN, true).slice(0, 16)} b`, `a ${MASK} b`],
    ["URL-encoded", `a ${[...TOKEN].map((char) => `%${char.charCodeAt(0).toString(16)}`).join("")} b`, `a ${MASK} b`],
    [
      "as JSON writes it",
      `a ${[...TOKEN].map((char) => `\\u00${char.charCodeAt(0).toString(16)}`).join("")} b`,
      `a ${MASK} b`,
    ],
    ["coloured", `a ${TOKEN.slice(0, 6)}\\u001b[31m${TOKEN.slice(6)} b`, `a ${MASK} b`],
    ["seven are no piece", `a ${TOKEN.slice(0, 7)} b`, `a ${TOKEN.slice(0, 7)} b`],
  ])("%s", (_, text, shown) => {
    expect(scrub(text, 300)).toBe(shown);
  });
  it("is masked in base64 of a longer text", () => {
    for (const before of ["", "u", "us", "user:"]) {
      const text = base64(`${before}${TOKEN}`, true);
      expect(scrub(text, 300)).toContain(MASK);
      for (let start = 0; start + 8 <= text.length; start++) {
        // what is left belongs to what stands round the token
        const piece = Buffer.from(text.slice(0, start + 8), "base64url").toString();
        if (scrub(text, 300).includes(text.slice(start, start + 8))) expect(longest(piece)).toBeLessThan(8);
      }
    }
  });
  it("a short secret is masked whole", () => {
    const short = scrubber(["abc1"]);
    expect(short("a ABC1 b abc", 300)).toBe(`a ${MASK} b abc`);
  });

  const secret = fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength: 8,
    maxLength: 80,
  });
  const hidden = fc.constantFrom("", "", "", "\n", "\r\n  ", "\u00ad", "\u200b", "\u034f", "\ufeff", " ");
  it("any piece, with anything unseen in between, in any case", () => {
    fc.assert(
      fc.property(
        secret,
        fc.nat(),
        fc.nat(),
        fc.array(hidden, { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        fc.string({ maxLength: 20, unit: "grapheme" }),
        (token, from, length, between, upper, around) => {
          const start = from % (token.length - 7);
          const piece = token.slice(start, start + 8 + (length % (token.length - start - 7)));
          const cased = upper ? piece.toUpperCase() : piece;
          const parted = [...cased].map((char, index) => char + (between[index % between.length] ?? "")).join("");
          const out = scrubber([token])(`${around} ${parted} ${around}`, 2000);
          expect(out).toContain(MASK);
          expect(longest(out, token)).toBeLessThan(8);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("leaves text without a piece of it as it is", () => {
    const words = "The profile 7 of account 11111111-2222-3333-4444-555555555555 has no agents; 100 % sure \\ & more.";
    expect(scrub(words, 300)).toBe(words);
  });

  it("takes no time to speak of", () => {
    const long = Array.from({ length: 8192 }, (_, at) =>
      String.fromCharCode(0x21 + ((at * 7919 + (at >> 5)) % 94)),
    ).join("");
    const start = performance.now();
    const heavy = scrubber([long, "a".repeat(8192)]);
    for (const text of [
      "a".repeat(20_000),
      "\\u00".repeat(5000),
      "%".repeat(20_000),
      long.repeat(2),
      "\u00ad".repeat(20_000),
    ])
      heavy(text, 20_000);
    // milliseconds on a machine at rest
    expect(performance.now() - start).toBeLessThan(3000);
  });
});

describe("what is a secret", () => {
  it("the token, and the words of other headers, but for what is public or in any answer", () => {
    const headers = {
      "x-cm-producttoken": TOKEN,
      Authorization: "Bearer made-up-other",
      Accept: "application/json",
      "User-Agent": "made-up-agent/1",
      "CM-PROFILE-ID": "profile-1",
      "X-Tenant": "profile-1",
      "X-Custom": "Zr8Tq4Wp",
      "X-Pass": "hunter2",
      "X-Flag": "true",
      "X-Stage": "prod",
      "X-Retries": "1000",
      "X-Revision": "2025-11-25",
    };
    expect(secretsIn(headers, "X-CM-PRODUCTTOKEN")).toEqual([TOKEN, TOKEN, "made-up-other", "Zr8Tq4Wp", "hunter2"]);
  });
});
