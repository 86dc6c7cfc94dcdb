/** What `doctor` walks: a chain of links, each looked at and told apart. Data only. */
import type { Scope } from "../clients/claude-code.ts";
import type { Cause, ProbeStage } from "../diagnosis/diagnose.ts";
import type { Value } from "../halo.ts";

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

/** One thing that was found out about a link, with what to do. `warning`: it works all the same, or cannot be told. */
export interface Remark {
  readonly cause: SetupCause;
  readonly severity: "failed" | "warning" | "note";
  /** One sentence: what was seen, with the file that it stands in. No secret, printable. */
  readonly seen: string;
  /** What to do next, a line each; a command as it is typed. */
  readonly tryThis: readonly string[];
  /** The value that it is about, where its copies differ. */
  readonly about?: Value;
}

export interface LinkResult {
  readonly link: SetupLink | ProbeStage;
  readonly status: "ok" | "warning" | "failed" | "skipped";
  readonly ms: number;
  /** What was seen, a line each. */
  readonly seen: readonly string[];
  readonly cause?: Cause | SetupCause;
  /** The one line of `seen` that the cause is about. */
  readonly why?: string;
  readonly tryThis?: readonly string[];
  /** What a link that is as it should be has to say all the same, with what to do. */
  readonly notes?: readonly Remark[];
}

/** One variable about proxies and certificates, where it counts. Never its value. */
export interface NetworkVariable {
  readonly name: string;
  /** The layer that wins in a session. */
  readonly from: Origin;
  /** The same as it is shown. */
  readonly place: string;
  /** A session has another value than the environment, which the connection test uses. */
  readonly differs: boolean;
}

/** Where a session of Claude Code takes a variable from. `bridge`: the `env` of `.claude/settings.local.json`. */
export type Origin = "environment" | "user-settings" | "project-settings" | "bridge";

/** Where one of the three values comes from, and where else it stands. Never the value. */
export interface ValueSource {
  readonly value: Value;
  /** The variable that the header refers to; undefined for text that stands in the file itself, or no header. */
  readonly variable: string | undefined;
  /** What a session of Claude Code sends: from which place. `none`: nothing sets it, the placeholder itself is sent. */
  readonly from: Origin | "default" | "literal" | "none";
  /** The same as it is shown: a file, or "the environment". */
  readonly place: string | undefined;
  /** Every place that holds it, and whether it is the same value as the one that is sent. `.env` feeds no session. */
  readonly places: readonly { readonly place: string; readonly same: boolean }[];
  /** `absent`: the entry has no such header. `placeholder`: words in the place of a value, or a reference that stays one. */
  readonly state: "set" | "empty" | "placeholder" | "unset" | "bad" | "absent";
  /** Why a session cannot send it, or HALO cannot know it; never the value. */
  readonly problem?: string;
}

/** One HALO entry, and what becomes of it. */
export interface EntryView {
  readonly name: string;
  readonly scope: Scope;
  /** The file as it is shown. */
  readonly file: string;
  /** As written, fit to be shown. */
  readonly url: string;
  readonly wins: boolean;
  /** Why it does not win, in words that go after "not taken: ". */
  readonly why?: string;
}

/** Whether Claude Code starts the entry that wins. `not-needed`: entries of a person's own scopes are not asked about. */
export interface ApprovalView {
  readonly state: "approved" | "pending" | "rejected" | "disabled" | "not-needed";
  /** The key that says so, and its file as it is shown. */
  readonly by?: { readonly file: string; readonly key: string };
}

export interface TrustView {
  readonly trusted: boolean;
  /** The folder that the store lists as trusted. */
  readonly folder?: string;
}

/** What carries the variables of the entry into a session. */
export interface BridgeView {
  /** `direnv`: an .envrc loads values, but not in this shell. `literal`: the entry needs no variable. */
  readonly kind: "claude-settings" | "user-settings" | "environment" | "direnv" | "literal" | "none";
  readonly file?: string;
}

/** A dialog that a session opens with, before it connects to anything. */
export type Dialog = "settings-error" | "trust" | "new-server";

/** What an interactive session does, when its owner trusts the folder and answers nothing else. */
export interface Verdict {
  /** It sends the three values to the URL of the entry. */
  readonly wouldConnect: boolean;
  readonly dialogs: readonly Dialog[];
  readonly cause?: SetupCause;
  readonly reason: string;
}

/** Everything that can be known without the network. No secret: it is written as JSON as it is. */
export interface SetupView {
  readonly name: string;
  readonly entries: readonly EntryView[];
  readonly winner: EntryView | undefined;
  readonly values: readonly ValueSource[];
  readonly approval: ApprovalView | undefined;
  readonly trust: TrustView;
  readonly bridge: BridgeView;
  /** Variables that a session, and `claude mcp list` and `get`, would send as their placeholder. */
  readonly missing: { readonly session: readonly string[]; readonly list: readonly string[] };
  /** Variables about proxies and certificates that the client would see. */
  readonly network: readonly NetworkVariable[];
  readonly verdict: Verdict;
  /** The command that sets the entry up again, for its scope and folder. */
  readonly repair: string;
  readonly remarks: Readonly<Record<SetupLink, readonly Remark[]>>;
}
