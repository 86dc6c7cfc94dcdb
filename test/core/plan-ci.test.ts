import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { CI_FILES, type CiKind, planCi } from "../../src/core/plan/ci.ts";
import type { FileState } from "../../src/core/plan/model.ts";
import { INIT_FLAGS } from "../../src/flags.ts";

const text = "a:\n  b: c\n";

/** In: what is there, by name from the root. */
function plan(kind: CiKind, there: Readonly<Record<string, string>>, isBelow = false) {
  const snapshot = new Map(
    Object.entries(there).map(([name, each]): [string, FileState] => [
      `/r/${name}`,
      { kind: "file", realPath: "x", text: each, mode: 0o644 },
    ]),
  );
  const paths = CI_FILES[kind].files.map((name) => `/r/${name}`);
  return planCi(CI_FILES[kind], paths, text, snapshot, isBelow);
}

it("creates what is not there, and leaves what is there to the byte", () => {
  const write = { kind: "write", path: "/r/.gitlab-ci.yml", after: text };
  expect(plan("gitlab", {})).toEqual({ ...write, before: undefined });
  expect(plan("gitlab", { ".gitlab-ci.yml": text })).toEqual({ ...write, before: text });
});

it("shows the lines and writes nothing below the root, or beside a file that is there", () => {
  const tell = (title: string) => ({ kind: "tell", title, lines: ["a:", "  b: c"] });
  expect(plan("gitlab", {}, true)).toEqual(
    tell(".gitlab-ci.yml was not written: it belongs at the root of the repository. The lines for it:"),
  );
  expect(plan("lefthook", { "lefthook.yml": "x", ".lefthook.toml": "x" })).toEqual(
    tell("lefthook.yml exists and was not changed. The lines for it:"),
  );
  expect(plan("lefthook", { ".lefthook.toml": "x" })).toEqual(
    tell(".lefthook.toml exists and was not changed. The lines for it:"),
  );
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
