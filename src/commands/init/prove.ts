/** The proof after writing: the connection test through what is on disk, then the word of Claude Code itself. */
import type { Context } from "../../context.ts";
import {
  type ClientStatus,
  expandEntry,
  parseScope,
  parseStatus,
  type Scope,
  type Sent,
} from "../../core/clients/claude-code.ts";
import { envIn, isSwitchedOff } from "../../core/clients/claude-state.ts";
import { whatToSend } from "../../core/connection.ts";
import type { Diagnosis } from "../../core/diagnosis/diagnose.ts";
import { isHaloEndpoint } from "../../core/endpoint.ts";
import { equalJson, type Json } from "../../core/formats/json.ts";
import { secretsOf } from "../../core/plan/install.ts";
import type { Secrets } from "../../core/plan/model.ts";
import type { Target } from "../../core/plan/target.ts";
import { printable } from "../../core/secrets.ts";
import { Cancelled, Refusal } from "../../errors.ts";
import type { Bridge } from "../../flags.ts";
import { type Answer, askClaude } from "../../io/claude.ts";
import type { Show } from "../../ui/show.ts";
import type { InitOptions } from "./options.ts";
import type { Decided } from "./plan.ts";
import { entryIn, lookAgain, type Survey } from "./survey.ts";
import { permitted, showDiagnosis, testConnection } from "./test.ts";

/** What was proven. `client`: the word of Claude Code itself, where it could be asked. */
export interface Proof {
  readonly ok: boolean;
  readonly files: Diagnosis | undefined;
  readonly client: ClientStatus | "not-asked";
}

const UNLIKE_HERE: readonly [string, string] = [
  "although the same values work from here.",
  "Proxy variables, NODE_EXTRA_CA_CERTS and another entry of the same name are the usual reasons: claude mcp list",
];

/** The statuses of Claude Code that are failures: what is wrong, and what to do about it. */
const FAILURES: Readonly<Partial<Record<Proof["client"], readonly [string, string]>>> = {
  disabled: ["it is switched off for this folder.", "To switch it on again: claude, then /mcp"],
  rejected: ["it was rejected earlier.", "To be asked again: claude mcp reset-project-choices"],
  failed: UNLIKE_HERE,
  "needs-auth": UNLIKE_HERE,
  "not-configured": UNLIKE_HERE,
};

const titleOf = (scope: Scope): string =>
  scope === "project" ? "Test with the saved settings" : `Test through Claude Code's ${scope} scope`;

/** What the entry on disk sends. Throws Refusal when that goes to another URL than the one agreed on, or not at all. */
function sentByFiles(survey: Survey, bridge: Bridge, name: string, scope: Scope, url: string): Sent {
  const entry = entryIn(survey, scope, name);
  if (entry === undefined)
    throw new Refusal(
      `${titleOf(scope)}: the entry "${name}" is not there when the file is read back`,
      { hint: "claude mcp list" },
      "proof-failed",
    );
  // without the bridge, whoever starts Claude Code has the values in the environment: .env stands in for it
  const more = scope === "project" && bridge !== "claude-settings" ? Object.fromEntries(survey.dotenv) : {};
  const hint = `look at ${survey.paths.mcp}, and at "env" in ${survey.paths.bridge}`;
  return permitted(whatToSend(entry, survey.env, more, { url }), titleOf(scope), hint);
}

/** What an entry of a scope comes to: two that are equal give the same answer. */
function expanded(survey: Survey, scope: Scope, name: string): Json {
  const entry = entryIn(survey, scope, name);
  if (entry === undefined) return null;
  const { url, headers } = expandEntry(entry, survey.env);
  return { url, headers: { ...headers } };
}

/** What an answer of Claude Code comes to. `inFront`: the scope whose entry it takes in place of the one of `scope`. */
function readAnswer(survey: Survey, name: string, scope: Scope, answer: Answer | undefined) {
  // 2.1.197 prints a name as it is, line breaks and all: what comes after it is Claude Code's own
  const output = answer?.said ?? "";
  const said = output.startsWith(`${name}:`) ? output.slice(name.length + 1) : output;
  const inFront = parseScope(said) ?? scope;
  if (!equalJson(expanded(survey, inFront, name), expanded(survey, scope, name)))
    return { status: "failed", inFront } as const;
  if (isSwitchedOff(survey.state, survey.folder, name)) return { status: "disabled" } as const;
  return { status: answer?.isKnown === false ? "not-configured" : parseStatus(said) } as const;
}

/** Asks Claude Code itself, through a private settings file for the project scope. Only its status is shown. */
async function proveClient(
  context: Context,
  { bridge, timeoutMs }: InitOptions,
  show: Show,
  survey: Survey,
  scope: Scope,
  { name, secrets }: { readonly name: string; readonly secrets: Secrets },
): Promise<Proof["client"]> {
  const { claude, root, programEnv, state } = survey;
  if (claude === undefined) return "not-asked";
  const own = envIn(state.files.userSettings);
  const exported = { ...context.env, ...own };
  const isProject = scope === "project";
  const pairs = Object.entries(secrets);
  if (isProject && bridge !== "claude-settings" && pairs.some(([key, value]) => exported[key] !== value)) {
    show.warn("Claude Code was not tested: the variables are not exported in this shell.");
    return "unknown";
  }
  const client = `Claude Code ${claude.version}`;
  const question = {
    name,
    bridge: isProject ? { env: secrets, enabled: [name] } : undefined,
    overridden: pairs.some(([key, value]) => Object.hasOwn(own, key) && own[key] !== value),
    elsewhere: scope === "user",
    timeoutMs: Math.min(timeoutMs, 30_000),
  };
  const progress = show.progress(`asking ${client}`);
  let answer: Answer | undefined;
  try {
    answer = await askClaude(claude, question, { cwd: root, env: programEnv, signal: context.signal });
  } catch (error) {
    if (error instanceof Cancelled) throw error;
    // no room for a private file, say: everything is written and proven from here
    show.warn("Claude Code could not be asked.", [printable(error instanceof Error ? error.message : String(error))]);
    return "not-asked";
  } finally {
    progress.end();
  }
  const { status, inFront } = readAnswer(survey, name, scope, answer);
  const [why, advice] = FAILURES[status] ?? [];
  if (inFront !== undefined)
    show.bad(`${client} uses its ${inFront} entry of the same name here, not the one in the ${scope} scope.`, [
      `To use the latter: claude mcp remove --scope ${inFront} ${printable(name, 64)}`,
    ]);
  else if (why !== undefined) show.bad(`${client} says: ${status}, ${why}`, advice === undefined ? [] : [advice]);
  else if (status === "connected") show.ok(`${client} says: connected (${scope} scope).`);
  else show.warn(`${client} gave no clear answer (${status}).`, ["Look for yourself: claude, then /mcp"]);
  return status;
}

/** The proof of every scope that was chosen. The first failure is what is reported. */
export async function prove(
  context: Context,
  options: InitOptions,
  show: Show,
  before: Survey,
  target: Target,
  { values, choice, url }: Decided,
): Promise<Proof> {
  let proof: Proof = { ok: true, files: undefined, client: "not-asked" };
  if (!choice.clients.includes("claude-code")) return proof;
  const { name } = target;
  const survey = lookAgain(context, before, name);
  const session = { name, secrets: secretsOf(target, values) };
  for (const scope of choice.scopes) {
    if (scope !== "project" && survey.claude === undefined) continue;
    const sent = sentByFiles(survey, options.bridge, name, scope, url);
    // Claude Code is asked next; HALO's own address is where the token belongs, wherever that leads
    const listens = survey.claude !== undefined && !isHaloEndpoint(sent.url);
    const { timeoutMs } = options;
    const files = await testConnection(context, show, sent, titleOf(scope), { timeoutMs, listens });
    showDiagnosis(show, files, titleOf(scope), true);
    if (files.led !== null) show.warn(files.led);
    const isAsked = files.ok && files.led === null;
    const client = isAsked ? await proveClient(context, options, show, survey, scope, session) : "not-asked";
    proof = { ok: files.ok && FAILURES[client] === undefined, files, client };
    if (!proof.ok) return proof;
  }
  return proof;
}
