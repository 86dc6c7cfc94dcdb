import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ask, look } from "../../src/commands/doctor/gather.ts";
import type { Context } from "../../src/context.ts";
import { findingsOf, makeReport, type Run } from "../../src/core/doctor/report.ts";
import { dialogsOf } from "../core/doctor-support.ts";
import { type ClaudeVersion, claudeVersions } from "../support/claude.ts";
import { madeUp } from "../support/context.ts";
import { fromClaude, literal, onboard, onClaude, put, reached, session } from "./real-claude-support.ts";
import { DOTENV, entryFor, type Machine, PROFILE, TOKEN, VALUES } from "./support.ts";

/**
 * What `doctor` says of a set-up without the network, beside what the real Claude Code then does in a terminal: each state
 * on a machine of its own, every one with the newer version. The person at the terminal trusts the folder and approves nothing.
 */

const WRONG = { ...VALUES, HALO_MCP_TOKEN: "old.old.old.old.old-0000" };
const ENABLED = { enabledMcpjsonServers: ["halo"] };
const REJECTED = { disabledMcpjsonServers: ["halo"] };

type Json = Record<string, unknown>;

/** What stands in each file. A text is written as it is. */
interface State {
  readonly what: string;
  readonly trusted?: boolean;
  readonly mcp?: (m: Machine) => unknown;
  readonly local?: (m: Machine) => unknown;
  readonly user?: (m: Machine) => unknown;
  /** Of this folder, in the store. */
  readonly project?: Json;
  readonly userSettings?: Json;
  readonly settings?: Json | string;
  readonly localSettings?: Json | string;
  readonly env?: Record<string, string>;
  /** More files, from the repository. */
  readonly files?: (m: Machine) => Record<string, unknown>;
  /** Where the session starts. */
  readonly folder?: string;
  readonly only?: ClaudeVersion;
}

const halo = (m: Machine) => entryFor(m.url);

/** Trust × approval × bridge, for an entry of the repository. */
const approvals: Record<string, Partial<State>> = {
  "not approved": {},
  "approved in settings.local.json": { localSettings: ENABLED },
  "approved in the user's settings": { userSettings: ENABLED },
  "approved in the store": { project: ENABLED },
  "rejected in settings.local.json": { localSettings: { ...ENABLED, ...REJECTED } },
  "switched off": { localSettings: ENABLED, project: { disabledMcpServers: ["halo"] } },
};
const bridges: Record<string, Partial<State>> = {
  ".env alone": {},
  "settings.local.json": { localSettings: { env: VALUES } },
  exported: { env: VALUES },
};

function joined(...parts: readonly Partial<State>[]): Partial<State> {
  const all: Record<string, unknown> = {};
  for (const part of parts)
    for (const [key, value] of Object.entries(part))
      all[key] = typeof value === "object" && key in all ? { ...(all[key] as Json), ...value } : value;
  return all;
}

const projects = [true, false].flatMap((trusted) =>
  Object.entries(approvals).flatMap(([approval, one]) =>
    Object.entries(bridges).map(
      ([bridge, other]): State => ({
        what: `project scope, ${trusted ? "trusted" : "not trusted"}, ${approval}, ${bridge}`,
        trusted,
        mcp: halo,
        ...joined(one, other),
      }),
    ),
  ),
);

const own = (["local", "user"] as const).flatMap((scope) =>
  [true, false].flatMap((trusted) =>
    Object.entries({ ...bridges, "the user's settings": { userSettings: { env: VALUES } } }).map(
      ([bridge, one]): State => ({
        what: `${scope} scope, ${trusted ? "trusted" : "not trusted"}, ${bridge}`,
        trusted,
        [scope]: halo,
        ...one,
      }),
    ),
  ),
);

const connected: Partial<State> = { trusted: true, localSettings: { ...ENABLED, env: VALUES } };
const elsewhere = () => ({ type: "http", url: "http://127.0.0.1:9/halo/core/mcp" });

const others = Object.entries<Partial<State>>({
  "approved and with its values in settings.json": {
    mcp: halo,
    localSettings: {},
    settings: { ...ENABLED, env: VALUES },
  },
  "all approved, in the store": {
    mcp: halo,
    localSettings: { env: VALUES },
    project: { enableAllProjectMcpServers: true },
  },
  "rejected in the user's settings": { mcp: halo, userSettings: REJECTED },
  "rejected in the store": { mcp: halo, project: REJECTED },
  "rejected in the repository, the user's own is taken": { mcp: elsewhere, user: halo, settings: REJECTED },
  "waits for approval, the user's own is taken": { mcp: elsewhere, user: halo, localSettings: { env: VALUES } },
  "a foreign local entry in front": { mcp: halo, local: elsewhere },
  "a local entry with its values in front": { mcp: elsewhere, local: (m) => literal(m.url), localSettings: {} },
  "a local entry without a type is skipped": { mcp: halo, local: (m) => ({ url: m.url }) },
  "an entry without a type is skipped, the user's own is taken": { mcp: () => ({ url: "x" }), user: halo },
  "an entry of type ws": { mcp: (m) => ({ ...entryFor(m.url), type: "ws" }) },
  "a timeout that is no number": { mcp: (m) => ({ ...entryFor(m.url), timeout: "5" }) },
  "a broken .mcp.json": {
    files: (m) => ({ ".mcp.json": `{"mcpServers":{"halo":${JSON.stringify(halo(m))}}, // c\n}` }),
  },
  "a header is missing": { mcp: (m) => ({ ...entryFor(m.url), headers: { "X-CM-PRODUCTTOKEN": TOKEN } }) },
  "an old token exported, the bridge wins": { mcp: halo, env: WRONG, only: "2.1.332" },
  "an old token in the user's settings, the bridge wins": { mcp: halo, userSettings: { env: WRONG }, only: "2.1.332" },
  "a placeholder in the bridge": {
    mcp: halo,
    localSettings: { ...ENABLED, env: { ...VALUES, HALO_MCP_TOKEN: "<token>" } },
  },
  "empty in the bridge, set in the environment": {
    mcp: halo,
    env: VALUES,
    localSettings: { ...ENABLED, env: { ...VALUES, HALO_MCP_TOKEN: "" } },
    only: "2.1.332",
  },
  "quotes round the token": {
    mcp: halo,
    localSettings: { ...ENABLED, env: { ...VALUES, HALO_MCP_TOKEN: `"${TOKEN}"` } },
  },
  "a line break in the account": {
    mcp: halo,
    localSettings: { ...ENABLED, env: { ...VALUES, HALO_ACCOUNT_ID: "a\nb" } },
  },
  "blanks round the token": {
    mcp: halo,
    localSettings: { ...ENABLED, env: { ...VALUES, HALO_MCP_TOKEN: ` ${TOKEN} ` } },
  },
  "a default for the profile": {
    mcp: (m) => ({
      ...halo(m),
      headers: { ...literal(m.url).headers, "CM-PROFILE-ID": `\${NOPE:-${PROFILE}}` },
    }),
    localSettings: ENABLED,
  },
  "comments in settings.local.json": {
    mcp: halo,
    localSettings: `{"env":${JSON.stringify(VALUES)}, // c\n"enabledMcpjsonServers":["halo"]}`,
  },
  "comments in settings.json, which is not needed": { mcp: halo, settings: "{} // c" },
  "below the root, with the root's settings.local.json": { mcp: halo, folder: "packages/shop" },
  "below the root, the nearer .mcp.json": {
    mcp: elsewhere,
    folder: "packages/shop",
    userSettings: { ...ENABLED, env: VALUES },
    files: (m) => ({ "packages/shop/.mcp.json": { mcpServers: { halo: halo(m) } } }),
  },
  "below the root, the nearer entry is skipped": {
    mcp: halo,
    folder: "packages/shop",
    userSettings: { ...ENABLED, env: VALUES },
    files: () => ({ "packages/shop/.mcp.json": { mcpServers: { halo: { url: "x" } } } }),
  },
  "in a folder above the repository": {
    folder: ".",
    files: (m) => ({ "../.mcp.json": { mcpServers: { halo: halo(m) } } }),
  },
}).map(([what, state]): State => ({ ...connected, ...state, what }));

function write(m: Machine, state: State): void {
  const file = (path: string, content: unknown) => content !== undefined && put(join(m.path, path), content);
  file(".env", DOTENV);
  if (state.mcp !== undefined) file(".mcp.json", { mcpServers: { halo: state.mcp(m) } });
  file(".claude/settings.json", state.settings);
  file(".claude/settings.local.json", state.localSettings);
  for (const [path, content] of Object.entries(state.files?.(m) ?? {})) file(path, content);
  if (state.userSettings !== undefined) put(join(m.home, ".claude/settings.json"), state.userSettings);
  mkdirSync(join(m.path, state.folder ?? "."), { recursive: true });
  const local = state.local && { mcpServers: { halo: state.local(m) } };
  onboard(m, {
    ...(state.user === undefined ? {} : { mcpServers: { halo: state.user(m) } }),
    projects: {
      [m.path]: { ...(state.trusted === true ? { hasTrustDialogAccepted: true } : {}), ...state.project, ...local },
    },
  });
}

/** As `doctor` sees this machine. */
const contextOf = (m: Machine, { folder = ".", env }: State): Context =>
  madeUp({
    ...{ cwd: join(m.path, folder), env: { ...m.env, ...env }, home: m.home, platform: process.platform },
    now: () => performance.now(),
  }).context;

/** States; those in which our word about the session, and about its dialogs, was right; and how often the client agreed. */
const counts = { all: 0, same: 0, dialogs: 0, asked: 0, agreed: 0 };

afterAll(() => {
  const { all, same, dialogs, asked, agreed } = counts;
  process.stdout.write(
    `\ndoctor: its word about a session equals what the server received in ${same} of ${all} states, ` +
      `its dialogs in ${dialogs}; its own word was asked for ${asked} times and agreed ${agreed} times\n`,
  );
});

/** As if the connection test had passed. */
const PASSED = { diagnosis: { ok: true, stages: [] }, record: {} } as unknown as Run["test"];

async function agree(m: Machine, version: ClaudeVersion, state: State): Promise<void> {
  write(m, state);
  const context = contextOf(m, state);
  const options = { cwd: undefined, name: undefined, url: m.url, valuesFile: undefined, timeoutMs: 5000 };
  const looked = await look(context, options, undefined);
  const { view } = looked;
  // the word of the client itself does not depend on trust: half of the states go without it
  const asked = state.trusted === true ? await ask(context, looked, PASSED, options.timeoutMs) : undefined;
  const { findings, verdict } = findingsOf({ ...view, asked });
  const { setup } = makeReport(view, { test: undefined, asked, call: null });
  const told = JSON.stringify({ findings, setup });
  for (const { HALO_MCP_TOKEN } of [VALUES, WRONG]) expect(told).not.toContain(HALO_MCP_TOKEN);
  expect(context.secrets).toContain(TOKEN);
  const disagrees = findings.filter(({ cause, severity }) => cause === "client-disagrees" && severity !== "note");
  if (asked?.status !== undefined) {
    counts.asked += 1;
    if (disagrees.length === 0) counts.agreed += 1;
  }
  const dialogs = new Set<string>();
  await session(m, version, verdict.wouldConnect ? 10_000 : 1500, {
    cwd: context.cwd,
    // no server here hangs: a machine that is busy gets its time
    env: { MCP_TIMEOUT: "10000", ...state.env },
    server: "Continue without using this MCP server",
    dialogs,
    // what comes with other headers will not come right
    done: () => !verdict.wouldConnect && fromClaude(m).length > 0,
  });
  const seen = { dialogs: [...dialogs].sort(), truth: reached(m) };
  const ours = { dialogs: [...dialogsOf(view)].sort(), truth: verdict.wouldConnect };
  counts.all += 1;
  if (ours.truth === seen.truth) counts.same += 1;
  if (`${seen.dialogs}` === `${ours.dialogs}`) counts.dialogs += 1;
  expect(ours, verdict.reason).toEqual(seen);
  expect(disagrees.map(({ seen: words }) => words)).toEqual([]);
}

describe.concurrent.each(claudeVersions)("Claude Code %s", (version) => {
  const all = [...projects, ...own, ...others].filter(({ only }) => only === undefined || only === version);
  // the older version gets its own states and every fourth: over all of them it was found to differ nowhere else
  const states = version === "2.1.332" ? all : all.filter(({ only }, index) => only !== undefined || index % 4 === 0);
  test.each(states.map((state) => [state.what, state] as const))("%s", (_, state) =>
    onClaude(version, (m) => agree(m, version, state)),
  );
});
