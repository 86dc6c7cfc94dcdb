/** The options, and every relevant file → the input of the rules. */
import { existsSync, lstatSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { Context } from "../../context.ts";
import { documentOf, isPluginOnly, kindOf, mcpFor, PLACES, type RawDocument } from "../../core/check/documents.ts";
import type { Document, Subject } from "../../core/check/model.ts";
import { projectOf } from "../../core/clients/claude-project.ts";
import { cleanValue, HALO_URL } from "../../core/halo.ts";
import { printable } from "../../core/secrets.ts";
import { EnvironmentError, UsageError } from "../../errors.ts";
import type { Format, RawOptions } from "../../flags.ts";
import { describeFolder, type GitOptions, ignoredOf } from "../../io/git.ts";
import { discover, entriesOf, findSpills } from "../../io/list.ts";
import { findRoot, isInside, readDocument, resolveTarget } from "../../io/read.ts";
import { folderFor, pathOf, urlOf } from "../shared/options.ts";
import { programsFor } from "../shared/programs.ts";

export type CheckOptions = ReturnType<typeof readOptions>;

/** Words → options. Throws UsageError before anything is read. */
export function readOptions(context: Context, raw: RawOptions) {
  const { values, switches, words: paths } = raw;
  const [most, given] = [values["max-warnings"], values.format as Format | undefined];
  if (most !== undefined && !/^\d{1,6}$/.test(most)) throw new UsageError("--max-warnings takes a number, 0 or more");
  if (switches.has("dry-run") && !switches.has("fix")) throw new UsageError("--dry-run needs --fix");
  if (paths.includes("")) throw new UsageError("a path is empty");
  const isJson = switches.has("json");
  if (isJson && given !== undefined && given !== "json") throw new UsageError("choose one of --json and --format");
  const usual = context.env.GITHUB_ACTIONS === "true" ? "github" : "text";
  return {
    paths,
    format: isJson ? "json" : (given ?? usual),
    fix: switches.has("fix"),
    dryRun: switches.has("dry-run"),
    maxWarnings: most === undefined ? undefined : Number(most),
    allowMissing: switches.has("allow-missing"),
    url: urlOf(raw) ?? HALO_URL,
    quiet: switches.has("quiet"),
    noColor: switches.has("no-color"),
    cwd: pathOf(context, values.cwd),
  };
}

/** A path argument: absolute, and relative to the root with "/". */
interface Asked {
  readonly path: string;
  readonly isFolder: boolean;
}

export type Gathered = Awaited<ReturnType<typeof gather>>;

/** Does a report about these path arguments (none: everything) include findings of this path? */
export function isAsked({ asked }: Pick<ReturnType<typeof findPlaces>, "asked">, path: string): boolean {
  const isIn = (each: Asked): boolean => each.isFolder && (each.path === "" || path.startsWith(`${each.path}/`));
  return asked.length === 0 || asked.some((each) => path === each.path || isIn(each));
}

const pathFrom = (root: string, path: string): string => relative(root, path).split(sep).join("/");

/** A path as it was typed → absolute, links of its folder followed. */
function given(word: string, from: string): Asked {
  const path = resolve(from, word);
  try {
    // a client treats a folder that is called .mcp.json as the file
    const isFolder = statSync(path).isDirectory() && basename(path) !== ".mcp.json";
    if (isFolder) return { path: realpathSync.native(path), isFolder };
    // keep the name of the link: a client reads the file by this name
    return { path: join(realpathSync.native(dirname(path)), basename(path)), isFolder };
  } catch {
    throw new UsageError(`there is no file or folder ${printable(word, 200)}`);
  }
}

/** Where to look; reports name files from `root`. Throws UsageError for a missing path, EnvironmentError without git. */
function findPlaces(context: Context, { cwd, paths: words }: CheckOptions) {
  const here = realpathSync.native(folderFor(cwd ?? context.cwd));
  const paths = words.map((word) => given(word, here));
  const folders = paths.map(({ path, isFolder }) => (isFolder ? path : dirname(path)));
  const repositories = new Set((folders.length === 0 ? [here] : folders).map(findRoot));
  if (repositories.size > 1)
    throw new UsageError("the paths are in different repositories", { hint: "run it once for each of them" });
  const [repository] = repositories;
  const isAbove = (path: string): boolean => folders.every((folder) => isInside(folder, path));
  // without a repository, the common parent folder of the path arguments
  let root = repository ?? (isAbove(here) ? here : (folders[0] ?? here));
  while (!isAbove(root)) root = dirname(root);
  const asked = paths.map(({ path, isFolder }): Asked => ({ path: pathFrom(root, path), isFolder }));
  const unread = asked.findIndex(({ path, isFolder }) => !isFolder && kindOf(path) === undefined);
  if (unread >= 0)
    throw new UsageError(`${printable(words[unread] ?? "", 200)} is not a file that check reads`, {
      hint: "it reads .mcp.json, .env and .env.example, .claude/settings.json and other clients' MCP files, under these names",
    });
  // --cwd limits what is reported, not what is read
  if (asked.length === 0 && cwd !== undefined && here !== root)
    asked.push({ path: pathFrom(root, here), isFolder: true });
  const project = projectOf(describeFolder(root, context.home));
  return { root, project, asked, git: repository === undefined ? undefined : gitFor(context, root, repository) };
}

function gitFor(context: Context, root: string, repository: string): GitOptions {
  const { find, env } = programsFor(context, root, repository);
  const program = find("git");
  if (program !== undefined) return { program, cwd: root, env, signal: context.signal };
  const problem = "this is a git repository, but git is not installed: cannot check what is tracked and ignored";
  throw new EnvironmentError(problem, { hint: "install git, then run this again" }, "no-git");
}

/** A build machine, without anybody's own files. std-env would cost a tenth of the start. */
function isCi({ CI, TF_BUILD, JENKINS_URL, TEAMCITY_VERSION, CODEBUILD_BUILD_ID }: Context["env"]): boolean {
  const said = CI || TF_BUILD || JENKINS_URL || TEAMCITY_VERSION || CODEBUILD_BUILD_ID || "false";
  return !/^(?:false|0|no|off)$/i.test(said);
}

/** Reads the files. Throws EnvironmentError (exit 3) if one cannot be read: without it, the report would be wrong. */
async function read({ platform }: Context, { root, project, git, asked }: ReturnType<typeof findPlaces>) {
  const found = await discover({ root, git, within: asked, places: PLACES, maxFolders: 20_000 });
  // in a linked worktree, sessions read that of the main checkout
  const elsewhere = project.local.filter((folder) => !isInside(folder, root)).map((folder) => pathFrom(root, folder));
  const settings = elsewhere.map((way) => `${way}/.claude/settings.local.json`);
  const ofMain = settings.map((path) => ({ path, tracked: false, ignored: true }));
  return [...found, ...ofMain].flatMap(({ path, tracked, ignored }): readonly RawDocument[] => {
    const file = join(root, path);
    const reading = readDocument(file);
    const kind = kindOf(path);
    // a link that leads nowhere is there
    const isGone = reading.kind === "absent" && lstatSync(file, { throwIfNoEntry: false }) === undefined;
    if (kind === undefined || isGone) return [];
    if (reading.kind === "unreadable") {
      const hint = "nothing was checked: make it readable, then run this again";
      throw new EnvironmentError(`could not read ${printable(path)}: ${reading.reason}`, { hint }, "unreadable");
    }
    const target = resolveTarget(file);
    const link = target === file ? {} : { target: pathFrom(root, target) };
    const facts = { path, kind, tracked, ignored, ...link };
    if (reading.kind === "absent")
      return /^env/.test(kind) ? [] : [{ ...facts, text: "", encoding: "absent", mode: undefined }];
    const { kind: _, mode, ...decoded } = reading;
    // how Claude Code treats a folder or a pipe is known; for other clients it is not
    if (decoded.encoding === "not-a-file" && kind !== "mcp") return [];
    const ofPlugin = kind === "mcp" && existsSync(join(dirname(file), ".claude-plugin"));
    return [{ ...facts, ...decoded, ofPlugin, mode: platform === "win32" ? undefined : mode }];
  });
}

/** One call of git: missing `.env` files that no ignore rule would cover, and files for everybody that one hides. */
async function viewIgnored(git: GitOptions | undefined, documents: readonly RawDocument[]) {
  const uses = ({ kind, text, ignored }: RawDocument): boolean => kind === "mcp" && !ignored && text.includes("${");
  const isNew = (path: string): boolean => documents.every((each) => each.path !== path);
  const homes = documents.filter((each) => uses(each) && !isPluginOnly(each));
  const envs = homes.map(({ path }) => join(dirname(path), ".env")).filter(isNew);
  // git does not look behind a link
  const isForAll = ({ kind, ignored, target }: RawDocument): boolean =>
    ignored && target === undefined && /^(?:mcp|settings|env-example)$/.test(kind);
  const shared = documents.filter(isForAll).map(({ path }) => path);
  const moves = documents.filter(({ kind, text }) => /^(?:misplaced|settings)$/.test(kind) && /servers/i.test(text));
  const missing = [".mcp.json", ...moves.map(({ path }) => mcpFor(path))].filter(isNew);
  const paths = [...envs, ...shared, ...missing];
  const ignored = git === undefined || paths.length === 0 ? new Map() : await ignoredOf(git, paths);
  const unignoredEnv = git === undefined ? [] : envs.filter((path) => !ignored.has(path));
  return { unignoredEnv, hidden: new Map([...ignored].filter(([path]) => !envs.includes(path))) };
}

/** The locks that killed runs left next to these files: an old token can be in them. */
async function leftLocks(root: string, paths: readonly string[]): Promise<readonly string[]> {
  const folders = [...new Set([".", ".claude", ...paths.map(dirname)])];
  const names = folders.flatMap((folder) => entriesOf(join(root, folder)).map((entry) => ({ folder, entry })));
  const locks = names.filter(({ entry }) => /.\.lock$/.test(entry.name) && entry.isDirectory());
  if (locks.length === 0) return [];
  const { isDeadLock } = await import("../../io/lock.ts");
  return locks.map(({ folder, entry }) => join(folder, entry.name)).filter((lock) => isDeadLock(join(root, lock)));
}

export async function gather(context: Context, options: CheckOptions) {
  const { HALO_MCP_TOKEN: pasted = "" } = context.env;
  const token = pasted === "" ? undefined : cleanValue("token", pasted);
  // a placeholder is in many files
  const secrets = token?.ok === true && token.value.length >= 8 ? [token.value] : [];
  for (const secret of secrets) context.secrets.add(secret);
  const places = findPlaces(context, options);
  const { git } = places;
  const files = await read(context, places);
  const known = new Set(files.map(({ path }) => path));
  const spilled = git === undefined ? [] : (await findSpills(git, secrets)).filter(({ path }) => !known.has(path));
  // the parser costs a third of the start, and few repositories have such a file
  const isToml = files.some(({ path }) => path.endsWith(".toml"));
  const parseToml = isToml ? (await import("../../core/formats/toml.ts")).parseToml : undefined;
  const parse = (raw: RawDocument): Document => documentOf(raw, parseToml);
  // git runs during the rest
  const [views, documents, { haloAbove }, left] = await Promise.all([
    viewIgnored(git, files),
    files.map(parse),
    import("../shared/below.ts"),
    leftLocks(places.root, [...known]),
  ]);
  const { url, allowMissing } = options;
  const facts = { inRepository: git !== undefined, url, allowMissing, local: !isCi(context.env), secrets, spilled };
  const subject: Subject = { documents, ...facts, above: haloAbove(places.project.mcp), ...views };
  return { ...places, subject, parse, spills: spilled, locks: left.filter((path) => isAsked(places, path)) };
}
