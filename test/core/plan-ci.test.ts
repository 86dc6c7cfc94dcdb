import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CI_FILES, type CiKind, planCi } from "../../src/core/plan/ci.ts";
import type { FileState } from "../../src/core/plan/model.ts";
import { INIT_FLAGS } from "../../src/flags.ts";

const path = "/r/file";
const text = "a:\n  b: c\n";
const file = (there: string): FileState => ({ kind: "file", realPath: path, text: there, mode: 0o644 });
const absent: FileState = { kind: "absent", realPath: path };
const pipe: FileState = { kind: "unreadable", realPath: path, reason: "it is a pipe" };

describe("planCi", () => {
  it.each([
    ["what is not there is created", absent, undefined],
    ["what was not looked for too", undefined, undefined],
    ["what is there already, to the byte, stays", file(text), text],
  ])("%s", (_, state, before) => {
    expect(planCi("gitlab", path, text, state)).toEqual({ kind: "write", path, before, after: text });
  });
  it.each<[string, CiKind, FileState | undefined, { instead?: string; unfit?: string }, string]>([
    ...["", "a:\n  b: d\n", "a:\r\n  b: c\r\n", "other:\n"].map(
      (there): [string, CiKind, FileState, object, string] => [
        `another text (${JSON.stringify(there)})`,
        "gitlab",
        file(there),
        {},
        ".gitlab-ci.yml exists and was not changed: add this job",
      ],
    ),
    ["a pipe", "gitlab", pipe, {}, ".gitlab-ci.yml was not written: it is a pipe. Its lines:"],
    [
      "an unfit place",
      "gitlab",
      absent,
      { unfit: "it belongs elsewhere" },
      ".gitlab-ci.yml was not written: it belongs elsewhere. Its lines:",
    ],
    [
      "a file that counts in its place",
      "lefthook",
      undefined,
      { instead: ".lefthook.toml" },
      ".lefthook.toml exists and was not changed: add this command",
    ],
    [
      "both",
      "lefthook",
      file("x: y\n"),
      { instead: ".lefthook.toml" },
      "lefthook.yml exists and was not changed: add this command",
    ],
  ])("shows the lines and writes nothing: %s", (_, kind, state, more, title) => {
    expect(planCi(kind, path, text, state, more)).toEqual({ kind: "tell", title, lines: ["a:", "  b: c"] });
  });
  it("has a file and a template for each kind", () => {
    const kinds: readonly CiKind[] = ["github", "gitlab", "pre-commit", "lefthook", "husky"];
    expect(kinds.map((kind) => CI_FILES[kind].file)).toEqual([
      ".github/workflows/mcp-check.yml",
      ".gitlab-ci.yml",
      ".pre-commit-config.yaml",
      "lefthook.yml",
      ".husky/pre-commit",
    ]);
    const templates = readdirSync(new URL("../../templates/ci/", import.meta.url));
    expect(kinds.map((kind) => CI_FILES[kind].template).sort()).toEqual(templates.sort());
    const words = INIT_FLAGS.find(({ name }) => name === "ci")?.values;
    expect(words).toEqual(["none", ...kinds]);
  });
  it("knows every name of lefthook's configuration", () => {
    const { instead = [] } = CI_FILES.lefthook;
    expect(instead).toHaveLength(14);
    expect(instead).toEqual(expect.arrayContaining([".lefthook.yml", "lefthook.toml", ".config/lefthook.yml"]));
    expect(instead).not.toContain("lefthook.yml");
  });
});
