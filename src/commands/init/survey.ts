/** What is on this machine before anything is asked. */
import { realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../../context.ts";
import { type Entry, haloEntries, type Scope } from "../../core/clients/claude-code.ts";
import {
  type ClaudeState,
  claudeState,
  type Env,
  envIn,
  type Folder,
  sessionEnv,
} from "../../core/clients/claude-state.ts";
import { toSh } from "../../core/command-line.ts";
import { dotenvOf, hasBom } from "../../core/formats/dotenv.ts";
import { jsonOf, property } from "../../core/formats/json.ts";
import { DEFAULT_NAME, variablesFor } from "../../core/halo.ts";
import { CI_FILES } from "../../core/plan/ci.ts";
import type { ProjectPaths } from "../../core/plan/install.ts";
import type { Snapshot } from "../../core/plan/model.ts";
import type { Target } from "../../core/plan/target.ts";
import { printable } from "../../core/secrets.ts";
import { EnvironmentError, UsageError } from "../../errors.ts";
import type { ClaudeProgram } from "../../io/claude.ts";
import { createGit, findRoot, type Git } from "../../io/git.ts";
import { readState, takeSnapshot } from "../../io/read.ts";
import type { Show } from "../../ui/show.ts";
import { pathLabel } from "../shared/carry-out.ts";
import { ownFiles, pathOfClaude, versionOf } from "../shared/claude-files.ts";
import { programsFor } from "../shared/programs.ts";
import type { InitOptions } from "./options.ts";

/** Where the wizard works, and the programs that it can start. */
interface Place {
  readonly root: string;
  /** Where the command was started, when that is below the root. */
  readonly startedIn: string | undefined;
  /** As Claude Code sees it: the root, and the git root it lies in. */
  readonly folder: Folder;
  readonly git: Git | undefined;
  readonly paths: ProjectPaths;
  /** The file of `--ci`, and what may stand in its place. */
  readonly ciPaths: readonly string[];
  readonly store: string;
  readonly userSettings: string;
  /** Never one that a repository supplies. */
  readonly gitProgram: string | undefined;
  /** What every program is started with, see `trustedEnv`. */
  readonly programEnv: Context["env"];
  readonly claude: ClaudeProgram | undefined;
  /** There is a claude program, but it does not say its version. */
  readonly claudeSilent: boolean;
}

/** What stands in the files. */
interface Files {
  readonly snapshot: Snapshot;
  readonly entries: Readonly<Record<Scope, readonly Entry[]>>;
  readonly dotenv: ReadonlyMap<string, string>;
  readonly example: ReadonlyMap<string, string>;
  readonly state: ClaudeState;
  /** What a session of Claude Code expands an entry with. */
  readonly env: Env;
}

export type Survey = Place & Files;

function readFiles(context: Context, place: Place, name: string): Files {
  const { root, folder, paths, store, userSettings, ciPaths } = place;
  const wanted = [...Object.values(paths), store, userSettings, ...ciPaths];
  const snapshot = takeSnapshot(wanted.filter((path) => path !== undefined));
  const file = (path: string) => ({ shown: path, state: snapshot.get(path) ?? readState(path) });
  const gitRoot = folder.gitRoot ?? root;
  const state = claudeState(
    {
      store: file(store),
      userSettings: file(userSettings),
      projectSettings: file(join(root, ".claude", "settings.json")),
      localSettings: file(paths.bridge),
      rootLocalSettings: gitRoot === root ? undefined : file(join(gitRoot, ".claude", "settings.local.json")),
    },
    place.claude?.version,
  );
  const mcp = jsonOf(snapshot.get(paths.mcp), true);
  return {
    snapshot,
    entries: {
      project: haloEntries(property(mcp, "mcpServers"), "project", name),
      local: haloEntries(property(state.store, "projects", gitRoot, "mcpServers"), "local", name),
      user: haloEntries(property(state.store, "mcpServers"), "user", name),
    },
    dotenv: dotenvOf(snapshot.get(paths.env)),
    example: dotenvOf(snapshot.get(paths.example)),
    state,
    env: sessionEnv(state, context.env),
  };
}

/** The entry of a name in a scope. */
export function entryIn({ entries }: Survey, scope: Scope, name: string): Entry | undefined {
  return entries[scope].find((entry) => entry.name === name);
}

/** Reads the files again. `name`: of the server whose entries count. */
export function lookAgain(context: Context, survey: Survey, name: string): Survey {
  return { ...survey, ...readFiles(context, survey, name) };
}

/** Finds the root, reads the files, asks Claude Code for its version. Throws UsageError for a bad `--cwd`. */
export async function survey(context: Context, options: InitOptions): Promise<Survey> {
  const cwd = options.cwd ?? context.cwd;
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`--cwd: there is no folder ${cwd}`);
  const here = realpathSync(cwd);
  const repository = findRoot(here);
  const root = options.cwd === undefined ? (repository ?? here) : here;
  const programs = programsFor(context, root, repository ?? root);
  const gitProgram = programs.find("git");
  const git =
    gitProgram === undefined || repository === undefined
      ? undefined
      : createGit({ program: gitProgram, cwd: root, env: programs.env });
  const ci = options.ci === undefined ? [] : [CI_FILES[options.ci].file, ...(CI_FILES[options.ci].instead ?? [])];
  const { claude, silent } = await versionOf(context, root, pathOfClaude(programs), programs.env);
  const place: Place = {
    root,
    startedIn: here === root ? undefined : here,
    folder: { above: [root], gitRoot: repository },
    git,
    paths: {
      ignore: join(root, ".gitignore"),
      exclude: git?.gitPath("info/exclude"),
      env: options.valuesFile ?? join(root, ".env"),
      example: join(root, ".env.example"),
      bridge: join(root, ".claude", "settings.local.json"),
      envrc: join(root, ".envrc"),
      mcp: join(root, ".mcp.json"),
    },
    ciPaths: ci.map((name) => join(root, name)),
    ...ownFiles(context),
    gitProgram,
    programEnv: programs.env,
    claude,
    claudeSilent: silent,
  };
  return { ...place, ...readFiles(context, place, options.name ?? DEFAULT_NAME) };
}

const MOST_SECRETS = 200;
const LONGEST_SECRET = 8192;

/** Values of files that are never shown: the token, and what else looks like a secret. Every printer looks for each of them, so there is a bound. */
export function secretsIn({ dotenv, state }: Survey, { slots }: Target): readonly string[] {
  const tokens = [variablesFor(DEFAULT_NAME).token, "env" in slots.token ? slots.token.env : ""];
  const all = [...dotenv, ...Object.entries(envIn(state.files.localSettings))];
  const isShort = ([, { length }]: readonly [string, string]): boolean => length <= LONGEST_SECRET;
  const own = all.filter(([name, { length }]) => tokens.includes(name) && length >= 8);
  const others = all.filter(([name, { length }]) => /TOKEN|SECRET|KEY|PASSWORD/i.test(name) && length >= 12);
  return [...own, ...others.slice(0, MOST_SECRETS)].filter(isShort).map(([, value]) => value);
}

/** What was found, before anything is asked. */
export function introduce(context: Context, show: Show, here: Survey, target: Target): void {
  const { root, startedIn, folder, entries, snapshot, paths, claude, claudeSilent } = here;
  show.title(`create-halo-mcp ${context.version}: connect HALO to your AI clients`);
  const found = Object.values(entries)
    .flat()
    .map(({ scope, name, broken }) => {
      const where = scope === "project" ? ".mcp.json" : `Claude Code, ${scope} scope`;
      return `${where}: "${printable(name, 64)}"${broken === undefined ? "" : ` (${broken})`}`;
    });
  const env = snapshot.get(paths.env);
  if (env?.kind === "file") found.push(`${pathLabel(paths.env, root)} is there`);
  const without = claudeSilent
    ? "Claude Code is installed, but does not answer: claude --version"
    : "Claude Code is not installed here";
  found.push(claude === undefined ? without : `Claude Code ${claude.version}`);
  const repository = folder.gitRoot === undefined ? "no git repository" : "git repository";
  const place = startedIn === undefined ? repository : "the root of the git repository you are in";
  show.info(`Working in ${printable(root, 200)} (${place})`, found);
  const name = printable(target.name, 64);
  if (target.mode === "join")
    show.info(`This repository already refers to HALO, as "${name}". No committed file will change.`);
  if (env?.kind === "file" && hasBom(env.text))
    show.warn(
      `${pathLabel(paths.env, root)} begins with a BOM, which hides its first line from many readers (bash, direnv, docker, some versions of Node).`,
    );
  for (const path of [paths.env, paths.bridge]) {
    const state = snapshot.get(path);
    if (state?.kind === "file" && (state.mode & 0o077) !== 0 && context.platform !== "win32")
      show.warn(`Others on this machine can read ${printable(path, 200)}. To close it:`, [
        toSh(["chmod", "600", path]),
      ]);
  }
  if (target.repairs === undefined) return;
  show.warn(`The entry "${name}" in .mcp.json will be replaced: ${target.repairs}.`);
  const { token } = target.entry?.values ?? {};
  if (token !== undefined && "literal" in token && target.repairs.includes("token"))
    show.warn(
      "It may hold a token in clear. If this file was ever committed or shared, delete that token in HALO Studio > Settings > Product Tokens.",
    );
}

/** Throws EnvironmentError where git cannot say what it ignores. */
export function assertGit({ env }: Context, { folder, git }: Survey): void {
  if (env.GIT_DIR !== undefined || env.GIT_WORK_TREE !== undefined)
    throw new EnvironmentError(
      "GIT_DIR or GIT_WORK_TREE is set, so which repository would take these files is not clear",
      { hint: "unset GIT_DIR GIT_WORK_TREE" },
    );
  if (folder.gitRoot !== undefined && git === undefined)
    throw new EnvironmentError("this is a git repository, but there is no git program to ask what it ignores", {
      hint: "install git, then run this again",
    });
}
