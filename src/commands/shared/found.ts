/** Which clients are here: installed, or configured in this project. Nothing is run. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Context } from "../../context.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import { userFileOf } from "../../core/clients/paths.ts";

/** `by`: what shows that a client is here; `shows`: the program's name, or the path: of a project file from the root. */
type Found = { readonly by: "program" | "folder" | "project file"; readonly shows: string };

/** What shows it, by the id of each client that is here. `find`: the path of a program. */
export function findClients(context: Context, root: string, find: (name: string) => string | undefined) {
  const found = new Map<string, Found>();
  for (const client of CLIENTS) {
    const own = userFileOf(client, context);
    // Claude Code's is in the home folder itself, which always exists
    const folder = [dirname(own) === context.home ? own : dirname(own)].find(existsSync);
    const program = client.programs.find((name) => find(name) !== undefined);
    const file = client.files.project.find((path) => existsSync(join(root, path)));
    if (program !== undefined) found.set(client.id, { by: "program", shows: program });
    else if (folder !== undefined) found.set(client.id, { by: "folder", shows: folder });
    else if (file !== undefined) found.set(client.id, { by: "project file", shows: file });
  }
  return found;
}

/** A path as a person writes it. */
export function shortPath(path: string, { home }: Pick<Context, "home">): string {
  return [`${home}/`, `${home}\\`].some((start) => path.startsWith(start)) ? `~${path.slice(home.length)}` : path;
}
