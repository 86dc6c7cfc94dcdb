/** Every sentence of every cause, over facts as they come: what a person reads is held here, word by word. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Cause } from "../../src/core/diagnosis/cause-of.ts";
import type { CauseFacts } from "../../src/core/diagnosis/cause-text.ts";
import { CAUSES } from "../../src/core/diagnosis/causes.ts";
import { type IssueFacts, issueLink } from "../../src/core/diagnosis/issue-link.ts";

const base: CauseFacts = { host: "api.cm.com", method: "initialize" };
const ids = {
  account: { value: "11111111-2222-3333-4444-555555555555", from: ".env" },
  profile: { value: "profile-7" },
};
const proxy = { at: "proxy.example:3128", variable: "HTTPS_PROXY" };
const excepted = { why: "excepted", by: "NO_PROXY", variable: "HTTPS_PROXY" } as const;
const ignored = { why: "ignored", variable: "ALL_PROXY" } as const;
const certificate = {
  subject: "api.cm.com",
  issuer: "Example CA",
  top: "Example Root",
  names: "example.com",
  validFrom: "2026-01-01",
  validTo: "2026-11-20",
};
const page = { html: true, contentType: "text/html", page: "Access Denied: Blocked by Example Guard." };
const halo = { halo: true };
const extraCas = { file: "/etc/company.pem", names: ["Other CA"] };

const FACTS: Readonly<Record<Cause, readonly CauseFacts[]>> = {
  "bad-value": [
    { header: "X-CM-PRODUCTTOKEN", position: 7, codePoint: 0x200b },
    { header: "Host", why: "reserved" },
    { header: "X-CM-PRODUCTTOKEN", why: "too-long" },
  ],
  "missing-value": [{ header: "CM-PROFILE-ID" }],
  "placeholder-sent": [{ header: "X-CM-PRODUCTTOKEN" }],
  "bad-url": [{ why: "plain-http" }, { why: "credentials" }, { why: "scheme" }, { why: "unreadable" }],
  "endpoint-foreign": [{ host: "halo.example" }],
  dns: [halo, { code: "ENOTFOUND" }, { code: "ENOTFOUND", direct: excepted }, { code: "EAI_AGAIN", direct: ignored }],
  refused: [halo, { code: "ECONNREFUSED" }, { code: "ECONNREFUSED", direct: excepted }],
  unreachable: [{ code: "ENETUNREACH" }, { code: "ENETUNREACH", direct: ignored }],
  timeout: [{ seconds: 2, share: true }, { seconds: 12 }, { seconds: 12, direct: excepted }],
  reset: [{ code: "ECONNRESET" }, { code: "ECONNRESET", direct: ignored }],
  "closed-early": [{ code: "ERR_STREAM_PREMATURE_CLOSE" }],
  "proxy-failed": [
    { proxy: { ...proxy, did: "does not run: nothing listens there (ECONNREFUSED)" } },
    { proxy: { ...proxy, did: 'refuses to open a tunnel (HTTP 403: "not this host")', refuses: true } },
    { proxy: { variable: "https_proxy" }, why: "unreadable" },
    { proxy: { variable: "https_proxy" }, why: "scheme" },
  ],
  "proxy-auth": [
    {},
    { proxy: { ...proxy, credentials: false, schemes: "Basic" } },
    { proxy: { ...proxy, credentials: true, schemes: "Basic" } },
    { proxy: { ...proxy, schemes: "Negotiate, NTLM" } },
  ],
  "tls-untrusted": [
    { certificate, code: "SELF_SIGNED_CERT_IN_CHAIN" },
    { certificate: { ...certificate, systemTried: true }, code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
    { certificate, extraCas },
    { certificate, extraCas: { ...extraCas, names: ["Example Root"] } },
    ...(["missing", "no file", "unreadable", "no certificate"] as const).map((problem) => ({
      certificate,
      extraCas: { ...extraCas, problem },
    })),
  ],
  "tls-expired": [{ certificate }, { certificate: { ...certificate, above: true } }],
  "tls-not-yet-valid": [{ certificate }],
  "tls-wrong-host": [{ certificate }, halo],
  "tls-handshake": [
    { code: "ECONNRESET" },
    { code: "ECONNRESET", direct: excepted },
    { code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED" },
    { code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", ...halo },
    { code: "ECONNRESET", ...halo },
  ],
  "not-tls": [{}, halo],
  "bad-http": [{ code: "HPE_INVALID_CONSTANT" }, halo],
  redirect: [
    { status: 307, target: "https://elsewhere.example/take" },
    { status: 302 },
    { status: 302, target: "https://login.example/", ...halo },
    { status: 307, target: "https://api.cm.com/halo/core/mcp/", moved: "https://api.cm.com/halo/core/mcp/", ...halo },
  ],
  unauthorized: [
    { status: 401, ids },
    { status: 403, words: "Invalid product token", ids },
    { status: 401, ...page },
    { code: "-32001", words: "The token belongs to another account.", ids },
    { status: 401, words: "Invalid product token for this account", ids },
  ],
  forbidden: [
    { status: 403, ids },
    { status: 403, words: "Access to this profile is denied", ids },
    { status: 403, words: "Access to this profile is denied" },
    { status: 403, words: "profile-7 is not one of yours!", ids },
    { status: 403, ...page },
  ],
  "not-found": [
    { status: 404, words: "no route" },
    { status: 404, ...halo },
    { status: 404, ...page },
  ],
  "method-not-allowed": [{ status: 405 }, halo],
  "rejected-request": [
    { status: 422, words: "profile must be a GUID", ids },
    { status: 400, ids },
    { status: 400, ids, ...halo },
    { status: 404, words: "Unknown account", ids, ...halo },
    { status: 400, words: "CM-ACCOUNT-ID and CM-PROFILE-ID are required; CM-PROFILE-ID is missing", ids },
  ],
  "rate-limited": [
    { status: 429, retryAfter: "120" },
    { status: 403, words: "Rate limit exceeded" },
  ],
  "server-error": [
    { status: 503, retryAfter: "60", words: "it fell over" },
    { status: 500 },
    { status: 500, words: "cannot read property agents of profile", ids },
    { status: 502, ...page },
  ],
  "html-answer": [
    { status: 200, ...page },
    { status: 200, ...page, ...halo },
  ],
  "wrong-content-type": [
    { contentType: "text/plain" },
    {},
    { contentType: "text/plain", words: "maintenance until 5 pm", ...halo },
    { contentType: "image/png", words: "PNG" },
  ],
  "bad-json": [{}],
  "bad-encoding": [{ code: "Z_DATA_ERROR" }],
  "empty-answer": [{ status: 202 }, halo],
  "stream-ended": [{}, { words: "the agents are busy" }],
  "too-big": [{ method: "tools/list" }, halo],
  "not-mcp": [{ code: "-32601", words: "Method not found" }, { library: "tools[0].name: expected string" }, halo],
  "rpc-error": [
    { code: "-32000", words: "No such profile", ids },
    { code: "-32000", words: "No such profile", status: 400 },
    { code: "-32603", words: "Internal error", ids },
    { code: "-32000", words: "The profile is not of this account", ids },
    { code: "-32603", words: "The profile has no access token", ids, method: "tools/call" },
  ],
  "protocol-version": [{ revisions: "2031-01-01" }, { words: "Unsupported protocol version", code: "-32022" }],
  "session-lost": [{ status: 404, method: "tools/list" }],
  pagination: [{ method: "tools/list" }],
  "local-limit": [{ code: "EMFILE" }, { code: "ENFILE" }, { code: "ENOBUFS" }, { code: "EADDRINUSE" }],
  unknown: [
    { end: "broken", codes: ["EMADEUP"] },
    { status: 200, end: "answered", codes: [], library: "something that nobody foresaw" },
    {
      status: 200,
      end: "broken",
      codes: ["ERR_A", "EMADEUP"],
      issue: "https://github.com/o/r/issues/new?title=x&body=y",
    },
  ],
  "unproven-token": [{}],
};
const all = Object.entries(FACTS).flatMap(([id, list]) =>
  [{}, ...list].map((facts, at) => [id as Cause, at, at === 0 ? facts : { ...base, ...facts }] as const),
);

/** Stands alone, so that it can be copied as it is: an address, a command, a variable. */
const COPIED = /^(?:https:\/\/\S+|npx create-halo-mcp\S*(?: [\w./-]+)*|export [A-Za-z_]+=\S+|ulimit -n \d+)$/;

describe("the words of a cause", () => {
  it.each(all)("%s, %i", (id, _, facts) => {
    const { explain, tryThis } = CAUSES[id];
    const [seen, advice] = [explain(facts), tryThis(facts)];
    const lines = advice.split("\n");
    expect(seen).not.toContain("\n");
    expect(lines.length).toBeLessThanOrEqual(5);
    for (const line of [seen, ...lines]) {
      expect(line).toBe(line.trim());
      expect(line).not.toMatch(/undefined|null|NaN|\(\)| {2}|\.\.|""/);
      if (COPIED.test(line)) continue;
      expect(line).toMatch(/[.:?!]$|[.?!…]"$/);
      expect(line).not.toMatch(/https:\/\/\w\S*[.,;:)](?:\s|$)/);
      // a sentence begins where one ended
      expect(line.replace(/"[^"]*"/g, "")).not.toMatch(/https:\/\/\w\S* (?:[A-Z][a-z]+ [a-z]|Then)/);
    }
    expect(`${seen}\n\n${advice}`).toMatchSnapshot();
  });
});

/** They end at HALO's door, or on the way to it. */
const AT_THE_DOOR: readonly Cause[] = [
  "not-found",
  "method-not-allowed",
  "empty-answer",
  "wrong-content-type",
  "too-big",
  "not-mcp",
  "rejected-request",
  "dns",
  "refused",
  "bad-http",
  "redirect",
  "html-answer",
  "tls-wrong-host",
  "tls-handshake",
  "not-tls",
];
describe("where the URL is HALO's own", () => {
  it.each(AT_THE_DOOR)("%s: nobody is told to compare it with itself, or of a server of their own", (id) => {
    for (const facts of FACTS[id]) {
      const own = CAUSES[id].tryThis({ ...base, ...facts, moved: undefined, halo: true });
      expect(own).not.toMatch(/Check the URL|HALO's is|https:\/\/api|server of your own|An old server/);
      expect(own).toMatch(/support|another network|address bar/);
    }
    expect(CAUSES[id].tryThis({ ...base, halo: false })).toBe(CAUSES[id].tryThis(base));
  });
});

describe("the link to an issue", () => {
  const facts: IssueFacts = {
    cause: "unknown",
    halo: true,
    method: "initialize",
    status: 200,
    end: "broken",
    codes: ["EMADEUP"],
  };
  const GITHUB = "https://github.com/example/create-halo-mcp/issues";
  it("is not there without a tracker, and bare where its form is not known", () => {
    expect(issueLink(facts)).toBeUndefined();
    expect(issueLink(facts, "not an address")).toBeUndefined();
    expect(issueLink(facts, "http://github.com/a/b/issues")).toBeUndefined();
    expect(issueLink(facts, "https://bugs.example/halo?x=1")).toBe("https://bugs.example/halo?x=1");
  });
  it("fills in what was recorded", () => {
    const { origin, pathname, searchParams } = new URL(issueLink(facts, GITHUB) ?? "");
    expect(origin + pathname).toBe(`${GITHUB}/new`);
    expect(searchParams.get("title")).toBe("doctor: unknown, EMADEUP");
    expect(searchParams.get("body")).toBe(
      "Endpoint: api.cm.com\nRequest: initialize\nHTTP status: 200\nIt ended: broken\nCodes: EMADEUP\nVersions (npx create-halo-mcp --version, node --version): ",
    );
    const gitlab = new URL(issueLink(facts, "https://gitlab.com/a/b/-/issues/") ?? "");
    expect(gitlab.searchParams.get("issue[title]")).toBe("doctor: unknown, EMADEUP");
  });
  it("holds no word of a server, no host but HALO's, no path and no secret", () => {
    const word = fc.oneof(
      fc.string({ maxLength: 60, unit: "grapheme" }),
      fc.constantFrom("made-up-token-0123456789", "https://internal.example/mcp", "MADEUPTOKEN0123456789ABCDEF"),
    );
    fc.assert(
      fc.property(word, word, fc.array(word, { maxLength: 8 }), fc.boolean(), (method, end, codes, halo) => {
        const link = issueLink({ cause: "unknown", halo, method, end, codes, status: 500 }, GITHUB) ?? "";
        expect(link).toMatch(/^https:\/\/[\w.:/?=&%~-]+$/);
        const text = [...new URL(link).searchParams.values()].join("\n");
        const known =
          /^(?:doctor: unknown(?:, [A-Z_0-9]+)?|Endpoint: (?:api\.cm\.com|another)|Request: (?:initialize|POST|DELETE|tools\/list)|HTTP status: 500|It ended: [a-z]{1,9}(?:-[a-z]{1,9})?|Codes: [A-Z0-9_, ]+|Versions .*)$/;
        for (const line of text.split("\n")) expect(line).toMatch(known);
        for (const given of [method, ...codes]) if (/made-?up|internal/i.test(given)) expect(text).not.toContain(given);
      }),
      { numRuns: 500 },
    );
  });
});
