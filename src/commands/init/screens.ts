/** The text of a plan and of the end of a run; the same as JSON; the command that repeats the run. */
import { basename, dirname, relative } from "node:path";
import { maskFile } from "../../core/check/show.ts";
import { trustOf } from "../../core/clients/claude-state.ts";
import { toSh } from "../../core/command-line.ts";
import { type Diagnosis, diagnosisJson } from "../../core/diagnosis/diagnose.ts";
import { diffTexts } from "../../core/formats/diff.ts";
import { DEFAULT_NAME, HALO_URL, nameProblem, type Value } from "../../core/halo.ts";
import { CI_FILES } from "../../core/plan/ci.ts";
import type { Plan, Step, WriteStep } from "../../core/plan/model.ts";
import { printable } from "../../core/secrets.ts";
import { isInside } from "../../io/read.ts";
import { createOutput } from "../../ui/output.ts";
import { createPaint, paintLine } from "../../ui/paint.ts";
import { wrap } from "../../ui/wrap.ts";
import { labelOf, stepLabel } from "../shared/carry-out.ts";
import { type Choice, isInProject } from "../shared/client-files.ts";
import { clientLines, othersWords } from "./client-lines.ts";
import { checkOptions } from "./plan.ts";
import { absenceOf, type Decided, type Page, type Survey, type Values } from "./survey.ts";
import type { Proof } from "./test.ts";

const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}`);

interface Part {
  readonly title: string;
  readonly details?: readonly string[];
  readonly diff?: readonly string[];
}

/** The changes of a plan, step by step, without unchanged files. Of the values only the IDs are shown. */
function planParts({ context, options, here, show }: Page, { values }: Decided, { steps }: Plan): readonly Part[] {
  const { dryRun } = options;
  // a dry run goes to stdout: whole lines, unless a person looks at them
  const isWhole = dryRun && context.stdout.isTTY !== true;
  const width = isWhole ? Number.POSITIVE_INFINITY : show.columns - 6;
  const paint = createPaint(context.color && !isWhole, context.unicode);
  const shown = [values.account, values.profile];
  return steps.flatMap((step): readonly Part[] => {
    const label = stepLabel(step, here.root);
    if (step.kind === "tell")
      return [dryRun ? { title: label, details: step.lines } : { title: `${label} (shown at the end)` }];
    if (step.kind === "run") {
      const command = printable(toSh(["claude", ...step.argv.slice(1)]), 1000);
      const input = step.stdin === undefined ? "" : "  < the entry, on standard input";
      return [{ title: `Run: ${label}`, details: [command + input, ...(step.details ?? [])] }];
    }
    const { path, before, after, secret, closes } = step;
    if (before === after) return [];
    const kind = before === undefined ? "new" : after === undefined ? "removed" : "changed";
    const isClosed = after !== undefined && (closes || (secret && before === undefined));
    const what = `${kind}${isClosed ? ", mode 600" : ""}${isClosed && closes ? ", with your values" : ""}`;
    const side = (text: string | undefined): string => (text === undefined ? "/dev/null" : label);
    const title = dryRun ? `--- ${side(before)}\n+++ ${side(after)}` : `${paint.bold(label)} (${what})`;
    const mask = (text: string): string => maskFile(path, text, [...context.secrets], shown);
    const lines = diffTexts(before ?? "", after ?? "", { mask, width });
    return [{ title, diff: lines.map((line) => paintLine(paint, line)) }];
  });
}

/** Shows a plan on stderr. In a dry run, it is the result, on stdout. */
export function showPlan(page: Page, decided: Decided, plan: Plan): void {
  const { options, show } = page;
  const parts = planParts(page, decided, plan);
  if (!options.dryRun)
    for (const { title, details, diff } of parts) {
      show.info(title, details);
      if (diff !== undefined) show.verbatim(diff);
    }
  else if (!options.json) {
    const lines = parts.flatMap(({ title, details = [], diff = [] }) => [title, ...indented(details), ...diff]);
    show.result(lines.length === 0 ? "Nothing has to change." : lines.join("\n"));
    show.info("Dry run: nothing was written.");
  }
}

export function statusLines({ show, here }: Page, { steps }: Plan, statuses: ReadonlyMap<Step, string>) {
  const { green, sign } = show.paint;
  return steps.flatMap((step) => {
    if (step.kind === "tell") return [];
    const status = statuses.get(step);
    const isRemoved = status === "written" && step.kind === "write" && step.after === undefined;
    const word = step.kind === "run" ? "done" : isRemoved ? "removed" : status;
    return [`${green(sign.ok)} ${stepLabel(step, here.root)}: ${word}`];
  });
}

type Paragraph = readonly string[];

export function handSteps({ steps }: Plan): readonly Paragraph[] {
  return steps.flatMap((step) => (step.kind === "tell" ? [[step.title, ...indented(step.lines)]] : []));
}

export function startLines({ options, here }: Pick<Page, "options" | "here">, { scopes }: Choice): Paragraph {
  if (scopes.length === 0) return [];
  const inFolder = scopes.some((scope) => scope !== "user");
  const start = ["Start", inFolder ? `  cd ${toSh([here.root])} && claude` : "  claude"];
  if (!scopes.includes("project")) return start;
  const { trusted } = trustOf(here.state);
  const notes = {
    "claude-settings": [
      ...(trusted ? [] : ['  Until you trust it, "claude mcp list" says "Pending approval".']),
      '  "claude mcp list" does not read these values and says "Failed to connect"',
      `  ${trusted ? "here" : "then"}: look at /mcp. With --scope user, it works in both.`,
    ],
    none: [`  Export the three variables first: Claude Code does not read ${labelOf(here.paths.env, here.root)}.`],
    direnv: ['  Once: direnv allow. Claude Code will ask about the server: choose "Use this MCP server".'],
  };
  return [
    ...start,
    ...(trusted
      ? ["  /mcp shows the server and its tools."]
      : [
          '  Claude Code asks if you trust this folder. Pick "Yes, I trust this folder"',
          "  (it starts on No). Then /mcp shows the server and its tools.",
        ]),
    ...notes[options.bridge],
  ];
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

/** The option for a file of values in the repository, for commands that run in `folder`. */
function fileOption({ options, here: { paths, root } }: Page, folder = ""): string {
  const label = labelOf(paths.env, root);
  return options.valuesFile === undefined || label === paths.env ? "" : ` --values-file ${folder}${toSh([label])}`;
}

/** A committed file is written, though the team has set up another client already. */
const hasShared = ({ here }: Page, { steps }: Plan): boolean =>
  here.clients.some(
    ({ scope, path }) =>
      scope === "project" &&
      steps.some((step) => step.kind === "write" && step.path === path && step.before !== step.after),
  );

async function teamLines(page: Page, { steps }: Plan): Promise<Paragraph> {
  const { here } = page;
  const { root, git, paths } = here;
  const all = steps.filter((step): step is WriteStep => {
    return step.kind === "write" && step.secret !== true && step.path !== paths.exclude && isInside(step.path, root);
  });
  const ignored = await ignoredSteps(here, all);
  const kept = ignored.filter(({ isPrivate }) => isPrivate);
  const shared = all.filter((step) => kept.every((each) => each.step !== step)).map((step) => stepLabel(step, root));
  const force = ignored.length > kept.length ? "add -f" : "add";
  const share =
    git === undefined
      ? ["  Share these files, which contain no secrets:", `  ${shared.join(" ")}`]
      : [`  git -C ${toSh([root])} ${force} ${toSh(shared)}`, `  git -C ${toSh([root])} commit -m "Connect HALO"`];
  const notes = ignored.map(({ isPrivate, by, label }) => {
    const what = isPrivate ? "and it contains a secret: only you have it" : "so git adds it only with -f";
    return `  ${by} ignores ${label}, ${what}.`;
  });
  return [
    "Teammates",
    ...share,
    ...notes,
    `  Each of them runs: npx create-halo-mcp${fileOption(page)}`,
    `  It asks only for what they need and changes no committed file. If ${basename(paths.example)}`,
    "  contains the two IDs (they are no secrets), it asks only for their token.",
    "  In a clone that they do not trust, npx can run a program of the clone. From",
    `  another folder it cannot: npx create-halo-mcp --cwd <clone>${fileOption(page, "<clone>/")}`,
  ];
}

function ciLines(page: Page, { steps }: Plan): Paragraph {
  const { ci } = page.options;
  const { here, target } = page;
  const isWritten = steps.some((step) => step.kind === "write" && step.path === here.ciPaths[0]);
  const offer = [
    `To add it: npx create-halo-mcp --ci github${fileOption(page)}`,
    "(or gitlab, pre-commit, lefthook, husky).",
  ];
  const kept = ({ files, needs }: (typeof CI_FILES)["github"]) =>
    isWritten ? [`Commit ${files[0]}: it runs this check.`, ...(needs === undefined ? [] : [needs])] : [];
  const command = `npx create-halo-mcp check${checkOptions(target.url)}`;
  const lines = [command, "It needs no token and no network.", ...(ci === undefined ? offer : kept(CI_FILES[ci]))];
  return ["In CI, or before a commit", ...indented(lines)];
}

export async function nextSteps(page: Page, { values, choice }: Decided, plan: Plan): Promise<readonly Paragraph[]> {
  const isNew = page.target.mode === "new";
  const isForTeam = isInProject(choice);
  return [
    startLines(page, choice),
    ...clientLines(page, choice),
    isForTeam && (isNew || hasShared(page, plan)) ? await teamLines(page, plan) : [],
    isForTeam && (isNew || page.options.ci !== undefined) ? ciLines(page, plan) : [],
    ...handSteps(plan),
    ["To repeat this set-up", `  ${commandFor(page, choice, values)}`],
  ];
}

/** The headline. It claims only what was tested. `changed`: something was written. */
export function headlineOf(
  { ok, files, client, others }: Proof,
  changed: boolean,
  { choice }: Decided,
  here: Survey,
): string {
  const [saved, untouched] = changed ? ["Saved", ""] : ["Already set up", " Nothing was written."];
  if (!ok) return `${saved}, but it does not work: see above.${untouched}`;
  if (files.control === "accepted")
    return `${saved}, but the server accepts requests without a token, so your token was not tested.${untouched}`;
  if (!changed) return `Already set up and working.${untouched}`;
  const more = others === undefined ? "" : ` ${othersWords(others)}`;
  if (choice.scopes.length === 0) return `HALO answers with the saved settings.${more}`;
  return headlineOfClaude(client, here) + more;
}

function headlineOfClaude(client: Proof["client"], here: Survey): string {
  if (client === "connected") return "HALO is connected: Claude Code reaches it with the saved settings.";
  if (client === "pending") return "HALO answers with the saved settings. Claude Code waits for your approval.";
  const asked = client === "not-asked" ? "Claude Code could not be asked" : "Claude Code gave no clear answer";
  const rest = here.claude === undefined ? `${absenceOf(here)}, so it is untested there` : asked;
  return `HALO answers with the saved settings. ${rest}.`;
}

interface Outcome {
  readonly ok: boolean;
  /** None for a dry run: its result is the plan. */
  readonly headline?: string;
  readonly plan: Plan;
  readonly statuses?: ReadonlyMap<Step, string>;
  readonly tested?: Diagnosis | undefined;
  readonly proof?: Proof | undefined;
  readonly next?: readonly Paragraph[];
}

/** The end of a run: its result on stdout. Out: the exit code. */
export function conclude(page: Page, decided: Decided, outcome: Outcome): number {
  const { ok, headline, next = [] } = outcome;
  if (page.options.json) createOutput(page.context).json(documentOf(page, decided, outcome));
  else if (headline !== undefined) {
    const paragraphs = [wrap(headline, page.show.columns), ...next].filter(({ length }) => length > 0);
    page.show.result(paragraphs.map((lines) => lines.join("\n")).join("\n\n"));
  }
  return ok ? 0 : 1;
}

/** The JSON document of a completed run: docs/json.md. */
function documentOf(page: Page, { values, choice }: Decided, outcome: Outcome): object {
  const { options, here, target, url } = page;
  const { ok, plan, statuses, tested, proof } = outcome;
  const steps = plan.steps.map((step) => {
    const { kind } = step;
    const isSame = kind === "write" && step.before === step.after;
    const status = statuses?.get(step) ?? (isSame ? "unchanged" : "planned");
    if (kind === "write") return { kind, path: stepLabel(step, here.root), status };
    if (kind === "run") return { kind, argv: ["claude", ...step.argv.slice(1)], status };
    return { kind, title: step.title, lines: step.lines, status };
  });
  const probe = proof?.files ?? tested;
  const claude = { id: "claude-code", version: here.claude?.version ?? null, status: proof?.client };
  const others = proof?.others?.map(({ id, scope, client: status }) => ({ id, scope, status })) ?? [];
  return {
    version: 1,
    ok,
    dryRun: options.dryRun,
    server: { name: target.name, url },
    steps,
    probe: probe === undefined ? null : { version: 1, ...diagnosisJson(probe) },
    client: proof === undefined || choice.scopes.length === 0 ? null : claude,
    clients: others,
    recreate: commandFor(page, choice, values),
  };
}

/** The defaults, which a command omits. */
const USUAL = ["--client claude-code", "--scope project", "--bridge claude-settings", "--timeout 15"];

/**
 * The command for sh that repeats this run; the parser accepts it. `values`: those of a completed run; without them,
 * the options of this run, with a placeholder for each `missing` ID. The token comes from its variable, or the way it came.
 * `isResolved`: another program sets the variable.
 */
export function commandFor(
  page: Page,
  { clients, scopes }: Choice,
  values?: Values,
  missing: readonly Value[] = [],
  isResolved = false,
) {
  const { context, options, here, target, url } = page;
  const { said, valuesFile, tokenFile } = options;
  const isNew = target.mode === "new";
  const idFor = (which: "account" | "profile"): string | undefined =>
    missing.includes(which) ? `${which.toUpperCase()}_ID` : (isNew && values?.[which]) || said[`${which}-id`];
  const isNamed = isNew && nameProblem(target.name) === undefined && target.name !== DEFAULT_NAME;
  const words: Readonly<Record<string, string | boolean | undefined>> = {
    "account-id": idFor("account"),
    "profile-id": idFor("profile"),
    "studio-url": values === undefined ? said["studio-url"] : undefined,
    name: said.name ?? (isNamed ? target.name : undefined),
    url: said.url ?? (values === undefined || url === HALO_URL ? undefined : url),
    client: clients.join(","),
    scope: scopes.join(",") || said.scope,
    bridge: said.bridge,
    ci: options.ci,
    "values-file": valuesFile && (relative(context.cwd, valuesFile) || valuesFile),
    timeout: said.timeout,
    "own-credentials": isNew && options.ownCredentials,
    "skip-test": options.skipTest,
    cwd: options.cwd && here.root,
    "token-file": tokenFile,
    "token-stdin": options.tokenStdin,
  };
  const given = Object.entries(words).flatMap(([name, word = ""]) => {
    if (word === true) return [`--${name}`];
    if (word === false || word === "" || USUAL.includes(`--${name} ${word}`)) return [];
    // a value that begins with a dash needs the form with `=`
    return word.startsWith("-") ? [`--${name}=${word}`] : [`--${name}`, word];
  });
  const mode = options.dryRun && values === undefined ? "--dry-run" : "--yes";
  const slot = target.slots.token;
  const fromVariable = "env" in slot && tokenFile === undefined && !options.tokenStdin && !isResolved;
  return `${fromVariable ? `${slot.env}=… ` : ""}${toSh(["npx", "create-halo-mcp", mode, ...given])}`;
}
