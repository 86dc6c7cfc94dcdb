import { describe, expect, test } from "vitest";
import { type Folder, projectOf } from "../../src/core/clients/claude-project.ts";
import {
  approvalOf,
  type ClaudeFiles,
  claudeState,
  isSwitchedOff,
  sessionEnv,
  sessionLayers,
  takenEntry,
  trustOf,
} from "../../src/core/clients/claude-state.ts";
import { named } from "./doctor-support.ts";

const ROOT = "/home/ada/shop";
const folder: Folder = { above: [`${ROOT}/sub`, ROOT, "/home/ada", "/home", "/"], gitRoot: ROOT, home: "/home/ada" };

type Contents = Readonly<Partial<Record<keyof ClaudeFiles, unknown>>>;

const stateOf = (contents: Contents, version = "2.1.330") =>
  claudeState(
    {
      store: named("~/.claude.json", contents.store),
      userSettings: named("~/.claude/settings.json", contents.userSettings),
      projectSettings: named(".claude/settings.json", contents.projectSettings),
      localSettings: named(".claude/settings.local.json", contents.localSettings),
      mainSettings: named("../.claude/settings.local.json", contents.mainSettings),
    },
    projectOf(folder, version),
    version,
  );

const T = (token: string) => ({ env: { T: token } });

/** The files, the environment, and the value that counts: in a session, for `claude mcp list`. */
describe("what a session sends", () => {
  const everywhere: Contents = { userSettings: T("user"), projectSettings: T("project"), localSettings: T("local") };
  test.each<[string, Contents, Record<string, string>, readonly (string | undefined)[]]>([
    ["exported alone", {}, { T: "e" }, ["e", "e"]],
    ["the user's settings over the environment", { userSettings: T("user") }, { T: "e" }, ["user", "user"]],
    ["the project's over both", { ...everywhere, localSettings: {} }, { T: "exported" }, ["project", "user"]],
    ["settings.local.json over all", everywhere, { T: "exported" }, ["local", "user"]],
    ["it fills a gap, in a session alone", { localSettings: T("local") }, {}, ["local", undefined]],
    ["a number is sent as its digits", { localSettings: { env: { T: 5 } } }, {}, ["5", undefined]],
    ["a file that is skipped", { localSettings: '{"env":{"T":"x"}} // c' }, { T: "e" }, ["e", "e"]],
  ])("%s", (_, contents, env, [session, list]) => {
    const state = stateOf(contents);
    const sent = [sessionEnv(state, env), sessionEnv(state, env, "list")];
    expect(sent.map((each) => each.T)).toEqual([session, list]);
  });

  test("below the root: the root's settings.local.json wins with 2.1.330 and is not read by 2.1.197", () => {
    const contents = { localSettings: T("here"), mainSettings: T("root") };
    expect(sessionEnv(stateOf(contents), {}).T).toBe("root");
    expect(sessionEnv(stateOf(contents, "2.1.197"), {}).T).toBe("here");
  });

  test("names that are sent empty to remote servers, by 2.1.330 alone", () => {
    expect(sessionEnv(stateOf({}), { NPM_TOKEN: "x" }).NPM_TOKEN).toBe("");
    expect(sessionEnv(stateOf({}, "2.1.197"), { NPM_TOKEN: "x" }).NPM_TOKEN).toBe("x");
  });

  test("each layer says whose it is", () => {
    const state = stateOf(everywhere);
    const own = (layers: ReturnType<typeof sessionLayers>) =>
      layers.map(({ place, ofRepository }) => [place, ofRepository]);
    expect(own(sessionLayers(state, {}))).toEqual([
      ["the environment", false],
      ["~/.claude/settings.json", false],
      [".claude/settings.json", true],
      [".claude/settings.local.json", true],
      ["../.claude/settings.local.json", true],
    ]);
    const { files, project } = state;
    const told = (userSettings: ClaudeFiles["userSettings"]) =>
      own(sessionLayers(claudeState({ ...files, userSettings }, project, undefined), {}));
    expect(told({ ...files.userSettings, inRepository: true })[1]).toEqual(["~/.claude/settings.json", true]);
    // in the home folder, the project's file is the user's own
    expect(told(files.projectSettings).slice(1, 3)).toEqual([
      [".claude/settings.json", false],
      [".claude/settings.local.json", true],
    ]);
  });
});

test.each([
  ["a comment", "{} // c", ":1:4"],
  ["no object", "[]", ""],
  ["an env that is a list", '{"env":[]}', ":1:8"],
  ["a key of the wrong shape", '{"env":{},\n"permissions":{"allow":"Bash"}}', ":2:24"],
])("settings that are skipped as a whole: %s", (_, text, at) => {
  const broken = stateOf({ localSettings: text }).settings.flatMap((each) => each.broken ?? []);
  expect(broken).toMatchObject([{ at }]);
});

const trusted = { hasTrustDialogAccepted: true };
test.each<[string, string, string | undefined, string | undefined]>([
  ["the folder itself", `${ROOT}/sub`, `${ROOT}/sub`, `${ROOT}/sub`],
  ["the git root", ROOT, ROOT, ROOT],
  ["above the git root, for 2.1.197 alone", "/home/ada", undefined, "/home/ada"],
  ["elsewhere", "/srv", undefined, undefined],
])("trust: %s", (_, where, now, before) => {
  const store = { projects: { [where]: trusted } };
  expect(trustOf(stateOf({ store })).folder).toBe(now);
  expect(trustOf(stateOf({ store }, "2.1.197")).folder).toBe(before);
});

const yes = { enabledMcpjsonServers: ["halo"] };
const no = { disabledMcpjsonServers: ["halo"] };
test.each<[string, Contents, string, string?]>([
  ["nobody said anything", {}, "pending"],
  ["in settings.local.json", { localSettings: yes }, "approved", ".claude/settings.local.json"],
  ["in the store, under the git root", { store: { projects: { [ROOT]: yes } } }, "approved", "~/.claude.json"],
  ["all of them", { userSettings: { enableAllProjectMcpServers: true } }, "approved", "~/.claude/settings.json"],
  ["a rejection wins, wherever it is", { userSettings: no, localSettings: yes }, "rejected", "~/.claude/settings.json"],
  ["in a file that is skipped", { localSettings: `${JSON.stringify(yes)},` }, "pending"],
])("approval: %s", (_, contents, wanted, file) => {
  const found = approvalOf(stateOf(contents), "halo");
  expect([found.state, found.by?.file]).toEqual([wanted, file]);
});

test("trusted through a folder above, outside any repository: the person's own approvals alone count", () => {
  const outside: Folder = { ...folder, gitRoot: undefined };
  const store = { projects: { "/home/ada": trusted, [`${ROOT}/sub`]: yes } };
  const said = (contents: Contents) => {
    const { files } = stateOf(contents);
    return approvalOf(claudeState(files, projectOf(outside), undefined), "halo").state;
  };
  expect(said({ store, localSettings: yes, projectSettings: yes })).toBe("pending");
  expect(said({ store, userSettings: yes })).toBe("approved");
  expect(said({ store, localSettings: no, userSettings: yes })).toBe("rejected");
  expect(said({ store: { projects: { [`${ROOT}/sub`]: trusted } }, localSettings: yes })).toBe("approved");
  // with the dialog, the folder itself becomes trusted
  expect(said({ localSettings: yes })).toBe("approved");
});

test("switched off with /mcp, whatever was approved", () => {
  const off = { store: { projects: { [ROOT]: { disabledMcpServers: ["halo"] } } }, localSettings: yes };
  expect(isSwitchedOff(stateOf(off), "halo")).toBe(true);
  expect(isSwitchedOff(stateOf(off), "halo-de")).toBe(false);
});

test.each<[string, readonly string[], "approved" | "pending" | "rejected", string | undefined, string | undefined]>([
  ["local first", ["local", "project", "user"], "approved", "local", undefined],
  ["local while the project's waits", ["local", "project"], "pending", "local", "project"],
  ["the project's, approved", ["project", "user"], "approved", "project", undefined],
  ["the project's waits: user", ["project", "user"], "pending", "user", "project"],
  ["the project's is rejected: user", ["project", "user"], "rejected", "user", undefined],
  ["the project's alone", ["project"], "pending", "project", undefined],
  ["none", [], "pending", undefined, undefined],
])("the entry that is taken: %s", (_, scopes, state, winner, waiting) => {
  const entries = scopes.map((scope) => ({ scope: scope as "user" }));
  const taken = takenEntry(entries, { state });
  expect([taken.winner?.scope, taken.waiting?.scope]).toEqual([winner, waiting]);
});
