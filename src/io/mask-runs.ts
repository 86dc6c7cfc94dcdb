/** Finds pieces of secrets in a text of a server, however it writes them. Linear in the text, and in the secrets once. */

const MASK = "••••";
/** So many characters of a secret in a row are masked. */
export const RUN = 8;

/**
 * A text as it is read: what is drawn as nothing, white space and, where wished, the escapes of JSON and URLs are undone; letters in lower case.
 * `at[i]` and `to[i]`: where character i stands. Typed arrays, since every text of a server comes through here: a list of tools is up to 4 MiB.
 */
interface Folded {
  readonly codes: Uint16Array;
  readonly at: Uint32Array;
  readonly to: Uint32Array;
  readonly length: number;
}

const ESCAPED =
  /\\u(?:001b\[|009b)[0-?]*[ -/]*[@-~]|\\u(?:001b\]|009d)[^\\]{0,256}(?:\\u0007|\\u009c|\\u001b\\\\)|\\u([0-9a-f]{4})|\\([nrtbfv"\\/])|%([0-7][0-9a-f])|&#(?:x([0-7]?[0-9a-f])|(\d{1,3}));/iuy;
const NOTHING = /[\s\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/u;
const MAY_ESCAPE = /[\\%&]/;

/** The character that an escape stands for; "" for white space, what is drawn as nothing, and what colours a terminal. */
function unescaped([, unicode, letter, percent, hex, decimal]: RegExpExecArray): string {
  const code = unicode ?? percent ?? hex;
  if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
  if (decimal !== undefined) return String.fromCharCode(Number(decimal));
  return letter !== undefined && /["\\/]/.test(letter) ? letter : "";
}

function fold(text: string, escapes: boolean): Folded {
  const codes = new Uint16Array(text.length);
  const at = new Uint32Array(text.length);
  const to = new Uint32Array(text.length);
  let length = 0;
  const add = (code: number, from: number, end: number): void => {
    codes[length] = code;
    at[length] = from;
    to[length] = end;
    length++;
  };
  for (let index = 0, next = 0; index < text.length; index = next) {
    let code = text.charCodeAt(index);
    next = index + 1;
    // "\\", "%" and "&"
    if (escapes && (code === 0x5c || code === 0x25 || code === 0x26)) {
      ESCAPED.lastIndex = index;
      const found = ESCAPED.exec(text);
      if (found !== null) {
        next = ESCAPED.lastIndex;
        const char = unescaped(found);
        if (char === "") continue;
        code = char.charCodeAt(0);
      }
    }
    if (code > 0x20 && code < 0x7f) add(code > 0x40 && code < 0x5b ? code + 32 : code, index, next);
    else {
      // beyond ASCII: both halves of a pair are asked about as one character
      const char = next === index + 1 ? String.fromCodePoint(text.codePointAt(index) ?? 0) : String.fromCharCode(code);
      if (char.length === 2) next = index + 2;
      if (NOTHING.test(char)) continue;
      const low = char.toLowerCase();
      for (let half = 0; half < char.length; half++)
        add((low.length === char.length ? low : char).charCodeAt(half), index, next);
    }
  }
  return { codes, at, to, length };
}

/** A hash of the last 8 characters, from that of the 8 before: what is 8 back has been shifted out (8 times 4 bits). */
const roll = (hash: number, code: number): number => (hash << 4) ^ Math.imul(code, 0x9e3779b1);
const slot = (hash: number): number => (hash ^ (hash >>> 16)) & 0xffff;

/** Base64 of a text, without what depends on its neighbours, for each place that it can have in a longer one; base64url too. */
function base64Forms(secret: string): string[] {
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
    const own = bytes
      .toString("base64")
      .replace(/=+$/, "")
      .slice(before === 0 ? 0 : before + 1);
    return [own, own.replace(/\+/g, "-").replace(/\//g, "_")];
  });
}

/** A function that masks every run of at least 8 characters of a secret, in either case, in hexadecimal and in base64, and whatever stands between them unseen. */
export function runMasker(secrets: readonly string[]): (text: string) => string {
  const runs = new Set<string>();
  // looked at first: nearly every run of a text is in no slot, and no string is made for it
  const slots = new Uint8Array(0x10000);
  const each = ({ codes, length }: Folded, onRun: (slotOfRun: number, start: number) => void): void => {
    for (let hash = 0, at = 0; at < length; at++) {
      hash = roll(hash, codes[at] ?? 0);
      if (at >= RUN - 1) onRun(slot(hash), at - RUN + 1);
    }
  };
  const textOf = ({ codes }: Folded, start: number): string =>
    String.fromCharCode(...codes.subarray(start, start + RUN));
  for (const secret of secrets) {
    for (const form of new Set([secret, Buffer.from(secret).toString("hex"), ...base64Forms(secret)])) {
      for (const escapes of MAY_ESCAPE.test(form) ? [false, true] : [false]) {
        const folded = fold(form, escapes);
        each(folded, (slotOfRun, start) => {
          slots[slotOfRun] = 1;
          runs.add(textOf(folded, start));
        });
      }
    }
  }
  /** Where such runs stand; those that overlap or touch are one. */
  const findIn = (text: string, escapes: boolean): [from: number, to: number][] => {
    const folded = fold(text, escapes);
    const found: [number, number][] = [];
    let until = -1;
    each(folded, (slotOfRun, start) => {
      if (slots[slotOfRun] === 0 || !runs.has(textOf(folded, start))) return;
      const last = found.at(-1);
      const end = folded.to[start + RUN - 1] ?? text.length;
      if (last !== undefined && start <= until) last[1] = end;
      else found.push([folded.at[start] ?? 0, end]);
      until = start + RUN;
    });
    return found;
  };
  return (text) => {
    if (runs.size === 0) return text;
    // as it stands, and as a reader of JSON or of an address would have it
    const found = findIn(text, false);
    if (MAY_ESCAPE.test(text)) found.push(...findIn(text, true));
    const parts: string[] = [];
    let done = 0;
    for (const [from, to] of found.sort(([a], [b]) => a - b)) {
      if (from >= done) parts.push(text.slice(done, from), MASK);
      done = Math.max(done, to);
    }
    return `${parts.join("")}${text.slice(done)}`;
  };
}
