import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readEntry } from "../../src/core/clients/claude-code.ts";
import { referring as slotsFor } from "../../src/core/clients/entry.ts";
import type { Json } from "../../src/core/formats/json.ts";
import { HALO_URL, variablesFor } from "../../src/core/halo.ts";
import { type ClaudeInput, type OwnScope, planClaude } from "../../src/core/plan/claude-program.ts";
import { editFiles, envEdits, secretsOf } from "../../src/core/plan/install.ts";
import type { RunStep } from "../../src/core/plan/model.ts";
import { referring } from "./plan-input.ts";

const values = { token: "tok-0123456789abcdef", account: "acc-0123456789", profile: "pro-0123456789" };
const literal = (given = values) => ({
  type: "http",
  url: HALO_URL,
  headers: { "X-CM-PRODUCTTOKEN": given.token, "CM-ACCOUNT-ID": given.account, "CM-PROFILE-ID": given.profile },
});
const has = (raw: Json, scope: OwnScope = "user"): Pick<ClaudeInput, "existing"> => {
  const entry = readEntry("halo", scope, raw);
  return { existing: (asked) => (asked === scope ? entry : undefined) };
};
const usual: ClaudeInput = {
  program: "/bin/claude",
  readsStdin: true,
  scopes: ["user"],
  name: "halo",
  slots: slotsFor(variablesFor("halo")),
  url: HALO_URL,
  values,
  existing: () => undefined,
};
const plan = (given: Partial<ClaudeInput> = {}) =>
  planClaude({ ...usual, ...given }).filter((step): step is RunStep => step.kind === "run");

it("adds through standard input, and takes back by removing", () => {
  expect(plan()).toEqual([
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
  const all = plan({ scopes: ["local", "user"], ...has({ ...literal(), timeout: 5 }, "local") });
  expect(all.map(({ argv }) => argv.slice(2, 5).join(" "))).toEqual([
    "remove --scope local",
    "add-json --scope local",
    "add-json --scope user",
  ]);
  // the old entry may be the only place of its token
  expect(all[0]).toMatchObject({
    why: 'remove the existing "halo" (local scope)',
    undo: ["/bin/claude", "mcp", "add-json", "--scope", "local", "halo", "-"],
    undoStdin: JSON.stringify({ ...literal(), timeout: 5 }),
  });
  const [old] = plan({ readsStdin: false, ...has(literal()) });
  expect(old?.undo).toBeUndefined();
});

it.each([
  ["a token", literal({ ...values, token: "s3cret-0123456789-abcd" }), "  X-CM-PRODUCTTOKEN: ••••abcd"],
  ["a header of another kind", { ...referring, headers: { "X-Key": "s3cret" } }, "  X-Key: ••••"],
  ["credentials", { ...referring, url: "https://u:s3cret@x.example/mcp" }, "existing: https://x.example/mcp"],
  ["a query", { ...referring, url: "https://x.example/mcp?key=s3cret" }, "existing: https://x.example/mcp"],
])("shows an entry that goes, without its secrets: %s", (_, raw, line) => {
  const [remove] = plan(has(raw));
  expect(remove?.details).toContain(line);
  expect(JSON.stringify({ ...remove, undoStdin: "" })).not.toContain("s3cret");
});

it("does nothing when it is there already, in whatever order of keys", () => {
  const { type, url, headers } = literal();
  expect(plan(has({ headers, url, type }))).toEqual([]);
});

describe("with a Claude Code that reads nothing there (2.1.197)", () => {
  const old = { readsStdin: false };
  it("adds references, and replaces only what is another entry", () => {
    const references = ["X-CM-PRODUCTTOKEN: ${HALO_MCP_TOKEN}", "CM-ACCOUNT-ID: ${HALO_ACCOUNT_ID}"];
    expect(plan(old)[0]?.argv).toEqual(expect.arrayContaining(["add", "--transport", "http", ...references]));
    expect(plan({ ...old, ...has(referring) })).toEqual([]);
    expect(plan({ ...old, ...has(literal()) }).map(({ argv }) => argv[2])).toEqual(["remove", "add"]);
  });
  it("prints the command where there is no Claude Code", () => {
    const [step] = planClaude({ ...usual, ...old, program: undefined });
    expect(step).toMatchObject({
      kind: "tell",
      lines: ["npm install -g @anthropic-ai/claude-code", expect.stringMatching(/^claude mcp add .*'X-CM.*\$\{HALO_/)],
    });
  });
  it.each(["{}", '{"env": {"HALO_PROFILE_ID": "other"}}', "{", '{"env": 1}'])(
    "keeps the values in the settings: %s",
    (text) => {
      const state = { kind: "file", realPath: "/h", text, mode: 0o600 } as const;
      const planned = editFiles(new Map([["/h", state]]), [["/h", envEdits(secretsOf(usual, values)), "env"]]);
      expect(planned.ok).toBe(text.endsWith("}") && !text.endsWith("1}"));
      if (planned.ok)
        expect(JSON.parse(planned.steps[0]?.after ?? "").env).toMatchObject({ HALO_PROFILE_ID: values.profile });
    },
  );
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
  const given = fc.record({ token: text, account: text, profile: text });
  fc.assert(
    fc.property(given, fc.nat(5), fc.boolean(), (given, which, readsStdin) => {
      fc.pre(Object.values(given).every((value) => !known.includes(value)));
      const raw = raws(given)[which];
      const steps = plan({ values: given, readsStdin, ...(raw === undefined ? {} : has(raw)) });
      for (const word of steps.flatMap(({ argv, why, undo = [] }) => [...argv, why, ...undo]))
        for (const value of Object.values(given)) expect(word).not.toContain(value);
    }),
    { numRuns: 300 },
  );
});
