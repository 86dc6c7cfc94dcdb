/** The end of a run: its text, and the same as JSON. */
import type { Diagnosis } from "../../core/diagnosis/diagnose.ts";
import { diagnosisJson } from "../../core/diagnosis/json.ts";
import { VALUES } from "../../core/halo.ts";
import type { Plan, Step } from "../../core/plan/model.ts";
import { isShowable } from "../../core/plan/target.ts";
import { createOutput } from "../../ui/output.ts";
import { wrap } from "../../ui/wrap.ts";
import { named, stepLabel } from "../shared/carry-out.ts";
import { type Ending, othersWords } from "./ending.ts";
import { commandFor } from "./repeat.ts";
import { absenceOf, type Decided, type Page, type Survey } from "./survey.ts";
import type { Proof } from "./test.ts";

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
  const lacking = others?.filter(({ lacks }) => lacks).map(({ label }) => label) ?? [];
  if (!changed)
    return `Already set up${lacking.length > 0 ? `. Not yet connected: ${lacking.join(", ")}` : " and working"}.${untouched}`;
  if (choice.scopes.length === 0) return `HALO answers with the saved settings. ${othersWords(others ?? [])}`;
  return headlineOfClaude(client, here, others);
}

/** Shorter where others follow: one line of 80 columns. */
function headlineOfClaude(client: Proof["client"], here: Survey, others: Proof["others"]): string {
  const [saved, untested] = others === undefined ? [" with the saved settings", ", so it is untested there"] : ["", ""];
  const more = others === undefined ? "" : ` ${othersWords(others)}`;
  if (client === "connected") return `HALO is connected: Claude Code reaches it${saved}.${more}`;
  const asked = client === "not-asked" ? "Claude Code could not be asked" : "Claude Code gave no clear answer";
  const absent = here.claude === undefined ? `${absenceOf(here)}${untested}` : asked;
  return `HALO answers${saved}. ${client === "pending" ? "Claude Code waits for your approval" : absent}.${more}`;
}

interface Outcome {
  readonly ok: boolean;
  /** None for a dry run: its result is the plan. */
  readonly headline?: string;
  readonly plan: Plan;
  readonly statuses?: ReadonlyMap<Step, string>;
  readonly tested?: Diagnosis | undefined;
  readonly proof?: Proof | undefined;
  readonly ending?: Ending;
  /** For the JSON document. */
  readonly more?: object;
}

/** The end of a run: its result on stdout. Out: the exit code. */
export function conclude(page: Page, decided: Decided, outcome: Outcome): number {
  const { ok, headline, ending } = outcome;
  if (page.options.json) createOutput(page.context).json(documentOf(page, decided, outcome));
  else {
    const said = headline === undefined ? [] : wrap(headline, page.show.columns);
    const { also = [], next = [] } = page.options.quiet && outcome.proof?.ok ? {} : (ending ?? {});
    const paragraphs = [also, [...said, ...next]].filter(({ length }) => length > 0);
    if (paragraphs.length > 0) page.show.result(paragraphs.map((lines) => lines.join("\n")).join("\n\n"));
  }
  return ok ? 0 : 1;
}

/** The JSON document of a completed run: docs/json.md. */
function documentOf(page: Page, decided: Decided, outcome: Outcome): object {
  const { choice, values } = decided;
  const { options, here, target, url } = page;
  const { ok, plan, statuses, tested, proof, more } = outcome;
  const steps = plan.steps.map((step) => {
    const { kind } = step;
    const isSame = kind === "write" && step.before === step.after;
    const status = statuses?.get(step) ?? (isSame ? "unchanged" : "planned");
    if (kind === "write") return { kind, path: stepLabel(step, here.root), status };
    if (kind === "run") return { kind, argv: named(step.argv), status };
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
    // an ID that would be printed masked is a placeholder
    recreate: commandFor(
      page,
      choice,
      values,
      VALUES.filter((which) => !isShowable(target.slots[which])),
    ),
    ...more,
  };
}
