/** What a server says: when its words decide, whom they are about, and how they are shown. */
import { describe, expect, it } from "vitest";
import type { Cause } from "../../src/core/diagnosis/diagnose.ts";
import type { Exchange } from "../../src/core/diagnosis/record.ts";
import { blamesToken, libraryWords, pageWords } from "../../src/core/diagnosis/server-words.ts";
import { diagnose, exchange, failedStage, record } from "./probe-support.ts";

const told = (more: Partial<Exchange>, known = {}) => failedStage(diagnose(record([exchange(more)]), [], known));
const body = (words: unknown): string => (typeof words === "string" ? words : JSON.stringify(words));
const http = (status: number, words: unknown, more: Partial<Exchange> = {}, known = {}) =>
  told({ status, end: "status", body: body(words), ...more }, known);

describe("the token by what is said of it", () => {
  it.each([
    "Product token not found",
    "No product token provided",
    "The product token is not of type MCP",
    "Token has been deleted",
    "Product token does not exist",
    "Invalid producttoken",
    "Could not validate product token",
    "Token does not belong to this account",
    "Unauthorized: the token limit of this account is reached",
    "Invalid access token for HALO",
    "X-CM-PRODUCTTOKEN is missing beside CM-ACCOUNT-ID",
    "Missing credentials",
    "Authentication failed",
  ])("is ours: %s", (message) => {
    expect(blamesToken(message)).toBe(true);
    expect(http(400, { message })?.cause).toBe("unauthorized");
  });
  it.each([
    "page token not found",
    "invalid continuation token",
    "model failed: invalid output token count",
    "SyntaxError: Invalid or unexpected token",
    "Token limit exceeded",
    "the token is fine, the profile is invalid",
    "Headers X-CM-PRODUCTTOKEN, CM-ACCOUNT-ID and CM-PROFILE-ID are required; CM-PROFILE-ID is missing",
  ])("is another, or not blamed: %s", (message) => expect(blamesToken(message)).toBe(false));
});

describe("an ID that is named", () => {
  const headers = { "cm-account-id": "account-1", "CM-PROFILE-ID": "profile-1" };
  const known = { headers, from: { profile: ".env" } };
  const PROFILE = 'profile ID "profile-1" (sent as CM-PROFILE-ID, from .env)';
  const ACCOUNT = 'account ID "account-1" (sent as CM-ACCOUNT-ID)';
  it.each([
    [PROFILE, { error: "Profile not found" }],
    [ACCOUNT, "Unknown account"],
    [PROFILE, { message: "HALO profile prof-222 does not exist" }],
    [PROFILE, { errors: [{ message: "no such profile" }] }],
    [PROFILE, "profileId is missing"],
  ])("%s: a 404 is none about the URL: %o", (id, words) => {
    const seen = http(404, words, {}, known);
    expect(seen?.cause).toBe("rejected-request");
    expect(seen?.detail).toMatch(/ It said: "[^{}]*\."? That is about the /);
    expect(seen?.detail).toContain(` That is about the ${id}.`);
    expect(seen?.tryThis).toBe(`Check the ${id} against HALO Studio's address bar. An ID may be cut or swapped.`);
  });
  it.each([
    "Cannot POST /halo/profile/mcp",
    '{"error":"Not Found","path":"/v1/profile"}',
    "profile-service: route not found",
    "/halo/profile not found",
    "<html>profile not found</html>",
  ])("in a path, a service's name or a page is none: %s", (words) => {
    const seen = http(404, words, {}, known);
    expect(seen?.cause).toBe("not-found");
    expect(seen?.detail).not.toContain("That is about");
  });
  it("by its value", () => {
    const seen = told({ rpcError: { code: -32000, message: "account-1 is unknown" } }, known);
    expect(seen?.detail).toContain(` That is about the ${ACCOUNT}.`);
    expect(told({ rpcError: { code: -32000, message: "Internal error" } }, known)?.detail).not.toContain("profile-1");
  });
  it("is not said to be the reason of a 5xx, but to be checked", () => {
    const seen = http(500, "cannot read the agents of profile");
    expect(seen?.detail).not.toContain("That is about");
    expect(seen?.tryThis).toMatch(/\nCheck the profile ID \(.*too/);
  });
  it("with 401 comes first, unless the token is blamed", () => {
    expect(http(401, "Account 12 is unknown")?.tryThis).toMatch(/^Check the account ID \(/);
    expect(http(401, "Invalid token for this account")?.tryThis).toMatch(/^Check that the token is of type MCP/);
    expect(http(403, "Access to this profile is denied")?.tryThis).toMatch(
      /^Check the profile ID .*\nCheck that the token is of/,
    );
  });
});

describe("a session that is lost", () => {
  const tools = { phase: "tools", method: "tools/list", session: true } as const;
  // of the SDKs: TypeScript 1.32 and 2.4, Python, Go, Java, and of servers built on them
  const SAID = [
    "Session not found",
    "session not found",
    "Session not found: 7c9e6679",
    "Bad Request: No valid session ID provided",
    "Bad Request: No valid session. Send an initialize request first.",
    "Bad Request: Mcp-Session-Id header is required",
    "Bad Request: Missing session ID",
    "Bad Request: Server not initialized",
    "Not Found: Invalid or expired session ID",
    "Not Found: Session has been terminated",
    "Session ID required in mcp-session-id header",
    "Invalid session ID: abc123",
    "missing or invalid Mcp-Session-Id",
    "Unknown session",
    "Your session has expired",
    "sessionId is invalid",
    "No transport found for sessionId abc",
  ];
  it.each(SAID)("%s", (message) => {
    for (const code of [-32600, -32000, -32603])
      expect(told({ ...tools, rpcError: { code, message } })?.cause).toBe("session-lost");
    for (const status of [400, 404, 410]) expect(http(status, message, tools)?.cause).toBe("session-lost");
    expect(http(500, { error: `POST failed (HTTP 400): ${message}` }, tools)?.cause).toBe("session-lost");
    expect(told({ ...tools, end: "not-rpc", body: body({ message }) })?.cause).toBe("session-lost");
    const seen = told({ ...tools, rpcError: { code: -32600, message } });
    expect(`${seen?.detail}\n${seen?.tryThis}`).not.toMatch(/token|account|profile/i);
    expect(seen?.detail).toContain("opened a session and did not recognise it at tools/list (HTTP 200).");
  });
  it("its ID never arrived: something on the way keeps it", () => {
    const seen = http(400, "Bad Request: Mcp-Session-Id header is required", { ...tools, session: false });
    expect(seen).toMatchObject({ cause: "session-lost", stage: "mcp" });
    expect(seen?.detail).toContain(
      "requires a session at tools/list (HTTP 400), but its answer to initialize had no session ID",
    );
    expect(seen?.tryThis).toContain("Mcp-Session-Id");
  });
  it.each<[Cause, number, string, Partial<Exchange>]>([
    // nothing was opened yet
    ["rejected-request", 400, "No valid session ID provided", {}],
    // a refusal of who asks: a session of a person
    ["unauthorized", 401, "Your session has expired, sign in again", tools],
    ["session-lost", 401, "Unauthorized: Session not found", tools],
    ["unauthorized", 401, "Unauthorized: Session not found", { ...tools, session: false }],
    ["forbidden", 403, "session user mismatch", tools],
    ["unauthorized", 400, "The session's token is expired", tools],
    ["rejected-request", 404, "Profile not found", tools],
    ["server-error", 500, "sessions are stored in redis, which is down", tools],
  ])("%s, %i: %s", (cause, status, words, more) => expect(http(status, words, more)?.cause).toBe(cause));
});

describe("a header that was sent and did not arrive", () => {
  const headers = { "x-cm-producttoken": "t", "cm-account-id": "account-1", "CM-PROFILE-ID": "profile-1" };
  const AWAY = "Probably a proxy or gateway on the way removes or changes a header: try another network";
  it.each([
    ["CM-ACCOUNT-ID", 400, "Missing required header: CM-ACCOUNT-ID"],
    ["CM-ACCOUNT-ID", 401, "Header 'cm-account-id' is required"],
    ["CM-PROFILE-ID", 404, "CM-PROFILE-ID header not provided"],
    ["CM-PROFILE-ID", 200, "No CM-PROFILE-ID header"],
    ["CM-PROFILE-ID", 400, "Headers CM-ACCOUNT-ID and CM-PROFILE-ID are required; CM-PROFILE-ID is missing"],
  ])("%s, %i: %s", (header, status, message) => {
    const seen = http(status, "", { end: "answered", rpcError: { code: -32600, message } }, { headers });
    expect(seen?.cause).toBe("rejected-request");
    expect(seen?.detail).toContain(` The test sent ${header}.`);
    expect(seen?.tryThis).toContain(AWAY);
    expect(seen?.tryThis).not.toMatch(/Check the|swapped|token/);
  });
  it("the token's: before a new token", () => {
    const seen = http(401, "Missing header X-CM-PRODUCTTOKEN", {}, { headers });
    expect(seen?.cause).toBe("unauthorized");
    expect(seen?.tryThis?.startsWith(AWAY)).toBe(true);
  });
  it.each([
    ["Missing required header: CM-ACCOUNT-ID", {}],
    ["Missing or invalid header CM-ACCOUNT-ID", headers],
    ["CM-ACCOUNT-ID account-1 was not found", headers],
    ["Unknown account", headers],
  ])("not claimed: %s", (words, sent) => {
    const seen = http(400, words, {}, { headers: sent });
    expect(seen?.detail).not.toContain("The test sent");
    expect(seen?.tryThis).toMatch(/^Check the account ID/);
  });
});

it.each([
  "Unsupported MCP-Protocol-Version header",
  "Bad Request: Unsupported protocol version (supported versions: 2025-06-18)",
  "MCP-Protocol-Version 2026-07-28 is not supported",
  "Invalid MCP-Protocol-Version: 2026-07-28",
])("the version of the protocol: %s", (words) => {
  const seen = http(400, words);
  expect(seen?.cause).toBe("protocol-version");
  expect(seen?.tryThis).not.toMatch(/Check the URL|account/);
});

describe("a header that is refused", () => {
  const all = (seen: ReturnType<typeof told>): string => `${seen?.detail}\n${seen?.tryThis}`;
  it.each([
    [406, "Not Acceptable: Client must accept both application/json and text/event-stream"],
    [406, ""],
    [406, { detail: "Could not satisfy the request Accept header." }],
    [415, "Unsupported Media Type: Content-Type must be application/json"],
    [415, ""],
  ])("the type of the request or of the answer: %i: %o", (status, words) => {
    const seen = http(status, words);
    expect(seen?.cause).toBe("rejected-request");
    expect(seen?.tryThis).toContain("a proxy or gateway on the way removes or changes a header");
    expect(all(seen)).not.toMatch(/token|account|profile/i);
    const rpcError = { code: -32000, message: "no" };
    expect(http(status, "", { rpcError })?.cause).toBe("rejected-request");
  });
  it.each([
    [421, "Invalid Host header"],
    [421, ""],
    [403, "Invalid Host: api.cm.com"],
    [403, 'Forbidden: invalid Host header "api.cm.com"'],
    [400, "Missing Host header"],
    [403, "Host not in allowlist"],
    [403, { error: "host_not_allowed", message: "Host 'api.cm.com' is not allowed" }],
    [403, 'Blocked request. This host ("api.cm.com") is not allowed.'],
    [401, "Unauthorized: this host is not permitted"],
    [403, "DNS rebinding protection: request refused"],
  ])("the host: %i: %o", (status, words) => {
    const seen = http(status, words);
    expect(seen?.cause).toBe("rejected-request");
    expect(seen?.detail).toContain(`rejected initialize (HTTP ${status}).`);
    expect(all(seen)).not.toMatch(/token|account|profile/i);
    expect(all(seen)).toContain("does not know the host name api.cm.com");
    const message = typeof words === "string" ? words : body(words);
    if (message !== "")
      expect(http(status, "", { rpcError: { code: -32000, message } })?.cause).toBe("rejected-request");
  });
  it.each<[Cause, number, string]>([
    ["rejected-request", 400, "You must accept the terms of service"],
    ["server-error", 502, "the upstream host is not allowed"],
    ["unauthorized", 406, "Invalid product token"],
    ["forbidden", 403, "The hostess is not amused: access denied"],
  ])("not with %s, %i: %s", (cause, status, words) => {
    const seen = http(status, words);
    expect(seen?.cause).toBe(cause);
    expect(seen?.detail).not.toContain("host name");
  });
  it("counts less than an ID that the words name", () => {
    const seen = http(421, "Unknown account");
    expect(seen?.detail).not.toContain("host name");
    expect(seen?.tryThis).toMatch(/^Check the account ID/);
  });
});

describe("who is blamed for a denial", () => {
  it.each([
    ["Forbidden", true],
    ["", true],
    ["insufficient_scope", true],
    ["403 Forbidden: access denied.", true],
    ["You do not have permission to access this resource", true],
    ["Your IP address 203.0.113.9 is not on the list", false],
    ["The subscription of this brand has ended", false],
  ])("%s: the token is suspected: %s", (words, isSuspected) => {
    const seen = http(403, words);
    expect(seen?.cause).toBe("forbidden");
    expect(/token/.test(`${seen?.detail}${seen?.tryThis}`)).toBe(isSuspected);
    // the IDs come last
    expect(seen?.tryThis?.split("\n").at(-1)).toMatch(/^Check the account ID/);
  });
  it.each([401, 403])("the profile that is named comes first: %i", (status) => {
    const seen = http(status, "Unknown profile");
    expect(seen?.cause).toBe("forbidden");
    expect(seen?.detail).not.toContain("token");
    expect(seen?.tryThis).toMatch(/^Check the profile ID /);
  });
  it.each([400, 403, 404, 200])("a tenant or an organisation is the account: %i", (status) => {
    for (const message of ["Unknown tenant", "Organization not found", "Invalid tenant ID"]) {
      const seen = http(status, "", { end: "answered", rpcError: { code: -32000, message } });
      expect(seen?.tryThis).toMatch(/^Check the account ID /);
      expect(seen?.detail).toContain("That is about the account ID");
    }
  });
  it("an error without a reason is not blamed on the IDs first", () => {
    const lines = told({ rpcError: { code: -32603, message: "Internal error" } })?.tryThis?.split("\n") ?? [];
    expect(lines[0]).toBe("Run it again.");
    expect(lines.at(-1)).toMatch(/^Check the account ID/);
  });
});

describe("words that decide in JSON without JSON-RPC, with 200", () => {
  it.each<[Cause, unknown]>([
    ["unauthorized", { message: "Unauthorized" }],
    ["unauthorized", { success: false, error: "Invalid token" }],
    ["forbidden", { error: { message: "Access denied" } }],
    ["rate-limited", { message: "Too many requests" }],
    ["not-mcp", { hello: "access denied" }],
    ["not-mcp", { message: "hello" }],
    ["not-mcp", { message: "session expired" }],
  ])("%s: %o", (cause, words) => {
    expect(told({ end: "not-rpc", body: body(words) })?.cause).toBe(cause);
  });
});

describe("how words are shown", () => {
  it.each(["{}", "[]", "null", '""', " { } "])("not where they say nothing: %s", (words) => {
    expect(http(500, words)?.detail).not.toContain("It said");
  });
  it("of plain text with the wrong type, not of a picture", () => {
    const more = { end: "content-type", contentType: "text/plain", body: "maintenance until 5 pm" } as const;
    expect(told(more)?.detail).toContain('It said: "maintenance until 5 pm".');
    expect(told({ ...more, contentType: "image/png" })?.detail).not.toContain("It said");
  });
  it("of WWW-Authenticate where the body has none", () => {
    const more = { authError: "The token is of another type" };
    expect(http(401, "", more)?.detail).toContain('It said: "The token is of another type".');
    expect(http(401, { message: "No" }, more)?.detail).toContain('It said: "No".');
  });

  const ZOD = `[\n  {\n    "expected": "string",\n    "code": "invalid_type",\n    "path": [\n      "tools",\n      0,\n      "name"\n    ],\n    "message": "Invalid input: expected string, received undefined"\n  }\n]`;
  it.each([
    [`Invalid result for tools/list: ${ZOD}`, "tools.0.name: expected string"],
    [ZOD, "tools.0.name: expected string"],
    ["Invalid result for initialize: not an object", "not an object"],
    ['[ { "expected": ', "the answer does not have the expected shape"],
  ])("of the MCP library, in a short line: %s", (message, short) => expect(libraryWords(message)).toBe(short));

  it.each([
    [
      "<html><head><title>Access Denied</title></head><h1 class=x>Blocked by <b>Guard</b></h1>x",
      "Access Denied: Blocked by Guard",
    ],
    ["<TITLE>Sign&nbsp;in</TITLE><h2>Sign in</h2>", "Sign in"],
    ["<html><title>Only this", "Only this"],
    ["<html><body></body></html>", ""],
    ["<html><style>b {}</style><p>Sign&nbsp;in</p><script>never ends", "Sign in"],
  ])("of a web page: %s", (page, words) => expect(pageWords(page)).toBe(words));
  it("of a web page decide nothing", () => {
    const page = "<html><title>Blocked</title><h1>Invalid token: rate limit</h1></html>";
    expect(told({ end: "content-type", contentType: "text/html", body: page })?.cause).toBe("html-answer");
    expect(http(403, page)?.cause).toBe("forbidden");
    expect(http(502, page)?.cause).toBe("server-error");
  });
});
