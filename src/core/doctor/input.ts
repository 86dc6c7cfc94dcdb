/** What `doctor` reads before it thinks: files and environment, as data. Holds secrets. */
import type { Document } from "../check/model.ts";
import type { FileState } from "../plan/model.ts";

/** A file with the words by which it is shown. */
export interface NamedFile {
  readonly shown: string;
  readonly state: FileState;
}

/** A `.mcp.json` of the folder or above it. */
export interface McpFile {
  readonly shown: string;
  /** Undefined where it could not be read. */
  readonly document: Document | undefined;
  readonly unreadable?: string;
}

export interface SetupInput {
  /** `--name`. */
  readonly name: string | undefined;
  /** `--url`: this very URL may get the token. */
  readonly url: string | undefined;
  /** Of this command line: tested in place of the one that is found. */
  readonly token?: string | undefined;
  /** Words of this command line that a command to be typed needs too, as they are typed where it was started. */
  readonly given?: { readonly cwd: string | undefined; readonly valuesFile: string | undefined };
  /** Where a session would start: absolute, symlinks followed. */
  readonly folder: string;
  /** That folder and those above it, nearest first. */
  readonly above: readonly string[];
  /** The folder of `above` that is the root of a git repository. */
  readonly gitRoot: string | undefined;
  /** Those that are there, nearest first. */
  readonly mcp: readonly McpFile[];
  readonly store: NamedFile;
  readonly userSettings: NamedFile;
  readonly projectSettings: NamedFile;
  readonly localSettings: NamedFile;
  /** `.claude/settings.local.json` at the git root, where the folder lies below it. */
  readonly rootLocalSettings: NamedFile | undefined;
  readonly dotenv: NamedFile;
  readonly envrc: NamedFile;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of Claude Code; undefined where it is not there. */
  readonly version: string | undefined;
  /** The platform has permissions that count. */
  readonly hasModes: boolean;
  /** Why a URL may never carry a token, or undefined. */
  readonly endpointProblem: (url: string) => string | undefined;
}
