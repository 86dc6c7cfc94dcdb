import { describe, expect, it } from "vitest";
import { haloEntry } from "../../src/core/clients/claude-code.ts";
import { HALO_URL } from "../../src/core/halo.ts";
import { planProject, secretsOf } from "../../src/core/plan/install.ts";
import type { FileState, Snapshot } from "../../src/core/plan/model.ts";
import {
  applied,
  input,
  paths,
  referring,
  remove,
  snapshotOf,
  steps,
  type Texts,
  targetOf,
  theirs,
  values,
} from "./plan-input.ts";

const env = { HALO_MCP_TOKEN: values.token, HALO_ACCOUNT_ID: values.account, HALO_PROFILE_ID: values.profile };
const json = (text: string | undefined): unknown => JSON.parse(text ?? "");

describe("planProject", () => {
  it("protects first, refers last; what holds a secret is private", () => {
    expect(steps(planProject(input())).map(({ path, secret }) => [path, secret])).toEqual([
      [paths.ignore, undefined],
      [paths.env, true],
      [paths.example, undefined],
      [paths.bridge, true],
      [paths.mcp, undefined],
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
      const once = applied(start, planProject(input({ bridge }, start)));
      for (const uncovered of [[], [".env"]]) {
        const again = steps(planProject(input({ bridge, uncovered }, once)));
        expect(again.length).toBeGreaterThan(2);
        for (const { before, after } of again) expect(after).toBe(before);
      }
    }
  });

  it("takes the server off the list of rejected ones, which wins", () => {
    const before = { [paths.bridge]: '{\n  "disabledMcpjsonServers": ["other", "halo"]\n}\n' };
    const after = json(applied(before, planProject(input({}, before)))[paths.bridge]);
    expect(after).toMatchObject({ enabledMcpjsonServers: ["halo"], disabledMcpjsonServers: ["other"] });
  });

  it("uses direnv or nothing when asked to; the values file is one word of a shell", () => {
    const texts = { [paths.envrc]: "use node\n" };
    const direnv = planProject(input({ bridge: "direnv", envFromRoot: "c/my env$(x)" }, texts));
    expect(steps(direnv).map(({ path }) => path)).not.toContain(paths.bridge);
    expect(applied(texts, direnv)[paths.envrc]).toBe("use node\n\ndotenv_if_exists 'c/my env$(x)'\n");
    const none = steps(planProject(input({ bridge: "none" }))).map(({ path }) => path);
    expect(none).toEqual([paths.ignore, paths.env, paths.example, paths.mcp]);
  });

  it("mends an entry that is there, and no other", () => {
    const servers = { a: { command: "x" }, halo: { url: HALO_URL } };
    const before = { [paths.mcp]: JSON.stringify({ mcpServers: servers, x: [1] }, null, 4) };
    const after = applied(before, planProject(input({ target: targetOf(servers) }, before)))[paths.mcp];
    expect(json(after)).toEqual({ mcpServers: { ...servers, halo: haloEntry("halo", HALO_URL) }, x: [1] });
  });

  it("writes no committed file when it joins", () => {
    const texts: Texts = {
      [paths.mcp]: JSON.stringify({ mcpServers: theirs }),
      [paths.ignore]: "x\n",
      [paths.example]: "A=\n",
      [paths.envrc]: "use x\n",
    };
    const target = targetOf(theirs);
    for (const bridge of ["claude-settings", "direnv", "none"] as const) {
      for (const excluded of [[], [".env"]]) {
        const plan = steps(planProject(input({ target, bridge, excluded }, texts)));
        expect(plan.map(({ path }) => path)).toEqual([
          ...(excluded.length > 0 ? [paths.exclude] : []),
          paths.env,
          ...(bridge === "claude-settings" ? [paths.bridge] : []),
        ]);
        const written = plan.find(({ path }) => path === paths.env)?.after;
        expect(written).toBe(`TEAM_TOKEN=${values.token}\nHALO_ACCOUNT_ID=${values.account}\n`);
      }
    }
    expect(secretsOf(target, values)).toEqual({ TEAM_TOKEN: values.token, HALO_ACCOUNT_ID: values.account });
  });

  const comment = '{\n  // mine\n  "a": 1\n}\n';
  it.each<[string, string, string, RegExp, number]>([
    ["a broken .mcp.json", paths.mcp, '{\n  "mcpServers": {\n', /cut off/, 20],
    ["conflict markers", paths.mcp, "<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> x\n", /conflict/, 0],
    ["a duplicate name", paths.mcp, '{"mcpServers":{"halo":{},"halo":{}}}', /twice/, 25],
    ["no object", paths.mcp, "[]", /not an object/, 0],
    ["servers that are an array", paths.mcp, '{"mcpServers": []}', /not an object/, 15],
    ["a comment, for which Claude Code drops the whole file", paths.mcp, comment, /comment/, 4],
    ["the same in its settings", paths.bridge, comment, /comment/, 4],
    ["a broken bridge", paths.bridge, '{"env": ', /cut off/, 8],
    ["an env that is a text", paths.bridge, '{"env": "x"}', /not an object/, 8],
    ["a list that is none", paths.bridge, '{"enabledMcpjsonServers": true}', /not an array/, 26],
  ])("refuses %s, with the path and the place", (_, path, text, reason, offset) => {
    const planned = planProject(input({}, { [path]: text }));
    expect(planned).toMatchObject({ ok: false, path, text, refused: { offset } });
    expect(planned.ok ? "" : planned.refused.reason).toMatch(reason);
  });

  it("refuses a value that .env cannot carry, without repeating it", () => {
    const planned = planProject(input({ values: { ...values, token: "s3cret$(x)" } }));
    expect(planned).toMatchObject({ ok: false, path: paths.env });
    expect(JSON.stringify(planned)).not.toContain("s3cret");
  });

  it("refuses a file that cannot be read", () => {
    const pipe: FileState = { kind: "unreadable", realPath: paths.env, reason: "a folder" };
    const snapshot: Snapshot = new Map([...snapshotOf({}), [paths.env, pipe]]);
    const refused = { ok: false, path: paths.env, refused: { reason: "a folder" }, isClosed: false };
    expect(planProject(input({ snapshot }))).toMatchObject(refused);
    expect(remove({}, { snapshot })).toMatchObject(refused);
    const shut: FileState = { ...pipe, reason: "permission denied", code: "EACCES" };
    expect(planProject(input({ snapshot: new Map([...snapshot, [paths.env, shut]]) }))).toMatchObject({
      isClosed: true,
    });
  });
});

describe("planRemoval", () => {
  it("takes the reference out first and the values last", () => {
    const plan = steps(remove(applied({}, planProject(input()))));
    expect(plan.map(({ path }) => path)).toEqual([paths.mcp, paths.example, paths.bridge, paths.env, paths.ignore]);
    expect(plan.every(({ after }) => after === undefined)).toBe(true);
  });

  it("leaves files that git has, however little is left in them", () => {
    const before = { [paths.mcp]: '{\n  "mcpServers": {}\n}\n', [paths.example]: "" };
    const done = applied(before, planProject(input({}, before)));
    const left = (tracked: readonly string[]) => {
      const after = applied(done, remove(done, { tracked: new Set(tracked) }));
      return [after[paths.mcp], after[paths.example]];
    };
    expect(left([paths.mcp, paths.example])).toEqual(Object.values(before));
    expect(left([paths.example])).toEqual([undefined, ""]);
  });

  it.each<[string, Texts, Texts]>([
    ["nothing was there", {}, {}],
    ["a list without a final newline", { [paths.ignore]: "dist" }, {}],
    ["lines that came under the block later", { [paths.ignore]: "dist\n" }, { [paths.ignore]: "logs\n" }],
    ["an example that a rule hides", { [paths.ignore]: ".env*\n" }, {}],
    ["a file without a secret", { [paths.env]: "DEBUG=1\n", [paths.bridge]: '{"model": "x"}' }, {}],
  ])("our rules go: %s", (_, before, added) => {
    const exceptions = before[paths.ignore] === ".env*\n" ? ["!/.env.example"] : [];
    const done = applied(before, planProject(input({ exceptions }, before)));
    const more = Object.fromEntries(Object.entries(added).map(([path, text]) => [path, `${done[path]}${text}`]));
    const after = applied({ ...done, ...more }, remove({ ...done, ...more }));
    for (const path of Object.values(paths)) {
      const want = `${before[path] ?? ""}${added[path] ?? ""}`;
      expect(after[path] ?? "", path).toBe(want);
    }
  });

  it("a rule stays while its file has another secret", () => {
    const before = { [paths.env]: "STRIPE_SECRET_KEY=abc\n" };
    const done = applied(before, planProject(input({}, before)));
    const after = applied(done, remove(done));
    expect(after[paths.env]).toBe(before[paths.env]);
    expect(after[paths.ignore]).toBe("# HALO (create-halo-mcp): private values, never committed\n.env\n");
  });

  it("only the values: the files of the team stay as they are", () => {
    const done = applied({}, planProject(input()));
    const after = applied(done, remove(done, { isValuesOnly: true }));
    for (const path of [paths.mcp, paths.example, paths.ignore]) expect(after[path]).toBe(done[path]);
    expect([after[paths.env], after[paths.bridge]]).toEqual([undefined, undefined]);
  });

  it("the bridge keeps only what Claude Code itself still needs", () => {
    const done = applied({}, planProject(input()));
    const after = applied(done, remove(done, { kept: new Set(Object.keys(env)), keptInBridge: new Set() }));
    expect([after[paths.env], after[paths.bridge]]).toEqual([done[paths.env], undefined]);
  });

  it("leaves what another connection still needs", () => {
    const first = applied({}, planProject(input()));
    const target = targetOf({}, "halo-de");
    const two = applied(first, planProject(input({ target }, first)));
    const back = applied(two, remove(two, { kept: new Set(Object.keys(env)), target }));
    for (const path of [paths.mcp, paths.bridge, paths.env, paths.example]) expect(back[path]).toBe(first[path]);
  });

  it("a variable that is not HALO's by its name is another program's: it stays, in every private file", () => {
    const headers = { "X-CM-PRODUCTTOKEN": "${STRIPE_SECRET_KEY}", "CM-ACCOUNT-ID": "${TEAM_ID}" };
    const before = {
      [paths.env]: `STRIPE_SECRET_KEY=sk-1\nTEAM_ID=7\nHALO_PROFILE_ID=${values.profile}\n`,
      [paths.bridge]: '{ "env": { "STRIPE_SECRET_KEY": "sk-1" } }',
    };
    const target = targetOf({ halo: { ...referring, headers: { ...referring.headers, ...headers } } });
    const after = applied(before, remove(before, { target }));
    expect(after[paths.env]).toBe("STRIPE_SECRET_KEY=sk-1\nTEAM_ID=7\n");
    expect(after[paths.bridge]).toBe(before[paths.bridge]);
  });
});
