import { describe, expect, it } from "vitest";
import { claudeCode } from "../../src/core/clients/claude-code.ts";
import { haloEntries } from "../../src/core/doctor/entries.ts";
import type { Json } from "../../src/core/formats/json.ts";
import { HALO_URL } from "../../src/core/halo.ts";
import { decideTarget, variablesOf, type Wish } from "../../src/core/plan/target.ts";
import { referring } from "./plan-input.ts";

const { headers } = referring;
const decide = (servers: Json, given: Partial<Wish> = {}) =>
  decideTarget(
    haloEntries(servers, "project", given.name ?? "halo"),
    { name: undefined, url: undefined, ...given },
    { file: ".mcp.json", client: claudeCode },
  );

function target(servers: Json, given: Partial<Wish> = {}) {
  const decision = decide(servers, given);
  if (!decision.ok) throw new Error(decision.reason);
  return decision.target;
}
function refusal(servers: Json, given: Partial<Wish> = {}) {
  const decision = decide(servers, given);
  if (decision.ok) throw new Error(`not refused: ${decision.target.mode}`);
  return decision;
}
const header = (name: string, text: string): Json => ({
  halo: { ...referring, headers: { ...headers, [name]: text } },
});

it("a repository without HALO gets it under the name and the address that were given", () => {
  const found = target({}, { name: "halo-de", url: "https://own.example/mcp" });
  expect(found).toMatchObject({ mode: "new", name: "halo-de", url: "https://own.example/mcp" });
  expect(variablesOf(found.slots)).toEqual([
    { value: "token", env: "HALO_MCP_TOKEN" },
    { value: "account", env: "HALO_ACCOUNT_ID" },
    { value: "profile", env: "HALO_DE_PROFILE_ID" },
  ]);
});

describe("a repository that refers to HALO", () => {
  it("is followed as it is, whatever names it uses", () => {
    const servers: Json = {
      "cm-halo": {
        type: "streamable-http",
        url: ` ${HALO_URL} `,
        headers: {
          "x-cm-producttoken": "${TEAM_TOKEN}",
          "cm-account-id": "${CM_ACCOUNT_ID:-}",
          "CM-PROFILE-ID": "p-42",
          "X-Other": "y",
        },
      },
    };
    expect(target(servers)).toMatchObject({
      mode: "join",
      name: "cm-halo",
      url: ` ${HALO_URL} `,
      slots: { token: { env: "TEAM_TOKEN" }, account: { env: "CM_ACCOUNT_ID" }, profile: { literal: "p-42" } },
    });
    expect(variablesOf(target(servers).slots).map(({ env }) => env)).toEqual(["TEAM_TOKEN", "CM_ACCOUNT_ID"]);
  });
  it("gets a second connection under another name", () => {
    const second = target({ halo: referring }, { name: "halo-de" });
    expect(second).toMatchObject({ mode: "new", name: "halo-de", entry: undefined });
  });
  it("is joined by its name, and the entry of that name goes before others", () => {
    expect(target({ other: referring, halo: referring }).name).toBe("halo");
    expect(target({ other: referring, halo: referring }, { name: "other" })).toMatchObject({
      mode: "join",
      name: "other",
    });
  });
  it("is joined with its own address, also when that very address is given", () => {
    expect(target({ halo: referring }, { url: HALO_URL }).mode).toBe("join");
  });
});

describe("an entry that cannot be followed is replaced, with the reason", () => {
  it.each<[string, Json, Partial<Wish>, RegExp]>([
    ["no type", { halo: { url: HALO_URL, headers } }, {}, /skips it.*"type": "http"/],
    ["sse", { halo: { ...referring, type: "sse" } }, {}, /"sse"/],
    ["empty", { halo: {} }, {}, /"command" is missing/],
    ["another URL is wanted", { halo: referring }, { url: "https://own.example/mcp" }, /another URL/],
    ["no headers", { halo: { type: "http", url: HALO_URL } }, {}, /X-CM-PRODUCTTOKEN is missing/],
    ["literal token", header("X-CM-PRODUCTTOKEN", "abc-123"), {}, /does not refer to a variable/],
    ["a default for the token", header("X-CM-PRODUCTTOKEN", "${T:-abc}"), {}, /does not refer to a variable/],
    ["Cursor's spelling", header("CM-ACCOUNT-ID", "${env:HALO_ACCOUNT_ID}"), {}, /CM-ACCOUNT-ID is neither/],
    ["a shell's", header("CM-PROFILE-ID", "$HALO_PROFILE_ID"), {}, /CM-PROFILE-ID is neither/],
    ["Windows'", header("CM-PROFILE-ID", "%HALO_PROFILE_ID%"), {}, /neither/],
    ["a placeholder", header("CM-PROFILE-ID", "<profile>"), {}, /neither/],
    ["an empty ID", header("CM-ACCOUNT-ID", "  "), {}, /neither/],
    ["an ID with a line break", header("CM-ACCOUNT-ID", "a\r\nX-Evil: 1"), {}, /neither/],
    ["an ID outside ASCII", header("CM-PROFILE-ID", "prof\u00edl"), {}, /neither/],
    ["one variable for two values", header("CM-PROFILE-ID", "${HALO_MCP_TOKEN}"), {}, /same variable/],
  ])("%s", (_what, servers, given, reason) => {
    const found = target(servers, given);
    expect(found).toMatchObject({ mode: "new", name: "halo", url: given.url ?? HALO_URL });
    expect(found.repairs).toMatch(reason);
    const names = ["HALO_MCP_TOKEN", "HALO_ACCOUNT_ID", "HALO_PROFILE_ID"];
    expect(variablesOf(found.slots).map(({ env }) => env)).toEqual(names);
  });

  it("never repeats the value of a header in the reason", () => {
    for (const name of Object.keys(headers)) {
      for (const text of ["s3cret{", "s3cret\n1", "s3cret %", "${A:-s3cret}"])
        expect(target(header(name, text)).repairs).not.toContain("s3cret");
    }
  });
});

describe("an entry that is not touched", () => {
  it.each<[string, Json]>([
    ["headersHelper", { halo: { ...referring, headersHelper: "curl evil" } }],
    ["headersHelper that is no text", { halo: { ...referring, headersHelper: 5 } }],
    ["command", { halo: { command: "node", args: ["x"] } }],
    ["command beside the right address", { halo: { ...referring, command: "sh" } }],
    ["another name", { zzz: { ...referring, headersHelper: "x" } }],
  ])("it runs something: %s", (_what, servers) => {
    expect(refusal(servers).reason).toMatch(/starts a program/);
    expect(refusal(servers).hint).toContain("--name");
  });
  it("it is somebody else's server of that name, well-formed or not", () => {
    for (const more of [{ type: "http" }, {}, { type: "http", headers: null }])
      expect(refusal({ halo: { url: "https://other.example/mcp", ...more } }).reason).toMatch(/not HALO's/);
  });
  it.each(["PATH", "NODE_OPTIONS", "ANTHROPIC_BASE_URL", "HTTPS_PROXY"])("it wants %s set", (name) => {
    for (const each of Object.keys(headers)) {
      const { reason, hint } = refusal(header(each, `\${${name}}`));
      expect(reason).toMatch(/that affects other programs/);
      expect(`${reason}${hint}`).not.toContain(name);
    }
  });
  it("shows a hostile name without what steers a terminal", () => {
    const name = "h\u001b[2J\u202ealo\n";
    for (const more of [{ headersHelper: "x" }, { headers: { ...headers, "CM-PROFILE-ID": "${PATH}" } }]) {
      const { reason, hint } = refusal({ [name]: { ...referring, ...more } });
      expect(`${reason}${hint}`).toContain('"halo"');
      // the hint ends with a command on a line of its own
      expect(`${reason}${hint}`.replace("\n", "")).not.toMatch(/[\p{Cc}\u202e]/u);
    }
  });
});

describe("an address that is not HALO's", () => {
  const url = "https://evil.example/halo/core/mcp";
  it("stays visible in the target", () => {
    expect(target({ halo: { ...referring, url } })).toMatchObject({ mode: "join", url });
  });
  it("never becomes the address of a new or mended entry", () => {
    const isOurs = { mode: "new", url: HALO_URL };
    expect(target({ halo: { ...referring, url, headers: { "X-CM-PRODUCTTOKEN": "${T}" } } })).toMatchObject(isOurs);
    expect(target({ halo: { url, headers } })).toMatchObject(isOurs);
    expect(target({ evil: { ...referring, url } }, { name: "halo-mine" })).toMatchObject(isOurs);
  });
});
