/** References to variables, in any client's spelling. */
import { onceForText } from "./once.ts";

/** What follows in a text is not looked at: no value refers to anything there. */
const LONGEST = 16_384;

/** References in brackets: how each begins and ends. */
const BRACKETS = [
  ["${{", "}}"],
  ["{{", "}}"],
  ["${", "}"],
  ["{env:", "}"],
  ["{file:", "}"],
  ["$(", ")"],
] as const;
const LONGEST_REFERENCE = 256;
const BARE_REFERENCE = /(?<!\S)(?:\$[A-Za-z_]\w{0,127}|%\w{1,128}%)(?!\S)/y;

interface Reference {
  readonly text: string;
  readonly offset: number;
}

/** One pass: an expression would try a few hundred characters again at every one of 8,000 `${` that nothing closes. */
const allReferences = onceForText((text): readonly Reference[] => {
  const found: Reference[] = [];
  const closings: Record<"}" | ")", number> = { "}": -1, ")": -1 };
  const closingFrom = (at: number, sign: "}" | ")"): number => {
    if (closings[sign] < at) {
      const next = text.indexOf(sign, at);
      closings[sign] = next < 0 ? text.length : next;
    }
    return closings[sign];
  };
  const endAt = (at: number): number | undefined => {
    for (const [opening, closing] of BRACKETS) {
      if (!text.startsWith(opening, at)) continue;
      const inside = at + opening.length;
      const end = closingFrom(inside, closing === ")" ? ")" : "}");
      if (end - inside <= LONGEST_REFERENCE && text.startsWith(closing, end)) return end + closing.length;
    }
    BARE_REFERENCE.lastIndex = at;
    return BARE_REFERENCE.test(text) ? BARE_REFERENCE.lastIndex : undefined;
  };
  const starts = /[$%{]/g;
  for (let match = starts.exec(text); match !== null; match = starts.exec(text)) {
    const end = endAt(match.index);
    if (end === undefined) continue;
    found.push({ text: text.slice(match.index, end), offset: match.index });
    starts.lastIndex = end;
  }
  return found;
});

/** The usual value as a whole: `check` of most repositories then never compiles the expression above. */
export const ONE_REFERENCE = /^\$\{\w{1,128}\}$/;

/** The variables in a text, in any client's spelling: what they name is not here. */
export function referencesIn(text: string): readonly Reference[] {
  if (!/[$%{]/.test(text)) return [];
  if (ONE_REFERENCE.test(text)) return [{ text, offset: 0 }];
  return allReferences(text.slice(0, LONGEST));
}

/** Whether a text refers to a variable, in any client's spelling. */
export function hasReference(text: string): boolean {
  return referencesIn(text).length > 0;
}
