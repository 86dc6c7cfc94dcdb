/** What is left to do after a run: next for the person, then for the team, CI and the other clients, in a line each. */
import { dirname } from "node:path";
import { maskFile } from "../../core/check/show.ts";
import { trustOf } from "../../core/clients/claude-state.ts";
import { toSh } from "../../core/command-line.ts";
import { LABELS, nameWords, urlWords } from "../../core/halo.ts";
import { CI_FILES } from "../../core/plan/ci.ts";
import type { Plan, TellStep, WriteStep } from "../../core/plan/model.ts";
import { isInside } from "../../io/read.ts";
import { wrap } from "../../ui/wrap.ts";
import { changes, labelOf, stepLabel } from "../shared/carry-out.ts";
import { type Choice, isInProject } from "../shared/client-files.ts";
import { clientLines, indented, labelled, lackLines } from "./client-lines.ts";
import { othersOf } from "./clients.ts";
import { command, connectionWords, isElsewhere, placeWords, repeating } from "./repeat.ts";
import type { Decided, Page, Survey } from "./survey.ts";

/** The lines before the headline, and those after it. */
export interface Ending {
  readonly also?: readonly string[];
  readonly next: readonly string[];
}

/** What is left to do about a set-up that is complete. */
export const leftSteps = (page: Page, choice: Choice, plan: Plan): readonly string[] => [
  ...lackLines(page, choice),
  ...handSteps(page, plan),
];

/** What is left to do by hand: where it is said in full. */
const handSteps = (page: Page, { steps }: Plan, handed: readonly string[] = []): readonly string[] =>
  steps.flatMap((step) =>
    step.kind === "tell" && step.guide !== undefined && !handed.includes(step.guide)
      ? labelled(
          page,
          `${step.title.replace(/:$/, "")}:`,
          command(["guide", ...step.guide.split(" "), ...connectionWords(page)]),
        )
      : [],
  );

const inFull = ({ title, lines }: TellStep): readonly string[] => [title, ...lines.map((line) => `  ${line}`)];

/** How Claude Code is started, with what it asks. */
export function startLines(page: Pick<Page, "context" | "options" | "here" | "show">, { scopes }: Choice) {
  const { options, here } = page;
  if (scopes.length === 0) return [];
  const { root, paths, state } = here;
  const isFar = scopes.some((scope) => scope !== "user") && isElsewhere(page);
  const install = here.claudeIs === "none" ? "npm install -g @anthropic-ai/claude-code && " : "";
  const start = `Next: ${install}${isFar ? `cd ${toSh([root])} && ` : ""}claude`;
  if (!scopes.includes("project")) return [start];
  const before = {
    "claude-settings": [],
    keychain: [],
    none: [`Export the three variables first: Claude Code does not read ${labelOf(paths.env, root)}.`],
    direnv: ["Once, before it: direnv allow"],
  };
  const trust = trustOf(state).trusted ? "" : 'Pick "Yes, I trust this folder" (it starts on No). Then ';
  return [start, ...indented(page, [...before[options.bridge], `${trust}/mcp shows the tools.`])];
}

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

/** The lines that commit what a plan wrote for everybody, with what to know of it. Without git, the names of the files. */
async function commitLines(page: Page, { steps }: Plan, message: string): Promise<readonly string[]> {
  const { root, git, paths } = page.here;
  const all = steps.filter((step): step is WriteStep => {
    return step.kind === "write" && step.secret !== true && step.path !== paths.exclude && isInside(step.path, root);
  });
  const ignored = await ignoredSteps(page.here, all);
  const kept = ignored.filter(({ isPrivate }) => isPrivate);
  const shared = all.filter((step) => kept.every((each) => each.step !== step)).map((step) => stepLabel(step, root));
  const notes = ignored.map(({ isPrivate, by, label }) => {
    const what = isPrivate ? "and it contains a secret: only you have it" : "so git adds it only with -f";
    return `${by} ignores ${label}, ${what}.`;
  });
  if (git === undefined) return indented(page, [shared.join(" "), ...notes]);
  const program = isElsewhere(page) ? `git -C ${toSh([root])}` : "git";
  const add = `${program} ${ignored.length > kept.length ? "add -f" : "add"} ${toSh(shared)}`;
  const commit = `${program} commit -m "${message}"`;
  const isShort = `  ${add} && ${commit}`.length <= page.show.columns;
  return indented(page, [...(isShort ? [`${add} && ${commit}`] : [add, commit]), ...notes]);
}

async function teamLines(page: Page, plan: Plan): Promise<readonly string[]> {
  const what = page.here.git ? "Commit for your team" : "Share these files, which contain no secrets";
  const guide = command(["guide", "team", ...placeWords(page)]);
  const [both = "", ...isLong] = labelled(page, `${what}. A message for them:`, guide);
  const commit = await commitLines(page, plan, "Connect HALO");
  if (isLong.length === 0) return [both, ...commit];
  return [`${what}:`, ...commit, ...labelled(page, "A message for your team:", guide)];
}

/** After the file of `--ci` alone. */
export async function stepsOfCi(page: Page, plan: Plan): Promise<Ending> {
  const isNew = changes(plan) && page.here.git !== undefined;
  const commit = isNew ? await commitLines(page, plan, "Check the MCP configuration") : [];
  return { also: needsOf(page), next: isNew ? ["Next:", ...commit] : handSteps(page, plan) };
}

/** What the file of `--ci` needs besides. */
function needsOf({ options: { ci }, show }: Page): readonly string[] {
  const needs = ci === undefined ? undefined : CI_FILES[ci].needs;
  return needs === undefined ? [] : wrap(needs, show.columns);
}

/** What to do about a token that is refused everywhere. */
export const toRotate = (page: Page): readonly string[] => [
  "Make a new token in HALO Studio, then paste it here:",
  `  ${command(["rotate", ...connectionWords(page), ...placeWords(page)])}`,
];

/** `handed`: the web clients whose steps follow. */
export async function nextSteps(
  page: Page,
  decided: Decided,
  plan: Plan,
  handed: readonly string[] = [],
): Promise<Ending> {
  const { choice } = decided;
  const { target, here } = page;
  const isForTeam = isInProject(choice);
  const isShared = isForTeam && (target.mode === "new" || hasShared(page, plan));
  const inClients = clientLines(page, choice, choice.scopes.length === 0);
  const tells = plan.steps.filter((step) => step.kind === "tell").filter((step) => !handed.includes(step.guide ?? ""));
  if (choice.scopes.length + choice.places.length === 0)
    return { next: tells.flatMap((step) => ["", ...inFull(step)]).slice(1) };
  // Claude Code is not here: its command comes before it
  const commands = tells.filter(({ guide }) => guide === undefined).flatMap(inFull);
  const start = commands.length > 0 ? commands : startLines(page, choice);
  const [first = [], ...rest] = start.length > 0 ? [start, ...inClients] : inClients;
  const differing = (["account", "profile"] as const).filter((which) => {
    const slot = target.slots[which];
    const shared = "env" in slot ? here.example.get(slot.env) : undefined;
    return target.mode === "join" && shared && shared !== decided.values[which];
  });
  const example = labelOf(here.paths.example, here.root);
  const ofOthers = (name: string) =>
    labelled(page, `"${name}" needs values of its own:`, command([...nameWords(name), ...urlWords(page.url)]));
  return {
    also: [
      ...differing.map((which) => `Your team's ${example} has another ${LABELS[which]}.`),
      ...(isShared ? await teamLines(page, plan) : []),
      ...(isShared && page.options.ci === undefined
        ? labelled(page, "A check in CI:", command(["guide", "ci", ...placeWords(page)]))
        : []),
      ...needsOf(page),
      ...rest.flat(),
      ...handSteps(page, plan, handed),
      ...(isForTeam ? othersOf(page).names : []).flatMap(ofOthers),
      // a clone of what is shared joins
      ...(isForTeam || target.mode === "join" || page.options.isRepair
        ? []
        : labelled(page, "To repeat this:", repeating(page, decided, plan))),
    ],
    next: first,
  };
}
