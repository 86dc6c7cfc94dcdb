/** The copies of the values on this machine: each is tested once, and one that works is used everywhere. */
import type { Diagnosis } from "../../core/diagnosis/diagnose.ts";
import { LABELS, VALUES } from "../../core/halo.ts";
import { isAboutValues } from "./menus.ts";
import type { Page, Values } from "./survey.ts";
import { testValues } from "./test.ts";
import { type Candidates, isGiven, type Sources, valuesIn, valuesOf } from "./values.ts";

interface Copy {
  readonly values: Values;
  readonly place: string;
}

export interface Copies {
  readonly works?: Copy;
  /** Of the one that works, else of the first. */
  readonly tested?: Diagnosis | undefined;
  /** Tokens that were refused. */
  readonly refused: ReadonlySet<string>;
  /** The token of every copy was. */
  readonly areRefused?: boolean;
}

const MOST = 3;

/** The complete sets of values, best first; what a place does not have is that of the best. One alone: nothing to compare. */
export function copiesOf({ options, ask }: Page, sources: Sources, candidates: Candidates): readonly Copy[] {
  const best = valuesOf(candidates);
  // what a person names is used, whatever else is here
  const isNamed =
    isGiven(candidates.token?.kind) ||
    (candidates.token?.kind === "environment" && (options.yes || !ask) && !options.isRepair);
  // nobody can be asked, and nobody agreed
  const isHeld = ask === undefined && !options.yes && !options.dryRun;
  if (best === undefined || isNamed || isHeld || options.skipTest) return [];
  const copies = new Map<string, Copy>();
  for (const [place, values] of valuesIn(sources, candidates)) {
    const copy = { place, values: { ...best, ...values } };
    const key = JSON.stringify(VALUES.map((which) => copy.values[which]));
    if (!copies.has(key)) copies.set(key, copy);
  }
  return copies.size < 2 ? [] : [...copies.values()].slice(0, MOST);
}

/** Tests each, and says which works and what is old. */
export async function testCopies(page: Page, copies: readonly Copy[]): Promise<Copies> {
  const refused = new Set<string>();
  const results: { readonly copy: Copy; readonly tested: Diagnosis }[] = [];
  for (const copy of copies) {
    const tested = await testValues(page, copy.values, `Values of ${copy.place}`);
    if (tested === undefined) break;
    results.push({ copy, tested });
    if (tested.cause === "unauthorized") refused.add(copy.values.token);
    // another copy would fail in the same way
    if (!tested.ok && !isAboutValues(tested.cause)) break;
  }
  const found = results.find(({ tested }) => tested.ok);
  const [first] = results;
  const areRefused = results.length > 0 && results.every(({ tested }) => tested.cause === "unauthorized");
  if (found === undefined) return { tested: first?.tested, refused, areRefused };
  const works = found.copy;
  for (const { copy, tested } of results) {
    if (copy === works) continue;
    const which = VALUES.find((value) => copy.values[value] !== works.values[value]) ?? "token";
    const what = tested.ok ? "is another one and works, too" : "is old";
    const slot = page.target.slots[which];
    const isExported = copy.place === "the environment" && "env" in slot;
    page.show.warn(
      `The ${LABELS[which]} in ${copy.place} ${what}; the one in ${works.place} works.`,
      isExported ? [`To stop using it in this shell: unset ${slot.env}`] : [],
    );
  }
  return { works, tested: found.tested, refused };
}
