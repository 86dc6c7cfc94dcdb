/** `--ci`: the file that runs `check` before a change is taken, and the step that puts it there. Pure. */
import type { FileState, Step } from "./model.ts";

/** Where each of them looks, from the root of the repository. */
const CI_FILES = {
  github: ".github/workflows/mcp-check.yml",
  gitlab: ".gitlab-ci.yml",
  "pre-commit": ".pre-commit-config.yaml",
} as const;

export type CiKind = keyof typeof CI_FILES;

/** What to do with the lines where the file is there already, after "is there and stays as it is". */
const ADVICE: Readonly<Record<CiKind, string>> = {
  github: "these lines are the check",
  gitlab: "add this job",
  "pre-commit": "add this hook",
};

export function ciFile(kind: CiKind): string {
  return CI_FILES[kind];
}

export interface CiInput {
  readonly kind: CiKind;
  /** Absolute path of the file. */
  readonly path: string;
  readonly state: FileState | undefined;
  /** What the file is to hold. */
  readonly text: string;
  /** Why nothing can be written there, in words that end a sentence. */
  readonly unfit?: string;
}

/** A file that is not there is created; one that is there is never changed: a person gets the lines for it. */
export function planCi({ kind, path, state, text, unfit }: CiInput): Step {
  const file = CI_FILES[kind];
  const tell = (title: string): Step => ({ kind: "tell", title, lines: text.trimEnd().split("\n") });
  if (state?.kind === "file" && state.text === text) return { kind: "write", path, before: text, after: text };
  if (unfit !== undefined) return tell(`${file} was not written: ${unfit}. Its lines:`);
  if (state?.kind === "unreadable") return tell(`${file} was not written: ${state.reason}. Its lines:`);
  if (state?.kind === "file") return tell(`${file} is there and stays as it is: ${ADVICE[kind]}`);
  return { kind: "write", path, before: undefined, after: text };
}
