/**
 * Asks git about paths: ignored, by which file, tracked, where its own files are. Reads only, and runs nothing
 * that the repository's configuration names.
 */
import { spawnSync } from "node:child_process";
import { lstatSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Cancelled, EnvironmentError } from "../errors.ts";

const TIMEOUT_MS = 10_000;

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
  /** Warnings, where it answered. */
  readonly stderr: string;
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
  const matchingRule = (path: string): { source: string; pattern: string } | undefined => {
    // The path goes through stdin, absolute: check-ignore knows no literal pathspecs, and "/…" is never pathspec magic.
    const answer = run(
      options,
      ["check-ignore", "-v", "-z", "--no-index", "--stdin"],
      [0, 1],
      `${resolve(options.cwd, path)}\0`,
    );
    const [source, , pattern] = answer.stdout.split("\0");
    return source === undefined || pattern === undefined ? undefined : { source, pattern };
  };
  const ignoringRule = (path: string): { source: string; pattern: string } | undefined => {
    const rule = matchingRule(path);
    // With -v git also reports, with exit code 0, the "!rule" that takes a path back in.
    return rule === undefined || rule.pattern.startsWith("!") ? undefined : rule;
  };
  return {
    isIgnored: (path) => ignoringRule(path) !== undefined,
    ignoreSource: (path) => {
      const rule = ignoringRule(path);
      if (rule === undefined) return undefined;
      // Relative sources are relative to the root of the worktree, wherever git was started.
      const root = line(run(options, ["rev-parse", "--show-toplevel"], [0]).stdout);
      return resolve(root, rule.source);
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

/** What one question may take, where that is more than usual. */
interface RunLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

const LIMITS: RunLimits = { timeoutMs: TIMEOUT_MS, maxBytes: 16 * 1024 * 1024 };

/** Runs git with words that name no program. `expected`: the exit codes that are an answer; another one is an EnvironmentError. */
export function run(
  options: GitOptions,
  argv: readonly string[],
  expected: readonly number[],
  input = "",
  limits = LIMITS,
): Answer {
  const safe = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", ...argv];
  const result = spawnSync(options.program, safe, {
    cwd: options.cwd,
    env: cleanEnv(options.env),
    input,
    encoding: "utf8",
    timeout: limits.timeoutMs,
    killSignal: "SIGKILL",
    maxBuffer: limits.maxBytes,
    windowsHide: true,
  });
  if (result.error === undefined && result.status !== null && expected.includes(result.status)) {
    return { status: result.status, stdout: result.stdout, stderr: result.stderr };
  }
  // Ctrl-C goes to the whole group of a terminal
  if (result.signal === "SIGINT" || result.signal === "SIGTERM" || result.signal === "SIGHUP") throw new Cancelled();
  const owned = /^fatal: (?:detected dubious ownership in|unsafe) repository (?:at )?\(?'([^\n]*)'/m.exec(
    result.stderr ?? "",
  );
  if (owned !== null) throw foreign(owned[1] ?? options.cwd);
  throw new EnvironmentError(
    `git could not answer "git ${argv.find((word) => !word.startsWith("-")) ?? ""}" in ${options.cwd}: ${reasonOf(result.error, result.signal, result.stderr)}`,
    { hint: `See what git says: git -C "${options.cwd}" status`, cause: result.error },
    "git",
  );
}

/** Git works in no repository of another user (CVE-2022-24765), unless it is told that this is meant. */
function foreign(root: string): EnvironmentError {
  const word = /^[\w./:@%+-]+$/.test(root) ? root : `'${root.replaceAll("'", "'\\''")}'`;
  return new EnvironmentError(
    `${root} belongs to another user, so git does not work in it ("dubious ownership")`,
    { hint: `if you trust what is in it, tell git so:\ngit config --global --add safe.directory ${word}` },
    "git",
  );
}

function reasonOf(error: Error | undefined, signal: string | null, stderr: string | null): string {
  if (error !== undefined && "code" in error && error.code === "ETIMEDOUT") return "it took too long.";
  if (error !== undefined) return `it could not be started (${error.message}).`;
  if (signal !== null) return `it was ended by ${signal}.`;
  const said = (stderr ?? "").split("\n").find((text) => text.trim() !== "");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: \p{Cc} has V8 read a table of Unicode with this file
  return said === undefined ? "it gave no reason." : said.replace(/[\0-\u001f\u007f-\u009f]/g, " ").trim();
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
