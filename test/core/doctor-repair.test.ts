/** The commands that `doctor` suggests act on what it looked at: the same folder, name, scope and files. */
import { describe, expect, it, test } from "vitest";
import { BRIDGE, dotenv, entry, FOLDER, servers, setupOf, type Told, trusted, VALUES } from "./doctor-support.ts";

const OLD = "made.up.old.Qq2Ww3Ee4Rr5Tt6Yy";
const sub = `${FOLDER}/api`;
const root: Told = { mcps: { ".mcp.json": servers(entry()) }, local: BRIDGE, dotenv: dotenv() };
const below: Told = {
  ...root,
  folder: sub,
  mcps: { "../.mcp.json": servers(entry()) },
  local: undefined,
  rootLocal: BRIDGE,
};

describe("the folder of a repair", () => {
  test.each<[string, Told, string]>([
    ["at the root", root, "npx create-halo-mcp"],
    ["below it, of the root's entry", below, "npx create-halo-mcp"],
    [
      "below it, of an entry of that folder",
      { ...below, mcps: { ".mcp.json": servers(entry()), "../.mcp.json": servers(entry()) } },
      "npx create-halo-mcp --cwd .",
    ],
    [
      "an entry between folder and root",
      { ...below, folder: `${sub}/v1`, mcps: { "../.mcp.json": servers(entry()) } },
      "npx create-halo-mcp --cwd ..",
    ],
    [
      "an entry above the repository",
      { ...root, mcps: { "~/.mcp.json": servers(entry()) } },
      "npx create-halo-mcp --cwd ~",
    ],
    ["no entry, below the root", { folder: sub }, "npx create-halo-mcp"],
    [
      "--cwd of this command line, at the root",
      { ...root, given: { cwd: "shop", valuesFile: undefined } },
      "npx create-halo-mcp --cwd shop",
    ],
    [
      "--cwd of this command line, below the root",
      { ...below, given: { cwd: "shop/api", valuesFile: undefined } },
      "npx create-halo-mcp --cwd shop/api/..",
    ],
    [
      "--values-file of this command line",
      { ...root, given: { cwd: undefined, valuesFile: "my env" } },
      "npx create-halo-mcp --values-file 'my env'",
    ],
    [
      "a name and a scope",
      { name: "halo-de", store: trusted({}, { mcpServers: { "halo-de": entry() } }), env: VALUES },
      "npx create-halo-mcp --scope user --name halo-de",
    ],
  ])("%s", (_, told, command) => expect(setupOf(told).setup.repair).toBe(command));
});

const advice = (told: Told, link: "setup" | "values" | "client", cause: string) =>
  setupOf(told)
    .of(link)
    .find((each) => each.cause === cause);

describe("a copy that differs", () => {
  const bridge = (token: string) => ({ ...BRIDGE, env: { ...VALUES, HALO_MCP_TOKEN: token } });
  test.each<[string, Told, readonly string[]]>([
    [
      "in a file that the wizard does not write",
      { ...root, userSettings: { env: { HALO_MCP_TOKEN: OLD } } },
      ["remove HALO_MCP_TOKEN from ~/.claude/settings.json if it is outdated"],
    ],
    [
      "in the committed settings",
      { ...root, settings: { env: { HALO_MCP_TOKEN: OLD } } },
      ["remove HALO_MCP_TOKEN from .claude/settings.json if it is outdated"],
    ],
    [
      "in .env and in the user's settings",
      { ...root, dotenv: dotenv({ ...VALUES, HALO_MCP_TOKEN: OLD }), userSettings: { env: { HALO_MCP_TOKEN: OLD } } },
      [
        "npx create-halo-mcp",
        "# asks which one is right and saves it",
        "remove HALO_MCP_TOKEN from ~/.claude/settings.json if it is outdated",
      ],
    ],
    [
      "the one in force stands in the settings of a folder below the root",
      { ...below, local: bridge(OLD), rootLocal: undefined },
      ["npx create-halo-mcp", "# asks which one is right and saves it"],
    ],
    [
      "an ID that stands in the committed entry",
      {
        ...root,
        mcps: {
          ".mcp.json": servers(entry({ headers: { ...(entry().headers as object), "CM-PROFILE-ID": "profile-9" } })),
        },
      },
      [
        `replace the profile ID in .mcp.json with "\${HALO_PROFILE_ID}"`,
        "# then the one in .claude/settings.local.json, .env is used; or correct it there",
      ],
    ],
  ])("%s", (_, told, lines) => expect(advice(told, "values", "stale-value")?.tryThis).toEqual(lines));
});

it("an old Claude Code below the root, whose settings it does not read", () => {
  const found = advice({ ...below, version: "2.1.197" }, "values", "no-bridge");
  expect(found?.seen).toBe(
    "HALO_MCP_TOKEN, HALO_ACCOUNT_ID, HALO_PROFILE_ID are only in ../.claude/settings.local.json, which Claude Code does not read: it would send the placeholders instead",
  );
  expect(found?.tryThis).toEqual([
    "npx create-halo-mcp --cwd .",
    "# writes .claude/settings.local.json, which Claude Code reads",
  ]);
  expect(advice({ ...below, version: "2.1.197" }, "client", "not-approved")?.tryThis).toContain(
    "npx create-halo-mcp --cwd .",
  );
  expect(advice(below, "values", "no-bridge")).toBeUndefined();
});

it("settings that are skipped: what they may hold is not explained again", () => {
  const { of } = setupOf({ ...root, local: '{ "env": { // mine\n } }' });
  expect(of("setup").map(({ cause, severity }) => [cause, severity])).toEqual([["settings-broken", "failed"]]);
  const after = ["# first fix .claude/settings.local.json: see set-up"];
  expect(of("values")).toMatchObject([{ cause: "no-bridge", tryThis: after }]);
  expect(of("client")).toMatchObject([
    {
      cause: "not-approved",
      seen: "the approval cannot be checked: Claude Code ignores .claude/settings.local.json",
      tryThis: after,
    },
  ]);
});

it("an approval is written for the entry that waits for it", () => {
  const told: Told = {
    ...root,
    name: "halo-de",
    mcps: { ".mcp.json": { mcpServers: { halo: entry(), "halo-de": entry() } } },
  };
  expect(advice(told, "client", "not-approved")?.tryThis).toContain("npx create-halo-mcp --name halo-de");
});

it("beside an entry that runs a program, the one is looked at that can be tested", () => {
  const all = { halo: { ...entry(), headersHelper: "./headers.sh" }, "halo-cm": entry() };
  expect(setupOf({ ...root, mcps: { ".mcp.json": { mcpServers: all } } }).view.name).toBe("halo-cm");
  expect(setupOf({ ...root, mcps: { ".mcp.json": { mcpServers: { halo: all.halo } } } }).view.name).toBe("halo");
});

describe("names that are odd", () => {
  const at = (cwd: string) => setupOf({ ...root, given: { cwd, valuesFile: undefined } }).setup.repair;
  it.each([
    ["a space at its end", "end ", "npx create-halo-mcp --cwd 'end '"],
    ["a tilde", "./~", "npx create-halo-mcp --cwd './~'"],
    ["a dash", "./-x", "npx create-halo-mcp --cwd ./-x"],
  ])("%s", (_, folder, command) => expect(at(folder)).toBe(command));
  it("a name that no --name takes is left out", () => {
    const named = { ...root, name: "-x", mcps: { ".mcp.json": { mcpServers: { "-x": entry() } } } };
    expect(setupOf(named).setup.repair).toBe("npx create-halo-mcp");
  });
});

it("with --cwd every command is for that folder", () => {
  const given = { cwd: "my shop", valuesFile: undefined };
  const lines = (told: Told) => setupOf({ ...told, given }).all.flatMap(({ tryThis }) => tryThis);
  expect(lines({ ...root, local: { env: VALUES } })).toEqual(
    expect.arrayContaining(["cd 'my shop' && claude", "npx create-halo-mcp --cwd 'my shop'"]),
  );
  const open = { ...root, store: trusted({}, { env: VALUES, mcpServers: {} }), storeMode: 0o644 };
  for (const line of lines(open)) expect(line).not.toMatch(/^(?:claude|chmod|ls|git)\b|^npx create-halo-mcp check$/);
});
