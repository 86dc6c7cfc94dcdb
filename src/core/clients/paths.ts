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

export function userFileOf(client: Client, machine: Machine): string {
  const { user, macos = user, windows = user } = client.files;
  return placed({ win32: windows, darwin: macos }[machine.platform] ?? user, client, machine);
}

export const storeOf = (client: Client, machine: Machine): string | undefined =>
  client.store && placed(client.store, client, machine);
