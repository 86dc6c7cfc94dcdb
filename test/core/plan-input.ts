/** What the tests of a set-up plan start from. */
import { haloEntries } from "../../src/core/clients/claude-code.ts";
import { type Json, parseDocument } from "../../src/core/formats/json.ts";
import { HALO_URL, type Value } from "../../src/core/halo.ts";
import { type ProjectInput, type planProject, planRemoval, type RemovalInput } from "../../src/core/plan/install.ts";
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
export const values: Readonly<Record<Value, string>> = {
  token: "tok-0123456789abcdef",
  account: "acc-1",
  profile: "pro-1",
};

export type Texts = Readonly<Record<string, string | undefined>>;
const state = (path: string, text: string | undefined): FileState =>
  text === undefined ? { kind: "absent", realPath: path } : { kind: "file", realPath: path, text, mode: 0o644 };
export const snapshotOf = (texts: Texts): Snapshot =>
  new Map(Object.values(paths).map((path) => [path, state(path, texts[path])]));
export const targetOf = (servers: Json = {}, name?: string): Target => {
  const decision = decideTarget(haloEntries(servers, "project", name ?? "halo"), {
    name,
    url: undefined,
  });
  if (!decision.ok) throw new Error(decision.reason);
  return decision.target;
};
export const input = (given: Partial<ProjectInput> = {}, texts: Texts = {}): ProjectInput => ({
  paths,
  snapshot: snapshotOf(texts),
  target: targetOf(),
  values,
  bridge: "claude-settings",
  uncovered: [".env", ".claude/settings.local.json"],
  envFileForEnvrc: ".env",
  ...given,
});
export const removal = (texts: Texts): RemovalInput => ({
  tracked: new Set(),
  paths,
  snapshot: snapshotOf(texts),
  target: targetOf(),
  kept: new Set(),
  envFileForEnvrc: ".env",
});
export function steps(planned: ReturnType<typeof planProject>): readonly WriteStep[] {
  if (!planned.ok) throw new Error(`${planned.path}: ${planned.refused.reason}`);
  return planned.steps;
}
export const applied = (texts: Texts, done: readonly WriteStep[]): Texts => ({
  ...texts,
  ...Object.fromEntries(done.map(({ path, after }) => [path, after])),
});
export const json = (text: string | undefined): Json => {
  const parsed = parseDocument(text ?? "", { strict: true });
  if (!parsed.ok) throw new Error(parsed.refused.reason);
  return JSON.parse(JSON.stringify(parsed.value)) as Json;
};
export const entry = {
  type: "http",
  url: HALO_URL,
  headers: {
    "X-CM-PRODUCTTOKEN": "${HALO_MCP_TOKEN}",
    "CM-ACCOUNT-ID": "${HALO_ACCOUNT_ID}",
    "CM-PROFILE-ID": "${HALO_PROFILE_ID}",
  },
};
export const theirs = {
  mcpServers: {
    "team-halo": {
      ...entry,
      headers: { ...entry.headers, "X-CM-PRODUCTTOKEN": "${TEAM_TOKEN}", "CM-PROFILE-ID": "p-7" },
    },
  },
};

export const remove = (texts: Texts, kept: readonly string[] = [], target = targetOf()) =>
  planRemoval({ ...removal(texts), kept: new Set(kept), target });
