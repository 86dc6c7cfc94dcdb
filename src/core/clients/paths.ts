/** Where a client has its files. Pure: paths are joined as the given platform does. */
import type { Client } from "./model.ts";

export interface Machine {
  readonly platform: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A path of a descriptor, with the folders of this machine. A variable with a relative path makes the path relative. */
function placed(path: string, { files: { moved = ["", ""] } }: Client, { platform, home, env }: Machine): string {
  const [variable, folder] = moved;
  const other = env[variable]?.replace(/[\\/]+$/, "") ?? "";
  const isMoved = other !== "" && path.startsWith(`${folder}/`);
  const appData = env.APPDATA || `${home}/AppData/Roaming`;
  const full = isMoved
    ? other + path.slice(folder.length)
    : path.replace(/^(?:~|(%APPDATA%))/, (_, isData) => (isData ? appData : home));
  return platform === "win32" ? full.replaceAll("/", "\\") : full;
}

/** The file of the user. */
export function userFileOf(client: Client, machine: Machine): string {
  const { user } = client.files;
  if (typeof user === "string") return placed(user, client, machine);
  const system = machine.platform === "win32" ? "windows" : machine.platform === "darwin" ? "macos" : "linux";
  return placed(user[system], client, machine);
}

/** The private file of variables that it reads in every folder. */
export const storeOf = (client: Client, machine: Machine): string | undefined =>
  client.store && placed(client.store, client, machine);

/** The project file in which its entry belongs. Undefined: another client's file, which it reads too, has the entry; or it has none. */
export function projectFileOf(
  { files: { project, also = [] } }: Client,
  { exists, hasEntry }: Readonly<Record<"exists" | "hasEntry", (path: string) => boolean>>,
): string | undefined {
  return also.some(hasEntry) ? undefined : (project.find(hasEntry) ?? project.find(exists) ?? project[0]);
}
