/** From records to causes, stages and words. */
import { describe, expect, it } from "vitest";
import { CAUSES } from "../../src/core/diagnosis/causes.ts";
import { type Cause, type Diagnosis, explainCall } from "../../src/core/diagnosis/diagnose.ts";
import type { Exchange, ProbeRecord } from "../../src/core/diagnosis/record.ts";
import { NOTHING } from "../../src/io/probe/probe.ts";
import { diagnose, exchange, failedStage, PROXY, record } from "./probe-support.ts";

const TOKEN = "made-up-token-0123456789abcdef";
type At = Diagnosis["at"];

const broken = (...codes: string[]): Exchange =>
  exchange({ status: undefined, connected: false, end: "broken", codes });
const open = (...codes: string[]): Exchange => ({ ...broken(...codes), connected: true });
const late = exchange({ status: undefined, connected: false, end: "timeout", ms: 6000 });
const http = (status: number, body: unknown = "", more: Partial<Exchange> = {}): Exchange =>
  exchange({ status, end: "status", body: typeof body === "string" ? body : JSON.stringify(body), ...more });
const rpc = (code: number, message: string, more: Partial<Exchange> = {}): Exchange =>
  exchange({ rpcError: { code, message }, ...more });
const OUTCOME = {
  ...NOTHING,
  connected: true,
  listed: true,
  server: { name: "halo", version: "2" },
  protocol: "2025-11-25",
  tools: [{ name: "ask_agent", description: "Asks." }],
  toolCount: 1,
};
const good = record([exchange()], { outcome: OUTCOME });
const gaveUp = (code: string, message = "", more: Partial<Exchange> = {}): ProbeRecord =>
  record([exchange(more)], { outcome: { ...NOTHING, failure: { code, message } } });
const NO_OBJECT = "Invalid result for initialize: not an object";
const asking = (...schemes: string[]): ProbeRecord =>
  record([broken("HALO_PROXY")], { proxy: { ...PROXY, status: 407, schemes } });
const TLS = {
  subject: "api.cm.com",
  issuer: "Example CA",
  root: "Root CA",
  names: ["api.cm.com"],
  validFrom: "2026-01-01T00:00:00.000Z",
  validTo: "2027-01-23T00:00:00.000Z",
  daysLeft: 62,
  protocol: "TLSv1.3",
  error: null,
  systemCas: null,
};
const BROKEN_PROXY = { cause: "proxy-failed", name: "https_proxy" } as const;
const NO_TIMES = { timings: { dns: null, tcp: null, tls: null } };
const named = (host: string, more: Partial<ProbeRecord["timings"]> = {}): ProbeRecord =>
  record([late], {
    endpoint: { origin: `https://${host}`, host, path: "/halo/core/mcp", secure: true },
    timings: { ...NO_TIMES.timings, ...more },
  });
const discovered = (...revisions: string[]): Exchange => exchange({ method: "server/discover", revisions });
const html = "<html><head><title>Access Denied</title></head><body><h1>Blocked by <b>Guard</b></h1></body></html>";

/** Every cause that a test can have, at its stage: one exchange, or a whole record. Those of test/servers/faults.ts are not repeated. */
const CASES: readonly (readonly [Cause, At, Exchange | ProbeRecord])[] = [
  ["bad-value", "auth", record([], { input: { cause: "bad-value", name: "X-A", position: 7, codePoint: 10 } })],
  ["missing-value", "auth", record([], { input: { cause: "missing-value", name: "CM-PROFILE-ID" } })],
  ["dns", "dns", broken("ERR_OUTER", "ENOTFOUND")],
  ["dns", "dns", named("api.cm.com:8443")],
  ["dns", "dns", named("1and1.example")],
  ["timeout", "dns", named("10.0.0.1:8443")],
  ["timeout", "dns", named("[::1]:8443")],
  ["timeout", "tcp", named("api.cm.com", { dns: 3 })],
  ["timeout", "tls", broken("ETIMEDOUT")],
  ["timeout", "http", { ...late, connected: true }],
  ["timeout", "http", record([])],
  ["timeout", "http", gaveUp("REQUEST_TIMEOUT")],
  ["refused", "tcp", broken("ECONNREFUSED")],
  ["unreachable", "tcp", broken("ENETUNREACH")],
  ["tls-untrusted", "tls", broken("DEPTH_ZERO_SELF_SIGNED_CERT")],
  ["tls-expired", "tls", broken("CERT_HAS_EXPIRED")],
  ["tls-not-yet-valid", "tls", broken("CERT_NOT_YET_VALID")],
  ["tls-wrong-host", "tls", broken("ERR_TLS_CERT_ALTNAME_INVALID")],
  ["not-tls", "tls", broken("ERR_SSL_WRONG_VERSION_NUMBER")],
  ["tls-handshake", "tls", broken("EPROTO")],
  ["tls-handshake", "tls", broken("ECONNRESET")],
  ["tls-handshake", "tls", open("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED")],
  // where the connection stood, no handshake failed
  ["reset", "http", open("EPROTO")],
  ["reset", "http", open("ERR_SSL_WRONG_VERSION_NUMBER")],
  ["closed-early", "http", { ...open(), status: 200 }],
  ["stream-ended", "mcp", { ...open("ERR_STREAM_PREMATURE_CLOSE"), status: 200, stream: true }],
  ["local-limit", "tls", broken("EMFILE")],
  ["local-limit", "tls", broken("HALO_PROXY", "EMFILE")],
  ["proxy-failed", "tcp", broken("HALO_PROXY", "EMADEUP")],
  ["proxy-failed", "tcp", record([broken("HALO_PROXY", "ENOTFOUND")], { proxy: PROXY })],
  ["proxy-failed", "tcp", record([broken("HALO_PROXY", "CERT_HAS_EXPIRED")], { proxy: PROXY })],
  ["proxy-failed", "tcp", record([late], { proxy: PROXY })],
  ["proxy-failed", "tcp", record([], { input: BROKEN_PROXY })],
  ["tls-expired", "tls", record([broken("CERT_HAS_EXPIRED")], { proxy: { ...PROXY, tunnel: true } })],
  ["timeout", "tls", record([late], { proxy: { ...PROXY, tunnel: true } })],
  ["proxy-auth", "tcp", asking("Negotiate")],
  ["proxy-auth", "tcp", http(407)],
  ["bad-http", "http", http(600)],
  ["server-error", "http", http(599)],
  ["too-big", "http", open("HPE_HEADER_OVERFLOW")],
  ["redirect", "http", exchange({ status: 307, end: "redirect", location: "https://elsewhere.example" })],
  ["unauthorized", "auth", http(401)],
  ["unauthorized", "auth", http(422, "The product token has expired")],
  ["unauthorized", "auth", http(403, "", { authError: "invalid_token" })],
  ["forbidden", "auth", http(403)],
  ["forbidden", "auth", http(400, "Access denied for this profile")],
  ["rate-limited", "http", http(429, "", { retryAfter: "120" })],
  ["rate-limited", "http", rpc(-32000, "Rate limit reached")],
  ["server-error", "http", http(500, "permission denied: /var/lib/app")],
  ["server-error", "http", http(502, html)],
  ["server-error", "http", http(500, "cannot read the agents of profile")],
  ["session-lost", "mcp", http(404, "", { session: true })],
  ["not-found", "http", http(410, html)],
  ["method-not-allowed", "http", http(405)],
  ["rejected-request", "http", http(404, { message: "No such profile" })],
  ["html-answer", "http", exchange({ end: "content-type", contentType: "text/html", body: html })],
  ["html-answer", "http", http(511)],
  ["wrong-content-type", "mcp", exchange({ end: "content-type", contentType: "text/plain", body: "until 5 pm" })],
  ["bad-encoding", "http", open("HALO_ENCODING")],
  ["bad-json", "mcp", exchange({ end: "bad-json" })],
  ["empty-answer", "mcp", exchange({ end: "empty", status: 202 })],
  ["not-mcp", "mcp", exchange({ end: "not-rpc", body: '{"hello":"world"}' })],
  ["not-mcp", "mcp", gaveUp("INVALID_RESULT", NO_OBJECT)],
  ["rpc-error", "mcp", rpc(-32603, "Internal error")],
  ["rpc-error", "mcp", rpc(-32601, "Method not found", { phase: "tools" })],
  [
    "protocol-version",
    "mcp",
    gaveUp("SdkError", "The protocol version is not supported: 1", { revisions: ["2099-01-01"] }),
  ],
  ["not-found", "http", record([discovered("2025-11-25", "2030-01-01"), http(404)])],
  ["unauthorized", "auth", record([discovered("2030-01-01"), http(401)])],
  // the last exchange counts, not the attempt in another era before it
  ["not-found", "http", record([http(400, "unauthorized", { method: "server/discover" }), http(404)])],
  ["pagination", "tools", record([exchange()], { outcome: { ...NOTHING, connected: true, endless: true } })],
  ["unknown", "tls", broken("EMADEUP")],
  ["unknown", "http", { ...open("ERR_STREAM_PREMATURE_CLOSE", "EMADEUP"), status: 200 }],
  ["unknown", "mcp", gaveUp("SEND_FAILED", "something")],
];

/** Stands alone, so that it can be copied as it is: an address, a command, a variable. */
const COPIED =
  /^(?:https:\/\/\S+|npx create-halo-mcp\S*(?: [\w./-]+)*|export [A-Za-z_]+=\S+|ulimit -n \d+|openssl [\w ./-]+)$/;

describe("a cause, its stage and its words", () => {
  it.each(CASES.map(([cause, at, seen]) => [cause, at, "exchanges" in seen ? seen : record([seen])] as const))(
    "%s at %s",
    (cause, at, seen) => {
      const diagnosis = diagnose(seen, [], {
        extraCas: { path: "/etc/company.pem", kind: "other" },
      });
      expect(diagnosis).toMatchObject({ ok: false, cause, at, control: "skipped", server: null, tools: [] });
      const { detail = "", tryThis = "", ...stage } = failedStage(diagnosis) ?? {};
      expect(stage).toMatchObject({ stage: at, cause });
      const after = diagnosis.stages.slice(diagnosis.stages.findIndex(({ stage: name }) => name === at) + 1);
      expect(after.filter(({ status }) => status !== "skipped")).toEqual([]);
      expect(detail).not.toContain("\n");
      const lines = [detail, ...tryThis.split("\n")];
      expect(lines.length).toBeLessThanOrEqual(6);
      for (const line of lines) {
        expect(line).toBe(line.trim());
        expect(line).not.toMatch(/undefined|null|NaN|\(\)| {2}|\.\.|""|HALO_PROXY|create-halo-mcp (?!doctor)\w/);
        if (!COPIED.test(line)) expect(line).toMatch(/[.:?!]$|[.?!…]"$/);
      }
      if (/HALO's own and correct/.test(tryThis)) expect(tryThis).not.toContain("Check the URL");
      const elsewhere = { ...seen, endpoint: { ...seen.endpoint, path: "/else" } };
      expect(failedStage(diagnose(elsewhere))?.tryThis).not.toContain("HALO's own and correct");
    },
  );
  it("each has a case, but the one without a failure", () => {
    const all = Object.keys(CAUSES).filter((cause) => !CASES.some(([id]) => id === cause));
    expect(all).toEqual(["unproven-token"]);
  });
  const said = (seen: ProbeRecord, known = {}): string => {
    const { detail, tryThis } = failedStage(diagnose(seen, [TOKEN], known)) ?? {};
    return `${detail}\n${tryThis}`;
  };
  it.each<[ProbeRecord, RegExp]>([
    [record([late], { proxy: PROXY }), /^The proxy \S+:3128 \(HTTPS_PROXY\) did not open a tunnel within 6 s\./],
    [asking("NTLM"), /It asks for: NTLM\..*\n.*cntlm/s],
    [record([http(407)]), /^A proxy on the way .* \(HTTP 407\)\.\n/],
    [record([broken("EPROTO")]), /ended the TLS handshake \(EPROTO\)\. Nothing was sent\.\n/],
    [record([open("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED")]), /CERTIFICATE_REQUIRED\)\.\n/],
    [gaveUp("INVALID_RESULT", NO_OBJECT), / The MCP library says: "not an object"\.\n/],
    [record([late]), /accepted the connection but did not complete TLS in time \(limit: \d+ s\)\./],
    [
      record([late], { timings: { dns: 3, tcp: null, tls: null } }),
      /did not complete the connection in time \(limit: \d+ s\)\./,
    ],
    [
      record([{ ...late, connected: true }]),
      /accepted the connection but did not answer initialize in time \(limit: \d+ s\)\./,
    ],
    [record([broken("ETIMEDOUT")], NO_TIMES), /did not complete the connection in time\./],
  ])("says what was seen: %#", (seen, words) => expect(said(seen)).toMatch(words));
  it("names the certificate that was refused, and the file that was to vouch for it", () => {
    const expired = { ...TLS, daysLeft: -3, validTo: "2026-11-19T00:00:00.000Z", error: "CERT_HAS_EXPIRED" };
    expect(said(record([broken("CERT_HAS_EXPIRED")], { tls: expired }))).toMatch(
      /expired on 2026-11-19, .* The certificate is for "api.cm.com", issued by "Example CA"; the chain ends at "Root CA"\./,
    );
    // it is one above the server's own
    expect(said(record([broken("CERT_HAS_EXPIRED")], { tls: { ...expired, daysLeft: 0 } }))).toContain("expired, or");
    const seen = record([broken("SELF_SIGNED_CERT_IN_CHAIN")], { tls: { ...TLS, error: "SELF_SIGNED_CERT_IN_CHAIN" } });
    expect(said(seen, { extraCas: { path: "/etc/a.pem", kind: "PEM" } })).toMatch(/\/etc\/a\.pem.*"Root CA"\?$/m);
  });
  it.each(["ENOTFOUND", "ECONNREFUSED", "ENETUNREACH", "ETIMEDOUT", "ECONNRESET"])(
    "says why the way was the direct one, in spite of a variable: %s",
    (code) => {
      const proxy = { ...PROXY, bypassedBy: "NO_PROXY" };
      expect(said(record([broken(code)], { proxy }))).toMatch(
        /NO_PROXY excludes this host from HTTPS_PROXY(?:.|\n)*\nIf the host can be reached only through the proxy/,
      );
      expect(said(record([broken(code)], { ignoredProxy: "ALL_PROXY" }))).toContain("ALL_PROXY is set, but Node's");
      expect(said(record([broken(code)], { proxy: { ...proxy, bypassedBy: "loopback" } }))).not.toContain("directly");
      expect(said(record([http(401)], { proxy }))).not.toContain("NO_PROXY");
    },
  );
});

describe("the token, proven or not", () => {
  const control = { listed: false, toolCount: 0 };
  const bare = (last: Exchange): ProbeRecord => ({
    ...good,
    exchanges: [...good.exchanges, { ...last, phase: "control" }],
    control,
  });
  it.each<[Diagnosis["control"], Exchange]>([
    ["refused", http(401)],
    ["refused", http(403)],
    ["refused", http(400)],
    ["refused", exchange({ status: 302, end: "redirect" })],
    ["refused", rpc(-32001, "Unauthorized")],
    ["refused", exchange({ contentType: "text/html", end: "content-type" })],
    ["skipped", http(408)],
    ["skipped", http(429)],
    ["skipped", http(503)],
    ["skipped", late],
    ["skipped", exchange({ end: "timeout" })],
    ["skipped", broken("ECONNRESET")],
  ])("%s: %o", (answer, last) => {
    expect(diagnose(bare(last))).toMatchObject({ ok: true, cause: null, control: answer });
  });
  it("is not, where the same request is accepted without it, and brings as many tools", () => {
    const accepted = { listed: true, toolCount: 1 };
    const diagnosis = diagnose({ ...good, control: accepted });
    expect(diagnosis).toMatchObject({ ok: true, cause: "unproven-token", at: null, control: "accepted" });
    expect(diagnosis.stages.every((stage) => stage.ok)).toBe(true);
    const fewer = diagnose({ ...good, control: { ...accepted, toolCount: 0 } });
    expect(fewer).toMatchObject({ cause: null, control: "refused" });
  });
});

describe("the tool that is called", () => {
  const called = (last: Exchange): ProbeRecord => ({
    ...good,
    exchanges: [...good.exchanges, { ...last, phase: "call", method: "tools/call" }],
  });
  it.each([401, 403])("shows that the token is refused: %i", (status) => {
    const cause = status === 401 ? "unauthorized" : "forbidden";
    const diagnosis = diagnose(called(http(status)));
    expect(diagnosis).toMatchObject({ ok: false, cause, at: "auth", toolCount: 1 });
    const failed = diagnosis.stages.filter(({ ok }) => !ok).map(({ stage }) => stage);
    expect(failed).toEqual(["auth"]);
    expect(failedStage(diagnosis)?.detail).toContain(`(HTTP ${status})`);
  });
  it.each([
    "Upstream CRM said: 401 unauthorized",
    "rate limit of OpenAI reached",
    "invalid max_tokens",
    "access denied",
  ])("says nothing of the connection: %s", (message) => {
    const seen = called(rpc(-32603, message));
    expect(diagnose(seen)).toMatchObject({ ok: true, cause: null });
    expect(explainCall(seen)).toMatch(/answered tools\/call with an error \(-32603\) \(HTTP 200\)\. It said: ".*"\.$/);
  });
  it("names the ID that it does not know", () => {
    expect(explainCall(called(rpc(-32603, "No such profile")))).toContain("That is about the profile ID (sent as");
  });
});

describe("what was seen at the stages that passed", () => {
  const v4 = { address: "203.0.113.1", family: 4, code: null } as const;
  const v6 = { address: "2001:db8::1", family: 6, code: "ENETUNREACH" } as const;
  const seen = (more: Partial<ProbeRecord>) =>
    Object.fromEntries(diagnose({ ...good, ...more }).stages.map(({ stage, detail }) => [stage, detail]));

  it("addresses, the proxy, the certificate", () => {
    expect(seen({ addresses: [v4, v6], tls: TLS })).toMatchObject({
      dns: "203.0.113.1, 2001:db8::1",
      tcp: "203.0.113.1 (IPv4), 2001:db8::1 (IPv6) failed: ENETUNREACH",
      tls: "TLSv1.3, issued by Example CA, 62 days left",
    });
    expect(seen({ addresses: [v4], proxy: { ...PROXY, tunnel: true }, tls: { ...TLS, daysLeft: 1 } })).toMatchObject({
      dns: "of the proxy: 203.0.113.1",
      tcp: "through the proxy proxy.example:3128 (HTTPS_PROXY)",
      tls: "TLSv1.3, issued by Example CA, 1 day left",
    });
    expect(seen({ proxy: { ...PROXY, bypassedBy: "NO_PROXY" } }).tcp).toBe(
      "directly: NO_PROXY excludes this host from HTTPS_PROXY",
    );
    expect(seen({ proxy: { ...PROXY, bypassedBy: "loopback" } }).tcp).toContain("does not leave this computer");
    expect(Object.values(seen({})).filter((detail) => detail !== undefined)).toEqual([]);
  });
  it("how long each took, as far as that can be told apart", () => {
    const phases = ["connect", "connect", "tools", "control"] as const;
    const exchanges = phases.map((phase, at) => exchange({ phase, ms: (at + 1) * 10 }));
    const took = diagnose({ ...good, exchanges }).stages.map(({ stage, ms }) => [stage, ms]);
    expect(Object.fromEntries(took)).toEqual({ url: 0, dns: 1, tcp: 2, tls: 3, http: 4, auth: 40, mcp: 20, tools: 30 });
  });
  it("nothing behind a proxy that fails: nobody has looked the name up", () => {
    const waiting = diagnose(record([late], { proxy: PROXY, ...NO_TIMES }));
    expect(waiting.stages.find(({ stage }) => stage === "dns")?.status).toBe("skipped");
  });
});

describe("no secret, nothing that steers a terminal", () => {
  const evil = `\u001b[31m${TOKEN}\u202e`;
  const bad = { ...TLS, subject: evil, issuer: evil, names: [evil], error: "CERT_UNTRUSTED" };
  it.each<[string, ProbeRecord]>([
    ["cut words", record([http(401, `${"x".repeat(280)} ${TOKEN}`)])],
    ["a page", record([http(403, `<html><h1>${"x ".repeat(68)}${TOKEN}</h1></html>`)])],
    ["a certificate", record([broken("UNABLE_TO_VERIFY_LEAF_SIGNATURE")], { tls: bad })],
    ["its names", record([broken("ERR_TLS_CERT_ALTNAME_INVALID")], { tls: bad })],
    ["a proxy", record([broken("HALO_PROXY")], { proxy: { ...PROXY, status: 403, said: evil } })],
    ["its schemes", asking(evil)],
    ["a good certificate", { ...good, tls: { ...bad, error: null } }],
  ])("%s", (_, seen) => {
    const text = JSON.stringify(diagnose(seen, [TOKEN], { headers: { "CM-PROFILE-ID": TOKEN } }));
    expect(text).not.toContain(TOKEN.slice(0, 12));
    expect(text).not.toMatch(/\\u001b|\u202e|\u200b/u);
  });
});
