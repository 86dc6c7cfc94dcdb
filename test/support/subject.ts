import { documentOf, kindOf } from "../../src/core/check/documents.ts";
import type { Document, Finding, Rule, Subject } from "../../src/core/check/model.ts";
import { runRules } from "../../src/core/check/run.ts";
import { parseToml } from "../../src/core/formats/toml.ts";
import { HALO_URL } from "../../src/core/halo.ts";
import { RULES } from "../../src/core/rules/index.ts";
import { LOADER_RULES } from "../../src/core/rules/loader.ts";

/** Those that do not judge what Claude Code loads. */
export const HALO_RULES: readonly Rule[] = RULES.filter((rule) => !LOADER_RULES.includes(rule));

/** A file of a made-up repository; a bare text is tracked and not ignored. */
export type TestFile =
  | string
  | {
      readonly text: string;
      readonly tracked?: boolean;
      readonly ignored?: boolean;
      readonly mode?: number;
      /** How the text is stored. */
      readonly encoding?: Document["encoding"];
      /** It is a link to this path, whether that exists or not. */
      readonly target?: string;
    };

/** A Subject from files in memory: path → text. */
export function subjectOf(files: Readonly<Record<string, TestFile>>, given: Partial<Subject> = {}): Subject {
  const documents = Object.entries(files).flatMap(([path, file]) => {
    const kind = kindOf(path);
    if (kind === undefined) return [];
    const {
      text,
      tracked = true,
      ignored = false,
      mode,
      encoding = "utf-8",
    } = typeof file === "string" ? { text: file } : file;
    const read = encoding === "not-utf-8" ? text.replace(/[^\0-\x7f]/g, "\uFFFD") : text;
    const ofPlugin = Object.keys(files).some((each) => each.startsWith(path.replace(/[^/]*$/, ".claude-plugin/")));
    const plain = { path, kind, text: read, encoding, tracked, ignored, mode, ofPlugin: kind === "mcp" && ofPlugin };
    const { target } = typeof file === "string" ? {} : file;
    const there = files[target ?? ""];
    const linked = typeof there === "string" ? there : there?.text;
    const link = { text: linked ?? "", encoding: linked === undefined ? ("absent" as const) : encoding, target };
    return [documentOf(target === undefined ? plain : { ...plain, ...link }, parseToml)];
  });
  const ignored = documents.filter((each) => each.ignored && /^(?:mcp|settings|env-example)$/.test(each.kind));
  const hidden = new Map(ignored.map(({ path }) => [path, { source: ".gitignore", line: "1", pattern: path }]));
  return subjectFrom(documents, { hidden, ...given });
}

export const subjectFrom = (documents: readonly Document[], given: Partial<Subject> = {}): Subject => ({
  documents,
  inRepository: true,
  url: HALO_URL,
  allowMissing: false,
  local: false,
  secrets: [],
  spilled: [],
  unignoredEnv: [],
  hidden: new Map(),
  ...given,
});

export function findingsOf(
  rules: readonly Rule[],
  files: Readonly<Record<string, TestFile>>,
  given: Partial<Subject> = {},
): readonly Finding[] {
  return runRules(rules, subjectOf(files, given));
}
