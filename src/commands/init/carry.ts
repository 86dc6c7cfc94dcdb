/** The change itself: the plan is shown, agreed to and applied; and the removal of a set-up. */
import { haloEntry } from "../../core/clients/claude-code.ts";
import { envIn } from "../../core/clients/claude-state.ts";
import { equalJson } from "../../core/formats/json.ts";
import { isOwn } from "../../core/plan/claude-program.ts";
import type { Plan } from "../../core/plan/model.ts";
import { variablesOf } from "../../core/plan/target.ts";
import { Refusal } from "../../errors.ts";
import { carryOut } from "../shared/carry-out.ts";
import { buildRemoval, keepsBridge } from "./plan.ts";
import { agree, questionOf, showDone, showPlan } from "./plan-list.ts";
import { conclude } from "./screens.ts";
import { type Decided, entryIn, lookAgain, type Page } from "./survey.ts";

/** Shows a plan, asks, applies it; makes a new plan from the current files if one of them changed meanwhile. */
export async function carry(page: Page, decided: Decided, make: (now: Page) => Plan | Promise<Plan>, message?: string) {
  const { context, options, show, here, decides } = page;
  const carried = await carryOut(await make(page), {
    context,
    place: here,
    dryRun: options.dryRun,
    show: (plan) => showPlan(page, decided, plan),
    confirm: async (plan) => {
      const isAgreed = decided.isProven === true && isPrivate(page, plan);
      if (decides !== undefined && !isAgreed) await agree(decides, page, decided, plan, message ?? questionOf(plan));
      if (decided.choice.scopes.includes("project")) assertSameEntry(page);
    },
    replan: async () => {
      show.info("A file changed meanwhile: making a new plan.");
      return make(lookAgain(page));
    },
  });
  if (!options.dryRun) showDone(page, carried.plan, carried.statuses);
  return carried;
}

/** Whether only ignored files of this person change: no question is worth a second look then. */
function isPrivate({ target, here: { paths } }: Page, { steps }: Plan): boolean {
  const isOwn = (step: Plan["steps"][number]): boolean =>
    step.kind === "write" &&
    (step.before === step.after || step.path === paths.exclude || (step.secret === true && !step.closes));
  return target.mode === "join" && steps.every((step) => step.kind === "tell" || isOwn(step));
}

/** The entry must still be the one that was agreed to, or the one to be written. Throws Refusal. */
function assertSameEntry(page: Page): void {
  const { name, mode, url } = page.target;
  const was = entryIn(page, "project")?.raw ?? null;
  const is = entryIn(lookAgain(page), "project")?.raw ?? null;
  if (equalJson(was, is) || (mode === "new" && equalJson(haloEntry(name, url), is))) return;
  throw new Refusal(
    ".mcp.json changed meanwhile; nothing was written",
    { hint: "check it, then run this again" },
    "stale",
  );
}

/** Takes a set-up out again. Exit code: 0. */
export async function remove(page: Page, decided: Decided): Promise<number> {
  const { plan, statuses } = await carry(page, decided, (now) => buildRemoval(now, decided.choice), "Remove this?");
  if (page.options.dryRun) return conclude(page, decided, { ok: true, plan });
  const { here, target } = page;
  const kept = envIn(here.state.files.userSettings);
  const isKept = variablesOf(target.slots).some(({ env }) => Object.hasOwn(kept, env));
  // other connections may use them
  const left =
    decided.choice.scopes.some(isOwn) && isKept ? ` Its values stay in ${here.userSettings}, under "env".` : "";
  const shared = keepsBridge(here) ? ` The main checkout has HALO, too: its values stay in ${here.paths.bridge}.` : "";
  const headline = `HALO was removed.${left}${shared} The token still works: delete it in HALO Studio > Settings > Product Tokens.`;
  return conclude(page, decided, { ok: true, headline, plan, statuses });
}
