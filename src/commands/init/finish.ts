/** The last screen, and its JSON. */
import { toSh } from "../../core/command-line.ts";
import { type Diagnosis, diagnosisJson } from "../../core/diagnosis/diagnose.ts";
import { CI_FILES } from "../../core/plan/ci.ts";
import type { Plan, Step } from "../../core/plan/model.ts";
import type { Target } from "../../core/plan/target.ts";
import { stepLabel } from "../shared/carry-out.ts";
import type { InitOptions } from "./options.ts";
import { checkOptions, type Decided } from "./plan.ts";
import type { Proof } from "./prove.ts";
import type { Survey } from "./survey.ts";

/** The steps of a plan that are left to a person. */
export function handSteps({ steps }: Plan): readonly string[] {
  const lines = steps.flatMap((step) =>
    step.kind === "tell" ? ["", step.title, ...step.lines.map((line) => `  ${line}`)] : [],
  );
  return lines.slice(1);
}

function startLines({ bridge }: InitOptions, { root, claude }: Survey, { choice }: Decided): readonly string[] {
  const { scopes } = choice;
  const inFolder = scopes.some((scope) => scope !== "user");
  const start =
    inFolder || claude !== undefined ? ["Start", inFolder ? `  cd ${toSh([root])} && claude` : "  claude"] : [];
  if (!scopes.includes("project")) return start;
  const notes = {
    "claude-settings": [],
    none: ["  Export the three variables first: Claude Code does not read .env."],
    direnv: ['  Once: direnv allow. Claude Code will ask about the server: choose "Use this MCP server".'],
  };
  return [
    ...start,
    '  Claude Code asks if you trust this folder. Pick "Yes, I trust this folder"',
    "  (it starts on No). Then /mcp shows the server and its tools.",
    ...notes[bridge],
  ];
}

/** How the team gets it: what is to be committed. */
function teamLines({ root, git }: Survey, { steps }: Plan): readonly string[] {
  const shared = steps.flatMap((step) =>
    step.kind === "write" && step.secret !== true ? [stepLabel(step, root)] : [],
  );
  const share =
    git === undefined
      ? ["  Share these files, which contain no secrets:", `  ${shared.join(" ")}`]
      : [`  git -C ${toSh([root])} add ${toSh(shared)}`, `  git -C ${toSh([root])} commit -m "Connect HALO"`];
  return [
    "",
    "Teammates",
    ...share,
    "  Each of them runs: npx create-halo-mcp",
    "  It asks only for what they need and changes no committed file. If .env.example",
    "  contains the two IDs (they are no secrets), it asks only for their token.",
  ];
}

/** What keeps a repository right from now on. */
function ciLines({ ci }: InitOptions, { ciPaths }: Survey, { url }: Target, { steps }: Plan): readonly string[] {
  const isWritten = steps.some((step) => step.kind === "write" && step.path === ciPaths[0]);
  const offer = ["  To add it: npx create-halo-mcp --ci github", "  (or gitlab, pre-commit, lefthook, husky)."];
  const { file, needs } = ci === undefined ? {} : CI_FILES[ci];
  const kept = isWritten
    ? [`  Commit ${file}: it runs this check.`, ...(needs === undefined ? [] : [`  ${needs}`])]
    : [];
  return [
    "",
    "In CI, or before a commit",
    `  npx create-halo-mcp check${checkOptions(url) ?? ""}`,
    "  It needs no token and no network.",
    ...(ci === undefined ? offer : kept),
  ];
}

/** How to go on, for a person. */
export function nextSteps(
  options: InitOptions,
  survey: Survey,
  target: Target,
  decided: Decided,
  plan: Plan,
  recreate: string,
): readonly string[] {
  const { clients, scopes } = decided.choice;
  const isForClaude = clients.includes("claude-code");
  const isForTeam = isForClaude && scopes.includes("project");
  const byHand = handSteps(plan);
  const lines = [
    ...(isForClaude ? startLines(options, survey, decided) : []),
    ...(isForTeam && target.mode === "new" ? teamLines(survey, plan) : []),
    ...(isForTeam && (options.ci !== undefined || target.mode === "new") ? ciLines(options, survey, target, plan) : []),
    ...byHand.flatMap((line, at) => (at === 0 ? ["", line] : [line])),
    "",
    "To repeat this set-up",
    `  ${recreate}`,
  ];
  return lines[0] === "" ? lines.slice(1) : lines;
}

/** The headline, no stronger than what was seen. `changed`: something was written. `hasClaude`: Claude Code is installed. */
export function headlineOf({ ok, files, client }: Proof, changed: boolean, hasClaude: boolean): string {
  if (!ok)
    return changed
      ? "Saved, but it does not work yet: see above."
      : "Already set up, but not working: see above. Nothing was written.";
  if (files === undefined) return "Saved. Claude Code isn't installed here, so nothing was tested with it.";
  const isUnproven = files.control === "accepted";
  if (!changed)
    return isUnproven
      ? "Already set up. The server accepts requests without a token, so your token was not tested. Nothing was written."
      : "Already set up and working. Nothing was written.";
  if (isUnproven) return "Connected, but this server accepts requests without a token, so your token was not tested.";
  if (client === "connected") return "HALO is connected, and Claude Code confirms it.";
  const rest = !hasClaude
    ? "Claude Code isn't installed here, so it is untested there"
    : client === "not-asked"
      ? "Claude Code could not be asked"
      : "Claude Code gave no clear answer";
  return `HALO answers with the saved settings. ${rest}.`;
}

/** What a run came to. */
export interface Outcome {
  readonly ok: boolean;
  readonly headline: string;
  readonly plan: Plan;
  /** What became of each step; undefined where none was done. */
  readonly statuses?: ReadonlyMap<Step, string>;
  readonly tested?: Diagnosis | undefined;
  readonly proof?: Proof;
}

/** The one JSON document of a run that came to its end: docs/json.md. */
export function documentOf(
  dryRun: boolean,
  { root, claude }: Survey,
  server: { readonly name: string; readonly url: string },
  { ok, plan, statuses, tested, proof }: Outcome,
  recreate: string,
): object {
  const steps = plan.steps.map((step) => {
    const { kind } = step;
    const isSame = kind === "write" && step.before === step.after && step.mode === undefined;
    const status = statuses?.get(step) ?? (isSame ? "unchanged" : "planned");
    if (kind === "write") return { kind, path: stepLabel(step, root), status };
    if (kind === "run") return { kind, argv: ["claude", ...step.argv.slice(1)], status };
    return { kind, title: step.title, lines: step.lines, status };
  });
  const probe = proof?.files ?? tested;
  const client = { id: "claude-code", version: claude?.version ?? null, status: proof?.client };
  return {
    version: 1,
    ok,
    dryRun,
    server,
    steps,
    probe: probe === undefined ? null : { version: 1, ...diagnosisJson(probe) },
    client: proof === undefined ? null : client,
    recreate,
  };
}
