import { reference } from "../../core/clients/claude-code.ts";
import { toSh } from "../../core/command-line.ts";
import { type DiffLine, diffTexts } from "../../core/formats/diff.ts";
import { HALO_URL, HEADERS, VALUES } from "../../core/halo.ts";
import type { Plan, WriteStep } from "../../core/plan/model.ts";
import { variablesOf } from "../../core/plan/target.ts";
import { maskOf, printable } from "../../core/secrets.ts";
import { createPaint, type Paint } from "../../ui/paint.ts";
import { stepLabel } from "../shared/carry-out.ts";
import type { Room, Values } from "./values.ts";

export function paintLine(paint: Paint, { kind, text }: DiffLine): string {
  if (kind === "added") return paint.green(`+ ${text}`);
  if (kind === "removed") return paint.red(`- ${text}`);
  return paint.dim(kind === "context" ? `  ${text}` : text);
}

/** What may be seen in a diff: our own words, and the IDs, which are no secrets. */
function shownTexts(room: Room, values: Values): readonly string[] {
  const { target } = room;
  const secret = values.token;
  return [
    "http",
    HALO_URL,
    target.url,
    target.name,
    ...Object.values(HEADERS),
    ...variablesOf(target).map(({ env }) => reference(env)),
    maskOf(secret),
    ...VALUES.filter((value) => value !== "token").map((value) => values[value]),
  ].filter((text) => text !== secret);
}

function diffOf(room: Room, values: Values, step: WriteStep): readonly DiffLine[] {
  const name = step.path.toLowerCase();
  const format = name.endsWith(".json")
    ? "json"
    : step.path === room.survey.paths.env || step.path === room.survey.paths.example
      ? "dotenv"
      : "lines";
  return diffTexts(step.before ?? "", step.after ?? "", {
    secrets: [...room.context.secrets],
    shown: shownTexts(room, values),
    format,
    width: room.show.columns - 6,
  });
}

/** A file as both sides of a unified diff name it. */
function sides(label: string, { before, after }: WriteStep): readonly string[] {
  return [`--- ${before === undefined ? "/dev/null" : label}`, `+++ ${after === undefined ? "/dev/null" : label}`];
}

/**
 * The whole plan: a diff for each file that changes, the commands, the steps left to a person. It is the result of a dry
 * run, and goes to stdout then; else it is shown on the way.
 */
export function showPlan(room: Room, plan: Plan, values: Values): void {
  const { show, survey, options, context } = room;
  const { paint } = show;
  const result: string[] = [];
  const say = (heading: string, details: readonly string[] = []): void => {
    if (options.dryRun) result.push(heading, ...details.map((line) => `  ${line}`));
    else show.info(heading, details);
  };
  for (const step of plan.steps) {
    const label = stepLabel(step, survey.root);
    if (step.kind === "write") {
      const mode = step.mode?.toString(8);
      if (step.before === step.after) {
        if (mode !== undefined) say(`${label}: only its mode changes, to ${mode} (private)`);
        continue;
      }
      const lines = diffOf(room, values, step);
      const what = step.before === undefined ? "new" : step.after === undefined ? "removed" : "changed";
      if (options.dryRun) {
        const plain = createPaint(context.isWatched && context.color, true);
        result.push(...sides(label, step), ...lines.map((line) => paintLine(plain, line)));
      } else {
        show.info(`${paint.bold(label)} (${what}${mode === undefined ? "" : `, mode ${mode}`})`);
        show.verbatim(lines.map((line) => paintLine(paint, line)));
      }
    } else if (step.kind === "run") {
      say(`Run: ${step.why}`, [
        printable(toSh(["claude", ...step.argv.slice(1)]), 1000) +
          (step.stdin === undefined ? "" : "  < the entry, on standard input"),
        ...(step.details ?? []),
      ]);
    } else {
      say(`${step.title} (shown at the end)`);
    }
  }
  if (options.dryRun && !options.json) show.result(result.join("\n"));
}
