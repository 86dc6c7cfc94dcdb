import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cleanValue,
  HALO_URL,
  HEADERS,
  idsFromStudioUrl,
  isSafeVariable,
  looksLikeUrl,
  nameProblem,
  PASTED_BREAK,
  VALUES,
  variablesFor,
} from "../../src/core/halo.ts";

const A = "0f8fad5b-d9cb-469f-a165-70867728950e";
const P = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const TOKEN = "tok_9fJ2.kLm-Q7";

it("what CM.com documents is written down letter for letter", () => {
  expect(HALO_URL).toBe("https://api.cm.com/halo/core/mcp");
  expect(HEADERS).toEqual({ token: "X-CM-PRODUCTTOKEN", account: "CM-ACCOUNT-ID", profile: "CM-PROFILE-ID" });
  const variables = { token: "HALO_MCP_TOKEN", account: "HALO_ACCOUNT_ID", profile: "HALO_PROFILE_ID" };
  expect(variablesFor("halo")).toEqual(variables);
});

describe("cleanValue", () => {
  const [invisible, spaces, quotes] = [["invisible characters"], ["spaces around it"], ["quotes"]];
  it.each<[pasted: string, cleaned: readonly string[]]>([
    ["tok_9fJ2\u200b.kLm-Q7", invisible],
    [`\u200d${TOKEN}\u200e\u202a`, invisible],
    ["tok_\u00ad9fJ2.kLm-Q7", invisible],
    [`\ufeff${TOKEN}`, invisible],
    ["tok\u2060_9fJ2.kLm-Q7", invisible],
    [`  ${TOKEN}\t`, spaces],
    [`\u00a0${TOKEN}\u3000`, spaces],
    [`${TOKEN}\r\n`, spaces],
    [`${PASTED_BREAK}${TOKEN}${PASTED_BREAK}`, spaces],
    [`"${TOKEN}"`, quotes],
    [`'${TOKEN}'`, quotes],
    [`\`${TOKEN}\``, quotes],
    [`“${TOKEN}”`, quotes],
    [`"' ${TOKEN} '"`, quotes],
    [`Bearer ${TOKEN}`, ["“Bearer”"]],
    [`bearer   ${TOKEN}`, ["“Bearer”"]],
    [`X-CM-PRODUCTTOKEN: ${TOKEN}`, ["the header name"]],
    [`x-cm-producttoken:${TOKEN}`, ["the header name"]],
    [`HALO_MCP_TOKEN=${TOKEN}`, ["the variable name"]],
    [`export HALO_MCP_TOKEN="${TOKEN}"`, ["the variable name", "quotes"]],
    [` "X-CM-PRODUCTTOKEN: Bearer ${TOKEN}" `, [...spaces, ...quotes, "the header name", "“Bearer”"]],
    [TOKEN, []],
  ])("takes out of %j: %j", (pasted, cleaned) =>
    expect(cleanValue("token", pasted)).toEqual({ ok: true, value: TOKEN, cleaned }),
  );

  it("takes the headers and variables of the IDs away, but Bearer is a token's word", () => {
    expect(cleanValue("account", `CM-ACCOUNT-ID: ${A}`)).toMatchObject({ ok: true, value: A });
    expect(cleanValue("profile", `cm-profile-id:${P}`)).toMatchObject({ ok: true, value: P });
    expect(cleanValue("account", `HALO_ACCOUNT_ID=${A}`)).toMatchObject({ ok: true, value: A });
    expect(cleanValue("profile", `HALO_DE_PROFILE_ID='${P}'`)).toMatchObject({ ok: true, value: P });
    expect(cleanValue("account", `Bearer ${A}`)).toMatchObject({ ok: false });
  });

  const empty = ["", "   ", "\u200b", "\n", PASTED_BREAK, '""', "Bearer ", "X-CM-PRODUCTTOKEN:", "HALO_MCP_TOKEN="];
  const placeholders =
    "undefined|UNDEFINED|null|NaN|None|${HALO_MCP_TOKEN}|${HALO_MCP_TOKEN:-}|$HALO_MCP_TOKEN|%HALO_MCP_TOKEN%|{{ token }}|{env:HALO_MCP_TOKEN}|<token>|<your token here>|[token]|your-token-here|YOUR_TOKEN|your token|my-token|token|TOKEN|your-halo-mcp-token|HALO_MCP_TOKEN|your_api_key|YOUR_PRODUCT_TOKEN|account-id|ACCOUNT_ID|PROFILE_ID|your-account-id|your_profile_id_here|changeme|CHANGEME|replace-me|REPLACE_ME|dein-token-hier|sample-token|TODO-token|***|****-token|xxxx|XXXXXXXXXXXX|...|…|todo";
  it.each([...empty, ...placeholders.split("|")])("says that there is no value in %j", (pasted) =>
    expect(cleanValue("token", pasted)).toMatchObject({ ok: false, missing: true }),
  );

  it.each(["test-token-1", "demo-token-made-up-4f1d9c27", "tok-12345678-abcdef", "kY7.sample.Zq7Xw2Lk9Rb4Nv6Ty8"])(
    "does not take %s for a placeholder",
    (value) => expect(cleanValue("token", value)).toMatchObject({ ok: true, value }),
  );
  it.each(["demo", "sample-shop", "todo-app-7"])("takes %s for an ID", (value) =>
    expect(cleanValue("account", value)).toMatchObject({ ok: true, value }),
  );

  it.each([
    ["abc\u0000def", "U+0000 at position 4 of 7"],
    ["abc\ndef", "a line break at position 4 of 7"],
    [`abc${PASTED_BREAK}def`, "a line break at position 4 of 7"],
    ["abc\u2028def", "a line break at position 4 of 7"],
    ["abc def", "a space at position 4 of 7"],
    ["abc\u00a0def", "U+00A0 at position 4 of 7"],
    ["caf\u00e9", "U+00E9 at position 4 of 4"],
    ["abc\tdef", "U+0009 at position 4 of 7"],
    ["abc\u007fdef", "U+007F at position 4 of 7"],
    ["ab😀c", "U+1F600 at position 3 of 4"],
    ["••••abcd", "U+2022 at position 1 of 8"],
  ])("refuses %j with its place", (pasted, words) => {
    const problem = expect.stringContaining(words);
    expect(cleanValue("token", pasted)).toMatchObject({ ok: false, missing: false, problem });
  });

  it("takes 4 KiB and no more, never cuts a value silently, and takes no address for one", () => {
    expect(cleanValue("token", "a".repeat(4096))).toMatchObject({ ok: true });
    for (const text of ["a".repeat(4097), "a".repeat(1_000_000)])
      expect(cleanValue("token", text)).toMatchObject({ ok: false, missing: false });
    for (const which of VALUES)
      expect(cleanValue(which, `https://www.cm.com/app/halo/en/${A}`)).toMatchObject({ ok: false, missing: false });
  });
});

describe("idsFromStudioUrl", () => {
  const both = { account: A, profile: P };
  it.each<[string, { account?: string; profile?: string }]>([
    [`https://www.cm.com/app/halo/en/${A}/profiles/${P}/agents`, both],
    [`https://www.cm.com/app/halo/nl-nl/${A}/${P}`, both],
    [`https://www.cm.com/app/halo/en/${A}/${A}/${P}?x=${A}`, both],
    [`https://www.cm.com/app/halo/en/${A}/profiles/42/agents`, { account: A, profile: "42" }],
    [`https://www.cm.com/app/halo/en/${A}?profileId=acme-nl`, { account: A, profile: "acme-nl" }],
    [`https://www.cm.com/app/halo/en/${A}#/profile/${P}`, both],
    [`https://www.cm.com/app/halo/en/${A}#profile_id=${P}`, both],
    [`https://studio.example/profiles/${P}?accountId=${A}`, both],
    [`https://studio.example/profiles/${P}?next=${A}`, both],
    [`https://studio.example/?profile-id=${P}&account_id=${A}`, both],
    [`https://studio.example/accounts/${A}/x/${P}`, both],
    [`https://www.cm.com/app/account/en/${A}/settings`, { account: A }],
    [`https://www.cm.com/app/accounts/en/${A}/profiles/${P}`, both],
    [`https://www.cm.com/login?next=%2Fapp%2Fhalo%2Fen%2F${A}%2F${P}`, both],
    [`https://www.cm.com/app/halo/en/${A.toUpperCase()}/x/${A}/${P}`, { account: A.toUpperCase(), profile: P }],
    [`https://studio.example/profiles/${P}`, { profile: P }],
    [`studio.cm.com/${A}`, { account: A }],
    ["https://www.cm.com/app/halo/en/", {}],
    ["no url at all", {}],
  ])("%s", (url, ids) => expect(idsFromStudioUrl(url)).toEqual(ids));

  it("is quick on long and odd texts", () => {
    for (const text of ["a".repeat(1e6), "/profile/".repeat(1e5), `${"0f8fad5b-".repeat(1e5)}`, "www.".repeat(1e5)])
      for (const read of [idsFromStudioUrl, looksLikeUrl, (each: string) => cleanValue("token", each)]) read(text);
  });
});

it("an address is told from a value", () => {
  for (const text of "https://www.cm.com/x HTTP://x www.cm.com/app studio.cm.com/x cm.com/app/halo".split(" "))
    expect([text, ` ${text}`].map(looksLikeUrl), text).toEqual([true, true]);
  for (const text of [A, "", "token", "eyJ.a.b", "cm.com", "httpsx", "a.cm.community/", "ftp:x"])
    expect(looksLikeUrl(text), text).toBe(false);
});

describe("names", () => {
  it("can be what Claude Code takes, and not what it reserves", () => {
    for (const name of ["halo", "halo-de", "HALO_2", "a", "_x", "constructor", "workspace_x", "a".repeat(64)])
      expect(nameProblem(name), name).toBeUndefined();
    for (const name of ["", "my halo", "halo.de", "ha/lo", "hälo", "a".repeat(65), "-halo", "--scope", "halo\n"])
      expect(nameProblem(name), name).toMatch(/^a server name/);
    for (const name of "claude-in-chrome workspace workspace__x computer-use Claude_Preview __proto__".split(" "))
      expect(nameProblem(name)).toContain("reserved");
  });

  it.each([
    ["halo-de", "HALO_DE_PROFILE_ID"],
    ["halo_de", "HALO_DE_PROFILE_ID"],
    ["acme", "ACME_PROFILE_ID"],
    ["2nd", "HALO_2ND_PROFILE_ID"],
    ["__", "HALO_PROFILE_ID"],
    ["mcp-halo", "HALO_MCP_HALO_PROFILE_ID"],
    ["claude", "HALO_CLAUDE_PROFILE_ID"],
  ])("%s has its own profile in %s", (name, profile) =>
    expect(variablesFor(name)).toEqual({ token: "HALO_MCP_TOKEN", account: "HALO_ACCOUNT_ID", profile }),
  );

  it("each have variables that the next run follows", () => {
    const others = "node npm git ssh aws docker mcp java-x ld path home a_proxy user all-users".split(" ");
    const name = fc.oneof(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/), fc.constantFrom(...others));
    fc.assert(
      fc.property(name, (text) => {
        fc.pre(nameProblem(text) === undefined);
        const variables = Object.values(variablesFor(text));
        expect(variables.filter((each) => !isSafeVariable(each))).toEqual([]);
        expect(new Set(variables).size).toBe(3);
      }),
    );
  });
});

describe("isSafeVariable", () => {
  const steering =
    "PATH HOME SHELL ENV IFS PAGER EDITOR BROWSER PROMPT_COMMAND TMPDIR USER USERPROFILE ALLUSERSPROFILE NODE_OPTIONS NODE_EXTRA_CA_CERTS NPM_TOKEN npm_config_registry LD_PRELOAD DYLD_INSERT_LIBRARIES ld_preload ANTHROPIC_BASE_URL ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN CLAUDE_CODE_OAUTH_TOKEN CLAUDE_CONFIG_DIR CLAUDE_CODE_USE_BEDROCK claude_code_token GIT_SSH_COMMAND GITHUB_TOKEN GH_TOKEN GITLAB_TOKEN SSH_AUTH_SOCK AWS_PROFILE AWS_SECRET_ACCESS_KEY GOOGLE_APPLICATION_CREDENTIALS HTTPS_PROXY https_proxy ALL_PROXY NO_PROXY TOKEN_PROXY HALO_PROXY MCP_TIMEOUT DOCKER_HOST COMPOSE_PROFILES CLOUDSDK_CORE_ACCOUNT CARGO_REGISTRY_TOKEN PYTHONPATH SSL_CERT_FILE XDG_CONFIG_HOME";
  const noNames = ["", "1TOKEN", "A-TOKEN", "A TOKEN", "HALO_TOKEN\n", "HALO=1", "TÖKEN", `HALO_${"A".repeat(130)}`];
  it.each([...steering.split(" "), ...noNames, "__proto__"])("%j is not set", (name) =>
    expect(isSafeVariable(name)).toBe(false),
  );
  const own =
    "HALO_MCP_TOKEN HALO_ACCOUNT_ID HALO_DE_PROFILE_ID TEAM_TOKEN ACME_HALO_TOKEN CM_ACCOUNT_ID CM_TOKEN CMCOM_KEY MY_CM_PROFILE X_API_KEY PRODUCT_TOKEN halo_token";
  it.each(own.split(" "))("%s is", (name) => expect(isSafeVariable(name)).toBe(true));
});
