/** Where a file may be written: not outside the repository, and a secret not where git would add it. */
import { lstatSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Context } from "../../context.ts";
import { toSh } from "../../core/command-line.ts";
import { EnvironmentError, Refusal } from "../../errors.ts";
import { ignoredOf, trackedOf } from "../../io/git.ts";
import { findRoot, foldersFrom, isInside, readState } from "../../io/read.ts";

/** A file as the user knows it, and where a write would land. */
type Place = { readonly path: string; readonly realPath: string };

/** Refuses a symlink that leads out of the repository, and a folder that is one: git does not look through it, so no rule protects its files. */
export function assertInside(root: string, { path, realPath }: Place): void {
  const above = foldersFrom(dirname(path)).filter((each) => each !== root && isInside(each, root));
  const folder = above.findLast((each) => lstatSync(each, { throwIfNoEntry: false })?.isSymbolicLink());
  const isOut = !isInside(realPath, root);
  if (!isInside(path, root) || (folder === undefined && !isOut)) return;
  const link = folder ?? path;
  // also of a link that leads to itself
  const target = folder === undefined ? realPath : readState(folder).realPath;
  const where = isOut
    ? `${link} is a symlink that leads out of this repository, to ${target}: nothing is written through it`
    : `${link} is a symlink to ${target}: git does not look through it, and could not be told to ignore ${path}`;
  const other = path.endsWith("settings.local.json") ? "\nor keep it, and export the variables: --bridge none" : "";
  const hint = `check it, then replace it with a regular ${folder ? "folder" : "file"}:\n${toSh(["rm", link])}${other}`;
  throw new Refusal(where, { hint }, isOut ? "symlink-outside" : "symlink-folder");
}

/** The git to ask about a file. */
export interface Asked {
  readonly root: string;
  /** Never one from a repository; undefined if there is none. */
  readonly gitProgram: string | undefined;
  /** The environment of every program, see `programsOn`. */
  readonly programEnv: Context["env"];
  readonly signal: AbortSignal;
}

/** A file that gets a secret. `ignored: false`: before the ignore rule is written; `own`: no rule is written. */
export interface Secret extends Place {
  readonly ignored: boolean | "own";
  /** The folder that it must not leave, if not that of the others. */
  readonly root?: string;
  readonly instead?: ((untrack: string) => string) | undefined;
}

/** Refuses secrets where git would add them, in every repository around the resolved paths. */
export async function assertPrivate(asked: Asked, ...secrets: readonly Secret[]): Promise<void> {
  for (const secret of secrets) assertInside(secret.root ?? asked.root, secret);
  const groups = new Map<string, Secret[]>();
  for (const secret of secrets) {
    const repository = findRoot(dirname(secret.realPath)) ?? "";
    groups.set(repository, [...(groups.get(repository) ?? []), secret]);
  }
  groups.delete("");
  for (const [repository, inside] of groups) await assertIgnored(asked, inside, repository);
}

/** The same for files of one repository: none is written if one is refused. */
async function assertIgnored(asked: Asked, secrets: readonly Secret[], repository: string): Promise<void> {
  const { gitProgram: program, programEnv: env, signal } = asked;
  const why = `${secrets[0]?.path} is in a git repository, but git is not installed: cannot check whether git would add the file`;
  if (program === undefined) throw new EnvironmentError(why, { hint: "install git, then run this again" });
  const paths = secrets.map(({ realPath }) => realPath);
  // one question, to which the usual answer is: ignored, and not tracked
  const safe = await ignoredOf({ program, cwd: repository, env, signal }, paths, true);
  const open = secrets.filter(({ realPath }) => !safe.has(realPath));
  const around = foldersFrom(dirname(repository)).filter(
    (folder) => folder !== repository && findRoot(folder) === folder,
  );
  // a repository around this one adds none of its files, except those that it tracks already
  for (const [cwd, asking] of [[repository, open] as const, ...around.map((folder) => [folder, secrets] as const)]) {
    const tracked = asking.length === 0 ? new Set() : await trackedOf({ program, cwd, env, signal }, paths);
    for (const secret of asking) refuse(secret, cwd, tracked.has(secret.realPath), cwd === repository);
  }
}

/** Throws for a file that git tracks, or that it would add (`isAddable`). */
function refuse(
  { path, realPath, ignored, instead }: Secret,
  repository: string,
  isTracked: boolean,
  isAddable: boolean,
): void {
  const shown = relative(repository, realPath);
  const inRepository = (...words: readonly string[]): string => toSh(["git", "-C", repository, ...words]);
  if (isTracked) {
    const untrack = inRepository("rm", "--cached", shown);
    const commit = inRepository("commit", "-m", `Stop tracking ${shown}`);
    const own = `${untrack} && ${commit}\nif it held a token, delete that token in HALO Studio > Settings > Product Tokens`;
    const where = path === realPath ? "" : ` (it leads to ${realPath})`;
    const message = `${path} is tracked by git${where}: a secret in it would be committed`;
    throw new Refusal(message, { hint: instead?.(own) ?? own }, "tracked");
  }
  if (isAddable && ignored === "own") {
    const hint = `echo ${toSh([`/${shown}`])} >> ${toSh([join(repository, ".gitignore")])}`;
    throw new Refusal(`${path} is in a git repository that does not ignore it`, { hint }, "not-ignored");
  }
  if (isAddable && ignored) {
    const because = "a later rule re-includes it, or git does not read the ignore file (a symlink, for example)";
    const hint = inRepository("check-ignore", "-v", "--no-index", shown);
    const message = `${path} is not ignored by git, in spite of the new ignore rule: ${because}`;
    throw new Refusal(message, { hint }, "not-ignored");
  }
}
