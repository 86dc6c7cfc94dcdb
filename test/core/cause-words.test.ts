/** Every sentence of every cause, over facts as they come: what a person reads is held here, word by word. */
import { describe, expect, it } from "vitest";
import { adviceLine } from "../../src/core/advice.ts";
import { adviceOf } from "../../src/core/diagnosis/cause-rows.ts";
import { CAUSES, type Cause } from "../../src/core/diagnosis/causes.ts";
import type { Facts } from "../../src/core/diagnosis/facts.ts";
import { PROXY } from "./probe-support.ts";

const base: Facts = { host: "api.cm.com", method: "initialize" };
const ids = {
  account: { value: "11111111-2222-3333-4444-555555555555", from: ".env" },
  profile: { value: "profile-7", from: undefined },
};
const proxy = PROXY;
const excepted = { by: "NO_PROXY", variable: "HTTPS_PROXY" };
const ignored = { variable: "ALL_PROXY" };
const certificate = {
  subject: "api.cm.com",
  issuer: "Example CA",
  top: "Example Root",
  names: "example.com",
  validFrom: "2026-01-01",
  validTo: "2026-11-20",
  above: false,
  systemTried: false,
};
const page = { html: true, contentType: "text/html", page: "Access Denied: Blocked by Example Guard." };
const halo = { halo: true };
const extraCas = { file: "/etc/company.pem", names: ["Other CA"] };

const FACTS: Readonly<Record<Cause, readonly Facts[]>> = {
  "bad-value": [
    { input: { cause: "bad-value", header: "X-CM-PRODUCTTOKEN", position: 7, codePoint: 0x200b } },
    { input: { cause: "bad-value", header: "Host", why: "reserved" } },
    { input: { cause: "bad-value", header: "X-CM-PRODUCTTOKEN", why: "too-long" } },
  ],
  "missing-value": [{ input: { cause: "missing-value", header: "CM-PROFILE-ID" } }],
  "placeholder-sent": [{ input: { cause: "missing-value", header: "X-CM-PRODUCTTOKEN" } }],
  "bad-url": (["plain-http", "credentials", "scheme", "unreadable"] as const).map((why) => ({
    input: { cause: "bad-url", why },
  })),
  "endpoint-foreign": [{ host: "halo.example" }],
  dns: [
    halo,
    { codes: ["ENOTFOUND"] },
    { codes: ["ENOTFOUND"], direct: excepted },
    { codes: ["EAI_AGAIN"], direct: ignored },
  ],
  refused: [halo, { codes: ["ECONNREFUSED"] }, { codes: ["ECONNREFUSED"], direct: excepted }],
  unreachable: [{ codes: ["ENETUNREACH"] }, { codes: ["ENETUNREACH"], direct: ignored }],
  timeout: [
    { seconds: 2, connected: true },
    { seconds: 12, connected: false },
    { seconds: 12, direct: excepted },
  ],
  reset: [{ codes: ["ECONNRESET"] }, { codes: ["ECONNRESET"], direct: ignored }],
  "closed-early": [{ codes: ["ERR_STREAM_PREMATURE_CLOSE"] }],
  "proxy-failed": [
    { proxy, codes: ["ECONNREFUSED"] },
    { proxy: { ...proxy, status: 403, said: "not this host" }, ownCode: "HALO_PROXY_STATUS" },
    { input: { cause: "proxy-failed", variable: "https_proxy", why: "unreadable" } },
    { input: { cause: "proxy-failed", variable: "https_proxy", why: "scheme" } },
  ],
  "proxy-auth": [
    {},
    { proxy: { ...proxy, credentials: false, schemes: ["Basic"] } },
    { proxy: { ...proxy, credentials: true, schemes: ["Basic"] } },
    { proxy: { ...proxy, schemes: ["Negotiate", "NTLM"] } },
  ],
  "tls-untrusted": [
    { certificate, codes: ["SELF_SIGNED_CERT_IN_CHAIN"] },
    { certificate: { ...certificate, systemTried: true }, codes: ["UNABLE_TO_VERIFY_LEAF_SIGNATURE"] },
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
    { codes: ["ECONNRESET"] },
    { codes: ["ECONNRESET"], direct: excepted },
    { codes: ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"] },
    { codes: ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"], ...halo },
    { codes: ["ECONNRESET"], ...halo },
  ],
  "not-tls": [{}, halo],
  "bad-http": [{ codes: ["HPE_INVALID_CONSTANT"] }, halo],
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
    { rpcCode: -32001, words: "The token belongs to another account.", ids },
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
  "bad-encoding": [{ codes: ["Z_DATA_ERROR"] }],
  "empty-answer": [{ status: 202 }, halo],
  "stream-ended": [{}, { words: "the agents are busy" }],
  "too-big": [{ method: "tools/list" }, halo],
  "not-mcp": [{ rpcCode: -32601, words: "Method not found" }, { library: "tools[0].name: expected string" }, halo],
  "rpc-error": [
    { rpcCode: -32000, words: "No such profile", ids },
    { rpcCode: -32000, words: "No such profile", status: 400 },
    { rpcCode: -32603, words: "Internal error", ids },
    { rpcCode: -32000, words: "The profile is not of this account", ids },
    { rpcCode: -32603, words: "The profile has no access token", ids, method: "tools/call" },
  ],
  "protocol-version": [{ revisions: "2031-01-01" }, { words: "Unsupported protocol version", rpcCode: -32022 }],
  "session-lost": [{ status: 404, method: "tools/list" }],
  pagination: [{ method: "tools/list" }],
  "local-limit": [{ codes: ["EMFILE"] }, { codes: ["ENFILE"] }, { codes: ["ENOBUFS"] }, { codes: ["EADDRINUSE"] }],
  unknown: [
    { end: "broken", codes: ["EMADEUP"] },
    { status: 200, end: "answered", codes: [], library: "something that nobody foresaw" },
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
    const row = CAUSES[id];
    const seen = row.explain(facts);
    const lines = adviceOf(row, facts).map(adviceLine);
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
    expect(`${seen}\n\n${lines.join("\n")}`).toMatchSnapshot();
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
      const own = adviceOf(CAUSES[id], { ...base, ...facts, moved: undefined, halo: true })
        .map(adviceLine)
        .join("\n");
      expect(own).not.toMatch(/Check the URL|HALO's is|https:\/\/api|server of your own|An old server/);
      expect(own).toMatch(/support|another network|address bar/);
    }
    expect(adviceOf(CAUSES[id], { ...base, halo: false })).toEqual(adviceOf(CAUSES[id], base));
  });
});
