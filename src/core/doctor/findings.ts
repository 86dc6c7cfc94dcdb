/** All that is found out about a set-up, from one table. */
import type { Finding, Scene, SetupCause } from "./finding.ts";
import { CLIENT } from "./findings-client.ts";
import { SETUP } from "./findings-setup.ts";
import { VALUES } from "./findings-values.ts";

/** What an interactive session does, when its owner trusts the folder and answers nothing else. */
export interface Verdict {
  /** It sends the three values to the URL of the entry. */
  readonly wouldConnect: boolean;
  readonly cause?: SetupCause;
  readonly reason: string;
}

/** In: the view, and what is known of the test and of Claude Code's own word. Out: what is said, the failures of each link first. */
export function findingsOf(v: Scene): { readonly findings: readonly Finding[]; readonly verdict: Verdict } {
  const all = [...SETUP, ...CLIENT, ...VALUES].flatMap((row) => row(v));
  const reason = all.find(({ blocks }) => blocks);
  const connects = v.winner !== undefined && reason === undefined;
  const verdict: Verdict = connects
    ? { wouldConnect: true, reason: `it sends the values of the entry in ${v.winner?.file ?? ""}` }
    : { wouldConnect: false, ...(reason && { cause: reason.cause }), reason: reason?.seen ?? "there is no entry" };
  const isFit = v.winner === undefined || v.isFit(v.winner);
  const findings = all
    // nobody is told to fill or approve what is not HALO's
    .filter(({ ours }) => isFit || !ours)
    // a settings file that is skipped, where nothing of it is missed
    .map((each) => (connects && each.cause === "settings-broken" ? { ...each, severity: "warning" as const } : each))
    .toSorted((a, b) => Number(a.severity !== "failed") - Number(b.severity !== "failed"));
  return { findings, verdict };
}
