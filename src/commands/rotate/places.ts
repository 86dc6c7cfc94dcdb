/** Where the token of a server is: the folder of a run, its worktrees, and the folders of `--also`. */
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Context } from "../../context.ts";
import { claudeCode, type Scope } from "../../core/clients/claude-code.ts";
import { envIn } from "../../core/clients/claude-state.ts";
import { referring } from "../../core/clients/entry.ts";
import { CLIENT_IDS } from "../../core/clients/told.ts";
import { jsonOf } from "../../core/formats/json.ts";
import { HALO_URL, VALUES } from "../../core/halo.ts";
import {
  choosePlaces,
  dotenvPlaces,
  entryPlace,
  haloPlugins,
  namesOf,
  pluginsIn,
  settingsPlaces,
  type TokenPlace,
} from "../../core/plan/rotate.ts";
import type { Target } from "../../core/plan/target.ts";
import { UsageError } from "../../errors.ts";
import { run as runGit } from "../../io/git.ts";
import { entriesOf } from "../../io/list.ts";
import { clearStaleLock } from "../../io/lock.ts";
import { findRoot, readState } from "../../io/read.ts";
import { entriesHere, targetAmong } from "../init/clients.ts";
import { type InitOptions, lookAgain, type Page, type Survey, survey } from "../init/survey.ts";
import type { Candidates } from "../init/values.ts";
import { find } from "../remove/index.ts";
import { labelOf } from "../shared/carry-out.ts";
import { choiceOf, SCOPES } from "../shared/client-files.ts";

/** A folder with HALO, and the values that are known there. */
export interface Folder {
  readonly page: Page;
  readonly known: Candidates;
  /** There is an entry whose program or helper brings the token. */
  readonly isHelped: boolean;
}

export const ENV_FILE = /^\.env(?:\.[\w-]+)*$/;
const EXAMPLE = /\.(?:example|sample|template|dist)$/;

/** What is in a folder; a lock of a killed run goes, since it may hold a token. */
export async function surveyFolder(context: Context, options: InitOptions): Promise<Survey> {
  const here = withEnvFiles(await survey(context, options));
  if (!options.dryRun) for (const path of here.snapshot.keys()) clearStaleLock(path);
  return here;
}

/** The folders of `--also` and the worktrees of the repository. */
export async function othersOf(context: Context, here: Survey, list = ""): Promise<readonly string[]> {
  const also = list === "" ? [] : list.split(",").map((folder) => resolve(context.cwd, folder.trim()));
  for (const folder of also) if (!existsSync(folder)) throw new UsageError(`--also: there is no folder ${folder}`);
  const folders = [...also.map((folder) => findRoot(folder) ?? folder), ...(await worktreesOf(here))];
  return [...new Set(folders)].filter((folder) => folder !== here.root && existsSync(folder));
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
export function findIn(here: Survey, options: InitOptions, asked: string | undefined) {
  const { name, choice: all, found } = find({ here, options: { ...options, name: asked } }, SCOPES);
  const shared = targetAmong(here, choiceOf(CLIENT_IDS, ["project"]), { name, url: options.url });
  const keychain = here.keychains.get(name);
  const isHelped = found.some(({ entry }) => entry.runs) || (keychain !== undefined && keychain.save === undefined);
  // an entry whose program brings the token cannot be tested from here
  const isRun = (scope: Scope) => here.entries[scope].some(({ entry }) => entry.name === name && entry.runs);
  const choice = { ...all, scopes: all.scopes.filter((scope) => !isRun(scope)) };
  const usable = found.filter(({ entry }) => !entry.runs);
  const used = usable.find(({ isOwn }) => isOwn) ?? usable[0];
  if (shared.mode === "join" || used === undefined) return { choice, target: shared, isHelped };
  const names = namesOf(usable, name);
  const [token = "", account = "", profile = ""] = VALUES.map((value) => [...names[value]][0]);
  const slots = referring({ token, account, profile });
  const where = { file: labelOf(used.path, here.root), client: claudeCode };
  const url = options.url ?? (used.entry.url || HALO_URL);
  const target: Target = { mode: "join", name, url, slots, where, isOwn: used.isOwn };
  return { choice, target, isHelped };
}

/** Every token of this folder and of the user's own files. */
async function placesIn({ here, target: { name, url } }: Page) {
  const { snapshot, paths, state, git, toml, clients, keychains } = here;
  const entries = entriesHere(here);
  const names = namesOf(
    entries.filter(({ entry }) => entry.name === name),
    name,
  );
  const { localSettings, mainSettings, userSettings } = state.files;
  const places: TokenPlace[] = [];
  const tracked: string[] = [];
  const stores = new Set([paths.env, ...clients.map(({ store }) => store)]);
  const others = [...snapshot.keys()].filter((path) => ENV_FILE.test(basename(path)) && !EXAMPLE.test(path));
  // another env file may be of a test, with a made-up token
  for (const path of new Set([paths.env, ...others]))
    for (const place of dotenvPlaces(path, snapshot, names)) {
      const isMain = stores.has(path);
      places.push({ ...place, isNamed: place.isNamed && isMain });
      if (!isMain && (await git?.isTracked(path))) tracked.push(path);
    }
  for (const file of [localSettings, mainSettings, userSettings])
    if (file !== undefined) places.push(...settingsPlaces(file.shown, envIn(file), names));
  /** Committed files with a token in plain text: nothing is written there. */
  const exposed: string[] = [];
  for (const { client, scope, path, keys, entry, isOwn } of entries) {
    if (client === claudeCode && scope === "user" && keychains.has(entry.name)) continue;
    const parse = client.format === "toml" ? toml?.parseToml : undefined;
    // a repository's file with another URL gets a token only in place of the same one
    const isNamed = entry.name === name && (isOwn || entry.url === url);
    const own = entryPlace(path, keys, entry, isNamed, parse);
    if (own.length === 0) continue;
    const isPrivate = scope !== "project" || ((await git?.isIgnored(path)) && !(await git?.isTracked(path)));
    if (isPrivate) places.push(...own);
    else exposed.push(path);
  }
  return { places, exposed, tracked };
}

/** The plugins of Claude Code with values of the user. */
export function pluginsOf({ userSettings, snapshot }: Survey, name: string) {
  const credentials = readState(join(dirname(userSettings), ".credentials.json"));
  return pluginsIn(jsonOf(credentials, false), jsonOf(snapshot.get(userSettings), false), name);
}

/** Every place, as the files are now. */
export async function look(folders: readonly Folder[], account: string) {
  const all = [];
  for (const { page } of folders) {
    const here = withEnvFiles(lookAgain(page).here);
    all.push({ here, ...(await placesIn({ ...page, here })) });
  }
  const snapshot = new Map(all.flatMap(({ here }) => [...here.snapshot]));
  const found = all.flatMap((each) => each.places);
  const paths = new Set(found.map(({ path }) => path));
  // a worktree's file may be a link to that of the main checkout
  const isLink = ({ path }: TokenPlace): boolean => {
    const { realPath = path } = snapshot.get(path) ?? {};
    return realPath !== path && paths.has(realPath);
  };
  const { places: chosen, ...rest } = choosePlaces(
    found.filter((place) => !isLink(place)),
    account,
  );
  const tracked = new Set(all.flatMap((each) => each.tracked));
  const places = chosen.filter(({ path }) => !tracked.has(path));
  const shared = chosen.flatMap(({ path }) => (tracked.has(path) ? [path] : []));
  const pages = folders.map(({ page }) => page);
  const kept = pages.flatMap(({ here, target }) => here.tokens.get(target.name) ?? []);
  const old = new Set([...chosen.map(({ token }) => token), ...kept]);
  const ofPlugins = pages.slice(0, 1).flatMap(({ here, target }) => pluginsOf(here, target.name));
  const plugins = haloPlugins(ofPlugins, old);
  const secrets = plugins.flatMap((plugin) => Object.values(plugin.secrets)).filter((each) => typeof each === "string");
  return {
    ...rest,
    places,
    snapshot,
    plugins,
    exposed: [...new Set([...all.flatMap((each) => each.exposed), ...shared])],
    old: [...new Set([...old, ...secrets])],
  };
}

export type Look = Awaited<ReturnType<typeof look>>;
