/** What people write, as against what a machine draws. */

/** A word, a year, a number, `v2`, `128k`, `ed25519`: the parts that people write, as against those that a machine draws. */
export function isWord(part: string): boolean {
  if (part.length <= 3 || /^\d{0,4}$/.test(part) || /^\d{1,4}[A-Za-z]{1,2}$|^[A-Za-z]{1,3}\d{1,5}$/.test(part))
    return true;
  const letters = part.replace(/\d{1,4}$/, "");
  if (/^(?:[A-Z]+|[a-z]+)$/.test(letters)) return letters.length <= 24;
  // capitals where a writer puts them, at the head of a word of some length; what is drawn has one at every other place
  const capitals = letters.match(/[A-Z]+/g)?.length ?? 0;
  if (/^[A-Z][a-z]{2,}[A-Z]{1,3}$/.test(part) && part.length <= 9) return true;
  return /^[A-Za-z]{1,48}$/.test(letters) && !/[A-Z]{6}/.test(letters) && letters.length >= 4.5 * capitals;
}

/** What stands behind a known prefix is drawn unless it is plainly `your-key` or `test_token`. */
export function isShortWords(value: string): boolean {
  return value.split(/[^A-Za-z0-9]+/).every((part) => part.length <= 16 && isWord(part));
}

export function isWordy(value: string): boolean {
  const parts = value.split(/[^A-Za-z0-9]+/);
  // one that is short can be a word; four that mix letters and digits are none
  return parts.every(isWord) && parts.filter((part) => /^(?!v\d)(?=.*\d)(?=.*[a-z])\w{2,3}$/i.test(part)).length < 4;
}

/** What people make when they are told to make a strong password: of four kinds of signs, or changing between them. */
export function isStrongPassword(value: string): boolean {
  if (value.length < 8 || value.length > 128 || !/[!#$^&*?]/.test(value) || !/\d/.test(value)) return false;
  if (/[a-z]/.test(value) && /[A-Z]/.test(value)) return true;
  return /[a-z]/i.test(value) && (value.match(/[a-z]+|[A-Z]+|\d+|[^A-Za-z\d]+/g)?.length ?? 0) >= 6;
}

/** Short, and changing between letters and digits as no word does: `Zk3v9QpL`, not `base64url`. */
function isMixed(part: string): boolean {
  return part.length >= 8 && (part.match(/[A-Z]+|[a-z]+|\d+/g)?.length ?? 0) >= 5;
}

/** Whether one of the parts is plainly drawn. */
export function holdsDrawn(value: string): boolean {
  return value.split(/[^A-Za-z0-9]+/).some((part) => !isWord(part) && (part.length >= 14 || isMixed(part)));
}

/** Bits for each character: about 3 to 3.5 for words and hex, above 4 for a drawn base64 text of 32. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** Keys that are made to be given to everybody (PostHog, Stripe, Mapbox), addresses on a chain, pictures. */
const PUBLIC_KEY = /^(?:phc_|pk_(?:live|test)_|pk\.eyJ|0x[0-9a-f]{40}$|data:|iVBORw0KGgo|\/9j\/4AA|R0lGOD|PHN2Zy)/i;
const REFERENCE = /^(?:arn:[a-z-]+:|projects\/[\w-]+\/secrets\/|@Microsoft\.KeyVault\(|secretref:)/i;
const FILE = /^[\w./@\\~-]+\.(?:[cm]?[jt]sx?|json[c5]?|ya?ml|toml|pem|key|crt|py|sh|txt|env|md|db|log|sqlite3?|exe)$/i;
const DIGEST = /^(?:sha(?:1|256|384|512)[-:][A-Za-z0-9+/_=-]+|md5[-:][0-9a-f]{32})$|@sha256:[0-9a-f]{64}$/i;

/** What is public by its form whatever it is called: an address, a path, a file, a number, a version, an email, a digest. */
export function isPublicForm(value: string): boolean {
  if (PUBLIC_KEY.test(value) || REFERENCE.test(value) || DIGEST.test(value)) return true;
  const address = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(value);
  if (address !== null)
    return (
      (address[1] ?? "").includes(".") || value.split(/[^A-Za-z0-9]+/).every((part) => part.length < 14 || isWord(part))
    );
  // base64 has slashes as well
  const path = /^(?:\.{0,2}|~)[\\/]([\w.@~-]*)(?:[\\/]|$)/.exec(value);
  if (path !== null && isWordy(path[1] ?? "") && !holdsDrawn(value)) return true;
  if (/^[A-Za-z]:[\\/]/.test(value) || FILE.test(value)) return !holdsDrawn(value);
  if (/^[+-]?[\d.,:_-]+[a-z%]{0,3}$/i.test(value)) return true;
  const version = /^v?\d+\.\d+(?:\.\d+)*([-+][\w.-]{0,24})?$/.exec(value);
  if (version !== null && (isWordy(version[1] ?? "") || (version[1] ?? "").length <= 9)) return true;
  const user = /^([\w.+-]+)@[^\s@]+\.[a-z]{2,}$/i.exec(value)?.[1];
  if (user !== undefined && (isWordy(user) || user === user.toLowerCase())) return true;
  return /^@?[\w.-]+\/[\w.-]+(?:@[\w.^~-]+)?$/.test(value) && isWordy(value);
}
