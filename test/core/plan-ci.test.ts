import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { CI_FILES, type CiKind, planCi } from "../../src/core/plan/ci.ts";
import type { FileState } from "../../src/core/plan/model.ts";
import { INIT_FLAGS } from "../../src/flags.ts";

const text = "a:\n  b: c\n";
const pipe: FileState = { kind: "unreadable", realPath: "x", reason: "it is a pipe" };

/** In: what is there, by name from the root. */
function plan(kind: CiKind, there: Readonly<Record<string, string | FileState>>, unfit?: string) {
  const [file, ...others] = CI_FILES[kind].files;
  const state = (each: string | FileState): FileState =>
    typeof each === "string" ? { kind: "file", realPath: "x", text: each, mode: 0o644 } : each;
  const snapshot = new Map(Object.entries(there).map(([name, each]) => [`/r/${name}`, state(each)]));
  return planCi(kind, [`/r/${file}`, ...others.map((name) => `/r/${name}`)], text, snapshot, unfit);
}

it("creates what is not there, and leaves what is there to the byte", () => {
  const write = { kind: "write", path: "/r/.gitlab-ci.yml", after: text };
  expect(plan("gitlab", {})).toEqual({ ...write, before: undefined });
  expect(plan("gitlab", { ".gitlab-ci.yml": text })).toEqual({ ...write, before: text });
});

it.each<[string, CiKind, Parameters<typeof plan>[1], string | undefined, string]>([
  [
    "a pipe",
    "gitlab",
    { ".gitlab-ci.yml": pipe },
    undefined,
    ".gitlab-ci.yml was not written: it is a pipe. Its lines:",
  ],
  ["an unfit place", "gitlab", {}, "it is elsewhere", ".gitlab-ci.yml was not written: it is elsewhere. Its lines:"],
  [
    "a file, and one that counts in its place",
    "lefthook",
    { "lefthook.yml": "x", ".lefthook.toml": "x" },
    undefined,
    "lefthook.yml exists and was not changed: add this command",
  ],
])("shows the lines and writes nothing: %s", (_, kind, there, unfit, title) => {
  expect(plan(kind, there, unfit)).toEqual({ kind: "tell", title, lines: ["a:", "  b: c"] });
});

it("has a template for each kind and no other", () => {
  const templates = readdirSync(new URL("../../templates/ci/", import.meta.url));
  expect(
    Object.values(CI_FILES)
      .map(({ template }) => template)
      .sort(),
  ).toEqual(templates.sort());
  expect(INIT_FLAGS.find(({ name }) => name === "ci")?.values).toEqual(["none", ...Object.keys(CI_FILES)]);
  expect(CI_FILES.lefthook.files).toHaveLength(15);
});
