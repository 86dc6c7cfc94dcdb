/**
 * Secrets in a text that no parser reads, or that it passes over: a file cut off in the middle, in another encoding or too
 * big, a comment, a line for a shell. Known formats count anywhere; anything else only beside a name that says secret.
 */
import type { Span } from "./model.ts";
import { isObviousExample, isVariableName } from "./secret-examples.ts";
import { secretIn } from "./secret-in.ts";
import { formatsIn } from "./secret-known.ts";
import { isSecretName, TOKEN_ITSELF } from "./secret-names.ts";
import { LONGEST, type Shape } from "./secret-shapes.ts";

/** A stretch of the text, with the name that it stands beside, where it has one. */
export interface Loose extends Shape {
  readonly name: string | undefined;
}

/** `"name": "value"`, `name = value`, `Name: Bearer value`, TOML's text of several lines. */
const PAIR =
  /(?<![\w$.-])(-{0,2}[A-Za-z_][\w.-]{0,99})\\{0,3}["'`]?\s{0,64}(?:=>|[:=])\s{0,64}(?:\[\s{0,64})?(?:(?:"""|''')\\?\s{0,64}([^"'\s]{1,4096})|\\{0,3}(["'`])((?:[^"'`\\\r\n]|\\.|(?!\3)["'`]){1,4096})|((?:(?:Bearer|Basic|Token|ApiKey)\s{1,9})?[^\s"'`,;<>{}[\]]{1,4096}))/gi;
/** `--api-key value`, also as two items of a list. */
const FLAG = /(?<![\w-])(--?[A-Za-z][\w.-]{0,99})["']?[\s,]{1,64}["']?([^\s"'`,;<>{}[\]-][^\s"'`,;<>{}[\]]{0,4095})/g;
const ADDRESS = /(?<![\w+.-])[a-z][a-z0-9+.-]{1,30}:\/\/[^\s"'`<>]{4,4096}/gi;

/** The insides of values are read again up to this much, so that no text costs a square. */
const MOST_INSIDE = 8 * LONGEST;

function judge(value: string, name: string, isQuoted: boolean): Shape | undefined {
  const found = secretIn(value, name);
  if (found !== undefined || !isQuoted || !TOKEN_ITSELF.test(name)) return found;
  if (/[${]/.test(value) || value.trim().length < 8 || isObviousExample(value) || isVariableName(value))
    return undefined;
  return { what: "the product token", start: 0, end: value.length };
}

function pairsIn(text: string): readonly Loose[] {
  const found: Loose[] = [];
  const pattern = PAIR;
  pattern.lastIndex = 0;
  let inside = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const which = match[2] !== undefined ? 2 : match[4] !== undefined ? 4 : 5;
    const value = match[which] ?? "";
    // every branch ends with the value
    const end = match.index + match[0].length;
    const start = end - value.length;
    const name = (match[1] ?? "").replace(/^-+/, "");
    const isNamed = TOKEN_ITSELF.test(name) || isSecretName(name) || isUser(name);
    const shape = isNamed ? judge(value, name, which !== 5) : undefined;
    if (shape !== undefined) found.push({ what: shape.what, start: start + shape.start, end: start + shape.end, name });
    if (shape !== undefined || inside > MOST_INSIDE) continue;
    inside += value.length;
    pattern.lastIndex = start;
  }
  return found;
}

function isUser(name: string): boolean {
  return /^(?:u|user)$/i.test(name);
}

function flagsIn(text: string): readonly Loose[] {
  return [...text.matchAll(FLAG)].flatMap((match) => {
    const name = (match[1] ?? "").replace(/^-+/, "");
    const start = match.index + match[0].length - (match[2] ?? "").length;
    const shape = isSecretName(name) || isUser(name) ? secretIn(match[2] ?? "", name) : undefined;
    return shape === undefined ? [] : [{ what: shape.what, start: start + shape.start, end: start + shape.end, name }];
  });
}

function addressesIn(text: string): readonly Loose[] {
  return [...text.matchAll(ADDRESS)].flatMap((match) => {
    const shape = secretIn(match[0], "url");
    if (shape === undefined) return [];
    return [{ what: shape.what, start: match.index + shape.start, end: match.index + shape.end, name: undefined }];
  });
}

function inWindow(text: string): readonly Loose[] {
  const isNothing = !/[=:,]|--/.test(text);
  const named = isNothing ? [] : [...pairsIn(text), ...(/-[A-Za-z]/.test(text) ? flagsIn(text) : [])];
  const plain = formatsIn(text).map((shape) => ({ ...shape, name: undefined }));
  return [...named, ...plain, ...(text.includes("://") ? addressesIn(text) : [])];
}

/** `\u0041` as the letter it is, and where each unit was. */
function unescaped(text: string): { readonly plain: string; readonly at: (index: number) => number } {
  if (!/\\u00[2-7]/i.test(text)) return { plain: text, at: (index) => index };
  const parts: string[] = [];
  const offsets: number[] = [];
  for (const match of text.matchAll(/\\u00([2-7][0-9a-f])|[\s\S]/gi)) {
    parts.push(match[1] === undefined ? match[0] : String.fromCharCode(Number.parseInt(match[1], 16)));
    offsets.push(match.index);
  }
  return { plain: parts.join(""), at: (index) => offsets[index] ?? text.length };
}

const STEP = LONGEST - 2048;

/** Every secret of a text, in its order, none inside of another. */
export function looseIn(text: string): readonly Loose[] {
  if (text.length < 8) return [];
  const { plain, at } = unescaped(text);
  const found: Loose[] = [];
  for (let from = 0; from === 0 || from + 2048 < plain.length; from += STEP) {
    const window = from === 0 && plain.length <= LONGEST ? plain : plain.slice(from, from + LONGEST);
    for (const each of inWindow(window))
      found.push({ ...each, start: at(from + each.start), end: at(from + each.end) });
  }
  // a named one says more than the format of its value
  const named = (each: Loose): number => (each.name === undefined ? 1 : 0);
  found.sort((a, b) => a.start - b.start || named(a) - named(b));
  let last = -1;
  return found.filter(({ start, end }) => {
    const isNew = start >= last;
    if (isNew) last = end;
    return isNew;
  });
}

/** Everything of a text but the stretches as it was, and these as signs that nothing is read from; or the other way round. */
export function blanked(text: string, stretches: readonly Span[], keep: "inside" | "outside"): string {
  const blank = (part: string): string => part.replace(/\S/g, ";");
  let [out, at] = ["", 0];
  for (const { offset, length } of stretches) {
    const [before, inside] = [text.slice(at, offset), text.slice(offset, offset + length)];
    // what opens a comment does not part a name from its value on the next line
    const opened = inside.replace(/^\/[/*]+/, (mark) => " ".repeat(mark.length));
    out += keep === "inside" ? blank(before) + opened : before + blank(inside);
    at = offset + length;
  }
  const rest = text.slice(at);
  return out + (keep === "inside" ? blank(rest) : rest);
}
