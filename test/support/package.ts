import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { inject } from "vitest";

const run = promisify(execFile);
const repository = fileURLToPath(new URL("../..", import.meta.url));
const windows = process.platform === "win32";

export interface PackedPackage {
  readonly tarball: string;
  /** Where the tarball was unpacked. No folder above it has a node_modules. */
  readonly root: string;
  readonly bin: string;
}

/** What npm would publish: built, packed and unpacked once in a run, whichever test file asks first. */
export async function packedPackage(): Promise<PackedPackage> {
  const folder = inject("packageFolder");
  const [ready, failed, lock] = ["ready", "failed", "lock"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  try {
    mkdirSync(lock);
    await pack(folder).then(
      () => writeFileSync(ready, ""),
      (error: unknown) => writeFileSync(failed, error instanceof Error ? error.message : String(error)),
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  while (!existsSync(ready)) {
    if (existsSync(failed))
      throw new Error(`the package could not be built and packed\n${readFileSync(failed, "utf8")}`);
    await sleep(50);
  }
  const name = readdirSync(folder).find((entry) => entry.endsWith(".tgz"));
  if (name === undefined) throw new Error(`npm pack left no tarball in ${folder}`);
  const root = join(folder, "package");
  return { tarball: join(folder, name), root, bin: join(root, "dist/bin.js") };
}

async function pack(folder: string): Promise<void> {
  for (let above = folder; above !== dirname(above); above = dirname(above)) {
    if (existsSync(join(above, "node_modules"))) throw new Error(`${above} has a node_modules: set TMPDIR elsewhere`);
  }
  // prepack builds. A shell only for Windows, where npm is a .cmd file.
  await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: repository, shell: windows });
  const tarball = readdirSync(folder).find((entry) => entry.endsWith(".tgz"));
  rmSync(join(folder, "package"), { recursive: true, force: true });
  await run("tar", ["-xzf", tarball ?? "", "-C", folder], { cwd: folder }).catch(() => {
    throw new Error(`could not unpack ${tarball}`);
  });
  if (!windows) chmodSync(join(folder, "package/dist/bin.js"), 0o755);
}
