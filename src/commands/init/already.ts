import { jsonOf, property, strings } from "../../core/formats/json.ts";
import { variablesOf } from "../../core/plan/target.ts";
import { carryOut as carryPlanOut } from "../shared/carry-out.ts";
import { buildPlan, buildRemoval } from "./build-plan.ts";
import { carryOut, conclude, type Draft, lookAgain, prove, showStatuses } from "./carry-out.ts";
import { askUntilConnected, confirmPlan } from "./dialog.ts";
import { showPlan } from "./show-plan.ts";
import { findCandidates } from "./values.ts";

/** A set-up that is complete on disk: proven, and nothing written unless the person wants something else. */
export async function alreadySetUp(d: Draft): Promise<number> {
  const { room } = d;
  const { ask, options, context, survey } = room;
  for (;;) {
    if (options.skipTest) return conclude(d, true, "Already set up; not tested. Nothing was written.", {}, "by-hand");
    const { ok, proof } = await prove(d);
    const headline = ok
      ? proof.files?.control === "accepted"
        ? "Already set up. The server asks for no token, so whether yours is right is not proven. Nothing was written."
        : "Already set up and working. Nothing was written."
      : "Already set up, but not working: see above. Nothing was written.";
    if (ask === undefined || options.yes) return conclude(d, ok, headline, { proof }, "by-hand");
    if (ok) room.show.ok(headline);
    const next = await ask.select({
      message: "What now?",
      choices: [
        { value: "done", label: ok ? "Nothing, I am done" : "Nothing, stop here" },
        { value: "again", label: "Test again" },
        { value: "change", label: "Change values" },
        {
          value: "remove",
          label: d.choice.scopes.includes("project")
            ? "Remove HALO from this repository"
            : "Remove HALO from Claude Code",
        },
      ],
    });
    if (next === "done") return conclude(d, ok, ok ? "Nothing was written." : headline, { proof }, "by-hand");
    if (next === "change") {
      const kept = await findCandidates(room);
      const reopen = (which: "account" | "profile") =>
        kept[which].map((candidate) => ({
          ...candidate,
          given: room.target.mode === "join" && "fixed" in room.target.slots[which],
        }));
      const { values, tested } = await askUntilConnected(
        room,
        ask,
        { token: kept.token, account: reopen("account"), profile: reopen("profile") },
        { env: { ...context.env, ...survey.bridge }, url: d.url },
        true,
      );
      return await carryOut({ ...d, values, tested, plan: await buildPlan(room, values, d.choice, d.url) });
    }
    if (next === "remove") return await remove(d);
  }
}

async function remove(d: Draft): Promise<number> {
  const { room } = d;
  const { survey, target } = room;
  // other connections may use them
  const shared = strings(property(jsonOf(survey.snapshot.get(survey.userSettings), false), "env"));
  const stay =
    d.choice.scopes.some((scope) => scope !== "project") &&
    variablesOf(target).some(({ env }) => Object.hasOwn(shared, env));
  const left = stay ? ` Its values stay in ${survey.userSettings}, under "env".` : "";
  let current = d;
  const { plan, statuses } = await carryPlanOut(buildRemoval(room, d.choice), {
    context: room.context,
    place: survey,
    dryRun: false,
    show: (removal) => showPlan(current.room, removal, d.values),
    confirm: () => confirmPlan(room, "Remove this?"),
    onStale: (reason) => room.show.warn(`${reason} Here is the new plan.`),
    replan: async () => {
      current = await lookAgain(current);
      return buildRemoval(current.room, d.choice);
    },
  });
  showStatuses(room, plan, statuses);
  return conclude(
    { ...d, plan },
    true,
    `HALO was taken out.${left} The token still works: delete it in HALO Studio > Settings > Product Tokens.`,
    { statuses },
    "nothing",
  );
}
