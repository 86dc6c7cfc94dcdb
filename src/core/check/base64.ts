/** Base64 of text, in one pass and without Node. */
import { isWordy } from "./secret-words.ts";

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The text that base64 stands for, up to the first byte that is no ASCII letter, digit or sign. */
export function fromBase64(word: string): string {
  let [out, bits, held] = ["", 0, 0];
  for (const char of word) {
    const value = BASE64.indexOf(char === "-" ? "+" : char === "_" ? "/" : char);
    if (value < 0) break;
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    const byte = (bits >> held) & 0xff;
    if (byte < 0x20 || byte > 0x7e) break;
    out += String.fromCharCode(byte);
  }
  return out;
}

/** Base64 of something that people wrote. */
export function isEncodedText(value: string): boolean {
  const bare = value.replace(/={1,2}$/, "");
  if (bare.length < 16 || bare.length > 4096) return false;
  const plain = fromBase64(bare);
  return plain.length >= Math.floor((bare.length * 3) / 4) && isWordy(plain);
}

/** Percent-encoding of ASCII taken off. */
export function fromPercents(text: string): string {
  return text.replace(/%([2-7][0-9a-f])/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
