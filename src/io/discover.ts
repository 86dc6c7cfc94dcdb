/** Finds the files that `check` reads: with git by one question, without it by a walk. Reads none of them. */
import { type Dirent, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { EnvironmentError } from "../errors.ts";
import type { GitOptions } from "./git.ts";
import { listFiles } from "./list-files.ts";
import { errnoOf } from "./read.ts";

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
  /**
   * Files and folders that were asked for, from the root; empty for all of it. Without git nothing else is searched.
   * A client may start in such a folder.
   */
  readonly within: readonly { readonly path: string; readonly isFolder: boolean }[];
  /** Does a path matter? By its name alone. */
  readonly isWanted: (path: string) => boolean;
  /** The folder that a file lies in and that stands where a client looks for a file. */
  readonly asFolder: (path: string) => string | undefined;
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
    const { files, closed } = listFiles(git, options.patterns);
    const missed = closed.filter((folder) => isAsked(folder, within));
    if (missed.length > 0) throw closedFolders(missed, root);
    for (const { path, tracked } of files) {
      const folder = options.asFolder(path);
      if (folder !== undefined) {
        // of a folder that became a file git may know both
        if (!found.has(folder)) found.set(folder, { path: folder, tracked, ignored: false });
      } else if (isWanted(path)) found.set(path, { path, tracked, ignored: false });
    }
  } else {
    const folders = within.length === 0 ? [""] : within.filter(({ isFolder }) => isFolder).map(({ path }) => path);
    for (const path of walk(options, folders)) found.set(path, { path, tracked: false, ignored: false });
  }
  const addUnlisted = (path: string): void => {
    // what is there and was not listed is what an ignore rule leaves out
    if (!found.has(path) && isThere(join(root, path), isHome(path))) {
      found.set(path, { path, tracked: false, ignored: git !== undefined });
    }
  };
  for (const { path, isFolder } of within) if (!isFolder) addUnlisted(path);
  const lookIn = (folder: string, paths: readonly string[]): void => {
    const entries = entriesOf(join(root, folder));
    // one look at the folder instead of one for each path; macOS and Windows take a name in any case
    const names = new Set(entries.map(({ name }) => name.toLowerCase()));
    for (const path of paths) if (names.has(path.split("/", 1)[0] ?? "")) addUnlisted(folder + path);
    for (const entry of entries)
      if (entry.name.startsWith(".env") && !entry.isDirectory() && isWanted(folder + entry.name))
        addUnlisted(folder + entry.name);
  };
  for (const folder of new Set(["", ...within.filter(({ isFolder }) => isFolder).map(({ path }) => path)]))
    lookIn(folder === "" ? "" : `${folder}/`, [...options.atRoot, ...options.beside]);
  for (const home of new Set([...found.keys()].filter(isHome).map(folderOf)))
    if (home !== "") lookIn(home, options.beside);
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Could a folder hold something that was asked for? */
function isAsked(folder: string, within: DiscoverOptions["within"]): boolean {
  const isBelow = (path: string, above: string): boolean => above === "" || `${path}/`.startsWith(`${above}/`);
  return (
    within.length === 0 ||
    within.some(({ path, isFolder }) => isBelow(path, folder) || (isFolder && isBelow(folder, path)))
  );
}

function closedFolders(folders: readonly string[], root: string): EnvironmentError {
  return new EnvironmentError(
    [
      `could not look into ${folders.length === 1 ? "a folder" : `${folders.length} folders`} of ${root}`,
      ...folders.slice(0, 10).map((folder) => `  - ${folder}: no permission to read it`),
    ].join("\n"),
    { hint: "nothing was checked: make it readable, let git ignore it, or name what to check" },
    "unreadable",
  );
}

/** Its folder from the root, "" or ending in "/". */
function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

/** `asAny`: a folder, a pipe or a device counts too, since a client stumbles over it. */
function isThere(path: string, asAny: boolean): boolean {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat !== undefined && (asAny || stat.isFile() || stat.isSymbolicLink());
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

/** Below these folders, without a repository. Links to folders are not followed, so that no circle is walked. */
function* walk({ root, isWanted, isHome, maxFolders }: DiscoverOptions, folders: readonly string[]): Generator<string> {
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
      if (isHome(path)) yield path;
      else if (entry.isDirectory()) {
        if (!SKIPPED.has(entry.name)) pending.push(`${path}/`);
      } else if ((entry.isFile() || entry.isSymbolicLink()) && isWanted(path)) yield path;
    }
  }
}
