import {
  type ClientStatus,
  type Entry,
  expandEntry,
  haloEntries,
  parseScope,
  parseStatus,
  type Scope,
} from "../../core/clients/claude-code.ts";
import type { Diagnosis } from "../../core/diagnosis/diagnose.ts";
import { isHaloEndpoint } from "../../core/endpoint.ts";
import { dotenvOf } from "../../core/formats/dotenv.ts";
import { equalJson, jsonOf, property, strings } from "../../core/formats/json.ts";
import { secretsOf } from "../../core/plan/install.ts";
import { printable } from "../../core/secrets.ts";
import { Cancelled, Refusal } from "../../errors.ts";
import { type Answer, askClaude } from "../../io/claude.ts";
import { readState } from "../../io/read.ts";
import { bridgeOf } from "./build-plan.ts";
import { sentBeside, showDiagnosis, testConnection } from "./test.ts";
import type { Room, Values } from "./values.ts";

/** What was proven after writing. `client`: the word of Claude Code itself, where it could be asked. */
export interface Proof {
  readonly files: Diagnosis | undefined;
  readonly client: ClientStatus | "not-asked";
}

/** The entry of a scope as it stands on disk now, and the environment in which Claude Code would expand it. */
function readBack(
  room: Room,
  scope: Scope,
): { entry: Entry | undefined; env: Readonly<Record<string, string | undefined>> } {
  const { survey, context, target } = room;
  const { paths } = survey;
  const userEnv = strings(property(jsonOf(readState(survey.userSettings), true), "env"));
  if (scope !== "project") {
    const store = jsonOf(readState(survey.store), false);
    const servers =
      scope === "user" ? property(store, "mcpServers") : property(store, "projects", survey.storeKey, "mcpServers");
    return {
      entry: haloEntries(servers, scope, target.name).find(({ name }) => name === target.name),
      env: { ...context.env, ...userEnv },
    };
  }
  const servers = property(jsonOf(readState(paths.mcp), true), "mcpServers");
  const entry = haloEntries(servers, scope, target.name).find(({ name }) => name === target.name);
  if (bridgeOf(room) === "claude-settings") {
    return {
      entry,
      env: { ...context.env, ...userEnv, ...strings(property(jsonOf(readState(paths.bridge), true), "env")) },
    };
  }
  return { entry, env: { ...context.env, ...Object.fromEntries(dotenvOf(readState(paths.env))) } };
}

/** The connection test once more, through what is on disk. Nothing is sent to another URL than the one agreed on. */
export async function proveFiles(room: Room, scope: Scope, agreedUrl: string, what: string): Promise<Diagnosis> {
  const { entry, env } = readBack(room, scope);
  if (entry === undefined)
    throw new Refusal(
      `${what}: the entry "${room.target.name}" is not there when the file is read back`,
      { hint: "claude mcp list" },
      "proof-failed",
    );
  const sent = expandEntry(entry, env);
  if (sent.url !== agreedUrl && !isHaloEndpoint(sent.url)) {
    throw new Refusal(
      `${what}: the URL that was read back is not the one you agreed to; nothing was sent`,
      undefined,
      "endpoint-foreign",
    );
  }
  sentBeside(room.target, sent);
  if (sent.missing.length > 0) {
    throw new Refusal(
      `${what}: nothing sets ${sent.missing.join(", ")}, so Claude Code would send the placeholder itself`,
      { hint: `set it in ${room.survey.paths.bridge} under "env"` },
      "placeholder-sent",
    );
  }
  // Claude Code is asked next; HALO's own address is where the token belongs, wherever that leads
  const listens = room.survey.claude !== undefined && !isHaloEndpoint(sent.url);
  const diagnosis = await testConnection(room, sent, what, listens);
  showDiagnosis(room, diagnosis, what, true);
  if (diagnosis.led !== null) room.show.warn(diagnosis.led);
  return diagnosis;
}

const FAILED: readonly ClientStatus[] = ["failed", "needs-auth", "rejected", "disabled", "not-configured"];

export function clientFailed(status: Proof["client"]): boolean {
  return status !== "not-asked" && FAILED.includes(status);
}

/** Two scopes whose entries of this name come to the same: the answer for one is the answer for the other. */
function sendsTheSame(room: Room, ...scopes: readonly [Scope, Scope]): boolean {
  const [one, other] = scopes.map((scope) => {
    const { entry, env } = readBack(room, scope);
    return entry === undefined ? undefined : expandEntry(entry, env);
  });
  return (
    one !== undefined &&
    other !== undefined &&
    one.url === other.url &&
    equalJson({ ...one.headers }, { ...other.headers })
  );
}

/** Switched off with /mcp in this folder. A session then never connects; `mcp get` of 2.1.197 says "Connected" all the same. */
function isSwitchedOff({ survey, target }: Room): boolean {
  const off = property(jsonOf(readState(survey.store), false), "projects", survey.storeKey, "disabledMcpServers");
  return Array.isArray(off) && off.includes(target.name);
}

/** Without the bridge of ours a session gets the values from its environment, or from the user's own settings. */
function isExported({ context, survey }: Room, secrets: Readonly<Record<string, string>>): boolean {
  const env = { ...context.env, ...strings(property(jsonOf(readState(survey.userSettings), true), "env")) };
  return Object.entries(secrets).every(([name, value]) => env[name] === value);
}

/** Asks Claude Code itself, through a private settings file for the project scope. Only its status is shown. */
export async function proveClient(room: Room, scope: Scope, values: Values): Promise<Proof["client"]> {
  const { survey, context, target, show } = room;
  if (survey.claude === undefined) return "not-asked";
  const secrets = secretsOf(target, values);
  if (scope === "project" && bridgeOf(room) !== "claude-settings" && !isExported(room, secrets)) {
    show.warn("Claude Code was not asked: the variables are not exported here, so it does not get the values yet.");
    return "unknown";
  }
  const progress = show.progress(`asking Claude Code ${survey.claude.version}`);
  let answer: Answer | undefined;
  try {
    const own = strings(property(jsonOf(readState(survey.userSettings), true), "env"));
    const overridden = Object.entries(secrets).some(([name, value]) => Object.hasOwn(own, name) && own[name] !== value);
    const bridge = scope === "project" ? { env: secrets, enabled: [target.name] } : undefined;
    answer = await askClaude(
      survey.claude,
      {
        name: target.name,
        bridge,
        overridden,
        elsewhere: scope === "user",
        timeoutMs: Math.min(room.options.timeoutMs, 30_000),
      },
      { cwd: survey.root, env: survey.programEnv, signal: context.signal },
    );
  } catch (error) {
    if (error instanceof Cancelled) throw error;
    // no room for a private file, say: everything is written and proven from here
    show.warn("Claude Code could not be asked.", [printable(error instanceof Error ? error.message : String(error))]);
    return "not-asked";
  } finally {
    progress.end("gone");
  }
  const client = `Claude Code ${survey.claude.version}`;
  // 2.1.197 prints a name as it is, line breaks and all: what comes after it is Claude Code's own
  const output = answer?.said ?? "";
  const said = output.startsWith(`${target.name}:`) ? output.slice(target.name.length + 1) : output;
  const answered = parseScope(said);
  if (answered !== undefined && answered !== scope && !sendsTheSame(room, answered, scope)) {
    show.bad(`${client} takes its ${answered} entry of the same name here, not the one of the ${scope} scope.`, [
      `To use the latter: claude mcp remove --scope ${answered} ${printable(target.name, 64)}`,
    ]);
    return "failed";
  }
  const status = isSwitchedOff(room) ? "disabled" : answer?.isKnown === false ? "not-configured" : parseStatus(said);
  if (status === "connected") show.ok(`${client} says: connected (${scope} scope).`);
  else if (status === "disabled")
    show.bad(`${client}: switched off for this folder.`, ["To switch it on again: claude, then /mcp"]);
  else if (status === "rejected")
    show.bad(`${client} says: ${status}. Somebody once answered no.`, [
      `To be asked again: claude mcp reset-project-choices`,
    ]);
  else if (clientFailed(status))
    show.bad(`${client} says: ${status}, although the same values work from here.`, [
      "Proxy variables, NODE_EXTRA_CA_CERTS and another entry of the same name are the usual reasons: claude mcp list",
    ]);
  else show.warn(`${client} gave no clear answer (${status}).`, ["Look for yourself: claude, then /mcp"]);
  return status;
}
