/** `--ci`: the file that runs `check` before a change is merged or committed, and the step that writes it. Pure. */
import type { Snapshot, Step } from "./model.ts";

interface CiFile {
  /** From the root of the repository: the file that is written, then other names that the tool reads instead of it. */
  readonly files: readonly string[];
  /** Below `templates/ci/`. */
  readonly template: string;
  /** What must be installed before it runs. */
  readonly needs?: string;
}

/** Every other name of lefthook's own configuration (lefthook.dev, "Config file name", read in November 2026). */
const LEFTHOOK = ["lefthook.", ".lefthook.", ".config/lefthook."]
  .flatMap((stem) => ["yml", "yaml", "toml", "json", "jsonc"].map((kind) => stem + kind))
  .filter((name) => name !== "lefthook.yml");

const once = (command: string): string => `Everyone who commits runs this once: ${command}`;

export type CiKind = "github" | "gitlab" | "pre-commit" | "lefthook" | "husky";

export const CI_FILES: Readonly<Record<CiKind, CiFile>> = {
  github: { files: [".github/workflows/mcp-check.yml"], template: "github.yml" },
  gitlab: { files: [".gitlab-ci.yml"], template: "gitlab.yml" },
  "pre-commit": { files: [".pre-commit-config.yaml"], template: "pre-commit.yml", needs: once("pre-commit install") },
  lefthook: { files: ["lefthook.yml", ...LEFTHOOK], template: "lefthook.yml", needs: once("lefthook install") },
  husky: {
    files: [".husky/pre-commit"],
    template: "husky.sh",
    needs: 'package.json needs husky 9, and "prepare": "husky" among its scripts.',
  },
};

/** Writes a file that does not exist, else tells the lines. `paths`: of its files. `isBelow`: not at the root. */
export function planCi(kind: CiKind, paths: readonly string[], text: string, snapshot: Snapshot, isBelow: boolean) {
  const { files } = CI_FILES[kind];
  const [path = ""] = paths;
  const state = snapshot.get(path);
  const tell = (title: string): Step => ({
    ...{ kind: "tell", title, lines: text.trimEnd().split("\n") },
    guide: `ci ${kind}`,
  });
  const write = (before: string | undefined): Step => ({ kind: "write", path, before, after: text });
  if (isBelow) return tell(`${files[0]} was not written: it belongs at the root of the repository. The lines for it:`);
  if (state?.kind === "file" && state.text === text) return write(text);
  const there = files.find((_, index) => snapshot.get(paths[index] ?? "")?.kind === "file");
  if (there !== undefined) return tell(`${there} exists and was not changed. The lines for it:`);
  return write(undefined);
}
