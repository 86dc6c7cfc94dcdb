/** Where the token of a server is: the folder of a run, its worktrees, and the folders of `--also`. */
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Context } from "../../context.ts";
import { envIn } from "../../core/clients/claude-state.ts";
import { CLIENT_IDS } from "../../core/clients/ids.ts";
import { jsonOf } from "../../core/formats/json.ts";
import {
  choosePlaces,
  dotenvPlaces,
  entryPlace,
  namesOf,
  pluginsIn,
  settingsPlaces,
  type TokenPlace,
} from "../../core/plan/rotate.ts";
import type { Target } from "../../core/plan/target.ts";
import { UsageError } from "../../errors.ts";
import { run as runGit } from "../../io/git.ts";
import { entriesOf } from "../../io/list.ts";
import { findRoot, readState } from "../../io/read.ts";
import { targetAmong } from "../init/clients.ts";
import { type InitOptions, lookAgain, type Page, type Survey, survey } from "../init/survey.ts";
import type { Candidates } from "../init/values.ts";
import { find } from "../remove/index.ts";
import { type Choice, choiceOf, SCOPES } from "../shared/client-files.ts";

/** A folder with HALO. */
export interface Found {
  readonly here: Survey;
  readonly choice: Choice;
  readonly target: Target;
  /** There is an entry whose program or helper brings the token. */
  readonly isHelped: boolean;
}

/** A folder, its page for the connection test, and the values that are known there. */
export interface Folder extends Found {
  readonly page: Page;
  readonly known: Candidates;
}

const ENV_FILE = /^\.env(?:\.[\w-]+)*$/;
const EXAMPLE = /\.(?:example|sample|template|dist)$/;

/** The folder of the run, then those of `--also` and the worktrees of the repository. */
export async function surveyAll(context: Context, options: InitOptions, list = "") {
  const here = withEnvFiles(await survey(context, options));
  const also = list === "" ? [] : list.split(",").map((folder) => resolve(context.cwd, folder.trim()));
  for (const folder of also) if (!existsSync(folder)) throw new UsageError(`--also: there is no folder ${folder}`);
  const folders = [...also.map((folder) => findRoot(folder) ?? folder), ...(await worktreesOf(here))];
  const more: Survey[] = [];
  for (const cwd of new Set(folders))
    if (cwd !== here.root && existsSync(cwd))
      more.push(withEnvFiles(await survey(context, { ...options, cwd, valuesFile: undefined })));
  return [here, ...more] as const;
}

async function worktreesOf({ gitProgram: program, folder, root, programEnv: env, signal }: Survey) {
  if (program === undefined || folder.gitRoot === undefined) return [];
  const { stdout } = await runGit({ program, cwd: root, env, signal }, ["worktree", "list", "--porcelain"], [0]);
  return [...stdout.matchAll(/^worktree (.*)$/gm)].map(([, path = ""]) => path);
}

/** With the other files of variables, such as `.env.local`. */
function withEnvFiles(here: Survey): Survey {
  const paths = entriesOf(here.root).flatMap(({ name }) =>
    ENV_FILE.test(name) && !EXAMPLE.test(name) ? [join(here.root, name)] : [],
  );
  const files = [...paths, join(here.root, ".gemini/.env")].map((path) => [path, readState(path)] as const);
  return { ...here, snapshot: new Map([...files, ...here.snapshot]) };
}

/** What is set up in a folder. `name`: of the server, if it is known. */
export function findIn(here: Survey, options: InitOptions, asked: string | undefined): Found {
  const { name, choice: all, entries, target: own } = find({ here, options: { ...options, name: asked } }, SCOPES);
  const shared = targetAmong(here, choiceOf(CLIENT_IDS, ["project"]), { name, url: options.url });
  const keychain = here.keychains.get(name);
  const isHelped = entries.some(({ runs }) => runs) || (keychain !== undefined && keychain.save === undefined);
  // an entry whose program brings the token cannot be tested from here
  const scopes = all.scopes.filter(
    (scope) => !here.entries[scope].some(({ entry }) => entry.name === name && entry.runs),
  );
  const isOwn = shared.mode === "new" && own?.entry?.runs === false;
  // for the user alone: the URL is the person's own
  const target = isOwn ? { ...own, url: options.url ?? own.url, entry: undefined } : shared;
  return { here, choice: { ...all, scopes }, target, isHelped };
}

/** Every token of this folder and of the user's own files. */
async function placesIn({ here, target: { name } }: Found) {
  const { snapshot, paths, state, store, project, git, toml, clients } = here;
  const entries = [here.entries.project, here.entries.local, here.entries.user, ...clients.map(({ found }) => found)];
  const names = namesOf(
    entries.flat().flatMap(({ entry }) => (entry.name === name ? [entry] : [])),
    name,
  );
  const { localSettings, mainSettings, userSettings } = state.files;
  const places: TokenPlace[] = [];
  const others = [...snapshot.keys()].filter((path) => ENV_FILE.test(basename(path)) && !EXAMPLE.test(path));
  for (const path of new Set([paths.env, ...others])) places.push(...dotenvPlaces(path, snapshot, names));
  for (const file of [localSettings, mainSettings, userSettings])
    if (file !== undefined) places.push(...settingsPlaces(file.shown, envIn(file), names));
  const ofStore = { local: ["projects", project.key, "mcpServers"], user: ["mcpServers"] };
  for (const scope of ["local", "user"] as const)
    for (const { entry } of here.entries[scope])
      if (scope === "local" || !here.keychains.has(entry.name))
        places.push(...entryPlace(store, [...ofStore[scope], entry.name], entry, entry.name === name));
  /** Committed files with a token in plain text: nothing is written there. */
  const exposed: string[] = [];
  for (const { client, scope, path, found } of clients)
    for (const { entry } of found) {
      const parse = client.format === "toml" ? toml.parseToml : undefined;
      const own = entryPlace(path, [client.servers, entry.name], entry, entry.name === name, parse);
      if (own.length === 0) continue;
      const isPrivate = scope === "user" || ((await git?.isIgnored(path)) && !(await git?.isTracked(path)));
      if (isPrivate) places.push(...own);
      else exposed.push(...own.map((place) => place.path));
    }
  return { places, exposed };
}

/** The plugins of Claude Code with values of the user. */
export function pluginsOf({ userSettings, snapshot }: Survey, name: string) {
  const credentials = readState(join(dirname(userSettings), ".credentials.json"));
  return pluginsIn(jsonOf(credentials, false), jsonOf(snapshot.get(userSettings), false), name);
}

/** Every place, as the files are now. */
export async function look(folders: readonly Folder[], account: string) {
  const all = [];
  for (const { page, ...folder } of folders) {
    const here = withEnvFiles(lookAgain(page).here);
    all.push({ here, ...(await placesIn({ ...folder, here })) });
  }
  const places = all.flatMap((each) => each.places);
  const snapshot = new Map(all.flatMap(({ here }) => [...here.snapshot]));
  const exposed = [...new Set(all.flatMap((each) => each.exposed))];
  const plugins = folders.slice(0, 1).flatMap(({ here, target }) => pluginsOf(here, target.name));
  const chosen = choosePlaces(places, account);
  const secrets = plugins.flatMap((plugin) => Object.values(plugin.secrets)).filter((each) => typeof each === "string");
  const kept = folders.flatMap(({ here, target }) => here.tokens.get(target.name) ?? []);
  return {
    ...chosen,
    snapshot,
    plugins,
    exposed,
    old: [...new Set([...chosen.places.map(({ token }) => token), ...secrets, ...kept])],
  };
}

export type Look = Awaited<ReturnType<typeof look>>;
