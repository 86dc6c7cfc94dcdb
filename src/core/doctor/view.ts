/** Files and environment → what a session of Claude Code would do with HALO. Pure; contains secrets. */
import { LOADS } from "../check/env-files.ts";
import { shown } from "../check/show.ts";
import { type Entry, expandEntry, haloEntry, readEntry, type Scope } from "../clients/claude-code.ts";
import { projectOf } from "../clients/claude-project.ts";
import type { Answer } from "../clients/claude-question.ts";
import type { ApprovalView, ClaudeState, Env } from "../clients/claude-state.ts";
import {
  approvalOf,
  claudeState,
  isSwitchedOff,
  sessionEnv,
  sessionLayers,
  storedOf,
  takenEntry,
  trustOf,
} from "../clients/claude-state.ts";
import { type Consent, isOwnUrl, mayReceive, whatToSend } from "../connection.ts";
import { dotenvOf } from "../formats/dotenv.ts";
import { isObject, type Json, property } from "../formats/json.ts";
import { HALO_URL, HEADERS, isSafeVariable, type Value } from "../halo.ts";
import { chooseName, ofJson, placeOf, type Server, type SetupInput } from "./entries.ts";
import { holdersOf, secretsIn, type ValueSource, viewNetwork, viewValues } from "./values.ts";

/** What Claude Code said about the entry; no status if it did not answer in time, or must not be asked (`refused`). */
export type Asked = Partial<Answer> & { readonly refused?: string; readonly remark?: string | undefined };

/** The files with servers: local, each `.mcp.json` from the nearest on, user. One loader reads them all (measured 2026-11-22). */
function placesOf(input: SetupInput, state: ClaudeState, secrets: readonly string[]) {
  const ofStore = (scope: Scope, servers: Json | undefined) =>
    isObject(servers) ? [ofJson(scope, input.store.shown, servers, secrets)] : [];
  return [
    ...ofStore("local", property(storedOf(state), "mcpServers")),
    ...input.mcp.flatMap(({ shown, read }) => (read === undefined ? [] : [placeOf("project", shown, read, secrets)])),
    ...ofStore("user", property(state.store, "mcpServers")),
  ];
}

/** The dialogs that a session shows before it connects to anything. */
function dialogsOf(state: ClaudeState, servers: readonly Server[]): readonly string[] {
  const isNew = ({ scope, lost, entry: { name } }: Server): boolean =>
    scope === "project" &&
    lost === undefined &&
    approvalOf(state, name).state === "pending" &&
    !isSwitchedOff(state, name);
  const trust = trustOf(state).trusted ? [] : ["trust"];
  // if it skips a settings file, it prints "skipping .mcp.json server approval" (measured 2026-11-22, both versions)
  if (state.settings.some(({ broken }) => broken !== undefined)) return ["settings-error", ...trust];
  return servers.some(isNew) ? [...trust, "new-server"] : trust;
}

/** How the variables of the entry reach a session. `direnv`: an .envrc would set them, but not in this shell. `literal`: none are needed. */
function bridgeOf({ state, shown: file }: SetupInput["envrc"], values: readonly ValueSource[], store?: string) {
  if (store !== undefined) return { kind: "keychain", file: store };
  const needed = values.filter(({ variable }) => variable !== undefined);
  const [first] = needed;
  if (first === undefined) return { kind: values.some(({ from }) => from === "literal") ? "literal" : "none" };
  if (needed.some((each) => each.state === "unset"))
    return state.kind === "file" && LOADS.test(state.text) ? { kind: "direnv", file } : { kind: "none" };
  if (first.from === "environment" || first.from === "default") return { kind: "environment" };
  return { kind: first.from === "user-settings" ? first.from : "claude-settings", file: first.place };
}

/** What the test sends: the entry as a session sends it, or the known values; completed from `.env`, except the URL. */
function sendingOf(input: SetupInput, tested: Entry, sources: readonly ValueSource[], env: Env, given: Consent) {
  const { token, dotenv } = input;
  const filled = dotenvOf(dotenv.state);
  const others = Object.entries(tested.headers).filter(([name]) => name.toLowerCase() !== HEADERS.token.toLowerCase());
  const headers = token === undefined ? tested.headers : { ...Object.fromEntries(others), [HEADERS.token]: token };
  const entry = { ...tested, headers };
  const added = expandEntry(entry, env).missing.filter((each) => isSafeVariable(each) && filled.get(each));
  const from = sources.map(({ value, variable, place }) => {
    if (value === "token" && token !== undefined) return [value, "the token from the command line"];
    const where = variable !== undefined && added.includes(variable) ? dotenv.shown : place;
    return [value, where === undefined || value !== "token" ? where : `${variable ?? "the token"} from ${where}`];
  });
  return {
    toSend: whatToSend(entry, env, Object.fromEntries(added.map((each) => [each, filled.get(each) ?? ""])), given),
    /** Variables from `.env`, which sessions do not read: they would send the reference itself. */
    added,
    /** Where each value of the test comes from, in words. */
    from: Object.fromEntries(from) as Record<Value, string | undefined>,
  };
}

export type View = ReturnType<typeof viewSetup>;

/** A `claude` on the PATH that does not report its version (`silent`), or not in time (`late`). */
type Program = "none" | "silent" | "late" | "found";

export function viewSetup(input: SetupInput, program: Program, version?: string) {
  const state = claudeState(input, projectOf(input, version), version);
  const layers = sessionLayers(state, input.env);
  const env = sessionEnv(state, input.env);
  const holders = holdersOf(input, state, layers);
  const unmasked = placesOf(input, state, []).flatMap(({ servers }) => servers.map(({ entry }) => entry));
  const secrets = secretsIn(unmasked, env, holders);

  const places = placesOf(input, state, secrets);
  const all = places.flatMap(({ servers }) => servers);
  const name = chooseName(all, input.name);
  const contenders = all.filter(({ entry, isHalo }) => entry.name === name || isHalo);
  const projectApproval = approvalOf(state, name);
  const kept = contenders.filter(({ entry, lost }) => entry.name === name && lost === undefined);
  const { winner, waiting } = takenEntry(kept, projectApproval);
  const off: ApprovalView = { state: "disabled", by: { file: input.store.shown, key: "disabledMcpServers" } };
  const asked: ApprovalView = winner?.scope === "project" ? projectApproval : { state: "not-needed" };
  const approval = winner && (isSwitchedOff(state, name) ? off : asked);

  const consent = ({ entry }: Server): Consent => ({
    url: input.url,
    isOwn: isOwnUrl(entry, layers, input.store.inRepository === true),
  });
  const isOurs = ({ isHalo }: Server): boolean => isHalo || input.url !== undefined;
  const ours = winner !== undefined && isOurs(winner) ? winner : undefined;
  // as the wizard would write it, for the known values, if no entry can be tested
  const tested = ours?.entry ?? readEntry(name, "user", haloEntry(name, input.url ?? HALO_URL));
  const allowed = ours === undefined ? { url: input.url } : consent(ours);
  const keychain = winner?.scope === "user" ? input.keychains?.get(name) : undefined;
  const found = winner === undefined ? [] : viewValues(winner.entry, winner.file, layers, env, holders);
  const values = found.map((each) =>
    keychain?.isOpen && each.value === "token" ? { ...each, place: keychain.label } : each,
  );
  const sources = ours === undefined ? viewValues(tested, "", layers, env, holders) : values;
  const sending = sendingOf(input, tested, sources, env, allowed);

  const { toSend } = sending;
  const [session, list] = [env, sessionEnv(state, input.env, "list")].map(
    (each) => winner && expandEntry(winner.entry, each),
  );
  const isForeign = !toSend.ok && (toSend.cause === "endpoint-foreign" || toSend.cause === "bad-url") && !allowed.isOwn;
  const isStarted = approval?.state === "approved" || approval?.state === "not-needed";
  const sent = session === undefined ? [] : [session.url, ...Object.values(session.headers)];
  return {
    input,
    /** The options that a suggested command needs too: `--url` if the entry, or no other one, has that URL. */
    given: (session?.url ?? input.url) === input.url ? input.given : { ...input.given, url: undefined },
    client: { program, version },
    state,
    secrets,
    places,
    name,
    shownName: shown({ secrets }, name, 64),
    contenders,
    kept,
    /** The entry that a session uses if nothing more is approved, and the approval that it needs. */
    winner,
    approval,
    /** The same, if it is for HALO or has the URL of `--url`: then it is tested, otherwise the known values. */
    ours,
    /** An entry of a `.mcp.json` that is not approved yet, while the entry of another scope is used. */
    waiting,
    trust: trustOf(state),
    dialogs: dialogsOf(state, all),
    /** HALO's own entry, to an address that its reader means, and no program: the only one that is ever to be approved or filled. */
    isFit: (each: Server): boolean =>
      !each.entry.runs && isOurs(each) && mayReceive(expandEntry(each.entry, env).url, consent(each)).ok,
    session,
    /** Variables that a session, and `claude mcp list` and `get`, would send as the reference itself. */
    missing: { session: session?.missing ?? [], list: list?.missing ?? [] },
    values,
    bridge: bridgeOf(input.envrc, values, keychain?.label),
    keychain,
    network: viewNetwork(layers),
    ...sending,
    /** A session sends the token to an address that nobody but the repository names. */
    leaks:
      isForeign && isStarted && !state.storeBroken && sent.some((text) => secrets.some((each) => text.includes(each))),
  };
}
