/**
 * The environment in which Claude Code expands an entry. Measured 2026-11-22 with 2.1.197 and 2.1.330, in terminals and
 * with `mcp list`: a later layer wins in a session. `.env` is none of them.
 */
import { isObject } from "../clients/claude-code.ts";
import { type Json, parseDocument, property } from "../formats/json.ts";
import type { FileState } from "../plan/model.ts";
import type { NamedFile, SetupInput } from "./input.ts";
import { placeWords } from "./loads.ts";
import type { Origin } from "./model.ts";

export type Env = Readonly<Record<string, string>>;

export interface Layer {
  readonly from: Origin;
  /** The file as it is shown, or "the environment". */
  readonly place: string;
  readonly env: Env;
}

/** A file of settings as Claude Code takes it: strict JSON, and skipped as a whole with a dialog when it does not fit. */
export interface Settings {
  readonly file: NamedFile;
  readonly value: Json | undefined;
  /** Why the file is skipped. */
  readonly broken: string | undefined;
  /** Where that stands, as `placeWords` says it. */
  readonly at?: string;
}

/** Before a session connects to anything it shows "Settings Error" for such a file (measured 2026-11-22, both versions). */
function readSettings(file: NamedFile): Settings {
  const { state } = file;
  const skipped = (broken: string, at = ""): Settings => ({ file, value: undefined, broken, at });
  if (state.kind === "unreadable") return skipped(state.reason);
  if (state.kind === "absent" || state.text.replace(/^\uFEFF/, "").trim() === "")
    return { file, value: undefined, broken: undefined };
  const parsed = parseDocument(state.text, { strict: true });
  if (!parsed.ok) return skipped(parsed.refused.reason, placeWords(state.text, parsed.refused.offset));
  if (!isObject(parsed.value)) return skipped("it is no object");
  const { env } = parsed.value;
  if (env !== undefined && !isObject(env)) return skipped('its "env" is no object');
  return { file, value: parsed.value, broken: undefined };
}

/** `String()` of what is no string, as both versions do: a number is sent as its digits, null as "null". */
function envOf(settings: Settings): Env {
  const env = property(settings.value, "env");
  if (!isObject(env)) return {};
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, isObject(value) ? "[object Object]" : String(value)]),
  );
}

/** What a file of settings sets, whether or not a session reads it here. */
export function envIn(file: NamedFile): Env {
  return envOf(readSettings(file));
}

/** Every file of settings that a session reads in this folder. */
export interface AllSettings {
  readonly user: Settings;
  readonly project: Settings;
  readonly local: Settings;
  /** At the git root, for a session below it. */
  readonly rootLocal: Settings | undefined;
}

/** Whether the version reads the root's `settings.local.json` in a folder below it: 2.1.330 does, 2.1.197 does not. */
function readsRoot(version: string | undefined): boolean {
  return !isOld(version);
}

/** 2.1.197 or before: the newest that Node 20 gets, and older. Unknown is taken for new. */
export function isOld(version: string | undefined): boolean {
  const [major = 0, minor = 0, patch = 0] = (version ?? "9.9.9").split(/[.-]/).map(Number);
  return major < 2 || (major === 2 && (minor < 1 || (minor === 1 && patch <= 197)));
}

export function settingsOf(input: SetupInput): AllSettings {
  const { rootLocalSettings, version } = input;
  return {
    user: readSettings(input.userSettings),
    project: readSettings(input.projectSettings),
    local: readSettings(input.localSettings),
    rootLocal: rootLocalSettings === undefined || !readsRoot(version) ? undefined : readSettings(rootLocalSettings),
  };
}

/** The layers of a session, the one that wins last. `claude mcp list` and `get` take the first two alone. */
export function layersOf(env: SetupInput["env"], settings: AllSettings): readonly Layer[] {
  const set = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const layer = (from: Origin, each: Settings): Layer => ({ from, place: each.file.shown, env: envOf(each) });
  return [
    { from: "environment", place: "the environment", env: Object.fromEntries(set) },
    layer("user-settings", settings.user),
    layer("project-settings", settings.project),
    layer("bridge", settings.local),
    ...(settings.rootLocal === undefined ? [] : [layer("bridge", settings.rootLocal)]),
  ];
}

export function listLayers(layers: readonly Layer[]): readonly Layer[] {
  return layers.filter(({ from }) => from === "environment" || from === "user-settings");
}

/** Toward servers that are not on this machine's own list these are sent empty (claude-code facts, section 4; 2.1.330). */
const BLANKED = [
  "NPM_TOKEN",
  "ANTHROPIC_API_KEY",
  "ANTHROPIC_AUTH_TOKEN",
  "CLAUDE_CODE_OAUTH_TOKEN",
  "AWS_SECRET_ACCESS_KEY",
];

/** All layers as one environment. */
export function merged(layers: readonly Layer[], version: string | undefined): Env {
  const all: Record<string, string> = {};
  for (const { env } of layers) Object.assign(all, env);
  if (!isOld(version)) for (const name of BLANKED) if (Object.hasOwn(all, name)) all[name] = "";
  return all;
}

/** The layer whose value of a variable counts. */
export function layerOf(layers: readonly Layer[], name: string): Layer | undefined {
  return layers.findLast(({ env }) => Object.hasOwn(env, name));
}

/** The text of a file that was read, else "". */
export function textOf(state: FileState): string {
  return state.kind === "file" ? state.text : "";
}
