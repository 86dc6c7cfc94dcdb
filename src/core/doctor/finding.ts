/** One finding of `doctor`, and the row of the table that makes it. */
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
  readonly cause: SetupCause;
  readonly link: SetupLink;
  readonly severity: Severity;
  /** One sentence: what was seen, with the file that it stands in. No secret, printable. */
  readonly seen: string;
  readonly advice: readonly Advice[];
  /** The value that it is about, where its copies differ. */
  readonly about?: Value;
  /** A session does not send the values, for this reason. */
  readonly blocks: boolean;
  /** It is said only of an entry that may be approved and filled. */
  readonly ours: boolean;
}

/** What the rows look at: the view, and once they are known the word of Claude Code and the end of the connection test. */
export type Scene = View & {
  readonly asked?: Asked | undefined;
  readonly tested?: { readonly ok: boolean; readonly cause: string | null } | undefined;
};

/** `when`: the facts of each finding, none where there is nothing to say. By default it is a failure, and what fails blocks. */
interface Row<F> {
  readonly id: SetupCause;
  readonly when: (v: Scene) => readonly F[];
  readonly severity?: Severity | ((facts: F, v: Scene) => Severity);
  readonly sentence: (facts: F, v: Scene) => string;
  readonly advice: (facts: F, v: Scene) => readonly Advice[];
  readonly about?: (facts: F) => Value;
  readonly blocks?: boolean;
  readonly ours?: boolean;
}

/** A row of a link as a function from the scene to its findings. */
export const rowOf =
  (link: SetupLink) =>
  <F>(row: Row<F>) =>
  (v: Scene): readonly Finding[] =>
    row.when(v).map((facts) => {
      const severity = (typeof row.severity === "function" ? row.severity(facts, v) : row.severity) ?? "failed";
      return {
        cause: row.id,
        link,
        severity,
        seen: row.sentence(facts, v),
        advice: row.advice(facts, v),
        ...(row.about === undefined ? {} : { about: row.about(facts) }),
        blocks: row.blocks ?? severity === "failed",
        ours: row.ours === true,
      };
    });

/** Of several rows the first that finds something. */
export const firstOf =
  (...rows: readonly ((v: Scene) => readonly Finding[])[]) =>
  (v: Scene): readonly Finding[] =>
    rows.map((row) => row(v)).find((found) => found.length > 0) ?? [];
