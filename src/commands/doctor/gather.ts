/** The input of doctor: files, environment and the version of Claude Code before the connection test, Claude Code's own answer after it. */
import { realpathSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { Context } from "../../context.ts";
import { projectOf } from "../../core/clients/claude-project.ts";
import { questionAbout } from "../../core/clients/claude-question.ts";
import type { NamedFile } from "../../core/clients/claude-state.ts";
import type { Given, SetupInput } from "../../core/doctor/entries.ts";
import { findingsOf, type Run } from "../../core/doctor/report.ts";
import { type Asked, viewSetup } from "../../core/doctor/view.ts";
import { opened } from "../../core/plan/keychain.ts";
import { printable } from "../../core/secrets.ts";
import { Cancelled, UsageError } from "../../errors.ts";
import { askClaude } from "../../io/claude.ts";
import { describeFolder } from "../../io/git.ts";
import { isInside, readDocument, readState } from "../../io/read.ts";
import { haloElsewhere } from "../shared/below.ts";
import { claudeOf } from "../shared/claude-program.ts";
import { openStore } from "../shared/keychain.ts";
import { type connectionOptions, folderFor } from "../shared/options.ts";
import { ownFiles, programsFor } from "../shared/programs.ts";

type Options = Pick<ReturnType<typeof connectionOptions>, "cwd" | "name" | "url" | "valuesFile">;

/** Grace period of Claude Code after its time is over, milliseconds. */
const GRACE_MS = 300;

/** `folder`: that of `--cwd`. Relative to where the command was started, links followed: `..` after a link would lead elsewhere. */
export function givenOf(context: Context, { cwd, url, valuesFile }: Options, folder: string): Given {
  const typed = (path: string): string => {
    const way = relative(context.cwd, path).split("\\").join("/") || ".";
    return /^[~-]/.test(way) ? `./${way}` : way;
  };
  return { url, cwd: cwd && typed(folder), valuesFile: valuesFile && typed(valuesFile) };
}

/** Everything that can be known before the network. Throws UsageError for a missing folder or values file. */
export async function look(context: Context, options: Options & { readonly timeoutMs: number }, token?: string) {
  const start = resolve(context.cwd, options.cwd ?? ".");
  const place = describeFolder(realpathSync(folderFor(start)), context.home);
  const { above, gitRoot, main } = place;
  const [folder] = above;
  const repository = gitRoot ?? folder;
  const programs = programsFor(context, folder, repository, ...(main ? [main.folder] : []));
  /** In this repository, or in the checkout that shares it. */
  const isOurs = (path: string): boolean => [repository, main?.folder].some((each) => each && isInside(path, each));
  /** A path for display: relative to the folder or to home, or absolute. */
  const shown = (path: string): string => {
    const from = isOurs(path) ? folder : isInside(path, context.home) ? context.home : undefined;
    const way = from === undefined ? path : relative(from, path).split("\\").join("/");
    return printable(from === context.home && from !== folder ? `~/${way}` : way, 200);
  };
  const named = (path: string): NamedFile => {
    const state = readState(path);
    return { shown: shown(path), state, inRepository: !programs.isOwn(path) };
  };
  const { valuesFile } = options;
  if (valuesFile !== undefined && readState(valuesFile).kind === "absent")
    throw new UsageError(`--values-file: there is no file ${printable(valuesFile, 200)}`);
  const { store, userSettings } = ownFiles(context);
  const nearest = (name: string): NamedFile => {
    const files = above.slice(0, above.indexOf(repository) + 1).map((each) => named(join(each, name)));
    return files.find(({ state }) => state.kind !== "absent") ?? named(join(repository, name));
  };
  // what 2.1.197 does not read is said, too
  const project = projectOf(place);
  const [, root] = project.local;
  const mcp = project.mcp.flatMap((each) => {
    const path = join(each, ".mcp.json");
    const read = readDocument(path);
    if (read.kind === "absent") return [];
    return [{ shown: shown(path), ...(read.kind === "read" ? { read } : { unreadable: read.reason }) }];
  });
  const { keychains, tokens } = await openStore(context, programs, store);
  const own = named(store);
  const input: SetupInput = {
    ...options,
    token,
    given: givenOf(context, options, folder),
    ...place,
    shownMain: main && shown(main.folder),
    mcp,
    store: { ...own, state: opened(own.state, tokens) },
    keychains: new Map(
      [...keychains].map(([name, { label }]) => [name, { label, isOpen: tokens.get(name) !== undefined }]),
    ),
    userSettings: named(userSettings),
    projectSettings: named(join(folder, ".claude", "settings.json")),
    localSettings: named(join(folder, ".claude", "settings.local.json")),
    mainSettings: root === undefined ? undefined : named(join(root, ".claude", "settings.local.json")),
    dotenv: valuesFile === undefined ? nearest(".env") : named(valuesFile),
    envrc: nearest(".envrc"),
    env: context.env,
    hasModes: context.platform !== "win32",
  };
  const limit = { timeoutMs: Math.round(options.timeoutMs / 2), graceMs: GRACE_MS };
  const { claude, claudeIs } = await claudeOf(context, programs, limit);
  const known = viewSetup(input, claudeIs, claude?.version);
  const gitProgram = gitRoot && programs.find("git");
  const asked = { root: folder, gitProgram, programEnv: programs.env, signal: context.signal };
  const view = known.winner ? known : { ...known, input: { ...input, ...(await haloElsewhere(asked)) } };
  for (const secret of view.secrets) context.secrets.add(secret);
  return { view, claude, env: programs.env };
}
type Looked = Awaited<ReturnType<typeof look>>;

/** With less time left, Claude Code is not asked, milliseconds. */
const LEAST_MS = 500;
/** In addition to the limit of the run: Claude Code needs time to start and to end. */
const START_MS = 500;

/** In: what is known, and the remaining time, milliseconds. Out: undefined if Claude Code must not be asked. Throws only Cancelled. */
export async function ask(
  context: Context,
  { view, claude, env }: Looked,
  test: Run["test"],
  leftMs: number,
): Promise<Asked | undefined> {
  // it follows redirects and starts a sign-in, with the token, and versions differ in what counts as approved: it is
  // asked only about the entry that our own test used, and only after that test passed
  const isPassed = view.toSend.ok && view.ours !== undefined && test?.diagnosis.ok === true;
  if (claude === undefined || view.winner === undefined || !isPassed || !findingsOf(view).verdict.wouldConnect)
    return undefined;
  const { winner, state, input } = view;
  const question = questionAbout(winner.entry, state, input.env);
  if ("refused" in question) return question;
  if (leftMs < LEAST_MS) return {};
  const asking = {
    elsewhere: false,
    // the rest is for its start and its end
    timeoutMs: Math.round(Math.min(Math.max(LEAST_MS, leftMs * 0.8), 30_000)),
    limit: { timeoutMs: Math.round(leftMs) + START_MS, graceMs: GRACE_MS },
  };
  try {
    const surroundings = { cwd: input.above[0] ?? context.cwd, env, signal: context.signal };
    return { ...(await askClaude(claude, question, asking, surroundings)), remark: question.remark };
  } catch (error) {
    if (error instanceof Cancelled) throw error;
    // no space for a private file, for example
    return {};
  }
}
