/** What the wizard is told, and what it finds, before it asks anything. */
import { existsSync, realpathSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { Context } from "../../context.ts";
import { EXAMPLES } from "../../core/check/documents.ts";
import { claudeCode, type Entry, type Scope } from "../../core/clients/claude-code.ts";
import { projectOf } from "../../core/clients/claude-project.ts";
import { claudeState, sessionEnv, storedOf } from "../../core/clients/claude-state.ts";
import { CLIENT_IDS } from "../../core/clients/told.ts";
import { toSh } from "../../core/command-line.ts";
import { haloEntries } from "../../core/doctor/entries.ts";
import { cutValues, dotenvOf } from "../../core/formats/dotenv.ts";
import { jsonOf, property } from "../../core/formats/json.ts";
import { DEFAULT_NAME, PASTED_BREAK, storeOf, type Value, variablesFor } from "../../core/halo.ts";
import { CI_FILES, type CiKind } from "../../core/plan/ci.ts";
import { isOwn } from "../../core/plan/claude-program.ts";
import { type ClientFile, hasLiterals } from "../../core/plan/clients.ts";
import { opened, type Tokens } from "../../core/plan/keychain.ts";
import type { FileState } from "../../core/plan/model.ts";
import { isReference, type Target, variablesOf } from "../../core/plan/target.ts";
import { printable } from "../../core/secrets.ts";
import { EnvironmentError, UsageError } from "../../errors.ts";
import type { Bridge, RawOptions } from "../../flags.ts";
import { createGit, describeFolder, gitFolderOf } from "../../io/git.ts";
import { readState } from "../../io/read.ts";
import { type Ask, createAsk } from "../../ui/ask.ts";
import { createShow, type Show } from "../../ui/show.ts";
import { haloAbove, haloElsewhere } from "../shared/below.ts";
import { labelOf } from "../shared/carry-out.ts";
import { claudeOf } from "../shared/claude-program.ts";
import {
  type Choice,
  choiceOf,
  chosenFiles,
  clientFiles,
  findClients,
  isInProject,
  loadToml,
  withEntries,
} from "../shared/client-files.ts";
import { openStore } from "../shared/keychain.ts";
import { connectionOptions, folderFor, seconds } from "../shared/options.ts";
import { ownFiles, programsFor } from "../shared/programs.ts";

export type Values = Readonly<Record<Value, string>>;

/** Where no value is needed. */
export const NO_VALUES: Values = { token: "", account: "", profile: "" };

export interface Decided {
  readonly values: Values;
  readonly choice: Choice;
  /** A person has just entered these values, and the connection test passed with them. */
  readonly isProven?: boolean;
}

/** The words of a list. They were checked against the flag's values when they were parsed. */
function list<T extends string>(text: string): readonly T[] {
  return [...new Set(text.split(",").map((word) => word.trim()))] as T[];
}

/** Words → options. Throws UsageError before anything is read or written. */
export function readOptions(context: Context, raw: RawOptions) {
  const { switches, origins } = raw;
  const ownCredentials = switches.has("own-credentials");
  const own = variablesFor(raw.values.name ?? DEFAULT_NAME, ownCredentials);
  // HALO_PROFILE_ID, exported for the usual connection, is not that of another one
  const isAnothers = (flag: string): boolean =>
    (["account", "profile"] as const).some(
      (value) => flag === `${value}-id` && (origins[flag] ?? own[value]) !== own[value],
    );
  const said: RawOptions["values"] = Object.fromEntries(
    Object.entries(raw.values).filter(([flag]) => !isAnothers(flag)),
  );
  const clients = list<string>(said.client ?? "claude-code");
  const isKept = said.bridge === "keychain";
  const scopes = list<Scope>(said.scope ?? (isKept ? "user" : "project"));
  const choice = choiceOf(
    clients.filter((id) => id !== "found"),
    scopes,
  );
  const ci = said.ci === undefined || said.ci === "none" ? undefined : (said.ci as CiKind);
  if (ci !== undefined && !isInProject(choice))
    throw new UsageError("--ci goes with --scope project: it checks what a repository holds");
  if (isKept && (clients.join() !== "claude-code" || scopes.join() !== "user"))
    throw new UsageError(
      "--bridge keychain goes with Claude Code and --scope user: nothing else can take the token from there",
    );
  return {
    ...connectionOptions(context, raw),
    /** The options as they were given. */
    said,
    choice,
    /** `--client found`: those that are installed or configured here, too. */
    wantsFound: clients.includes("found"),
    wished: scopes,
    /** A value is given on the command line. */
    isGiven:
      ["account-id", "profile-id", "studio-url", "token-file"].some((name) => said[name] !== undefined) ||
      switches.has("token-stdin"),
    isChosen: said.client !== undefined || said.scope !== undefined || isKept,
    bridge: (said.bridge as Bridge | undefined) ?? "claude-settings",
    ci,
    yes: switches.has("yes"),
    dryRun: switches.has("dry-run"),
    skipTest: switches.has("skip-test"),
    /** `doctor --fix`: only what is there already. */
    isRepair: switches.has("fix"),
    /** `remove`: a plan says what goes. */
    isRemoval: false,
    sharesIds: !switches.has("no-share-ids"),
    ownCredentials,
    timeoutMs: seconds(said.timeout) * 1000,
  };
}

export type InitOptions = ReturnType<typeof readOptions>;

/** Agents whose variables are also set in the shell of a person who only installed them. */
const AMBIENT = new Set(["goose", "pi", "devin", "kiro"]);

/** Why nobody can answer; undefined if a person can: a terminal on both sides, no CI, no AI agent, no program that reads JSON. */
export async function whyNotAsked({ stdin, stderr, env }: Context, options: InitOptions): Promise<string | undefined> {
  if (options.json) return "--json was given";
  if (options.tokenStdin) return "--token-stdin takes the standard input";
  if (stdin.isTTY !== true) return "the standard input is not a terminal";
  if (stderr.isTTY !== true) return "the standard error is not a terminal";
  const { isCI, isAgent, agent = "" } = await import("std-env");
  if (isCI) return env.CI === undefined ? "this is a build machine" : "CI is set";
  return isAgent && !AMBIENT.has(agent) ? `the environment is that of an agent (${agent})` : undefined;
}

/** How a run speaks to a person. */
export async function openDialog(context: Context, options: InitOptions) {
  // first what takes no time: standard input is a stream with many modules
  const isAsked = context.stderr.isTTY === true && (await whyNotAsked(context, options)) === undefined;
  // a plan that is not shown needs no question
  const quiet = options.json || (options.quiet && (!isAsked || options.yes));
  const ask = isAsked ? await createAsk(context, PASTED_BREAK) : undefined;
  return { context, show: createShow(context, { quiet, guide: isAsked }), ask, decides: options.yes ? undefined : ask };
}

export interface Page {
  readonly context: Context;
  readonly options: InitOptions;
  readonly show: Show;
  readonly here: Survey;
  readonly target: Target;
  /** The URL of the target; without references after a person agreed. */
  readonly url: string;
  /** Asks for values; undefined if nobody can answer. */
  readonly ask: Ask | undefined;
  /** Asks for decisions; undefined with --yes. */
  readonly decides: Ask | undefined;
}

const localSettings = (folder: string): string => join(folder, ".claude", "settings.local.json");

/** Where the wizard works, and the programs that it can start. Throws UsageError for a bad `--cwd`. */
async function findPlace(context: Context, options: InitOptions) {
  const { GIT_DIR, GIT_WORK_TREE } = context.env;
  const hint = "unset GIT_DIR GIT_WORK_TREE";
  if (GIT_DIR !== undefined || GIT_WORK_TREE !== undefined)
    throw new EnvironmentError("GIT_DIR or GIT_WORK_TREE is set, so it is unclear which repository is meant", { hint });
  const here = realpathSync(folderFor(options.cwd ?? context.cwd));
  const root = options.cwd === undefined ? projectOf(describeFolder(here, context.home)).root : here;
  const folder = describeFolder(root, context.home);
  const { gitRoot, main } = folder;
  const programs = programsFor(context, root, gitRoot ?? root, ...(main ? [main.folder] : []));
  const gitProgram = programs.find("git");
  const gitAt = (cwd: string) =>
    gitProgram && gitRoot
      ? createGit({ program: gitProgram, cwd, env: programs.env, signal: context.signal })
      : undefined;
  const git = gitAt(root);
  const gitFolder = gitRoot && gitFolderOf(gitRoot);
  // a `.git` file that leads nowhere: git says why, before anything is asked or sent
  if (gitFolder === undefined) await git?.isIgnored(join(root, ".env"));
  const env = options.valuesFile ?? join(root, ".env");
  const files = clientFiles(context, root);
  // those of a person who is asked may be any
  const isAny = !options.yes || options.wantsFound;
  const needsToml = ({ client, path }: ClientFile): boolean =>
    client.format === "toml" &&
    (isAny || existsSync(path) || options.choice.clients.some((each) => each === client.id));
  const found = await claudeOf(context, programs);
  const project = projectOf(folder, found.claude?.version);
  return {
    root,
    installed: findClients(context, root, programs.find),
    programs,
    clientFiles: files,
    toml: files.some(needsToml) ? await loadToml() : undefined,
    isBelow: here !== root,
    folder,
    project,
    git,
    bridgeGit: gitAt(project.bridge),
    gitProgram,
    programEnv: programs.env,
    signal: context.signal,
    ...found,
    ...ownFiles(context),
    paths: {
      ignore: join(root, ".gitignore"),
      exclude: gitFolder && join(gitFolder, "info", "exclude"),
      env,
      example: join(root, EXAMPLES.find((name) => existsSync(join(root, name))) ?? ".env.example"),
      bridge: localSettings(project.bridge),
      envrc: join(root, ".envrc"),
      mcp: join(root, ".mcp.json"),
    },
    /** The path of the env file as files of the root refer to it. */
    envFromRoot: relative(root, env).split(sep).join("/"),
    /** The file of `--ci`, then the files that may replace it. */
    ciPaths: options.ci === undefined ? [] : CI_FILES[options.ci].files.map((name) => join(root, name)),
  };
}

/** What the files contain. `name`: of the server whose entries count. */
function readFiles(
  context: Context,
  place: Awaited<ReturnType<typeof findPlace>> & { readonly tokens: Tokens },
  name: string,
) {
  const { root, project, paths, store, userSettings, ciPaths, toml } = place;
  const ofClients = place.clientFiles.flatMap((file) => [file.path, file.store]);
  const wanted = [...Object.values(paths), store, userSettings, ...ciPaths, ...ofClients].filter(
    (path) => path !== undefined,
  );
  const snapshot = new Map(wanted.map((path) => [path, readState(path)] as const));
  const file = (path: string) => ({ shown: path, state: snapshot.get(path) ?? readState(path) });
  const [own, main] = project.local;
  const files = {
    store: { shown: store, state: opened(file(store).state, place.tokens) },
    userSettings: file(userSettings),
    projectSettings: file(join(root, ".claude", "settings.json")),
    localSettings: file(localSettings(own)),
    mainSettings: main === undefined ? undefined : file(localSettings(main)),
  };
  const state = claudeState(files, project, place.claude?.version);
  const ofProject = projectEntries(snapshot.get(paths.mcp), name);
  return {
    snapshot,
    clients: withEntries(place.clientFiles, snapshot, name, toml, ofProject),
    entries: {
      project: ofProject,
      local: haloEntries(property(storedOf(state), "mcpServers"), "local", name),
      user: haloEntries(property(state.store, "mcpServers"), "user", name),
    },
    dotenv: dotenvOf(snapshot.get(paths.env)),
    example: dotenvOf(snapshot.get(paths.example)),
    state,
    env: sessionEnv(state, context.env),
  };
}

/** The entries for HALO in `.mcp.json`. */
export const projectEntries = (state: FileState | undefined, name: string) =>
  haloEntries(property(jsonOf(state, true), "mcpServers"), "project", name);

/** A file that is there, and that its client cannot read. */
export const isBroken = (state: FileState | undefined): boolean =>
  state?.kind === "unreadable" ||
  (state?.kind === "file" && state.text.trim() !== "" && jsonOf(state, true) === undefined);

export type Survey = Awaited<ReturnType<typeof survey>>;

export async function survey(context: Context, options: InitOptions) {
  const found = await findPlace(context, options);
  const place = { ...found, ...(await openStore(context, found.programs, found.store)) };
  const files = readFiles(context, place, options.name ?? DEFAULT_NAME);
  const { said, wantsFound, wished } = options;
  const others = wantsFound ? CLIENT_IDS.filter((id) => place.installed.has(id)) : [];
  // what a team has set up is joined: Claude Code also if its file cannot be read, another client beside it if it is here
  const isSaid = said.client !== undefined || said.scope !== undefined;
  const ofTeam = files.clients.filter(({ client, scope, path, found }) => {
    if (client === claudeCode) return found.length > 0 || isBroken(files.snapshot.get(path));
    return scope === "project" && found.some(({ isHalo }) => isHalo);
  });
  const isClaudes = ofTeam.some(({ client }) => client === claudeCode);
  const isHere = (id: string): boolean => (place.installed.get(id)?.by ?? "project file") !== "project file";
  const joined = ofTeam.filter(({ client }) => !isClaudes || client === claudeCode || isHere(client.id));
  const usual = isSaid || joined.length === 0 ? options.choice.clients : joined.map(({ client }) => client.id);
  const clients = [...new Set([...usual, ...others])];
  if (clients.length === 0) throw new UsageError("no client was found here", { hint: "npx create-halo-mcp clients" });
  const choice = choiceOf(clients, wished);
  // in the home folder everywhere, unless somebody says more: the values of that project reach no folder below
  const isHome = place.root === place.folder.home && isInProject(choice);
  const isUser = isHome && said.scope === undefined && said.ci === undefined && files.entries.project.length === 0;
  return { ...place, ...files, choice: isUser ? choiceOf(clients, ["user"]) : choice };
}

export function lookAgain(page: Page): Page {
  const { context, here, target } = page;
  here.git?.forget();
  return { ...page, here: { ...here, ...readFiles(context, here, target.name) } };
}

/** The same with the tokens that are in a keychain now. */
export async function openAgain(page: Page): Promise<Page> {
  const { context, here } = page;
  return lookAgain({ ...page, here: { ...here, ...(await openStore(context, here.programs, here.store)) } });
}

/** The entry of the target's name. */
export function entryIn({ here, target }: Page, scope: Scope): Entry | undefined {
  return here.entries[scope].find(({ entry }) => entry.name === target.name)?.entry;
}

/** Why Claude Code itself cannot be asked, as the end of a sentence. */
export const absenceOf = ({ claudeIs }: Survey): string =>
  `Claude Code ${claudeIs === "none" ? "is not installed here" : "does not answer here"}`;

/** Where this is, before the first question. */
export function greet({ context, show, here }: Pick<Page, "context" | "show" | "here">): void {
  const { root, isBelow, folder, claude } = here;
  show.title(`create-halo-mcp ${context.version}: connect HALO to your AI clients`);
  const repository = folder.gitRoot === undefined ? "no git repository" : "git repository";
  const place = isBelow ? "the root of the git repository you are in" : repository;
  const client = claude === undefined ? absenceOf(here) : `Claude Code ${claude.version}`;
  show.info(`Working in ${printable(root, 200)} (${place})`, [client]);
  if (root === folder.home)
    show.warn("This is your home folder: a .mcp.json here applies to every folder below; its values apply only here.", [
      isInProject(here.choice)
        ? "To set HALO up for every folder: --scope user"
        : "HALO will be connected for you alone, in every folder.",
    ]);
}

/** What is here already. `needs`: the token is not known. */
export function sayJoined({ options, show, here, target }: Page, needs: boolean): void {
  if (target.mode !== "join") return;
  const name = printable(target.name, 64);
  const isNewHere = chosenFiles(here, options.choice).some(
    ({ scope, found }) => scope === "project" && found.length === 0,
  );
  show.info(
    needs
      ? `Your team has already set up HALO here, as "${name}". You only need your own token${isNewHere ? "." : "; no shared file changes."}`
      : `HALO is set up here as "${name}".`,
  );
}

export async function introduce({ context, options, show, here, target }: Page): Promise<void> {
  const { root, project, snapshot, paths, store, userSettings } = here;
  const isClaudes = options.choice.scopes.includes("project");
  if (isClaudes && project.bridge !== root)
    show.info("This is a linked worktree: Claude Code takes the values of the main checkout, in every worktree.", [
      printable(paths.bridge, 200),
    ]);
  const isNew = isClaudes && target.entry === undefined;
  const { below, misplaced } = isNew ? await haloElsewhere(here) : { below: [], misplaced: [] };
  const above = isNew ? haloAbove(project.mcp) : undefined;
  if (above !== undefined)
    show.warn(`Claude Code already takes HALO from ${printable(above, 200)} here. This adds a second entry.`);
  if (misplaced.length > 0)
    show.warn(`HALO is in ${misplaced.join(", ")}, which Claude Code does not read. To move it to .mcp.json instead:`, [
      toSh(["npx", "create-halo-mcp", "check", "--fix"]),
    ]);
  if (below.length > 0)
    show.warn(
      `HALO is already set up in ${below.map((each) => printable(each, 100)).join(", ")}. This adds a second entry.`,
      below.map((each) => toSh(["npx", "create-halo-mcp", "--cwd", join(root, each)])),
    );
  const name = printable(target.name, 64);
  const chosen = chosenFiles(here, options.choice);
  for (const { client, scope } of chosen)
    if (scope === "user" && !options.wished.includes("user"))
      show.info(`${client.label} reads no file of a repository here: your own file gets the entry.`);
  const refused = isClaudes && options.bridge === "claude-settings";
  for (const { file, broken } of here.state.settings)
    if (broken !== undefined && !(refused && file.shown === paths.bridge))
      show.warn(`Claude Code ignores the whole file ${printable(file.shown, 200)}${broken.at}: ${broken.reason}.`);
  const ofClients = chosen.flatMap((file) => [hasLiterals(file) ? file.path : undefined, file.store]);
  const claudes = options.choice.scopes.some(isOwn) ? [store, userSettings] : [];
  const own = [...claudes, ...ofClients].filter((path) => path !== undefined);
  const names = variablesOf(target.slots).map(({ env }) => env);
  for (const cut of cutValues(snapshot.get(paths.env), labelOf(paths.env, root), names)) show.warn(cut);
  for (const path of [paths.env, paths.bridge, ...own]) {
    const state = snapshot.get(path);
    if (state?.kind === "file" && (state.mode & 0o077) !== 0 && context.platform !== "win32")
      show.warn(`Other users of this computer can read ${printable(path, 200)}. To change that:`, [
        toSh(["chmod", "600", path]),
      ]);
  }
  if (target.repairs === undefined) return;
  show.warn(`The entry "${name}" in ${target.where.file} will be replaced: ${target.repairs}.`);
  const { token } = target.entry?.values ?? {};
  if (token && "literal" in token && !isReference(token.literal) && storeOf(token.literal) === undefined)
    show.warn(
      "It may contain a token in plain text. If this file was ever committed or shared, delete that token in HALO Studio > Settings > Product Tokens.",
    );
}
