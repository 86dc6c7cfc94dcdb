import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { kindOf } from "../../src/core/check/documents.ts";
import { RULES } from "../../src/core/rules/index.ts";
import { findingsOf, type TestFile } from "../support/subject.ts";

const folder = new URL("../../docs/rules/", import.meta.url);
const pages = readdirSync(folder).filter((name) => name.endsWith(".md") && name !== "README.md");

interface Example {
  readonly wrong: boolean;
  readonly files: Record<string, Exclude<TestFile, string>>;
  /** The token of the environment, from a block that is called `environment`. */
  readonly token: string | undefined;
}

/**
 * The examples of a page. Every fenced block names its file, and after it its facts: `untracked`, `ignored`, `mode=644`,
 * `encoding=utf-16` (or `not-utf-8`, `too-big`).
 * Blocks of one example follow each other; a line `---` or another heading begins the next one. A block `environment`
 * is no file: it gives HALO_MCP_TOKEN its value.
 */
function examplesOf(page: string): readonly Example[] {
  const examples: Example[] = [];
  for (const section of page.split(/^## /m).slice(1)) {
    const title = section.slice(0, section.indexOf("\n")).trim();
    if (title !== "Wrong" && title !== "Right") continue;
    for (const part of section.split(/^---$/m)) {
      const files: Example["files"] = {};
      for (const [, path = "", facts = "", text = ""] of part.matchAll(/^```\w+ (\S+)([^\n]*)\n([\s\S]*?)^```$/gm)) {
        const mode = /mode=(\d+)/.exec(facts)?.[1];
        const encoding = /encoding=(utf-16|not-utf-8|too-big)/.exec(facts)?.[1];
        files[path] = {
          text,
          tracked: !/\buntracked\b/.test(facts),
          ignored: /\bignored\b/.test(facts),
          ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }),
          ...(encoding === undefined ? {} : { encoding: encoding as "utf-16" | "not-utf-8" | "too-big" }),
        };
      }
      const token = /^HALO_MCP_TOKEN=(.*)$/m.exec(files.environment?.text ?? "")?.[1];
      delete files.environment;
      if (Object.keys(files).length > 0) examples.push({ wrong: title === "Wrong", files, token });
    }
  }
  return examples;
}

it("every rule has its page, and every page its rule", () => {
  expect(pages.map((name) => name.slice(0, -3)).sort()).toEqual(RULES.map(({ id }) => id).sort());
});

describe.each(RULES)("docs/rules/$id.md", ({ id }) => {
  const page = readFileSync(new URL(`${id}.md`, folder), "utf8");
  const examples = examplesOf(page);
  it("has wrong and right examples, and says why and how to silence it honestly", () => {
    expect(examples.filter(({ wrong }) => wrong).length).toBeGreaterThan(0);
    expect(examples.filter(({ wrong }) => !wrong).length).toBeGreaterThan(0);
    expect(page).toMatch(/^# \S+\n/);
    expect(page).toContain("## Why");
    expect(page).toContain("## How to silence it");
  });
  it.each(examples.map((example, index) => ({ index, ...example })))(
    "example $index behaves as it says",
    ({ wrong, files, token }) => {
      // what `io` finds in files that are none of the documents
      const spilled = Object.entries(files).flatMap(([path, { text, tracked }]) =>
        token !== undefined && tracked === true && kindOf(path) === undefined && text.includes(token)
          ? [{ path, offset: text.indexOf(token), length: token.length }]
          : [],
      );
      const given = { local: true, secrets: token === undefined ? [] : [token], spilled };
      const found = findingsOf(RULES, files, given).filter((finding) => finding.rule === id);
      expect(found.length > 0).toBe(wrong);
    },
  );
});
