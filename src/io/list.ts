/** Lists the files that `check` reads: with one call of git, or without git by walking the folders. Does not read them. */
import { type Dirent, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { PLACES } from "../core/check/documents.ts";
import { EnvironmentError } from "../errors.ts";
import { type GitOptions, run } from "./git.ts";
import { errnoOf, isInside, readDocument } from "./read.ts";

/** `ignored`: it exists, and git ignores it. False without a repository. */
export type Found = { readonly path: string; readonly tracked: boolean; readonly ignored: boolean };

export interface DiscoverOptions {
  /** Absolute. All paths are below it and relative to it, with "/". */
  readonly root: string;
  readonly git: GitOptions | undefined;
  /** The path arguments; empty for everything. Without git, only these are searched. A client may start in such a folder. */
  readonly within: readonly { readonly path: string; readonly isFolder: boolean }[];
  readonly places: typeof PLACES;
  /** Without a repository: more folders than this are refused. */
  readonly maxFolders: number;
}

const SKIPPED = new Set(["node_modules", ".git"]);
const LIST_MS = 60_000;

/** The relevant files, by path. Private ones (`.env`, a bridge) are found where a client starts, even if git ignores them. */
export async function discover(options: DiscoverOptions): Promise<readonly Found[]> {
  const { git, within, root } = options;
  const { kindOf, atRoot, besideMcp } = options.places;
  const asked = within.filter(({ isFolder }) => isFolder).map(({ path }) => (path === "" ? "" : `${path}/`));
  const listed = git === undefined ? walk(options, within.length === 0 ? [""] : asked) : await askGit(options, git);
  const found = new Map(listed.map((file) => [file.path, file]));
  const addUnlisted = (path: string): void => {
    // a file that exists and was not listed is ignored
    if (!found.has(path) && existsSync(join(root, path)))
      found.set(path, { path, tracked: false, ignored: git !== undefined });
  };
  for (const { path, isFolder } of within) if (!isFolder) addUnlisted(path);
  const mcp = [...found.keys()].filter((path) => kindOf(path) === "mcp");
  const homes = mcp.map((path) => path.slice(0, path.lastIndexOf("/") + 1));
  for (const home of new Set(["", ...asked, ...homes])) {
    for (const path of home === "" || asked.includes(home) ? atRoot : besideMcp) addUnlisted(home + path);
    for (const { name } of entriesOf(join(root, home)))
      if (name.includes("env") && kindOf(home + name) !== undefined) addUnlisted(home + name);
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The files that are tracked, or that no rule ignores. Throws if git could not read a folder of a path argument. */
async function askGit({ root, within, places }: DiscoverOptions, git: GitOptions): Promise<readonly Found[]> {
  const argv = ["ls-files", "-z", "-t", "--cached", "--others", "--exclude-standard", "--", ...places.pathspecs];
  const { stdout, stderr } = await run(git, argv, [0], "", LIST_MS);
  // git skips these with a warning (dir.c of git 2.39, with LC_ALL=C); a folder that was removed meanwhile is empty
  const closed = stderr.matchAll(/^warning: could not open directory '(.*?)\/?': (?!No such file|Not a directory)/gm);
  const isAsked = (folder: string): boolean =>
    within.length === 0 || within.some(({ path }) => isInside(path, folder) || isInside(folder, path));
  const missed = Array.from(closed, ([, folder = ""]) => folder).filter(isAsked);
  if (missed.length > 0) {
    const lines = missed.slice(0, 10).map((folder) => `\n  - ${folder}: no permission to read it`);
    const hint = "nothing was checked: make it readable, let git ignore it, or name what to check";
    throw new EnvironmentError(`could not read every folder of ${root}${lines.join("")}`, { hint }, "unreadable");
  }
  // "H path" and the like are tracked (in an unfinished merge three times "M path"), "? path" is not
  const files = stdout.split("\0").map((line) => ({ path: line.slice(2), tracked: line[0] !== "?", ignored: false }));
  return files.filter(({ path }) => places.kindOf(path) !== undefined);
}

/** What a folder contains; nothing if there is no such folder. */
export function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const code = errnoOf(error) ?? "";
    if (["ENOENT", "ENOTDIR"].includes(code)) return [];
    throw new EnvironmentError(`${folder} could not be read (${code})`, { hint: `ls -ld '${folder}'` }, "unreadable");
  }
}

/** Walks these folders ("", or with a final "/"), without a repository. Links to folders are not followed, to avoid loops. */
function walk({ root, places, maxFolders }: DiscoverOptions, folders: readonly string[]): readonly Found[] {
  const found: Found[] = [];
  const all = [...folders];
  for (const folder of all) {
    if (all.length > maxFolders) {
      const message = `there are more than ${maxFolders} folders below ${root}, which is not a git repository`;
      const hint = "name what to check: npx create-halo-mcp check <path…>";
      throw new EnvironmentError(message, { hint }, "too-many-folders");
    }
    for (const entry of entriesOf(join(root, folder))) {
      const path = folder + entry.name;
      // a client fails if its file is a folder
      const kind = places.kindOf(path);
      const isSearched = entry.isDirectory() && kind !== "mcp";
      if (isSearched && !SKIPPED.has(entry.name)) all.push(`${path}/`);
      else if (!isSearched && kind !== undefined) found.push({ path, tracked: false, ignored: false });
    }
  }
  return found;
}

/** More places do not help: the token has to be deleted anyway. */
const MOST = 20;

/** Where tracked files contain a secret, one place per file; a binary or very large file has neither place nor text. */
export async function findSpills(options: GitOptions, secrets: readonly string[]) {
  if (secrets.length === 0) return [];
  // the secrets go through stdin, because argv is public
  const argv = ["grep", "-z", "-l", "-F", "--no-recurse-submodules", "-f", "-", "--", "."];
  const { stdout } = await run(options, argv, [0, 1], `${secrets.join("\n")}\n`, LIST_MS);
  const paths = stdout.split("\0").filter((path) => path !== "");
  return paths.slice(0, MOST).map((path) => {
    const reading = readDocument(join(options.cwd, path));
    const text = reading.kind === "read" ? reading.text : "";
    const secret = secrets.find((word) => text.includes(word)) ?? "";
    return { path, offset: text.indexOf(secret), length: secret.length, text: secret === "" ? "" : text };
  });
}
