/** A plan on the screen: the list of what changes and why, its diff, the question whether to do it, and what was done. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { adviceLine } from "../../core/advice.ts";
import { maskFile } from "../../core/check/show.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import { toSh } from "../../core/command-line.ts";
import { diffTexts } from "../../core/formats/diff.ts";
import { cleanValue, LABELS } from "../../core/halo.ts";
import { hasLiterals } from "../../core/plan/clients.ts";
import type { Plan, Step, WriteStep } from "../../core/plan/model.ts";
import { printable } from "../../core/secrets.ts";
import { Cancelled } from "../../errors.ts";
import type { Ask } from "../../ui/ask.ts";
import { createPaint, paintLine } from "../../ui/paint.ts";
import { wrap } from "../../ui/wrap.ts";
import { labelOf as baseLabel, named, stepLabel } from "../shared/carry-out.ts";
import { shortPath } from "../shared/client-files.ts";
import type { Decided, Page } from "./survey.ts";

/** What a file is for. */
function purposeOf({ here, options }: Page, path: string): string {
  const { paths, userSettings, ciPaths, clients } = here;
  const own: readonly (readonly [string | undefined, string])[] = [
    [paths.ignore, options.isRemoval ? "the rules for private files" : "keeps private files out of git"],
    [paths.exclude, "keeps private files out of git, in this clone"],
    [paths.env, "your values, private"],
    [
      paths.example,
      options.sharesIds && !options.isRemoval ? "IDs, no secrets (--no-share-ids)" : "what your team has to set",
    ],
    [paths.bridge, "your values for Claude Code, private"],
    [paths.envrc, "your values for direnv"],
    [userSettings, "your values for Claude Code, private"],
    [ciPaths[0], "checks the configuration"],
  ];
  const known = own.find(([each]) => each === path)?.[1];
  if (known !== undefined) return known;
  const file = clients.find((each) => each.path === path || each.store === path);
  if (file === undefined) return "";
  const { client, scope, store } = file;
  if (options.isRemoval && store !== path) return `the entry for ${client.label}`;
  if (store === path) return `your values for ${client.label}, private`;
  const whose = scope === "project" ? "your team" : hasLiterals(file) ? "you alone, with your values" : "you alone";
  return `${client.label}, for ${whose}`;
}

const kindOf = ({ before, after }: WriteStep) =>
  before === undefined ? "new" : after === undefined ? "removed" : "changed";

const isChange = (step: Step): boolean => step.kind !== "write" || step.before !== step.after;

const labelOf = ({ context, here }: Page, step: Step): string => shortPath(stepLabel(step, here.root), context);

/** A line for each change: what happens, to which file, and what the file is for. */
function listOf(page: Page, { steps }: Plan): readonly string[] {
  const rows = steps.filter(isChange).map((step): readonly [string, string, string] => {
    const label = labelOf(page, step);
    if (step.kind === "write") return [kindOf(step), label, purposeOf(page, step.path)];
    return [step.kind === "run" ? "run" : "by hand", label, ""];
  });
  const wide = Math.max(0, ...rows.filter(([, , purpose]) => purpose !== "").map(([, label]) => label.length));
  return rows.map(([kind, label, purpose]) =>
    `${kind.padEnd(7)} ${label.padEnd(purpose === "" ? 0 : wide)}  ${purpose}`.trimEnd(),
  );
}

interface Part {
  readonly title: string;
  readonly details?: readonly string[];
  readonly diff?: readonly string[];
}

/** A dry run goes to stdout: whole lines, unless a person looks at them. */
const widthOf = ({ context, options, show }: Page): number =>
  options.dryRun && context.stdout.isTTY !== true ? Number.POSITIVE_INFINITY : show.columns;

/** The changes of a plan in full. Of the values only the IDs are shown. */
function partsOf(page: Page, { values }: Decided, { steps }: Plan): readonly Part[] {
  const { context, options } = page;
  const { dryRun } = options;
  const width = widthOf(page) - 6;
  const paint = createPaint(context.color && Number.isFinite(width));
  const shown = [values.account, values.profile];
  return steps.filter(isChange).flatMap((step): readonly Part[] => {
    const label = labelOf(page, step);
    if (step.kind === "tell") return dryRun ? [{ title: label, details: step.lines }] : [];
    if (step.kind === "run") {
      const command = printable(toSh(named(step.argv)), 1000);
      const input =
        step.stdin === undefined ? "" : `  < the ${step.argv[1] === "mcp" ? "entry" : "token"}, on standard input`;
      return [{ title: `Run: ${label}`, details: [command + input, ...(step.details ?? [])] }];
    }
    const { path, before, after, secret, closes } = step;
    const isClosed = after !== undefined && (closes || (secret && before === undefined));
    const side = (text: string | undefined): string => (text === undefined ? "/dev/null" : label);
    const title = dryRun
      ? `--- ${side(before)}\n+++ ${side(after)}`
      : `${paint.bold(label)} (${kindOf(step)}${isClosed ? ", mode 600" : ""})`;
    const mask = (text: string): string => maskFile(path, text, [...context.secrets], shown);
    const lines = diffTexts(before ?? "", after ?? "", { mask, width });
    return [{ title, diff: lines.map((line) => paintLine(paint, line)) }];
  });
}

/** What to know of a plan before it is applied: who else lists a file of it, and which IDs of the team are others. */
function notesOf({ options, here, target }: Page, { values }: Decided, { steps }: Plan): readonly string[] {
  if (options.isRemoval) return [];
  const written = steps.filter((step): step is WriteStep => step.kind === "write" && isChange(step));
  const isWritten = (path: string): boolean => written.some((step) => step.path === path);
  const lists = CLIENTS.flatMap(({ id, label, misreads, files: { project } }) => {
    const isUsed = here.installed.has(id) || project.some((path) => existsSync(dirname(join(here.root, path))));
    if (misreads === undefined || !isUsed || !isWritten(join(here.root, misreads.file))) return [];
    const own = here.clients.filter(({ client, scope }) => client.id === id && scope === "project");
    const hasOwn = own.some(({ path, found }) => found.length > 0 || isWritten(path));
    const help = hasOwn ? adviceLine(misreads.help) : `Add --client ${id}`;
    return [`${label} lists ${misreads.file} too, but cannot use it. ${help}`];
  });
  const others = (["account", "profile"] as const).filter((value) => {
    const [slot, mine] = [target.slots[value], values[value]];
    const team = cleanValue(value, ("env" in slot ? here.example.get(slot.env) : undefined) ?? "");
    const isNew = written.some(({ before, after }) => after?.includes(mine) && !before?.includes(mine));
    return target.mode === "join" && isNew && team.ok && team.value.toLowerCase() !== mine.toLowerCase();
  });
  const labels = others.map((value) => LABELS[value]).join(" and ");
  const example = baseLabel(here.paths.example, here.root);
  return others.length === 0 ? lists : [...lists, `Your team's ${example} has another ${labels}.`];
}

const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}`);

/** Shows the list; with --yes and --dry-run the diff too, which is otherwise a choice of the question. In a dry run, it is the result, on stdout. */
export function showPlan(page: Page, decided: Decided, plan: Plan): void {
  const { options, show, decides } = page;
  const list = listOf(page, plan);
  if (options.dryRun) {
    if (options.json) return;
    const parts = partsOf(page, decided, plan).flatMap(({ title, details = [], diff = [] }) => [
      "",
      title,
      ...indented(details),
      ...diff,
    ]);
    const width = widthOf(page);
    const rows = list.map((row) => (row.length < width ? row : wrap(row, width - 9).join("\n        ")));
    show.result(list.length === 0 ? "Nothing has to change." : [...rows, ...parts].join("\n"));
    for (const each of notesOf(page, decided, plan)) show.warn(each);
    show.info("Dry run: nothing was written.");
  } else if (list.length > 0) {
    show.info("The plan", list);
    for (const each of notesOf(page, decided, plan)) show.warn(each);
    if (decides === undefined) showDiff(page, decided, plan);
  }
}

function showDiff(page: Page, decided: Decided, plan: Plan): void {
  for (const { title, details, diff } of partsOf(page, decided, plan)) {
    page.show.info(title, details);
    if (diff !== undefined) page.show.verbatim(diff);
  }
}

/** "Write these 5 files?" */
export function questionOf({ steps }: Plan): string {
  const files = steps.filter((step) => step.kind === "write" && isChange(step)).length;
  const write = files === 1 ? "Write this file" : `Write these ${files} files`;
  if (!steps.some(({ kind }) => kind === "run")) return `${write}?`;
  return files === 0 ? "Run this?" : `${write}, and run the commands?`;
}

/** Asks until it is a yes; shows the diff on the way. `initial`: what Enter answers. Throws Cancelled for a no. */
export async function agree(
  ask: Ask,
  page: Page,
  decided: Decided,
  plan: Plan,
  asking: { readonly message: string; readonly initial: "yes" | "no" },
): Promise<void> {
  for (;;) {
    const answer = await ask.select({
      ...asking,
      choices: [
        { value: "yes", label: "Yes" },
        { value: "diff", label: "Show the diff" },
        { value: "no", label: "No" },
      ],
    });
    if (answer === "yes") return;
    if (answer === "no") throw new Cancelled("Stopped. Nothing was changed.");
    showDiff(page, decided, plan);
  }
}

/** What became of each step, in a line for each result. The plan has the names of many files. `isAsked`: a question is above. */
export function showDone(page: Page, { steps }: Plan, statuses: ReadonlyMap<Step, string>, isAsked: boolean): void {
  const done = new Map<string, string[]>();
  for (const step of steps.filter(({ kind }) => kind !== "tell")) {
    const status = statuses.get(step) ?? "";
    const isRemoved = status === "written" && step.kind === "write" && step.after === undefined;
    const word = step.kind === "run" ? "done" : isRemoved ? "removed" : status;
    done.set(word, [...(done.get(word) ?? []), labelOf(page, step)]);
  }
  for (const [word, labels] of done) {
    const names = labels.join(", ");
    const isLong = word !== "done" && names.length > page.show.columns - 16;
    const what = isLong ? `${labels.length} files` : names;
    page.show.ok(`${word.charAt(0).toUpperCase()}${word.slice(1)}: ${what}`, [], isAsked);
  }
}
