/** Which files a repository holds, and which of them hold a given word: one question to git each. */
import { type GitOptions, run } from "./git.ts";

export interface Listed {
  /** From the folder that was asked, with "/". */
  readonly path: string;
  /** In the index; otherwise on the disk and not ignored. */
  readonly tracked: boolean;
}

const LIST = { timeoutMs: 60_000, maxBytes: 512 * 1024 * 1024 };

/**
 * Every file below the folder that is tracked, or that no rule ignores. `patterns`: pathspecs that keep the answer
 * short where a repository is large; none for all.
 */
export function listFiles(options: GitOptions, patterns: readonly string[]): readonly Listed[] {
  const argv = ["ls-files", "-z", "-t", "--cached", "--others", "--exclude-standard", "--", ...patterns];
  const { stdout } = run(options, argv, [0], "", LIST);
  const found = new Map<string, boolean>();
  for (const line of stdout.split("\0")) {
    // "H path" and its like are tracked (of an unfinished merge three times "M path"), "? path" is not
    if (line.length > 2) found.set(line.slice(2), line[0] !== "?");
  }
  return [...found].map(([path, tracked]) => ({ path, tracked }));
}

/** The tracked files below the folder that hold one of these words as it is. The words go through stdin: argv is public. */
export function filesHolding(options: GitOptions, words: readonly string[]): readonly string[] {
  const argv = ["grep", "-z", "-l", "-F", "--no-recurse-submodules", "-f", "-", "--", "."];
  const { stdout } = run(options, argv, [0, 1], `${words.join("\n")}\n`, LIST);
  return stdout.split("\0").filter((path) => path !== "");
}
