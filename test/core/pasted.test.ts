import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Value } from "../../src/core/halo.ts";
import { readPasted } from "../../src/core/pasted.ts";

const T = "made.up.Zq7Xw2Lk9Rb4Nv6Ty8-e5f1";
const A = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
const P = "5d6e7f80-91a2-4b3c-8d4e-5f60718293a4";
const C = "99999999-91a2-4b3c-8d4e-5f60718293a4";
const STUDIO = `https://www.cm.com/app/halo/en/${A}/profiles/${P}/overview`;
const all = { token: T, account: A, profile: P };
const env = `HALO_MCP_TOKEN=${T}\nHALO_ACCOUNT_ID=${A}\nexport HALO_DE_PROFILE_ID="${P}"\n`;
const json = JSON.stringify({ headers: { "X-CM-PRODUCTTOKEN": T, "CM-ACCOUNT-ID": A, "CM-PROFILE-ID": P } }, null, 2);
const add = `claude mcp add --transport http halo https://api.cm.com/halo/core/mcp --header "X-CM-PRODUCTTOKEN: ${T}" --header 'CM-ACCOUNT-ID: ${A}' -H CM-PROFILE-ID:${P}`;

describe("what is recognised", () => {
  test.each<[string, string, Value, object]>([
    ["a token", T, "token", { token: T }],
    ["a token that looks like an ID", A, "token", { token: A }],
    ["a token with spaces and quotes", ` "${T}"\n`, "token", { token: T }],
    ["an ID", P, "profile", { profile: P }],
    ["an ID that is no GUID", "acme-42", "account", { account: "acme-42" }],
    ["a Studio URL", STUDIO, "account", { account: A, profile: P }],
    ["a Studio URL for a profile that is known", STUDIO, "profile", { account: A, profile: P }],
    ["a Studio URL in the field of the token", STUDIO, "token", { account: A, profile: P }],
    ["a token and a URL", `${T}\u2424${STUDIO}`, "token", all],
    ["a URL and a short token", `${STUDIO}\nabc-1`, "token", { token: "abc-1", account: A, profile: P }],
    ["three lines", `${T}\n${A}\n${P}`, "token", all],
    ["two IDs", `${A}, ${P}`, "account", { account: A, profile: P }],
    [".env", env, "token", all],
    [".env as one line of a terminal", env.replaceAll("\n", "\u2424"), "account", all],
    [".env of a team", `CMCOM_TOKEN='${T}'\r\nCMCOM_ACCOUNT_ID=acme-42`, "token", { token: T, account: "acme-42" }],
    ["an example", `HALO_MCP_TOKEN=\nHALO_ACCOUNT_ID=${A}\nHALO_PROFILE_ID=${P}`, "token", { account: A, profile: P }],
    ["JSON", json, "token", all],
    ["JSON in a shell's string", `claude mcp add-json halo "${JSON.stringify(json).slice(1, -1)}"`, "token", all],
    ["TOML", `"X-CM-PRODUCTTOKEN" = "${T}"\n"CM-ACCOUNT-ID" = "${A}"`, "token", { token: T, account: A }],
    ["claude mcp add", add, "token", all],
    ["a message", `Product token: ${T}\nAccount ID: ${A}\nprofile id = ${P}`, "token", all],
    ["a header", `X-CM-PRODUCTTOKEN: "${T}"`, "token", { token: T }],
    [
      "references beside a value",
      '"X-CM-PRODUCTTOKEN": "${HALO_MCP_TOKEN}", "CM-ACCOUNT-ID": "acme-42"',
      "token",
      { account: "acme-42" },
    ],
    [
      "HALO's own beside other services",
      `GITHUB_TOKEN=ghp.${T}\nSTRIPE_KEY=sk_live_${T}\nAuthorization: Bearer b.${T}\napi_key: k.${T}\n${env}`,
      "token",
      all,
    ],
    ["a bare name", `token=${T}`, "token", { token: T }],
    ["a token with = in it", `${T}.a=b==`, "token", { token: `${T}.a=b==` }],
    ["an ID of a connection", `ACME_PROFILE_ID=${P}\nAWS_ACCOUNT_ID=${C}`, "profile", { profile: P }],
    ["a foreign label of an ID", `Konto-ID: ${A}`, "account", { account: A }],
    ["one ID beside words", `the profile is ${P}`, "profile", { profile: P }],
  ])("%s", (_, text, want, found) => {
    expect(readPasted(text, want)).toMatchObject({ found });
    expect(readPasted(text, want)).not.toHaveProperty("problem");
  });
});

test.each<[string, string, Value, object, RegExp]>([
  ["the same ID twice", P + P, "profile", {}, /stuck together/],
  ["two IDs run together", A + P, "account", {}, /stuck together/],
  ["two IDs run together in the field of the token", A + P, "token", {}, /stuck together/],
  ["an ID with a URL behind it", A + STUDIO, "account", {}, /stuck together/],
  ["another ID with a URL behind it", `acme-42${STUDIO}`, "account", {}, /stuck together/],
  ["a URL with an ID behind it", STUDIO + C, "account", {}, /stuck together/],
  ["a URL with three IDs", `${STUDIO}/${C}`, "account", {}, /more than two IDs/],
  ["three IDs", `${A} ${P} ${C}`, "account", {}, /more IDs in it than two/],
  ["a URL without an ID", "https://www.cm.com/app/halo/", "account", {}, /no ID in this URL/],
  ["the account as the profile", A, "profile", { account: A }, /account ID and the profile ID are the same/],
  ["the token as an ID", T, "account", { token: T }, /account ID and the product token are the same/],
  ["two tokens", `${STUDIO} ${T} another.Zq7Xw2Lk9Rb4Nv6`, "token", {}, /more than one text/],
  ["two different accounts", `CM-ACCOUNT-ID: a1\nHALO_ACCOUNT_ID=a2`, "account", {}, /two different account IDs/],
  ["names alone", "HALO_MCP_TOKEN=\nHALO_ACCOUNT_ID=${HALO_ACCOUNT_ID}", "token", {}, /no values/],
  ["the token of another service", `GITHUB_TOKEN=${T}`, "token", {}, /no values of HALO/],
  ["tokens of npm and AWS", `NPM_TOKEN=${T}\nAWS_SESSION_TOKEN="${A}"`, "token", {}, /no values of HALO/],
  ["another variable", `export STRIPE_KEY=sk_live_${T}`, "token", {}, /no values of HALO/],
  ["another header", `curl -H "Authorization: Bearer ${T}"`, "token", {}, /no values of HALO/],
  ["another key", `{"stripe": "${T}"}`, "token", {}, /no values of HALO/],
  ["two GUIDs where the token is asked for", `${A}\n${P}`, "token", {}, /not clear which text/],
  ["a GUID with words around", `mein ${A}`, "token", {}, /not clear which text/],
  ["two lines", `${T}\nsecond.line`, "token", {}, /a line break at position/],
  ["words", "what is it", "account", {}, /a space at position 5/],
])("what is wrong: %s", (_, text, want, known, problem) => {
  const read = readPasted(text, want, known);
  expect(read.problem).toMatch(problem);
  expect(read.found).toEqual({});
  expect(read.problem).not.toMatch(/Zq7|0a1b|5d6e|9999/);
});

test("whatever is pasted, it ends, and what is found can be sent", () => {
  const piece = fc.constantFrom(
    T,
    A,
    P,
    C,
    STUDIO,
    env,
    json,
    add,
    "=",
    ":",
    '"',
    "'",
    "\n",
    " ",
    "${X}",
    "token",
    "https://",
    "\u2424",
  );
  const value = fc.constantFrom<Value>("token", "account", "profile");
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ unit: "binary" })), { maxLength: 8 }), value, (pieces, want) => {
      const { found, problem } = readPasted(pieces.join(""), want);
      for (const each of Object.values(found)) expect(each).toMatch(/^[\x21-\x7e]+$/);
      expect(problem === undefined).toBe(Object.keys(found).length > 0);
      for (const secret of [T, A, P]) expect(problem ?? "").not.toContain(secret);
    }),
    { numRuns: 500 },
  );
  // made to take for ever
  readPasted(`${"HALO_".repeat(20_000)}${"a-".repeat(20_000)}${"cm.".repeat(10_000)}`, "token");
});
