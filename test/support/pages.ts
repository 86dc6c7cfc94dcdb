/** Pages of made-up repositories: test/fixtures/cases, test/fixtures/public. Their READMEs have the form. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export interface Block {
  readonly path: string;
  readonly facts: string;
  readonly text: string;
}

/** A finding in the JSON of `check`. */
export interface Finding {
  readonly rule: string;
  readonly path: string;
  readonly line: number;
  readonly severity: string;
}

/** The titles of a page, each with its blocks: a fence names its language, its path, then facts. */
function partsOf(page: string): readonly (readonly [string, readonly Block[]])[] {
  return page
    .split(/^## /m)
    .slice(1)
    .map((part) => {
      const blocks = [...part.matchAll(/^```(\S*) ?(\S*)([^\n]*)\n([\s\S]*?)^```$/gm)].map(
        ([, language = "", path = "", facts = "", text = ""]): Block => ({ path: path || language, facts, text }),
      );
      return [part.slice(0, part.indexOf("\n")).trim(), blocks] as const;
    });
}

/** Every page of a folder, by its name. */
export function pagesIn(folder: URL) {
  const names = readdirSync(folder).filter((name) => name.endsWith(".md") && name !== "README.md");
  return names.map((name) => [name, partsOf(readFileSync(new URL(name, folder), "utf8"))] as const);
}

/** The lines of the blocks that are called `run` or `expected`. */
export function linesIn(blocks: readonly Block[], path: "run" | "expected"): string[] {
  return blocks
    .filter((block) => block.path === path)
    .flatMap(({ text }) => text.split("\n").filter((line) => line !== ""));
}

export const filesIn = (blocks: readonly Block[]): readonly Block[] =>
  blocks.filter(({ path }) => path !== "run" && path !== "expected");

/** Writes a file of a page: a link, or a text with its mode. */
export function putBlock(at: string, { facts, text }: Block): void {
  mkdirSync(dirname(at), { recursive: true });
  if (/\blink\b/.test(facts)) symlinkSync(text.trim(), at);
  else {
    writeFileSync(at, text);
    chmodSync(at, Number.parseInt(/mode=(\d+)/.exec(facts)?.[1] ?? "644", 8));
  }
}
