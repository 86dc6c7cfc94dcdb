/** The last screen, and its JSON. */
import type { Scope } from "../../core/clients/claude-code.ts";
import { toSh } from "../../core/command-line.ts";
import { type Diagnosis, diagnosisJson } from "../../core/diagnosis/diagnose.ts";
import { CI_FILES, type CiKind } from "../../core/plan/ci.ts";
import type { Plan, Step } from "../../core/plan/model.ts";
import type { Target } from "../../core/plan/target.ts";
import type { Bridge } from "../../flags.ts";
import { stepLabel } from "../shared/carry-out.ts";
import type { InitOptions } from "./options.ts";
import { checkOptions } from "./plan.ts";
import type { Proof } from "./prove.ts";
import type { Choice } from "./questions.ts";
import type { Survey } from "./survey.ts";

/** Lines that belong together. */
type Paragraph = readonly string[];

/** The steps of a plan that are left to a person. */
export function handSteps({ steps }: Plan): readonly Paragraph[] {
  return steps.flatMap((step) =>
    step.kind === "tell" ? [[step.title, ...step.lines.map((line) => `  ${line}`)]] : [],
  );
}

function startLines(bridge: Bridge, { root, claude }: Survey, scopes: readonly Scope[]): Paragraph {
  const inFolder = scopes.some((scope) => scope !== "user");
  if (!inFolder && claude === undefined) return [];
  const start = ["Start", inFolder ? `  cd ${toSh([root])} && claude` : "  claude"];
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
function teamLines({ root, git }: Survey, { steps }: Plan): Paragraph {
  const isShared = (step: Step): boolean => step.kind === "write" && step.secret !== true;
  const shared = steps.filter(isShared).map((step) => stepLabel(step, root));
  const share =
    git === undefined
      ? ["  Share these files, which contain no secrets:", `  ${shared.join(" ")}`]
      : [`  git -C ${toSh([root])} add ${toSh(shared)}`, `  git -C ${toSh([root])} commit -m "Connect HALO"`];
  return [
    "Teammates",
    ...share,
    "  Each of them runs: npx create-halo-mcp",
    "  It asks only for what they need and changes no committed file. If .env.example",
    "  contains the two IDs (they are no secrets), it asks only for their token.",
  ];
}

/** What keeps a repository right from now on. */
function ciLines(ci: CiKind | undefined, { ciPaths }: Survey, url: string, { steps }: Plan): Paragraph {
  const isWritten = steps.some((step) => step.kind === "write" && step.path === ciPaths[0]);
  const offer = ["To add it: npx create-halo-mcp --ci github", "(or gitlab, pre-commit, lefthook, husky)."];
  const { file, needs = [] } = ci === undefined ? {} : CI_FILES[ci];
  const kept = isWritten ? [`Commit ${file}: it runs this check.`, needs].flat() : [];
  const command = `npx create-halo-mcp check${checkOptions(url) ?? ""}`;
  const lines = [command, "It needs no token and no network.", ...(ci === undefined ? offer : kept)];
  return ["In CI, or before a commit", ...lines.map((line) => `  ${line}`)];
}

/** How to go on, for a person. `recreate`: the command that does it all again. */
export function nextSteps(
  { bridge, ci }: InitOptions,
  survey: Survey,
  { mode, url }: Target,
  { clients, scopes }: Choice,
  plan: Plan,
  recreate: string,
): readonly Paragraph[] {
  const isForClaude = clients.includes("claude-code");
  const isForTeam = isForClaude && scopes.includes("project");
  return [
    isForClaude ? startLines(bridge, survey, scopes) : [],
    isForTeam && mode === "new" ? teamLines(survey, plan) : [],
    isForTeam && (mode === "new" || ci !== undefined) ? ciLines(ci, survey, url, plan) : [],
    ...handSteps(plan),
    ["To repeat this set-up", `  ${recreate}`],
  ];
}

/** The headline, no stronger than what was seen. `changed`: something was written. `claudeIs`: whether Claude Code is installed. */
export function headlineOf({ ok, files, client }: Proof, changed: boolean, claudeIs: Survey["claudeIs"]): string {
  if (!ok)
    return changed
      ? "Saved, but it does not work yet: see above."
      : "Already set up, but not working: see above. Nothing was written.";
  const missing = claudeIs === "none" ? "isn't installed here" : "does not answer here";
  if (files === undefined) return `Saved. Claude Code ${missing}, so nothing was tested with it.`;
  const isUnproven = files.control === "accepted";
  if (!changed)
    return isUnproven
      ? "Already set up. The server accepts requests without a token, so your token was not tested. Nothing was written."
      : "Already set up and working. Nothing was written.";
  if (isUnproven) return "Connected, but this server accepts requests without a token, so your token was not tested.";
  if (client === "connected") return "HALO is connected, and Claude Code confirms it.";
  const rest =
    claudeIs !== "found"
      ? `Claude Code ${missing}, so it is untested there`
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
  readonly proof?: Proof | undefined;
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
