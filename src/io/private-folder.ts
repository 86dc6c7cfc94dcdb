/** A folder among the temporary files for what only this user may read. */
import { lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Works in a new folder, which only its owner can open (0700). It is removed in any case: a failure, an abort, the end of the process. */
export async function inPrivateFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), `create-halo-mcp-${process.pid}-`));
  // a program that was killed just now may still write
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.once("exit", remove);
  try {
    // the folder for temporary files may be in a repository
    writeFileSync(join(folder, ".gitignore"), "*\n");
    return await work(folder);
  } finally {
    remove();
    process.off("exit", remove);
  }
}

/** Removes the private folders of runs that were killed while they asked: a client's log in them may contain the token. */
export async function clearDeadFolders(): Promise<void> {
  const { isAlive, quietly } = await import("./lock.ts");
  quietly(() => {
    for (const name of readdirSync(tmpdir())) {
      const pid = Number(/^create-halo-mcp-(\d+)-\w{6}$/.exec(name)?.[1] ?? process.pid);
      const path = join(tmpdir(), name);
      const stat = isAlive(pid) ? undefined : lstatSync(path, { throwIfNoEntry: false });
      // not through a link, and not what another user made
      if (stat?.isDirectory() === true && stat.uid === (process.getuid?.() ?? stat.uid))
        rmSync(path, { recursive: true, force: true });
    }
  });
}
