/** The plan: the steps for what was decided, and every refusal that can be known before. */
import { basename, join, relative, sep } from "node:path";
import { documentOf } from "../../core/check/documents.ts";
import { isPrivate } from "../../core/check/env-files.ts";
import { envIn } from "../../core/clients/claude-state.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import { TOLD } from "../../core/clients/told.ts";
import { toSh } from "../../core/command-line.ts";
import { placeWords } from "../../core/formats/lines.ts";
import { fillFor, nameProblem } from "../../core/halo.ts";
import { CI_FILES, planCi } from "../../core/plan/ci.ts";
import { isOwn, type OwnScope, planClaude } from "../../core/plan/claude-program.ts";
import { hasLiterals } from "../../core/plan/clients.ts";
import { editFiles, envEdits, type Planned, planProject, secretsOf } from "../../core/plan/install.ts";
import type { Plan, Secrets, Step, TellStep, WriteStep } from "../../core/plan/model.ts";
import { EnvironmentError, Refusal } from "../../errors.ts";
import { readsStdin } from "../../io/claude.ts";
import { isInside, readTemplate } from "../../io/read.ts";
import { type Choice, chosenFiles, isInProject } from "../shared/client-files.ts";
import { checkOptions } from "../shared/options.ts";
import { assertInside, assertPrivate, type Secret } from "../shared/privacy.ts";
import { entryEdits, othersOf } from "./clients.ts";
import { isKept, keychainHere, keychainSteps } from "./keychain.ts";
import { type Decided, entryIn, type Page, type Survey, type Values } from "./survey.ts";

export const placeOf = ({ snapshot }: Survey, path: string) => ({
  path,
  realPath: snapshot.get(path)?.realPath ?? path,
});

/** Where Claude Code has values for a repository, from its root. */
export const BRIDGE = ".claude/settings.local.json";

/** A pattern from the top of a repository. */
export const fromTop = (path: string, top: string) => `/${relative(top, path).split(sep).join("/")}`;

/** The pattern for the file of values: anchored if it is in a subfolder. */
export const patternOf = (envFromRoot: string): string => (envFromRoot.includes("/") ? `/${envFromRoot}` : envFromRoot);

/** Patterns for the secret files that no rule covers yet: for the team's ignore file, and for the one of this clone and its worktrees. */
async function uncoveredPatterns(page: Page, choice: Choice) {
  const { target, here } = page;
  const { git, bridgeGit, paths, root, folder, project, envFromRoot, state } = here;
  const isNew = target.mode === "new";
  const isBridge = hasBridge(page, choice);
  const own = state.files.localSettings.state.realPath;
  const files = [
    { path: paths.env, pattern: patternOf(envFromRoot) },
    // git refuses to look through a linked `.claude`, which a worktree may have
    ...(isBridge && own === join(root, BRIDGE) ? [{ path: own, pattern: BRIDGE }] : []),
  ];
  const inside = files.filter(({ path }) => isInside(path, root));
  const sources = await git?.ignoreSources(inside.map(({ path }) => path));
  const uncovered = inside.filter(({ path }) => {
    const source = sources?.get(path);
    // a personal rule (global, or .git/info/exclude) protects one person; the team needs one of the repository's own
    const isShared = source?.endsWith(".gitignore") === true && isInside(source, root);
    return !isShared && (isNew || source === undefined);
  });
  const excluded = isNew ? [] : uncovered.map(({ path }) => fromTop(path, folder.gitRoot ?? root));
  const isMains = isBridge && project.bridge !== root && (await bridgeGit?.isIgnored(paths.bridge)) === false;
  if (isMains) excluded.push(fromTop(paths.bridge, project.bridge));
  return { uncovered: uncovered.map(({ pattern }) => pattern), excluded: [...new Set(excluded)] };
}

/** Refuses rules for a file that is not this repository's own: a link, or a made-up git folder, can lead anywhere. */
function assertExclude(here: Survey, lines: readonly string[]): void {
  const { exclude } = here.paths;
  const { gitRoot } = here.folder;
  if (gitRoot === undefined || lines.length === 0 || placeOf(here, exclude ?? "").realPath === exclude) return;
  const where = exclude ?? `what ${join(gitRoot, ".git")} names`;
  const why = `${where} is not in the git folder of this repository: nothing is written there`;
  const hint = `ignore these files in a .gitignore, then run this again:\n${lines.join("\n")}`;
  throw new Refusal(why, { hint }, "symlink-outside");
}

/** The exception for an example that a rule ignores. Below an ignored folder git would not look for it. */
async function exceptionsFor({ target, here: { git, paths, root, folder } }: Page): Promise<readonly string[]> {
  if (git === undefined || target.mode !== "new" || !(await git.isIgnored(paths.example))) return [];
  const isBelow = root !== folder.gitRoot && (await git.isIgnored(root));
  return isBelow || (await git.isTracked(paths.example)) ? [] : [`!/${basename(paths.example)}`];
}

/** The steps of a plan, or its refusal with the place: `path:line:column`. */
export function stepsOf(planned: Planned): readonly WriteStep[] {
  if (planned.ok) return planned.steps;
  const { path, text, refused } = planned;
  if (planned.isClosed === true) {
    const again = "make it readable, then run this again. Nothing was written.";
    throw new EnvironmentError(`could not read ${path}: ${refused.reason}`, { hint: again }, "unreadable");
  }
  const hint = refused.hint ?? "fix the file, then run this again. Nothing was written.";
  throw new Refusal(`${path}${placeWords(text, refused.offset)}: ${refused.reason}`, { hint }, "refused-file");
}

/** Claude Code takes the values from its settings. */
export const hasBridge = ({ options }: Pick<Page, "options">, { scopes }: Choice): boolean =>
  options.bridge === "claude-settings" && scopes.includes("project");

async function projectSteps(page: Page, choice: Choice, values: Values): Promise<readonly Step[]> {
  const { target, here, options } = page;
  const patterns = await uncoveredPatterns(page, choice);
  assertExclude(here, patterns.excluded);
  const all = { ...here, ...patterns, exceptions: await exceptionsFor(page), others: othersOf(page).values };
  const bridge = options.bridge === "direnv" ? "direnv" : hasBridge(page, choice) ? "claude-settings" : "none";
  const project = entryEdits(page, choice, values).project;
  const { sharesIds } = options;
  const written = planProject({ ...all, target, values, bridge, sharesIds, entryEdits: project });
  return [...stepsOf(written), ...ciSteps(page)];
}

/** The step of `--ci`; none without it. Throws Refusal if the file would be outside the repository. */
export function ciSteps({ context: { templates, version }, options: { ci }, here, target }: Page): readonly Step[] {
  const { root, folder, snapshot, ciPaths } = here;
  const [path] = ciPaths;
  if (ci === undefined || path === undefined) return [];
  assertInside(root, placeOf(here, path));
  const text = readTemplate(templates, `ci/${CI_FILES[ci].template}`, { version, options: checkOptions(target.url) });
  return [planCi(ci, ciPaths, text, snapshot, folder.gitRoot !== undefined && folder.gitRoot !== root)];
}

/** Claude Code skips a settings file with a value that does not fit, and with it what would be written there. Throws Refusal. */
function assertFits({ state }: Survey, path: string): void {
  const { broken } = state.settings.find(({ file }) => file.shown === path) ?? {};
  if (broken?.isShape !== true) return;
  const hint = "correct that value or remove its key, then run this again. Nothing was written.";
  const reason = `${path}${broken.at}: Claude Code ignores the whole file: ${broken.reason}`;
  throw new Refusal(reason, { hint }, "refused-file");
}

/** What to do if git tracks the file of the values: an encrypted one is tracked on purpose. */
function otherFile({ here: { snapshot, paths } }: Page) {
  const state = snapshot.get(paths.env);
  const raw = { path: ".env", kind: "env", encoding: "utf-8", tracked: true, ignored: false, mode: undefined } as const;
  const isSealed = state?.kind === "file" && !isPrivate(documentOf({ ...raw, text: state.text }));
  const other = "npx create-halo-mcp --values-file .env.local\nkeeps the values in a file of your own.";
  return (untrack: string) => (isSealed ? other : `${other}\nOr stop tracking this one:\n${untrack}`);
}

/** Every refusal that can be known before a question is asked. */
export async function checkBeforehand(page: Page, choice: Choice): Promise<void> {
  const { options, here, target } = page;
  if (options.bridge === "keychain") keychainHere(page);
  const secrets: Secret[] = [];
  for (const file of chosenFiles(here, choice)) {
    if (file.scope === "project") assertInside(here.root, placeOf(here, file.path));
    else if (hasLiterals(file)) secrets.push({ ...placeOf(here, file.path), ignored: "own" });
    if (file.store !== undefined) secrets.push({ ...placeOf(here, file.store), ignored: "own" });
  }
  const { env, bridge, exclude, ...shared } = here.paths;
  if (isInProject(choice)) {
    // resolve symlinks first: git does not follow them
    const instead = options.valuesFile === undefined ? otherFile(page) : undefined;
    secrets.push({ ...placeOf(here, env), ignored: false, instead });
    if (hasBridge(page, choice)) {
      assertFits(here, bridge);
      secrets.push({ ...placeOf(here, bridge), ignored: false, root: here.project.bridge });
    }
  }
  await assertPrivate(here, ...secrets);
  if (!isInProject(choice)) return;
  if (target.mode === "new") for (const path of Object.values(shared)) assertInside(here.root, placeOf(here, path));
  await projectSteps(page, choice, { token: "x", account: "x", profile: "x" });
}

function toldSteps({ context, url, target }: Page, { values, choice }: Decided): readonly TellStep[] {
  const { account, profile } = values;
  const fill = { ...fillFor(target.name, url), account, profile };
  // of a client for which the wizard writes nothing, the guide says why
  const byHand = CLIENTS.filter(({ scopes }) => scopes.length === 0).map((client) => ({ ...client, isCode: true }));
  return [...TOLD, ...byHand].flatMap((told): readonly TellStep[] => {
    const { id, label } = told;
    if (!choice.clients.some((each) => each === id)) return [];
    const title = `${label}: finish ${"page" in told ? "in your browser" : "by hand"}`;
    const text = told.isCode
      ? `npx create-halo-mcp guide ${id}`
      : readTemplate(context.templates, `guide/${id}.txt`, fill);
    return [{ kind: "tell", title, lines: text.trimEnd().split("\n"), guide: id }];
  });
}

async function ownSteps(page: Page, { values, choice }: Decided): Promise<readonly Step[]> {
  const { context, here, target, url } = page;
  const { claude, root: cwd, programEnv: env, snapshot, store, userSettings } = here;
  const { name } = target;
  const scopes = choice.scopes.filter(isOwn);
  if (scopes.length === 0) return [];
  // a name from a repository: claude may refuse it, or read it as an option
  const problem = nameProblem(name);
  if (problem !== undefined) throw new Refusal(problem, { hint: "choose one: --name halo" });
  if (isKept(page, scopes)) return keychainSteps(page, values);
  const existing = (scope: OwnScope) => entryIn(page, scope);
  const viaStdin = claude !== undefined && (await readsStdin(claude, { cwd, env, signal: context.signal }));
  const input = {
    program: claude?.path,
    readsStdin: viaStdin,
    scopes,
    name,
    url,
    slots: target.slots,
    values,
    existing,
  };
  if (!viaStdin) assertFits(here, userSettings);
  // this Claude Code accepts only references
  const edits = viaStdin ? [] : envEdits(secretsOf(target, values));
  const settings = stepsOf(editFiles(snapshot, [[userSettings, edits, "env"]]));
  // claude keeps the values in it; a home folder may be a repository that tracks it
  if (viaStdin) await assertPrivate(here, { ...placeOf(here, store), ignored: false });
  return [...settings, ...planClaude(input)];
}

/** Refuses values that no session here would send, since those of a file above win. */
function assertSent({ root, project, state: { files } }: Survey, variables: Secrets): void {
  if (files.mainSettings === undefined || project.bridge !== root) return;
  const set = envIn(files.mainSettings);
  const names = Object.keys(variables).filter((name) => Object.hasOwn(set, name) && set[name] !== variables[name]);
  if (names.length === 0) return;
  const why = `Claude Code reads ${names.join(", ")} in this folder from ${files.mainSettings.shown}, which sets a different value`;
  const there = toSh(["npx", "create-halo-mcp", "--cwd", project.key]);
  const hint = `change it there: ${there}\nor use another name, which has variables of its own:\nnpx create-halo-mcp --name halo-cm`;
  throw new Refusal(why, { hint }, "overridden");
}

export async function buildPlan(page: Page, decided: Decided): Promise<Plan> {
  const { choice, values } = decided;
  if (choice.scopes.includes("project")) assertSent(page.here, secretsOf(page.target, values));
  const project = isInProject(choice) ? await projectSteps(page, choice, values) : [];
  const user = stepsOf(editFiles(page.here.snapshot, entryEdits(page, choice, values).user));
  const all = [...project, ...user, ...(await ownSteps(page, decided)), ...toldSteps(page, decided)];
  return { steps: (["write", "run", "tell"] as const).flatMap((kind) => all.filter((step) => step.kind === kind)) };
}

/** The values alone, in the private file, with the ignore rule of this clone. */
export async function buildValues(page: Page, { values, choice }: Decided): Promise<Plan> {
  const target = { ...page.target, mode: "join" } as const;
  return { steps: await projectSteps({ ...page, target }, choice, values) };
}
