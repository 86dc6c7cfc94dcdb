import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CI_FILES, type CiKind, planCi } from "../../src/core/plan/ci.ts";
import type { FileState } from "../../src/core/plan/model.ts";
import { INIT_FLAGS } from "../../src/flags.ts";

const path = "/r/.gitlab-ci.yml";
const base = { kind: "gitlab", path, text: "a:\n  b: c\n" } as const;
const file = (text: string): FileState => ({ kind: "file", realPath: path, text, mode: 0o644 });

describe("planCi", () => {
  it("creates what is not there", () => {
    const write = { kind: "write", path, before: undefined, after: base.text };
    expect(planCi({ ...base, state: { kind: "absent", realPath: path } })).toEqual(write);
    expect(planCi({ ...base, state: undefined })).toEqual(write);
  });
  it("leaves what is there already, to the byte, as it is", () => {
    expect(planCi({ ...base, state: file(base.text) })).toEqual({
      kind: "write",
      path,
      before: base.text,
      after: base.text,
    });
  });
  it.each(["", "a:\n  b: d\n", "a:\r\n  b: c\r\n", "other:\n"])(
    "never changes another text (%j): it shows the lines",
    (text) => {
      const step = planCi({ ...base, state: file(text) });
      expect(step).toEqual({
        kind: "tell",
        title: ".gitlab-ci.yml exists and was not changed: add this job",
        lines: ["a:", "  b: c"],
      });
    },
  );
  it("says why where nothing can be written", () => {
    const unreadable = planCi({ ...base, state: { kind: "unreadable", realPath: path, reason: "it is a folder" } });
    expect(unreadable).toMatchObject({
      kind: "tell",
      title: ".gitlab-ci.yml was not written: it is a folder. Its lines:",
    });
    expect(planCi({ ...base, state: undefined, unfit: "it belongs elsewhere" })).toMatchObject({
      kind: "tell",
      title: ".gitlab-ci.yml was not written: it belongs elsewhere. Its lines:",
    });
  });
  it("writes no second file beside one that counts in its place", () => {
    const lefthook = { kind: "lefthook", path: "/r/lefthook.yml", text: "a: b\n" } as const;
    expect(planCi({ ...lefthook, state: undefined, instead: ".lefthook.toml" })).toEqual({
      kind: "tell",
      title: ".lefthook.toml exists and was not changed: add this command",
      lines: ["a: b"],
    });
    expect(planCi({ ...lefthook, state: file("x: y\n"), instead: ".lefthook.toml" })).toMatchObject({
      title: "lefthook.yml exists and was not changed: add this command",
    });
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
