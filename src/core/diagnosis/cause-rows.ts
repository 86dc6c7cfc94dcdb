/** What a row of causes is made of, and the advice that several rows share. */
import type { Advice } from "../advice.ts";
import { HALO_URL } from "../halo.ts";
import type { Facts, Seen } from "./facts.ts";
import type { ProbeStage } from "./record.ts";

export interface CauseRow {
  /** The stage that fails; without it, the stage that the test had reached. */
  readonly stage?: ProbeStage;
  /** Whether a test failed for this cause; the first row that matches is taken. Without it, the cause is found before anything is sent. */
  readonly when?: (seen: Seen) => boolean;
  readonly title: string;
  /** What was seen. */
  readonly explain: (facts: Facts) => string;
  /** What to do next. */
  readonly tryThis: Next | ((facts: Facts) => Next);
}

/** A text is a note. */
export type Next = string | readonly (string | Advice)[];

export function adviceOf({ tryThis }: CauseRow, facts: Facts): readonly Advice[] {
  const next = typeof tryThis === "function" ? tryThis(facts) : tryThis;
  return [next].flat().map((each) => (typeof each === "string" ? { note: each } : each));
}

export const run = (...argv: [string, ...string[]]): Advice => ({ run: argv });

/** The exchange broke with such a code. */
export const broke =
  (pattern: RegExp) =>
  ({ end, last }: Seen): boolean =>
    end === "broken" && last?.codes.some((code) => pattern.test(code)) === true;

const SUPPORT = "If that does not help, ask CM.com support and tell them the time of this test.";
export const LATER = `Wait a few minutes and run it again. ${SUPPORT}`;

/** Advice to check the URL. If it is HALO's own, `reason` says what else can be wrong. */
export const checkUrl = (
  { isHalo }: Facts,
  reason = "A gateway, firewall or proxy on the way may have answered, or HALO has a problem.",
): readonly string[] =>
  isHalo
    ? [`The URL is HALO's own and correct. ${reason}`, `Try another network. ${SUPPORT}`]
    : ["Check the URL, letter by letter. HALO's is:", HALO_URL];
