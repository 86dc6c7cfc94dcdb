/**
 * Finds a program on PATH without ever taking one that the repository supplies.
 */
import { accessSync, constants, existsSync, realpathSync, statSync } from "node:fs";
import { dirname, join, posix, win32 } from "node:path";
import { isInside } from "./inside.ts";

/** What the search depends on. */
export interface FindOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  /** Folders whose programs are never taken: the repository, above all. */
  readonly exclude: readonly string[];
}

/**
 * Every path where the program could be, in the order of PATH. Relative and empty entries are left out:
 * they mean the current folder, which is the repository.
 */
export function programCandidates(
  name: string,
  { env, platform }: Pick<FindOptions, "env" | "platform">,
): readonly string[] {
  if (platform !== "win32") {
    const folders = (env.PATH ?? "").split(":").filter((folder) => folder.startsWith("/"));
    return folders.map((folder) => posix.join(folder, name));
  }
  const folders = (variable(env, "PATH") ?? "")
    .split(";")
    .map((folder) => folder.trim().replace(/^"(.*)"$/, "$1"))
    // "\tools" is relative to the current drive, "C:tools" to the current folder of C.
    .filter((folder) => /^[A-Za-z]:[\\/]|^[\\/]{2}[^\\/]/.test(folder));
  const listed = (variable(env, "PATHEXT") ?? ".COM;.EXE;.BAT;.CMD").split(";").map((ext) => ext.trim().toLowerCase());
  const known = listed.filter((ext) => /^\.[a-z0-9]+$/.test(ext));
  // .exe first: Node refuses to start .cmd and .bat without a shell (CVE-2024-27980).
  const extensions = known.some((ext) => name.toLowerCase().endsWith(ext))
    ? [""]
    : [".exe", ...known.filter((ext) => ext !== ".exe")];
  return folders.flatMap((folder) => extensions.map((ext) => win32.join(folder, name + ext)));
}

/**
 * Folders whose programs are never run: the repositories that are worked in and stood in, and every `node_modules`
 * above them, which npx puts on PATH. A home folder under git does hold the user's own programs.
 */
export function untrusted(home: string, folders: readonly string[]): readonly string[] {
  const all = new Set<string>();
  for (const folder of folders) {
    if (!isInside(home, folder)) all.add(folder);
    for (let at = folder; ; at = dirname(at)) {
      all.add(join(at, "node_modules"));
      if (dirname(at) === at) break;
    }
  }
  return [...all];
}

/** The absolute path of a program on PATH, or undefined. `name` is a bare name, never a path. */
export function findProgram(name: string, options: FindOptions): string | undefined {
  if (/[\\/]/.test(name) || name === "" || name === "." || name === "..") return undefined;
  const excluded = options.exclude.map((folder) => real(folder) ?? folder);
  return programCandidates(name, options).find((path) => {
    if (!isProgram(path, options.platform)) return false;
    const places = [real(win32Or(options.platform).dirname(path)), real(path)];
    return places.every((place) => place !== undefined && !excluded.some((folder) => isInside(place, folder)));
  });
}

/**
 * The environment of a program that is started: what it finds on PATH in its turn (`#!/usr/bin/env node`, a `git` that it asks)
 * is from no repository either. Claude Code 2.1.197 runs `git` for `mcp get` (measured 2026-11-22).
 */
export function trustedEnv({ env, platform, exclude }: FindOptions): FindOptions["env"] {
  const excluded = exclude.map((folder) => real(folder) ?? folder);
  // where a program "x" could be is in the folders that count
  const folders = programCandidates("x", { env: { ...env, PATHEXT: ".X" }, platform })
    .map((path) => win32Or(platform).dirname(path))
    .filter((folder) => {
      const place = real(folder);
      return place !== undefined && !excluded.some((other) => isInside(place, other));
    });
  const path = [...new Set(folders)].join(platform === "win32" ? ";" : ":");
  const rest = Object.entries(env).filter(([name]) => (platform === "win32" ? name.toUpperCase() : name) !== "PATH");
  return { ...Object.fromEntries(rest), PATH: path };
}

function isProgram(path: string, platform: string): boolean {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
    if (platform !== "win32") accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function real(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function win32Or(platform: string): typeof posix {
  return platform === "win32" ? win32 : posix;
}

/** Windows does not distinguish PATH from Path, a copied environment object does. */
function variable(env: FindOptions["env"], name: string): string | undefined {
  const key = Object.keys(env).find((candidate) => candidate.toUpperCase() === name);
  return key === undefined ? undefined : env[key];
}
