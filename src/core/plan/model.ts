/** What would be done, as data: see docs/dictionary.md. */

/** Variable name → value. Ends only in `.env`, a private client file, or a child's stdin. */
export type Secrets = Readonly<Record<string, string>>;

/** One path as it was found. `text` keeps every byte: a BOM, CRLF, a missing final newline. */
export type FileState =
  | { readonly kind: "absent"; readonly realPath: string }
  | { readonly kind: "file"; readonly realPath: string; readonly text: string; readonly mode: number }
  /** `code`: an errno name, or why the content is not read. */
  | { readonly kind: "unreadable"; readonly realPath: string; readonly reason: string; readonly code?: string };

/** Whether the system does not let us read a file; of another one, the content or the kind is wrong. */
export const isClosed = (state: FileState | undefined): boolean =>
  state?.kind === "unreadable" && /^(?:EACCES|EPERM|EIO|EBUSY|ESTALE)$/.test(state.code ?? "");

export type Snapshot = ReadonlyMap<string, FileState>;

/** A file that ends up with other content. `undefined` as `before` creates it, as `after` deletes it. */
export interface WriteStep {
  readonly kind: "write";
  /** Absolute path as the user knows it (a symlink is followed when it is applied). */
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** A new file is private (0600), staged under an ignore rule, and never where git would add it. */
  readonly secret?: boolean | undefined;
  /** An existing file, too, loses the permissions of others. */
  readonly closes?: boolean | undefined;
  /** The mode of a new file: that of the file from which its text comes. */
  readonly mode?: number | undefined;
}

/** A program that is run. Its argv never contains a secret: secrets go through stdin. */
export interface RunStep {
  readonly kind: "run";
  readonly argv: readonly [string, ...string[]];
  readonly stdin?: string;
  /** For the plan: what it is for, and what it changes; no secret. */
  readonly why: string;
  readonly details?: readonly string[];
  /** The command that takes it back, and its input. Without one nothing is restored: the message says so. */
  readonly undo?: readonly [string, ...string[]];
  readonly undoStdin?: string;
}

/** What a human does, in a web client or a shell. */
export interface TellStep {
  readonly kind: "tell";
  readonly title: string;
  readonly lines: readonly string[];
  /** The words after `guide` that print the lines. */
  readonly guide?: string;
}

export type Step = WriteStep | RunStep | TellStep;

/** In the order in which it would be done. */
export type Plan = { readonly steps: readonly Step[] };

export type StepStatus = "written" | "unchanged" | "planned" | "failed";
