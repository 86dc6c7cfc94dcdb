/** What the tests of a set-up plan start from. */
import { claudeCode, haloEntry } from "../../src/core/clients/claude-code.ts";
import { haloEntries } from "../../src/core/doctor/entries.ts";
import type { Json } from "../../src/core/formats/json.ts";
import { HALO_URL } from "../../src/core/halo.ts";
import { removeEdits, setEdits } from "../../src/core/plan/clients.ts";
import {
  HEADING,
  type Planned,
  type ProjectInput,
  planRemoval,
  type RemovalInput,
} from "../../src/core/plan/install.ts";
import type { FileState, Snapshot, WriteStep } from "../../src/core/plan/model.ts";
import { decideTarget, type Target } from "../../src/core/plan/target.ts";

export const paths = {
  ignore: "/r/.gitignore",
  exclude: "/r/.git/info/exclude",
  env: "/r/.env",
  example: "/r/.env.example",
  bridge: "/r/.claude/settings.local.json",
  envrc: "/r/.envrc",
  mcp: "/r/.mcp.json",
};
export const values = { token: "tok-0123456789abcdef", account: "acc-1", profile: "pro-1" };

export type Texts = Readonly<Record<string, string | undefined>>;
const state = (path: string, text: string | undefined): FileState =>
  text === undefined ? { kind: "absent", realPath: path } : { kind: "file", realPath: path, text, mode: 0o644 };
export const snapshotOf = (texts: Texts): Snapshot =>
  new Map(Object.values(paths).map((path) => [path, state(path, texts[path])]));
const MCP = { file: ".mcp.json", client: claudeCode };
export const targetOf = (servers: Json = {}, name?: string): Target => {
  const decision = decideTarget(haloEntries(servers, "project", name ?? "halo"), { name, url: undefined }, MCP);
  if (!decision.ok) throw new Error(decision.reason);
  return decision.target;
};
const project = (texts: Texts) => ({ paths, snapshot: snapshotOf(texts), target: targetOf(), envFromRoot: ".env" });
const file = { client: claudeCode, scope: "project", path: paths.mcp, store: undefined } as const;
const written = (target: Target) => ({ ...target, values, isAsked: true });
export function input(given: Partial<ProjectInput> = {}, texts: Texts = {}): ProjectInput {
  const { target } = { ...project(texts), ...given };
  return {
    ...project(texts),
    values,
    bridge: "claude-settings",
    exceptions: [],
    sharesIds: true,
    uncovered: [".env", ".claude/settings.local.json"],
    excluded: [],
    entryEdits: [[paths.mcp, target.mode === "new" ? setEdits(file, written(target), undefined) : []]],
    ...given,
  };
}
const block = { file: paths.ignore, heading: HEADING };
const rules = [
  { ...block, line: ".env", path: paths.env },
  { ...block, line: ".claude/settings.local.json", path: paths.bridge },
  { file: paths.ignore, line: "!/.env.example", path: paths.example },
];
export function remove(texts: Texts, given: Partial<RemovalInput> = {}): Planned {
  const { target } = { ...project(texts), ...given };
  const entryEdits = [[paths.mcp, removeEdits(file, written(target), undefined)]] as const;
  const { kept = new Set<string>() } = given;
  const bridge = { keptInBridge: kept, isValuesOnly: false, rules };
  return planRemoval({ ...project(texts), ...bridge, tracked: new Set(), kept, entryEdits, ...given });
}
export function steps(planned: Planned): readonly WriteStep[] {
  if (!planned.ok) throw new Error(`${planned.path}: ${planned.refused.reason}`);
  return planned.steps;
}
export const applied = (texts: Texts, planned: Planned): Texts => ({
  ...texts,
  ...Object.fromEntries(steps(planned).map(({ path, after }) => [path, after])),
});
/** The entry that the wizard writes. */
export const referring = haloEntry("halo", HALO_URL) as { type: "http"; url: string; headers: Record<string, string> };
/** Another one of a team, with names of its own and one ID in clear. */
export const theirs = {
  "team-halo": {
    ...referring,
    headers: { ...referring.headers, "X-CM-PRODUCTTOKEN": "${TEAM_TOKEN}", "CM-PROFILE-ID": "p-7" },
  },
};
