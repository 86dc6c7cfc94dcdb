/**
 * Asks git about paths: ignored, by which file, tracked, where its own files are. Reads only, and runs nothing
 * that the repository's configuration names.
 */
import { spawnSync } from "node:child_process";
import { lstatSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Cancelled, EnvironmentError } from "../errors.ts";

/** Variables that belong to the user's set-up of git. Every other GIT_* (GIT_DIR, GIT_INDEX_FILE… inside a hook) would send us elsewhere. */
const KEPT = /^GIT_(?:CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+)|DISCOVERY_ACROSS_FILESYSTEM)$/i;

export interface GitOptions {
  /** Absolute path of the program, see findProgram. */
  readonly program: string;
  /** A folder of the repository that is asked. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Questions to git. Paths are absolute, or relative to `cwd`. */
export interface Git {
  /** Would git ignore an untracked file of this path? A tracked file is taken all the same: ask isTracked too. */
  readonly isIgnored: (path: string) => boolean;
  /** The absolute path of the file whose rule ignores the path, or undefined when none does. */
  readonly ignoreSource: (path: string) => string | undefined;
  /** Is the path (or anything below it) in the index? */
  readonly isTracked: (path: string) => boolean;
  /** Absolute path of one of git's own files, such as `info/exclude`. */
  readonly gitPath: (name: string) => string;
}

interface Answer {
  readonly status: number;
  readonly stdout: string;
}

/** The folder at or above `cwd` that holds `.git` (a folder, or a file in a worktree or submodule). git is not run. */
export function findRoot(cwd: string): string | undefined {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    try {
      // without an exception for each folder that has none: ten of them are a hundredth of a start
      if (lstatSync(join(folder, ".git"), { throwIfNoEntry: false }) !== undefined) return folder;
    } catch {
      // it cannot be looked into
    }
    if (dirname(folder) === folder) return undefined;
  }
}

/** A small, synchronous wrapper over the git program. */
export function createGit(options: GitOptions): Git {
  /** The file whose rule ignores the path, as git names it. */
  const sourceOf = (path: string): string | undefined => {
    // the path goes through stdin, absolute: check-ignore knows no literal pathspecs, and "/…" is never pathspec magic
    const argv = ["check-ignore", "-v", "-z", "--no-index", "--stdin"];
    const [source, , pattern] = run(options, argv, [0, 1], `${resolve(options.cwd, path)}\0`).stdout.split("\0");
    // with -v git also reports, with exit code 0, the "!rule" that takes a path back in
    return pattern === undefined || pattern.startsWith("!") ? undefined : source;
  };
  return {
    isIgnored: (path) => sourceOf(path) !== undefined,
    ignoreSource: (path) => {
      const source = sourceOf(path);
      // a relative one is relative to the root of the worktree, wherever git was started
      return source && resolve(line(run(options, ["rev-parse", "--show-toplevel"], [0]).stdout), source);
    },
    isTracked: (path) => {
      const argv = ["--literal-pathspecs", "ls-files", "--error-unmatch", "-z", "--", resolve(options.cwd, path)];
      return run(options, argv, [0, 1]).status === 0;
    },
    gitPath: (name) => resolve(options.cwd, line(run(options, ["rev-parse", "--git-path", name], [0]).stdout)),
  };
}

/** Those of these paths that an ignore rule covers, whether they exist or not: one question for all. In and out: from `cwd`. */
export function ignoredOf(options: GitOptions, paths: readonly string[]): ReadonlySet<string> {
  const asked = new Map(paths.map((path) => [resolve(options.cwd, path), path]));
  const input = [...asked.keys()].map((path) => `${path}\0`).join("");
  const { stdout } = run(options, ["check-ignore", "-z", "--no-index", "--stdin"], [0, 1], input);
  return new Set(stdout.split("\0").flatMap((path) => asked.get(path) ?? []));
}

/** What git prints is one line: only its newline goes, a path may end in a space. */
function line(stdout: string): string {
  return stdout.replace(/\r?\n$/, "");
}

const LIMITS = { timeoutMs: 10_000, maxBytes: 16 * 1024 * 1024 };

/** Runs git with words that name no program. `expected`: the exit codes that are an answer; another one is an EnvironmentError. */
export function run(
  options: GitOptions,
  argv: readonly string[],
  expected: readonly number[],
  input = "",
  limits = LIMITS,
): Answer {
  const safe = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", ...argv];
  const { cwd } = options;
  const { error, status, signal, stdout, stderr } = spawnSync(options.program, safe, {
    cwd,
    env: cleanEnv(options.env),
    input,
    encoding: "utf8",
    timeout: limits.timeoutMs,
    killSignal: "SIGKILL",
    maxBuffer: limits.maxBytes,
    windowsHide: true,
  });
  if (error === undefined && status !== null && expected.includes(status)) return { status, stdout };
  // Ctrl-C goes to the whole group of a terminal
  if (signal === "SIGINT" || signal === "SIGTERM" || signal === "SIGHUP") throw new Cancelled();
  const reason = error === undefined ? said(stderr) : `it could not be started, or took too long (${error.message})`;
  // git works in no repository of another user (CVE-2022-24765), unless it is told that this is meant
  const owned = /^fatal: (?:detected dubious ownership in|unsafe) repository (?:at )?\(?'([^\n]*)'/m.exec(stderr ?? "");
  if (owned !== null) {
    const [, root = cwd] = owned;
    const word = `'${root.replaceAll("'", "'\\''")}'`;
    throw new EnvironmentError(
      `${root} belongs to another user, so git does not work in it ("dubious ownership")`,
      { hint: `if you trust what is in it, tell git so:\ngit config --global --add safe.directory ${word}` },
      "git",
    );
  }
  const command = argv.find((word) => !word.startsWith("-")) ?? "";
  throw new EnvironmentError(
    `git could not answer "git ${command}" in ${cwd}: ${reason}`,
    { hint: `See what git says: git -C "${cwd}" status`, cause: error },
    "git",
  );
}

/** The first line of what git said. */
function said(stderr: string): string {
  const [first = "it gave no reason."] = stderr.split("\n").filter((text) => text.trim() !== "");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: \p{Cc} has V8 read a table of Unicode with this file
  return first.replace(/[\0-\u001f\u007f-\u009f]/g, " ").trim();
}

function cleanEnv(env: GitOptions["env"]): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !/^GIT_/i.test(name) || KEPT.test(name));
  return {
    ...Object.fromEntries(kept),
    LC_ALL: "C",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_TERMINAL_PROMPT: "0",
    // a repository with missing objects makes git fetch them, through a program that its configuration names
    GIT_ALLOW_PROTOCOL: "none",
    GIT_NO_LAZY_FETCH: "1",
  };
}
