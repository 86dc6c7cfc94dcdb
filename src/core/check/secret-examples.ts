/** What a reader takes for an example at once. */
import { isWord, isWordy } from "./secret-words.ts";

/** A name that stands where its value belongs: somebody left the brackets out. */
export function isVariableName(text: string): boolean {
  return /^[A-Z]{2,20}(?:_[A-Z]{1,20}){1,5}$/.test(text.trim());
}

const MARKED = /^<[^>]*>?$|^\[[^\]]*\]$|^\(.*\)$|^\{.*\}$|<[a-z][\w .-]{0,64}>/i;
/** English, and the words of the same kind of the neighbours' languages. */
const SAYS_SO =
  /(?:^|[^A-Za-z])(?:deine?n?|hier|einf(?:ü|ue)gen|eintragen|ersetzen|beispiel|platzhalter|jouw|invullen|vervang(?:en)?|voorbeeld|votre|ici|exemple|remplace[rz]|ins(?:é|e)re[rz]|your?s?|here|example|examples|sample|dummy|fake|placeholder|change[-_ ]?me|change[-_ ]?this|replace[-_ ]?(?:me|with)?|insert|redacted|todo|fixme|undefined|foobar)(?=$|[^A-Za-z])|^(?:your|dein|ihr|jouw|votre)(?=[A-Z_])|CHANGEME|REPLACE_?ME|PLACEHOLDER/gi;
const RUN =
  /x{4,}|\*{3,}|•{2,}|\.{3,}|…|#{3,}|_{4,}|0{8,}|01234567|12345678|87654321|abcdefgh|abc123|deadbeef|123e4567-e89b-12d3-a456-\d+|123e4567-e89b/gi;
const WEAK =
  /^(?:passw(?:or)?d|p[a@]ssw0rd|pass|secret|root|admin|user|guest|test|postgres|mysql|redis|mongo|minio|minioadmin|rabbitmq|neo4j|sa|qwerty|letmein|hunter2|dev|local|none|null|token|key|apikey)[!@#$]?\d{0,4}[!@#$]?$/i;
/** The words of which examples are made, also without anything between them: `mytoken123abc`. */
const VOCABULARY =
  /my|your|our|super|private|public|token|secret|passw(?:or)?d|pass|key|api|test|demo|dummy|fake|mock|sample|example|default|dev|local|client|access|auth|bearer|user|admin|value|string|abc|xyz|1234?5?6?7?8?9?0?/gi;

/** `abcdef123456`, `a1b2c3d4e5f6`: each sign follows from the one before it, or, `far`, from the one before that. */
function isSequence(text: string, far = true): boolean {
  const codes = [...text.toLowerCase()].map((char) => char.charCodeAt(0));
  const step = (at: number, back: number): number => (codes[at] ?? 0) - (codes[at - back] ?? 0);
  const follows = codes.filter(
    (_, at) =>
      (at > 0 && Math.abs(step(at, 1)) <= 1) || (far && at > 1 && (step(at, 2) === 1 || step(at + 2, 2) === 1)),
  );
  return codes.length >= 6 && follows.length >= 0.75 * codes.length;
}

/** How much of a text a machine drew, beside the fillers and the words that call it an example. */
function drawnBeside(text: string, far: boolean): number {
  let sum = 0;
  for (const part of text
    .replace(RUN, " ")
    .replace(SAYS_SO, " ")
    .split(/[^A-Za-z0-9]+/))
    if (!isWord(part) && !isSequence(part, far)) sum += part.length;
  return sum;
}

function isMadeOfWords(value: string): boolean {
  if (value.length > 64) return false;
  const rest = value.replace(VOCABULARY, " ");
  return 2 * rest.replace(/\s/g, "").length <= value.length && isWordy(rest);
}

/** Whether an expression that is used for replacing as well finds something. */
function has(expression: RegExp, text: string): boolean {
  return text.search(expression) >= 0;
}

/**
 * True where a reader sees at once that no secret stands here: a placeholder, an obvious example, a mask. Less of it is
 * obvious where the text `hasFormat` of a secret.
 */
export function isObviousExample(text: string, hasFormat = false): boolean {
  const value = text.trim().replace(/^(?:Bearer|Basic|Token|ApiKey)\s+/i, "");
  if (value === "" || WEAK.test(value) || /EXAMPLE(?:KEY)?$/.test(value)) return true;
  const isMarked = MARKED.test(value);
  // a sentence in brackets
  if (isMarked && /\s/.test(value)) return true;
  if (isMarked || has(SAYS_SO, value) || has(RUN, value)) {
    const drawn = drawnBeside(value, !hasFormat);
    if (drawn < 16 || 3 * drawn < value.length) return true;
  }
  const letters = value.replace(/[-_ ]/g, "");
  if (value.length >= 8 && new Set(letters.toLowerCase()).size <= 3) return true;
  return isSequence(letters.slice(0, 256), !hasFormat) || isMadeOfWords(value);
}
