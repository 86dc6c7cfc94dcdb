/** Subject → findings. Pure. */

import type { TextEdit } from "./edits.ts";
import type { Document, Finding, Rule, Subject } from "./model.ts";
import { secretsIn } from "./secret-places.ts";

/** Whether an edit takes a secret of the file out. */
function isLoss(document: Document, { offset, length, text }: TextEdit): boolean {
  if (length < 8) return false;
  const secrets = secretsIn(document);
  let [low, high] = [0, secrets.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const span = secrets[middle]?.span;
    if (span !== undefined && span.offset + span.length <= offset) low = middle + 1;
    else high = middle;
  }
  const before = document.text.slice(offset, offset + length);
  for (let each = secrets[low]; each !== undefined && each.span.offset < offset + length; each = secrets[++low]) {
    if (before.includes(each.value) && !text.includes(each.value)) return true;
  }
  return false;
}

/** The findings without the fixes that would take a secret out: it may be the only copy, and to delete it does not take it back. */
function withoutLosses(findings: readonly Finding[], { documents }: Subject): readonly Finding[] {
  if (findings.every(({ fix }) => fix === undefined)) return findings;
  const byPath = new Map(documents.map((document) => [document.path, document]));
  return findings.map((each) => {
    const document = byPath.get(each.path);
    if (each.fix === undefined || document === undefined) return each;
    if (!each.fix.some((edit) => isLoss(document, edit))) return each;
    const { fix: _, ...rest } = each;
    return rest;
  });
}

/** Runs the rules: findings by path, then position, then the order of the rules. */
export function runRules(rules: readonly Rule[], subject: Subject): readonly Finding[] {
  const found = rules
    .filter((rule) => subject.local || rule.localOnly !== true)
    .flatMap((rule, index) => rule.check(subject).map((finding) => ({ finding, index })));
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  const sorted = found
    .sort(
      (a, b) =>
        order(a.finding.path, b.finding.path) || a.finding.span.offset - b.finding.span.offset || a.index - b.index,
    )
    .map(({ finding }) => finding);
  return withoutLosses(sorted, subject);
}
