/** Files and environment → what a session of Claude Code would do with HALO. Pure; contains secrets. */
import { LOADS } from "../check/env-files.ts";
import { shown } from "../check/show.ts";
import { type Entry, expandEntry, haloEntry, readEntry, type Scope } from "../clients/claude-code.ts";
import { projectOf } from "../clients/claude-project.ts";
import type { Answer } from "../clients/claude-question.ts";
import {
  type ApprovalView,
  approvalOf,
  type ClaudeState,
  claudeState,
  type Env,
  envIn,
  isSwitchedOff,
  type Layer,
  layerOf,
  type Origin,
  sessionEnv,
  sessionLayers,
  storedOf,
  takenEntry,
  trustOf,
} from "../clients/claude-state.ts";
import { expand, references } from "../clients/references.ts";
import { type Consent, isOwnUrl, mayReceive, whatToSend } from "../connection.ts";
import { dotenvOf } from "../formats/dotenv.ts";
import { isObject, type Json, property } from "../formats/json.ts";
import {
  cleanValue,
  HALO_URL,
  HEADERS,
  isSafeVariable,
  type Store,
  storeOf,
  VALUES,
  type Value,
  valueNamed,
  variablesFor,
} from "../halo.ts";
import { chooseName, ofJson, placeOf, type Server, type SetupInput } from "./entries.ts";

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

/** Where one of the three values comes from, and where else it is. Never the value. */
export interface ValueSource {
  readonly value: Value;
  /** The variable that the header refers to; undefined for plain text in the file, or without a header. */
  readonly variable: string | undefined;
  /** The source of the value that a session of Claude Code sends. `none`: nothing sets it, the reference itself is sent. */
  readonly from: Origin | "default" | "literal" | "none";
  /** The source as it is shown: a file, or "the environment"; undefined if nothing is sent. */
  readonly place: string | undefined;
  /** Every place that has it, and whether it is the value that is sent. Sessions do not read `.env`. */
  readonly places: readonly { readonly place: string; readonly same: boolean }[];
  /** `absent`: the entry has no such header. `placeholder`: words instead of a value, or a reference that is not expanded. */
  readonly state: "set" | "empty" | "placeholder" | "unset" | "bad" | "absent";
  /** Why a session cannot send it, or HALO cannot accept it; never the value. */
  readonly problem?: string;
  /** The value, or of an unset one the copy that no session reads, is only a reference to a secret store; and where it is. */
  readonly store?: (Store & { readonly place: string }) | undefined;
}

type Holders = readonly Pick<Layer, "place" | "env">[];

/** Every place with values: lowest precedence first, those that no session reads last. */
function holdersOf({ mainSettings: main, dotenv }: SetupInput, state: ClaudeState, layers: readonly Layer[]): Holders {
  return [
    ...layers,
    ...(main === undefined || state.project.local.length > 1 ? [] : [{ place: main.shown, env: envIn(main) }]),
    { place: dotenv.shown, env: Object.fromEntries(dotenvOf(dotenv.state)) },
  ];
}

/** Why HALO would not accept a value as it is sent; never the value. */
function judge(value: Value, sent: string): Pick<ValueSource, "state" | "problem"> {
  if (sent === "") return { state: "empty", problem: "it is empty" };
  const cleaned = cleanValue(value, sent);
  if (!cleaned.ok) return { state: cleaned.missing ? "placeholder" : "bad", problem: cleaned.problem };
  const problem = `it contains more than the value, and all of it is sent: ${cleaned.cleaned.join(", ")}`;
  return cleaned.cleaned.length === 0 ? { state: "set" } : { state: "bad", problem };
}

export function headersFor(entry: Entry, value: Value): readonly string[] {
  return Object.entries(entry.headers).flatMap(([name, text]) => (valueNamed(name) === value ? [text] : []));
}

/** An empty line or a placeholder is no value. */
function copiesOf(holders: Holders, name: string): readonly { readonly place: string; readonly text: string }[] {
  return holders.flatMap(({ place, env }) => {
    const text = Object.hasOwn(env, name) ? (env[name] ?? "").trim() : "";
    return text === "" ? [] : [{ place, text }];
  });
}

function storeAt(text: string, place: string): ValueSource["store"] {
  const store = storeOf(text);
  return store && { ...store, place };
}

/** In: the entry in use and its file, the layers of a session and their result, and every place with values. */
function viewValues(entry: Entry, file: string, layers: readonly Layer[], env: Env, holders: Holders) {
  return VALUES.map((value): ValueSource => {
    const text = headersFor(entry, value).at(-1);
    const [variable] = references(text ?? "");
    const nothing = { value, variable, from: "none", place: undefined, places: [], state: "absent" } as const;
    if (text === undefined) return nothing;
    const expanded = expand(text, env);
    const layer = variable === undefined ? undefined : layerOf(layers, variable);
    // copies of plain text in the file have the usual variable name
    const copies = copiesOf(holders, variable ?? variablesFor(entry.name)[value]);
    const own = variable === undefined ? expanded.text.trim() : (layer?.env[variable]?.trim() ?? copies[0]?.text);
    const read = copies.map(({ place, text: copy }) => ({ place, same: copy === own, store: storeAt(copy, place) }));
    const places = read.flatMap(({ store, ...copy }) => (store === undefined ? [copy] : []));
    // if one of several variables is missing, the value is wrong
    const [missing] = expanded.missing;
    const [sealed] = places.length === 0 ? read : [];
    if (missing !== undefined) return { ...nothing, variable: missing, places, state: "unset", store: sealed?.store };
    const place = layer?.place ?? (variable === undefined ? file : `a default in ${file}`);
    const from = variable === undefined ? "literal" : (layer?.from ?? "default");
    const judged = judge(value, expanded.text.trim());
    return { value, variable, from, place, places, store: storeAt(expanded.text, place), ...judged };
  });
}

/** Characters of a value: no server accepts a longer header, and masking megabytes takes half a minute. */
const LONGEST_SECRET = 8192;

/** Every text that may be the token: the values of its variables, and plain text in entries. To be masked. */
function secretsIn(entries: readonly Entry[], env: Env, holders: Holders): readonly string[] {
  const headers = entries.flatMap((entry) => headersFor(entry, "token"));
  const names = new Set(["HALO_MCP_TOKEN", ...headers.flatMap(references)]);
  const held = [...names].flatMap((name) => copiesOf(holders, name).map(({ text }) => text));
  const texts = new Set([...held, ...headers.map((text) => expand(text, env).text.trim())]);
  return [...texts].flatMap((whole) => {
    const text = whole.slice(0, LONGEST_SECRET);
    const cleaned = cleanValue("token", text);
    // a value that cannot be sent is also a secret
    return cleaned.ok ? [...new Set([text, cleaned.value])] : cleaned.missing ? [] : [text];
  });
}

/** The network variables of the client; it does not read ALL_PROXY. Windows ignores their case. */
const NETWORK = /^(?:https?_proxy|no_proxy|node_extra_ca_certs|node_tls_reject_unauthorized|ssl_cert_(?:file|dir))$/i;
/** At 0, certificates are not verified; no other value counts. */
export const VERIFY = "NODE_TLS_REJECT_UNAUTHORIZED";

/** The proxy and certificate variables, each with its source. Never the value: a proxy may contain a password. */
function viewNetwork(layers: readonly Layer[]) {
  const names = new Set(layers.flatMap(({ env }) => Object.keys(env).filter((name) => NETWORK.test(name))));
  const given = layers.find(({ from }) => from === "environment")?.env ?? {};
  return [...names].sort().flatMap((name) => {
    const layer = layerOf(layers, name);
    const [text, own] = [layer?.env[name] ?? "", given[name] ?? ""];
    if (layer === undefined || (name === VERIFY ? text !== "0" : text === "" && own === "")) return [];
    // `differs`: a session uses another value than the connection test, which uses the environment
    return [{ name, from: layer.from, place: layer.place, differs: text !== own }];
  });
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
