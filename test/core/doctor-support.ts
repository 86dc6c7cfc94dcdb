/** A set-up as data, for the tests of `doctor`: what is not said is not there. */
import { approvalOf, isSwitchedOff, type NamedFile, trustOf } from "../../src/core/clients/claude-state.ts";
import type { Server, SetupInput } from "../../src/core/doctor/entries.ts";
import { findingsOf, makeReport } from "../../src/core/doctor/report.ts";
import { type View, viewSetup } from "../../src/core/doctor/view.ts";

export const TOKEN = "made.up.Zq7Xw2Lk9Rb4Nv6Ty8-e5f1";
export const VALUES = { HALO_MCP_TOKEN: TOKEN, HALO_ACCOUNT_ID: "account-1", HALO_PROFILE_ID: "profile-1" };
export const URL = "https://api.cm.com/halo/core/mcp";
export const FOLDER = "/home/ada/shop";

/** Another token. */
export const OLD = "old.old.old.old.old-0000";

export const headers = {
  "X-CM-PRODUCTTOKEN": "${HALO_MCP_TOKEN}",
  "CM-ACCOUNT-ID": "${HALO_ACCOUNT_ID}",
  "CM-PROFILE-ID": "${HALO_PROFILE_ID}",
};
export const entry = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  type: "http",
  url: URL,
  headers,
  ...more,
});
/** The same with the values as text. */
export const literal = entry({
  headers: { "X-CM-PRODUCTTOKEN": TOKEN, "CM-ACCOUNT-ID": "account-1", "CM-PROFILE-ID": "profile-1" },
});

/** Contents by the name under which a file is shown; JSON unless it is a text. */
export interface Told {
  readonly mcp?: unknown;
  /** `.mcp.json` files, nearest first, by name. */
  readonly mcps?: Readonly<Record<string, unknown>>;
  readonly store?: unknown;
  readonly userSettings?: unknown;
  readonly settings?: unknown;
  readonly local?: unknown;
  readonly dotenv?: unknown;
  readonly envrc?: unknown;
  readonly env?: Record<string, string>;
  readonly name?: string;
  readonly url?: string;
  readonly token?: string;
  readonly version?: string;
  /** There is no `claude` on the PATH. */
  readonly isAlone?: true;
  readonly folder?: string;
  readonly rootLocal?: unknown;
  readonly storeMode?: number;
  readonly given?: Omit<SetupInput["given"], "url">;
}

const textOf = (content: unknown): string => (typeof content === "string" ? content : JSON.stringify(content));

/** In the place of a content: a file that cannot be read. */
export class Unreadable {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

/** A file as the client's state has it. */
export function named(shown: string, content: unknown, mode = 0o600): NamedFile {
  const realPath = `/${shown}`;
  if (content instanceof Unreadable) return { shown, state: { kind: "unreadable", realPath, reason: content.reason } };
  return content === undefined
    ? { shown, state: { kind: "absent", realPath } }
    : { shown, state: { kind: "file", realPath, text: textOf(content), mode } };
}

function mcpFile(shown: string, content: unknown): SetupInput["mcp"][number] {
  if (content instanceof Unreadable) return { shown, unreadable: content.reason };
  return { shown, read: { text: textOf(content), encoding: "utf-8" } };
}

/** In a git repository, trusted unless the store says otherwise. */
function inputOf(told: Told): SetupInput {
  const folder = told.folder ?? FOLDER;
  const above: [string, ...string[]] = [folder];
  for (let at = folder; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) if (at !== folder) above.push(at);
  const mcps = told.mcps ?? (told.mcp === undefined ? {} : { ".mcp.json": told.mcp });
  return {
    name: told.name,
    url: told.url,
    token: told.token,
    given: { cwd: undefined, valuesFile: undefined, ...told.given, url: told.url },
    above: [...above, "/"],
    gitRoot: FOLDER,
    home: "/home/ada",
    mcp: Object.entries(mcps).map(([shown, content]) => mcpFile(shown, content)),
    store: named("~/.claude.json", told.store ?? trusted(), told.storeMode),
    userSettings: named("~/.claude/settings.json", told.userSettings),
    projectSettings: named(".claude/settings.json", told.settings),
    localSettings: named(".claude/settings.local.json", told.local),
    mainSettings: folder === FOLDER ? undefined : named("../.claude/settings.local.json", told.rootLocal),
    dotenv: named(folder === FOLDER ? ".env" : "../.env", told.dotenv),
    envrc: named(".envrc", told.envrc),
    env: told.env ?? {},
    hasModes: true,
  };
}

/** A store with this folder trusted. */
export const trusted = (more: Record<string, unknown> = {}, root: Record<string, unknown> = {}) => ({
  ...root,
  projects: { [FOLDER]: { hasTrustDialogAccepted: true, ...more } },
});

/** The dialogs that a session shows before it connects to anything. */
export function dialogsOf({ state, places }: View): readonly string[] {
  const isNew = ({ scope, lost, entry: { name } }: Server): boolean =>
    scope === "project" &&
    lost === undefined &&
    approvalOf(state, name).state === "pending" &&
    !isSwitchedOff(state, name);
  const trust = trustOf(state).trusted ? [] : ["trust"];
  // if it skips a settings file, it prints "skipping .mcp.json server approval" (measured 2026-11-22, both versions)
  if (state.settings.some(({ broken }) => broken !== undefined)) return ["settings-error", ...trust];
  return places.some(({ servers }) => servers.some(isNew)) ? [...trust, "new-server"] : trust;
}

/** The view, what is found in it with its advice as lines, and what the JSON output says of it. */
export function setupOf(told: Told) {
  const input = inputOf(told);
  const view = told.isAlone ? viewSetup(input, "none") : viewSetup(input, "found", told.version ?? "2.1.330");
  const { findings, verdict } = findingsOf(view);
  const lines = findings.map((each) => ({ ...each, tryThis: each.tryThis.split("\n").filter(Boolean) }));
  const of = (link: string) => lines.filter((each) => each.link === link);
  const all = [...of("setup"), ...of("values"), ...of("client")];
  const { setup } = makeReport(view, { test: undefined, call: null });
  return { view, all, of, verdict, setup, toSend: view.toSend };
}

export const servers = (halo: unknown) => ({ mcpServers: { halo } });
export const BRIDGE = { env: VALUES, enabledMcpjsonServers: ["halo"] };
export const dotenv = (values: Record<string, string> = VALUES): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");

/** All is well; with other values in the bridge; with another header for the token. */
export const good: Told = { mcp: servers(entry()), local: BRIDGE, dotenv: dotenv() };
export const bridge = (values: Record<string, string>, told: Told = {}): Told => {
  return { ...good, local: { ...BRIDGE, env: { ...VALUES, ...values } }, ...told };
};
export const token = (text: string): Told => {
  return { ...good, mcp: servers(entry({ headers: { ...headers, "X-CM-PRODUCTTOKEN": text } })) };
};
