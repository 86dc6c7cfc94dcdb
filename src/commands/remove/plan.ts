/** The plan of a removal: what a set-up wrote, in the chosen clients and scopes, and nothing else. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { claudeCode } from "../../core/clients/claude-code.ts";
import { toSh } from "../../core/command-line.ts";
import { haloEntries } from "../../core/doctor/entries.ts";
import { removeDotenv } from "../../core/formats/dotenv.ts";
import { jsonOf, property } from "../../core/formats/json.ts";
import { removeProperty } from "../../core/formats/json-edit.ts";
import { CI_FILES } from "../../core/plan/ci.ts";
import { isOwn, removeEntry } from "../../core/plan/claude-program.ts";
import { removeEdits } from "../../core/plan/clients.ts";
import { type FileEdits, HEADING, planRemoval, planTakingOut, type Rule } from "../../core/plan/install.ts";
import type { Step, WriteStep } from "../../core/plan/model.ts";
import { removableIn, variablesOf } from "../../core/plan/target.ts";
import { isInside, readState, readTemplate } from "../../io/read.ts";
import { targetOf } from "../init/clients.ts";
import { BRIDGE, fromTop, patternOf, stepsOf } from "../init/plan.ts";
import { entryIn, NO_VALUES, type Page, type Survey } from "../init/survey.ts";
import { type Choice, type ClientHere, chosenFiles, isInProject } from "../shared/client-files.ts";
import { checkOptions } from "../shared/options.ts";

/** The values of a worktree stay while the main checkout has HALO, too. */
export function keepsBridge({ root, project: { bridge } }: Survey): boolean {
  const servers =
    bridge === root ? undefined : property(jsonOf(readState(join(bridge, ".mcp.json")), true), "mcpServers");
  return haloEntries(servers, "project", "").length > 0;
}

const envOf = (files: readonly ClientHere["found"][]): ReadonlySet<string> =>
  new Set(files.flat().flatMap(({ entry }) => variablesOf(entry.values).map(({ env }) => env)));

/** The edits that take the entries out; `stays`: the files of the project, each with the entries that stay in it. */
function removalEdits(page: Page, choice: Choice) {
  const { here, target } = page;
  const chosen = chosenFiles(here, choice);
  const removed = targetOf(page, NO_VALUES);
  const project: FileEdits[] = [];
  const user: FileEdits[] = [];
  const others = ({ found }: ClientHere) => found.filter(({ entry }) => entry.name !== target.name);
  for (const file of chosen) {
    const { store, path, scope, found } = file;
    (scope === "project" ? project : user).push([path, removeEdits(file, removed, here.toml)]);
    if (store === undefined) continue;
    // only what its own entry refers to
    const kept = envOf([others(file)]);
    const own = found.flatMap(({ entry }) =>
      entry.name === target.name ? removableIn(entry.values, target.name) : [],
    );
    const names = own.map(({ env }) => env).filter((env) => !kept.has(env));
    user.push([store, [(text) => removeDotenv(text, names)]]);
  }
  const stays = here.clients.flatMap((file) => {
    if (file.scope !== "project") return [];
    return [{ client: file.client, found: chosen.includes(file) ? others(file) : file.found }];
  });
  return { project, user, stays };
}

/** Our ignore rules. Those of the clone count in each of its worktrees: they stay while there is more than one. */
function rulesOf({ paths, root, folder, project, envFromRoot }: Survey): readonly Rule[] {
  const { ignore: file, exclude, env, bridge, example } = paths;
  const isShared = exclude !== undefined && existsSync(join(dirname(dirname(exclude)), "worktrees"));
  const rules = [
    { file, heading: HEADING, line: patternOf(envFromRoot), path: env },
    { file, heading: HEADING, line: BRIDGE, path: join(root, BRIDGE) },
    { file, line: `!${fromTop(example, root)}`, path: example },
  ];
  if (isShared) return rules;
  const ofClone = { file: exclude, heading: HEADING };
  return [
    ...rules,
    { ...ofClone, line: fromTop(env, folder.gitRoot ?? root), path: env },
    { ...ofClone, line: fromTop(bridge, project.bridge), path: bridge },
  ];
}

/** The files of `--ci` that are still as they were written, by whatever version. */
function ciSteps({ context: { templates, version }, here, target }: Page): readonly WriteStep[] {
  return Object.values(CI_FILES).flatMap(({ files: [name = ""], template }): readonly WriteStep[] => {
    const path = join(here.root, name);
    const state = readState(path);
    const ours = readTemplate(templates, `ci/${template}`, { version, options: checkOptions(target.url) });
    const isOurs = state.kind === "file" && state.text.replace(/(create-halo-mcp@)[\w.-]+\w/g, `$1${version}`) === ours;
    return isOurs ? [{ kind: "write", path, before: state.text, after: undefined }] : [];
  });
}

/** Claude Code's own scopes, and the values in its settings that no other entry refers to. */
function ownSteps(page: Page, { scopes }: Choice, stays: ReadonlySet<string>): readonly Step[] {
  const { here, target } = page;
  const { claude, snapshot, userSettings, state } = here;
  const found = scopes.filter(isOwn).flatMap((scope) => {
    const entry = entryIn(page, scope);
    return entry === undefined ? [] : [{ scope, entry }];
  });
  const rest = found.reduce(
    (text, { entry }) => text.replace(JSON.stringify(entry.raw), ""),
    JSON.stringify(state.store ?? {}),
  );
  const left = target.entry === undefined && scopes.includes("user") ? [target.slots] : [];
  const slots = [...found.map(({ entry }) => entry.values), ...left];
  const own = slots.flatMap((each) => removableIn(each, target.name).map(({ env }) => env));
  const names = [...new Set(own)].filter((name) => !stays.has(name) && !rest.includes(`\${${name}`));
  const edits = names.map((name) => (text: string) => removeProperty(text, ["env", name], { strict: false }));
  const settings = stepsOf(planTakingOut(snapshot, [[userSettings, edits, "env"]], new Set()));
  const removals = found.flatMap(({ scope, entry }): readonly Step[] => {
    if (claude === undefined) {
      const title = "Claude Code is not installed here: run this when it is";
      return [{ kind: "tell", title, lines: [toSh(["claude", "mcp", "remove", "--scope", scope, target.name])] }];
    }
    const { clear = [], label = "" } = (scope === "user" && here.keychains.get(entry.name)) || {};
    const program = clear[0] && here.programs.find(clear[0]);
    const why = `take the token of "${entry.name}" out of ${label}`;
    const cleared = program ? [{ kind: "run", argv: [program, ...clear.slice(1)], why } as const] : [];
    return [removeEntry(claude.path, scope, entry), ...cleared];
  });
  return [...settings, ...removals];
}

/** `shared`: the files that change and that git has; `isUnruled`: the ignore file is one of them. */
export async function buildRemoval(page: Page, choice: Choice, isValuesOnly: boolean) {
  const { here, target } = page;
  const { paths, root, git } = here;
  const { project, user, stays } = removalEdits(page, choice);
  const left = stays.map(({ found }) => found);
  const steps: Step[] = [...stepsOf(planTakingOut(here.snapshot, user, new Set()))];
  const tracked = new Set<string>();
  if (isInProject(choice)) {
    // git does not answer about a file outside, such as a shared values file
    const ci = isValuesOnly || left.flat().length > 0 ? [] : ciSteps(page);
    const all = [...Object.values(paths), ...here.clients.map(({ path }) => path), ...ci.map(({ path }) => path)];
    const own = all.filter((path): path is string => path !== undefined && isInside(path, root));
    for (const path of own) if (await git?.isTracked(path)) tracked.add(path);
    const claudes = stays.filter(({ client }) => client === claudeCode).map(({ found }) => found);
    const isApproved = claudes.flat().some(({ entry }) => entry.name === target.name);
    const removal = planRemoval({
      ...here,
      paths: isApproved || keepsBridge(here) ? { ...paths, bridge: undefined } : paths,
      target,
      kept: envOf(left),
      keptInBridge: envOf(claudes),
      tracked,
      isValuesOnly,
      rules: left.flat().length === 0 ? rulesOf(here) : [],
      entryEdits: project,
    });
    steps.push(...ci, ...stepsOf(removal));
  }
  steps.push(...ownSteps(page, choice, envOf(left)));
  const shared = steps.flatMap((step) => (step.kind === "write" && tracked.has(step.path) ? [step.path] : []));
  return { plan: { steps }, shared, isUnruled: shared.includes(paths.ignore) };
}
