/** Subject → findings, and what their fixes make of a text. Pure. */
import { applyEdits } from "jsonc-parser";
import type { Edited } from "../formats/json.ts";
import type { Document, Finding, Rule, Subject, TextEdit } from "./model.ts";
import { secretsIn } from "./secret-places.ts";

/** Whether an edit removes a secret: it may be the only copy, and deleting it does not undo the leak. */
function isLoss(document: Document, { offset, length, text }: TextEdit): boolean {
  const before = document.text.slice(offset, offset + length);
  return length >= 8 && secretsIn(document).some(({ value }) => before.includes(value) && !text.includes(value));
}

/** Runs the rules: findings by path, then position, then the order of the rules. No fix removes a secret, or changes a file of other things. */
export function runRules(rules: readonly Rule[], subject: Subject): readonly Finding[] {
  const byPath = new Map(subject.documents.map((document) => [document.path, document]));
  return rules
    .filter((rule) => subject.local || rule.localOnly !== true)
    .flatMap((rule) => rule.check(subject))
    .map(({ fix, creates, ...finding }): Finding => {
      const document = byPath.get(finding.path);
      const isLost = document !== undefined && fix?.some((edit) => isLoss(document, edit));
      const isKept = fix === undefined || isLost || document?.whole !== undefined;
      return isKept ? finding : { ...finding, fix, ...(creates && { creates }) };
    })
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.span.offset - b.span.offset));
}

/** Applies the fixes that can be combined, each whole or not at all; of two that overlap, the first. */
export function applyFixes(text: string, fixes: readonly (readonly TextEdit[])[]): string {
  const taken: TextEdit[] = [];
  const meets = (a: TextEdit, b: TextEdit): boolean =>
    a.offset === b.offset || (a.offset < b.offset + b.length && b.offset < a.offset + a.length);
  for (const fix of fixes) if (!fix.some((edit) => taken.some((other) => meets(edit, other)))) taken.push(...fix);
  const edits = taken.map(({ offset, length, text: content }) => ({ offset, length, content }));
  return applyEdits(text, edits);
}

/** One edit that turns a text into another one, without the parts that both share at their ends. */
export function fixOf(before: string, edited: Edited): readonly TextEdit[] | undefined {
  if (!edited.ok || edited.text === before) return undefined;
  const after = edited.text;
  let [start, end] = [0, 0];
  while (before[start] === after[start]) start += 1;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  return [{ offset: start, length: before.length - end - start, text: after.slice(start, after.length - end) }];
}
