/** What is to be done: the steps for what was decided, and every refusal that can be known before. */
import { relative, sep } from "node:path";
import type { Context } from "../../context.ts";
import { references } from "../../core/clients/references.ts";
import { toSh } from "../../core/command-line.ts";
import { isHaloEndpoint } from "../../core/endpoint.ts";
import { positionAt } from "../../core/formats/lines.ts";
import { CI_FILES, planCi } from "../../core/plan/ci.ts";
import { planClaude, removeEntry } from "../../core/plan/claude-program.ts";
import { type Planned, planProject, planRemoval } from "../../core/plan/install.ts";
import type { Plan, Step, TellStep } from "../../core/plan/model.ts";
import type { Target } from "../../core/plan/target.ts";
import { Refusal, UsageError } from "../../errors.ts";
import type { Bridge } from "../../flags.ts";
import { readsStdin } from "../../io/claude.ts";
import { isInside } from "../../io/read.ts";
import { readTemplate } from "../../io/templates.ts";
import { assertInside, assertPrivate } from "../shared/privacy.ts";
import type { InitOptions } from "./options.ts";
import type { Choice } from "./questions.ts";
import { entryIn, type Survey } from "./survey.ts";
import type { Values } from "./values.ts";

/** What a person, or the flags, decided. */
export interface Decided {
  readonly values: Values;
  readonly choice: Choice;
  readonly url: string;
}

/** A path as an ignore pattern: bare for a name at the root, anchored when it lies deeper. */
function patternFor(path: string, root: string): string | undefined {
  const way = relative(root, path);
  if (way === "" || !isInside(path, root)) return undefined;
  const escaped = way
    .split(sep)
    .join("/")
    .replace(/[*?[\]\\!#]/g, "\\$&");
  return escaped.includes("/") ? `/${escaped}` : escaped;
}

/** Patterns for the secret files that the ignore rules do not cover yet. */
function uncoveredPatterns({ git, paths, root, snapshot }: Survey, joins: boolean, bridge: Bridge): readonly string[] {
  const files = [{ path: paths.env, pattern: patternFor(paths.env, root) }];
  if (bridge === "claude-settings") files.push({ path: paths.bridge, pattern: ".claude/settings.local.json" });
  return files.flatMap(({ path, pattern }) => {
    if (pattern === undefined) return [];
    const source = git?.ignoreSource(path);
    // a personal rule (global, or .git/info/exclude) protects one person; the team needs one of the repository's own
    const covered = joins ? source !== undefined : source?.endsWith(".gitignore") === true && isInside(source, root);
    if (covered) return [];
    // there already and taken back by a later rule: the same words once more would not be added
    const ignore = snapshot.get(paths.ignore);
    const isThere = ignore?.kind === "file" && ignore.text.split(/\r?\n/).includes(pattern);
    return [git !== undefined && isThere && !pattern.startsWith("/") ? `/${pattern}` : pattern];
  });
}

/** The steps of a plan, or its refusal with the place it is about: `path:line:column`. */
function stepsOf(planned: Planned): readonly Step[] {
  if (planned.ok) return planned.steps;
  const { path, text, refused } = planned;
  const { line, column } = positionAt(text, refused.offset);
  throw new Refusal(
    `${text === "" ? path : `${path}:${line}:${column}`}: ${refused.reason}`,
    { hint: refused.hint ?? "fix the file, then run this again. Nothing was written." },
    "refused-file",
  );
}

function projectSteps({ bridge }: InitOptions, survey: Survey, target: Target, values: Values): readonly Step[] {
  const uncovered = uncoveredPatterns(survey, target.mode === "join", bridge);
  return stepsOf(planProject({ ...survey, target, values, bridge, uncovered }));
}

/** What `check` must be told: nothing where HALO's own endpoint is meant. Undefined for a URL that a script could read otherwise. */
export function checkOptions(url: string): string | undefined {
  if (isHaloEndpoint(url)) return "";
  return /^[\w.:/~%?=&+-]+$/.test(url) ? ` --url ${toSh([url])}` : undefined;
}

/** The step of `--ci`; none without it. Throws Refusal when the file would land outside of the repository. */
function ciSteps({ templates, version }: Context, { ci }: InitOptions, survey: Survey, url: string): readonly Step[] {
  const { root, folder, snapshot } = survey;
  const [path, ...others] = survey.ciPaths;
  if (ci === undefined || path === undefined) return [];
  const { template, instead = [] } = CI_FILES[ci];
  const state = snapshot.get(path);
  assertInside(root, { path, realPath: state?.realPath ?? path });
  const options = checkOptions(url);
  const text = readTemplate(templates, `ci/${template}`, { version, options: options ?? "" });
  const isBelow = folder.gitRoot !== undefined && folder.gitRoot !== root;
  const unfit = isBelow
    ? "it belongs at the root of the repository"
    : options === undefined
      ? "the endpoint is not HALO's own, so check needs --url with it"
      : undefined;
  const taken = instead[others.findIndex((other) => snapshot.get(other)?.kind === "file")];
  return [planCi(ci, path, text, state, { instead: taken, unfit })];
}

/** Every refusal that can be known before a question is asked. */
export function checkBeforehand(context: Context, options: InitOptions, survey: Survey, target: Target): void {
  const { root, paths, snapshot } = survey;
  const placeOf = (path: string) => ({ path, realPath: snapshot.get(path)?.realPath ?? path });
  const { env, bridge, exclude, ...shared } = paths;
  const taken = [...Object.values(shared), bridge].find((path) => placeOf(path).realPath === placeOf(env).realPath);
  if (taken !== undefined)
    throw new UsageError(`--values-file: ${taken} has another purpose`, {
      hint: "leave it out: the values go into .env",
    });
  // first where they lead: git does not look beyond a symlink
  for (const path of [env, ...(options.bridge === "claude-settings" ? [bridge] : [])])
    assertPrivate(survey, placeOf(path), { ignored: false });
  if (target.mode === "new") for (const path of Object.values(shared)) assertInside(root, placeOf(path));
  projectSteps(options, survey, target, { token: "x", account: "x", profile: "x" });
  ciSteps(context, options, survey, target.url);
}

/** What a person does in a web client. `keepsToken`: the env file has it, or will. */
function webSteps(
  { templates }: Context,
  { root, paths }: Survey,
  target: Target,
  { values, choice, url }: Decided,
  keepsToken: boolean,
): readonly TellStep[] {
  const slot = target.slots.token;
  const tokenAt =
    "env" in slot && keepsToken
      ? `${slot.env} in ${relative(root, paths.env)}, or one of its own`
      : "the one you entered, or one of its own";
  const fill = { url, tokenAt, account: values.account, profile: values.profile };
  return (
    [
      ["claude-ai", "Claude.ai"],
      ["chatgpt", "ChatGPT"],
    ] as const
  )
    .filter(([client]) => choice.clients.includes(client))
    .map(([client, label]) => ({
      kind: "tell",
      title: `${label}: finish in your browser`,
      lines: readTemplate(templates, `${client}.txt`, fill).trimEnd().split("\n"),
    }));
}

/** The steps for Claude Code's own scopes. */
async function ownSteps(context: Context, survey: Survey, target: Target, decided: Decided): Promise<readonly Step[]> {
  const scopes = decided.choice.scopes.filter((scope) => scope !== "project");
  const { claude, root, programEnv, snapshot, store, userSettings } = survey;
  const at = (path: string) => ({ path, state: snapshot.get(path) });
  const surroundings = { cwd: root, env: programEnv, signal: context.signal };
  const stdin = scopes.length > 0 && claude !== undefined && (await readsStdin(claude, surroundings));
  // claude keeps the values in it; a home folder may be a repository that tracks it
  if (stdin) assertPrivate(survey, { path: store, realPath: at(store).state?.realPath ?? store }, { ignored: false });
  const steps: Step[] = [];
  for (const scope of scopes) {
    const planned = planClaude({
      scope,
      name: target.name,
      url: decided.url,
      values: decided.values,
      program: claude?.path,
      readsStdin: stdin,
      existing: entryIn(survey, scope, target.name),
      userSettings: at(userSettings),
      store: at(store),
      platform: context.platform,
    });
    if (!planned.ok) throw new Refusal(planned.reason, { hint: planned.hint });
    // both scopes write the same settings
    const isNew = (step: Step): boolean =>
      !steps.some((other) => step.kind === "write" && other.kind === "write" && other.path === step.path);
    steps.push(...planned.steps.filter(isNew));
  }
  return steps;
}

/** Everything that was decided, in order. Throws Refusal when a file or an entry stands in the way. */
export async function buildPlan(
  context: Context,
  options: InitOptions,
  survey: Survey,
  target: Target,
  decided: Decided,
): Promise<Plan> {
  const { clients, scopes } = decided.choice;
  const steps: Step[] = [];
  if (clients.includes("claude-code")) {
    if (scopes.includes("project")) {
      steps.push(...projectSteps(options, survey, target, decided.values));
      steps.push(...ciSteps(context, options, survey, target.url));
    }
    steps.push(...(await ownSteps(context, survey, target, decided)));
  }
  const { env } = survey.paths;
  const slot = target.slots.token;
  const keepsToken =
    ("env" in slot && survey.dotenv.has(slot.env)) || steps.some((step) => step.kind === "write" && step.path === env);
  const of = (kind: Step["kind"]): readonly Step[] => steps.filter((step) => step.kind === kind);
  return {
    steps: [...of("write"), ...of("run"), ...of("tell"), ...webSteps(context, survey, target, decided, keepsToken)],
  };
}

/** What takes HALO out of what was chosen again. */
export function buildRemoval(survey: Survey, target: Target, { scopes }: Choice): Plan {
  const { entries, paths, root, git, claude } = survey;
  const steps: Step[] = [];
  if (scopes.includes("project")) {
    const others = entries.project.filter(({ name }) => name !== target.name);
    // of a file outside, such as the values file of several repositories, git will not speak
    const own = Object.values(paths).filter((path): path is string => path !== undefined && isInside(path, root));
    const tracked = new Set(own.filter((path) => git?.isTracked(path)));
    const kept = new Set(others.flatMap(({ headers }) => Object.values(headers).flatMap(references)));
    steps.push(...stepsOf(planRemoval({ ...survey, target, kept, tracked })));
  }
  for (const scope of scopes) {
    const entry = scope === "project" ? undefined : entryIn(survey, scope, target.name);
    if (scope !== "project" && entry !== undefined && claude !== undefined)
      steps.push(removeEntry(claude.path, scope, entry));
  }
  return { steps };
}
