/** From records to causes, stages and words. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adviceLine } from "../../src/core/advice.ts";
import { adviceOf } from "../../src/core/diagnosis/cause-rows.ts";
import { CAUSES } from "../../src/core/diagnosis/causes.ts";
import { type Cause, causeOf, type Diagnosis } from "../../src/core/diagnosis/diagnose.ts";
import type { Exchange, ProbeRecord } from "../../src/core/diagnosis/record.ts";
import { wrap } from "../../src/ui/wrap.ts";
import { diagnose, exchange, PROXY, record, type Told } from "./probe-support.ts";

const TOKEN = "made-up-token-0123456789abcdef";

const broken = (...codes: string[]): Exchange => exchange({ status: null, connected: false, end: "broken", codes });
const good = record([exchange()], {
  outcome: {
    connected: true,
    listed: true,
    server: { name: "halo", version: "2" },
    protocol: "2025-11-25",
    tools: [{ name: "ask_agent", description: "Asks." }],
    toolCount: 1,
    endless: false,
    call: null,
    failure: null,
  },
});
const failed = (diagnosis: Told): Told["stages"][number] | undefined =>
  diagnosis.stages.find((stage) => stage.status === "failed");

describe("causes of codes", () => {
  const cases: [Cause, Diagnosis["at"], ...string[]][] = [
    ["dns", "dns", "ENOTFOUND"],
    ["dns", "dns", "EAI_AGAIN"],
    ["refused", "tcp", "ECONNREFUSED"],
    ["unreachable", "tcp", "EHOSTUNREACH"],
    ["unreachable", "tcp", "ENETUNREACH"],
    ["timeout", "tls", "ETIMEDOUT"],
    ["tls-untrusted", "tls", "DEPTH_ZERO_SELF_SIGNED_CERT"],
    ["tls-untrusted", "tls", "SELF_SIGNED_CERT_IN_CHAIN"],
    ["tls-untrusted", "tls", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["tls-untrusted", "tls", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"],
    ["tls-expired", "tls", "CERT_HAS_EXPIRED"],
    ["tls-not-yet-valid", "tls", "CERT_NOT_YET_VALID"],
    ["tls-wrong-host", "tls", "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["not-tls", "tls", "ERR_SSL_WRONG_VERSION_NUMBER"],
    ["tls-handshake", "tls", "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE"],
    ["tls-handshake", "tls", "EPROTO"],
    ["tls-handshake", "tls", "ECONNRESET"],
    ["bad-http", "http", "HPE_INVALID_CONSTANT"],
    ["too-big", "http", "HPE_HEADER_OVERFLOW"],
    ["local-limit", "tls", "EMFILE"],
    ["local-limit", "tls", "ENOBUFS"],
    ["local-limit", "tls", "ENOMEM"],
    ["too-big", "http", "HPE_CHUNK_EXTENSIONS_OVERFLOW"],
    ["unknown", "tls", "EMADEUP"],
  ];
  it.each(["EPROTO", "ERR_SSL_NO_RENEGOTIATION", "ERR_SSL_WRONG_VERSION_NUMBER"])(
    "%s where the connection stood is no failed handshake",
    (code) => {
      const seen = diagnose(record([{ ...broken(code), connected: true }]), []);
      expect(seen).toMatchObject({ cause: "reset", at: "http" });
      expect(failed(seen)?.detail).not.toContain("Nothing was sent");
    },
  );

  it.each(cases)("%s at %s: %s", (cause, at, code) => {
    const connected = cause === "bad-http" || cause === "too-big";
    const diagnosis = diagnose(record([{ ...broken("ERR_OUTER", code), connected }]), []);
    expect(diagnosis).toMatchObject({ ok: false, cause, at, control: "skipped", server: null, tools: [] });
    expect(failed(diagnosis)).toMatchObject({ stage: at, cause });
    const order = diagnosis.stages.map((stage) => stage.stage);
    expect(diagnosis.stages.slice(order.indexOf(at ?? "url") + 1).every((stage) => stage.status === "skipped")).toBe(
      true,
    );
  });

  it("does not blame TLS for a reset on an open connection", () => {
    expect(diagnose(record([{ ...broken("ECONNRESET"), connected: true }]), [])).toMatchObject({
      cause: "reset",
      at: "http",
    });
  });
});

describe("what is new", () => {
  it("is the proxy's only where it is no limit of this computer", () => {
    expect(causeOf(record([broken("HALO_PROXY", "EMFILE")]))).toBe("local-limit");
    expect(causeOf(record([broken("HALO_PROXY", "EMADEUP")]))).toBe("proxy-failed");
  });
  it.each<[Cause, Partial<Exchange>]>([
    ["unknown", { codes: ["EMADEUP"], status: null }],
    ["unknown", { codes: ["ERR_STREAM_PREMATURE_CLOSE", "EMADEUP"], status: 200 }],
    ["unknown", { codes: [], status: null }],
    ["closed-early", { codes: ["ERR_STREAM_PREMATURE_CLOSE"], status: null }],
    ["closed-early", { codes: [], status: 200 }],
    ["stream-ended", { codes: ["ERR_STREAM_PREMATURE_CLOSE"], status: 200, stream: true }],
  ])("%s: %o", (cause, more) => {
    expect(causeOf(record([exchange({ end: "broken", ...more })]))).toBe(cause);
  });
  const gaveUp = (failure: ProbeRecord["outcome"]["failure"], totalMs = 100): ProbeRecord => ({
    ...record([exchange()]),
    totalMs,
    outcome: { ...good.outcome, connected: false, listed: false, failure },
  });
  it.each<[Cause, ProbeRecord]>([
    ["not-mcp", gaveUp({ name: "SdkError", code: "INVALID_RESULT", message: "Invalid result for initialize" })],
    ["protocol-version", gaveUp({ name: "Error", code: null, message: "The protocol version is not supported: 1" })],
    ["timeout", gaveUp({ name: "SdkError", code: "REQUEST_TIMEOUT", message: "" })],
    ["timeout", gaveUp(null, 15_000)],
    ["unknown", gaveUp({ name: "SdkError", code: "SEND_FAILED", message: "something" })],
    ["unknown", gaveUp(null)],
  ])("%s, where every exchange went well", (cause, seen) => {
    expect(causeOf(seen)).toBe(cause);
    if (cause === "unknown") expect(diagnose(seen, []).at).toBe("mcp");
  });
  it("prints what was recorded, and the next step", () => {
    const seen = record([{ ...broken("ERR_OUTER", "EMADEUP"), body: TOKEN }]);
    expect(failed(diagnose(seen, [TOKEN]))).toMatchObject({
      detail: expect.stringContaining('Recorded: initialize, ended as "broken", codes ERR_OUTER, EMADEUP.') as string,
      tryThis: expect.stringMatching(/\nnpx create-halo-mcp doctor --report halo-report\.md$/) as string,
    });
  });
});

describe("the IDs", () => {
  const headers = { "x-cm-producttoken": TOKEN, "cm-account-id": "account-1", "CM-PROFILE-ID": "profile-1" };
  const told = (message: string, known = {}) =>
    failed(diagnose(record([exchange({ rpcError: { code: -32000, message } })]), [TOKEN], known));
  it("names the one that the server's words are about, its header and where it comes from", () => {
    expect(told("No such profile", { headers, from: { profile: ".env" } })).toMatchObject({
      detail: expect.stringMatching(
        /about the profile ID "profile-1" \(sent as CM-PROFILE-ID, from \.env\)\.$/,
      ) as string,
      tryThis: expect.stringMatching(/^Check the profile ID "profile-1" \(/) as string,
    });
    expect(told("account-1 is unknown", { headers })?.detail).toContain(
      'account ID "account-1" (sent as CM-ACCOUNT-ID)',
    );
    expect(told("No such profile")?.detail).toContain("about the profile ID (sent as CM-PROFILE-ID).");
    expect(told("Internal error", { headers })?.detail).not.toContain("profile-1");
  });
  it("keeps the advice about the token apart, by 403", () => {
    const body = '{"message":"Access to this profile is denied"}';
    const { detail, tryThis } =
      failed(diagnose(record([exchange({ status: 403, end: "status", body })]), [], { headers })) ?? {};
    expect(detail).toContain('profile ID "profile-1"');
    expect(tryThis?.split("\n").map((line) => line.slice(0, 12))).toEqual([
      "Check the pr",
      "Is the token",
      "Was it paste",
      "It is shown ",
    ]);
  });
  it("shows no token that was pasted for an ID", () => {
    const text = JSON.stringify(told("No such profile", { headers: { ...headers, "CM-PROFILE-ID": TOKEN } }));
    expect(text).not.toContain(TOKEN);
  });
});

describe("the direct way, in spite of a variable", () => {
  const bypassed = {
    host: "proxy.example",
    port: 3128,
    variable: "HTTPS_PROXY",
    secure: false,
    credentials: false,
    bypassedBy: "NO_PROXY",
    tunnel: false,
    status: null,
    said: "",
    schemes: [],
    systemCas: false,
  };
  it.each(["ENOTFOUND", "ECONNREFUSED", "ENETUNREACH", "ETIMEDOUT", "ECONNRESET"])("%s", (code) => {
    const excepted = failed(diagnose(record([broken(code)], { proxy: bypassed }), []));
    expect(excepted?.detail).toContain("NO_PROXY excepts this host from HTTPS_PROXY");
    expect(excepted?.tryThis).toContain("\nIf only the proxy reaches it");
    const ignored = failed(diagnose(record([broken(code)], { ignoredProxy: "ALL_PROXY" }), []));
    expect(ignored?.detail).toContain("ALL_PROXY is set, but Node's fetch and this test do not read it");
    for (const other of [{}, { proxy: { ...bypassed, bypassedBy: "loopback" } }])
      expect(failed(diagnose(record([broken(code)], other), []))?.detail).not.toContain("directly");
  });
  it("is not said where a connection stood", () => {
    expect(
      failed(diagnose(record([exchange({ status: 401, end: "status" })], { proxy: bypassed }), []))?.detail,
    ).not.toContain("NO_PROXY");
  });
});

describe("the status alone decides nothing", () => {
  const cases: [Cause, Partial<Exchange>][] = [
    ["unauthorized", { status: 401 }],
    ["forbidden", { status: 403 }],
    ["unauthorized", { status: 403, body: '{"message":"Invalid product token"}' }],
    ["unauthorized", { status: 400, body: '{"message":"token is required"}' }],
    ["unauthorized", { status: 422, body: "The product token has expired: invalid token" }],
    ["unauthorized", { status: 500, body: "Unauthorized" }],
    ["forbidden", { status: 400, body: "Access denied for this profile" }],
    ["rate-limited", { status: 403, body: "Rate limit exceeded" }],
    ["rate-limited", { status: 401, body: "too many requests" }],
    ["server-error", { status: 500, body: "permission denied: /var/lib/app" }],
    ["session-lost", { status: 404, session: true }],
    ["not-found", { status: 404 }],
    ["rejected-request", { status: 422, body: "profile must be a GUID" }],
  ];
  it.each(cases)("%s: %o", (cause, more) => {
    expect(diagnose(record([exchange({ end: "status", ...more })]), []).cause).toBe(cause);
  });

  it.each([
    ["unauthorized", -32001, "Unauthorized"],
    ["rpc-error", -32603, "Internal error"],
    ["protocol-version", -32022, "No"],
    ["rate-limited", -32000, "Rate limit reached"],
    ["not-mcp", -32601, "Method not found"],
  ] as const)("%s in an answer with 200", (cause, code, message) => {
    expect(diagnose(record([exchange({ rpcError: { code, message } })]), []).cause).toBe(cause);
  });

  it("reads the last exchange, not the attempt in another era before it", () => {
    const discover = exchange({ method: "server/discover", status: 400, end: "status", body: "unauthorized method" });
    expect(diagnose(record([discover, exchange({ status: 404, end: "status" })]), []).cause).toBe("not-found");
  });
});

describe("time that ran out", () => {
  const waiting = (host: string, timings: Partial<ProbeRecord["timings"]> = {}): ProbeRecord => ({
    ...record([exchange({ status: null, connected: false, end: "timeout" })]),
    endpoint: { origin: `https://${host}`, host, path: "/halo/core/mcp", secure: true },
    timings: { dns: null, tcp: null, tls: null, ...timings },
  });
  it.each<[Cause, string, Partial<ProbeRecord["timings"]>?]>([
    ["dns", "api.cm.com"],
    ["dns", "api.cm.com:8443"],
    ["dns", "1and1.example"],
    ["timeout", "10.0.0.1"],
    ["timeout", "10.0.0.1:8443"],
    ["timeout", "[::1]:8443"],
    ["timeout", "api.cm.com", { dns: 3 }],
  ])("%s: %s %o", (cause, host, timings) => {
    expect(causeOf(waiting(host, timings))).toBe(cause);
  });
  it("was not the name's when the connection stood", () => {
    const late = waiting("api.cm.com");
    expect(causeOf({ ...late, exchanges: [exchange({ status: null, end: "timeout" })] })).toBe("timeout");
  });
});

describe("the control", () => {
  const control = { connected: false, listed: false, toolCount: 0 };
  const bare = (more: Partial<Exchange>): ProbeRecord => ({
    ...good,
    exchanges: [...good.exchanges, exchange({ phase: "control", ...more })],
    control,
  });
  it.each([
    ["refused", { status: 401, end: "status" }],
    ["refused", { status: 403, end: "status" }],
    ["refused", { status: 400, end: "status" }],
    ["refused", { status: 302, end: "redirect" }],
    ["refused", { rpcError: { code: -32001, message: "Unauthorized" } }],
    ["refused", { contentType: "text/html", end: "content-type" }],
    ["skipped", { status: 429, end: "status" }],
    ["skipped", { status: 503, end: "status" }],
    ["skipped", { status: null, end: "timeout" }],
    ["skipped", { status: 200, end: "timeout" }],
    ["skipped", { status: null, end: "broken", codes: ["ECONNRESET"] }],
  ] as [Diagnosis["control"], Partial<Exchange>][])("%s: %o", (answer, more) => {
    expect(diagnose(bare(more), [])).toMatchObject({ ok: true, cause: null, control: answer });
  });
  it("accepted leaves the token unproven", () => {
    const diagnosis = diagnose({ ...good, control: { connected: true, listed: true, toolCount: 1 } }, []);
    expect(diagnosis).toMatchObject({ ok: true, cause: "unproven-token", at: null, control: "accepted" });
    expect(diagnosis.stages.every((stage) => stage.ok)).toBe(true);
  });
  it("counts as refused when the tools are only there with the token", () => {
    expect(diagnose({ ...good, control: { connected: true, listed: true, toolCount: 0 } }, [])).toMatchObject({
      cause: null,
      control: "refused",
    });
  });
});

describe("what is shown", () => {
  it("masks a secret in whatever the server says, whole, cut or parted by invisible characters", () => {
    const parted = `${TOKEN.slice(0, 9)}\u200b${TOKEN.slice(9)}`;
    for (const body of [
      `token ${TOKEN} is unknown`,
      `${"x".repeat(280)} ${TOKEN}`,
      `a ${parted} b`,
      encodeURIComponent(TOKEN),
      `\u001b[31m${TOKEN}\u202e`,
    ]) {
      const text = JSON.stringify(diagnose(record([exchange({ status: 401, end: "status", body })]), [TOKEN]));
      expect(text).not.toContain(TOKEN);
      expect(text).not.toContain(TOKEN.slice(0, 12));
      expect(text).not.toMatch(/\\u001b|\u202e|\u200b/u);
    }
  });
  it.each(["{}", "[]", "null", '""', " { } "])("leaves words out that say nothing: %s", (body) => {
    expect(failed(diagnose(record([exchange({ status: 500, end: "status", body })]), []))?.detail).not.toContain(
      "It said",
    );
  });
  it("says where a redirect points to, and that the token was not sent there", () => {
    const seen = exchange({ status: 307, end: "redirect", location: "https://elsewhere.example" });
    const detail = failed(diagnose(record([seen]), []))?.detail;
    expect(detail).toContain("https://elsewhere.example");
    expect(detail).toContain("the token was not sent there");
  });
  it("tells of every kind of token that is pasted by mistake", () => {
    const tryThis = failed(diagnose(record([exchange({ status: 401, end: "status" })]), []))?.tryThis;
    for (const word of ["type MCP", "legacy", "platform product token", "deleted", "account", "whole"]) {
      expect(tryThis).toContain(word);
    }
  });
  it("has prose for every cause that reads well without any fact", () => {
    for (const [cause, text] of Object.entries(CAUSES)) {
      for (const part of [text.title, text.explain({}), ...adviceOf(text, {}).map(adviceLine)]) {
        expect(part.length, cause).toBeGreaterThan(8);
        expect(part, cause).not.toMatch(/undefined|null|NaN|\(\)| {2}/u);
      }
    }
  });
  it("names position and code point of a bad character, not the value", () => {
    const input = { cause: "bad-value", header: "X-CM-PRODUCTTOKEN", position: 7, codePoint: 10 } as const;
    const detail = failed(diagnose(record([], { input }), []))?.detail;
    expect(detail).toContain("position 7 (U+000A)");
  });
});

describe("the network in words", () => {
  const proxy = PROXY;
  const tls = {
    subject: "api.cm.com",
    issuer: "Example CA",
    names: ["api.cm.com"],
    validFrom: "2026-01-01T00:00:00.000Z",
    validTo: "2027-01-23T00:00:00.000Z",
    daysLeft: 62,
    protocol: "TLSv1.3",
    above: [],
    authorized: true,
    error: null,
    systemCas: null,
  };
  const v4 = { address: "203.0.113.1", family: 4, outcome: "connected", code: null } as const;
  const v6 = { address: "2001:db8::1", family: 6, outcome: "failed", code: "ENETUNREACH" } as const;
  const said = (more: Partial<ProbeRecord>): Record<string, string | undefined> =>
    Object.fromEntries(diagnose({ ...good, ...more }, []).stages.map(({ stage, detail }) => [stage, detail]));

  it("says what was seen at the stages that passed", () => {
    expect(said({ addresses: [v4, v6], tls })).toMatchObject({
      dns: "203.0.113.1, 2001:db8::1",
      tcp: "203.0.113.1 (IPv4), 2001:db8::1 (IPv6) failed: ENETUNREACH",
      tls: "TLSv1.3, issued by Example CA, 62 days left",
    });
    expect(said({ addresses: [v4], proxy: { ...proxy, tunnel: true }, tls: { ...tls, daysLeft: 1 } })).toMatchObject({
      dns: "of the proxy: 203.0.113.1",
      tcp: "through the proxy proxy.example:3128 (HTTPS_PROXY)",
      tls: "TLSv1.3, issued by Example CA, 1 day left",
    });
    expect(said({ proxy: { ...proxy, bypassedBy: "NO_PROXY" } }).tcp).toBe(
      "directly: NO_PROXY excepts it from HTTPS_PROXY",
    );
    expect(said({ proxy: { ...proxy, bypassedBy: "loopback" } }).tcp).toContain("does not leave this computer");
    expect(said({})).toEqual(Object.fromEntries(Object.keys(said({})).map((stage) => [stage, undefined])));
  });

  it("blames the proxy while it has opened no tunnel, and the target afterwards", () => {
    const late = exchange({ status: null, connected: false, end: "timeout", ms: 6000 });
    const nothing = { dns: null, tcp: null, tls: null };
    const waiting = diagnose(record([late], { proxy, timings: nothing }), []);
    expect(waiting).toMatchObject({ cause: "proxy-failed", at: "tcp" });
    expect(waiting.stages.find(({ stage }) => stage === "dns")?.status).toBe("skipped");
    expect(failed(waiting)?.detail).toContain(
      "proxy.example:3128 (HTTPS_PROXY), and the proxy had opened no tunnel after 6 s",
    );
    const behind = { ...proxy, tunnel: true };
    expect(causeOf(record([late], { proxy: behind }))).toBe("timeout");
    expect(causeOf(record([late], { proxy: { ...proxy, bypassedBy: "NO_PROXY" } }))).toBe("timeout");
    expect(causeOf(record([broken("HALO_PROXY", "ENOTFOUND")], { proxy }))).toBe("proxy-failed");
    expect(causeOf(record([broken("HALO_PROXY", "CERT_HAS_EXPIRED")], { proxy }))).toBe("proxy-failed");
    expect(causeOf(record([broken("CERT_HAS_EXPIRED")], { proxy: behind }))).toBe("tls-expired");
  });

  it("shows no code of our own", () => {
    const seen = diagnose(record([broken("ERR_OUTER", "HALO_PROXY_CLOSED")], { proxy }), []);
    expect(JSON.stringify(seen)).not.toContain("HALO_PROXY");
  });

  it("names the certificate above the server's own that has expired", () => {
    const above = [{ ...tls, subject: "Old CA", issuer: "Root", daysLeft: -3, validTo: "2026-11-19T00:00:00.000Z" }];
    const chain = { ...tls, above, authorized: false, error: "CERT_HAS_EXPIRED" };
    const detail = failed(diagnose(record([broken("CERT_HAS_EXPIRED")], { tls: chain }), []))?.detail;
    expect(detail).toContain("has expired on 2026-11-19");
    expect(detail).toContain('one above it in the chain: it is for "Old CA", issued by "Root"');
  });

  it("masks and cleans what a certificate or a proxy says", () => {
    const evil = `\u001b[31m${TOKEN}\u202e`;
    const bad = { ...tls, subject: evil, issuer: evil, names: [evil], authorized: false, error: "CERT_UNTRUSTED" };
    for (const [code, more] of [
      ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", { tls: bad }],
      ["ERR_TLS_CERT_ALTNAME_INVALID", { tls: bad }],
      ["HALO_PROXY_STATUS", { proxy: { ...proxy, status: 403, said: evil } }],
      ["HALO_PROXY_AUTH", { proxy: { ...proxy, schemes: [evil] } }],
    ] as [string, Partial<ProbeRecord>][]) {
      const text = JSON.stringify(diagnose(record([broken(code)], more), [TOKEN]));
      expect(text).toContain("••••");
      expect(text).not.toContain(TOKEN);
      expect(text).not.toMatch(/\\u001b|\u202e/u);
    }
    const passed = JSON.stringify(diagnose({ ...good, tls: { ...bad, authorized: true, error: null } }, [TOKEN]));
    expect(passed).toContain("••••");
    expect(passed).not.toContain(TOKEN);
  });

  it("warns when certificates are not verified, and when only the system's vouch", () => {
    const at = (more: Partial<ProbeRecord>) =>
      diagnose({ ...good, ...more }, []).stages.find(({ stage }) => stage === "tls");
    const unverified = at({ tls, verification: "off" })?.tryThis ?? "";
    expect(unverified).toContain("NODE_TLS_REJECT_UNAUTHORIZED=0 is set");
    expect(Math.max(...wrap(unverified, 79).map((line) => line.length))).toBeLessThan(80);
    expect(at({ tls, verification: "off" })?.detail).toContain("not verified");
    expect(at({ tls: { ...tls, systemCas: "helped" } })?.tryThis).toContain("--use-system-ca");
    expect(at({ tls })).not.toHaveProperty("tryThis");
  });

  it("names the variable that holds no proxy, and not its value", () => {
    const input = { cause: "proxy-failed", variable: "https_proxy", why: "scheme" } as const;
    const diagnosis = diagnose(record([], { input }), []);
    expect(diagnosis).toMatchObject({ cause: "proxy-failed", at: "tcp" });
    expect(diagnosis.stages.filter(({ ok }) => ok).map(({ stage }) => stage)).toEqual(["url"]);
    expect(failed(diagnosis)?.detail).toBe(
      "https_proxy holds no address of a proxy: it starts with neither http:// nor https://. Nothing was sent.",
    );
    expect(failed(diagnosis)?.tryThis).toContain("https_proxy=http://user:password@host:port");
  });
});

describe("any record", () => {
  const text = fc.string({ maxLength: 60, unit: "grapheme" });
  const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });
  const anyExchange: fc.Arbitrary<Exchange> = fc.record({
    phase: fc.constantFrom("connect", "tools", "close", "control"),
    method: fc.constantFrom("server/discover", "initialize", "tools/list", "DELETE"),
    connected: fc.boolean(),
    status: maybe(fc.integer({ min: 100, max: 999 })),
    contentType: maybe(text),
    contentEncoding: maybe(text),
    location: maybe(text),
    retryAfter: maybe(text),
    stream: fc.boolean(),
    session: fc.boolean(),
    authError: maybe(text.map((words) => `${words}${TOKEN}`)),
    revisions: fc.array(
      text.map((words) => `${words}${TOKEN}`),
      { maxLength: 3 },
    ),
    body: fc
      .tuple(text, fc.constantFrom("", "<html><title>", "<html><h1>", "event: error\ndata: "))
      .map(([words, start]) => `${start}${words}${TOKEN}${words}`),
    end: fc.constantFrom(
      "answered",
      "accepted",
      "status",
      "redirect",
      "content-type",
      "empty",
      "bad-json",
      "not-rpc",
      "stream-ended",
      "too-big",
      "broken",
      "timeout",
      "aborted",
      "blocked",
    ),
    rpcError: maybe(fc.record({ code: fc.integer(), message: text })),
    codes: fc.array(fc.constantFrom("ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE", "Z_DATA_ERROR", "X"), { maxLength: 3 }),
    ms: fc.nat(20_000),
  });

  it("gets a diagnosis that is whole, consistent and without the secret", () => {
    fc.assert(
      fc.property(
        fc.array(anyExchange, { maxLength: 5 }),
        fc.boolean(),
        fc.boolean(),
        (exchanges, connected, listed) => {
          const outcome = { ...good.outcome, connected: connected || listed, listed, tools: [] };
          const diagnosis = diagnose(record(exchanges, { outcome }), [TOKEN]);
          expect(JSON.parse(JSON.stringify(diagnosis))).toEqual(diagnosis);
          expect(JSON.stringify(diagnosis)).not.toContain(TOKEN);
          expect(diagnosis.stages).toHaveLength(8);
          expect(diagnosis.ok).toBe(listed);
          expect(diagnosis.stages.filter((stage) => stage.status === "failed")).toHaveLength(listed ? 0 : 1);
          expect(failed(diagnosis)?.stage ?? null).toBe(diagnosis.at);
          if (!listed) expect(diagnosis.cause).not.toBeNull();
        },
      ),
      { numRuns: 500 },
    );
  });
});
