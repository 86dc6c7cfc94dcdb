/** Subject → findings. Pure. */
import type { Document, Finding, Rule, Subject, TextEdit } from "./model.ts";
import { secretsIn } from "./secret-places.ts";

/** Whether an edit removes a secret: it may be the only copy, and deleting it does not undo the leak. */
function isLoss(document: Document, { offset, length, text }: TextEdit): boolean {
  const before = document.text.slice(offset, offset + length);
  return length >= 8 && secretsIn(document).some(({ value }) => before.includes(value) && !text.includes(value));
}

/** Runs the rules: findings by path, then position, then the order of the rules. No fix removes a secret. */
export function runRules(rules: readonly Rule[], subject: Subject): readonly Finding[] {
  const byPath = new Map(subject.documents.map((document) => [document.path, document]));
  return rules
    .filter((rule) => subject.local || rule.localOnly !== true)
    .flatMap((rule) => rule.check(subject))
    .map(({ fix, ...finding }): Finding => {
      const document = byPath.get(finding.path);
      const isLost = document !== undefined && fix?.some((edit) => isLoss(document, edit));
      return fix === undefined || isLost ? finding : { ...finding, fix };
    })
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.span.offset - b.span.offset));
}
