/** The values of a set-up for the user alone: in the private files of the clients. */
import type { Context } from "../../context.ts";
import { readEntry } from "../../core/clients/claude-code.ts";
import { jsonOf, property } from "../../core/formats/json.ts";
import { VALUES, variablesFor } from "../../core/halo.ts";
import { opened } from "../../core/plan/keychain.ts";
import { readState } from "../../io/read.ts";
import { clientFiles, loadToml, ownValues, withEntries } from "./client-files.ts";
import { openStore } from "./keychain.ts";
import { ownFiles } from "./programs.ts";

/** Variable → value, for the server of this name; of each variable the first that is found. */
export async function userValues(
  context: Context,
  programs: Parameters<typeof openStore>[1],
  name: string,
): Promise<Readonly<Record<string, string>>> {
  const { store, userSettings } = ownFiles(context);
  const { tokens } = await openStore(context, programs, store);
  const files = clientFiles(context, "").filter(({ scope }) => scope === "user");
  const paths = files.flatMap(({ path, store: own }) => (own === undefined ? [path] : [path, own]));
  const snapshot = new Map(paths.map((path) => [path, readState(path)] as const));
  const raw = property(jsonOf(opened(readState(store), tokens), false), "mcpServers", name);
  const { values } = readEntry(name, "user", raw ?? {});
  const settings = property(jsonOf(readState(userSettings), false), "env");
  const clients = withEntries(files, snapshot, name, await loadToml(), []).map((file) =>
    ownValues(file, snapshot, name),
  );
  const found = VALUES.flatMap((which) => {
    const variable = variablesFor(name)[which];
    const slot = values[which];
    const written = slot && "literal" in slot ? slot.literal : undefined;
    const all = [written, property(settings, variable), ...clients.map((each) => each?.[which])];
    const value = all.find((each) => typeof each === "string" && each !== "");
    return typeof value === "string" ? [[variable, value] as const] : [];
  });
  return Object.fromEntries(found);
}
