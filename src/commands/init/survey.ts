import { realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../../context.ts";
import { type Entry, haloEntries, type Scope } from "../../core/clients/claude-code.ts";
import { dotenvOf } from "../../core/formats/dotenv.ts";
import { jsonOf, property, strings } from "../../core/formats/json.ts";
import { DEFAULT_NAME } from "../../core/halo.ts";
import type { ProjectPaths } from "../../core/plan/install.ts";
import type { Snapshot } from "../../core/plan/model.ts";
import { UsageError } from "../../errors.ts";
import type { ClaudeProgram } from "../../io/claude.ts";
import { createGit, findRoot, type Git } from "../../io/git.ts";
import { takeSnapshot } from "../../io/read.ts";
import { ownFiles, pathOfClaude, versionOf } from "../shared/claude-files.ts";
import { programsFor } from "../shared/programs.ts";
import { ciPaths } from "./ci.ts";
import type { InitOptions } from "./options.ts";

/** What is on this machine before anything is asked. */
export interface Survey {
  readonly root: string;
  /** Where the command was started, when that is below the root. */
  readonly startedIn: string | undefined;
  readonly git: Git | undefined;
  /** There is a `.git` but no git program to ask. */
  readonly gitMissing: boolean;
  readonly paths: ProjectPaths;
  readonly store: string;
  /** The key of this folder under "projects" in that file: the git root, else the folder. */
  readonly storeKey: string;
  readonly userSettings: string;
  readonly snapshot: Snapshot;
  readonly entries: Readonly<Record<Scope, readonly Entry[]>>;
  readonly dotenv: ReadonlyMap<string, string>;
  readonly bridge: Readonly<Record<string, string>>;
  readonly example: ReadonlyMap<string, string>;
  /** The git program, wherever it is asked. Never one that a repository supplies. */
  readonly gitProgram: string | undefined;
  /** What every program is started with, see `trustedEnv`. */
  readonly programEnv: Context["env"];
  readonly claude: ClaudeProgram | undefined;
  /** There is a claude program, but it does not say its version. */
  readonly claudeSilent: boolean;
}

/** Finds the root, reads the files, asks for the client. In: where the command runs. Throws UsageError for a bad `--cwd`. */
export async function survey(context: Context, options: InitOptions): Promise<Survey> {
  const cwd = options.cwd ?? context.cwd;
  try {
    if (!statSync(cwd).isDirectory()) throw new Error("no folder");
  } catch {
    throw new UsageError(`--cwd: there is no folder ${cwd}`);
  }
  const here = realpathSync(cwd);
  const repository = findRoot(here);
  const root = options.cwd === undefined ? (repository ?? here) : here;
  const programs = programsFor(context, root, repository ?? root);
  const programEnv = programs.env;
  const gitProgram = programs.find("git");
  const git =
    gitProgram === undefined || repository === undefined
      ? undefined
      : createGit({ program: gitProgram, cwd: root, env: programEnv });

  const { store, userSettings } = ownFiles(context);
  const paths: ProjectPaths = {
    ignore: join(root, ".gitignore"),
    exclude: git?.gitPath("info/exclude"),
    env: options.valuesFile ?? join(root, ".env"),
    example: join(root, ".env.example"),
    bridge: join(root, ".claude", "settings.local.json"),
    envrc: join(root, ".envrc"),
    mcp: join(root, ".mcp.json"),
  };
  const snapshot = takeSnapshot([
    ...Object.values(paths).filter((path): path is string => path !== undefined),
    store,
    userSettings,
    ...ciPaths(options, root),
  ]);
  const name = options.name ?? DEFAULT_NAME;
  const storeJson = jsonOf(snapshot.get(store), false);
  const { claude, silent } = await versionOf(context, root, pathOfClaude(programs), programEnv);
  return {
    root,
    startedIn: here === root ? undefined : here,
    git,
    gitMissing: repository !== undefined && git === undefined,
    paths,
    store,
    storeKey: repository ?? root,
    programEnv,
    userSettings,
    snapshot,
    entries: {
      project: haloEntries(property(jsonOf(snapshot.get(paths.mcp), true), "mcpServers"), "project", name),
      local: haloEntries(property(storeJson, "projects", repository ?? root, "mcpServers"), "local", name),
      user: haloEntries(property(storeJson, "mcpServers"), "user", name),
    },
    dotenv: dotenvOf(snapshot.get(paths.env)),
    bridge: strings(property(jsonOf(snapshot.get(paths.bridge), true), "env")),
    example: dotenvOf(snapshot.get(paths.example)),
    gitProgram,
    claude,
    claudeSilent: silent,
  };
}
