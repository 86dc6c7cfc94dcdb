/** Words, and the texts that stand where a value belongs: neither is a secret, and neither is sent as the token. */

export const partsOf = (text: string): readonly string[] => text.split(/[^A-Za-z0-9]+/);

/** A word, a year, a number, `v2`, `ed25519`, `1Password`. */
export function isWord(part: string): boolean {
  if (part.length <= 3 || /^\d{0,4}$/.test(part) || /^[A-Za-z]{1,3}\d{1,5}$/.test(part)) return true;
  const letters = part.replace(/^\d(?=[A-Z][a-z]+$)|\d{1,4}$/, "");
  if (/^(?:[A-Z]+|[a-z]+)$/.test(letters)) return letters.length <= 24;
  // people write capitals at the start of longer words; random text has them anywhere
  const capitals = letters.match(/[A-Z]+/g)?.length ?? 0;
  if (/^[A-Z][a-z]{2,}[A-Z]{1,3}$/.test(part) && part.length <= 9) return true;
  return /^[A-Za-z]+$/.test(letters) && letters.length >= 4.5 * capitals;
}

export const isWordy = (value: string): boolean => partsOf(value).every(isWord);

const MARKED = /^<[^>]*>?$|^\[[^\]]*\]$|^\(.*\)$|^\{.*\}$|<[a-z][\w .-]{0,64}>/i;
/** English, and the words of the same kind of the neighbours' languages. */
const SAYS_SO =
  /(?:^|[^A-Za-z])(?:deine?n?|hier|einf(?:ü|ue)gen|eintragen|ersetzen|beispiel|platzhalter|jouw|invullen|vervang(?:en)?|voorbeeld|votre|ici|exemple|remplace[rz]|ins(?:é|e)re[rz]|your?s?|here|example|examples|sample|dummy|fake|placeholder|change[-_ ]?me|change[-_ ]?this|replace[-_ ]?(?:me|with)?|insert|redacted|todo|fixme|undefined|foobar)(?=$|[^A-Za-z])|^(?:your|dein|ihr|jouw|votre)(?=[A-Z_])|CHANGEME|REPLACE_?ME|PLACEHOLDER/gi;
const MASK = /x{4,}|\*{3,}|\.{3,}|…|#{3,}|_{4,}/gi;

/** Whether a text says that it is no value, or is a mask, with little else in it. */
export function isPlaceholder(value: string): boolean {
  const rest = value.replace(MASK, " ").replace(SAYS_SO, " ");
  if (rest === value && !MARKED.test(value)) return false;
  const drawn = partsOf(rest).filter((part) => !isWord(part));
  return drawn.join("").length < 16;
}
