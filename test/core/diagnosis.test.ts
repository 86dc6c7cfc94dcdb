/** From records to causes, stages and words. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { causeOf } from "../../src/core/cause-of.ts";
import { CAUSES } from "../../src/core/causes.ts";
import { type Cause, type Diagnosis, diagnose } from "../../src/core/diagnosis.ts";
import type { Exchange, ProbeRecord } from "../../src/core/probe-record.ts";

const TOKEN = "made-up-token-0123456789abcdef";

function exchange(more: Partial<Exchange> = {}): Exchange {
  return {
    phase: "connect",
    method: "initialize",
    connected: true,
    status: 200,
    contentType: "application/json",
    contentEncoding: null,
    location: null,
    retryAfter: null,
    authScheme: null,
    stream: false,
    session: false,
    body: "",
    cut: false,
    bytes: 0,
    end: "answered",
    rpcError: null,
    codes: [],
    ms: 10,
    ...more,
  };
}

function record(exchanges: readonly Exchange[], more: Partial<ProbeRecord> = {}): ProbeRecord {
  return {
    endpoint: { origin: "https://api.cm.com", host: "api.cm.com", path: "/halo/core/mcp", secure: true },
    timeoutMs: 15_000,
    totalMs: 100,
    input: null,
    timings: { seen: true, dns: 1, tcp: 2, tls: 3 },
    exchanges,
    outcome: {
      connected: false,
      listed: false,
      server: null,
      protocol: null,
      tools: [],
      toolCount: 0,
      endless: false,
      failure: null,
    },
    control: null,
    ...more,
  };
}

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
    failure: null,
  },
});
const failed = (diagnosis: Diagnosis): Diagnosis["stages"][number] | undefined =>
  diagnosis.stages.find((stage) => stage.status === "failed");

describe("causes of codes", () => {
  const cases: [Cause, Diagnosis["at"], ...string[]][] = [
    ["dns", "dns", "ENOTFOUND"],
    ["dns", "dns", "EAI_AGAIN"],
    ["refused", "tcp", "ECONNREFUSED"],
    ["unreachable", "tcp", "EHOSTUNREACH"],
    ["unreachable", "tcp", "ENETUNREACH"],
    ["timeout", "tls", "UND_ERR_CONNECT_TIMEOUT"],
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
    ["too-big", "http", "UND_ERR_HEADERS_OVERFLOW"],
  ];
  it.each(cases)("%s at %s: %s", (cause, at, code) => {
    const connected = cause === "bad-http" || cause === "too-big";
    const diagnosis = diagnose(record([{ ...broken("UND_ERR", code), connected }]), []);
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
    expect(diagnose(record([exchange({ rpcError: { code, message, id: "ours" } })]), []).cause).toBe(cause);
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
    timings: { seen: true, dns: null, tcp: null, tls: null, ...timings },
  });
  it.each<[Cause, string, Partial<ProbeRecord["timings"]>?]>([
    ["dns", "api.cm.com"],
    ["dns", "api.cm.com:8443"],
    ["dns", "1and1.example"],
    ["timeout", "10.0.0.1"],
    ["timeout", "10.0.0.1:8443"],
    ["timeout", "[::1]:8443"],
    ["timeout", "api.cm.com", { dns: 3 }],
    ["timeout", "api.cm.com", { seen: false }],
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
    ["refused", { rpcError: { code: -32001, message: "Unauthorized", id: "ours" } }],
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
  it("masks half a secret at the end of a text that was cut", () => {
    const body = `unknown token ${TOKEN.slice(0, 14)}`;
    const text = JSON.stringify(diagnose(record([exchange({ status: 401, end: "status", body, cut: true })]), [TOKEN]));
    expect(text).not.toContain(TOKEN.slice(0, 6));
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
      for (const part of [text.title, text.explain({}), text.tryThis({})]) {
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
    authScheme: maybe(text),
    stream: fc.boolean(),
    session: fc.boolean(),
    body: text.map((words) => `${words}${TOKEN}${words}`),
    cut: fc.boolean(),
    bytes: fc.nat(),
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
    rpcError: maybe(
      fc.record({ code: fc.integer(), message: text, id: fc.constantFrom("ours" as const, "null" as const) }),
    ),
    codes: fc.array(fc.constantFrom("ECONNRESET", "UND_ERR_SOCKET", "Z_DATA_ERROR", "X"), { maxLength: 3 }),
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
