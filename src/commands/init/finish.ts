import { toSh } from "../../core/command-line.ts";
import type { Diagnosis } from "../../core/diagnosis/diagnose.ts";
import type { Plan } from "../../core/plan/model.ts";
import { maskedJson } from "../../core/secrets.ts";
import { type Statuses, stepLabel } from "../shared/carry-out.ts";
import type { Choice } from "./build-plan.ts";
import { ciLines } from "./ci.ts";
import type { Proof } from "./proof.ts";
import type { Room } from "./values.ts";

/** The steps of a plan that are left to a person. */
function handSteps(plan: Plan): readonly string[] {
  return plan.steps.flatMap((step) =>
    step.kind === "tell" ? ["", step.title, ...step.lines.map((line) => `  ${line}`)] : [],
  );
}

/** How to go on, for a person: all of it, or only what nobody but a person can do. */
export function nextSteps(room: Room, plan: Plan, choice: Choice, recreate: string, only?: "by-hand"): string {
  if (only === "by-hand") return handSteps(plan).join("\n").trimStart();
  const { survey, target } = room;
  const lines: string[] = [];
  if (choice.clients.includes("claude-code")) {
    const inFolder = choice.scopes.some((scope) => scope !== "user");
    if (inFolder || survey.claude !== undefined)
      lines.push("Start", inFolder ? `  cd ${toSh([survey.root])} && claude` : "  claude");
    if (choice.scopes.includes("project")) {
      lines.push(
        '  It asks whether you trust this folder. Its default answer is "No, exit":',
        '  choose "Yes". Then /mcp shows the server and its tools.',
      );
      if ((room.options.bridge ?? "claude-settings") === "none")
        lines.push("  Export the three variables first: Claude Code does not read .env.");
      if (room.options.bridge === "direnv")
        lines.push('  Once: direnv allow. Claude Code will ask about the server: choose "Use this MCP server".');
    }
    if (choice.scopes.includes("project") && target.mode === "new") {
      const committed = plan.steps.flatMap((step) =>
        step.kind === "write" && step.secret !== true ? [stepLabel(step, survey.root)] : [],
      );
      lines.push(
        "",
        "Teammates",
        ...(survey.git === undefined
          ? ["  Share the folder with the files that hold no value:", `  ${committed.join(" ")}`]
          : [
              `  git -C ${toSh([survey.root])} add ${toSh(committed)}`,
              `  git -C ${toSh([survey.root])} commit -m "Connect HALO"`,
            ]),
        "  Each of them runs: npx create-halo-mcp",
        "  It asks for what they lack and changes no committed file. With the two IDs",
        "  in .env.example (no secrets), it asks for their own token alone.",
      );
    }
    if (choice.scopes.includes("project")) lines.push(...ciLines(room, plan));
  }
  lines.push(...handSteps(plan), "", "To repeat this set-up", `  ${recreate}`);
  return lines.join("\n").replace(/^\n/, "");
}

/** The one JSON document of a run that came to its end. */
export function jsonResult(
  room: Room,
  parts: {
    ok: boolean;
    plan: Plan;
    statuses: Statuses | undefined;
    url: string;
    tested: Diagnosis | undefined;
    proof: Proof | undefined;
    recreate: string;
  },
): string {
  const { options, target, survey, context } = room;
  const steps = parts.plan.steps.map((step) => {
    const unchanged = step.kind === "write" && step.before === step.after && step.mode === undefined;
    const status = parts.statuses?.get(step) ?? (unchanged ? "unchanged" : "planned");
    if (step.kind === "write") return { kind: step.kind, path: stepLabel(step, survey.root), status };
    if (step.kind === "run") return { kind: step.kind, argv: ["claude", ...step.argv.slice(1)], status };
    return { kind: step.kind, title: step.title, lines: step.lines, status };
  });
  const probe = parts.proof?.files ?? parts.tested ?? null;
  const body = {
    version: 1,
    ok: parts.ok,
    dryRun: options.dryRun,
    server: { name: target.name, url: parts.url },
    steps,
    probe: probe === null ? null : { version: 1, ...probe },
    client:
      parts.proof === undefined
        ? null
        : { id: "claude-code", version: survey.claude?.version ?? null, status: parts.proof.client },
    recreate: parts.recreate,
  };
  return maskedJson(body, context.secrets);
}
