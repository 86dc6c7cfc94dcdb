/** Which files a repository holds, and which of them hold a given word: one question to git each. */
import { type GitOptions, run } from "./git.ts";

export interface Listed {
  /** From the folder that was asked, with "/". */
  readonly path: string;
  /** In the index; otherwise on the disk and not ignored. */
  readonly tracked: boolean;
}

export interface Listing {
  readonly files: readonly Listed[];
  /** Folders that git had no permission to look into, with "/" and without one at the end: what they hold is not in `files`. */
  readonly closed: readonly string[];
}

const LIST = { timeoutMs: 60_000, maxBytes: 512 * 1024 * 1024 };

/**
 * Every file below the folder that is tracked, or that no rule ignores. `patterns`: pathspecs that keep the answer
 * short where a repository is large; none for all.
 */
export function listFiles(options: GitOptions, patterns: readonly string[]): Listing {
  const argv = ["ls-files", "-z", "-t", "--cached", "--others", "--exclude-standard", "--", ...patterns];
  const { stdout, stderr } = run(options, argv, [0], "", LIST);
  const found = new Map<string, boolean>();
  for (const line of stdout.split("\0")) {
    // "H path" and its like are tracked (of an unfinished merge three times "M path"), "? path" is not
    if (line.length > 2) found.set(line.slice(2), line[0] !== "?");
  }
  return { files: [...found].map(([path, tracked]) => ({ path, tracked })), closed: closedIn(stderr) };
}

/** What git passes over with no more than a warning (dir.c of git 2.39, in the words of LC_ALL=C). */
function closedIn(stderr: string): readonly string[] {
  if (stderr === "") return [];
  return (
    [...stderr.matchAll(/^warning: could not open directory '(.*)': (.*)$/gm)]
      // a folder that went away meanwhile holds nothing
      .filter(([, , reason]) => reason !== "No such file or directory" && reason !== "Not a directory")
      .map(([, folder = ""]) => folder.replace(/\/$/, ""))
  );
}

/** The tracked files below the folder that hold one of these words as it is. The words go through stdin: argv is public. */
export function filesHolding(options: GitOptions, words: readonly string[]): readonly string[] {
  const argv = ["grep", "-z", "-l", "-F", "--no-recurse-submodules", "-f", "-", "--", "."];
  const { stdout } = run(options, argv, [0, 1], `${words.join("\n")}\n`, LIST);
  return stdout.split("\0").filter((path) => path !== "");
}
