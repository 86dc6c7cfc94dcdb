import { expandEntry, references, type Scope, type Sent } from "../../core/clients/claude-code.ts";
import { toSh } from "../../core/command-line.ts";
import type { Diagnosis } from "../../core/diagnosis/diagnose.ts";
import { isHaloEndpoint, parseEndpoint } from "../../core/endpoint.ts";
import { type Target, variablesOf } from "../../core/plan/target.ts";
import { printable } from "../../core/secrets.ts";
import { Cancelled, Refusal } from "../../errors.ts";
import type { ClientId } from "../../flags.ts";
import type { Ask } from "../../ui/ask.ts";
import type { Choice } from "./build-plan.ts";
import type { InitOptions } from "./options.ts";
import { sentBeside, sentBy, showDiagnosis, testConnection } from "./test.ts";
import { askIds, askToken, type Candidates, type Room, type Values } from "./values.ts";

/**
 * The URL of a target, fit to receive a token. A URL that comes from a file of the repository and is not HALO's own
 * needs `--url` with that very URL, or a yes that was shown the host. One that is put together from variables is never
 * offered for a yes: it would show, and send, what they hold. Throws Refusal; nothing was sent by then.
 */
export async function agreeOnUrl(room: Room, target: Target, url: string): Promise<string> {
  const { ask, options, show } = room;
  const file = ".mcp.json";
  const name = printable(target.name, 64);
  const aside = "correct it, or set HALO up beside it: --name halo-mine";
  const ownVariables = variablesOf(target).map(({ env }) => env);
  if (target.mode === "join" && references(target.url).some((variable) => ownVariables.includes(variable))) {
    throw new Refusal(
      `${file}: the URL of "${name}" is put together from HALO's own values; nothing was sent`,
      { hint: aside },
      "bad-url",
    );
  }
  if (isHaloEndpoint(url) || options.url === url || target.mode === "new") return url;
  if (target.url.includes("${")) {
    throw new Refusal(
      `${file}: the URL of "${name}" is put together from variables and does not come to HALO's own endpoint: ${printable(target.url, 200)}; nothing was sent`,
      { hint: `${aside}, or name the whole address with --url` },
      "endpoint-foreign",
    );
  }
  const endpoint = parseEndpoint(url);
  if (!endpoint.ok) {
    throw new Refusal(`${file}: the URL of "${name}" cannot be used: ${endpoint.problem}`, { hint: aside }, "bad-url");
  }
  const sends = [...new Set(Object.values(target.entry?.headers ?? {}).flatMap(references))];
  const why = `the entry "${name}" in ${file} sends to ${endpoint.host}, which is not HALO's own endpoint`;
  if (ask === undefined || options.yes) {
    throw new Refusal(
      `${why}; nothing was sent`,
      { hint: `if this host may have your token, name it:\n${toSh(["--url", url])}` },
      "endpoint-foreign",
    );
  }
  show.warn(`Careful: ${why}.`, [
    `URL: ${printable(url, 200)}`,
    `It would receive: ${sends.join(", ")}`,
    "Say yes only if your team told you about this host (a gateway of yours, say).",
  ]);
  if (!(await ask.confirm({ message: `Send your token to ${endpoint.host}?`, initial: false }))) {
    throw new Refusal(
      `${why}; nothing was sent`,
      { hint: "ask whoever changed .mcp.json, or set HALO up beside it: --name halo-mine" },
      "endpoint-foreign",
    );
  }
  return url;
}

/**
 * What a followed entry sends beside the three headers: only values that are named for this purpose, and never
 * without a word.
 */
export function agreeOnHeaders(room: Room, env: Readonly<Record<string, string | undefined>>): void {
  const { target, show } = room;
  if (target.mode !== "join" || target.entry === undefined) return;
  const more = sentBeside(target, expandEntry(target.entry, env));
  if (more.length > 0)
    show.warn(
      "The entry sends more than the three headers:",
      more.map(({ header, variable }) => `${printable(header, 60)}, from ${variable}`),
    );
}

/** What is sent with these values. Throws Refusal when it would go elsewhere than agreed, or holds a placeholder. */
export function sentTo(
  room: Room,
  values: Values,
  env: Readonly<Record<string, string | undefined>>,
  url: string,
): Sent {
  const sent = sentBy(room.target, values, env);
  if (sent.url !== url) {
    throw new Refusal(
      "with these values the URL in .mcp.json leads elsewhere than agreed; nothing was sent",
      { hint: "look at the url in .mcp.json" },
      "endpoint-foreign",
    );
  }
  // with the values in it, a text can refer to more than before
  sentBeside(room.target, sent);
  const missing = sent.missing[0];
  if (missing !== undefined) {
    throw new Refusal(
      `.mcp.json refers to ${sent.missing.map((name) => printable(name, 60)).join(", ")}, and nothing sets it: Claude Code would send the placeholder itself`,
      { hint: `set it, then run this again:\nexport ${missing}=…` },
      "placeholder-sent",
    );
  }
  return sent;
}

/** Values typed by a person, tested, and corrected until they work or the person decides otherwise. */
export async function askUntilConnected(
  room: Room,
  ask: Ask,
  candidates: Candidates,
  to: { readonly env: Readonly<Record<string, string | undefined>>; readonly url: string },
  reopen = false,
): Promise<{ values: Values; tested: Diagnosis | undefined }> {
  const { options } = room;
  let token = await askToken(room, ask, candidates.token);
  let ids = await askIds(room, ask, candidates, reopen);
  for (;;) {
    const values: Values = { token, ...ids };
    const sent = sentTo(room, values, to.env, to.url);
    if (options.skipTest) return { values, tested: undefined };
    const tested = await testConnection(room, sent, "Connection test");
    showDiagnosis(room, tested, "Connection test");
    if (tested.ok) return { values, tested };
    if (options.yes) throw testFailed(tested);
    const next = await ask.select({
      message: "What now?",
      choices: [
        { value: "token", label: "Enter another token" },
        { value: "ids", label: "Correct the IDs" },
        { value: "again", label: "Try again" },
        { value: "save", label: "Save anyway, untested" },
        { value: "stop", label: "Stop, write nothing" },
      ],
    });
    if (next === "token") token = await askToken(room, ask, []);
    else if (next === "ids") ids = await askIds(room, ask, reopened(ids), true);
    else if (next === "save") return { values, tested };
    else if (next === "stop") throw new Cancelled("Stopped. Nothing was changed.");
  }
}

function reopened(ids: { account: string; profile: string }): Candidates {
  const one = (value: string): Candidates["token"] => [{ value, from: "as entered", given: false }];
  return { token: [], account: one(ids.account), profile: one(ids.profile) };
}

/** A failed test where nobody can correct it: exit 1 with the cause, and how to write all the same. */
export function testFailed(diagnosis: Diagnosis): Refusal {
  const failed = diagnosis.stages.find((stage) => stage.cause !== undefined);
  return new Refusal(
    `the connection test failed, so nothing was written: ${failed?.detail ?? diagnosis.cause ?? "unknown"}`,
    { hint: [failed?.tryThis, "to write untested: --skip-test"].filter((line) => line !== undefined).join("\n") },
    diagnosis.cause ?? "test-failed",
  );
}

const CHOICES = [
  { value: "project", label: "Claude Code, for this repository", hint: ".mcp.json, for the team" },
  { value: "local", label: "Claude Code, only me, in this repository" },
  { value: "user", label: "Claude Code, only me, everywhere" },
  { value: "claude-ai", label: "Claude.ai", hint: "steps to do by hand" },
  { value: "chatgpt", label: "ChatGPT", hint: "steps to do by hand" },
] as const;

/** What the flags say, and Claude Code for this repository where they say nothing. */
export function choiceByFlags({ clients, scopes }: InitOptions): Choice {
  return { clients: clients ?? ["claude-code"], scopes: scopes ?? ["project"] };
}

/** What to connect: the flags when they say so, else a question, else Claude Code for this repository. */
export async function chooseClients(room: Room): Promise<Choice> {
  const { options, ask, target } = room;
  const byFlags = choiceByFlags(options);
  if (
    ask === undefined ||
    options.yes ||
    options.clients !== undefined ||
    options.scopes !== undefined ||
    target.mode === "join"
  )
    return byFlags;
  const picked = await ask.several({ message: "What do you want to connect?", choices: CHOICES, initial: ["project"] });
  const scopes = picked.filter((word): word is Scope => word === "project" || word === "local" || word === "user");
  const web = picked.filter(
    (word): word is Exclude<ClientId, "claude-code"> => word === "claude-ai" || word === "chatgpt",
  );
  if (options.ci !== undefined && !scopes.includes("project"))
    room.show.warn("--ci checks what a repository holds, and this one is not connected: no file is written for it.");
  return { clients: [...(scopes.length > 0 ? (["claude-code"] as const) : []), ...web], scopes };
}

export async function confirmPlan(room: Room, message: string): Promise<void> {
  if (room.options.yes || room.ask === undefined) return;
  if (!(await room.ask.confirm({ message, initial: true }))) throw new Cancelled("Stopped. Nothing was changed.");
}
