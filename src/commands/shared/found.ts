/** Which clients are here: installed, or configured in this project. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Context } from "../../context.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import { userFileOf } from "../../core/clients/paths.ts";

/** The id of each client that is here, and what shows it. `find`: a program on the PATH. */
export function findClients(context: Context, root: string, find: (name: string) => string | undefined) {
  const found = new Map<string, string>();
  for (const client of CLIENTS) {
    const program = client.programs.find((name) => find(name) !== undefined);
    const folder = dirname(userFileOf(client, context));
    const file = client.files.project.find((path) => existsSync(join(root, path)));
    const shows = program ?? (folder !== context.home && existsSync(folder) ? folder : file);
    if (shows !== undefined) found.set(client.id, shows);
  }
  return found;
}
