/** Asks git about paths. Reads only, and runs nothing that the repository's configuration names. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, lstatSync, realpathSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { IgnoreRule } from "../core/check/model.ts";
import type { Folder } from "../core/clients/claude-project.ts";
import { Cancelled, EnvironmentError } from "../errors.ts";
import { endGroup, OWN_GROUP } from "./programs.ts";
import { findRoot, foldersFrom, isInside, readState } from "./read.ts";

/** Variables of the user's git set-up. Any other GIT_* (GIT_DIR, GIT_INDEX_FILE… inside a hook) would redirect git to another repository. */
const KEPT = /^GIT_(?:CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+)|DISCOVERY_ACROSS_FILESYSTEM)$/i;

export interface GitOptions {
  readonly program: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** A folder as clients see it. Does not run git. In: an absolute path, symlinks followed. */
export function describeFolder(folder: string, home: string): Folder {
  const gitRoot = findRoot(folder);
  const main = gitRoot === undefined ? undefined : mainOf(gitRoot);
  return { above: foldersFrom(folder), gitRoot, main, home: realOf(home) };
}

const realOf = (path: string): string => (existsSync(path) ? realpathSync(path) : path);

/** The path in a file of git, which is relative to the folder of the file. */
function lineIn(file: string, start = ""): string | undefined {
  const state = readState(file);
  const line = state.kind === "file" ? state.text.replace(/\r?\n$/, "") : "";
  return line.startsWith(start) && line !== start ? resolve(dirname(file), line.slice(start.length)) : undefined;
}

/** The git folder that a worktree shares, links followed. Undefined if only a `.git` file or link says so, which can be made up. */
export function gitFolderOf(root: string): string | undefined {
  const dotGit = join(root, ".git");
  if (lstatSync(dotGit, { throwIfNoEntry: false })?.isDirectory()) return realOf(dotGit);
  const main = mainOf(root);
  if (main !== undefined) return main.isCheckout ? join(main.folder, ".git") : main.folder;
  // a submodule: its git folder is in the one of the repository around it
  const around = findRoot(dirname(root));
  const outer = around === undefined || around === root ? undefined : gitFolderOf(around);
  const own = lineIn(dotGit, "gitdir: ");
  return outer !== undefined && own !== undefined && isInside(realOf(own), outer) ? realOf(own) : undefined;
}

/** Where the repository of a linked worktree is, only if git's files lead there and back: a `.git` file can be made up. */
function mainOf(root: string): Folder["main"] {
  const own = lineIn(join(root, ".git"), "gitdir: ");
  const common = own && lineIn(join(own, "commondir"));
  const back = own && lineIn(join(own, "gitdir"));
  if (own === undefined || common === undefined || back === undefined) return undefined;
  const repository = realOf(common);
  if (realOf(dirname(own)) !== join(repository, "worktrees") || realOf(back) !== join(root, ".git")) return undefined;
  const isCheckout = basename(repository) === ".git";
  return { folder: isCheckout ? dirname(repository) : repository, isCheckout };
}

/** Questions about the paths of one repository. Git answers each once, until `forget`. */
export function createGit(options: GitOptions) {
  const known = new Map<string, Promise<Ignored>>();
  const rulesFor = (paths: readonly string[]): Promise<Ignored> => {
    const key = paths.join("\0");
    const rules = known.get(key) ?? ignoredOf(options, paths);
    known.set(key, rules);
    return rules;
  };
  const ruleFor = async (path: string): Promise<IgnoreRule | undefined> => (await rulesFor([path])).get(path);
  return {
    ruleFor,
    /** Would git ignore an untracked file at this path? Git does not ignore tracked files: check isTracked too. */
    isIgnored: async (path: string): Promise<boolean> => (await ruleFor(path)) !== undefined,
    /** Of each path that a rule ignores the absolute path of the rule's file. */
    ignoreSources: async (paths: readonly string[]): Promise<ReadonlyMap<string, string>> => {
      const rules = paths.length === 0 ? [] : [...(await rulesFor(paths))];
      // a relative path is relative to the root of the worktree, wherever git was started
      const top = findRoot(options.cwd) ?? options.cwd;
      return new Map(rules.map(([path, { source }]) => [path, resolve(top, source)]));
    },
    /** Is the path (or anything below it) in the index? */
    isTracked: async (path: string): Promise<boolean> => (await trackedOf(options, [path])).has(path),
    /** The text of a path in the last commit; undefined if it is not in it. */
    committed: async (path: string): Promise<string | undefined> => {
      const name = relative(options.cwd, resolve(options.cwd, path)).split(sep).join("/");
      const { status, stdout } = await run(options, ["cat-file", "blob", `HEAD:./${name}`], [0, 128]);
      return status === 0 ? stdout : undefined;
    },
    forget: (): void => known.clear(),
  };
}

type Ignored = ReadonlyMap<string, IgnoreRule>;

/**
 * The paths that an ignore rule covers, whether they exist or not, each with the rule and its file as git names it, with one call of git.
 * `isUntracked`: without those that git tracks, and without one that is, read as a pattern, a tracked one.
 */
export async function ignoredOf(options: GitOptions, paths: readonly string[], isUntracked = false): Promise<Ignored> {
  // absolute and through stdin: check-ignore has no literal pathspecs, and "/…" is never pathspec magic
  const asked = new Map(paths.map((path) => [resolve(options.cwd, path), path]));
  const input = [...asked.keys()].map((path) => `${path}\0`).join("");
  const argv = ["check-ignore", "-v", "-z", ...(isUntracked ? [] : ["--no-index"]), "--stdin"];
  const { stdout } = await run(options, argv, [0, 1], input);
  const found = new Map<string, IgnoreRule>();
  for (const [, source = "", line = "", pattern = "", path = ""] of stdout.matchAll(/(.*?)\0(.*?)\0(.*?)\0(.*?)\0/gs)) {
    const name = asked.get(path);
    // with -v, git also reports a "!rule" that re-includes a path
    if (name !== undefined && !pattern.startsWith("!")) found.set(name, { source, line, pattern });
  }
  return found;
}

/** The paths that are in the index, themselves or something below them, with one call of git. */
export async function trackedOf(options: GitOptions, paths: readonly string[]): Promise<ReadonlySet<string>> {
  const asked = paths.map((path) => [path, resolve(options.cwd, path)] as const);
  const argv = ["--literal-pathspecs", "ls-files", "-z", "--", ...asked.map(([, path]) => path)];
  const listed = (await run(options, argv, [0])).stdout.split("\0").filter((line) => line !== "");
  const found = listed.map((line) => resolve(options.cwd, line));
  return new Set(asked.flatMap(([path, whole]) => (found.some((each) => isInside(each, whole)) ? [path] : [])));
}

/** Runs git with arguments that name no program. `expected`: the exit codes that are an answer; any other is an EnvironmentError. `read`: gets the output in place of the result. */
export async function run(
  options: GitOptions,
  argv: readonly string[],
  expected: readonly number[],
  input = "",
  timeout = 10_000,
  read?: (chunk: Buffer) => void,
): Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }> {
  const { program, cwd, env, signal } = options;
  if (signal.aborted) throw new Cancelled();
  const safe = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", ...argv];
  // without execa, which would cost a third of the start of `check`
  const how = { ...OWN_GROUP, cwd, env: cleanEnv(env), signal, timeout, killSignal: "SIGKILL" as const };
  // each pipe costs half a millisecond
  const child = spawn(program, safe, { ...how, stdio: [input === "" ? "ignore" : "pipe", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  if (read !== undefined) child.stdout?.on("data", read);
  for (const name of read === undefined ? (["stdout", "stderr"] as const) : (["stderr"] as const))
    child[name]?.setEncoding("utf8").on("data", (text: string) => (said[name] += text));
  child.once("exit", () => endGroup(child.pid));
  // it may end before it has read everything
  child.stdin?.on("error", () => undefined).end(input);
  const failed = await once(child, "close").then(
    () => (child.killed ? `after ${timeout} ms` : undefined),
    ({ message }: Error) => message,
  );
  if (signal.aborted) throw new Cancelled();
  const status = child.exitCode;
  if (failed === undefined && status !== null && expected.includes(status)) return { ...said, status };
  // git's first lines contain its advice: "git config --global --add safe.directory …" for another user's repository
  const answer = said.stderr.trim().split("\n").slice(0, 5).join("\n");
  const why = failed === undefined ? answer : `it could not be started, or took too long (${failed})`;
  const command = argv.find((word) => !word.startsWith("-")) ?? "";
  const hint = `See what git says: git -C "${cwd}" status`;
  throw new EnvironmentError(`git could not answer "git ${command}" in ${cwd}: ${why}`, { hint }, "git");
}

function cleanEnv(env: GitOptions["env"]): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !/^GIT_/i.test(name) || KEPT.test(name));
  return {
    ...Object.fromEntries(kept),
    LC_ALL: "C",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_TERMINAL_PROMPT: "0",
    // in a repository with missing objects, git fetches them with a program that the configuration names
    GIT_ALLOW_PROTOCOL: "none",
    GIT_NO_LAZY_FETCH: "1",
  };
}
