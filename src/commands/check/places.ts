import { realpathSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { Context } from "../../context.ts";
import { kindOf } from "../../core/check/documents.ts";
import { printable } from "../../core/secrets.ts";
import { EnvironmentError, UsageError } from "../../errors.ts";
import { findRoot, type GitOptions } from "../../io/git.ts";
import { isInside } from "../../io/read.ts";
import { programsFor } from "../shared/programs.ts";
import type { CheckOptions } from "./options.ts";

/** Where `check` works. */
export interface Places {
  /** Absolute, the repository's where there is one; reports name files from here. */
  readonly root: string;
  /** The folder of `--cwd` from the root with "/", or "". */
  readonly start: string;
  readonly git: GitOptions | undefined;
  /** What was asked for, from the root with "/"; empty: everything. */
  readonly asked: readonly { readonly path: string; readonly isFolder: boolean }[];
}

interface Given {
  readonly path: string;
  readonly isFolder: boolean;
}

function given(word: string, from: string): Given {
  const path = resolve(from, word);
  const shown = printable(word, 200);
  let isFolder: boolean;
  try {
    // a folder that is called .mcp.json is what a client takes for the file
    isFolder = statSync(path).isDirectory() && basename(path) !== ".mcp.json";
    if (isFolder) return { path: realpathSync.native(path), isFolder };
    // the link itself is what a client reads by its name, not what it leads to
    return { path: join(realpathSync.native(dirname(path)), basename(path)), isFolder };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") throw new UsageError(`there is no file or folder ${shown}`);
    throw new EnvironmentError(`${shown} could not be read (${code ?? "unknown"})`, undefined, "unreadable");
  }
}

function folderOf({ path, isFolder }: Given): string {
  return isFolder ? path : dirname(path);
}

/** The folder above all of them. */
function common(folders: readonly string[]): string {
  let at = folders[0] ?? "";
  while (!folders.every((folder) => isInside(folder, at))) at = dirname(at);
  return at;
}

/** The root to work from: the repository of what was asked for, else where the command was started, else above all of it. */
function rootOf(here: string, asked: readonly Given[]): { root: string; repository: string | undefined } {
  if (asked.length === 0) {
    const repository = findRoot(here);
    return { root: repository ?? here, repository };
  }
  const repositories = new Set(asked.map((each) => findRoot(folderOf(each))));
  if (repositories.size > 1)
    throw new UsageError("the paths lie in different repositories", { hint: "run it once for each of them" });
  const [repository] = repositories;
  const folders = asked.map(folderOf);
  return {
    root: repository ?? (folders.every((folder) => isInside(folder, here)) ? here : common(folders)),
    repository,
  };
}

function fromRoot(root: string, path: string): string {
  return relative(root, path).split(sep).join("/");
}

/** Settles where to look. Throws UsageError for a path that is not there, EnvironmentError when git is needed and missing. */
export function findPlaces(context: Context, options: CheckOptions): Places {
  const start = options.cwd ?? context.cwd;
  let here: string;
  try {
    here = realpathSync.native(start);
    if (!statSync(here).isDirectory()) throw new Error("no folder");
  } catch {
    throw new UsageError(`--cwd: there is no folder ${printable(start, 200)}`);
  }
  const asked = options.paths.map((word) => given(word, here));
  const { root, repository } = rootOf(here, asked);
  for (const [index, { path, isFolder }] of asked.entries()) {
    const shown = printable(options.paths[index] ?? "", 200);
    const limit = options.cwd === undefined ? root : here;
    if (!isInside(path, limit)) throw new UsageError(`${shown} lies outside of ${printable(limit, 200)}`);
    if (!isFolder && kindOf(fromRoot(root, path)) === undefined) {
      throw new UsageError(`${shown} is no file that check reads`, {
        hint: "it reads .mcp.json, .env and .env.example, .claude/settings.json and other clients' MCP files, under these names",
      });
    }
  }
  const below = options.cwd === undefined || !isInside(here, root) ? "" : fromRoot(root, here);
  const named = asked.map(({ path, isFolder }) => ({ path: fromRoot(root, path), isFolder }));
  return {
    root,
    start: below,
    git: repository === undefined ? undefined : gitFor(context, root, repository),
    // --cwd says what to look for, not what is read beside it
    asked: named.length === 0 && below !== "" ? [{ path: below, isFolder: true }] : named,
  };
}

function gitFor(context: Context, root: string, repository: string): GitOptions {
  const { find, env } = programsFor(context, root, repository);
  const program = find("git");
  if (program === undefined) {
    throw new EnvironmentError(
      "this is a git repository, but there is no git program to ask what it tracks and ignores",
      { hint: "install git, then run this again" },
      "no-git",
    );
  }
  return { program, cwd: root, env };
}

/** Does a report about what was asked for hold findings of this path? */
export function isAsked(places: Places, path: string): boolean {
  return (
    places.asked.length === 0 ||
    places.asked.some(
      (each) => path === each.path || (each.isFolder && (each.path === "" || path.startsWith(`${each.path}/`))),
    )
  );
}
