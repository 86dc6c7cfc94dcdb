import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** A new empty folder. */
export const folder = (): string => realpathSync(mkdtempSync(join(tmpdir(), "create-halo-mcp-test-")));

export type Environment = Record<string, string>;

export interface ScratchHome {
  /** The folder that holds everything below; `dispose` removes it. */
  readonly root: string;
  readonly home: string;
  readonly tmp: string;
  /** A whole environment, nothing inherited: PATH, HOME, LANG, TERM, TMPDIR and git's identity. */
  readonly env: Environment;
  dispose(): void;
}

/**
 * The PATH of a clean machine: this Node, the system's programs, no node_modules/.bin and no `claude` of the
 * developer. Folders in `first` come first.
 */
export function cleanPath(first: readonly string[] = []): string {
  const inherited = (process.env.PATH ?? "").split(delimiter).filter((folder) => {
    return folder !== "" && !folder.includes("node_modules") && !existsSync(join(folder, "claude"));
  });
  return [...new Set([...first, dirname(process.execPath), ...inherited])].join(delimiter);
}

/** The start of a scratch folder's path. `length`: the whole path gets this long, so that text breaks at the same words. */
function startOf(length: number): string {
  const random = 6;
  const above = [tmpdir(), "/tmp"].map((folder) => realpathSync(folder)).find((folder) => folder.length + 16 < length);
  return `${above}/`
    .concat("create-halo-mcp-")
    .padEnd(length - random, "x")
    .slice(0, length - random);
}

export function scratchHome(
  options: { path?: readonly string[] | undefined; env?: Environment; length?: number | undefined } = {},
): ScratchHome {
  const root = mkdtempSync(
    options.length === undefined ? join(realpathSync(tmpdir()), "create-halo-mcp-test-") : startOf(options.length),
  );
  const [home, tmp] = [join(root, "home"), join(root, "tmp")];
  mkdirSync(home);
  mkdirSync(tmp);
  const env: Environment = {
    PATH: cleanPath(options.path),
    HOME: home,
    LANG: "C.UTF-8",
    TERM: "xterm-256color",
    TMPDIR: tmp,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: "Test",
    GIT_AUTHOR_EMAIL: "test@example.invalid",
    GIT_COMMITTER_NAME: "Test",
    GIT_COMMITTER_EMAIL: "test@example.invalid",
    ...options.env,
  };
  return { root, home, tmp, env, dispose: () => rmSync(root, { recursive: true, force: true, maxRetries: 3 }) };
}

export interface Repository {
  readonly path: string;
  git(...args: string[]): string;
}

/** A real git repository beside the scratch home, with one empty commit. */
export function mkRepo(scratch: ScratchHome, name = "repository"): Repository {
  const path = join(scratch.root, name);
  mkdirSync(path, { recursive: true });
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: path, env: scratch.env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  git("init", "--quiet", "--initial-branch=main");
  git("commit", "--quiet", "--allow-empty", "--message=first");
  return { path, git };
}
