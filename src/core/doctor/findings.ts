/** All findings about a set-up. */
import { type Finding, finish, type Scene, type SetupCause } from "./finding.ts";
import { clientFindings } from "./findings-client.ts";
import { setupFindings } from "./findings-setup.ts";
import { valueFindings } from "./findings-values.ts";

/** Failures with which a session still sends the values. */
const NO_OBSTACLE: readonly SetupCause[] = [
  "endpoint-foreign",
  "stale-value",
  "client-broken",
  "client-disagrees",
  "repository-steers",
];
/** What a skipped settings file may contain. */
export const IN_SETTINGS: readonly SetupCause[] = ["missing-value", "no-bridge", "not-approved"];

/** Reported only for an entry that may be approved: nobody must be told to approve an entry that is not HALO's. */
const isForFit = ({ cause, link }: Finding): boolean =>
  link === "values" ? cause !== "token-in-repository" : cause === "disabled" || cause === "rejected";

/** In: the view, and what is known of the test and of Claude Code's answer. Out: the findings, failures first. */
export function findingsOf(v: Scene) {
  const { winner, waiting } = v;
  const all = finish([...setupFindings(v), ...clientFindings(v), ...valueFindings(v)], v.given);
  // without an entry, or without its approval, a session sends nothing either
  const obstacle = all.find(({ cause, severity }) =>
    severity === "failed"
      ? !NO_OBSTACLE.includes(cause)
      : cause === "no-entry" || (cause === "not-approved" && waiting === undefined),
  );
  /** What an interactive session does if its owner trusts the folder and approves nothing. */
  const verdict = obstacle
    ? { wouldConnect: false, cause: obstacle.cause, reason: obstacle.seen }
    : { wouldConnect: true, reason: `it sends the values of the entry in ${winner?.file ?? ""}` };
  const findings = all
    .filter((each) => winner === undefined || v.isFit(winner) || !isForFit(each))
    .toSorted((a, b) => Number(a.severity !== "failed") - Number(b.severity !== "failed"));
  return { findings, verdict };
}
