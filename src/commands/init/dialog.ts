import type { Scope } from "../../core/clients/claude-code.ts";
import { references } from "../../core/clients/claude-code.ts";
import { toSh } from "../../core/command-line.ts";
import type { Diagnosis } from "../../core/diagnosis.ts";
import { printable } from "../../core/redact.ts";
import type { Target } from "../../core/target.ts";
import { isHaloEndpoint, parseEndpoint } from "../../endpoint.ts";
import { Cancelled, Refusal } from "../../errors.ts";
import type { ClientId } from "../../flags.ts";
import type { Ask } from "../../ui/ask.ts";
import type { Choice } from "./build-plan.ts";
import { type Sent, sentBy, showDiagnosis, testConnection } from "./test.ts";
import { askIds, askToken, type Candidates, type Room, type Values } from "./values.ts";

/** The variable of a secret whose value became part of an address, if there is one. */
function secretIn({ context, survey, target }: Room, url: string): string | undefined {
  const token = "env" in target.slots.token ? target.slots.token.env : undefined;
  const isSecret = (name: string): boolean => name === token || /TOKEN|SECRET|KEY|PASSWORD/i.test(name);
  const found = Object.entries({ ...context.env, ...survey.bridge }).find(
    // a host's name is read in small letters
    ([name, text = ""]) => isSecret(name) && text.length >= 8 && url.toLowerCase().includes(text.toLowerCase()),
  );
  return found?.[0];
}

/**
 * The URL of a target, fit to receive a token. A URL that comes from a file of the repository and is not HALO's own
 * needs `--url` with that very URL, or a yes that was shown the host. Throws Refusal; nothing was sent by then.
 */
export async function agreeOnUrl(room: Room, target: Target, url: string): Promise<string> {
  const endpoint = parseEndpoint(url);
  const file = ".mcp.json";
  if (!endpoint.ok) {
    throw new Refusal(
      `${file}: the URL of "${target.name}" cannot be used: ${endpoint.problem}`,
      { hint: "correct it, or set HALO up beside it: --name halo-mine" },
      "bad-url",
    );
  }
  if (isHaloEndpoint(url) || room.options.url === url) return url;
  if (target.mode === "new") return url;
  const secret = secretIn(room, url);
  if (secret !== undefined) {
    throw new Refusal(
      `${file}: the URL of "${target.name}" takes in the value of ${secret}; an address is no place for a secret, and nothing was sent`,
      { hint: "correct it, or set HALO up beside it: --name halo-mine" },
      "bad-url",
    );
  }
  const shown = printable(url, 200);
  const sends = [...new Set(Object.values(target.entry?.headers ?? {}).flatMap(references))];
  const why = `the entry "${printable(target.name, 64)}" in ${file} sends to ${endpoint.host}, which is not HALO's own endpoint`;
  if (room.ask === undefined || room.options.yes) {
    throw new Refusal(
      `${why}; nothing was sent`,
      { hint: `if this host may have your token, name it:\n${toSh(["--url", url])}` },
      "endpoint-foreign",
    );
  }
  room.show.warn(`Careful: ${why}.`, [
    `URL: ${shown}`,
    `It would receive: ${sends.join(", ")}`,
    "Say yes only if your team told you about this host (a gateway of yours, say).",
  ]);
  if (!(await room.ask.confirm({ message: `Send your token to ${endpoint.host}?`, initial: false }))) {
    throw new Refusal(
      `${why}; nothing was sent`,
      { hint: "ask whoever changed .mcp.json, or set HALO up beside it: --name halo-mine" },
      "endpoint-foreign",
    );
  }
  return url;
}

/** Values typed by a person, tested, and corrected until they work or the person decides otherwise. */
export async function askUntilConnected(
  room: Room,
  ask: Ask,
  candidates: Candidates,
  env: Readonly<Record<string, string | undefined>>,
  reopen = false,
): Promise<{ values: Values; tested: Diagnosis | undefined }> {
  const { options, target } = room;
  let token = await askToken(room, ask, candidates.token);
  let ids = await askIds(room, ask, candidates, reopen);
  for (;;) {
    const values: Values = { token, ...ids };
    if (options.skipTest) return { values, tested: undefined };
    const tested = await testConnection(room, sentBy(target, values, env), "Connection test");
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

/** What to connect: the flags when they say so, else a question, else Claude Code for this repository. */
export async function chooseClients(room: Room): Promise<Choice> {
  const { options, ask, target } = room;
  const byFlags: Choice = { clients: options.clients ?? ["claude-code"], scopes: options.scopes ?? ["project"] };
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
  return { clients: [...(scopes.length > 0 ? (["claude-code"] as const) : []), ...web], scopes };
}

export async function confirmPlan(room: Room, message: string): Promise<void> {
  if (room.options.yes || room.ask === undefined) return;
  if (!(await room.ask.confirm({ message, initial: true }))) throw new Cancelled("Stopped. Nothing was changed.");
}

/** Values that nothing sets in what would be sent: the client would send their placeholders. */
export function refuseMissing(sent: Sent): void {
  if (sent.missing.length === 0) return;
  throw new Refusal(
    `.mcp.json refers to ${sent.missing.map((name) => printable(name, 60)).join(", ")}, and nothing sets it: Claude Code would send the placeholder itself`,
    { hint: `export ${sent.missing[0] ?? "NAME"}=… and run this again` },
    "placeholder-sent",
  );
}
