/**
 * What Claude Code knows beside the entries: its store (`~/.claude.json`) and its settings files, and what a session makes
 * of them. Measured 2026-11-22 and 2026-11-28 with 2.1.197 and 2.1.330, in terminals, with `claude -p` and `claude mcp list`.
 */
import { isObject, type Json, jsonOf, parseDocument, property } from "../formats/json.ts";
import { placeWords } from "../formats/lines.ts";
import type { FileState } from "../plan/model.ts";
import type { Scope } from "./claude-code.ts";

/** A file with the words by which it is shown. */
export interface NamedFile {
  readonly shown: string;
  readonly state: FileState;
  /** It resolves into the repository, so whoever writes there decides what it says. */
  readonly inRepository?: boolean;
}

export interface ClaudeFiles {
  readonly store: NamedFile;
  readonly userSettings: NamedFile;
  readonly projectSettings: NamedFile;
  readonly localSettings: NamedFile;
  /** `.claude/settings.local.json` at the git root, where the session starts in a folder below it. */
  readonly rootLocalSettings?: NamedFile | undefined;
}

/** Where a session takes a variable from. `bridge`: the `env` of `.claude/settings.local.json`. */
export type Origin = "environment" | "user-settings" | "project-settings" | "bridge";
export type Env = Readonly<Record<string, string>>;

/** Variables that are sent empty to remote servers. */
const BLANKED = "NPM_TOKEN ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN CLAUDE_CODE_OAUTH_TOKEN AWS_SECRET_ACCESS_KEY";

/** What the two measured versions do differently. 2.1.197 is the newest that Node 20 gets; an unknown one is taken for new. */
function behaviourOf(version = "9.9.9") {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number);
  const isOld = major < 2 || (major === 2 && (minor < 1 || (minor === 1 && patch <= 197)));
  return {
    /** In a folder below the git root, the root's `settings.local.json` is read too, and wins. */
    readsRootSettings: !isOld,
    /** A trusted folder above the git root counts as well. */
    trustsAboveRoot: isOld,
    blanked: isOld ? [] : BLANKED.split(" "),
  };
}

/** Variables of one origin. */
export interface Layer {
  readonly from: Origin;
  /** The file as it is shown, or "the environment". */
  readonly place: string;
  readonly env: Env;
  /** Whoever writes in the repository decides what it says. */
  readonly ofRepository: boolean;
}

/** A settings file as Claude Code takes it: strict JSON, and skipped as a whole, with a dialog, when it does not fit. */
interface Settings extends Layer {
  readonly file: NamedFile;
  readonly value: Json | undefined;
  /** Why the file is skipped, and where in it (`:line:column`, or empty). */
  readonly broken?: { readonly reason: string; readonly at: string };
}

function readSettings(from: Origin, file: NamedFile): Settings {
  const { shown, state, inRepository = false } = file;
  const ofRepository = from !== "user-settings" || inRepository;
  const nothing: Settings = { from, place: shown, ofRepository, file, value: undefined, env: {} };
  const skipped = (reason: string, at = ""): Settings => ({ ...nothing, broken: { reason, at } });
  if (state.kind === "unreadable") return skipped(state.reason);
  if (state.kind === "absent" || state.text.replace(/^\uFEFF/, "").trim() === "") return nothing;
  const parsed = parseDocument(state.text, { strict: true });
  if (!parsed.ok) return skipped(parsed.refused.reason, placeWords(state.text, parsed.refused.offset));
  const { value } = parsed;
  if (!isObject(value)) return skipped("it is no object");
  const { env = {} } = value;
  if (!isObject(env)) return skipped('its "env" is no object');
  // `String()` of what is no string, as both versions do: a number is sent as its digits, null as "null"
  const texts = Object.entries(env).map(([name, each]) => [name, isObject(each) ? "[object Object]" : String(each)]);
  return { ...nothing, value, env: Object.fromEntries(texts) };
}

/** In: the files as they were read, and the version of Claude Code; undefined where it is not known. */
export function claudeState(files: ClaudeFiles, version: string | undefined) {
  const behaviour = behaviourOf(version);
  const { store, rootLocalSettings } = files;
  const value = jsonOf(store.state, true);
  return {
    files,
    store: value,
    storeBroken: store.state.kind === "file" && store.state.text.trim() !== "" && !isObject(value),
    /** Those that are read in this folder, the one that wins last. */
    settings: [
      readSettings("user-settings", files.userSettings),
      readSettings("project-settings", files.projectSettings),
      readSettings("bridge", files.localSettings),
      ...(rootLocalSettings && behaviour.readsRootSettings ? [readSettings("bridge", rootLocalSettings)] : []),
    ],
    behaviour,
  };
}

export type ClaudeState = ReturnType<typeof claudeState>;

/** What a settings file sets, whether or not a session reads it here. */
export function envIn(file: NamedFile): Env {
  return readSettings("bridge", file).env;
}

/** The layers from which a terminal session in a trusted folder takes variables, the one that wins last. `.env` is in none. */
export function sessionLayers(
  { settings }: ClaudeState,
  env: Readonly<Record<string, string | undefined>>,
): readonly Layer[] {
  const set = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const environment = { from: "environment", place: "the environment", ofRepository: false } as const;
  return [{ ...environment, env: Object.fromEntries(set) }, ...settings];
}

/** THE answer to what a session sends: the environment in which Claude Code expands an entry. `list`: for `claude mcp list` and `get`. */
export function sessionEnv(
  state: ClaudeState,
  env: Readonly<Record<string, string | undefined>>,
  by: "session" | "list" = "session",
): Env {
  const all: Record<string, string> = {};
  for (const { from, env: own } of sessionLayers(state, env))
    if (by === "session" || from === "environment" || from === "user-settings") Object.assign(all, own);
  for (const name of state.behaviour.blanked) if (Object.hasOwn(all, name)) all[name] = "";
  return all;
}

/** The layer whose value of a variable counts. */
export function layerOf(layers: readonly Layer[], name: string): Layer | undefined {
  return layers.findLast(({ env }) => Object.hasOwn(env, name));
}

/** Where a session starts. */
export interface Folder {
  /** That folder and those above it, nearest first: absolute, symlinks followed. */
  readonly above: readonly string[];
  /** The folder of `above` that is the root of a git repository. */
  readonly gitRoot: string | undefined;
}

/** The key of a folder under "projects" in the store: the git root, else the folder. */
export function storeKey({ gitRoot, above }: Folder): string {
  return gitRoot ?? above[0] ?? "";
}

/** A folder is trusted with itself or with one above it, up to the git root where there is one. */
export function trustOf({ store, behaviour }: ClaudeState, { above, gitRoot }: Folder) {
  const last = gitRoot === undefined || behaviour.trustsAboveRoot ? above.length : above.indexOf(gitRoot) + 1;
  const isListed = (each: string): boolean => property(store, "projects", each, "hasTrustDialogAccepted") === true;
  const folder = above.slice(0, last).find(isListed);
  return { trusted: folder !== undefined, ...(folder === undefined ? {} : { folder }) };
}

/** Whether Claude Code starts the entry that wins. `not-needed`: entries of a person's own scopes are not asked about. */
export interface ApprovalView {
  readonly state: "approved" | "pending" | "rejected" | "disabled" | "not-needed";
  /** The key that says so, and its file as it is shown. */
  readonly by?: { readonly file: string; readonly key: string };
}

function lists(value: Json | undefined, name: string): boolean {
  return Array.isArray(value) && value.includes(name);
}

/** Switched off with /mcp in this folder, whatever the scope (`mcp get` of 2.1.197 says "Connected" all the same). */
export function isSwitchedOff({ store }: ClaudeState, folder: Folder, name: string): boolean {
  return lists(property(store, "projects", storeKey(folder), "disabledMcpServers"), name);
}

/** The approval of an entry of a `.mcp.json` in a session whose folder is trusted: it goes by name alone. */
export function approvalOf(state: ClaudeState, folder: Folder, name: string): ApprovalView {
  const files = [
    { file: state.files.store.shown, value: property(state.store, "projects", storeKey(folder)) },
    ...state.settings.map(({ place, value }) => ({ file: place, value })),
  ];
  const by = (key: string, says: (value: Json | undefined) => boolean) => {
    const found = files.findLast(({ value }) => says(property(value, key)));
    return found === undefined ? undefined : { file: found.file, key };
  };
  // a rejection in any file wins over an approval in any other
  const rejected = by("disabledMcpjsonServers", (value) => lists(value, name));
  if (rejected !== undefined) return { state: "rejected", by: rejected };
  const approved =
    by("enabledMcpjsonServers", (value) => lists(value, name)) ??
    by("enableAllProjectMcpServers", (value) => value === true);
  return approved === undefined ? { state: "pending" } : { state: "approved", by: approved };
}

/**
 * The entry that a session takes when its owner approves nothing more: local, the nearest `.mcp.json`, user; one that is
 * rejected, or waits for its approval, leaves its place to the user's own. In: the entries of one name that load, local
 * and nearest first. `waiting`: a project entry that would be taken, were it approved.
 */
export function takenEntry<E extends { readonly scope: Scope }>(
  entries: readonly E[],
  approval: ApprovalView,
): { readonly winner: E | undefined; readonly waiting: E | undefined } {
  const of = (scope: Scope): E | undefined => entries.find((each) => each.scope === scope);
  const [local, project, user] = [of("local"), of("project"), of("user")];
  const winner = local ?? (approval.state === "approved" ? (project ?? user) : (user ?? project));
  return { winner, waiting: approval.state === "pending" && project !== winner ? project : undefined };
}
