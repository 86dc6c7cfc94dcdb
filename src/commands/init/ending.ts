/** What is left to do after a run: next for the person, then for the team, CI and the other clients, in a line each. */
import { dirname } from "node:path";
import { maskFile } from "../../core/check/show.ts";
import { claudeCode } from "../../core/clients/claude-code.ts";
import { trustOf } from "../../core/clients/claude-state.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import { nextOf, startWords } from "../../core/clients/model.ts";
import { toSh } from "../../core/command-line.ts";
import { DEFAULT_NAME, nameWords, urlWords, VALUES, variablesFor } from "../../core/halo.ts";
import { CI_FILES } from "../../core/plan/ci.ts";
import type { Plan, TellStep, WriteStep } from "../../core/plan/model.ts";
import { variablesOf } from "../../core/plan/target.ts";
import { isInside } from "../../io/read.ts";
import { wrap } from "../../ui/wrap.ts";
import { changes, labelOf, stepLabel } from "../shared/carry-out.ts";
import { type Choice, type ClientHere, chosenFiles, isInProject } from "../shared/client-files.ts";
import { othersOf } from "./clients.ts";
import { command, connectionWords, isElsewhere, placeWords } from "./repeat.ts";
import type { Decided, Page, Survey } from "./survey.ts";
import type { ClientProof } from "./test.ts";

const isBlanked = ({ client }: ClientHere): boolean =>
  VALUES.some((value) => client.blanks?.test(variablesFor(DEFAULT_NAME)[value]));

/** Whether the client asks a person for the values. */
const isAsked = ({ client, scope }: ClientHere, { options }: Page): boolean =>
  client.asks !== undefined && (scope === "user" || options.bridge === "claude-settings");

/** Whether the client needs the values in its environment: it does not take them from `.env`, and does not ask. */
const needsThem = (file: ClientHere, page: Page): boolean =>
  file.client !== claudeCode &&
  file.scope === "project" &&
  !isAsked(file, page) &&
  (!file.client.reads.includes(".env") || isBlanked(file));

/** Whether nothing gives the client its values. */
export const lacksValues = (file: ClientHere, page: Page): boolean =>
  needsThem(file, page) &&
  page.options.bridge !== "direnv" &&
  variablesOf(page.target.slots).some(({ env }) => page.context.env[env] === undefined);

/** A label and a command, on two lines where one would be too long. */
const labelled = ({ show }: Page, label: string, command: string): readonly string[] =>
  label.length + command.length < show.columns ? [`${label} ${command}`] : [label, `  ${command}`];

export const indented = ({ show }: Pick<Page, "show">, lines: readonly string[]): readonly string[] =>
  lines.flatMap((line) => wrap(line, show.columns - 2).map((part) => `  ${part}`));

/** The command that says more about a client. */
const guideFor = (page: Page, id: string): string =>
  command(["guide", ...id.split(" "), ...connectionWords(page), ...placeWords(page)]);

const whyNotRead = (file: ClientHere, { here: { paths, root } }: Page): string =>
  `${file.client.label} ${isBlanked(file) ? "takes no token from" : "does not read"} ${labelOf(paths.env, root)}`;

const startFor = ({ client }: ClientHere, page: Page): string => toSh(startWords(client, placeWords(page)));

const lackLine = (file: ClientHere, page: Page): readonly string[] =>
  labelled(page, `${whyNotRead(file, page)}. To start it:`, startFor(file, page));

/** What is left to do in a client, the command that gives it the values first. What is longer, `guide` says. */
function inFull(file: ClientHere, page: Page): readonly string[] {
  const { client, scope } = file;
  const { label, id } = client;
  const needs = needsThem(file, page);
  const isDirenv = page.options.bridge === "direnv";
  // an app that is started so sees the variables
  const steps = nextOf({ ...client, isApp: false }, page.target.name, scope, needs);
  const more = isAsked(file, page) ? [`${label} then asks for the three values, and keeps them itself.`] : [];
  const why = isDirenv
    ? `Then start ${label} in this folder.`
    : `${whyNotRead(file, page)}: this starts it with your values.`;
  const lines = indented(page, [...(needs ? [why] : []), ...steps, ...more]);
  const first = isDirenv ? "Next: direnv allow" : `Next: ${startFor(file, page)}`;
  const most = needs ? 2 : 3;
  const rest = lines.length > most ? labelled(page, "  More:", guideFor(page, id)) : lines.slice(most - 1);
  return [needs ? first : `Next, in ${label}:`, ...lines.slice(0, most - 1), ...rest];
}

/** What is left to do in each chosen client: the first in full if `isFirst`, a line for each of the others. */
function clientLines(page: Page, choice: Choice, isFirst: boolean): readonly (readonly string[])[] {
  const files = chosenFiles(page.here, choice);
  const own = files.filter(({ client }) => client !== claudeCode);
  const others = own.slice(isFirst ? 1 : 0);
  const sharing = CLIENTS.filter(
    (client) => choice.places.some(({ id }) => id === client.id) && files.every((file) => file.client !== client),
  );
  const brief = others.map((file) =>
    lacksValues(file, page)
      ? lackLine(file, page)
      : labelled(page, `To do in ${file.client.label}:`, guideFor(page, file.client.id)),
  );
  const names = others.map(({ client }) => client.label).join(", ");
  const many = wrap(`To do in ${names}: each has a guide, for example`, page.show.columns - 2);
  return [
    ...own.slice(0, isFirst ? 1 : 0).map((file) => inFull(file, page)),
    ...(brief.length > 3 ? [[...many, `  ${guideFor(page, others[0]?.client.id ?? "")}`]] : brief),
    ...sharing.map(({ label, files: { also = [] } }) => [`${label} reads ${also.join(", ")}, which has the entry.`]),
  ];
}

/** Whose own program connected; the others were tested from here only, or do not get their values. */
export function othersWords(others: readonly ClientProof[]): string {
  const said = (words: string, is: (each: ClientProof) => boolean): readonly string[] => {
    const labels = [...new Set(others.filter(is).map(({ label }) => label))];
    return labels.length > 0 ? [`${words}: ${labels.join(", ")}.`] : [];
  };
  return [
    ...said("Connected, by the program itself with this entry", (each) => !each.lacks && each.client === "connected"),
    ...said("Tested from here as each would send it", (each) => !each.lacks && each.client !== "connected"),
    ...said("Not yet connected", ({ lacks }) => lacks),
  ].join(" ");
}

/** The lines before the headline, and those after it. */
export interface Ending {
  readonly also?: readonly string[];
  readonly next: readonly string[];
}

/** What is left to do about a set-up that is complete. */
export const leftSteps = (page: Page, choice: Choice, plan: Plan): readonly string[] => [
  ...chosenFiles(page.here, choice).flatMap((file) => (lacksValues(file, page) ? lackLine(file, page) : [])),
  ...handSteps(page, plan),
];

/** What is left to do by hand: where it is said in full. */
const handSteps = (page: Page, { steps }: Plan, handed: readonly string[] = []): readonly string[] =>
  steps.flatMap((step) =>
    step.kind === "tell" && step.guide !== undefined && !handed.includes(step.guide)
      ? labelled(page, `${step.title.replace(/:$/, "")}:`, guideFor(page, step.guide))
      : [],
  );

const told = ({ title, lines }: TellStep): readonly string[] => [title, ...lines.map((line) => `  ${line}`)];

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
  return indented(page, [...commitCommands(page, shared, message, ignored.length > kept.length), ...notes]);
}

/** The two commands, on one line if it is short. Double quotes, since cmd.exe knows no others. */
export function commitCommands(page: Page, labels: readonly string[], message: string, isForced = false) {
  const git = isElsewhere(page) ? `git -C ${toSh([page.here.root])}` : "git";
  const both = [`${git} ${isForced ? "add -f" : "add"} ${toSh(labels)}`, `${git} commit -m "${message}"`];
  const line = both.join(" && ");
  return line.length + 2 <= page.show.columns ? [line] : both;
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

/** What to do about a set-up that does not work: a token that is refused everywhere, or another fault. */
const MENDING = {
  rotate: "Make a new token in HALO Studio, then paste it here:",
  doctor: "To see every step of the connection:",
};
export const toMend = (page: Page, how: keyof typeof MENDING): readonly string[] => [
  MENDING[how],
  `  ${command([how, ...connectionWords(page), ...placeWords(page)])}`,
];

/** `handed`: the web clients whose steps follow. */
export async function nextSteps(
  page: Page,
  decided: Decided,
  plan: Plan,
  handed: readonly string[] = [],
): Promise<Ending> {
  const { choice } = decided;
  const { target } = page;
  const isForTeam = isInProject(choice);
  const isShared = isForTeam && (target.mode === "new" || hasShared(page, plan));
  const inClients = clientLines(page, choice, choice.scopes.length === 0);
  const tells = plan.steps.filter((step) => step.kind === "tell").filter((step) => !handed.includes(step.guide ?? ""));
  if (choice.scopes.length + choice.places.length === 0)
    return { next: tells.flatMap((step) => ["", ...told(step)]).slice(1) };
  // Claude Code is not here: its command comes before it
  const commands = tells.filter(({ guide }) => guide === undefined).flatMap(told);
  const start = commands.length > 0 ? commands : startLines(page, choice);
  const [first = [], ...rest] = start.length > 0 ? [start, ...inClients] : inClients;
  const ofOthers = (name: string) =>
    labelled(page, `"${name}" needs values of its own:`, command([...nameWords(name), ...urlWords(page.url)]));
  return {
    also: [
      ...(isShared ? await teamLines(page, plan) : []),
      ...(isShared && page.options.ci === undefined
        ? labelled(page, "A check in CI:", command(["guide", "ci", ...placeWords(page)]))
        : []),
      ...needsOf(page),
      ...rest.flat(),
      ...handSteps(page, plan, handed),
      ...(isForTeam ? othersOf(page).names : []).flatMap(ofOthers),
    ],
    next: first,
  };
}
