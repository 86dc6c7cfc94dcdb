/** What is left to do after a run: next for the person, then for the team, CI and the other clients, in a line each. */
import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { maskFile } from "../../core/check/show.ts";
import { trustOf } from "../../core/clients/claude-state.ts";
import { toSh } from "../../core/command-line.ts";
import { LABELS, nameWords, urlWords } from "../../core/halo.ts";
import { CI_FILES } from "../../core/plan/ci.ts";
import type { Plan, TellStep, WriteStep } from "../../core/plan/model.ts";
import { attempt } from "../../errors.ts";
import { isInside } from "../../io/read.ts";
import { wrap } from "../../ui/wrap.ts";
import { changes, labelOf, stepLabel } from "../shared/carry-out.ts";
import { type Choice, isInProject } from "../shared/client-files.ts";
import { clientLines, labelled, lackLines } from "./client-lines.ts";
import { othersOf } from "./clients.ts";
import { repeating } from "./repeat.ts";
import type { Decided, Page, Survey } from "./survey.ts";

/** The lines after the headline, and those before it. */
export interface Ending {
  readonly also?: readonly string[];
  readonly next: readonly string[];
}

export const indented = ({ show }: Pick<Page, "show">, lines: readonly string[]) =>
  lines.flatMap((line) => wrap(line, show.columns - 4).map((part) => `  ${part}`));

/** `guide` with these words, about this connection. */
const guideFor = ({ target, url }: Page, words: string): string =>
  toSh([...["npx", "create-halo-mcp", "guide", ...words.split(" ")], ...nameWords(target.name), ...urlWords(url)]);

/** What is left to do about a set-up that is complete. */
export const leftSteps = (page: Page, choice: Choice, plan: Plan): readonly string[] => [
  ...lackLines(page, choice, (id) => guideFor(page, id)),
  ...handSteps(page, plan),
];

/** What is left to do by hand: where it is said in full. */
const handSteps = (page: Page, { steps }: Plan, handed: readonly string[] = []): readonly string[] =>
  steps.flatMap((step) =>
    step.kind === "tell" && step.guide !== undefined && !handed.includes(step.guide)
      ? labelled(page, `${step.title.replace(/:$/, "")}:`, guideFor(page, step.guide))
      : [],
  );

const inFull = ({ title, lines }: TellStep): readonly string[] => [title, ...lines.map((line) => `  ${line}`)];

/** How Claude Code is started, with what it asks. */
export function startLines(page: Pick<Page, "context" | "options" | "here" | "show">, { scopes }: Choice) {
  const { context, options, here } = page;
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
  return [start, ...indented(page, [...before[options.bridge], trustOf(state).trusted ? shows : trust])];
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

/** The command that commits what a plan wrote for everybody, and what to know of it. None without git. */
async function commitOf(page: Page, { steps }: Plan, message: string) {
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
  const command = git && `${add} && ${program} commit -m "${message}"`;
  return { command, notes: indented(page, notes), shared };
}

async function teamLines(page: Page, plan: Plan): Promise<readonly string[]> {
  const { command, notes, shared } = await commitOf(page, plan, "Connect HALO");
  return [
    ...(command === undefined
      ? ["Share these files, which contain no secrets:", `  ${shared.join(" ")}`]
      : ["Commit for your team:", `  ${command}`]),
    ...notes,
    `A message for your team: ${inFolder(page, "guide team")}`,
  ];
}

/** After the file of `--ci` alone. */
export async function stepsOfCi(page: Page, plan: Plan): Promise<Ending> {
  const { ci } = page.options;
  const needs = ci === undefined ? undefined : CI_FILES[ci].needs;
  const { command, notes } = await commitOf(page, plan, "Check the MCP configuration");
  const next =
    changes(plan) && command !== undefined ? [...labelled(page, "Next:", command), ...notes] : handSteps(page, plan);
  return { also: needs === undefined ? [] : wrap(needs, page.show.columns), next };
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

/** A new token, for this connection. */
export function toRotate(page: Page): string {
  return `Next: ${inFolder(page, ["rotate", ...nameWords(page.target.name)].join(" "))}`;
}

/** `handed`: the web clients whose steps follow. */
export async function nextSteps(
  page: Page,
  decided: Decided,
  plan: Plan,
  handed: readonly string[] = [],
): Promise<Ending> {
  const { choice } = decided;
  const { target, here } = page;
  const { ci } = page.options;
  const isForTeam = isInProject(choice);
  const isShared = isForTeam && (page.target.mode === "new" || hasShared(page, plan));
  const inClients = clientLines(page, choice, choice.scopes.length === 0, (id) => guideFor(page, id));
  const tells = plan.steps.filter((step) => step.kind === "tell").filter((step) => !handed.includes(step.guide ?? ""));
  if (choice.scopes.length + choice.places.length === 0)
    return { next: tells.flatMap((step) => ["", ...inFull(step)]).slice(1) };
  // Claude Code is not here: its command comes before it
  const commands = tells.filter(({ guide }) => guide === undefined).flatMap(inFull);
  const start = commands.length > 0 ? commands : startLines(page, choice);
  const [first = [], ...rest] = start.length > 0 ? [start, ...inClients] : inClients;
  const needs = ci === undefined ? undefined : CI_FILES[ci].needs;
  const differing = (["account", "profile"] as const).filter((which) => {
    const slot = target.slots[which];
    const shared = "env" in slot ? here.example.get(slot.env) : undefined;
    return target.mode === "join" && shared && shared !== decided.values[which];
  });
  return {
    also: [
      ...differing.map(
        (which) => `Your team's ${labelOf(here.paths.example, here.root)} has another ${LABELS[which]}.`,
      ),
      ...(isShared ? await teamLines(page, plan) : []),
      ...(isShared && ci === undefined ? labelled(page, "A check in CI:", inFolder(page, "guide ci")) : []),
      ...(needs === undefined ? [] : wrap(needs, page.show.columns)),
      ...rest.flat(),
      ...handSteps(page, plan, handed),
      ...(isForTeam ? othersOf(page).names : []).flatMap((name) =>
        labelled(
          page,
          `"${name}" needs values of its own:`,
          toSh(["npx", "create-halo-mcp", "--name", name, ...urlWords(page.url)]),
        ),
      ),
      // a clone of what is shared joins
      ...(isForTeam || page.target.mode === "join" || page.options.isRepair
        ? []
        : labelled(page, "To repeat this:", repeating(page, decided, plan))),
    ],
    next: first,
  };
}
