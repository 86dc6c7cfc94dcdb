/** Names that a file gives: of servers, headers, keys. A token pasted into the wrong place is one too. */
import { HIDDEN, printable } from "../secrets.ts";
import { isUnfitToShow } from "./secret-judge.ts";

const LONGEST_NAME = 64;

/** A stretch that could be a secret as a whole. */
export const WORD = /[A-Za-z0-9_+/=.~-]{8,}/g;

/** Whether it looks like a name and nothing else: no `Name: value`, no `NAME=value`, no address, nothing drawn by a machine. */
function isNameToShow(name: string): boolean {
  if (name.length > LONGEST_NAME) return false;
  // what is drawn as nothing would part a token, and be gone on the screen
  const text = /^[ -~]*$/.test(name) ? name : printable(name);
  if (/\\|=|:\s|:\/\//.test(text)) return false;
  return !(text.match(WORD) ?? []).some(isUnfitToShow);
}

/** A name as a message may quote it. */
export function shownName(name: string): string {
  return isNameToShow(name) ? name : HIDDEN;
}
