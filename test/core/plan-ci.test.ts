import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { CI_FILES, type CiKind, planCi } from "../../src/core/plan/ci.ts";
import type { FileState } from "../../src/core/plan/model.ts";
import { INIT_FLAGS } from "../../src/flags.ts";

const text = "a:\n  b: c\n";

/** In: what is there, by name from the root. */
function plan(kind: CiKind, there: Readonly<Record<string, string>>, isBelow = false) {
  const state = (each: string): FileState => ({ kind: "file", realPath: "x", text: each, mode: 0o644 });
  const snapshot = new Map(Object.entries(there).map(([name, each]) => [`/r/${name}`, state(each)]));
  const paths = CI_FILES[kind].files.map((name) => `/r/${name}`);
  return planCi(kind, paths, text, snapshot, isBelow);
}

it("creates what is not there, and leaves what is there to the byte", () => {
  const write = { kind: "write", path: "/r/.gitlab-ci.yml", after: text };
  expect(plan("gitlab", {})).toEqual({ ...write, before: undefined });
  expect(plan("gitlab", { ".gitlab-ci.yml": text })).toEqual({ ...write, before: text });
});

it.each<[string, ...Parameters<typeof plan>]>([
  [".gitlab-ci.yml was not written: it belongs at the root of the repository", "gitlab", {}, true],
  ["lefthook.yml exists and was not changed", "lefthook", { "lefthook.yml": "x", ".lefthook.toml": "x" }],
  [".lefthook.toml exists and was not changed", "lefthook", { ".lefthook.toml": "x" }],
])("shows the lines and writes nothing: %s", (why, ...given) => {
  const lines = { lines: ["a:", "  b: c"], guide: `ci ${given[0]}` };
  expect(plan(...given)).toEqual({ kind: "tell", title: `${why}. The lines for it:`, ...lines });
});

it("has a template for each kind and no other", () => {
  const templates = readdirSync(new URL("../../templates/ci/", import.meta.url));
  expect(new Set(Object.values(CI_FILES).map(({ template }) => template))).toEqual(new Set(templates));
  expect(INIT_FLAGS.find(({ name }) => name === "ci")?.values).toEqual(["none", ...Object.keys(CI_FILES)]);
  expect(CI_FILES.lefthook.files).toHaveLength(15);
});
