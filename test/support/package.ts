import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inject } from "vitest";
import type { TestProject } from "vitest/node";

const repository = fileURLToPath(new URL("../..", import.meta.url));

export interface PackedPackage {
  readonly tarball: string;
  /** Where the tarball was unpacked. No folder above it has a node_modules. */
  readonly root: string;
  readonly bin: string;
}

declare module "vitest" {
  interface ProvidedContext {
    packed: PackedPackage;
  }
}

/** What npm would publish: built, packed and unpacked once in a run. */
export const packedPackage = (): PackedPackage => inject("packed");

/** Vitest calls it once, before the end-to-end tests, and what it returns after them. */
export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "create-halo-mcp-package-"));
  const stdio = ["ignore", "ignore", "inherit"] as const;
  // prepack builds. A shell only for Windows, where npm is a .cmd file.
  const args = ["pack", "--silent", "--pack-destination", folder];
  execFileSync("npm", args, { cwd: repository, shell: process.platform === "win32", stdio: [...stdio] });
  const name = readdirSync(folder).find((entry) => entry.endsWith(".tgz"));
  if (name === undefined) throw new Error(`npm pack left no tarball in ${folder}`);
  execFileSync("tar", ["-xzf", name], { cwd: folder, stdio: [...stdio] });
  const root = join(folder, "package");
  const bin = join(root, "dist/bin.js");
  if (process.platform !== "win32") chmodSync(bin, 0o755);
  project.provide("packed", { tarball: join(folder, name), root, bin });
  return () => rmSync(folder, { recursive: true, force: true });
}
