/** One finding of `doctor`: why a set-up does not connect, or what else there is to say about it. */
import type { Advice } from "../advice.ts";
import type { Value } from "../halo.ts";
import type { Asked, View } from "./view.ts";

/** Why a set-up does not connect, and the link at which that is said. The ids are part of the JSON contract, beside the causes of a probe. */
export const LINK_OF = {
  "no-entry": "setup",
  "file-broken": "setup",
  "settings-broken": "setup",
  "entry-skipped": "setup",
  "entry-runs": "setup",
  "wrong-type": "setup",
  "bad-url": "setup",
  "endpoint-foreign": "setup",
  shadowed: "setup",
  "store-readable": "setup",
  "missing-value": "values",
  "bad-value": "values",
  "placeholder-sent": "values",
  "no-bridge": "values",
  "stale-value": "values",
  "token-in-repository": "values",
  "not-trusted": "client",
  "not-approved": "client",
  rejected: "client",
  disabled: "client",
  "client-broken": "client",
  "client-disagrees": "client",
  "network-differs": "client",
  "verification-off": "client",
  "repository-steers": "client",
} as const;
export type SetupCause = keyof typeof LINK_OF;
/** The links before the network: files, values, the client's own view. */
export type SetupLink = (typeof LINK_OF)[SetupCause];

export interface Finding {
  readonly link: SetupLink;
  readonly cause: SetupCause;
  /** `warning`: it works all the same, or cannot be told. */
  readonly severity: "failed" | "warning" | "note";
  /** One sentence: what was seen, with the file that it stands in. No secret, printable. */
  readonly seen: string;
  /** Advice, a line each. */
  readonly tryThis: string;
  /** The value that it is about, where its copies differ. */
  readonly about?: Value;
}

/** What is found, in the order in which it is said. */
export type Found = Iterable<Omit<Finding, "link" | "tryThis"> & { readonly advice: readonly Advice[] }>;

/** What is looked at: the view, and once they are known the word of Claude Code and the end of the connection test. */
export type Scene = View & {
  readonly asked?: Asked | undefined;
  readonly tested?: { readonly ok: boolean; readonly cause: string | null } | undefined;
};

const make =
  (severity: Finding["severity"]) =>
  (cause: SetupCause, seen: string, ...advice: readonly Advice[]) => ({ cause, severity, seen, advice });
/** A cause, one sentence and the advice → a finding of that severity. */
export const say = { failed: make("failed"), warning: make("warning"), note: make("note") } as const;
