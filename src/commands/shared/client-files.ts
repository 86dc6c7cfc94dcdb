/** The files of the clients, and a choice of them. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Context } from "../../context.ts";
import { claudeCode, type Scope } from "../../core/clients/claude-code.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import type { ClientScope } from "../../core/clients/model.ts";
import { storeOf, userFileOf } from "../../core/clients/paths.ts";
import { sentBy } from "../../core/clients/sent.ts";
import { dotenvOf } from "../../core/formats/dotenv.ts";
import { HEADERS } from "../../core/halo.ts";
import { type ClientFile, foundIn, type Toml } from "../../core/plan/clients.ts";
import type { Snapshot } from "../../core/plan/model.ts";
import type { Found } from "../../core/plan/target.ts";

export const SCOPES = ["project", "local", "user"] as const;

/** What is connected. */
export interface Choice {
  readonly clients: readonly string[];
  /** Of Claude Code; none without it. */
  readonly scopes: readonly Scope[];
  /** The files with an entry that this program writes itself. */
  readonly places: readonly { readonly id: string; readonly scope: ClientScope }[];
}

/** Whether a file of the repository is written. */
export const isInProject = ({ places }: Choice): boolean => places.some(({ scope }) => scope === "project");

/** These clients in these scopes. A client that has none of them gets the one that it has: nobody else has `local`. */
export function choiceOf(clients: readonly string[], scopes: readonly Scope[]): Choice {
  const places = CLIENTS.filter(({ id }) => clients.includes(id)).flatMap((client) => {
    const wished = client === claudeCode ? scopes : scopes.map((scope) => (scope === "local" ? "user" : scope));
    const fitting = client.scopes.filter((scope) => wished.includes(scope));
    if (client === claudeCode) return fitting.includes("project") ? [{ id: client.id, scope: "project" as const }] : [];
    return (fitting.length > 0 ? fitting : client.scopes.slice(0, 1)).map((scope) => ({ id: client.id, scope }));
  });
  return { clients, scopes: clients.includes("claude-code") ? scopes : [], places };
}

/** A file of a client with its entries for HALO. */
export interface ClientHere extends ClientFile {
  readonly found: readonly Found[];
}

export const loadToml = (): Promise<Toml> => import("../../core/formats/toml.ts");

/** Every file in which the wizard itself can write an entry. */
export function clientFiles(context: Context, root: string): readonly ClientFile[] {
  return CLIENTS.flatMap((client) =>
    client.scopes.flatMap((scope): readonly ClientFile[] => {
      if (scope === "user" && client === claudeCode) return [];
      const project = client.files.project.map((path) => join(root, path));
      const own = userFileOf(client, context);
      // opencode and Kilo read both names
      const twin = client.files.project.some((path) => path.endsWith(".jsonc"))
        ? [own, `${own}c`].find(existsSync)
        : own;
      const path = scope === "user" ? (twin ?? own) : (project.find(existsSync) ?? project[0] ?? "");
      return [{ client, scope, path, store: scope === "user" ? storeOf(client, context) : undefined }];
    }),
  );
}

/** `ofProject`: what Claude Code's own rules say of its file. */
export function withEntries(
  files: readonly ClientFile[],
  snapshot: Snapshot,
  name: string,
  toml: Toml | undefined,
  ofProject: readonly Found[],
): readonly ClientHere[] {
  return files.map((file) => {
    const state = snapshot.get(file.path);
    const found = state?.kind === "file" ? foundIn(file, state.text, name, toml) : [];
    return { ...file, found: file.client === claudeCode ? ofProject : found };
  });
}

/** The files of a choice, without those of a client that reads the entry in the file of another one. */
export function chosenFiles(
  { clients }: { readonly clients: readonly ClientHere[] },
  { places }: Choice,
): readonly ClientHere[] {
  const isChosen = ({ client, scope }: ClientHere): boolean =>
    places.some((each) => each.id === client.id && each.scope === scope);
  const others = (file: ClientHere) =>
    clients.filter(({ client }) => file.client.files.also?.some((path) => client.files.project.includes(path)));
  // in the home folder both scopes of a client can be one file
  const isTwice = ({ client, scope, path }: ClientHere): boolean =>
    scope === "project" &&
    clients.some((each) => each.client === client && each.path === path && each.scope === "user" && isChosen(each));
  // an entry of its own is looked at all the same
  const isThere = (file: ClientHere): boolean =>
    file.scope === "project" &&
    file.found.length === 0 &&
    others(file).some((other) => isChosen(other) || other.found.length > 0);
  return clients.filter((file) => isChosen(file) && !isTwice(file) && !isThere(file));
}

/** The values that the user's own file makes a client send; undefined if one is not in it. */
export function ownValues({ found, store, scope }: ClientHere, snapshot: Snapshot, name: string) {
  const server = found.find(({ entry }) => entry.name === name)?.server;
  if (scope === "project" || server === undefined) return undefined;
  const { headers, missing } = sentBy(server, Object.fromEntries(dotenvOf(snapshot.get(store ?? ""))));
  const { token, account, profile } = HEADERS;
  if (missing.length > 0) return undefined;
  return { token: headers[token], account: headers[account], profile: headers[profile] };
}

/** `by`: what shows that a client is here; `shows`: the program's name, or the path: of a project file from the root. */
type Sign = { readonly by: "program" | "folder" | "project file"; readonly shows: string };

/** What shows it, by the id of each client that is here. `find`: the path of a program. */
export function findClients(context: Context, root: string, find: (name: string) => string | undefined) {
  const found = new Map<string, Sign>();
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
