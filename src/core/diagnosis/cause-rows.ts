/** What a row of causes is made of, and the words that several rows share. */
import type { Advice } from "../advice.ts";
import { HALO_URL } from "../halo.ts";
import { type Facts, meant } from "./facts.ts";
import type { ProbeStage } from "./record.ts";
import type { Seen } from "./seen.ts";

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
export const doctor = (...more: string[]): Advice => run("npx", "create-halo-mcp", "doctor", ...more);

/** The exchange broke with such a code. */
export const broke =
  (pattern: RegExp) =>
  ({ end, last }: Seen): boolean =>
    end === "broken" && last?.codes.some((code) => pattern.test(code)) === true;

export const host = (facts: Facts): string => facts.host ?? "the server";
export const asked = (facts: Facts): string => facts.method ?? "the request";
export const http = ({ status }: Facts): string => (status === undefined ? "" : ` (HTTP ${status})`);
/** The code of JSON-RPC, or the innermost of the network. */
export const code = ({ rpcCode, codes }: Facts): string => {
  const shown = rpcCode ?? codes?.at(-1);
  return shown === undefined ? "" : ` (${shown})`;
};

const RIGHT_URL = "The URL is HALO's own and correct.";
const ON_THE_WAY = "A gateway, firewall or proxy on the way may have answered, or HALO has a problem.";
const SUPPORT = "If that does not help, ask CM.com support and tell them the time of this test.";
export const LATER = `Wait a few minutes and run it again. ${SUPPORT}`;
/**
 * Advice to check the URL. If it is HALO's own: `reason` says what else can be wrong, and `next` what to do about it.
 * `own`: a line for people who run their own server.
 */
export function checkUrl(
  { halo }: Facts,
  reason = ON_THE_WAY,
  next = "Try another network.",
  own = "",
): readonly string[] {
  if (halo === true) return [`${RIGHT_URL} ${reason}`, `${next} ${SUPPORT}`];
  const lines = ["Check the URL, letter by letter. HALO's is:", HALO_URL];
  return own === "" ? lines : [...lines, own];
}

/** That the direct way was taken in spite of a variable. */
export function direct({ direct: way }: Facts): string {
  if (way === undefined) return "";
  return "by" in way
    ? ` It was tried directly: ${way.by} excepts this host from ${way.variable}.`
    : ` It was tried directly: ${way.variable} is set, but Node's fetch and this test do not read it.`;
}
export function tryProxy({ direct: way }: Facts): readonly string[] {
  if (way === undefined) return [];
  const what =
    "by" in way ? `take the host out of ${way.by}` : `set HTTPS_PROXY to the address that ${way.variable} holds`;
  return [`If only the proxy reaches it, ${what}.`];
}

/** In quotes; with a full stop, unless its last sentence has one. */
export const quote = (words: string): string => `"${words}"${/[.!?…]$/.test(words) ? "" : "."}`;
/** What the server said, and which ID that is about. */
export const said = (facts: Facts): string => (facts.words ? ` It said: ${quote(facts.words)}${meant(facts)}` : "");
