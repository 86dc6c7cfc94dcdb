/** Finds the files that `check` reads: with git by one question, without it by a walk. Names them, reads none of them. */
import { type Dirent, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { EnvironmentError } from "../errors.ts";
import { type GitOptions, run } from "./git.ts";
import { errnoOf, readDocument } from "./read.ts";

export interface Found {
  /** From the root, with "/". */
  readonly path: string;
  readonly tracked: boolean;
  /** There, and git leaves it out. False without a repository. */
  readonly ignored: boolean;
}

/** Paths are from the root, with "/". */
export interface DiscoverOptions {
  /** Absolute. Everything is found below it and named from it. */
  readonly root: string;
  /** How to ask git; undefined where there is no repository. */
  readonly git: GitOptions | undefined;
  /** Files and folders that were asked for; empty for all of it. Without git nothing else is searched. A client may start in such a folder. */
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
/** For an answer that names many files. */
const LIST = { timeoutMs: 60_000, maxBytes: 512 * 1024 * 1024 };

/** The files that matter, by path. Private ones (`.env`, a bridge) are found where a client starts, though git ignores them. */
export function discover(options: DiscoverOptions): readonly Found[] {
  const { git, within, isWanted, isHome, root } = options;
  const asked = within.filter(({ isFolder }) => isFolder).map(({ path }) => path);
  const found = git === undefined ? walk(options, within.length === 0 ? [""] : asked) : askGit(options, git);
  const addUnlisted = (path: string): void => {
    // what is there and was not listed is what an ignore rule leaves out
    if (!found.has(path) && isThere(join(root, path), isHome(path)))
      found.set(path, { path, tracked: false, ignored: git !== undefined });
  };
  const lookIn = (folder: string, paths: readonly string[]): void => {
    const entries = entriesOf(join(root, folder));
    // one look at the folder instead of one for each path; macOS and Windows take a name in any case
    const names = new Set(entries.map(({ name }) => name.toLowerCase()));
    for (const path of paths) if (names.has(path.split("/", 1)[0] ?? "")) addUnlisted(folder + path);
    for (const entry of entries)
      if (entry.name.startsWith(".env") && !entry.isDirectory() && isWanted(folder + entry.name))
        addUnlisted(folder + entry.name);
  };
  for (const { path, isFolder } of within) if (!isFolder) addUnlisted(path);
  for (const folder of new Set(["", ...asked])) lookIn(prefixOf(folder), [...options.atRoot, ...options.beside]);
  for (const home of new Set([...found.keys()].filter(isHome).map((path) => path.slice(0, path.lastIndexOf("/") + 1))))
    if (home !== "") lookIn(home, options.beside);
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function prefixOf(folder: string): string {
  return folder === "" ? "" : `${folder}/`;
}

/** The files that are tracked, or that no rule ignores. Throws where git could not look into a folder that was asked for. */
function askGit({ root, within, patterns, asFolder, isWanted }: DiscoverOptions, git: GitOptions): Map<string, Found> {
  const argv = ["ls-files", "-z", "-t", "--cached", "--others", "--exclude-standard", "--", ...patterns];
  const { stdout, stderr } = run(git, argv, [0], "", LIST);
  // what git passes over with no more than a warning (dir.c of git 2.39, in the words of LC_ALL=C); a folder that went away holds nothing
  const closed = [...stderr.matchAll(/^warning: could not open directory '(.*)': (?!No such file|Not a directory)/gm)];
  // could it hold something that was asked for?
  const isAsked = (folder: string): boolean =>
    within.length === 0 ||
    within.some(({ path, isFolder }) => isBelow(path, folder) || (isFolder && isBelow(folder, path)));
  const missed = closed.map(([, folder = ""]) => folder.replace(/\/$/, "")).filter(isAsked);
  if (missed.length > 0) {
    const which = missed.length === 1 ? "a folder" : `${missed.length} folders`;
    const lines = missed.slice(0, 10).map((folder) => `  - ${folder}: no permission to read it`);
    throw new EnvironmentError(
      [`could not look into ${which} of ${root}`, ...lines].join("\n"),
      { hint: "nothing was checked: make it readable, let git ignore it, or name what to check" },
      "unreadable",
    );
  }
  const found = new Map<string, Found>();
  for (const line of stdout.split("\0").filter((each) => each !== "")) {
    // "H path" and its like are tracked (of an unfinished merge three times "M path"), "? path" is not
    const [path, tracked] = [line.slice(2), line[0] !== "?"];
    const folder = asFolder(path);
    if (folder === undefined && isWanted(path)) found.set(path, { path, tracked, ignored: false });
    // of a folder that became a file git may know both
    if (folder !== undefined && !found.has(folder)) found.set(folder, { path: folder, tracked, ignored: false });
  }
  return found;
}

function isBelow(path: string, above: string): boolean {
  return above === "" || `${path}/`.startsWith(`${above}/`);
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
function walk(options: DiscoverOptions, folders: readonly string[]): Map<string, Found> {
  const { root, isWanted, isHome, maxFolders } = options;
  const found = new Map<string, Found>();
  const pending = folders.map(prefixOf);
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
      const isFile = isHome(path) || ((entry.isFile() || entry.isSymbolicLink()) && isWanted(path));
      if (isFile) found.set(path, { path, tracked: false, ignored: false });
      else if (entry.isDirectory() && !SKIPPED.has(entry.name)) pending.push(`${path}/`);
    }
  }
  return found;
}

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

/** Where one of the secrets stands in a tracked file, one place a file; a binary or very large file is named without it. */
export function findSpills(options: GitOptions, secrets: readonly string[]): readonly Spill[] {
  if (secrets.length === 0) return [];
  // the secrets go through stdin: argv is public
  const argv = ["grep", "-z", "-l", "-F", "--no-recurse-submodules", "-f", "-", "--", "."];
  const { stdout } = run(options, argv, [0, 1], `${secrets.join("\n")}\n`, LIST);
  const paths = stdout.split("\0").filter((path) => path !== "");
  return paths.slice(0, MOST).map((path) => {
    const reading = readDocument(join(options.cwd, path));
    const text = reading.kind === "read" ? reading.text : "";
    const secret = secrets.find((word) => text.includes(word));
    if (secret === undefined) return { path, offset: 0, length: 0, text: "" };
    return { path, offset: text.indexOf(secret), length: secret.length, text };
  });
}
