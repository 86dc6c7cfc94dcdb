/** Finds the files that `check` reads: with git by one question, without it by a walk. Reads none of them. */
import { type Dirent, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { EnvironmentError } from "../errors.ts";
import type { GitOptions } from "./git.ts";
import { listFiles } from "./list-files.ts";
import { errnoOf } from "./snapshot.ts";

export interface Found {
  /** From the root, with "/". */
  readonly path: string;
  readonly tracked: boolean;
  /** There, and git leaves it out. False without a repository. */
  readonly ignored: boolean;
}

export interface DiscoverOptions {
  /** Absolute. Everything is found below it and named from it. */
  readonly root: string;
  /** How to ask git; undefined where there is no repository. */
  readonly git: GitOptions | undefined;
  /** Files and folders that were asked for, from the root; empty for all of it. Without git nothing else is searched. */
  readonly within: readonly { readonly path: string; readonly isFolder: boolean }[];
  /** Does a path matter? By its name alone. */
  readonly isWanted: (path: string) => boolean;
  /** Does a file with this path make its folder one that a client starts in? */
  readonly isHome: (path: string) => boolean;
  /** Where there is no repository: more folders than these are not searched, but refused. */
  readonly maxFolders: number;
  /** Pathspecs that match at least every path that matters. */
  readonly patterns: readonly string[];
  /** Paths that matter at the root, looked for there even if git ignores them. */
  readonly atRoot: readonly string[];
  /** Paths that matter beside every file that `isHome`, likewise. */
  readonly beside: readonly string[];
}

const SKIPPED = new Set(["node_modules", ".git"]);

/** The files that matter, by path. Private ones (`.env`, a bridge) are found where a client starts, though git ignores them. */
export function discover(options: DiscoverOptions): readonly Found[] {
  const { git, within, isWanted, isHome, root } = options;
  const found = new Map<string, Found>();
  if (git !== undefined) {
    for (const { path, tracked } of listFiles(git, options.patterns)) {
      if (isWanted(path)) found.set(path, { path, tracked, ignored: false });
    }
  } else {
    const folders = within.length === 0 ? [""] : within.filter(({ isFolder }) => isFolder).map(({ path }) => path);
    for (const path of walk(options, folders)) found.set(path, { path, tracked: false, ignored: false });
  }
  const addUnlisted = (path: string): void => {
    // what is there and was not listed is what an ignore rule leaves out
    if (!found.has(path) && isFileOrLink(join(root, path))) {
      found.set(path, { path, tracked: false, ignored: git !== undefined });
    }
  };
  for (const { path, isFolder } of within) if (!isFolder) addUnlisted(path);
  for (const path of options.atRoot) addUnlisted(path);
  const homes = new Set(["", ...[...found.keys()].filter(isHome).map(folderOf)]);
  for (const home of homes) {
    for (const name of envFiles(join(root, home))) if (isWanted(home + name)) addUnlisted(home + name);
    for (const path of options.beside) addUnlisted(home + path);
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Its folder from the root, "" or ending in "/". */
function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

function isFileOrLink(path: string): boolean {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat?.isFile() === true || stat?.isSymbolicLink() === true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    // something in its path is a file, or closed: listed or not, it is no file that a client reads
    return false;
  }
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const code = errnoOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    if (code === undefined) throw error;
    throw new EnvironmentError(`${folder} could not be read (${code})`, { hint: `ls -ld '${folder}'` }, "unreadable");
  }
}

function envFiles(folder: string): readonly string[] {
  return entriesOf(folder)
    .filter((entry) => entry.name.startsWith(".env") && !entry.isDirectory())
    .map(({ name }) => name);
}

/** Below these folders, without a repository. Links to folders are not followed, so that no circle is walked. */
function* walk({ root, isWanted, maxFolders }: DiscoverOptions, folders: readonly string[]): Generator<string> {
  const pending = folders.map((path) => (path === "" ? "" : `${path}/`));
  let seen = 0;
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    seen += 1;
    if (seen > maxFolders) {
      throw new EnvironmentError(
        `there are more than ${maxFolders} folders below ${root}, which is no git repository`,
        { hint: "name what to check: npx create-halo-mcp check <path…>" },
        "too-many-folders",
      );
    }
    for (const entry of entriesOf(join(root, folder))) {
      const path = folder + entry.name;
      if (entry.isDirectory()) {
        if (!SKIPPED.has(entry.name)) pending.push(`${path}/`);
      } else if ((entry.isFile() || entry.isSymbolicLink()) && isWanted(path)) yield path;
    }
  }
}
