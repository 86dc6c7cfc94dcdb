import fc from "fast-check";
import { expect, it } from "vitest";
import { haloEntries, haloEntry } from "../../src/core/clients/claude-code.ts";
import type { Json } from "../../src/core/formats/json.ts";
import { HALO_URL } from "../../src/core/halo.ts";
import { type ClaudeInput, type OwnScope, planClaude } from "../../src/core/plan/claude-program.ts";

const values = { token: "tok-0123456789abcdef", account: "acc-0123456789", profile: "pro-0123456789" };
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
    program: "/bin/claude",
    scopes: ["user"],
    name: "halo",
    url: HALO_URL,
    values,
    existing: () => undefined,
    ...given,
  });

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
  expect(all[0]).toMatchObject({ why: 'remove the existing "halo" (local scope)' });
  expect(all[0]?.undo).toBeUndefined();
});

it.each([
  ["a token", literal({ ...values, token: "s3cret-0123456789-abcd" }), "  X-CM-PRODUCTTOKEN: ••••abcd"],
  ["a header of another kind", { ...referring, headers: { "X-Key": "s3cret" } }, "  X-Key: ••••"],
  ["credentials", { ...referring, url: "https://u:s3cret@x.example/mcp" }, "existing: https://x.example/mcp"],
  ["a query", { ...referring, url: "https://x.example/mcp?key=s3cret" }, "existing: https://x.example/mcp"],
])("shows an entry that goes, without its secrets: %s", (_, raw, line) => {
  const [remove] = plan(has(raw));
  expect(remove?.details).toContain(line);
  expect(JSON.stringify(remove)).not.toContain("s3cret");
});

it("does nothing when it is there already, in whatever order of keys", () => {
  const { type, url, headers } = literal();
  expect(plan(has({ headers, url, type }))).toEqual([]);
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
  fc.assert(
    fc.property(fc.record({ token: text, account: text, profile: text }), fc.nat(5), (given, which) => {
      fc.pre(Object.values(given).every((value) => !HALO_URL.includes(value)));
      const raw = raws(given)[which];
      const steps = plan({ values: given, ...(raw === undefined ? {} : has(raw)) });
      for (const word of steps.flatMap(({ argv, why, undo = [] }) => [...argv, why, ...undo]))
        for (const value of Object.values(given)) expect(word).not.toContain(value);
    }),
    { numRuns: 300 },
  );
});
