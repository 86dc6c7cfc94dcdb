import { realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Context } from "../../context.ts";
import { type Entry, haloEntries, type Scope } from "../../core/clients/claude-code.ts";
import { DEFAULT_NAME } from "../../core/halo.ts";
import type { Snapshot } from "../../core/model.ts";
import type { ProjectPaths } from "../../core/plan.ts";
import { UsageError } from "../../errors.ts";
import { type ClaudeProgram, readClaude } from "../../io/claude.ts";
import { findProgram } from "../../io/find-program.ts";
import { createGit, findRoot, type Git } from "../../io/git.ts";
import { isInside } from "../../io/inside.ts";
import { takeSnapshot } from "../../io/snapshot.ts";
import type { InitOptions } from "./options.ts";
import { dotenvOf, jsonOf, property, strings } from "./read-json.ts";

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
  readonly claude: ClaudeProgram | undefined;
}

/** npm on Windows installs a `.cmd` that Node cannot start without a shell: the program it calls lies beside it. */
function runnable(path: string): string {
  return /\.(?:cmd|bat|ps1)$/i.test(path)
    ? join(dirname(path), "node_modules", "@anthropic-ai", "claude-code", "bin", "claude.exe")
    : path;
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
  // a repository must not supply the programs that are run; a home folder under git does hold the user's own
  const guarded = repository ?? root;
  const exclude = [isInside(context.home, guarded) ? join(guarded, "node_modules") : guarded];
  const find = (name: string): string | undefined =>
    findProgram(name, { env: context.env, platform: context.platform, exclude });
  const gitProgram = repository === undefined ? undefined : find("git");
  const git = gitProgram === undefined ? undefined : createGit({ program: gitProgram, cwd: root, env: context.env });

  const configured = context.env.CLAUDE_CONFIG_DIR;
  const own = configured !== undefined && configured !== "";
  const store = own ? join(configured, ".claude.json") : join(context.home, ".claude.json");
  const userSettings = own ? join(configured, "settings.json") : join(context.home, ".claude", "settings.json");
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
  ]);
  const name = options.name ?? DEFAULT_NAME;
  const storeJson = jsonOf(snapshot.get(store), false);
  const claudePath = find("claude");
  return {
    root,
    startedIn: here === root ? undefined : here,
    git,
    gitMissing: repository !== undefined && git === undefined,
    paths,
    store,
    storeKey: repository ?? root,
    userSettings,
    snapshot,
    entries: {
      project: haloEntries(property(jsonOf(snapshot.get(paths.mcp), true), "mcpServers"), "project", name),
      local: haloEntries(property(storeJson, "projects", repository ?? root, "mcpServers"), "local", name),
      user: haloEntries(property(storeJson, "mcpServers"), "user", name),
    },
    dotenv: dotenvOf(snapshot.get(paths.env)),
    bridge: strings(property(jsonOf(snapshot.get(paths.bridge), false), "env")),
    example: dotenvOf(snapshot.get(paths.example)),
    claude:
      claudePath === undefined
        ? undefined
        : await readClaude(runnable(claudePath), { cwd: context.home, env: context.env, signal: context.signal }),
  };
}
