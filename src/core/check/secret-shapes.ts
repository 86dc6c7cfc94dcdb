/**
 * What is a secret and what only looks like one. A rule that cries wolf is switched off, so everything here is judged
 * by where it stands: a known format counts anywhere, a random text only where a name says that a secret is meant.
 * The corpus of ordinary files that must stay silent is test/fixtures/check/halo/shapes.json, what was dressed up as
 * either is test/support/attacks.ts.
 */
import { isEncodedText } from "./base64.ts";
import { isObviousExample } from "./secret-examples.ts";
import { entropy, isPublicForm, isStrongPassword, isWordy } from "./secret-words.ts";

/** A stretch of a text that is a secret, and what kind. */
export interface Shape {
  readonly what: string;
  readonly start: number;
  readonly end: number;
}

/** As much of a text is looked at in one go. */
export const LONGEST = 16_384;

/** Before the value of a header. */
export const SCHEME = /^\s*(?:Bearer|Basic|Token|Api-?Key|SharedKey)\s/i;
/** What stands around a value and is none of it. */
const AROUND = /^[<>‹›«»“”„‘’(){}[\]"'`,;]+|[<>‹›«»“”„‘’(){}[\]"'`,;]+$/g;

/** Whether a word under a secret's name is one that a machine drew. */
function isDrawn(value: string): boolean {
  if (isPublicForm(value) || isObviousExample(value)) return false;
  return isStrongPassword(value) || !(isWordy(value) || isEncodedText(value));
}

const KIND = "what looks like a secret";

/** A value under a secret's name: anything that a machine drew. Words, paths, numbers and examples are none. */
export function drawnValue(text: string): Shape | undefined {
  const whole = text.slice(0, LONGEST);
  // most values, and everything that stands in brackets as a whole
  if (text.length < 8 || isObviousExample(whole)) return undefined;
  const words = [...whole.matchAll(/\S+/g)];
  const isOne = words.length === 1 || (words.length === 2 && SCHEME.test(whole));
  let [start, end] = [-1, 0];
  for (const match of words) {
    const [word] = match;
    const value = word.replace(AROUND, "");
    // among others, and in brackets, there are more things that are none
    if (value.length < (isOne && value === word ? 8 : 12) || !isDrawn(value)) continue;
    if (start < 0) start = match.index + word.indexOf(value);
    end = match.index + word.indexOf(value) + value.length;
  }
  if (start >= 0) return { what: KIND, start, end };
  return words.length < 3 ? undefined : inGroups(whole, words);
}

/** `9f86 d081 884c 7d65 9a2f`: groups of the same length, most of them of letters and digits. */
function inGroups(text: string, words: readonly RegExpExecArray[]): Shape | undefined {
  const groups = words.map(([word]) => word).filter((word) => /^[A-Za-z0-9]{3,12}$/.test(word));
  if (groups.length < words.length || new Set(groups.map(({ length }) => length)).size > 1) return undefined;
  const mixed = groups.filter((group) => /\d/.test(group) && /[a-z]/i.test(group));
  const joined = groups.join("");
  if (joined.length < 16 || 2 * mixed.length < groups.length || !isDrawn(joined)) return undefined;
  const start = text.search(/\S/);
  return { what: KIND, start, end: text.trimEnd().length };
}

/** Under a name that says nothing: long, of all kinds of characters, and drawn. Hex, GUIDs and digests are IDs there. */
export function dense(value: string): Shape | undefined {
  if (value.length < 32 || value.length > 4096 || !/^[A-Za-z0-9+/_=.~-]+$/.test(value)) return undefined;
  if (!/[a-z]/.test(value) || !/[A-Z]/.test(value) || !/\d/.test(value) || isPublicForm(value)) return undefined;
  if ((value.match(/[/._-]/g)?.length ?? 0) > 3 || isObviousExample(value) || isWordy(value) || entropy(value) < 4.2)
    return undefined;
  if (isEncodedText(value)) return undefined;
  return { what: KIND, start: 0, end: value.length };
}
