/** What is to be done: the steps for what was decided, and every refusal that can be known before. */
import { relative } from "node:path";
import { references } from "../../core/clients/references.ts";
import { toSh } from "../../core/command-line.ts";
import { placeWords } from "../../core/formats/lines.ts";
import { HALO_URL, nameProblem } from "../../core/halo.ts";
import { CI_FILES, planCi } from "../../core/plan/ci.ts";
import { type OwnScope, planClaude, removeEntry } from "../../core/plan/claude-program.ts";
import { type Planned, planProject, planRemoval } from "../../core/plan/install.ts";
import type { Plan, Step, TellStep } from "../../core/plan/model.ts";
import { Refusal } from "../../errors.ts";
import { readsStdin } from "../../io/claude.ts";
import { isInside } from "../../io/read.ts";
import { readTemplate } from "../../io/templates.ts";
import { assertInside, assertPrivate } from "../shared/privacy.ts";
import type { Choice, Decided, Values } from "./options.ts";
import { entryIn, type Page, type Start } from "./survey.ts";

const isOwn = (scope: Choice["scopes"][number]): scope is OwnScope => scope !== "project";

/** Patterns for the secret files that the ignore rules do not cover yet. */
function uncoveredPatterns({ options, target, here }: Start): readonly string[] {
  const { git, paths, root, snapshot } = here;
  const escaped = here.envFromRoot.replace(/[*?[\]\\!#]/g, "\\$&");
  const files = [
    // anchored when it lies deeper
    { path: paths.env, pattern: escaped.includes("/") ? `/${escaped}` : escaped },
    ...(options.bridge === "claude-settings" ? [{ path: paths.bridge, pattern: ".claude/settings.local.json" }] : []),
  ];
  return files.flatMap(({ path, pattern }) => {
    if (!isInside(path, root)) return [];
    const source = git?.ignoreSource(path);
    // a personal rule (global, or .git/info/exclude) protects one person; the team needs one of the repository's own
    const isShared = source?.endsWith(".gitignore") === true && isInside(source, root);
    if (isShared || (target.mode === "join" && source !== undefined)) return [];
    // there already and taken back by a later rule: the same words once more would not be added
    const ignore = snapshot.get(paths.ignore);
    const isThere = ignore?.kind === "file" && ignore.text.split(/\r?\n/).includes(pattern);
    return [git !== undefined && isThere && !pattern.startsWith("/") ? `/${pattern}` : pattern];
  });
}

/** The steps of a plan, or its refusal with the place it is about: `path:line:column`. */
function stepsOf<S>(planned: Planned<S>): readonly S[] {
  if (planned.ok) return planned.steps;
  const { path, text, refused } = planned;
  throw new Refusal(
    `${path}${placeWords(text, refused.offset)}: ${refused.reason}`,
    { hint: refused.hint ?? "fix the file, then run this again. Nothing was written." },
    "refused-file",
  );
}

function projectSteps(start: Start, values: Values): readonly Step[] {
  const { target, here, options } = start;
  const { bridge } = options;
  const written = planProject({ ...here, target, values, bridge, uncovered: uncoveredPatterns(start) });
  return [...stepsOf(written), ...ciSteps(start)];
}

/** What `check` must be told: nothing where HALO's own endpoint is meant. Undefined for a URL that a script could read otherwise. */
export function checkOptions(url: string): string | undefined {
  if (url === HALO_URL) return "";
  return /^[\w.:/~%?=&+-]+$/.test(url) ? ` --url ${toSh([url])}` : undefined;
}

/** The step of `--ci`; none without it. Throws Refusal when the file would land outside of the repository. */
function ciSteps({ context: { templates, version }, options: { ci }, here, target }: Start): readonly Step[] {
  const { root, folder, snapshot, ciPaths } = here;
  const [path] = ciPaths;
  if (ci === undefined || path === undefined) return [];
  assertInside(root, { path, realPath: snapshot.get(path)?.realPath ?? path });
  const options = checkOptions(target.url);
  const text = readTemplate(templates, `ci/${CI_FILES[ci].template}`, { version, options: options ?? "" });
  const isBelow = folder.gitRoot !== undefined && folder.gitRoot !== root;
  const unfit = isBelow
    ? "it belongs at the root of the repository"
    : options === undefined
      ? "the endpoint is not HALO's own, so check needs --url with it"
      : undefined;
  return [planCi(ci, ciPaths, text, snapshot, unfit)];
}

/** Every refusal that can be known before a question is asked. */
export function checkBeforehand(start: Start): void {
  const { options, here, target } = start;
  const { root, paths, snapshot } = here;
  const placeOf = (path: string) => ({ path, realPath: snapshot.get(path)?.realPath ?? path });
  const { env, bridge, exclude, ...shared } = paths;
  // first where they lead: git does not look beyond a symlink
  for (const path of [env, ...(options.bridge === "claude-settings" ? [bridge] : [])])
    assertPrivate(here, placeOf(path), { ignored: false });
  if (target.mode === "new") for (const path of Object.values(shared)) assertInside(root, placeOf(path));
  projectSteps(start, { token: "x", account: "x", profile: "x" });
}

const WEB_CLIENTS = [
  ["claude-ai", "Claude.ai"],
  ["chatgpt", "ChatGPT"],
] as const;

/** What a person does in a web client. `keepsToken`: the env file has it, or will. */
function webSteps(page: Page, { values, choice }: Decided, keepsToken: boolean): readonly TellStep[] {
  const { context, here, target, url } = page;
  const slot = target.slots.token;
  const token =
    "env" in slot && keepsToken ? `${slot.env} in ${relative(here.root, here.paths.env)}` : "the one you entered";
  const fill = { url, tokenAt: `${token}, or one of its own`, account: values.account, profile: values.profile };
  return WEB_CLIENTS.filter(([client]) => choice.clients.includes(client)).map(([client, label]) => ({
    kind: "tell",
    title: `${label}: finish in your browser`,
    lines: readTemplate(context.templates, `${client}.txt`, fill).trimEnd().split("\n"),
  }));
}

async function ownSteps(page: Page, { values, choice }: Decided): Promise<readonly Step[]> {
  const { context, here, target, url } = page;
  const scopes = choice.scopes.filter(isOwn);
  const [first] = scopes;
  if (first === undefined) return [];
  // a name that a repository brought along: claude refuses it, or takes it for an option
  const problem = nameProblem(target.name);
  if (problem !== undefined) throw new Refusal(`${problem} (${first} scope)`, { hint: "choose one: --name halo" });
  const { claude, root, programEnv, snapshot, store } = here;
  const surroundings = { cwd: root, env: programEnv, signal: context.signal };
  const viaStdin = claude !== undefined && (await readsStdin(claude, surroundings));
  // claude keeps the values in it; a home folder may be a repository that tracks it
  if (viaStdin)
    assertPrivate(here, { path: store, realPath: snapshot.get(store)?.realPath ?? store }, { ignored: false });
  const planned = planClaude({
    ...here,
    scopes,
    name: target.name,
    url,
    values,
    program: claude?.path,
    readsStdin: viaStdin,
    existing: (scope) => entryIn(here, scope, target.name),
    hasModes: context.platform !== "win32",
  });
  return stepsOf(planned);
}

/** Everything that was decided, in order. Throws Refusal when a file or an entry stands in the way. */
export async function buildPlan(page: Page, decided: Decided): Promise<Plan> {
  const { here, target } = page;
  const { clients, scopes } = decided.choice;
  const isForClaude = clients.includes("claude-code");
  const steps = [
    ...(isForClaude && scopes.includes("project") ? projectSteps(page, decided.values) : []),
    ...(isForClaude ? await ownSteps(page, decided) : []),
  ];
  const { env } = here.paths;
  const slot = target.slots.token;
  const keepsToken =
    ("env" in slot && here.dotenv.has(slot.env)) || steps.some((step) => step.kind === "write" && step.path === env);
  const of = (kind: Step["kind"]): readonly Step[] => steps.filter((step) => step.kind === kind);
  return { steps: [...of("write"), ...of("run"), ...of("tell"), ...webSteps(page, decided, keepsToken)] };
}

export function buildRemoval(page: Page, { scopes }: Choice): Plan {
  const { here, target } = page;
  const { entries, paths, root, git, claude } = here;
  const steps: Step[] = [];
  if (scopes.includes("project")) {
    const others = entries.project.filter(({ name }) => name !== target.name);
    // of a file outside, such as the values file of several repositories, git will not speak
    const own = Object.values(paths).filter((path): path is string => path !== undefined && isInside(path, root));
    const tracked = new Set(own.filter((path) => git?.isTracked(path)));
    const kept = new Set(others.flatMap(({ headers }) => Object.values(headers).flatMap(references)));
    steps.push(...stepsOf(planRemoval({ ...here, target, kept, tracked })));
  }
  for (const scope of scopes.filter(isOwn)) {
    const entry = entryIn(here, scope, target.name);
    if (entry !== undefined && claude !== undefined) steps.push(removeEntry(claude.path, scope, entry));
  }
  return { steps };
}
