import type { Context } from "../../context.ts";
import { expand } from "../../core/clients/claude-code.ts";
import { toSh } from "../../core/command-line.ts";
import type { Diagnosis } from "../../core/diagnosis/diagnose.ts";
import { hasBom } from "../../core/formats/dotenv.ts";
import { PASTED_BREAK } from "../../core/halo.ts";
import { printable } from "../../core/secrets.ts";
import { EnvironmentError } from "../../errors.ts";
import type { RawOptions } from "../../flags.ts";
import { createAsk } from "../../ui/ask.ts";
import { createShow } from "../../ui/show.ts";
import { changes, pathLabel } from "../shared/carry-out.ts";
import { alreadySetUp } from "./already.ts";
import { buildPlan, checkBeforehand } from "./build-plan.ts";
import { canAsk } from "./can-ask.ts";
import { carryOut, type Draft } from "./carry-out.ts";
import { agreeOnHeaders, agreeOnUrl, askUntilConnected, chooseClients, sentTo, testFailed } from "./dialog.ts";
import { lookAround } from "./look-around.ts";
import { readOptions } from "./options.ts";
import { showDiagnosis, testConnection } from "./test.ts";
import { type Candidates, findCandidates, type Room, takeValues, type Values } from "./values.ts";

function claudeFound({ claude, claudeSilent }: Room["survey"]): string {
  if (claude !== undefined) return `Claude Code ${claude.version}`;
  return claudeSilent
    ? "Claude Code is installed, but does not answer: claude --version"
    : "Claude Code is not installed here";
}

function introduce(room: Room): void {
  const { show, survey, target, context } = room;
  show.title(`create-halo-mcp ${context.version}: connect HALO to your AI clients`);
  const place = survey.git === undefined && !survey.gitMissing ? "no git repository" : "git repository";
  const found: string[] = [];
  for (const scope of ["project", "local", "user"] as const) {
    for (const entry of survey.entries[scope]) {
      const where = scope === "project" ? ".mcp.json" : `Claude Code, ${scope} scope`;
      found.push(`${where}: "${printable(entry.name, 64)}"${entry.broken === undefined ? "" : ` (${entry.broken})`}`);
    }
  }
  if (survey.snapshot.get(survey.paths.env)?.kind === "file")
    found.push(`${pathLabel(survey.paths.env, survey.root)} is there`);
  found.push(claudeFound(survey));
  show.info(
    `Working in ${printable(survey.root, 200)} (${survey.startedIn === undefined ? place : `the root of the ${place.replace("no ", "")} you are in`})`,
    found,
  );
  if (target.mode === "join")
    show.info(
      `This repository already refers to HALO, as "${printable(target.name, 64)}". No committed file will change.`,
    );
  const { paths, snapshot } = survey;
  const env = snapshot.get(paths.env);
  if (env?.kind === "file" && hasBom(env.text))
    show.warn(
      `${pathLabel(paths.env, survey.root)} begins with a BOM, which hides its first line from many readers (bash, direnv, docker, some versions of Node).`,
    );
  for (const path of [paths.env, paths.bridge]) {
    const state = snapshot.get(path);
    if (state?.kind === "file" && (state.mode & 0o077) !== 0 && context.platform !== "win32")
      show.warn(`Others on this machine can read ${printable(path, 200)}. To close it:`, [
        toSh(["chmod", "600", path]),
      ]);
  }
  if (target.repairs !== undefined)
    show.warn(`The entry "${printable(target.name, 64)}" in .mcp.json will be replaced: ${target.repairs}.`);
  if (
    target.entry?.values.token !== undefined &&
    "literal" in target.entry.values.token &&
    target.repairs?.includes("token") === true
  ) {
    show.warn(
      "It may hold a token in clear. If this file was ever committed or shared, delete that token in HALO Studio > Settings > Product Tokens.",
    );
  }
}

/** Everything up to the plan: survey, target, values, connection test, choice. */
async function draft(context: Context, raw: RawOptions): Promise<{ draft: Draft; already: boolean }> {
  const options = readOptions(context, raw);
  const interactive = await canAsk(context, options);
  const show = createShow(context, {
    // nobody is asked about a plan that was not shown
    quiet: options.json || (options.quiet && (!interactive || options.yes)),
    guide: interactive,
  });
  const { survey, choice, target, project } = await lookAround(context, options);
  const ask = interactive ? await createAsk(context, PASTED_BREAK) : undefined;
  const room: Room = { context, options, show, survey, target, ask };
  introduce(room);
  if (context.env.GIT_DIR !== undefined || context.env.GIT_WORK_TREE !== undefined)
    throw new EnvironmentError(
      "GIT_DIR or GIT_WORK_TREE is set, so which repository would take these files is not clear",
      {
        hint: "unset GIT_DIR GIT_WORK_TREE",
      },
    );
  if (survey.gitMissing)
    throw new EnvironmentError("this is a git repository, but there is no git program to ask what it ignores", {
      hint: "install git, then run this again",
    });
  if (project) checkBeforehand(room);
  const env = { ...context.env, ...survey.bridge };
  const url = await agreeOnUrl(room, target, target.mode === "join" ? expand(target.url.trim(), env).text : target.url);
  agreeOnHeaders(room, env);

  const candidates = await findCandidates(room);
  const settled = target.mode === "join" || !project ? firstOf(candidates) : undefined;
  if (settled !== undefined) {
    const plan = await buildPlan(room, settled, choice, url);
    if (choice.clients.includes("claude-code") && !changes(plan) && (project || survey.claude !== undefined))
      return { draft: { room, values: settled, choice, url, plan, tested: undefined }, already: true };
  }
  return { draft: await complete(room, candidates, env, url), already: false };
}

async function complete(
  room: Room,
  candidates: Candidates,
  env: Readonly<Record<string, string | undefined>>,
  url: string,
): Promise<Draft> {
  const { options, ask } = room;
  let values: Values;
  let tested: Diagnosis | undefined;
  const all = firstOf(candidates);
  if (ask !== undefined && !(options.yes && all !== undefined)) {
    ({ values, tested } = await askUntilConnected(room, ask, candidates, { env, url }));
  } else {
    const unasked =
      ask === undefined && !options.yes && !options.dryRun
        ? ["your yes to the plan: --yes (or --dry-run to see it)"]
        : [];
    values = takeValues(room, candidates, unasked);
    const sent = sentTo(room, values, env, url);
    if (!options.skipTest) {
      tested = await testConnection(room, sent, "Connection test");
      if (!tested.ok) throw testFailed(tested);
      showDiagnosis(room, tested, "Connection test");
    }
  }
  const choice = await chooseClients(room);
  return { room, values, choice, url, plan: await buildPlan(room, values, choice, url), tested };
}

function firstOf(candidates: Candidates): Values | undefined {
  const [token, account, profile] = [candidates.token[0], candidates.account[0], candidates.profile[0]];
  if (token === undefined || account === undefined || profile === undefined) return undefined;
  return { token: token.value, account: account.value, profile: profile.value };
}

/** The wizard. Exit code: 0 done or already set up, 1 refused or not connected. */
export async function run(context: Context, raw: RawOptions): Promise<number> {
  const { draft: d, already } = await draft(context, raw);
  return already ? await alreadySetUp(d) : await carryOut(d);
}
