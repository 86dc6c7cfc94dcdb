/** Files and environment → what a session of Claude Code would do with HALO. Data only, and pure; it holds secrets. */
import type { Document } from "../check/model.ts";
import { shown } from "../check/show.ts";
import {
  type ClientStatus,
  connectionFor,
  type Entry,
  entryOf,
  expandEntry,
  readEntry,
  type Scope,
} from "../clients/claude-code.ts";
import {
  type ApprovalView,
  approvalOf,
  type ClaudeFiles,
  type ClaudeState,
  claudeState,
  envIn,
  type Folder,
  isSwitchedOff,
  type NamedFile,
  sessionEnv,
  sessionLayers,
  storeKey,
  takenEntry,
  trustOf,
} from "../clients/claude-state.ts";
import { references } from "../clients/references.ts";
import { type Consent, isOwnUrl, mayReceive, whatToSend } from "../connection.ts";
import { dotenvOf } from "../formats/dotenv.ts";
import { property } from "../formats/json.ts";
import { HALO_URL, HEADERS, isSafeVariable, type Value, variablesFor } from "../halo.ts";
import { chooseName, type Place, placeOf, type Server, storePlace } from "./entries.ts";
import { secretsIn, type ValueSource, viewNetwork, viewValues } from "./values.ts";

/** What `doctor` reads before it thinks. */
export interface SetupInput extends ClaudeFiles, Folder {
  /** `--name`. */
  readonly name: string | undefined;
  /** `--url`: this very URL may get the token. */
  readonly url: string | undefined;
  /** Of this command line: tested in place of the one that is found. */
  readonly token?: string | undefined;
  /** Words of this command line that a command to be typed needs too, as they are typed where it was started. */
  readonly given?: { readonly cwd: string | undefined; readonly valuesFile: string | undefined };
  /** The `.mcp.json` files of the folder and above it that are there, nearest first; without a document where one could not be read. */
  readonly mcp: readonly {
    readonly shown: string;
    readonly document: Document | undefined;
    readonly unreadable?: string;
  }[];
  readonly dotenv: NamedFile;
  readonly envrc: NamedFile;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The platform has permissions that count. */
  readonly hasModes: boolean;
}

/** Claude Code itself. `silent`: there is a program that does not say its version; `late`: not in the time that there was. */
export interface ClientFacts {
  readonly program: "none" | "silent" | "late" | "found";
  readonly version?: string | undefined;
}

/** What Claude Code said of the entry, or why it said nothing although it was to be asked. */
export interface Asked {
  readonly status?: ClientStatus;
  readonly scope?: Scope | undefined;
  readonly silence?: "no-time" | "no-answer" | "failed";
}

/** What carries the variables of the entry into a session. */
export interface BridgeView {
  /** `direnv`: an .envrc loads values, but not in this shell. `literal`: the entry needs no variable. */
  readonly kind: "claude-settings" | "user-settings" | "environment" | "direnv" | "literal" | "none";
  readonly file?: string;
}

/** A dialog that a session opens with, before it connects to anything. */
export type Dialog = "settings-error" | "trust" | "new-server";

/** Local, the `.mcp.json` files from the nearest on, user. */
function placesOf(input: SetupInput, { store }: ClaudeState, secrets: readonly string[]): readonly Place[] {
  const { shown: file } = input.store;
  return [
    ...storePlace("local", file, property(store, "projects", storeKey(input), "mcpServers"), secrets),
    ...input.mcp.flatMap(({ document, shown: path }) =>
      document === undefined ? [] : [placeOf("project", path, document, secrets)],
    ),
    ...storePlace("user", file, property(store, "mcpServers"), secrets),
  ];
}

function dialogsOf(input: SetupInput, state: ClaudeState, servers: readonly Server[]): readonly Dialog[] {
  const isNew = ({ scope, lost, entry: { name } }: Server): boolean =>
    scope === "project" &&
    lost === undefined &&
    approvalOf(state, input, name).state === "pending" &&
    !isSwitchedOff(state, input, name);
  const trust: Dialog[] = trustOf(state, input).trusted ? [] : ["trust"];
  // with a settings file that is skipped it says "skipping .mcp.json server approval" (measured 2026-11-22, both versions)
  if (state.settings.some(({ broken }) => broken !== undefined)) return ["settings-error", ...trust];
  return servers.some(isNew) ? [...trust, "new-server"] : trust;
}

/** direnv's `.envrc` loads something: the same words as the rule `bridge-missing` looks for. */
const LOADS = /^[ \t]*(?:dotenv|source_env|source|\.|export[ \t]+HALO_)/m;

function bridgeOf({ envrc }: SetupInput, values: readonly ValueSource[]): BridgeView {
  const needed = values.filter(({ variable }) => variable !== undefined);
  if (needed.length === 0 && values.some(({ from }) => from === "literal")) return { kind: "literal" };
  const token = needed.find(({ value }) => value === "token") ?? needed[0];
  if (token === undefined || needed.some(({ state }) => state === "unset"))
    return envrc.state.kind === "file" && LOADS.test(envrc.state.text)
      ? { kind: "direnv", file: envrc.shown }
      : { kind: "none" };
  if (token.from === "environment" || token.from === "default") return { kind: "environment" };
  const file = token.place === undefined ? {} : { file: token.place };
  return { kind: token.from === "user-settings" ? "user-settings" : "claude-settings", ...file };
}

/** The token of the command line in the place of any other. */
function withToken(entry: Entry, token: string | undefined): Entry {
  if (token === undefined) return entry;
  const rest = Object.entries(entry.headers).filter(([name]) => name.toLowerCase() !== HEADERS.token.toLowerCase());
  return { ...entry, headers: { ...Object.fromEntries(rest), [HEADERS.token]: token } };
}

/** An entry as the wizard would write it: for the values at hand, where there is none that could be tested. */
function ownEntry(name: string, url: string): Entry {
  return readEntry(name, "user", entryOf(connectionFor(name, url, variablesFor(name))));
}

type Base = ReturnType<typeof layersOf>;

/** The layers of a session, what they come to, and every place that holds values: the lowest first, those that feed no session last. */
function layersOf(input: SetupInput, state: ClaudeState) {
  const layers = sessionLayers(state, input.env);
  const { rootLocalSettings: root, dotenv } = input;
  const unread =
    root === undefined || state.behaviour.readsRootSettings ? [] : [{ place: root.shown, env: envIn(root) }];
  const filled = { place: dotenv.shown, env: Object.fromEntries(dotenvOf(dotenv.state)) };
  return { layers, env: sessionEnv(state, input.env), holders: [...layers, ...unread, filled], dotenv: filled.env };
}

/** What the test sends: the entry as a session sends it, or the values at hand; filled up from `.env`, save for the address. */
function sendingOf(input: SetupInput, name: string, taken: Server | undefined, given: Consent, base: Base) {
  const { layers, env, holders, dotenv } = base;
  const entry = withToken(taken?.entry ?? ownEntry(name, input.url ?? HALO_URL), input.token);
  const added = expandEntry(entry, env).missing.filter((each) => isSafeVariable(each) && (dotenv[each] ?? "") !== "");
  const more = Object.fromEntries(added.map((each) => [each, dotenv[each] ?? ""]));
  const file = taken?.file ?? "the entry";
  const words = ({ value, variable, from, place }: ValueSource): string | undefined => {
    if (value === "token" && input.token !== undefined) return "the token from the command line";
    const where = variable !== undefined && added.includes(variable) ? input.dotenv.shown : place;
    if (from === "literal") return value === "token" ? `the token in ${file}` : file;
    const whole = where ?? (from === "default" ? `a default in ${file}` : undefined);
    return whole === undefined || value !== "token" ? whole : `${variable ?? ""} from ${whole}`;
  };
  const [token, account, profile] = viewValues(entry, layers, env, holders).map(words);
  return {
    toSend: whatToSend(entry, env, more, given),
    /** `entry`: what a session sends. `values`: the values at hand, since there is no entry that Claude Code takes. */
    as: taken === undefined ? ("values" as const) : ("entry" as const),
    /** Variables taken from `.env`, which no session has: it would send their placeholder. */
    added,
    /** Where each value comes from, in words. */
    from: { token, account, profile } satisfies Record<Value, string | undefined>,
  };
}

/** Where a session sends what, for the entry that it takes. */
function addressOf({ entry }: Server, given: Consent, { env }: Base, secrets: readonly string[]) {
  const { url, headers } = expandEntry(entry, env);
  const permission = mayReceive(url, given);
  return {
    url,
    /** Variables of the URL that nothing sets. */
    missing: expandEntry({ url: entry.url, headers: {} }, env).missing,
    permission,
    /** Nobody but the repository says that this address gets anything. */
    foreign: !permission.ok && given.isOwn !== true,
    /** The token is in what a session sends there. */
    carries: [url, ...Object.values(headers)].some((text) => secrets.some((secret) => text.includes(secret))),
  };
}

export type View = ReturnType<typeof viewSetup>;

/** Works everything out that can be known without the network. */
export function viewSetup(input: SetupInput, client: ClientFacts) {
  const state = claudeState(input, client.version);
  const base = layersOf(input, state);
  const { env } = base;
  const unmasked = placesOf(input, state, []).flatMap(({ servers }) => servers.map(({ entry }) => entry));
  const secrets = secretsIn(unmasked, env, base.holders);

  const places = placesOf(input, state, secrets);
  const all = places.flatMap(({ servers }) => servers);
  const name = chooseName(all, input.name);
  const contenders = all.filter(({ entry, isHalo }) => entry.name === name || isHalo);
  const projectApproval = approvalOf(state, input, name);
  const kept = contenders.filter(({ entry, lost }) => entry.name === name && lost === undefined);
  const { winner, waiting } = takenEntry(kept, projectApproval);
  const off: ApprovalView = { state: "disabled", by: { file: input.store.shown, key: "disabledMcpServers" } };
  const asked: ApprovalView = winner?.scope === "project" ? projectApproval : { state: "not-needed" };
  const approval = winner && (isSwitchedOff(state, input, name) ? off : asked);

  const consent = ({ entry }: Server): Consent => ({
    url: input.url,
    isOwn: isOwnUrl(entry, references(entry.url), base.layers, input.store.inRepository === true),
  });
  const isOurs = ({ isHalo }: Server): boolean => isHalo || input.url !== undefined;
  const ours = winner !== undefined && isOurs(winner) ? winner : undefined;
  const address = winner && addressOf(winner, consent(winner), base, secrets);
  const isStarted = approval?.state === "approved" || approval?.state === "not-needed";
  const values = winner === undefined ? [] : viewValues(winner.entry, base.layers, env, base.holders);
  return {
    ...base,
    input,
    client,
    state,
    /** Every text that may be the token: to be masked wherever it turns up. */
    secrets,
    places,
    name,
    /** The name as it is shown. */
    shownName: shown({ secrets }, name, 64),
    contenders,
    /** The entry that a session takes, when its owner approves nothing more; and the approval that it needs. */
    winner,
    approval,
    /** An entry of a `.mcp.json` that waits for its approval, while another scope's is taken. */
    waiting,
    trust: trustOf(state, input),
    dialogs: dialogsOf(input, state, all),
    /** The first settings file that is skipped as a whole, as it is shown. */
    skipped: state.settings.find(({ broken }) => broken !== undefined)?.file.shown,
    /** HALO's own entry, to an address that its reader means, and no program: the only one that is ever to be approved or filled. */
    isFit: (each: Server): boolean =>
      !each.entry.runs && isOurs(each) && mayReceive(expandEntry(each.entry, env).url, consent(each)).ok,
    /** It is about HALO, or its address is the one of `--url`. */
    isOurs,
    session: winner && expandEntry(winner.entry, env),
    address,
    /** A session sends the token to an address that nobody meant. */
    leaks: address?.foreign === true && address.carries && isStarted && !state.storeBroken,
    values,
    bridge: bridgeOf(input, values),
    network: viewNetwork(base.layers),
    sending: sendingOf(input, name, ours, ours === undefined ? { url: input.url } : consent(ours), base),
  };
}
