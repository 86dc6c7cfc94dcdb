/** Who may receive the token; the connection test; the proof after writing, by the files and by Claude Code itself. */
import { adviceLine } from "../../core/advice.ts";
import {
  claudeCode,
  type Entry,
  expandEntry,
  readEntry,
  type Scope,
  type Sent,
} from "../../core/clients/claude-code.ts";
import { type Answer, questionAbout } from "../../core/clients/claude-question.ts";
import { approvalOf, envIn, isSwitchedOff, sessionEnv, takenEntry } from "../../core/clients/claude-state.ts";
import { entryFor } from "../../core/clients/entry.ts";
import type { Client, ClientScope } from "../../core/clients/model.ts";
import { references } from "../../core/clients/references.ts";
import { toSh } from "../../core/command-line.ts";
import { mayReceive, type ToSend, whatToSend } from "../../core/connection.ts";
import type { Diagnosis } from "../../core/diagnosis/diagnose.ts";
import { TITLE } from "../../core/diagnosis/record.ts";
import { equalJson, type Json } from "../../core/formats/json.ts";
import { storeOf } from "../../core/halo.ts";
import { secretsOf } from "../../core/plan/install.ts";
import type { Secrets } from "../../core/plan/model.ts";
import { BESIDE, variablesOf } from "../../core/plan/target.ts";
import { printable } from "../../core/secrets.ts";
import { Cancelled, Refusal } from "../../errors.ts";
import { askClaude } from "../../io/claude.ts";
import type { Show } from "../../ui/show.ts";
import type { ProgramAnswer } from "../shared/ask-program.ts";

import { type Decided, entryIn, openAgain, type Page, type Values } from "./survey.ts";

/**
 * The URL of a target, if it may receive a token. One of a repository's file that is not HALO's own needs exactly that
 * `--url`, or a person who sees the host and agrees. One with variables is never offered: that would show their values.
 */
export async function agreeOnUrl({ target, here, options, show, decides: ask }: Page): Promise<string> {
  const { entry, url: written, slots, where } = target;
  if (target.mode === "new") return written;
  const named = `the URL of "${printable(target.name, 64)}"`;
  const refusal = (code: string, why: string, hint = `correct it, or ${BESIDE}`): Refusal =>
    new Refusal(`${where.file}: ${named} ${why}; nothing was sent`, { hint }, code);
  // .env.example or .env may set them later, to another address
  const values = variablesOf(slots).map(({ env }) => env);
  if (values.some((env) => references(written).includes(env)))
    throw refusal("bad-url", "is built from HALO's own values");
  const { url } = expandEntry({ url: written, headers: {} }, here.env);
  const permission = mayReceive(url, { url: options.url, isOwn: target.isOwn === true && url === written });
  if (permission.ok) return url;
  if (written.includes("${")) {
    const why = "is built from variables and is not HALO's own endpoint";
    const hint = `correct it, name the whole address with --url, or ${BESIDE}`;
    throw refusal("endpoint-foreign", `${why}: ${printable(written, 200)}`, hint);
  }
  if (permission.cause === "bad-url") throw refusal("bad-url", `cannot be used: ${permission.reason}`);
  const { host } = new URL(url);
  const why = `leads to ${host}, which is not HALO's own endpoint`;
  if (ask === undefined)
    throw refusal("endpoint-foreign", why, `if this host may have your token, name it:\n${toSh(["--url", url])}`);
  show.warn(`Careful: ${named} in ${where.file} ${why}.`, [
    `URL: ${printable(url, 200)}`,
    `It would receive: ${[...new Set([...values, ...Object.values(entry?.headers ?? {}).flatMap(references)])].join(", ")}`,
    "Say yes only if your team told you about this host (your own gateway, for example).",
  ]);
  if (await ask.confirm({ message: `Send your token to ${host}?`, initial: false })) return url;
  throw refusal("endpoint-foreign", why, `ask whoever changed ${where.file}, or ${BESIDE}`);
}

/** What a client does about a variable that nothing sets. */
const UNSET: Readonly<Record<Client["unset"], string>> = {
  literal: "would send the reference itself",
  empty: "would send an empty header",
  absent: "would leave the header out",
  unknown: "would not have it",
};

/** The causes that have another name in JSON. */
const CODES: Readonly<Record<string, string>> = {
  "entry-runs": "refused",
  "bad-value": "bad-header",
  "missing-value": "placeholder-sent",
};

/** What may be sent. Throws Refusal with the reason if nothing may. `where`: the file or scope of the entry. */
export function permitted(judged: ToSend, where: string, hint: string, client: Client = claudeCode): Sent {
  if (judged.ok) return judged.sent;
  const { cause, reason } = judged;
  const said = cause === "endpoint-foreign" ? "the URL leads elsewhere than agreed" : reason;
  const end = cause === "missing-value" ? `, so ${client.label} ${UNSET[client.unset]}` : "; nothing was sent";
  throw new Refusal(`${where}: ${said}${end}`, { hint }, CODES[cause] ?? cause);
}

type TestPage = Pick<Page, "context" | "show"> & { readonly options: Pick<Page["options"], "timeoutMs"> };

/** Runs the connection test with its stages on screen. Throws only Cancelled. */
async function test({ context, show, options }: TestPage, sent: Sent, title: string): Promise<Diagnosis> {
  // with the causes and Node's modules of the network it takes as long to load as `node -e 0`
  const { runTest, STAGE_TEXT, titleFor } = await import("../shared/connection-test.ts");
  const text = titleFor(sent.url, title);
  const progress = show.progress(text);
  const { diagnosis } = await runTest(context, sent, {
    timeoutMs: options.timeoutMs,
    onStage: (stage) => progress.update(`${text}, ${STAGE_TEXT[stage]}`),
  }).finally(progress.end);
  return diagnosis;
}

/** What these values make a client send. Throws Refusal. */
export function sentOf({ target, here, url }: Page, values: Values): Sent {
  const { mode, name } = target;
  // an existing entry as it is written, a new one with the three headers
  const own = mode === "join" && target.where.client === claudeCode ? target.entry : undefined;
  const entry = own ?? readEntry(name, "project", entryFor(claudeCode, url, target.slots));
  const judged = whatToSend(entry, here.env, secretsOf(target, values), { url });
  return permitted(judged, ".mcp.json", `correct it, or ${BESIDE}`);
}

/** The connection test of these values; undefined if none is wanted. */
export async function testValues(page: Page, values: Values, title = TITLE): Promise<Diagnosis | undefined> {
  const { options, show } = page;
  const sent = sentOf(page, values);
  if (options.skipTest) return undefined;
  const tested = await test(page, sent, title);
  if (tested.ok) showDiagnosis(show, tested, title, title !== TITLE);
  return tested;
}

const MOST_TOOLS = 8;

export function failureOf({ stages, cause }: Diagnosis) {
  const failed = stages.find((stage) => stage.cause !== undefined);
  return { detail: failed?.detail ?? cause, advice: (failed?.tryThis ?? []).map(adviceLine) };
}

/** The result for a person: what was proven, or the cause and what to try. `brief` omits what was shown before. */
export function showDiagnosis(show: Show, diagnosis: Diagnosis, title: string, brief = false): void {
  const { ok, server, tools, toolCount, control } = diagnosis;
  const { detail, advice } = failureOf(diagnosis);
  if (!ok) {
    show.bad(`${title} failed: ${detail ?? "no reason could be found"}`, advice);
    return;
  }
  const name = [printable(server?.name ?? "the server", 60), printable(server?.version ?? "", 20)].join(" ").trim();
  const listed = tools.slice(0, MOST_TOOLS).map((tool) => {
    const line = tool.description === "" ? tool.name : `${tool.name}: ${tool.description}`;
    return printable(line, show.columns - 8);
  });
  const more = toolCount > MOST_TOOLS ? [`… and ${toolCount - MOST_TOOLS} more`] : [];
  const count = `${toolCount} ${toolCount === 1 ? "tool" : "tools"}`;
  show.ok(`${title}: connected to ${name}, ${count}`, brief ? [] : [...listed, ...more], brief);
  if (control === "accepted")
    show.warn(
      detail ?? "The server also accepts the same request without the token, so this test does not prove the token.",
    );
  else if (control === "skipped") show.warn("Could not check whether the server refuses a request without your token.");
  else if (!brief) show.ok("Checked: HALO refuses the same request without your token.");
}

/** `doctor --fix` has shown this refusal already. */
export const isTold = ({ options }: Page, { cause }: Diagnosis): boolean =>
  options.isRepair && cause === "unauthorized";

/** A failed test that nobody can correct: exit 1 with the cause, and how to write anyway. */
export function testFailed(diagnosis: Diagnosis, otherwise = "to write untested: --skip-test"): Refusal {
  const { detail = "unknown", advice } = failureOf(diagnosis);
  const message = `the connection test failed, so nothing was written: ${detail}`;
  const hint = [...advice, otherwise].join("\n");
  return new Refusal(message, { hint }, diagnosis.cause ?? "test-failed");
}

/** What was proven of another client. */
export interface ClientProof {
  readonly id: string;
  readonly label: string;
  readonly scope: ClientScope;
  readonly client: ProgramAnswer;
  /** The values work, and nothing gives them to the client. */
  readonly lacks: boolean;
  readonly files: Diagnosis;
}

/** What was proven. `client`: the answer of Claude Code itself, or what its files say before it could be asked. */
export interface Proof {
  readonly ok: boolean;
  readonly files: Diagnosis;
  readonly client: Answer["status"] | "disabled" | "rejected" | "not-asked";
  readonly others?: readonly ClientProof[];
}

/** The statuses of Claude Code that are failures: what is wrong, and what to do about it. */
const FAILURES: Readonly<Partial<Record<Proof["client"], readonly [string, string]>>> = {
  disabled: ["does not start this server: it is disabled for this folder.", "To enable it: claude, then /mcp"],
  rejected: [
    "does not start this server: it was rejected earlier.",
    "To be asked again: claude mcp reset-project-choices",
  ],
  failed: [
    "cannot connect, although the same values work from here",
    "Proxy variables and NODE_EXTRA_CA_CERTS are the usual reasons. To see more: claude, then /mcp",
  ],
  "needs-auth": [
    "does not connect, although the same values work from here: after a refusal (HTTP 403) it waits 15 minutes.",
    "To connect now: claude, then /mcp, and reconnect",
  ],
  "not-configured": ["does not load this entry.", "To see why: npx create-halo-mcp check"],
};

/** What the entry on disk sends. Throws Refusal if it goes to another URL than the agreed one, or sends nothing. */
function sentByFiles({ here, options, url }: Page, entry: Entry, title: string): Sent {
  // without the bridge, the values are in the environment that starts Claude Code: .env is used instead
  const given = [...here.dotenv].filter(([, value]) => storeOf(value) === undefined);
  const more = entry.scope === "project" && options.bridge !== "claude-settings" ? Object.fromEntries(given) : {};
  const hint = `look at ${here.paths.mcp}, and at "env" in ${here.paths.bridge}`;
  return permitted(whatToSend(entry, here.env, more, { url }), title, hint);
}

/** The scope of an entry in front of this one that sends something else: two that send the same give the same answer. */
function inFrontOf({ here }: Page, entry: Entry): Scope | undefined {
  const sends = (each: Entry): Json => {
    const { url, headers } = expandEntry(each, here.env);
    return { url, headers: { ...headers } };
  };
  const named = Object.values(here.entries).flatMap((found) =>
    found.flatMap((each) => (each.entry.name === entry.name && each.lost === undefined ? [each.entry] : [])),
  );
  const front = takenEntry(named, approvalOf(here.state, entry.name)).winner ?? entry;
  return equalJson(sends(front), sends(entry)) ? undefined : front.scope;
}

/** What to ask Claude Code about an entry; or why it is not asked. One for all folders is asked about in none. */
function questionFor({ context, here }: Page, entry: Entry, secrets: Secrets) {
  const state =
    entry.scope === "user"
      ? { ...here.state, settings: here.state.settings.filter(({ from }) => from === "user-settings") }
      : here.state;
  const has = sessionEnv(state, context.env);
  const used = expandEntry(entry, has).read.map(({ variable }) => variable);
  if (used.some((name) => Object.hasOwn(secrets, name) && has[name] !== secrets[name]))
    return { refused: "the variables are not exported in this shell" };
  return questionAbout(entry, state, context.env);
}

/** Asks Claude Code itself about the set-up as it stands. Whether it starts the server at all, its files say. */
async function proveClient(page: Page, entry: Entry, secrets: Secrets): Promise<Proof["client"]> {
  const { context, options, show, here } = page;
  const { claude, root, programEnv, state } = here;
  if (claude === undefined) return "not-asked";
  const { name, scope } = entry;
  const client = `Claude Code ${claude.version}`;
  const front = inFrontOf(page, entry);
  if (front !== undefined) {
    show.bad(`${client} uses its ${front} entry of the same name here, not the one in the ${scope} scope.`, [
      `To use the latter: claude mcp remove --scope ${front} ${printable(name, 64)}`,
    ]);
    return "failed";
  }
  const fail = (status: Proof["client"], reason = ""): Proof["client"] => {
    const [why = "", advice = ""] = FAILURES[status] ?? [];
    show.bad(`${client} ${why}${reason}`, [advice]);
    return status;
  };
  const approval = scope === "project" ? approvalOf(state, name).state : "not-needed";
  if (isSwitchedOff(state, name)) return fail("disabled");
  if (approval === "rejected") return fail("rejected");
  const question = questionFor(page, entry, secrets);
  if ("refused" in question) {
    show.warn(`Claude Code was not tested: ${question.refused}.`);
    return "not-asked";
  }
  const asking = { elsewhere: scope === "user", timeoutMs: Math.min(options.timeoutMs, 30_000) };
  const progress = show.progress(`asking ${client}`);
  const answer = await askClaude(claude, question, asking, { cwd: root, env: programEnv, signal: context.signal })
    .catch((error: unknown) => {
      if (error instanceof Cancelled) throw error;
      // no space for a private file, for example: everything is written and tested from here
      show.warn("Claude Code could not be asked.", [printable(error instanceof Error ? error.message : String(error))]);
      return "not-asked" as const;
    })
    .finally(progress.end);
  if (answer === "not-asked") return answer;
  const { status = "unknown", error = "" } = answer ?? {};
  if (FAILURES[status] !== undefined)
    return fail(status, status === "failed" ? `: ${printable(error, 120) || "it gives no reason"}` : "");
  const remarks = question.remark ? [question.remark] : [];
  if (status !== "connected") show.warn(`${client} gave no clear answer.`, ["Check it yourself: claude, then /mcp"]);
  else if (approval !== "pending")
    show.ok(`${client} connects with the saved settings (${scope} scope).`, remarks, true);
  else {
    const why = `${client} waits for your approval before it starts the server.`;
    show.warn(why, [...remarks, "To approve it: claude, then /mcp"], true);
    return "pending";
  }
  return status;
}

/** Another value than the saved one: `claude -p` sends that of the user's settings, then an exported one; a terminal session does not (2.1.332, measured). */
function warnOfStale({ context, options, show, here }: Page, secrets: Secrets): void {
  if (options.bridge !== "claude-settings") return;
  const kept = envIn(here.state.files.userSettings);
  const inSettings = Object.keys(secrets).filter((name) => Object.hasOwn(kept, name) && kept[name] !== secrets[name]);
  const exported = Object.keys(secrets).filter(
    (name) => !Object.hasOwn(kept, name) && context.env[name] && context.env[name] !== secrets[name],
  );
  const warn = (names: readonly string[], where: string, advice: string): void => {
    if (names.length > 0)
      show.warn(`${names.join(", ")}: another value is ${where}. claude -p sends that one.`, [advice]);
  };
  warn(inSettings, `in ${here.userSettings}`, "Remove it there if it is outdated.");
  warn(exported, "exported in this shell", `To remove it: ${toSh(["unset", ...exported])}`);
}

/** The results of this run, by what was sent. */
export type Tested = Map<string, Diagnosis>;

/** Tests what sends the same only once. `known`: it was tested before. */
export async function testOnce(page: Page, sent: Sent, title: string, tested: Tested) {
  const key = JSON.stringify([sent.url, sent.headers]);
  const known = tested.get(key);
  const files = known ?? (await test(page, sent, title));
  tested.set(key, files);
  return { files, isKnown: known !== undefined };
}

/** The proof of every chosen scope, a line each; undefined if there is none. The first failure is reported. */
export async function prove(before: Page, { values, choice }: Decided, tested: Tested): Promise<Proof | undefined> {
  const page = await openAgain(before);
  const secrets = secretsOf(page.target, values);
  let proof: Proof | undefined;
  for (const scope of choice.scopes) {
    if (scope !== "project" && page.here.claude === undefined) continue;
    const title = scope === "project" ? "Test with the saved settings" : `Test through Claude Code's ${scope} scope`;
    const entry = entryIn(page, scope);
    const missing = `${title}: the entry "${page.target.name}" is missing when the file is read again`;
    if (entry === undefined) throw new Refusal(missing, { hint: "npx create-halo-mcp doctor" }, "proof-failed");
    const { files } = await testOnce(page, sentByFiles(page, entry, title), title, tested);
    const client = files.ok ? await proveClient(page, entry, secrets) : "not-asked";
    const isShown = client === "not-asked" || files.control !== "refused";
    if (isShown && !isTold(page, files)) showDiagnosis(page.show, files, title, true);
    if (scope === "project") warnOfStale(page, secrets);
    proof = { ok: files.ok && FAILURES[client] === undefined, files, client };
    if (!proof.ok) break;
  }
  return proof;
}
