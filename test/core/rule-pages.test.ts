import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { documentOf, kindOf } from "../../src/core/check/documents.ts";
import type { Finding, Rule, Subject } from "../../src/core/check/model.ts";
import { applyFixes, runRules } from "../../src/core/check/run.ts";
import { indexLines } from "../../src/core/formats/lines.ts";
import { parseToml } from "../../src/core/formats/toml.ts";
import { RULES } from "../../src/core/rules/index.ts";
import { subjectOf, type TestFile } from "../support/subject.ts";

const folder = new URL("../../docs/rules/", import.meta.url);
const pages = readdirSync(folder).filter((name) => name.endsWith(".md") && name !== "README.md");

interface Example {
  readonly wrong: boolean;
  readonly files: Record<string, Exclude<TestFile, string>>;
  /** The token of the environment, from a block that is called `environment`. */
  readonly token: string | undefined;
  /** A block says `no-git`: there is no repository. */
  readonly alone: boolean;
  /** `.env` files that no ignore rule would cover. */
  readonly unignoredEnv: readonly string[];
}

/**
 * The examples of a page. Every fenced block names its file, and after it its facts: `untracked`, `ignored`, `mode=644`,
 * `encoding=utf-16` (or `not-utf-8`, `too-big`), `link=<path>` (a link to another file of the example, or to none), `no-git`, `no-rule-for-env` (a `.env` beside it would not be ignored).
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
      const alone = /^```\w+ .* no-git$/m.test(part);
      for (const [, path = "", facts = "", text = ""] of part.matchAll(/^```\w+ (\S+)([^\n]*)\n([\s\S]*?)^```$/gm)) {
        const mode = /mode=(\d+)/.exec(facts)?.[1];
        const encoding = /encoding=(utf-16|not-utf-8|too-big|not-a-file)/.exec(facts)?.[1];
        const target = /link=(\S+)/.exec(facts)?.[1];
        files[path] = {
          ...(target === undefined ? {} : { target }),
          text,
          tracked: !/\buntracked\b/.test(facts) && !alone,
          ignored: /\bignored\b/.test(facts),
          ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }),
          ...(encoding === undefined ? {} : { encoding: encoding as "utf-16" | "not-utf-8" | "too-big" }),
        };
      }
      const unignoredEnv = [...part.matchAll(/^```\w+ (\S*)\.mcp\.json .*no-rule-for-env$/gm)].map(
        ([, at]) => `${at}.env`,
      );
      const token = /^HALO_MCP_TOKEN=(.*)$/m.exec(files.environment?.text ?? "")?.[1];
      delete files.environment;
      if (Object.keys(files).length > 0) examples.push({ wrong: title === "Wrong", files, token, alone, unignoredEnv });
    }
  }
  return examples;
}

/** All that is found in an example, and what was looked at. */
function look({ files, token, alone, unignoredEnv }: Example) {
  // what `io` finds in files that are none of the documents
  const spilled = Object.entries(files).flatMap(([path, { text, tracked }]) =>
    token !== undefined && tracked === true && kindOf(path) === undefined && text.includes(token)
      ? [{ path, offset: text.indexOf(token), length: token.length }]
      : [],
  );
  const secrets = token === undefined ? [] : [token];
  const subject = subjectOf(files, { local: true, secrets, spilled, inRepository: !alone, unignoredEnv });
  const spills = spilled.map(({ path }) => [path, files[path]?.text ?? ""] as const);
  const texts = new Map([...subject.documents.map(({ path, text }) => [path, text] as const), ...spills]);
  return { findings: runRules(RULES, subject), subject, texts };
}

/** The file with its fixes. */
function fixed(texts: ReadonlyMap<string, string>, path: string, findings: readonly Finding[]): string {
  const fixes = findings.flatMap(({ path: own, fix }) => (own === path && fix !== undefined ? [fix] : []));
  return applyFixes(texts.get(path) ?? "", fixes);
}

/** What is found once the files have the fixes of these findings. */
function mended(subject: Subject, found: readonly Finding[]) {
  const texts = new Map(subject.documents.map(({ path, text }) => [path, text]));
  const documents = subject.documents.map((document) =>
    documentOf({ ...document, text: fixed(texts, document.path, found) }, parseToml),
  );
  const created = found.flatMap(({ creates }) =>
    creates === undefined ? [] : [[creates.path, creates.text] as const],
  );
  const after: Subject = { ...subject, documents: [...documents, ...subjectOf(Object.fromEntries(created)).documents] };
  return { subject: after, findings: runRules(RULES, after) };
}

const severities = new Map(RULES.map(({ id, severity }) => [id, severity]));
const errorsIn = (found: readonly Finding[]): number =>
  found.filter(({ rule, severity = severities.get(rule) }) => severity === "error").length;

/** What a rule says of an example, where, and each file that its fixes change, as they leave it. */
function shown({ id, severity, message }: Rule, example: Example): string {
  const { findings, texts } = look(example);
  const own = findings.filter(({ rule }) => rule === id);
  const said = own.map(({ path, span, args, ...found }) => {
    const at = indexLines(texts.get(path) ?? "");
    const [start, end] = [at(span.offset), at(span.offset + span.length)];
    return `${path}:${start.line}:${start.column} to ${end.line}:${end.column} ${found.severity ?? severity} ${message(args)}`;
  });
  const changed = [...new Set(own.filter(({ fix }) => fix !== undefined).map(({ path }) => path))];
  const after = changed.map((path) => `fixed ${path}:\n${fixed(texts, path, own).replace(/\n$/, "")}`);
  const made = own
    .flatMap(({ creates }) => creates ?? [])
    .map(({ path, text }) => `created ${path}:\n${text}`.trimEnd());
  return [...said, ...after, ...made].join("\n");
}

it("every rule has its page and its golden file, and is on the list of docs/rules, in report order", async () => {
  const goldens = readdirSync(new URL("../golden/rules/", import.meta.url));
  const ids = RULES.map(({ id }) => id).sort();
  expect(pages.map((name) => name.slice(0, -3)).sort()).toEqual(ids);
  expect(goldens.sort()).toEqual(ids.map((id) => `${id}.txt`));
  const rows = RULES.map(({ id, severity, summary, localOnly }) => {
    const where = localOnly === true ? `${severity}, not in CI` : severity;
    return `| [${id}](${id}.md) | ${where} | ${summary.replaceAll("|", "\\|").replaceAll("<", "&lt;")} |\n`;
  });
  const head =
    "# Rules of `check`\n\n<!-- made from src/core/rules: npx vitest run --project unit test/core/rule-pages.test.ts -u -->\n";
  const page = `${head}\n| rule | severity | what it finds |\n|---|---|---|\n${rows.join("")}`;
  await expect(page).toMatchFileSnapshot("../../docs/rules/README.md");
});

describe.each(RULES)("docs/rules/$id", (rule) => {
  const { id } = rule;
  const page = readFileSync(new URL(`${id}.md`, folder), "utf8");
  const examples = examplesOf(page);
  it("has wrong and right examples, and says why and how to silence it honestly", () => {
    expect(examples.filter(({ wrong }) => wrong).length).toBeGreaterThanOrEqual(2);
    expect(examples.filter(({ wrong }) => !wrong).length).toBeGreaterThanOrEqual(2);
    expect(new Set(examples.map((example) => JSON.stringify(example))).size).toBe(examples.length);
    expect(page).toMatch(/^# \S+\n/);
    expect(page).toContain("## Why");
    expect(page).toContain("## How to silence it");
  });
  it.each(examples.map((example, index) => ({ index, ...example })))("example $index behaves as it says", (example) => {
    const { findings, subject } = look(example);
    const found = findings.filter(({ rule }) => rule === id);
    expect(found.length > 0).toBe(example.wrong);
    const fixes = found.flatMap(({ fix }) => (fix === undefined ? [] : [fix]));
    expect(fixes.every((fix) => fix.length > 0)).toBe(true);
    if (fixes.length === 0) return;
    // what has a fix is gone after it
    const left = mended(subject, found).findings.filter(({ rule }) => rule === id);
    expect(left.length).toBeLessThan(found.length);
    expect(left.filter(({ fix }) => fix !== undefined)).toEqual([]);
    // and so is all that any rule mends: no fix adds an error, and they end
    let now: ReturnType<typeof mended> = { subject, findings };
    for (let round = 0; now.findings.some(({ fix }) => fix !== undefined); round += 1) {
      expect(round, "the fixes do not end").toBeLessThan(6);
      const next = mended(now.subject, now.findings);
      expect(errorsIn(next.findings)).toBeLessThanOrEqual(errorsIn(now.findings));
      now = next;
    }
  });
  it("says of each wrong example what test/golden/rules holds", async () => {
    const parts = examples
      .filter(({ wrong }) => wrong)
      .map((example, index) => `# ${index + 1}\n${shown(rule, example)}\n`);
    await expect(parts.join("\n")).toMatchFileSnapshot(`../golden/rules/${id}.txt`);
  });
});
