/** The change itself: the plan is shown, agreed to and applied. */
import { claudeCode } from "../../core/clients/claude-code.ts";
import { entryFor } from "../../core/clients/entry.ts";
import { equalJson } from "../../core/formats/json.ts";
import type { Plan } from "../../core/plan/model.ts";
import { Refusal } from "../../errors.ts";
import { readState } from "../../io/read.ts";
import { carryOut } from "../shared/carry-out.ts";
import { agree, questionOf, showDone, showPlan } from "./plan-list.ts";
import { type Decided, entryIn, lookAgain, type Page, projectEntries } from "./survey.ts";

/**
 * Shows a plan, asks, applies it; makes a new plan from the current files if one of them changed meanwhile.
 * `initial`: what Enter answers.
 */
export async function carry(
  page: Page,
  decided: Decided,
  make: (now: Page) => Plan | Promise<Plan>,
  asking: { readonly message?: string; readonly initial?: "yes" | "no" } = {},
) {
  const { context, options, show, here, decides } = page;
  let isAsked = false;
  const carried = await carryOut(await make(page), {
    context,
    place: here,
    dryRun: options.dryRun,
    show: (plan) => showPlan(page, decided, plan),
    confirm: async (plan) => {
      const isAgreed = decided.isProven === true && isPrivate(page, plan);
      isAsked = decides !== undefined && !isAgreed;
      if (decides !== undefined && isAsked)
        await agree(decides, page, decided, plan, { message: questionOf(plan), initial: "yes", ...asking });
      if (decided.choice.scopes.includes("project")) assertSameEntry(page);
    },
    replan: async () => {
      show.info("A file changed meanwhile: making a new plan.");
      return make(lookAgain(page));
    },
  });
  if (!options.dryRun) showDone(page, carried.plan, carried.statuses, isAsked);
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
  const { mode, name, url, slots } = page.target;
  const now = projectEntries(readState(page.here.paths.mcp), name);
  const was = entryIn(page, "project")?.raw ?? null;
  const is = now.find(({ entry }) => entry.name === name)?.entry.raw ?? null;
  if (equalJson(was, is) || (mode === "new" && equalJson(entryFor(claudeCode, url, slots), is))) return;
  throw new Refusal(
    ".mcp.json changed meanwhile; nothing was written",
    { hint: "check it, then run this again" },
    "stale",
  );
}
