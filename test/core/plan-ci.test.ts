import { describe, expect, it } from "vitest";
import type { FileState } from "../../src/core/model.ts";
import { type CiKind, ciFile, planCi } from "../../src/core/plan-ci.ts";

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
        title: ".gitlab-ci.yml is there and stays as it is: add this job",
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
  it("has a file for each kind", () => {
    const kinds: readonly CiKind[] = ["github", "gitlab", "pre-commit"];
    expect(kinds.map(ciFile)).toEqual([".github/workflows/mcp-check.yml", ".gitlab-ci.yml", ".pre-commit-config.yaml"]);
  });
});
