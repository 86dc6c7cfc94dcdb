/** Texts that are secrets by their format, wherever they stand: as they are, in base64, with percents. */
import { fromBase64, fromPercents } from "./base64.ts";
import { isObviousExample } from "./secret-examples.ts";
import { ANY_PREFIX, FORMATS, MAYBE_PUBLIC } from "./secret-formats.ts";
import { isPublicName } from "./secret-names.ts";
import { drawnValue, LONGEST, type Shape } from "./secret-shapes.ts";
import { holdsDrawn, isShortWords } from "./secret-words.ts";

/** The name that a stretch stands beside: `NAME=…`, `"name": "…"`. */
function nameBefore(text: string, at: number): string {
  return (
    /([\w.-]{1,64})\\?["']?\s{0,8}[=:]\s{0,8}\\?["']?(?:Bearer )?$/.exec(text.slice(Math.max(0, at - 96), at))?.[1] ??
    ""
  );
}

/** Formats that are private or public by what they are for: whether it is plainly public here. */
function isForEverybody(what: string, value: string, names: readonly string[]): boolean {
  if (!MAYBE_PUBLIC.has(what)) return false;
  const payload = fromBase64(value.split(".")[1] ?? "");
  // Supabase's keys (supabase.com/docs/guides/api/api-keys): the one of the service is secret under every name
  if (/"role":"service_role"/.test(payload)) return false;
  return /"role":"anon"/.test(payload) || names.some(isPublicName);
}

/** Every stretch that has a known format and is no example of one. */
function* known(part: string, name = ""): Generator<Shape> {
  for (const [what, format] of FORMATS) {
    for (const match of part.matchAll(new RegExp(format.source, `g${format.flags}`))) {
      const [value, drawn] = match;
      const rest = value.replace(/^[A-Za-z]{2,6}[-_.](?:[a-z]{2,6}[-_])?/, "");
      if (what !== "a private key" && (isObviousExample(drawn ?? value, true) || isShortWords(drawn ?? rest))) continue;
      if (value.startsWith("sk-") && !/\d/.test(value)) continue;
      if (isForEverybody(what, value, [name, nameBefore(part, match.index)])) continue;
      yield { what, start: match.index, end: match.index + value.length };
    }
  }
}

/** The first known format in a text that stands under a name. */
export function knownFormat(text: string, name = ""): Shape | undefined {
  // the shortest format has 16 characters
  if (text.length < 16) return undefined;
  const part = text.slice(0, LONGEST);
  if (ANY_PREFIX.test(part)) for (const shape of known(part, name)) return shape;
  return part.length < 20 ? undefined : encodedIn(part)[0];
}

/** The known formats in a text, wherever they stand, as they are or encoded. Nothing beyond the first `LONGEST`. */
export function formatsIn(text: string): readonly Shape[] {
  const part = text.slice(0, LONGEST);
  return [...(ANY_PREFIX.test(part) ? known(part) : []), ...encodedIn(part)];
}

/** Words in base64 or percent-encoding that hold a known format, or what `Authorization: Basic` holds: `user:password`. */
function encodedIn(text: string): readonly Shape[] {
  const found: Shape[] = [];
  const add = (match: RegExpMatchArray, plain: string): void => {
    if (plain.length < 12) return;
    const [inside] = ANY_PREFIX.test(plain) ? known(plain) : [];
    const password = /^[\w.@+-]{0,64}:([^\s:]{8,})$/.exec(plain)?.[1];
    const what =
      inside?.what ?? (password !== undefined && drawnValue(password) !== undefined ? "a password" : undefined);
    const start = match.index ?? 0;
    if (what !== undefined) found.push({ what: `${what}, encoded`, start, end: start + match[0].length });
  };
  if (text.includes("%"))
    for (const match of text.matchAll(/(?<![\w.~-])[\w.~-]{0,256}%[0-9a-f]{2}[\w.~%-]{8,512}/gi))
      add(match, fromPercents(fromPercents(match[0])));
  // no path and no word is that long without a sign
  for (const match of text.matchAll(/(?<![\w+/-])[A-Za-z0-9+/_-]{20,4096}={0,2}/g))
    if (/[A-Z]/.test(match[0]) && /[a-z]/.test(match[0])) add(match, fromBase64(match[0]));
  return found;
}

/** Whether a stretch is drawn densely enough that it is not to be printed, whatever it stands under. */
export function isUnfitToShow(word: string): boolean {
  if (knownFormat(word) !== undefined) return true;
  if (/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i.test(word)) return true;
  return holdsDrawn(word);
}
