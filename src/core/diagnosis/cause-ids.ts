/** The two IDs in the prose of a cause: which of them the server's words are about, and what to do about it. */

import { HEADERS, LABELS } from "../halo.ts";
import type { CauseFacts, IdWords } from "./cause-text.ts";
import { deniesId } from "./server-words.ts";

const BOTH = ["account", "profile"] as const;
type Id = (typeof BOTH)[number];

/** An ID by its name, its value, its header and where it comes from, as far as they are known. */
function named(which: Id, { value, from }: IdWords): string {
  const parts = [`sent as ${HEADERS[which]}`, ...(from === undefined ? [] : [`from ${from}`])];
  return `${LABELS[which]}${value === undefined ? "" : ` "${value}"`} (${parts.join(", ")})`;
}

/** What is said of the ID itself, where others are named beside it. */
const blamed = (which: Id): RegExp =>
  new RegExp(
    `\\b${which}(?:[ -]?id)?["'\`]? (?:is|was) (?:not |un)?(?:empty|found|invalid|known|malformed|missing|set|valid|wrong)\\b`,
    "iu",
  );

/** Its name as a word or in that of a header, a variable or a field; not as a part of a path, or of a service's name. */
const spoken = (which: Id): RegExp =>
  new RegExp(
    `(?:(?<![\\w/.-])|(?:cm|halo|x)[-_])${which}(?:[ _-]?ids?|s|'s)?(?![\\w/-])(?! (?:service|settings|page|server|api))`,
    "iu",
  );

/** The IDs that the server's words name. */
function namedIn({ words, ids }: CauseFacts): readonly Id[] {
  const which = BOTH.filter((id) => {
    const value = ids?.[id]?.value;
    return spoken(id).test(words ?? "") || (value !== undefined && value.length > 3 && words?.includes(value));
  });
  const one = which.filter((id) => blamed(id).test(words ?? ""));
  return one.length === 1 ? one : which;
}

const list = (which: readonly Id[], { ids }: CauseFacts): string =>
  which.map((id) => named(id, ids?.[id] ?? {})).join(" and the ");

/** The words name an ID. */
export const namesIds = (facts: CauseFacts): boolean => namedIn(facts).length > 0;

/** Which ID the server's words are about. A server that fell over speaks of much else, and a tool too, save where it knows no such ID. */
export function meant(facts: CauseFacts): string {
  const isSure = facts.method === "tools/call" ? deniesId(facts.words ?? "") : (facts.status ?? 0) < 500;
  if (!namesIds(facts) || !isSure) return "";
  return ` That is about the ${list(namedIn(facts), facts)}.`;
}

/** Those that are named are to be checked; both where none is. */
export const checkIds = (facts: CauseFacts): string =>
  `Check the ${list(namesIds(facts) ? namedIn(facts) : BOTH, facts)}`;
