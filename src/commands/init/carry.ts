/** The change itself: the plan is shown, agreed to and applied. */
import { claudeCode } from "../../core/clients/claude-code.ts";
import { entryFor } from "../../core/clients/entry.ts";
import { equalJson } from "../../core/formats/json.ts";
import type { Plan } from "../../core/plan/model.ts";
import { Cancelled, Refusal } from "../../errors.ts";
import { carryOut } from "../shared/carry-out.ts";
import { showPlan, statusLines } from "./screens.ts";
import { type Decided, entryIn, lookAgain, type Page } from "./survey.ts";

/** Shows a plan, asks, applies it; makes a new plan from the current files if one of them changed meanwhile. `initial`: what Enter answers. */
export async function carry(
  page: Page,
  decided: Decided,
  message: string,
  make: (now: Page) => Plan | Promise<Plan>,
  initial = true,
) {
  const { context, options, show, here, decides } = page;
  const carried = await carryOut(await make(page), {
    context,
    place: here,
    dryRun: options.dryRun,
    show: (plan) => showPlan(page, decided, plan),
    confirm: async () => {
      if (decides !== undefined && !(await decides.confirm({ message, initial })))
        throw new Cancelled("Stopped. Nothing was changed.");
      if (decided.choice.scopes.includes("project")) assertSameEntry(page);
    },
    replan: async () => {
      show.info("A file changed meanwhile: making a new plan.");
      return make(lookAgain(page));
    },
  });
  if (!options.dryRun) show.verbatim(statusLines(page, carried.plan, carried.statuses));
  return carried;
}

/** The entry must still be the one that was agreed to, or the one to be written. Throws Refusal. */
function assertSameEntry(page: Page): void {
  const { mode, url, slots } = page.target;
  const was = entryIn(page, "project")?.raw ?? null;
  const is = entryIn(lookAgain(page), "project")?.raw ?? null;
  if (equalJson(was, is) || (mode === "new" && equalJson(entryFor(claudeCode, url, slots), is))) return;
  throw new Refusal(
    ".mcp.json changed meanwhile; nothing was written",
    { hint: "check it, then run this again" },
    "stale",
  );
}
