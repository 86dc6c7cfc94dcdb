/** Subject → findings. Pure. */
import type { Finding, Rule, Subject } from "./model.ts";

/** Runs the rules: findings by path, then position, then the order of the rules. */
export function runRules(rules: readonly Rule[], subject: Subject): readonly Finding[] {
  const found = rules
    .filter((rule) => subject.local || rule.localOnly !== true)
    .flatMap((rule, index) => rule.check(subject).map((finding) => ({ finding, index })));
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return found
    .sort(
      (a, b) =>
        order(a.finding.path, b.finding.path) || a.finding.span.offset - b.finding.span.offset || a.index - b.index,
    )
    .map(({ finding }) => finding);
}
