/** One finding of `doctor`: why a set-up does not connect, or what else there is to say about it. */
import type { Advice } from "../advice.ts";
import type { Value } from "../halo.ts";
import type { Asked, View } from "./view.ts";

/** The links before the network: files, values, the client's own view. */
export type SetupLink = "setup" | "values" | "client";

/** Why a set-up does not connect. Ids are part of the contract of the JSON output, beside the causes of a probe. */
export type SetupCause =
  | "no-entry"
  | "file-broken"
  | "settings-broken"
  | "entry-skipped"
  | "entry-runs"
  | "wrong-type"
  | "missing-value"
  | "bad-value"
  | "placeholder-sent"
  | "bad-url"
  | "endpoint-foreign"
  | "stale-value"
  | "shadowed"
  | "not-trusted"
  | "not-approved"
  | "rejected"
  | "disabled"
  | "no-bridge"
  | "client-broken"
  | "client-disagrees"
  | "network-differs"
  | "verification-off"
  | "repository-steers"
  | "token-in-repository"
  | "store-readable";

/** `warning`: it works all the same, or cannot be told. */
type Severity = "failed" | "warning" | "note";

export interface Finding {
  readonly link: SetupLink;
  readonly cause: SetupCause;
  readonly severity: Severity;
  /** One sentence: what was seen, with the file that it stands in. No secret, printable. */
  readonly seen: string;
  /** Advice, a line each. */
  readonly tryThis: string;
  /** The value that it is about, where its copies differ. */
  readonly about?: Value;
}

/** What is found at one link, in the order in which it is said. */
export type Found = Iterable<Omit<Finding, "link" | "tryThis"> & { readonly advice: readonly Advice[] }>;

/** What is looked at: the view, and once they are known the word of Claude Code and the end of the connection test. */
export type Scene = View & {
  readonly asked?: Asked | undefined;
  readonly tested?: { readonly ok: boolean; readonly cause: string | null } | undefined;
};

const make =
  (severity: Severity) =>
  (cause: SetupCause, seen: string, ...advice: readonly Advice[]) => ({ cause, severity, seen, advice });
/** A cause, one sentence and the advice → a finding of that severity. */
export const say = { failed: make("failed"), warning: make("warning"), note: make("note") } as const;
