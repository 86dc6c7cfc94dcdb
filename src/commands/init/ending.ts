/** What is left to do after a run: next for the person, then for the team, CI and the other clients, in a line each. */
import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { maskFile } from "../../core/check/show.ts";
import { trustOf } from "../../core/clients/claude-state.ts";
import { toSh } from "../../core/command-line.ts";
import { DEFAULT_NAME, HALO_URL, nameProblem } from "../../core/halo.ts";
import { CI_FILES } from "../../core/plan/ci.ts";
import type { Plan, TellStep, WriteStep } from "../../core/plan/model.ts";
import { attempt } from "../../errors.ts";
import { isInside } from "../../io/read.ts";
import { wrap } from "../../ui/wrap.ts";
import { labelOf, stepLabel } from "../shared/carry-out.ts";
import { type Choice, isInProject } from "../shared/client-files.ts";
import { clientLines } from "./client-lines.ts";
import { othersOf } from "./clients.ts";
import { repeating } from "./repeat.ts";
import type { Decided, Page, Survey } from "./survey.ts";

/** The lines after the headline, and those before it. */
export interface Ending {
  readonly also?: readonly string[];
  readonly next: readonly string[];
}

const indented = (lines: readonly string[]) => lines.flatMap((line) => wrap(line, 76).map((part) => `  ${part}`));

/** A label and a command, on two lines where one would be too long. */
const labelled = (label: string, command: string): readonly string[] =>
  label.length + command.length < 80 ? [`${label} ${command}`] : [label, `  ${command}`];

/** `guide` with these words, about this connection. */
const guideFor = ({ target, url }: Page, words: string): string =>
  toSh([
    ...["npx", "create-halo-mcp", "guide", ...words.split(" ")],
    ...(target.name === DEFAULT_NAME || nameProblem(target.name) !== undefined ? [] : ["--name", target.name]),
    ...(url === HALO_URL ? [] : ["--url", url]),
  ]);

/** What is left to do by hand: where it is said in full. */
export const handSteps = (page: Page, { steps }: Plan, handed: readonly string[] = []): readonly string[] =>
  steps.flatMap((step) =>
    step.kind === "tell" && step.guide !== undefined && !handed.includes(step.guide)
      ? labelled(`${step.title.replace(/:$/, "")}:`, guideFor(page, step.guide))
      : [],
  );

const inFull = ({ title, lines }: TellStep): readonly string[] => [title, ...lines.map((line) => `  ${line}`)];

/** How Claude Code is started, with what it asks. */
export function startLines({ context, options, here }: Pick<Page, "context" | "options" | "here">, { scopes }: Choice) {
  if (scopes.length === 0) return [];
  const { root, paths, state } = here;
  const isFar = scopes.some((scope) => scope !== "user") && realOf(context.cwd) !== root;
  const install = here.claudeIs === "none" ? "npm install -g @anthropic-ai/claude-code && " : "";
  const start = `Next: ${install}${isFar ? `cd ${toSh([root])} && ` : ""}claude`;
  if (!scopes.includes("project")) return [start];
  const before = {
    "claude-settings": [],
    keychain: [],
    none: [`Export the three variables first: Claude Code does not read ${labelOf(paths.env, root)}.`],
    direnv: ["Once, before it: direnv allow"],
  };
  const shows = "/mcp shows the server and its tools.";
  const trust = `Claude Code asks if you trust this folder. Pick "Yes, I trust this folder" (it starts on No). Then ${shows}`;
  return [start, ...indented([...before[options.bridge], trustOf(state).trusted ? shows : trust])];
}

const realOf = (path: string): string => attempt(() => realpathSync(path)) ?? path;

/** What a rule still ignores, with the rule. Git fails on a path behind a link; our files of the root are behind none. */
async function ignoredSteps({ root, git }: Survey, steps: readonly WriteStep[]) {
  const found = [];
  for (const step of steps) {
    const { path, after = "" } = step;
    const rule = dirname(path) === root && !(await git?.isTracked(path)) ? await git?.ruleFor(path) : undefined;
    // somebody may have ignored it because of what it contains
    const isPrivate = maskFile(path, after, [], []) !== after;
    if (rule) found.push({ step, isPrivate, by: `${rule.source}:${rule.line}`, label: stepLabel(step, root) });
  }
  return found;
}

/** A committed file is written, though the team has set up another client already. */
const hasShared = ({ here }: Page, { steps }: Plan): boolean =>
  here.clients.some(
    ({ scope, path }) =>
      scope === "project" &&
      steps.some((step) => step.kind === "write" && step.path === path && step.before !== step.after),
  );

async function teamLines(page: Page, { steps }: Plan): Promise<readonly string[]> {
  const { context, here } = page;
  const { root, git, paths } = here;
  const all = steps.filter((step): step is WriteStep => {
    return step.kind === "write" && step.secret !== true && step.path !== paths.exclude && isInside(step.path, root);
  });
  const ignored = await ignoredSteps(here, all);
  const kept = ignored.filter(({ isPrivate }) => isPrivate);
  const shared = all.filter((step) => kept.every((each) => each.step !== step)).map((step) => stepLabel(step, root));
  const program = realOf(context.cwd) === root ? "git" : `git -C ${toSh([root])}`;
  const add = `${program} ${ignored.length > kept.length ? "add -f" : "add"} ${toSh(shared)}`;
  const notes = ignored.map(({ isPrivate, by, label }) => {
    const what = isPrivate ? "and it contains a secret: only you have it" : "so git adds it only with -f";
    return `${by} ignores ${label}, ${what}.`;
  });
  return [
    ...(git === undefined
      ? ["Share these files, which contain no secrets:", `  ${shared.join(" ")}`]
      : ["Commit for your team:", `  ${add} && ${program} commit -m "Connect HALO"`]),
    ...indented(notes),
    `A message for your team: ${inFolder(page, "guide team")}`,
  ];
}

/** A command that reads the files of the repository, wherever it is typed. */
const inFolder = ({ context, here, options }: Page, words: string): string => {
  const file = options.valuesFile;
  const more = [
    ...(file === undefined || !isInside(file, here.root) ? [] : ["--values-file", labelOf(file, here.root)]),
    ...(realOf(context.cwd) === here.root ? [] : ["--cwd", here.root]),
  ];
  return toSh(["npx", "create-halo-mcp", ...words.split(" "), ...more]);
};

/** `handed`: the web clients whose steps follow. */
export async function nextSteps(
  page: Page,
  decided: Decided,
  plan: Plan,
  handed: readonly string[] = [],
): Promise<Ending> {
  const { choice } = decided;
  const { ci } = page.options;
  const isForTeam = isInProject(choice);
  const isShared = isForTeam && (page.target.mode === "new" || hasShared(page, plan));
  const others = clientLines(page, choice, choice.scopes.length === 0, (id) => guideFor(page, id));
  const tells = plan.steps.filter((step) => step.kind === "tell").filter((step) => !handed.includes(step.guide ?? ""));
  if (choice.scopes.length + choice.places.length === 0)
    return { next: tells.flatMap((step) => ["", ...inFull(step)]).slice(1) };
  // Claude Code is not here: its command comes before it
  const commands = tells.filter(({ guide }) => guide === undefined).flatMap(inFull);
  const start = commands.length > 0 ? commands : startLines(page, choice);
  const [first = [], ...rest] = start.length > 0 ? [start, ...others] : others;
  const needs = ci === undefined ? undefined : CI_FILES[ci].needs;
  return {
    also: [
      ...(isShared ? await teamLines(page, plan) : []),
      ...(isShared && ci === undefined ? labelled("A check in CI:", inFolder(page, "guide ci")) : []),
      ...(needs === undefined ? [] : wrap(needs, 78)),
      ...rest.flat(),
      ...handSteps(page, plan, handed),
      ...(isForTeam ? othersOf(page).names : []).flatMap((name) => {
        const url = page.url === HALO_URL ? [] : ["--url", page.url];
        return labelled(`"${name}" needs values of its own:`, toSh(["npx", "create-halo-mcp", "--name", name, ...url]));
      }),
      ...labelled(isForTeam ? "To repeat this in a clone:" : "To repeat this:", repeating(page, decided, plan)),
    ],
    next: first,
  };
}
