/** Looks for a secret of the environment in what a repository tracks. */
import { join } from "node:path";
import type { GitOptions } from "./git.ts";
import { filesHolding } from "./list-files.ts";
import { readDocument } from "./read.ts";

export interface Spill {
  /** From the root, with "/". */
  readonly path: string;
  /** In UTF-16 units of `text`; 0 where the file has no text. */
  readonly offset: number;
  readonly length: number;
  readonly text: string;
}

/** More places than that help nobody: the token has to be deleted anyway. */
const MOST = 20;

/** Where one of the secrets stands, one place a file. A binary or very large file is named without its place. */
export function findSpills(options: GitOptions, secrets: readonly string[]): readonly Spill[] {
  if (secrets.length === 0) return [];
  return filesHolding(options, secrets)
    .slice(0, MOST)
    .map((path) => {
      const reading = readDocument(join(options.cwd, path));
      const text = reading.kind === "read" ? reading.text : "";
      const secret = secrets.find((word) => text.includes(word));
      if (secret === undefined) return { path, offset: 0, length: 0, text: "" };
      return { path, offset: text.indexOf(secret), length: secret.length, text };
    });
}
