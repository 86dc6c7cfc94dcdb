import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { haloEntries, haloEntry } from "../../src/core/clients/claude-code.ts";
import type { Json } from "../../src/core/formats/json.ts";
import { HALO_URL, variablesFor } from "../../src/core/halo.ts";
import { type ClaudeInput, type OwnScope, planClaude } from "../../src/core/plan/claude-program.ts";
import type { FileState, RunStep, Step } from "../../src/core/plan/model.ts";

const values = { token: "tok-0123456789abcdef", account: "acc-0123456789", profile: "pro-0123456789" };
const SETTINGS = "/h/.claude/settings.json";
const STORE = "/h/.claude.json";
const file = (path: string, text: string, mode = 0o600) => ({
  snapshot: new Map<string, FileState>([[path, { kind: "file", realPath: path, text, mode }]]),
});
const literal = (given = values) => ({
  type: "http",
  url: HALO_URL,
  headers: { "X-CM-PRODUCTTOKEN": given.token, "CM-ACCOUNT-ID": given.account, "CM-PROFILE-ID": given.profile },
});
const referring = haloEntry("halo", HALO_URL) as ReturnType<typeof literal>;
const has = (raw: Json, scope: OwnScope = "user"): Pick<ClaudeInput, "existing"> => {
  const [entry] = haloEntries({ halo: raw }, scope, "halo");
  return { existing: (asked) => (asked === scope ? entry : undefined) };
};

const plan = (given: Partial<ClaudeInput> = {}) =>
  planClaude({
    scopes: ["user"],
    name: "halo",
    url: HALO_URL,
    values,
    program: "/bin/claude",
    readsStdin: true,
    existing: () => undefined,
    snapshot: new Map(),
    userSettings: SETTINGS,
    store: STORE,
    hasModes: true,
    ...given,
  });
function steps(given: Partial<ClaudeInput> = {}): readonly Step[] {
  const planned = plan(given);
  if (!planned.ok) throw new Error(planned.refused.reason);
  return planned.steps;
}
const containing = (text: string) => expect.stringContaining(text) as string;
const runs = (given: Partial<ClaudeInput>): readonly RunStep[] =>
  steps(given).filter((step): step is RunStep => step.kind === "run");

describe("with a Claude Code that reads standard input", () => {
  it("adds through it, and takes back by removing", () => {
    expect(steps()).toEqual([
      {
        kind: "run",
        argv: ["/bin/claude", "mcp", "add-json", "--scope", "user", "halo", "-"],
        stdin: JSON.stringify(literal()),
        why: 'add "halo" (user scope), values through standard input',
        details: [
          "new: https://api.cm.com/halo/core/mcp",
          `  X-CM-PRODUCTTOKEN: ••••${values.token.slice(-4)}`,
          `  CM-ACCOUNT-ID: ${values.account}`,
          `  CM-PROFILE-ID: ${values.profile}`,
        ],
        undo: ["/bin/claude", "mcp", "remove", "--scope", "user", "halo"],
      },
    ]);
  });
  it("replaces by remove and add, in the scope that has one", () => {
    const all = runs({ scopes: ["local", "user"], ...has({ ...literal(), timeout: 5 }, "local") });
    expect(all.map(({ argv }) => argv.slice(2, 5).join(" "))).toEqual([
      "remove --scope local",
      "add-json --scope local",
      "add-json --scope user",
    ]);
    expect(all[0]).toMatchObject({ why: 'remove the existing "halo" (local scope)' });
    expect(all[0]?.undo).toBeUndefined();
  });
  it.each([
    ["a token", literal({ ...values, token: "s3cret-0123456789-abcd" }), "  X-CM-PRODUCTTOKEN: ••••abcd"],
    ["a header of another kind", { ...referring, headers: { "X-Key": "s3cret" } }, "  X-Key: ••••"],
    ["credentials", { ...referring, url: "https://u:s3cret@x.example/mcp" }, "existing: https://x.example/mcp"],
    ["a query", { ...referring, url: "https://x.example/mcp?key=s3cret" }, "existing: https://x.example/mcp"],
  ])("shows an entry that goes, without its secrets: %s", (_, raw, line) => {
    const [remove] = runs(has(raw));
    expect(remove?.details).toContain(line);
    expect(JSON.stringify(remove)).not.toContain("s3cret");
  });
  it("does nothing when it is there already, in whatever order of keys", () => {
    const { type, url, headers } = literal();
    expect(steps(has({ headers, url, type }))).toEqual([]);
  });
  it("closes an open store first, also when the entry is there already; not on Windows", () => {
    const open = file(STORE, "{}", 0o644);
    const closing = { kind: "write", path: STORE, before: "{}", after: "{}", mode: 0o600 };
    expect(steps(open)[0]).toEqual(closing);
    expect(steps({ ...open, ...has(literal()) })).toEqual([closing]);
    expect(steps({ ...open, hasModes: false })).toHaveLength(1);
    expect(steps(file(STORE, "{}"))).toHaveLength(1);
  });
});

describe("with one that does not (2.1.197)", () => {
  const old = { readsStdin: false };
  it("never changes an ID that another connection takes from the shared settings", () => {
    const ids = { HALO_ACCOUNT_ID: values.account, HALO_PROFILE_ID: values.profile };
    const settings = (env: object) => ({ ...old, ...file(SETTINGS, JSON.stringify({ env })) });
    const other = settings({ ...ids, HALO_PROFILE_ID: "other" });
    for (const scopes of [["local"], ["user"]] as const)
      expect(plan({ ...other, scopes })).toMatchObject({
        path: SETTINGS,
        refused: { reason: containing("HALO_PROFILE_ID"), hint: containing("--name halo-2") },
      });
    expect(plan({ ...other, scopes: ["local"], ...has(referring, "local") }).ok).toBe(false);
    expect(plan({ ...other, ...has(referring) }).ok).toBe(true);
    // a new token of the same account is no conflict
    expect(plan(settings({ ...ids, HALO_MCP_TOKEN: "another-token" })).ok).toBe(true);
    expect(plan(settings({ HALO_ACCOUNT_ID: "other" }))).toMatchObject({ refused: { hint: containing("newer") } });
  });
  it.each(["{", "[]", '{"env": 1}'])("refuses settings that are broken, by name: %s", (text) => {
    expect(plan({ ...old, ...file(SETTINGS, text) })).toMatchObject({ ok: false, path: SETTINGS });
  });
});

it("argv never holds one of the three values, in no step and no undo", () => {
  const text = fc.string({ unit: fc.constantFrom(..."abcdefXYZ0189._~+/="), minLength: 8, maxLength: 40 });
  const raws = (given: typeof values): Json[] => [
    referring,
    literal(given),
    { ...literal(given), url: `https://x.example/?t=${given.token}` },
    { command: given.token },
    {},
  ];
  const known = ["halo", HALO_URL, ...Object.values(variablesFor("halo"))].join(" ");
  fc.assert(
    fc.property(
      fc.record({ token: text, account: text, profile: text }),
      fc.nat(5),
      fc.boolean(),
      fc.boolean(),
      fc.constantFrom("local", "user"),
      (given, which, reads, installed, scope) => {
        fc.pre(Object.values(given).every((value) => !known.includes(value)));
        const raw = raws(given)[which];
        const planned = plan({
          values: given,
          scopes: [scope],
          readsStdin: reads && installed,
          program: installed ? "/bin/claude" : undefined,
          ...(raw === undefined ? {} : has(raw, scope)),
        });
        const spoken = planned.ok
          ? planned.steps.flatMap((step) => {
              if (step.kind === "run") return [...step.argv, step.why, ...(step.undo ?? [])];
              return step.kind === "tell" ? step.lines : [step.path];
            })
          : Object.values(planned.refused).map(String);
        for (const word of spoken) for (const value of Object.values(given)) expect(word).not.toContain(value);
      },
    ),
    { numRuns: 1000 },
  );
});
