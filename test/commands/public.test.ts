/** Repositories in the shapes of public ones: what check finds in them against labels that were written first. test/fixtures/public/README.md has the form. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { check } from "../support/check.ts";
import { mkRepo, type Repository, type ScratchHome, scratchHome } from "../support/home.ts";
import { type Block, type Finding, filesIn, linesIn, pagesIn, putBlock } from "../support/pages.ts";
import { ALL, drawn, guid, HEX } from "../support/secrets.ts";

/** What must be found: one of these rules (`any`: whatever names it), in one of these places (`path` or `path:line`). */
interface Label {
  readonly rules: readonly string[];
  readonly places: readonly string[];
  readonly text: string;
}

const folder = new URL("../fixtures/public/", import.meta.url);
const pages = pagesIn(folder);
const UPPER = ALL.slice(0, 26) + ALL.slice(-10);

/** The text of a file, with drawn values in place of `{{…}}`. */
function textOf({ facts, text }: Block, seed: number): string {
  const full = text.replace(/\{\{(?:(guid)|(hex|upper)?(\d+))\}\}/g, (_, isGuid, kind, length, at: number) => {
    if (isGuid !== undefined) return guid(seed + at);
    return drawn(Number(length), kind === "hex" ? HEX : kind === "upper" ? UPPER : ALL, seed + at);
  });
  const ended = /\bbare\b/.test(facts) ? full.replace(/\n$/, "") : full;
  const lines = /\bcrlf\b/.test(facts) ? ended.replaceAll("\n", "\r\n") : ended;
  return /\bbom\b/.test(facts) ? `\uFEFF${lines}` : lines;
}

function labelOf(line: string): Label {
  const [, rules = "", places = ""] = /^wrong (\S+) (\S+) \(.+\)$/.exec(line) ?? [];
  if (places === "") throw new Error(`unknown line in "expected": ${line}`);
  return { rules: rules.split("|"), places: places.split("|"), text: line.slice("wrong ".length) };
}

const covers = ({ rules, places }: Label, { rule, path, line }: Finding): boolean =>
  (rules.includes("any") || rules.includes(rule)) && (places.includes(path) || places.includes(`${path}:${line}`));

let scratch: ScratchHome;
let empty: Repository;
beforeAll(() => {
  scratch = scratchHome();
  empty = mkRepo(scratch, "empty");
  // git's samples of hooks are most of what is copied
  rmSync(join(empty.path, ".git/hooks"), { recursive: true });
});
afterAll(() => scratch.dispose());

/** Runs check in a real repository of these files. Out: the findings that count. */
async function findingsIn(
  files: readonly Block[],
  name: string,
  words: readonly string[],
): Promise<readonly Finding[]> {
  const root = join(scratch.root, name);
  cpSync(join(empty.path, ".git"), join(root, ".git"), { recursive: true });
  const put = (file: Block, index: number): void =>
    putBlock(join(root, file.path), { ...file, text: textOf(file, index) });
  const [late, early] = [true, false].map((is) => files.filter(({ facts }) => /\buntracked\b/.test(facts) === is));
  early?.forEach(put);
  const git = (...args: string[]): string => empty.git("-C", root, ...args);
  git("add", "--all");
  const forced = files.filter(({ facts }) => /\bforced\b/.test(facts)).map(({ path }) => path);
  if (forced.length > 0) git("add", "--force", ...forced);
  late?.forEach(put);
  const { stdout } = await check(root, ["--json", ...words], scratch.env);
  return (JSON.parse(stdout) as { findings: Finding[] }).findings.filter(({ severity }) => severity !== "note");
}

const counted = { files: 0, repositories: 0, silent: 0, true: 0, labels: 0 };
const alarms: string[] = [];
const missed: string[] = [];

describe.each(pages)("%s", (page, repositories) => {
  it("is counted", { timeout: 120_000 }, async () => {
    for (const [index, [title, blocks]] of repositories.entries()) {
      const files = filesIn(blocks);
      const expected = linesIn(blocks, "expected");
      const labels = expected.filter((line) => line !== "no findings").map(labelOf);
      expect(expected.length, `${title}: "expected" is missing`).toBeGreaterThan(0);
      const [command = "check --allow-missing"] = linesIn(blocks, "run");
      const found = await findingsIn(files, `${page}-${index}`, command.split(" ").slice(1));
      for (const each of found) {
        const text = `${page}, ${title}: ${each.severity} ${each.rule} ${each.path}:${each.line}`;
        if (labels.some((label) => covers(label, each))) counted.true += 1;
        else alarms.push(text);
      }
      for (const label of labels) {
        if (!found.some((each) => covers(label, each))) missed.push(`${page}, ${title}: ${label.text}`);
      }
      counted.labels += labels.length;
      counted.repositories += 1;
      if (labels.length === 0) counted.silent += 1;
      counted.files += files.filter(({ path }) => path !== ".gitignore").length;
    }
  });
});

it("finds what is wrong, and is silent where nothing is", () => {
  const list = `\nfalse alarms:\n${alarms.join("\n")}\nmissed:\n${missed.join("\n")}\n`;
  expect(counted.repositories).toBeGreaterThanOrEqual(60);
  expect(counted.silent / counted.repositories).toBeGreaterThan(0.4);
  expect(counted.true / (counted.true + alarms.length), list).toBeGreaterThanOrEqual(0.99);
  expect(1 - missed.length / counted.labels, list).toBeGreaterThanOrEqual(1);
});

afterAll(() => {
  const [precise, recalled] = [counted.true + alarms.length, counted.labels - missed.length];
  const size = `${counted.files} files in ${counted.repositories} repositories, ${counted.silent} of them right`;
  process.stdout.write(
    `public-looking files: ${size}, precision ${counted.true}/${precise}, recall ${recalled}/${counted.labels}\n`,
  );
});
