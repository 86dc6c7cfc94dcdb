/** Findings, whose words are fit to be shown: whatever a rule quotes passes through here. */
import { mask, printable, redact } from "../redact.ts";
import type { TextEdit } from "./edits.ts";
import type { Document, Finding, Span, Subject } from "./model.ts";
import { isUnfitToShow } from "./secret-shapes.ts";

function hidden(subject: Pick<Subject, "secrets">, text: string): string {
  return redact(text, subject.secrets).replace(/[A-Za-z0-9_+/=.~-]{8,}/g, (word) =>
    isUnfitToShow(word) ? mask(word) : word,
  );
}

/** Nothing in the text had to be masked. */
export function isFitToShow(subject: Pick<Subject, "secrets">, text: string): boolean {
  return text.length <= 4096 && hidden(subject, text) === text;
}

/** A text of a file as a message may quote it: printable, and every stretch that could be a secret masked. */
function shown(subject: Pick<Subject, "secrets">, text: string, max = 200): string {
  return printable(hidden(subject, text.slice(0, 4096)), max);
}

/** A finding whose arguments are all fit to be shown. */
export function finding(
  subject: Subject,
  rule: string,
  document: Pick<Document, "path">,
  span: Span,
  args: Readonly<Record<string, string>>,
  fix?: readonly TextEdit[],
): Finding {
  const safe = Object.fromEntries(Object.entries(args).map(([name, text]) => [name, shown(subject, text)]));
  return { rule, path: document.path, span, args: safe, ...(fix === undefined ? {} : { fix }) };
}

/** Fixes of one rule that need the whole file read again; the rest is for the next run, so that no file costs a square. */
export const MOST_FIXES = 20;

/** The one edit that turns a text into another: what they share at both ends stays out of it. */
export function editBetween(before: string, after: string): TextEdit {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return { offset: start, length: before.length - end - start, text: after.slice(start, after.length - end) };
}
