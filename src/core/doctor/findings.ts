/** All that is found out about a set-up. */
import { linesOf } from "./advice.ts";
import type { Finding, Found, Scene, SetupCause, SetupLink } from "./finding.ts";
import { clientFindings } from "./findings-client.ts";
import { setupFindings } from "./findings-setup.ts";
import { valueFindings } from "./findings-values.ts";

/** What an interactive session does, when its owner trusts the folder and answers nothing else. */
export interface Verdict {
  /** It sends the three values to the URL of the entry. */
  readonly wouldConnect: boolean;
  readonly cause?: SetupCause;
  readonly reason: string;
}

/** Failures that keep no session from sending the values. */
const NO_OBSTACLE: ReadonlySet<SetupCause> = new Set([
  "endpoint-foreign",
  "settings-broken",
  "stale-value",
  "client-broken",
  "client-disagrees",
  "repository-steers",
]);

/** A session does not send the values, for this reason: any other failure, no entry, or one without its approval. */
const isObstacle = ({ cause, link, severity }: Finding): boolean =>
  severity === "failed"
    ? !NO_OBSTACLE.has(cause)
    : cause === "no-entry" || (cause === "not-approved" && link === "client");

/** Said only of an entry that may be approved and filled: nobody is told to do that with what is not HALO's. */
const isForFit = ({ cause, link }: Finding): boolean =>
  link === "values" ? cause !== "token-in-repository" : cause === "disabled" || cause === "rejected";

/** In: the view, and what is known of the test and of Claude Code's own word. Out: what is said, the failures of each link first. */
export function findingsOf(v: Scene): { readonly findings: readonly Finding[]; readonly verdict: Verdict } {
  const at = (link: SetupLink, found: Found): readonly Finding[] =>
    Array.from(found, ({ advice, ...rest }) => ({ link, ...rest, tryThis: linesOf(advice, v.input.given.cwd) }));
  const all = [...at("setup", setupFindings(v)), ...at("client", clientFindings(v)), ...at("values", valueFindings(v))];
  const reason = all.find(isObstacle);
  const connects = v.winner !== undefined && reason === undefined;
  const verdict: Verdict = connects
    ? { wouldConnect: true, reason: `it sends the values of the entry in ${v.winner?.file ?? ""}` }
    : { wouldConnect: false, ...(reason && { cause: reason.cause }), reason: reason?.seen ?? "there is no entry" };
  const isFit = v.winner === undefined || v.isFit(v.winner);
  const findings = all
    .filter((each) => isFit || !isForFit(each))
    // a settings file that is skipped, where nothing of it is missed
    .map((each) => (connects && each.cause === "settings-broken" ? { ...each, severity: "warning" as const } : each))
    .toSorted((a, b) => Number(a.severity !== "failed") - Number(b.severity !== "failed"));
  return { findings, verdict };
}
