/** Claude Code's store and settings, and how a session uses them (2.1.197 and 2.1.330, measured). */
import { shown as fitToShow } from "../check/show.ts";
import { nearest } from "../command-line.ts";
import { isObject, type Json, jsonOf, parseTree, property, toJson } from "../formats/json.ts";
import { placeWords } from "../formats/lines.ts";
import { isObjectNode } from "../formats/nodes.ts";
import type { FileState } from "../plan/model.ts";
import type { Scope } from "./claude-code.ts";
import { isOld, type Project } from "./claude-project.ts";
import { settingsMisfits } from "./claude-settings.ts";

/** A file, with its path as it is shown. */
export interface NamedFile {
  readonly shown: string;
  readonly state: FileState;
  /** It resolves into the repository, so anyone who can commit decides its content. */
  readonly inRepository?: boolean;
}

export interface ClaudeFiles
  extends Readonly<Record<"store" | "userSettings" | "projectSettings" | "localSettings", NamedFile>> {
  /** That of the repository's root or main checkout, if it is another one: it wins. */
  readonly mainSettings?: NamedFile | undefined;
}

export const ENVIRONMENT = "the environment";

/** The source of a session's variable. `bridge`: the `env` of `.claude/settings.local.json`. */
export type Origin = "environment" | "user-settings" | "project-settings" | "bridge";
export type Env = Readonly<Record<string, string>>;
type Exported = Readonly<Record<string, string | undefined>>;

/** Variables that are sent empty to remote servers, not by 2.1.197. */
const BLANKED = "NPM_TOKEN ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN CLAUDE_CODE_OAUTH_TOKEN AWS_SECRET_ACCESS_KEY";

export interface Layer {
  readonly from: Origin;
  readonly place: string;
  readonly env: Env;
  /** Anyone who can commit to the repository decides its content. */
  readonly ofRepository: boolean;
}

/** A settings file as Claude Code reads it: strict JSON; a file that does not fit is skipped as a whole, with a dialog. */
interface Settings extends Layer {
  readonly file: NamedFile;
  readonly value: Json | undefined;
  /** Why the file is skipped, and where in it (`:line:column`, or empty). */
  readonly broken?: { readonly reason: string; readonly at: string; readonly isShape?: boolean };
}

function readSettings(from: Origin, file: NamedFile): Settings {
  const { shown, state, inRepository = false } = file;
  const ofRepository = from !== "user-settings" || inRepository;
  const nothing: Settings = { from, place: shown, ofRepository, file, value: undefined, env: {} };
  const skipped = (reason: string, at = "", isShape = false) => ({ ...nothing, broken: { reason, at, isShape } });
  if (state.kind === "unreadable") return skipped(state.reason);
  if (state.kind === "absent" || state.text.replace(/^\uFEFF/, "").trim() === "") return nothing;
  const parsed = parseTree(state.text, { strict: true });
  if (!parsed.ok) return skipped(parsed.refused.reason, placeWords(state.text, parsed.refused.offset));
  const { root } = parsed;
  if (!isObjectNode(root)) return skipped("it is not an object", "", true);
  const [misfit] = settingsMisfits(root);
  if (misfit !== undefined) {
    const { node, at, got, allowed } = misfit;
    const reason = `"${at}" is ${fitToShow({ secrets: [] }, got)}; allowed: ${allowed}`;
    return skipped(reason, placeWords(state.text, node.start), true);
  }
  const value = toJson(root);
  const env = property(value, "env") ?? {};
  // `String()` of other types, as both versions do: a number is sent as its digits, null as "null"
  const textOf = (each: Json): string => (isObject(each) ? "[object Object]" : String(each));
  const texts = Object.entries(isObject(env) ? env : {}).map(([name, each]) => [name, textOf(each)]);
  return { ...nothing, value, env: Object.fromEntries(texts) };
}

/** In: the files as they were read, what they belong to, and the version of Claude Code, undefined if it is not known. */
export function claudeState(files: ClaudeFiles, project: Project, version: string | undefined) {
  const { store, userSettings, projectSettings, mainSettings } = files;
  const value = jsonOf(store.state, true);
  // in the home folder they are one file
  const isOne = projectSettings.state.realPath === userSettings.state.realPath;
  return {
    files,
    project,
    store: value,
    storeBroken: store.state.kind === "file" && store.state.text.trim() !== "" && !isObject(value),
    /** Those that are read in this folder, the one that wins last. */
    settings: [
      readSettings("user-settings", userSettings),
      ...(isOne ? [] : [readSettings("project-settings", projectSettings)]),
      readSettings("bridge", files.localSettings),
      ...(mainSettings && project.local.length > 1 ? [readSettings("bridge", mainSettings)] : []),
    ],
    blanked: isOld(version) ? [] : BLANKED.split(" "),
  };
}

export type ClaudeState = ReturnType<typeof claudeState>;

/** What a settings file sets, whether or not a session reads it here. */
export const envIn = (file: NamedFile): Env => readSettings("bridge", file).env;

/** The sources of variables of a terminal session in a trusted folder; the last one takes precedence. `.env` is not among them. */
export function sessionLayers({ settings }: ClaudeState, env: Exported): readonly Layer[] {
  const set = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const environment = { from: "environment", place: ENVIRONMENT, ofRepository: false } as const;
  return [{ ...environment, env: Object.fromEntries(set) }, ...settings];
}

/** The environment in which Claude Code expands an entry: the only place that decides this. `list`: for `claude mcp list` and `get`. */
export function sessionEnv(state: ClaudeState, env: Exported, by: "session" | "list" = "session"): Env {
  const all: Record<string, string> = {};
  for (const { from, env: own } of sessionLayers(state, env))
    if (by === "session" || from === "environment" || from === "user-settings") Object.assign(all, own);
  for (const name of state.blanked) if (Object.hasOwn(all, name)) all[name] = "";
  return all;
}

export const layerOf = (layers: readonly Layer[], name: string): Layer | undefined =>
  layers.findLast(({ env }) => Object.hasOwn(env, name));

export const storedOf = ({ store, project }: Pick<ClaudeState, "store" | "project">): Json | undefined =>
  property(store, "projects", project.key);

const isListed = ({ store }: ClaudeState, folder: string): boolean =>
  property(store, "projects", folder, "hasTrustDialogAccepted") === true;

export function trustOf(state: ClaudeState) {
  const folder = state.project.trusting.find((each) => isListed(state, each));
  return { trusted: folder !== undefined, ...(folder === undefined ? {} : { folder }) };
}

/** Whether Claude Code starts the winning entry. `not-needed`: Claude Code does not ask about a person's own scopes. */
export interface ApprovalView {
  readonly state: "approved" | "pending" | "rejected" | "disabled" | "not-needed";
  readonly by?: { readonly file: string; readonly key: string };
}

/** A name alone is read as a list of it (2.1.332, measured). */
const lists = (value: Json | undefined, name: string): boolean =>
  value === name || (Array.isArray(value) && value.includes(name));

/** Disabled with /mcp in this folder, in any scope (`mcp get` of 2.1.197 still says "Connected"). */
export const isSwitchedOff = (state: ClaudeState, name: string): boolean =>
  lists(property(storedOf(state), "disabledMcpServers"), name);

/** The approval of an entry of a `.mcp.json` in a trusted folder. It depends on the name only. */
export function approvalOf(state: ClaudeState, name: string): ApprovalView {
  const files = [
    { file: state.files.store.shown, value: storedOf(state) },
    ...state.settings.map(({ place, value }) => ({ file: place, value })),
  ];
  // trusted through a folder above, outside any repository: no dialog, and the person's own approvals alone count
  const isLent = trustOf(state).trusted && !state.project.approving.some((each) => isListed(state, each));
  const approving = isLent ? files.slice(1, 2) : files;
  const by = (key: string, says: (value: Json | undefined) => boolean, among = approving) => {
    const found = among.findLast(({ value }) => says(property(value, key)));
    return found === undefined ? undefined : { file: found.file, key };
  };
  // a rejection in any file takes precedence over an approval in any other
  const rejected = by("disabledMcpjsonServers", (value) => lists(value, name), files);
  if (rejected !== undefined) return { state: "rejected", by: rejected };
  const approved =
    by("enabledMcpjsonServers", (value) => lists(value, name)) ??
    by("enableAllProjectMcpServers", (value) => value === true);
  return approved === undefined ? { state: "pending" } : { state: "approved", by: approved };
}

/** A name in a list of approved servers that is probably meant for this one: case counts. */
export function nearApproval({ settings }: ClaudeState, name: string) {
  return settings.flatMap(({ place, value }) => {
    const listed = property(value, "enabledMcpjsonServers");
    const names = (Array.isArray(listed) ? listed : [listed]).filter((each) => typeof each === "string");
    const near = names.find((each) => each !== name && nearest(each, [name]) !== undefined);
    return near === undefined ? [] : [{ near, place }];
  })[0];
}

/** The entry that a session uses, of those that load, nearest first. `waiting`: used if it were approved. */
export function takenEntry<E extends { readonly scope: Scope }>(entries: readonly E[], approval: ApprovalView) {
  const of = (scope: Scope): E | undefined => entries.find((each) => each.scope === scope);
  const [local, project, user] = [of("local"), of("project"), of("user")];
  const winner = local ?? (approval.state === "approved" ? (project ?? user) : (user ?? project));
  return { winner, waiting: approval.state === "pending" && project !== winner ? project : undefined };
}
