import { reference } from "../../core/clients/claude-code.ts";
import { toSh } from "../../core/command-line.ts";
import { type DiffLine, diffTexts } from "../../core/formats/diff.ts";
import { HALO_URL, HEADERS, VALUES } from "../../core/halo.ts";
import type { Plan, WriteStep } from "../../core/plan/model.ts";
import { variablesOf } from "../../core/plan/target.ts";
import { maskOf, printable } from "../../core/secrets.ts";
import type { Paint } from "../../ui/paint.ts";
import { stepLabel } from "./apply-plan.ts";
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

/** The whole plan: a diff for each file that changes, the commands, the steps left to a person. */
export function showPlan(room: Room, plan: Plan, values: Values): void {
  const { show, survey } = room;
  const { paint } = show;
  for (const step of plan.steps) {
    const label = stepLabel(step, survey.root);
    if (step.kind === "write") {
      if (step.before === step.after) {
        if (step.mode !== undefined)
          show.info(`${label}: only its mode changes, to ${step.mode.toString(8)} (private)`);
        continue;
      }
      const what = step.before === undefined ? "new" : step.after === undefined ? "removed" : "changed";
      show.info(`${paint.bold(label)} (${what}${step.mode === undefined ? "" : `, mode ${step.mode.toString(8)}`})`);
      show.verbatim(diffOf(room, values, step).map((line) => paintLine(paint, line)));
    } else if (step.kind === "run") {
      show.info(`Run: ${step.why}`, [
        printable(toSh(["claude", ...step.argv.slice(1)]), 1000) +
          (step.stdin === undefined ? "" : "  < the entry, on standard input"),
        ...(step.details ?? []),
      ]);
    } else {
      show.info(`${step.title} (shown at the end)`);
    }
  }
}
