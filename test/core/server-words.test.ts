/** What a server says: when its words decide, whom they are about, and how they are shown. */
import { describe, expect, it } from "vitest";
import { type Cause, causeOf, explainCall } from "../../src/core/diagnosis/diagnose.ts";
import type { Exchange, ProbeRecord } from "../../src/core/diagnosis/record.ts";
import { blamesToken, deniesId, libraryWords, pageWords } from "../../src/core/diagnosis/server-words.ts";
import { diagnose, exchange, PROXY, record, type Told } from "./probe-support.ts";

const failed = (seen: ProbeRecord, known = {}): Told["stages"][number] | undefined =>
  diagnose(seen, [], known).stages.find(({ status }) => status === "failed");
const told = (more: Partial<Exchange>): Told["stages"][number] | undefined => failed(record([exchange(more)]));
const rpc = (message: string, code = -32603): Partial<Exchange> => ({ rpcError: { code, message } });
const body = (words: unknown): string => (typeof words === "string" ? words : JSON.stringify(words));

const MODEL_WORDS = [
  "unknown stop token",
  "model failed: invalid output token count",
  "Maximum number of tokens exceeded: invalid token budget",
  "The profile has no access token configured for Salesforce: missing token",
  "invalid max_tokens: max token limit is 4096",
];

describe("the words of a tool", () => {
  it.each([...MODEL_WORDS, "Upstream CRM said: 401 unauthorized", "rate limit of OpenAI reached", "access denied"])(
    "decide nothing: %s",
    (message) => {
      const last = exchange({ phase: "call", method: "tools/call", ...rpc(message) });
      const explained = explainCall(record([last]));
      expect(explained).toContain("answered tools/call with an error (-32603)");
      expect(explained).toContain(`It said: "${message}"`);
      expect(explained).not.toContain("That is about");
    },
  );
  it("name the ID that it does not know", () => {
    const last = exchange({ phase: "call", method: "tools/call", ...rpc("No such profile") });
    expect(explainCall(record([last]))).toContain("That is about the profile ID (sent as CM-PROFILE-ID).");
  });
  it("leave a status its meaning", () => {
    const last = exchange({ phase: "call", method: "tools/call", status: 401, end: "status" });
    expect(explainCall(record([last]))).toContain("did not accept the token");
  });
});

describe("words about tokens", () => {
  it.each(MODEL_WORDS)("of a model, or of somebody else: %s", (message) => {
    expect(told({ phase: "tools", method: "tools/list", ...rpc(message) })?.cause).toBe("rpc-error");
  });
  it.each([
    "Unauthorized: the token limit of this account is reached",
    "Invalid access token for HALO",
    "Unauthorized: no access token for API",
    "Authentication failed for the output token service",
    "the access token for this request has expired: token expired",
    "X-CM-PRODUCTTOKEN is invalid",
    "X-CM-PRODUCTTOKEN is required",
    "Header X-CM-PRODUCTTOKEN missing",
    "X-CM-PRODUCTTOKEN is missing beside CM-ACCOUNT-ID",
    "invalid_token",
  ])("of this connection: %s", (words) => {
    expect(told({ status: 400, end: "status", body: body({ message: words }) })?.cause).toBe("unauthorized");
  });
  it("are about the header that they blame", () => {
    const words = "Headers X-CM-PRODUCTTOKEN, CM-ACCOUNT-ID and CM-PROFILE-ID are required; CM-PROFILE-ID is missing";
    const seen = told({ status: 400, end: "status", body: body({ message: words }) });
    expect(seen).toMatchObject({
      cause: "rejected-request",
      tryThis: expect.stringMatching(/^Check the profile ID \(/),
    });
    expect(seen?.detail).toContain("That is about the profile ID (sent as CM-PROFILE-ID).");
    expect(seen?.detail).not.toContain("account ID");
  });
});

describe("404", () => {
  it.each([
    ["profile", { error: "Profile not found" }],
    ["account", "Unknown account"],
    ["profile", { message: "HALO profile prof-222 does not exist" }],
    ["profile", { errors: [{ message: "no such profile" }] }],
  ])("about the %s is none about the URL: %o", (id, words) => {
    const seen = told({ status: 404, end: "status", body: body(words) });
    expect(seen?.cause).toBe("rejected-request");
    expect(seen?.tryThis).toMatch(new RegExp(`^Check the ${id} ID \\(`));
    expect(`${seen?.detail} ${seen?.tryThis}`).not.toMatch(/under this path|Check the URL/);
  });
  it("about a session is the session's", () => {
    const words = { status: 404, end: "status", session: true } as const;
    expect(told({ ...words, body: "Session of this profile not found" })?.cause).toBe("session-lost");
    expect(told({ ...words, body: "Profile not found" })?.cause).toBe("rejected-request");
  });
  it.each([
    "Cannot POST /halo/profile/mcp",
    '{"error":"Not Found","path":"/v1/profile"}',
    '{"error":"no route"}',
    "/halo/profile not found",
    "<html>profile not found</html>",
  ])("about a path stays one: %s", (words) => {
    expect(told({ status: 404, end: "status", body: words })?.cause).toBe("not-found");
  });
});

describe("JSON without JSON-RPC, with 200", () => {
  it.each<[Cause, unknown]>([
    ["unauthorized", { message: "Unauthorized" }],
    ["unauthorized", { success: false, error: "Invalid token" }],
    ["unauthorized", { statusCode: 401, message: "Unauthorized" }],
    ["forbidden", { error: { message: "Access denied" } }],
    ["rate-limited", { message: "Too many requests" }],
    ["not-mcp", { hello: "access denied" }],
    ["not-mcp", { message: "hello" }],
    ["not-mcp", { message: "session expired" }],
  ])("%s: %o", (cause, words) => {
    expect(told({ end: "not-rpc", body: body(words) })?.cause).toBe(cause);
  });
});

describe("the words of the MCP library", () => {
  const ZOD = `[\n  {\n    "expected": "string",\n    "code": "invalid_type",\n    "path": [\n      "tools",\n      0,\n      "name"\n    ],\n    "message": "Invalid input: expected string, received undefined"\n  }\n]`;
  it.each([
    [`Invalid result for tools/list: ${ZOD}`, "tools[0].name: expected string"],
    [ZOD, "tools[0].name: expected string"],
    ["Invalid result for initialize: not an object", "not an object"],
    ['[ { "expected": ', "the answer does not have the shape that it must have"],
    ["something else", "something else"],
  ])("in a short line: %s", (message, short) => {
    expect(libraryWords(message)).toBe(short);
  });
  const gaveUp = (message: string, more: Partial<Exchange> = {}): ProbeRecord => {
    const seen = record([exchange(more)]);
    return { ...seen, outcome: { ...seen.outcome, failure: { name: "SdkError", code: "INVALID_RESULT", message } } };
  };
  it("are not the server's", () => {
    const detail = failed(gaveUp(`Invalid result for tools/list: ${ZOD}`))?.detail;
    expect(detail).toMatch(/not as an MCP server does\. The MCP library says: "tools\[0\]\.name: expected string"\.$/);
    expect(detail).not.toContain("It said");
  });
  it("give way to the revision that the server answered with", () => {
    const seen = gaveUp("Server's protocol version is not supported: 2099-01-01", { revisions: ["2099-01-01"] });
    expect(failed(seen)).toMatchObject({ cause: "protocol-version" });
    expect(failed(seen)?.detail).toMatch(/that this program does not know: 2099-01-01\.$/);
  });
});

describe("revisions that were offered", () => {
  const discover = (...revisions: string[]): Exchange => exchange({ method: "server/discover", revisions });
  const unknown = [exchange({ status: 404, end: "status" }), exchange(rpc("Method not found", -32601))];
  it.each(unknown)("newer ones alone, and no handshake of the older ones", (last) => {
    const seen = failed(record([discover("2030-01-01"), last]));
    expect(seen).toMatchObject({ cause: "protocol-version", detail: expect.stringContaining("2030-01-01") });
  });
  it("say nothing where an older one is among them, or another failure came", () => {
    expect(causeOf(record([discover("2025-11-25", "2030-01-01"), ...unknown.slice(0, 1)]))).toBe("not-found");
    expect(causeOf(record([discover("2030-01-01"), exchange(rpc("No such profile", -32000))]))).toBe("rpc-error");
    expect(causeOf(record([discover("2030-01-01"), exchange({ status: 401, end: "status" })]))).toBe("unauthorized");
  });
});

describe("a redirect", () => {
  const to = (location: string, url = "https://api.cm.com/mcp"): ReturnType<typeof failed> => {
    const { origin, host, pathname: path } = new URL(url);
    const seen = record([exchange({ status: 307, end: "redirect", location })]);
    return failed({ ...seen, endpoint: { origin, host, path, secure: origin.startsWith("https:") } });
  };
  it.each([
    ["https://api.cm.com/mcp/", undefined],
    ["https://api.cm.com/v2/mcp", undefined],
    ["https://127.0.0.1:8443/mcp", "http://127.0.0.1:8080/mcp"],
    ["http://127.0.0.1:8080/mcp/", "http://127.0.0.1:8080/mcp"],
  ])("on the same host names the URL to put in: %s", (location, url) => {
    expect(to(location, url)?.detail).toContain(`to ${location} was not followed`);
    expect(to(location, url)?.tryThis).toMatch(/If you trust the new address/);
    expect(to(location, url)?.tryThis?.split("\n").at(-1)).toBe(location);
  });
  it.each([
    ["https://api.cm.com/login"],
    ["https://elsewhere.example/mcp/"],
    ["http://api.cm.com/mcp"],
    ["https://api.cm.com/mcp"],
    ["https://api.cm.com/••••/mcp"],
    ["an address that cannot be read"],
  ])("elsewhere names none: %s", (location) => {
    expect(to(location)?.tryThis).toMatch(/^Check the URL/);
  });
});

describe("a web page", () => {
  it.each([
    [
      "<html><head><title>Access Denied</title><style>b{}</style></head><body><h1>Blocked by <b>Guard</b></h1>x</body>",
      "Access Denied: Blocked by Guard",
    ],
    [
      "<!doctype html><script>var a = '<b>';</script><!-- <p>no</p> --><p>Sign&nbsp;in &amp; go on&#33;</p>",
      "Sign in & go on!",
    ],
    ["<html><title>Sign in</title><body>Sign in to the network", "Sign in to the network"],
    ["<html><title>Only this</title>", "Only this"],
    ["<html><body></body></html>", ""],
    ["<html><script>never ends", ""],
  ])("in short: %s", (html, words) => {
    expect(pageWords(html)).toBe(words);
  });
  it("is cut", () => {
    expect(pageWords(`<p>${"word ".repeat(100)}`).length).toBeLessThanOrEqual(151);
  });
  const html = "<html><title>Blocked</title><h1>Invalid token: rate limit</h1></html>";
  it.each<[Cause, Partial<Exchange>]>([
    ["html-answer", { end: "content-type", contentType: "text/html" }],
    ["forbidden", { status: 403, end: "status", contentType: "text/html" }],
    ["unauthorized", { status: 401, end: "status", contentType: "text/html" }],
    ["server-error", { status: 502, end: "status", contentType: "text/html" }],
  ])("is quoted, and decides nothing: %s", (cause, more) => {
    const seen = told({ body: html, ...more });
    expect(seen).toMatchObject({
      cause,
      detail: expect.stringMatching(/The page says: "Blocked: Invalid token: rate limit"\.$/),
    });
    if (cause === "forbidden") expect(seen?.tryThis).toMatch(/^A firewall or gateway may block it/);
  });
  it("shows no secret", () => {
    const secret = "made-up-token-0123456789";
    const page = exchange({ status: 403, end: "status", body: `<html><p>${"x ".repeat(68)}${secret}</p>` });
    const text = JSON.stringify(diagnose(record([page]), [secret]));
    expect(text).toContain("The page says");
    expect(text).not.toContain("made-up");
  });
});

describe("other words of a server", () => {
  it("plain text of the wrong type is shown", () => {
    const more = { end: "content-type", contentType: "text/plain", body: "maintenance until 5 pm" } as const;
    expect(told(more)?.detail).toContain('It said: "maintenance until 5 pm".');
    expect(told({ ...more, contentType: "image/png" })?.detail).not.toContain("It said");
  });
  it("WWW-Authenticate speaks where the body does not", () => {
    const more = { status: 401, end: "status", authError: "The token is of another type" } as const;
    expect(told(more)?.detail).toContain('It said: "The token is of another type".');
    expect(told({ ...more, body: '{"message":"No"}' })?.detail).toContain('It said: "No".');
    expect(told({ ...more, status: 403, authError: "invalid_token" })?.cause).toBe("unauthorized");
  });
  it("an event that calls itself an error speaks for a stream that ended", () => {
    const more = { end: "stream-ended", stream: true, body: 'event: error\ndata: {"message":"busy"}\n\n' } as const;
    expect(told(more)).toMatchObject({ cause: "stream-ended", detail: expect.stringContaining('It said: "busy".') });
    expect(told({ ...more, body: 'data: {"x":1}\n\n' })?.detail).not.toContain("It said");
  });
  it("with 5xx they are not said to be about an ID", () => {
    const seen = told({ status: 500, end: "status", body: "cannot read the agents of profile" });
    expect(seen?.detail).not.toContain("That is about");
    expect(seen?.tryThis).toMatch(/\nCheck the profile ID \(.*too/);
    expect(seen?.tryThis).not.toContain("not judged");
  });
  it("with 401 an ID that they blame comes first, the token if they blame that", () => {
    const first = (words: string) => told({ status: 401, end: "status", body: words })?.tryThis;
    expect(first("Account 12 is unknown")).toMatch(/^Check the account ID \(/);
    expect(first("Invalid token for this account")).toMatch(/^Is the token of type MCP/);
  });
  it("a limit is named in whole seconds", () => {
    const late = exchange({ status: null, end: "timeout", ms: 700 });
    const seen = failed({ ...record([late]), timeoutMs: 1870 });
    expect(seen?.detail).toContain("did not answer initialize in time (limit: 2 s)");
    expect(seen?.tryThis).toContain("\nnpx create-halo-mcp doctor --timeout 60\n");
  });
  it("a proxy that refuses is asked about first", () => {
    const proxy = { ...PROXY, status: 403 };
    const last = exchange({ status: null, connected: false, end: "broken", codes: ["HALO_PROXY_STATUS"] });
    expect(failed(record([last], { proxy }))?.tryThis).toMatch(/^Ask whoever runs the network/);
    expect(failed(record([last], { proxy: { ...proxy, status: 502 } }))?.tryThis).toMatch(/^Check HTTPS_PROXY/);
  });
  it("HALO's own URL is not to be compared with itself", () => {
    const last = exchange({ status: 404, end: "status" });
    expect(failed(record([last]))?.tryThis).toMatch(/^The URL is HALO's own and correct/);
    const other = { origin: "https://x.example", host: "x.example", path: "/halo/core/mcp", secure: true };
    expect(failed(record([last], { endpoint: other }))?.tryThis).toMatch(/^Check the URL/);
  });
});

describe("the token by what is said of it", () => {
  it.each([
    "Product token not found",
    "No product token provided",
    "The product token is not of type MCP",
    "Token has been deleted",
    "Product token does not exist",
    "The token provided is invalid",
    "Token 'abc' is invalid",
    "Invalid producttoken",
    "Could not validate product token",
    "Token does not belong to this account",
  ])("is ours: %s", (message) => expect(blamesToken(message)).toBe(true));
  it.each([
    "page token not found",
    "invalid continuation token",
    "stop token not found",
    "unknown progress token",
    "no token is needed here",
    "Token limit exceeded",
  ])("is another: %s", (message) => expect(blamesToken(message)).toBe(false));
});

describe("an ID is meant where it is named", () => {
  const explained = (words: string) =>
    failed(record([exchange({ status: 404, end: "status", body: JSON.stringify({ message: words }) })]))?.detail;
  it.each([
    "Cannot POST /account/profile/mcp",
    "No static resource halo/profile/mcp.",
    "profile-service: route not found",
    "The account service is not found",
    "Account settings page not found",
  ])("not in a path, nor in a service's name: %s", (words) => {
    expect(explained(words)).toContain(`It said: "${words}`);
    expect(explained(words)).not.toContain("That is about");
    expect(deniesId(words)).toBe(false);
  });
  it.each(["CM-PROFILE-ID is missing", "profileId is missing", "Unknown profile", "no such account's profile"])(
    "in a header, a field or a sentence: %s",
    (words) => expect(explained(words)).toContain("That is about"),
  );
});
