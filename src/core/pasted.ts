/** Whatever a person pastes (a token, a URL, `.env` lines, JSON, a command, several at once) → the values in it. Pure. */
import { isSecretName } from "./check/secret-judge.ts";
import type { Value } from "./halo.ts";
import { cleanValue, GUID, idsFromStudioUrl, isOurs, isSafeVariable, LABELS, PASTED_BREAK, VALUES } from "./halo.ts";
import { isWordy } from "./placeholders.ts";

type Found = Readonly<Partial<Record<Value, string>>>;

export interface Pasted {
  /** Clean: each can be sent as it is. */
  readonly found: Found;
  readonly cleaned: readonly string[];
  /** Why nothing of it is used; never repeats what was pasted. */
  readonly problem?: string;
}

/** How a value is called: its header, its variable, its label. */
const NAMES: Readonly<Record<Value, string>> = {
  token: "x-cm-producttoken|(?:[a-z0-9]+_)*token|product[ -]?token",
  account: "cm-account-id|(?:[a-z0-9]+_)*account_id|account[ -]?id",
  profile: "cm-profile-id|(?:[a-z0-9]+_)*profile_id|profile[ -]?id",
};
const named = VALUES.map((value) => `(?<${value}>${NAMES[value]})`).join("|");
const NAMED = new RegExp(
  `(?<![\\w$-])(["'\`]?)(?:${named})\\1[ \\t]*[:=][ \\t]*(?:(["'\`])(?<quoted>[^\\n]*?)\\5|(?<bare>[^\\s"'\`,;]*))`,
  "gi",
);
/** A value with any other name. */
const OTHER =
  /(?<![\w$.+/-])(["'`]?)([a-z_][\w-]*)\1[ \t]*([:=])[ \t]*(?:(["'`])[^\n]*?\4|(?:(?:bearer|basic|token)[ \t]+)?[^\s"'`,;=][^\s"'`,;]*)/gi;
/** `ACME_PROFILE_ID` may be one of ours; the token of another service is not. */
const isMeant = (value: Value, name: string | undefined): boolean =>
  name !== undefined && (!name.includes("_") || isOurs(name) || (value !== "token" && isSafeVariable(name)));
const URLS = /(?:https?:\/\/|\bwww\.|(?<![\w.@-])(?:[a-z0-9-]+\.)*cm\.com\/)[^\s"'`<>,\\{}]*/gi;
/** One that is no part of a longer text. */
const BARE = new RegExp(`(?<![\\w.-])${GUID.source}(?![\\w.-])`, "gi");
/** What two pastes into one field look like. */
const STUCK = new RegExp(`[0-9a-z]${GUID.source}|${GUID.source}[0-9a-z]|[\\w-]https?://`, "i");

/** A token can have an ID in it, but is not made of IDs. */
const IDS_ALONE = new RegExp(`^(?:${GUID.source}){2,}$`, "i");

/** A random text, as a token is; not a word of a command. */
const isRandom = (word: string): boolean => /^[\x21-\x7e]{16,}$/.test(word) && !/^-|[{}/]/.test(word) && !isWordy(word);

/** `want`: what a text without any sign is. `known`: the other values, of which it must be none. */
export function readPasted(pasted: string, want: Value, known: Found = {}): Pasted {
  const nothing = (problem: string): Pasted => ({ found: {}, cleaned: [], problem });
  const text = pasted.slice(0, 65_536).replaceAll(PASTED_BREAK, "\n").replaceAll('\\"', '"');
  const raw: Partial<Record<Value, string>> = {};
  const urls: string[] = [];
  const conflicts = new Set<Value>();
  const take = (value: Value, given: string | undefined): void => {
    if (given === undefined) return;
    if (raw[value] !== undefined && raw[value] !== given) conflicts.add(value);
    raw[value] = given;
  };
  let isSigned = false;
  let rest = text.replace(URLS, (url) => {
    urls.push(url);
    return " ";
  });
  rest = rest.replace(NAMED, (...match) => {
    const { quoted, bare = "", ...names } = match.at(-1) as Record<string, string | undefined>;
    const value = VALUES.find((each) => isMeant(each, names[each]));
    const given = quoted ?? bare;
    isSigned = true;
    // a reference or an empty value is no value
    const read = value && cleanValue(value, given);
    if (value && read && (read.ok || !read.missing)) take(value, given);
    return " ";
  });
  rest = rest.replace(OTHER, (whole, quote: string, name: string, sign: string) => {
    // a token can have "=" in it
    const isName = quote !== "" || (sign === "=" && /^[A-Z_][A-Z0-9_]*$/.test(name)) || isSecretName(name);
    isSigned ||= isName;
    return isName ? " " : whole;
  });
  const guids = [...new Map((rest.match(BARE) ?? []).map((guid) => [guid.toLowerCase(), guid])).values()];
  const words = rest
    .replace(BARE, " ")
    .split(/[\s,;"'`]+/)
    .filter((word) => word !== "");
  const isOne = guids.length === 0 || (guids.length === 1 && words.length === 0);
  const isPlain = urls.length === 0 && !isSigned && isOne;
  if (isPlain && want === "token" ? IDS_ALONE.test(text.trim()) : STUCK.test(text))
    return nothing("two texts are stuck together: paste one of them");
  // one value, or a text of which `cleanValue` says what is wrong
  if (isPlain) return clean({ [want]: pasted }, known);
  for (const url of urls) {
    if (new Set(url.match(GUID)?.map((guid) => guid.toLowerCase())).size > 2)
      return nothing("there are more than two IDs in this URL: paste one ID at a time");
    const { account, profile } = idsFromStudioUrl(url);
    take("account", account);
    take("profile", profile);
  }
  const isClear = urls.length > 0 || Object.keys(raw).length > 0;
  const tokens = words.filter((word) => isRandom(word) || (want === "token" && isClear && words.length === 1));
  // one of them may be the token, and IDs are shown
  if (want === "token" && !isClear && guids.length > 0 && tokens.length === 0)
    return nothing("it is not clear which text in it is the token: paste one at a time");
  const taken = [raw.account, raw.profile].map((id) => id?.toLowerCase());
  const free = (["account", "profile"] as const).filter((value) => raw[value] === undefined);
  const bare = guids.filter((guid) => !taken.includes(guid.toLowerCase()));
  const slots = bare.length === 1 && want !== "token" && raw[want] === undefined ? [want] : free;
  if (raw.token === undefined && bare.length === 1 && slots.length === 0) take("token", bare[0]);
  else if (bare.length > slots.length) return nothing("there are more IDs in it than two: paste one at a time");
  else for (const [index, guid] of bare.entries()) take(slots[index] as Value, guid);
  if (raw.token === undefined && tokens.length > 1)
    return nothing("more than one text in it may be the token: paste the token alone");
  if (raw.token === undefined) take("token", tokens[0]);
  const [twice] = conflicts;
  if (twice !== undefined) return nothing(`there are two different ${LABELS[twice]}s in it`);
  if (Object.keys(raw).length === 0)
    return nothing(urls.length > 0 ? "there is no ID in this URL" : "there are names in it, but no values of HALO");
  return clean(raw, known);
}

function clean(raw: Found, known: Found): Pasted {
  const found: Partial<Record<Value, string>> = {};
  const cleaned = new Set<string>();
  for (const value of VALUES) {
    const given = raw[value];
    if (given === undefined) continue;
    const result = cleanValue(value, given);
    if (!result.ok) return { found: {}, cleaned: [], problem: result.problem };
    found[value] = result.value;
    for (const what of result.cleaned) cleaned.add(what);
  }
  const all = VALUES.map((value) => [value, (found[value] ?? known[value])?.toLowerCase()] as const);
  for (const [a, same] of all)
    for (const [b, other] of all)
      if (a < b && same !== undefined && same === other)
        return { found: {}, cleaned: [], problem: `the ${LABELS[a]} and the ${LABELS[b]} are the same` };
  return { found, cleaned: [...cleaned] };
}
