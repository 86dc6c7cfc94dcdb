import { relative, sep } from "node:path";
import { type Entry, references, type Scope } from "../../core/clients/claude-code.ts";
import { positionAt } from "../../core/formats/lines.ts";
import type { Value } from "../../core/halo.ts";
import { planClaude, removeEntry } from "../../core/plan/claude-program.ts";
import { type Planned, planProject, planRemoval } from "../../core/plan/install.ts";
import type { Plan, Step, TellStep } from "../../core/plan/model.ts";
import { Refusal, UsageError } from "../../errors.ts";
import type { Bridge, ClientId } from "../../flags.ts";
import { readsStdin } from "../../io/claude.ts";
import { isInside } from "../../io/read.ts";
import { readTemplate } from "../../io/templates.ts";
import { assertInside, assertPrivate } from "../shared/privacy.ts";
import { ciSteps } from "./ci.ts";
import type { Survey } from "./survey.ts";
import type { Room, Values } from "./values.ts";

export interface Choice {
  readonly clients: readonly ClientId[];
  readonly scopes: readonly Scope[];
}

const BRIDGE_PATTERN = ".claude/settings.local.json";

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
function uncoveredPatterns(survey: Survey, joining: boolean, bridge: Bridge): readonly string[] {
  const { git, paths, root } = survey;
  const files = [{ path: paths.env, pattern: patternFor(paths.env, root) }];
  if (bridge === "claude-settings") files.push({ path: paths.bridge, pattern: BRIDGE_PATTERN });
  return files.flatMap(({ path, pattern }) => {
    if (pattern === undefined) return [];
    const source = git?.ignoreSource(path);
    // a personal rule (global, or .git/info/exclude) protects one person; the team needs one of the repository's own
    const covered = joining ? source !== undefined : source?.endsWith(".gitignore") === true && isInside(source, root);
    if (covered) return [];
    // there already and taken back by a later rule: the same words once more would not be added
    const ignore = survey.snapshot.get(survey.paths.ignore);
    const isThere = ignore?.kind === "file" && ignore.text.split(/\r?\n/).includes(pattern);
    return [git !== undefined && isThere && !pattern.startsWith("/") ? `/${pattern}` : pattern];
  });
}

/** A core refusal with the place it is about: `path:line:column`. */
function refuse(planned: Extract<Planned, { ok: false }>): Refusal {
  const { line, column } = positionAt(planned.text, planned.refused.offset);
  const place = planned.text === "" ? planned.path : `${planned.path}:${line}:${column}`;
  return new Refusal(
    `${place}: ${planned.refused.reason}`,
    { hint: planned.refused.hint ?? "mend the file, then run this again. Nothing was written." },
    "refused-file",
  );
}

export function bridgeOf(room: Room): Bridge {
  return room.options.bridge ?? "claude-settings";
}

/** The comments of `.env.example`: one line a value in the template, `token: …`. */
function exampleComments(room: Room): Readonly<Record<Value, string>> {
  const lines = readTemplate(room.context.templates, "env-example.txt", {}).split("\n");
  const comment = (value: Value): string => {
    const line = lines.find((text) => text.startsWith(`${value}: `));
    return (line ?? "").slice(value.length + 2).trim();
  };
  return { token: comment("token"), account: comment("account"), profile: comment("profile") };
}

/** How `.envrc` names the env file. */
function envFileForEnvrc({ root, paths }: Survey): string {
  return relative(root, paths.env).split(sep).join("/");
}

function projectSteps(room: Room, values: Values): readonly Step[] {
  const { survey, target } = room;
  const bridge = bridgeOf(room);
  const planned = planProject({
    paths: survey.paths,
    snapshot: survey.snapshot,
    target,
    values,
    bridge,
    uncovered: uncoveredPatterns(survey, target.mode === "join", bridge),
    exampleComments: exampleComments(room),
    envFileForEnvrc: envFileForEnvrc(survey),
  });
  if (!planned.ok) throw refuse(planned);
  return planned.steps;
}

/** The files that a set-up reads and writes. */
function filesOf({ survey, target, options }: Room): readonly string[] {
  const { ignore, exclude, env, example, bridge, envrc, mcp } = survey.paths;
  const joining = target.mode === "join";
  const values = options.bridge ?? "claude-settings";
  const shared = joining ? [exclude] : [example, mcp, ...(values === "direnv" ? [envrc] : [])];
  return [ignore, env, ...(values === "claude-settings" ? [bridge] : []), ...shared].filter(
    (path) => path !== undefined,
  );
}

/** Every refusal that can be known before a question is asked. */
export function checkBeforehand(room: Room): void {
  const { survey } = room;
  const placeOf = (path: string): { path: string; realPath: string } => ({
    path,
    realPath: survey.snapshot.get(path)?.realPath ?? path,
  });
  const { env, bridge, ...others } = survey.paths;
  for (const path of [...Object.values(others), bridge]) {
    if (path !== undefined && placeOf(path).realPath === placeOf(env).realPath)
      throw new UsageError(`--values-file: ${path} has another purpose`, {
        hint: "leave it out: the values go into .env",
      });
  }
  // before git is asked, which waits for a pipe; it reads the ignore file of a followed set-up too
  for (const path of filesOf(room)) {
    const state = survey.snapshot.get(path);
    if (state?.kind !== "unreadable") continue;
    if (room.target.mode === "join" && path === survey.paths.ignore && !/pipe|device/.test(state.reason)) continue;
    throw refuse({ ok: false, path, text: "", refused: { reason: state.reason, offset: 0 } });
  }
  // first where they lead: git does not look beyond a symlink
  for (const path of [env, ...(bridgeOf(room) === "claude-settings" ? [bridge] : [])]) {
    assertPrivate(survey, placeOf(path), { ignored: false });
  }
  const { exclude: _own, ...files } = others;
  if (room.target.mode === "new") for (const path of Object.values(files)) assertInside(survey.root, placeOf(path));
  projectSteps(room, { token: "x", account: "x", profile: "x" });
  ciSteps(room);
}

function existingIn(survey: Survey, scope: Exclude<Scope, "project">, name: string): Entry | undefined {
  return survey.entries[scope].find((entry) => entry.name === name);
}

function webSteps(
  room: Room,
  clients: readonly ClientId[],
  values: Values,
  url: string,
  writesEnv: boolean,
): readonly TellStep[] {
  const { context, target, survey } = room;
  const slot = target.slots.token;
  const kept = "env" in slot && (survey.dotenv.has(slot.env) || writesEnv) ? slot.env : undefined;
  const tokenAt =
    kept === undefined
      ? "the one you entered, or one of its own"
      : `${kept} in ${relative(survey.root, survey.paths.env)}, or one of its own`;
  const fill = { url, tokenAt, account: values.account, profile: values.profile };
  const titles = {
    "claude-ai": "Claude.ai: these steps are yours",
    chatgpt: "ChatGPT: these steps are yours",
  } as const;
  return (["claude-ai", "chatgpt"] as const)
    .filter((client) => clients.includes(client))
    .map((client) => ({
      kind: "tell",
      title: titles[client],
      lines: readTemplate(context.templates, `${client}.txt`, fill).trimEnd().split("\n"),
    }));
}

/** Everything that this choice means, in order. Throws Refusal when a file or an entry stands in the way. */
export async function buildPlan(room: Room, values: Values, choice: Choice, url: string): Promise<Plan> {
  const { survey, context, target } = room;
  const steps: Step[] = [];
  const claudeCode = choice.clients.includes("claude-code");
  if (claudeCode && choice.scopes.includes("project")) steps.push(...projectSteps(room, values), ...ciSteps(room));
  const own = claudeCode ? choice.scopes.filter((scope) => scope !== "project") : [];
  const surroundings = { cwd: survey.root, env: survey.programEnv, signal: context.signal };
  const stdin = own.length > 0 && survey.claude !== undefined && (await readsStdin(survey.claude, surroundings));
  if (stdin) {
    // claude keeps the values in it; a home folder may be a repository that tracks it
    const realPath = survey.snapshot.get(survey.store)?.realPath ?? survey.store;
    assertPrivate(survey, { path: survey.store, realPath }, { ignored: false });
  }
  for (const scope of own) {
    const planned = planClaude({
      scope,
      name: target.name,
      url,
      values,
      program: survey.claude?.path,
      readsStdin: stdin,
      existing: existingIn(survey, scope, target.name),
      userSettings: { path: survey.userSettings, state: survey.snapshot.get(survey.userSettings) },
      store: { path: survey.store, state: survey.snapshot.get(survey.store) },
      platform: context.platform,
    });
    if (!planned.ok) throw new Refusal(planned.reason, { hint: planned.hint });
    steps.push(
      ...planned.steps.filter(
        (step) => !steps.some((other) => step.kind === "write" && other.kind === "write" && other.path === step.path),
      ),
    );
  }
  return {
    steps: [
      ...steps.filter(({ kind }) => kind === "write"),
      ...steps.filter(({ kind }) => kind === "run"),
      ...steps.filter(({ kind }) => kind === "tell"),
      ...webSteps(
        room,
        choice.clients,
        values,
        url,
        steps.some((step) => step.kind === "write" && step.path === survey.paths.env),
      ),
    ],
  };
}

/** What takes HALO out of what was chosen again. */
export function buildRemoval(room: Room, choice: Choice): Plan {
  const { survey, target } = room;
  const steps: Step[] = [];
  if (choice.scopes.includes("project")) {
    const others = survey.entries.project.filter((entry) => entry.name !== target.name);
    const kept = new Set(others.flatMap((entry) => Object.values(entry.headers).flatMap(references)));
    const planned = planRemoval({
      paths: survey.paths,
      snapshot: survey.snapshot,
      target,
      kept,
      // of a file outside, such as the values file of several repositories, git will not speak
      tracked: new Set(
        Object.values(survey.paths).filter(
          (path): path is string =>
            path !== undefined && isInside(path, survey.root) && survey.git?.isTracked(path) === true,
        ),
      ),
      exampleComments: exampleComments(room),
      envFileForEnvrc: envFileForEnvrc(survey),
    });
    if (!planned.ok) throw refuse(planned);
    steps.push(...planned.steps);
  }
  for (const scope of choice.scopes) {
    const existing = scope === "project" ? undefined : existingIn(survey, scope, target.name);
    if (scope === "project" || existing === undefined || survey.claude === undefined) continue;
    steps.push(removeEntry(survey.claude.path, scope, existing));
  }
  return { steps };
}
