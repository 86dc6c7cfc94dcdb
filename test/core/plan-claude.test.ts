import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { haloEntries } from "../../src/core/clients/claude-code.ts";
import type { Json } from "../../src/core/formats/json.ts";
import { HALO_URL, variablesFor } from "../../src/core/halo.ts";
import { type ClaudeInput, planClaude, removeEntry } from "../../src/core/plan/claude-program.ts";
import type { FileState, RunStep, Step } from "../../src/core/plan/model.ts";

const values = { token: "tok-0123456789abcdef", account: "acc-0123456789", profile: "pro-0123456789" };
const file = (text: string, mode = 0o600): FileState => ({ kind: "file", realPath: "/h/x", text, mode });
const absent: FileState = { kind: "absent", realPath: "/h/x" };
const withValues = (given = values) => ({
  type: "http",
  url: HALO_URL,
  headers: { "X-CM-PRODUCTTOKEN": given.token, "CM-ACCOUNT-ID": given.account, "CM-PROFILE-ID": given.profile },
});
const referring = {
  type: "http",
  url: HALO_URL,
  headers: {
    "X-CM-PRODUCTTOKEN": "${HALO_MCP_TOKEN}",
    "CM-ACCOUNT-ID": "${HALO_ACCOUNT_ID}",
    "CM-PROFILE-ID": "${HALO_PROFILE_ID}",
  },
};
const existing = (raw: Json) => haloEntries({ halo: raw }, "user", "halo")[0];

const input = (given: Partial<ClaudeInput> = {}): ClaudeInput => ({
  scope: "user",
  name: "halo",
  url: HALO_URL,
  values,
  program: "/bin/claude",
  readsStdin: true,
  existing: undefined,
  userSettings: { path: "/h/.claude/settings.json", state: absent },
  store: { path: "/h/.claude.json", state: absent },
  platform: "linux",
  ...given,
});
function steps(given: Partial<ClaudeInput> = {}): readonly Step[] {
  const planned = planClaude(input(given));
  if (!planned.ok) throw new Error(planned.reason);
  return planned.steps;
}
const runs = (all: readonly Step[]): readonly RunStep[] => all.filter((step): step is RunStep => step.kind === "run");

describe("with a Claude Code that reads standard input", () => {
  it("adds through it, and takes back by removing", () => {
    expect(steps()).toEqual([
      {
        kind: "run",
        argv: ["/bin/claude", "mcp", "add-json", "--scope", "user", "halo", "-"],
        stdin: JSON.stringify(withValues()),
        why: expect.stringContaining("standard input") as string,
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
  it("replaces by remove and add: what was there is shown without its values, and not put back", () => {
    const old = { ...withValues({ ...values, token: "old-token-0123456789" }), timeout: 5 };
    const [remove, add, ...rest] = runs(steps({ scope: "local", existing: existing(old) }));
    expect(rest).toEqual([]);
    expect(remove).toEqual({
      kind: "run",
      argv: ["/bin/claude", "mcp", "remove", "--scope", "local", "halo"],
      why: 'remove the existing "halo" (local scope)',
      details: [
        `existing: ${HALO_URL}`,
        "  X-CM-PRODUCTTOKEN: ••••6789",
        `  CM-ACCOUNT-ID: ${values.account}`,
        `  CM-PROFILE-ID: ${values.profile}`,
      ],
    });
    expect(add?.argv.slice(1, 3)).toEqual(["mcp", "add-json"]);
  });
  it.each([
    ["a header of another kind", { ...referring, headers: { "X-Key": "s3cret" } }, "  X-Key: ••••"],
    ["credentials", { ...referring, url: "https://u:s3cret@x.example/mcp" }, "existing: https://x.example/mcp"],
    ["a query", { ...referring, url: "https://x.example/mcp?key=s3cret" }, "existing: https://x.example/mcp"],
  ])("shows an entry that goes, without its secrets: %s", (_, raw, line) => {
    const [remove] = runs(steps({ existing: existing(raw) }));
    expect(remove?.details).toContain(line);
    expect(JSON.stringify(remove)).not.toContain("s3cret");
  });
  it("does nothing when it is there already, in whatever order of keys", () => {
    const { type, url, headers } = withValues();
    expect(steps({ existing: existing(withValues()) })).toEqual([]);
    expect(steps({ existing: existing({ headers, url, type }) })).toEqual([]);
  });
  it("closes an open store first, also when the entry is there already; not on Windows", () => {
    const open = { path: "/h/.claude.json", state: file("{}", 0o644) };
    const closing = { kind: "write", path: "/h/.claude.json", before: "{}", after: "{}", mode: 0o600 };
    expect(steps({ store: open })[0]).toEqual(closing);
    expect(steps({ store: open, existing: existing(withValues()) })).toEqual([closing]);
    expect(steps({ store: open, platform: "win32" })).toHaveLength(1);
    expect(steps({ store: { path: "/h/.claude.json", state: file("{}", 0o600) } })).toHaveLength(1);
  });
});

describe("with one that does not (2.1.197)", () => {
  const old = { readsStdin: false };
  it("writes the values into its private settings, then adds references, positionals first", () => {
    const [write, add, ...rest] = steps({
      ...old,
      userSettings: { path: "/h/.claude/settings.json", state: file('{\n  "model": "x"\n}\n', 0o644) },
    });
    expect(rest).toEqual([]);
    expect(write).toMatchObject({
      kind: "write",
      path: "/h/.claude/settings.json",
      mode: 0o600,
      secret: true,
      before: '{\n  "model": "x"\n}\n',
    });
    expect(JSON.parse(write?.kind === "write" ? (write.after ?? "") : "")).toEqual({
      env: { HALO_MCP_TOKEN: values.token, HALO_ACCOUNT_ID: values.account, HALO_PROFILE_ID: values.profile },
      model: "x",
    });
    expect(add).toMatchObject({
      argv: [
        "/bin/claude",
        "mcp",
        "add",
        "--transport",
        "http",
        "--scope",
        "user",
        "halo",
        HALO_URL,
        "--header",
        "X-CM-PRODUCTTOKEN: ${HALO_MCP_TOKEN}",
        "--header",
        "CM-ACCOUNT-ID: ${HALO_ACCOUNT_ID}",
        "--header",
        "CM-PROFILE-ID: ${HALO_PROFILE_ID}",
      ],
      undo: ["/bin/claude", "mcp", "remove", "--scope", "user", "halo"],
    }); // prettier-ignore
    expect(runs([add as Step])[0]?.stdin).toBeUndefined();
  });
  it("never changes an ID that another connection takes from the shared settings", () => {
    const settings = (env: object) => ({
      path: "/h/.claude/settings.json",
      state: file(JSON.stringify({ env })),
    });
    const other = settings({
      HALO_MCP_TOKEN: "another-token",
      HALO_ACCOUNT_ID: values.account,
      HALO_PROFILE_ID: "other",
    });
    for (const scope of ["local", "user"] as const) {
      expect(planClaude(input({ ...old, scope, userSettings: other }))).toMatchObject({
        ok: false,
        reason: expect.stringContaining("HALO_PROFILE_ID") as string,
        hint: expect.stringContaining("--name halo-2") as string,
      });
    }
    expect(planClaude(input({ ...old, scope: "local", userSettings: other, existing: existing(referring) })).ok).toBe(
      false,
    );
    expect(planClaude(input({ ...old, userSettings: other, existing: existing(referring) })).ok).toBe(true);
    // a new token of the same account is no conflict
    const rotated = settings({
      HALO_MCP_TOKEN: "another-token",
      HALO_ACCOUNT_ID: values.account,
      HALO_PROFILE_ID: values.profile,
    });
    expect(planClaude(input({ ...old, scope: "local", userSettings: rotated })).ok).toBe(true);
    const account = settings({ HALO_ACCOUNT_ID: "other" });
    expect(planClaude(input({ ...old, userSettings: account }))).toMatchObject({
      hint: expect.stringContaining("newer") as string,
    });
  });
  it("leaves the entry alone that refers already", () => {
    expect(runs(steps({ ...old, existing: existing(referring) }))).toEqual([]);
  });
  it("refuses settings that are broken or cannot be read, by name", () => {
    for (const state of [
      file("{"),
      file("[]"),
      file('{"env": 1}'),
      { kind: "unreadable", realPath: "x", reason: "a folder" } as const,
    ]) {
      expect(planClaude(input({ ...old, userSettings: { path: "/h/.claude/settings.json", state } }))).toMatchObject({
        ok: false,
        reason: expect.stringContaining("/h/.claude/settings.json") as string,
      });
    }
  });
});

describe("without Claude Code", () => {
  it("says what to run later, for sh and PowerShell, in single quotes", () => {
    const all = steps({ program: undefined, readsStdin: false, scope: "local" });
    expect(runs(all)).toEqual([]);
    const tell = all.find((step) => step.kind === "tell");
    const headers = [
      "X-CM-PRODUCTTOKEN: ${HALO_MCP_TOKEN}",
      "CM-ACCOUNT-ID: ${HALO_ACCOUNT_ID}",
      "CM-PROFILE-ID: ${HALO_PROFILE_ID}",
    ]
      .map((text) => `--header '${text}'`)
      .join(" ");
    const command = `  claude mcp add --transport http --scope local halo ${HALO_URL} ${headers}`;
    expect(tell?.kind === "tell" ? tell.lines : []).toEqual(["sh, bash, zsh:", command, "PowerShell:", command]);
    expect(all.filter((step) => step.kind === "write")).toHaveLength(1);
  });
});

describe("argv", () => {
  it("never holds one of the three values, in no step and no undo", () => {
    const text = fc.string({ unit: fc.constantFrom(..."abcdefXYZ0189._~+/="), minLength: 8, maxLength: 40 });
    const raws = (given: typeof values): Json[] => [
      referring,
      withValues(given),
      { ...withValues(given), url: `https://x.example/?t=${given.token}` },
      { ...referring, url: `https://x/${"y"}` },
      { command: given.token },
      {},
    ];
    fc.assert(
      fc.property(
        fc.record({ token: text, account: text, profile: text }),
        fc.nat(5),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom("local", "user"),
        (given, which, there, reads, installed, scope) => {
          const known = ["halo", HALO_URL, ...Object.values(variablesFor("halo"))].join(" ");
          fc.pre(Object.values(given).every((value) => !known.includes(value)));
          const raw = raws(given)[which] ?? {};
          const planned = planClaude(
            input({
              values: given,
              scope: scope as "local" | "user",
              readsStdin: reads && installed,
              program: installed ? "/bin/claude" : undefined,
              existing: there ? existing(raw) : undefined,
            }),
          );
          const spoken = planned.ok
            ? planned.steps.flatMap((step) =>
                step.kind === "run"
                  ? [...step.argv, step.why, ...(step.undo ?? [])]
                  : step.kind === "tell"
                    ? step.lines
                    : [step.path],
              )
            : [planned.reason, planned.hint];
          for (const word of spoken) for (const value of Object.values(given)) expect(word).not.toContain(value);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("removeEntry", () => {
  it("removes by name and scope", () => {
    const entry = existing(withValues());
    if (entry === undefined) throw new Error("no entry");
    const { argv, undo } = removeEntry("/bin/claude", "local", entry);
    expect(argv).toEqual(["/bin/claude", "mcp", "remove", "--scope", "local", "halo"]);
    expect(undo).toBeUndefined();
  });
});

describe("a name that a repository brought along", () => {
  it.each(["-x", "--help", "my halo", "__proto__"])("%s never reaches claude", (name) => {
    expect(planClaude(input({ name })).ok).toBe(false);
  });
});
