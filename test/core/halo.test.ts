import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cleanValue,
  HALO_URL,
  HEADERS,
  idsFromStudioUrl,
  isGuid,
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

describe("what CM.com documents", () => {
  it("is written down letter for letter", () => {
    expect(HALO_URL).toBe("https://api.cm.com/halo/core/mcp");
    expect(HEADERS).toEqual({ token: "X-CM-PRODUCTTOKEN", account: "CM-ACCOUNT-ID", profile: "CM-PROFILE-ID" });
    expect(variablesFor("halo")).toEqual({
      token: "HALO_MCP_TOKEN",
      account: "HALO_ACCOUNT_ID",
      profile: "HALO_PROFILE_ID",
    });
  });
});

describe("cleanValue", () => {
  const cleans: readonly (readonly [string, string, readonly string[]])[] = [
    ["zero-width space", `tok_9fJ2\u200b.kLm-Q7`, ["invisible characters"]],
    ["zero-width joiner and marks", `\u200d${TOKEN}\u200e\u202a`, ["invisible characters"]],
    ["soft hyphen", `tok_\u00ad9fJ2.kLm-Q7`, ["invisible characters"]],
    ["BOM", `\ufeff${TOKEN}`, ["invisible characters"]],
    ["word joiner", `tok\u2060_9fJ2.kLm-Q7`, ["invisible characters"]],
    ["blanks", `  ${TOKEN}\t`, ["spaces around it"]],
    ["no-break space around", `\u00a0${TOKEN}\u00a0`, ["spaces around it"]],
    ["ideographic space around", `\u3000${TOKEN}`, ["spaces around it"]],
    ["final newline", `${TOKEN}\n`, ["spaces around it"]],
    ["final CRLF", `${TOKEN}\r\n`, ["spaces around it"]],
    ["a pasted break around", `${PASTED_BREAK}${TOKEN}${PASTED_BREAK}`, ["spaces around it"]],
    ["double quotes", `"${TOKEN}"`, ["quotes"]],
    ["single quotes", `'${TOKEN}'`, ["quotes"]],
    ["backticks", `\`${TOKEN}\``, ["quotes"]],
    ["typographic quotes", `“${TOKEN}”`, ["quotes"]],
    ["quotes in quotes", `"'${TOKEN}'"`, ["quotes"]],
    ["blanks in quotes in quotes", `"' ${TOKEN} '"`, ["quotes"]],
    ["Bearer", `Bearer ${TOKEN}`, ["“Bearer”"]],
    ["bearer, many blanks", `bearer   ${TOKEN}`, ["“Bearer”"]],
    ["its header", `X-CM-PRODUCTTOKEN: ${TOKEN}`, ["the header name"]],
    ["its header, small, no blank", `x-cm-producttoken:${TOKEN}`, ["the header name"]],
    ["its variable", `HALO_MCP_TOKEN=${TOKEN}`, ["the variable name"]],
    ["an export", `export HALO_MCP_TOKEN="${TOKEN}"`, ["the variable name", "quotes"]],
    [
      "all at once",
      ` "X-CM-PRODUCTTOKEN: Bearer ${TOKEN}" `,
      ["spaces around it", "quotes", "the header name", "“Bearer”"],
    ],
    ["nothing", TOKEN, []],
  ];
  it.each(cleans)("takes out: %s", (_what, pasted, cleaned) => {
    expect(cleanValue("token", pasted)).toEqual({ ok: true, value: TOKEN, cleaned });
  });

  it("takes the headers and variables of the IDs away, but Bearer is a token's word", () => {
    expect(cleanValue("account", `CM-ACCOUNT-ID: ${A}`)).toMatchObject({ ok: true, value: A });
    expect(cleanValue("profile", `cm-profile-id:${P}`)).toMatchObject({ ok: true, value: P });
    expect(cleanValue("account", `HALO_ACCOUNT_ID=${A}`)).toMatchObject({ ok: true, value: A });
    expect(cleanValue("profile", `HALO_DE_PROFILE_ID='${P}'`)).toMatchObject({ ok: true, value: P });
    expect(cleanValue("account", `Bearer ${A}`)).toMatchObject({
      ok: false,
      problem: expect.stringContaining("a space at position 7"),
    });
  });

  const missing: readonly string[] = [
    "",
    "   ",
    "\u200b",
    "\n",
    PASTED_BREAK,
    '""',
    "Bearer ",
    "X-CM-PRODUCTTOKEN:",
    "HALO_MCP_TOKEN=",
    "undefined",
    "UNDEFINED",
    "null",
    "NaN",
    "None",
    "${HALO_MCP_TOKEN}",
    "${HALO_MCP_TOKEN:-}",
    "$HALO_MCP_TOKEN",
    "%HALO_MCP_TOKEN%",
    "{{ token }}",
    "{env:HALO_MCP_TOKEN}",
    "<token>",
    "<your token here>",
    "[token]",
    "your-token-here",
    "YOUR_TOKEN",
    "your token",
    "my-token",
    "token",
    "TOKEN",
    "your-halo-mcp-token",
    "HALO_MCP_TOKEN",
    "your_api_key",
    "YOUR_PRODUCT_TOKEN",
    "account-id",
    "ACCOUNT_ID",
    "PROFILE_ID",
    "your-account-id",
    "your_profile_id_here",
    "changeme",
    "CHANGEME",
    "xxxx",
    "XXXXXXXXXXXX",
    "...",
    "…",
    "todo",
  ]; // prettier-ignore
  it.each(missing)("says that there is no value in %j", (pasted) => {
    expect(cleanValue("token", pasted)).toMatchObject({ ok: false, missing: true });
  });

  const refused: readonly (readonly [string, string])[] = [
    ["abc\u0000def", "U+0000 at position 4 of 7"],
    ["abc\ndef", "a line break at position 4 of 7"],
    ["abc\rdef", "a line break at position 4 of 7"],
    [`abc${PASTED_BREAK}def`, "a line break at position 4 of 7"],
    ["abc\u2028def", "a line break at position 4 of 7"],
    ["abc def", "a space at position 4 of 7"],
    ["abc\u00a0def", "U+00A0 at position 4 of 7"],
    ["abc\u2019def", "U+2019 at position 4 of 7"],
    ["abc\u2013def", "U+2013 at position 4 of 7"],
    ["caf\u00e9", "U+00E9 at position 4 of 4"],
    ["abc\tdef", "U+0009 at position 4 of 7"],
    ["abc\u007fdef", "U+007F at position 4 of 7"],
    ["ab😀c", "U+1F600 at position 3 of 4"],
    ["😀😀é", "U+1F600 at position 1 of 3"],
    ["••••abcd", "U+2022 at position 1 of 8"],
    ["abc\u001b[31mdef", "U+001B at position 4 of 11"],
  ];
  it.each(refused)("refuses %j with its place", (pasted, words) => {
    const result = cleanValue("token", pasted);
    expect(result).toMatchObject({ ok: false, missing: false });
    expect(!result.ok && result.problem).toContain(words);
  });

  it("takes 4 KiB and no more, and never cuts a value silently", () => {
    expect(cleanValue("token", "a".repeat(4096))).toMatchObject({ ok: true });
    expect(cleanValue("token", "a".repeat(4097))).toMatchObject({ ok: false, missing: false });
    expect(cleanValue("token", "a".repeat(1_000_000))).toMatchObject({ ok: false, missing: false });
    expect(cleanValue("token", `abc${"\u200b".repeat(20_000)}def`)).toMatchObject({ ok: false });
  });

  it("takes no address for a value", () => {
    for (const which of VALUES) {
      expect(cleanValue(which, `https://www.cm.com/app/halo/en/${A}`)).toMatchObject({ ok: false, missing: false });
    }
  });
});

describe("idsFromStudioUrl", () => {
  const cases: readonly (readonly [string, { account?: string; profile?: string }])[] = [
    [`https://www.cm.com/app/halo/en/${A}/profiles/${P}/agents`, { account: A, profile: P }],
    [`https://www.cm.com/app/halo/nl-nl/${A}/${P}`, { account: A, profile: P }],
    [`https://www.cm.com/app/halo/en/${A}/${A}/${P}?x=${A}`, { account: A, profile: P }],
    [`https://www.cm.com/app/halo/en/${A}/profiles/42/agents`, { account: A, profile: "42" }],
    [`https://www.cm.com/app/halo/en/${A}?profileId=acme-nl`, { account: A, profile: "acme-nl" }],
    [`https://www.cm.com/app/halo/en/${A}#/profile/${P}`, { account: A, profile: P }],
    [`https://www.cm.com/app/halo/en/${A}#profile_id=${P}`, { account: A, profile: P }],
    [`https://studio.example/profiles/${P}?accountId=${A}`, { account: A, profile: P }],
    [`https://studio.example/profiles/${P}?next=${A}`, { account: A, profile: P }],
    [`https://studio.example/?profile-id=${P}&account_id=${A}`, { account: A, profile: P }],
    [`https://studio.example/accounts/${A}/x/${P}`, { account: A, profile: P }],
    [`https://www.cm.com/app/account/en/${A}/settings`, { account: A }],
    [`https://www.cm.com/app/accounts/en/${A}/profiles/${P}`, { account: A, profile: P }],
    [`https://www.cm.com/login?next=%2Fapp%2Fhalo%2Fen%2F${A}%2F${P}`, { account: A, profile: P }],
    [`https://www.cm.com/app/halo/en/${A.toUpperCase()}/x/${A}/${P}`, { account: A.toUpperCase(), profile: P }],
    [`https://studio.example/profiles/${P}`, { profile: P }],
    [`studio.cm.com/${A}`, { account: A }],
    ["https://www.cm.com/app/halo/en/", {}],
    ["", {}],
    ["no url at all", {}],
  ];
  it.each(cases)("%s", (url, ids) => {
    expect(idsFromStudioUrl(url)).toEqual(ids);
  });

  it("finds any two GUIDs in the documented form, and never gives the same ID twice", () => {
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.uuid(),
        fc.constantFrom("en", "nl", "en-gb"),
        fc.constantFrom("", "/agents/1", "?tab=2", "#top"),
        (account, profile, language, rest) => {
          fc.pre(account !== profile);
          expect(
            idsFromStudioUrl(`https://www.cm.com/app/halo/${language}/${account}/profiles/${profile}${rest}`),
          ).toEqual({ account, profile });
          expect(idsFromStudioUrl(`https://www.cm.com/app/halo/${language}/${account}${rest}`)).toEqual({ account });
        },
      ),
    );
  });

  it("is quick on long and odd texts", () => {
    for (const text of ["a".repeat(1e6), "/profile/".repeat(1e5), `${"0f8fad5b-".repeat(1e5)}`, "www.".repeat(1e5)]) {
      idsFromStudioUrl(text);
      looksLikeUrl(text);
      cleanValue("token", text);
    }
  });
});

describe("looksLikeUrl", () => {
  it.each(["https://www.cm.com/x", "HTTP://x", "  https://x", "www.cm.com/app", "studio.cm.com/x", "cm.com/app/halo"])(
    "%s is one",
    (text) => {
      expect(looksLikeUrl(text)).toBe(true);
    },
  );
  it.each([A, "", "token", "eyJ.a.b", "cm.com", "httpsx", "a.cm.community/", "ftp:x"])("%s is none", (text) => {
    expect(looksLikeUrl(text)).toBe(false);
  });
});

describe("isGuid", () => {
  it("knows the form, in any case, and nothing around it", () => {
    expect(isGuid(A)).toBe(true);
    expect(isGuid(A.toUpperCase())).toBe(true);
    expect(isGuid(` ${A}`)).toBe(false);
    expect(isGuid(`${A}0`)).toBe(false);
    expect(isGuid(A.replaceAll("-", ""))).toBe(false);
    expect([isGuid(A), isGuid(A)]).toEqual([true, true]);
  });
});

describe("names", () => {
  it.each(["halo", "halo-de", "HALO_2", "a", "_x", "constructor", "a".repeat(64)])("%s can be used", (name) => {
    expect(nameProblem(name)).toBeUndefined();
  });
  it.each(["", "my halo", "halo.de", "ha/lo", "hälo", "a".repeat(65), "-halo", "--scope", "halo\n"])(
    "%j cannot",
    (name) => {
      expect(nameProblem(name)).toBeTypeOf("string");
    },
  );
  it.each(["claude-in-chrome", "workspace", "computer-use", "__proto__"])("%s is reserved", (name) => {
    expect(nameProblem(name)).toContain("reserved");
  });

  it.each([
    ["halo-de", "HALO_DE_PROFILE_ID"],
    ["halo_de", "HALO_DE_PROFILE_ID"],
    ["acme", "ACME_PROFILE_ID"],
    ["acme-halo", "ACME_HALO_PROFILE_ID"],
    ["2nd", "HALO_2ND_PROFILE_ID"],
    ["__", "HALO_PROFILE_ID"],
    ["mcp-halo", "HALO_MCP_HALO_PROFILE_ID"],
    ["claude", "HALO_CLAUDE_PROFILE_ID"],
    ["github", "HALO_GITHUB_PROFILE_ID"],
  ])("%s has its own profile in %s", (name, variable) => {
    expect(variablesFor(name)).toEqual({ token: "HALO_MCP_TOKEN", account: "HALO_ACCOUNT_ID", profile: variable });
  });

  it("gives every name variables that the next run follows", () => {
    const name = fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/),
      fc.constantFrom(
        "node",
        "npm",
        "git",
        "ssh",
        "aws",
        "docker",
        "mcp",
        "java-x",
        "ld",
        "path",
        "home",
        "a_proxy",
        "user",
        "all-users",
      ),
    );
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
  it.each([
    "PATH",
    "HOME",
    "SHELL",
    "ENV",
    "IFS",
    "PAGER",
    "EDITOR",
    "BROWSER",
    "PROMPT_COMMAND",
    "TMPDIR",
    "USER",
    "USERPROFILE",
    "ALLUSERSPROFILE",
    "NODE_OPTIONS",
    "NODE_EXTRA_CA_CERTS",
    "NPM_TOKEN",
    "npm_config_registry",
    "LD_PRELOAD",
    "DYLD_INSERT_LIBRARIES",
    "ld_preload",
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CONFIG_DIR",
    "CLAUDE_CODE_USE_BEDROCK",
    "claude_code_token",
    "GIT_SSH_COMMAND",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "GITLAB_TOKEN",
    "SSH_AUTH_SOCK",
    "AWS_PROFILE",
    "AWS_SECRET_ACCESS_KEY",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "NO_PROXY",
    "TOKEN_PROXY",
    "HALO_PROXY",
    "MCP_TIMEOUT",
    "DOCKER_HOST",
    "COMPOSE_PROFILES",
    "CLOUDSDK_CORE_ACCOUNT",
    "CARGO_REGISTRY_TOKEN",
    "PYTHONPATH",
    "SSL_CERT_FILE",
    "XDG_CONFIG_HOME",
    "",
    "1TOKEN",
    "A-TOKEN",
    "A TOKEN",
    "HALO_TOKEN\n",
    "HALO=1",
    "TÖKEN",
    `HALO_${"A".repeat(130)}`,
    "__proto__",
  ])("%j is not set", (name) => {
    expect(isSafeVariable(name)).toBe(false);
  }); // prettier-ignore
  it.each([
    "HALO_MCP_TOKEN",
    "HALO_ACCOUNT_ID",
    "HALO_PROFILE_ID",
    "HALO_DE_PROFILE_ID",
    "TEAM_TOKEN",
    "ACME_HALO_TOKEN",
    "CM_ACCOUNT_ID",
    "CM_TOKEN",
    "CMCOM_KEY",
    "MY_CM_PROFILE",
    "X_API_KEY",
    "PRODUCT_TOKEN",
    "halo_token",
  ])("%s is", (name) => {
    expect(isSafeVariable(name)).toBe(true);
  });
});
