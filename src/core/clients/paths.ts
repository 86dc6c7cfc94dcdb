/** Where a client's own files are on this machine. */
import type { Client } from "./model.ts";

export interface Machine {
  readonly platform: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A path of a descriptor → an absolute path of this machine. */
function absolute(path: string, { platform, home, env }: Machine): string {
  const separator = platform === "win32" ? "\\" : "/";
  const full = path
    .replace(/^~/, home)
    .replace(
      /^%(\w+)%/,
      (whole, name: string) => env[name] ?? (name === "APPDATA" ? `${home}\\AppData\\Roaming` : whole),
    );
  return full.replace(/[\\/]/g, separator);
}

/** The user's own file of a client. */
export function userFileOf({ files: { user } }: Client, machine: Machine): string {
  const { platform } = machine;
  const path =
    typeof user === "string"
      ? user
      : platform === "win32"
        ? user.windows
        : platform === "darwin"
          ? user.macos
          : user.linux;
  return absolute(path, machine);
}

/** The private file of variables that a client reads in every folder. */
export function storeOf({ store }: Client, machine: Machine): string | undefined {
  return store === undefined ? undefined : absolute(store, machine);
}
