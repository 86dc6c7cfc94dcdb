/** The words of `check`: what was read, and what is wrong with it. Data only. */
import type { Node, Refused } from "../formats/json.ts";

/** What a file is to `check`. `client:` and its id: that client's own project file; `inside:`: a file of other things in which it reads servers. */
export type DocumentKind =
  | ("mcp" | "misplaced" | "env-example" | "env" | "envrc" | "settings" | "settings-local")
  | `${"client" | "inside"}:${string}`;

/** `loose`: comments or trailing commas and nothing else. */
export type Broken = Refused & { readonly kind: "loose" | "syntax" | NonNullable<Refused["cause"]> };

export interface Document {
  /** From the root that is checked, with "/": what a report names. */
  readonly path: string;
  readonly kind: DocumentKind;
  readonly text: string;
  /** `utf-8`, or why no client can read the text as that; `not-a-file`: a folder, a pipe or a device; `absent`: a link leads nowhere. */
  readonly encoding: "utf-8" | "utf-16" | "not-utf-8" | "too-big" | "not-a-file" | "absent";
  /** Where this link leads, from the root; undefined if this is no link. */
  readonly target?: string | undefined;
  /** A `.mcp.json` beside `.claude-plugin`: Claude Code reads it as the plugin's too, with or without "mcpServers". */
  readonly ofPlugin?: boolean | undefined;
  /** Comments and trailing commas allowed; undefined if there is none, or if it is neither JSON nor TOML. */
  readonly tree: Node | undefined;
  /** Of a file of other things, the whole: `tree` is the part with the servers. */
  readonly whole?: Node;
  /** Why the text is not strict JSON or TOML. */
  readonly broken: Broken | undefined;
  /** In git's index; covered by an ignore rule. Both false without a repository. */
  readonly tracked: boolean;
  readonly ignored: boolean;
  readonly mode: number | undefined;
}

/** A line of an ignore file. `source`: from the root of the worktree, or absolute if it is elsewhere. */
export type IgnoreRule = Readonly<Record<"source" | "line" | "pattern", string>>;

export interface Subject {
  readonly documents: readonly Document[];
  readonly inRepository: boolean;
  /** The expected endpoint: HALO's own, or `--url`. */
  readonly url: string;
  readonly allowMissing: boolean;
  /** Not CI: rules about this machine apply. */
  readonly local: boolean;
  /** Values of the environment that must not be in a tracked file (the token). Never printed. */
  readonly secrets: readonly string[];
  /** Tracked files, other than the documents, that contain one of `secrets`: path and offset only. */
  readonly spilled: readonly (Span & { readonly path: string })[];
  /** `.env` files that do not exist yet, next to a `.mcp.json` with references, and that no ignore rule would cover. */
  readonly unignoredEnv: readonly string[];
  /** The `.mcp.json` above the root from which Claude Code takes HALO on this machine. */
  readonly above?: string | undefined;
  /** The files for everybody that git ignores, each with the rule; the root's `.mcp.json`, and where servers would be moved, even if it does not exist. */
  readonly hidden: ReadonlyMap<string, IgnoreRule>;
}

/** error: it breaks or leaks. warning: it silently does something else. note: good to know. */
export type Severity = "error" | "warning" | "note";

/** A stretch of a text, in UTF-16 units. */
export type Span = Readonly<Record<"offset" | "length", number>>;
export type TextEdit = Span & { readonly text: string };

/** One place where a rule is broken. */
export interface Finding {
  readonly rule: string;
  readonly path: string;
  readonly span: Span;
  /** The values in the message: never a secret, already `printable`. */
  readonly args: Readonly<Record<string, string>>;
  readonly severity?: Severity;
  readonly fix?: readonly TextEdit[];
  /** The fix also creates this file. A file from which it takes everything is removed. */
  readonly creates?: { readonly path: string; readonly text: string };
}

/** One way in which a configuration breaks. */
export interface Rule {
  /** Its page is `docs/rules/<id>.md`. */
  readonly id: string;
  readonly severity: Severity;
  readonly summary: string;
  readonly localOnly?: boolean;
  readonly check: (subject: Subject) => readonly Finding[];
  /** One sentence: what is wrong, the offending value quoted, what is allowed. */
  readonly message: (args: Readonly<Record<string, string>>) => string;
}
