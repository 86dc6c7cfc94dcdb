import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** A folder of this run, where package.ts puts the packed and unpacked package. */
    packageFolder: string;
  }
}

export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "create-halo-mcp-package-"));
  project.provide("packageFolder", folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
