/**
 * Which files make up the project of a folder for Claude Code (2.1.197 and 2.1.332, measured). It reads the `.mcp.json` of
 * the folder and of every folder above, and the `.claude/settings.json` of the folder alone. The rest is here.
 */

/** A folder in which Claude Code is started. Every path is absolute, with symlinks followed. */
export interface Folder {
  /** That folder and those above it, nearest first. */
  readonly above: readonly [string, ...string[]];
  /** The folder of `above` that is the root of a git repository. */
  readonly gitRoot: string | undefined;
  /** If that root is a linked worktree: the main checkout; the repository itself if it is bare, or a submodule's. */
  readonly main?: { readonly folder: string; readonly isCheckout: boolean } | undefined;
  readonly home: string;
}

/** 2.1.197 is the newest version for Node 20; an unknown version counts as new. */
export function isOld(version = "9.9.9"): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number);
  return major < 2 || (major === 2 && (minor < 1 || (minor === 1 && patch <= 197)));
}

export type Project = ReturnType<typeof projectOf>;

export function projectOf({ above, gitRoot, main, home }: Folder, version?: string) {
  const [folder] = above;
  const key = main?.folder ?? gitRoot ?? folder;
  const inside = gitRoot === undefined ? [folder] : above.slice(0, above.indexOf(gitRoot) + 1);
  const withMain = (folders: readonly string[]) => (main === undefined ? folders : [...folders, main.folder]);
  // `settings.local.json` of the home folder is read only in the home folder
  const isAlone = isOld(version) || key === folder || key === home || main?.isCheckout === false;
  const local: readonly [string, ...string[]] = isAlone ? [folder] : [folder, key];
  return {
    /** Where the wizard works, and where `.mcp.json` belongs. */
    root: gitRoot === undefined || gitRoot === home ? folder : gitRoot,
    /** Under "projects" in the store: the entries of local scope, approvals, what is disabled. */
    key,
    /** The folders whose `.mcp.json` is read, nearest first. */
    mcp: above as readonly string[],
    /** A folder is trusted if the store says so of one of these. */
    trusting: withMain(gitRoot === undefined || isOld(version) ? above : inside),
    /** Those of them for which the approvals of the project's own files count, too. */
    approving: withMain(gitRoot !== undefined && isOld(version) ? above : inside),
    /** The folders whose `.claude/settings.local.json` is read; of a variable in both, the last one counts. */
    local,
    /** The one that gets the values; in a monorepo not the root, because folders may have different ones. */
    bridge: isAlone || main === undefined ? folder : key,
  };
}
