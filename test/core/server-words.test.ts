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
    [PROFILE, "Headers CM-ACCOUNT-ID and CM-PROFILE-ID are required; CM-PROFILE-ID is missing"],
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
    expect(http(401, "Invalid token for this account")?.tryThis).toMatch(/^Is the token of type MCP/);
    expect(http(403, "Access to this profile is denied")?.tryThis).toMatch(/^Check the profile ID .*\nIs the token of/);
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
    [`Invalid result for tools/list: ${ZOD}`, "tools[0].name: expected string"],
    [ZOD, "tools[0].name: expected string"],
    ["Invalid result for initialize: not an object", "not an object"],
    ['[ { "expected": ', "the answer does not have the shape that it must have"],
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
