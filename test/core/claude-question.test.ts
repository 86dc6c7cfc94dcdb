import { describe, expect, it } from "vitest";
import { haloEntry, readEntry } from "../../src/core/clients/claude-code.ts";
import { projectOf } from "../../src/core/clients/claude-project.ts";
import { questionAbout } from "../../src/core/clients/claude-question.ts";
import { claudeState, type NamedFile } from "../../src/core/clients/claude-state.ts";

const raw = haloEntry("halo", "https://api.cm.com/halo/core/mcp");
const entry = readEntry("halo", "project", raw);
const VALUES = { HALO_MCP_TOKEN: "t", HALO_ACCOUNT_ID: "a", HALO_PROFILE_ID: "p" };
const NAMES = Object.keys(VALUES);
const PROJECT = projectOf({ above: ["/r", "/"], gitRoot: "/r", home: "/h" }, "2.1.332");

interface SetUp {
  readonly env?: Record<string, string>;
  readonly user?: object;
  readonly project?: object;
  readonly local?: object;
  readonly trusted?: boolean;
}

const file = (shown: string, value: object | undefined): NamedFile =>
  ({
    shown,
    state:
      value === undefined
        ? { kind: "absent", realPath: shown }
        : { kind: "file", realPath: shown, text: JSON.stringify(value), mode: 0o600 },
  }) as NamedFile;

function ask({ env = {}, user, project, local, trusted = false }: SetUp) {
  const files = {
    store: file("store", trusted ? { projects: { "/r": { hasTrustDialogAccepted: true } } } : undefined),
    userSettings: file("user", user),
    projectSettings: file("project", project),
    localSettings: file("local", local),
  };
  return questionAbout(entry, claudeState(files, PROJECT, "2.1.332"), env);
}

describe("as a terminal session uses it", () => {
  it.each<[string, SetUp, readonly string[], object, RegExp | undefined]>([
    ["from the bridge, nothing exported", { local: { env: VALUES } }, NAMES, {}, undefined],
    ["exported alone: passed on", { env: VALUES }, [], {}, undefined],
    [
      "a stale export does not reach it",
      { local: { env: VALUES }, env: { HALO_MCP_TOKEN: "old" } },
      NAMES,
      {},
      undefined,
    ],
    ["the user's settings alone", { user: { env: VALUES }, env: { HALO_MCP_TOKEN: "old" } }, NAMES, {}, undefined],
    ["the same in both settings", { user: { env: VALUES }, local: { env: VALUES } }, NAMES, {}, undefined],
    [
      "a stale user setting: the bridge's value is lent, and that is said",
      { user: { env: { HALO_MCP_TOKEN: "old" } }, local: { env: VALUES } },
      NAMES,
      { HALO_MCP_TOKEN: "t" },
      /^asked with HALO_MCP_TOKEN from local, as in a terminal; claude -p would send the value in user$/,
    ],
    ["a skipped bridge lends nothing", { local: [VALUES], env: VALUES }, [], {}, undefined],
    ["part exported", { local: { env: { HALO_MCP_TOKEN: "t" } }, env: VALUES }, ["HALO_MCP_TOKEN"], {}, undefined],
  ])("%s", (_, setUp, withheld, lent, remark) => {
    const question = ask(setUp);
    expect(question).toMatchObject({ name: "halo", entry: raw, withheld, lent });
    if (remark === undefined) expect(question).toHaveProperty("remark", undefined);
    else expect((question as { remark: string }).remark).toMatch(remark);
  });
});

describe("a repository that steers programs", () => {
  const git = { env: { ...VALUES, GIT_CONFIG_COUNT: "1" } };
  const proxy = { env: { HTTPS_PROXY: "http://127.0.0.1:9" } };
  it.each<[string, SetUp, boolean]>([
    ["a program for git, not trusted", { project: git }, true],
    ["the same in the file that is usually the person's own", { local: git }, true],
    ["the same, trusted", { project: git, trusted: true }, false],
    ["a proxy, not trusted", { local: proxy }, true],
    ["a proxy for everybody, trusted", { project: proxy, trusted: true }, true],
    ["a proxy of the person's own, trusted", { local: proxy, trusted: true }, false],
    [
      "certificates for everybody, trusted",
      { project: { env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } }, trusted: true },
      true,
    ],
    ["values for everybody", { project: { env: VALUES } }, false],
    ["the user's settings may", { user: git }, false],
  ])("%s", (_, setUp, isRefused) => {
    expect("refused" in ask(setUp)).toBe(isRefused);
  });
});
