import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Writes a text that holds secrets into a folder of its own that nobody else can enter (0700, the file 0600), hands
 * its path to `use`, and removes both whatever happens: a failure, an abort, the end of the process.
 */
export async function withPrivateFile<T>(name: string, text: string, use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "create-halo-mcp-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    const path = join(folder, name);
    // the folder for temporary files may lie in a repository
    writeFileSync(join(folder, ".gitignore"), "*\n");
    writeFileSync(path, text, { mode: 0o600, flag: "wx" });
    return await use(path);
  } finally {
    remove();
    process.off("exit", remove);
  }
}
