/** `--ci`: the file that runs `check` before a change is taken, and the step that puts it there. Pure. */
import type { FileState, Step } from "./model.ts";

interface CiFile {
  /** Where it looks, from the root of the repository. */
  readonly file: string;
  /** Its text below `templates/ci/`. */
  readonly template: string;
  /** What to do with the lines where the file is there already, after "exists and was not changed". */
  readonly advice: string;
  /** What else it reads in place of the file: beside one of these a second file would count or not, by chance. */
  readonly instead?: readonly string[];
  /** What a machine needs before it runs anything, as a sentence. */
  readonly needs?: string;
}

/** Every name of lefthook's own configuration (lefthook.dev, "Config file name", read in November 2026) but the one that is written. */
const LEFTHOOK = ["lefthook.", ".lefthook.", ".config/lefthook."]
  .flatMap((stem) => ["yml", "yaml", "toml", "json", "jsonc"].map((kind) => stem + kind))
  .filter((name) => name !== "lefthook.yml");

export type CiKind = "github" | "gitlab" | "pre-commit" | "lefthook" | "husky";

export const CI_FILES: Readonly<Record<CiKind, CiFile>> = {
  github: { file: ".github/workflows/mcp-check.yml", template: "github.yml", advice: "these lines are the check" },
  gitlab: { file: ".gitlab-ci.yml", template: "gitlab.yml", advice: "add this job" },
  "pre-commit": {
    file: ".pre-commit-config.yaml",
    template: "pre-commit.yml",
    advice: "add this hook",
    needs: "Everyone who commits runs this once: pre-commit install",
  },
  lefthook: {
    file: "lefthook.yml",
    template: "lefthook.yml",
    advice: "add this command",
    instead: LEFTHOOK,
    needs: "Everyone who commits runs this once: lefthook install",
  },
  husky: {
    file: ".husky/pre-commit",
    template: "husky.sh",
    advice: "add this line",
    needs: 'package.json needs husky 9, and "prepare": "husky" among its scripts.',
  },
};

/**
 * The step that puts `text` into the file at `path`. A file that is there is never changed: a person gets the lines for it.
 * `instead`: which of the kind's `instead` is there. `unfit`: why nothing can be written, in words that end a sentence.
 */
export function planCi(
  kind: CiKind,
  path: string,
  text: string,
  state: FileState | undefined,
  { instead, unfit }: { readonly instead?: string | undefined; readonly unfit?: string | undefined } = {},
): Step {
  const { file, advice } = CI_FILES[kind];
  const tell = (title: string): Step => ({ kind: "tell", title, lines: text.trimEnd().split("\n") });
  if (state?.kind === "file" && state.text === text) return { kind: "write", path, before: text, after: text };
  const reason = unfit ?? (state?.kind === "unreadable" ? state.reason : undefined);
  if (reason !== undefined) return tell(`${file} was not written: ${reason}. Its lines:`);
  const there = state?.kind === "file" ? file : instead;
  if (there !== undefined) return tell(`${there} exists and was not changed: ${advice}`);
  return { kind: "write", path, before: undefined, after: text };
}
