import { describe, expect, it } from "vitest";
import { parseDotenv } from "../../src/core/formats/dotenv.ts";
import { HALO_URL } from "../../src/core/halo.ts";
import { idsFromExample, planProject, planRemoval, secretsOf } from "../../src/core/plan/install.ts";
import type { Snapshot } from "../../src/core/plan/model.ts";
import {
  applied,
  entry,
  input,
  json,
  paths,
  removal,
  remove,
  snapshotOf,
  steps,
  type Texts,
  targetOf,
  theirs,
  values,
} from "./plan-input.ts";

describe("planProject", () => {
  it("protects first, refers last", () => {
    const plan = steps(planProject(input()));
    expect(plan.map(({ path }) => path)).toEqual([paths.ignore, paths.env, paths.example, paths.bridge, paths.mcp]);
    expect(plan.map(({ secret }) => secret === true)).toEqual([false, true, false, true, false]);
    expect(plan.map(({ before }) => before)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });

  it("makes the files that hold a secret private, and leaves the mode of what is there", () => {
    const modes = (texts: Texts) =>
      Object.fromEntries(steps(planProject(input({}, texts))).map(({ path, mode }) => [path, mode]));
    expect(modes({})).toEqual({
      [paths.ignore]: undefined,
      [paths.env]: 0o600,
      [paths.example]: undefined,
      [paths.bridge]: 0o600,
      [paths.mcp]: undefined,
    });
    expect(modes({ [paths.env]: "A=1\n", [paths.bridge]: "{}\n" })).toMatchObject({
      [paths.env]: undefined,
      [paths.bridge]: undefined,
    });
  });

  it("writes what was asked for, and the token only where it belongs", () => {
    const after = applied({}, steps(planProject(input())));
    expect(after[paths.ignore]).toContain("\n.env\n.claude/settings.local.json\n");
    expect(Object.fromEntries(parseDotenv(after[paths.env] ?? ""))).toEqual({
      HALO_MCP_TOKEN: values.token,
      HALO_ACCOUNT_ID: values.account,
      HALO_PROFILE_ID: values.profile,
    });
    expect(after[paths.example]).toMatch(
      /^# HALO product token.+\nHALO_MCP_TOKEN=\n# CM.com account ID.+\nHALO_ACCOUNT_ID=\n# HALO profile ID.+\nHALO_PROFILE_ID=\n$/,
    );
    expect(json(after[paths.bridge])).toEqual({
      env: { HALO_MCP_TOKEN: values.token, HALO_ACCOUNT_ID: values.account, HALO_PROFILE_ID: values.profile },
      enabledMcpjsonServers: ["halo"],
    });
    expect(json(after[paths.mcp])).toEqual({ mcpServers: { halo: entry } });
    for (const path of [paths.ignore, paths.example, paths.mcp])
      for (const value of Object.values(values)) expect(after[path]).not.toContain(value);
  });

  it("lists the token first in the bridge", () => {
    const text = applied({}, steps(planProject(input())))[paths.bridge] ?? "";
    expect([...text.matchAll(/"(HALO_\w+)"/g)].map((match) => match[1])).toEqual([
      "HALO_MCP_TOKEN",
      "HALO_ACCOUNT_ID",
      "HALO_PROFILE_ID",
    ]);
  });

  it("changes nothing the second time, whatever was there", () => {
    const start: Texts = {
      [paths.env]: "A=1\r\n",
      [paths.ignore]: "*.log",
      [paths.bridge]: '{"permissions": {}}',
      [paths.mcp]: '{\n\t"mcpServers": {}\n}\n',
    };
    for (const bridge of ["claude-settings", "direnv", "none"] as const) {
      const once = applied(start, steps(planProject(input({ bridge }, start))));
      const again = steps(planProject(input({ bridge, uncovered: [] }, once)));
      expect(again.length).toBeGreaterThan(2);
      for (const { before, after } of again) expect(after).toBe(before);
      expect(steps(planProject(input({ bridge }, once))).every(({ before, after }) => before === after)).toBe(true);
    }
  });

  it("takes the server off the list of rejected ones, which wins", () => {
    const before = '{\n  "disabledMcpjsonServers": ["other", "halo"]\n}\n';
    const after = json(applied({}, steps(planProject(input({}, { [paths.bridge]: before }))))[paths.bridge]);
    expect(after).toMatchObject({ enabledMcpjsonServers: ["halo"], disabledMcpjsonServers: ["other"] });
  });

  it.each([
    ["its settings", paths.bridge],
    [".mcp.json", paths.mcp],
  ])("refuses comments in %s, since Claude Code drops the whole file for them", (_, path) => {
    const text = '{\n  // mine\n  "a": 1\n}\n';
    expect(planProject(input({}, { [path]: text }))).toMatchObject({ ok: false, path, text, refused: { offset: 4 } });
  });

  it("uses direnv or nothing when asked to", () => {
    const direnv = steps(planProject(input({ bridge: "direnv" }, { [paths.envrc]: "use node\n" })));
    expect(direnv.map(({ path }) => path)).toEqual([paths.ignore, paths.env, paths.example, paths.envrc, paths.mcp]);
    expect(direnv.find(({ path }) => path === paths.envrc)?.after).toBe("use node\n\ndotenv_if_exists .env\n");
    expect(steps(planProject(input({ bridge: "none" }))).map(({ path }) => path)).toEqual([
      paths.ignore,
      paths.env,
      paths.example,
      paths.mcp,
    ]);
  });

  it("mends an entry that is there, and no other", () => {
    const before = JSON.stringify({ mcpServers: { a: { command: "x" }, halo: { url: HALO_URL } }, x: [1] }, null, 4);
    const target = targetOf({ halo: { url: HALO_URL } });
    expect(target.repairs).toBeDefined();
    const after = applied({}, steps(planProject(input({ target }, { [paths.mcp]: before }))))[paths.mcp];
    expect(json(after)).toEqual({ mcpServers: { a: { command: "x" }, halo: entry }, x: [1] });
  });

  it("writes no committed file when it joins", () => {
    const texts: Texts = {
      [paths.mcp]: JSON.stringify(theirs),
      [paths.ignore]: "x\n",
      [paths.example]: "A=\n",
      [paths.envrc]: "use x\n",
    };
    const target = targetOf(theirs.mcpServers);
    expect(target.mode).toBe("join");
    for (const bridge of ["claude-settings", "direnv", "none"] as const) {
      for (const uncovered of [[], [".env"]]) {
        const plan = steps(planProject(input({ target, bridge, uncovered }, texts)));
        const allowed = [paths.exclude, paths.env, paths.bridge];
        expect(plan.filter(({ path }) => !allowed.includes(path))).toEqual([]);
        expect(plan.some(({ path }) => path === paths.exclude)).toBe(uncovered.length > 0);
        expect(plan.find(({ path }) => path === paths.env)?.after).toBe(
          `TEAM_TOKEN=${values.token}\nHALO_ACCOUNT_ID=${values.account}\n`,
        );
      }
    }
    expect(secretsOf(target, values)).toEqual({ TEAM_TOKEN: values.token, HALO_ACCOUNT_ID: values.account });
  });

  it.each<[string, string, string, RegExp, number | undefined]>([
    ["a broken .mcp.json", paths.mcp, '{\n  "mcpServers": {\n', /cut off/, 20],
    ["conflict markers", paths.mcp, "<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> x\n", /conflict/, 0],
    ["a duplicate name", paths.mcp, '{"mcpServers":{"halo":{},"halo":{}}}', /twice/, 25],
    ["no object", paths.mcp, "[]", /not an object/, 0],
    ["servers that are an array", paths.mcp, '{"mcpServers": []}', /not an object/, 15],
    ["a broken bridge", paths.bridge, '{"env": ', /cut off/, 8],
    ["an env that is a text", paths.bridge, '{"env": "x"}', /not an object/, 8],
    ["a list that is none", paths.bridge, '{"enabledMcpjsonServers": true}', /not an array/, 26],
    ["an open quote in .env", paths.env, "A=1\nB='open\n", /./, undefined],
  ])("refuses %s, with the path and the place", (_what, path, text, reason, offset) => {
    const planned = planProject(input({}, { [path]: text }));
    if (planned.ok) {
      // an open quote is only refused when appending would be read otherwise
      expect(path).toBe(paths.env);
      return;
    }
    expect(planned.path).toBe(path);
    expect(planned.text).toBe(text);
    expect(planned.refused.reason).toMatch(reason);
    if (offset !== undefined) expect(planned.refused.offset).toBe(offset);
  });

  it("refuses a value that .env cannot carry, without repeating it", () => {
    const planned = planProject(input({ values: { ...values, token: "s3cret$(x)" } }));
    expect(planned).toMatchObject({ ok: false, path: paths.env });
    expect(JSON.stringify(planned)).not.toContain("s3cret");
  });

  it("refuses a file that cannot be read", () => {
    const snapshot: Snapshot = new Map([
      ...snapshotOf({}),
      [paths.env, { kind: "unreadable", realPath: paths.env, reason: "a folder" }],
    ]);
    expect(planProject(input({ snapshot }))).toMatchObject({
      ok: false,
      path: paths.env,
      refused: { reason: "a folder" },
    });
    expect(planRemoval({ ...removal({}), snapshot })).toMatchObject({ ok: false, path: paths.env });
  });
});

describe("planRemoval", () => {
  it("leaves files that git has, however little is left in them", () => {
    const before = { [paths.mcp]: '{\n  "mcpServers": {}\n}\n', [paths.example]: "" };
    const done = applied(before, steps(planProject(input(before))));
    const removed = (tracked: readonly string[]) => steps(planRemoval({ ...removal(done), tracked: new Set(tracked) }));
    const left = (tracked: readonly string[]) =>
      [paths.mcp, paths.example].map((path) => removed(tracked).find((step) => step.path === path)?.after);
    expect(left([paths.mcp, paths.example])).toEqual(Object.values(before));
    expect(left([])).toEqual([undefined, undefined]);
    expect(left([paths.example])).toEqual([undefined, ""]);
  });

  it("names a values file in .envrc as one word of a shell", () => {
    const envFileForEnvrc = "c/my env$(touch pwn)";
    const done = applied({}, steps(planProject({ ...input(), bridge: "direnv", envFileForEnvrc })));
    expect(done[paths.envrc]).toBe("dotenv_if_exists 'c/my env$(touch pwn)'\n");
    const plan = steps(planRemoval({ ...removal(done), envFileForEnvrc }));
    expect(plan.find(({ path }) => path === paths.envrc)?.after).toBeUndefined();
    expect(plan.map(({ path }) => path)).toContain(paths.envrc);
  });

  it("takes the reference out first and the values last", () => {
    const done = applied({}, steps(planProject(input())));
    const plan = steps(remove(done));
    expect(plan.map(({ path }) => path)).toEqual([paths.mcp, paths.bridge, paths.example, paths.env]);
    expect(plan.every(({ after }) => after === undefined)).toBe(true);
  });

  it("leaves what another connection still needs", () => {
    const first = applied({}, steps(planProject(input())));
    const two = applied(first, steps(planProject(input({ target: targetOf({}, "halo-de") }, first))));
    const back = applied(
      two,
      steps(remove(two, ["HALO_MCP_TOKEN", "HALO_ACCOUNT_ID", "HALO_PROFILE_ID"], targetOf({}, "halo-de"))),
    );
    for (const path of [paths.mcp, paths.bridge, paths.env, paths.example]) expect(back[path]).toBe(first[path]);
  });

  it("has nothing to do where nothing is", () => {
    expect(steps(remove({}))).toEqual([]);
    expect(steps(remove({ [paths.env]: "A=1\n", [paths.mcp]: "{}", [paths.bridge]: "{}" }))).toEqual([]);
  });

  it("refuses a broken file with its place", () => {
    expect(remove({ [paths.mcp]: '{"mcpServers":{' })).toMatchObject({
      ok: false,
      path: paths.mcp,
      refused: { offset: 15 },
    });
  });
});

describe("idsFromExample", () => {
  it("takes IDs and never a token, a placeholder or anything odd", () => {
    const target = targetOf();
    const ids = (entries: Record<string, string>) => idsFromExample(new Map(Object.entries(entries)), target);
    expect(ids({ HALO_MCP_TOKEN: "abc", HALO_ACCOUNT_ID: " acc ", HALO_PROFILE_ID: "p-1" })).toEqual({
      account: "acc",
      profile: "p-1",
    });
    for (const text of ["", "<id>", "${X}", "a b", "a\u001b[2J", "-x", "é", "x".repeat(200)])
      expect(ids({ HALO_ACCOUNT_ID: text })).toEqual({});
    expect(ids({ OTHER: "x" })).toEqual({});
  });
});
