/** Faults told by an HTTP status: refusals, errors, redirects. */
import {
  attack,
  drip,
  type Fault,
  fails,
  flood,
  HTML,
  html,
  http,
  json,
  MIB,
  replies,
  reset,
  TOOLS,
  text,
} from "./fault-kit.ts";

const HEADERS = "Headers X-CM-PRODUCTTOKEN, CM-ACCOUNT-ID and CM-PROFILE-ID are required; CM-PROFILE-ID is missing";

export const statuses: Fault[] = [
  http("401 json", "unauthorized", replies(401, { error: "invalid_token" })),
  http("401 that repeats the token", "unauthorized", ({ response, token }) =>
    json(response, 401, { error: `Token ${token} is unknown, ${encodeURIComponent(token)} ` }),
  ),
  http("403 that repeats the token with soft hyphens", "forbidden", ({ response, token }) =>
    json(response, 403, { message: `no ${token.split("").join("\u00ad")}` }),
  ),
  http("403 that repeats the token in lines, in base64url and in escapes", "forbidden", ({ response, token }) => {
    const lines = token.replace(/.{3}/g, "$&\n");
    const base64 = Buffer.from(`x:${token}`).toString("base64url");
    const escapes = token.replace(/./g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
    json(response, 403, `{"message":${JSON.stringify(`${lines} ${base64}`)},"detail":"${escapes}"}`);
  }),
  http("401 web page", "unauthorized", replies(401, HTML, html)),
  http("401 that starts OAuth at another origin", "unauthorized", (kit) =>
    text(kit, 401, "", {
      "www-authenticate": `Bearer resource_metadata="${kit.second}/.well-known/oauth-protected-resource"`,
    }),
  ),
  http("403 insufficient_scope at another origin", "forbidden", (kit) =>
    text(kit, 403, "", {
      "www-authenticate": `Bearer error="insufficient_scope", scope="x", resource_metadata="${kit.second}/meta"`,
    }),
  ),
  attack("401 with an endless body", "unauthorized", (kit) =>
    flood(kit.response.writeHead(401, { "content-type": "application/json" }), MIB, 1024),
  ),
  http("401 whose body breaks", "unauthorized", (kit) => {
    kit.response.writeHead(401, { "content-length": "500" }).write("{");
    reset(kit);
  }),
  http("403 json", "forbidden", replies(403, { message: "Forbidden" })),
  http("403 for a bad token", "unauthorized", replies(403, { message: "Invalid product token" })),
  http(
    "403 for too many requests",
    "rate-limited",
    replies(403, { message: "Rate limit exceeded" }, { "retry-after": "30" }),
  ),
  http("400 for a missing token", "unauthorized", replies(400, { message: "Missing header X-CM-PRODUCTTOKEN" })),
  http("500 for a bad token", "unauthorized", replies(500, { message: "token is invalid" })),
  http("400", "rejected-request", replies(400, { message: "profile must be a number" })),
  http("406", "rejected-request", replies(406)),
  http(
    "406 in JSON-RPC",
    "rejected-request",
    fails(-32000, "Not Acceptable: Client must accept both application/json and text/event-stream", {
      id: null,
      status: 406,
    }),
  ),
  http("415", "rejected-request", replies(415, "Unsupported Media Type: Content-Type must be application/json")),
  http("421", "rejected-request", replies(421, "Invalid Host header")),
  http("403 about the host", "rejected-request", fails(-32000, "Invalid Host: 127.0.0.1", { id: null, status: 403 })),
  http("403 about an address", "forbidden", replies(403, { message: "Your IP address is not on the list" })),
  http("401 about the account", "forbidden", replies(401, { message: "Unknown account" })),
  http("413 web page", "rejected-request", replies(413, HTML, html)),
  http("404 json", "not-found", replies(404, { error: "no route" })),
  http("404 about the profile", "rejected-request", replies(404, { message: "HALO profile prof-222 does not exist" })),
  http("400 that names all headers and blames one", "rejected-request", replies(400, { message: HEADERS })),
  http("403 whose page repeats the token, in entities too", "forbidden", (kit) => {
    const entities = kit.token.replace(/./g, (char) => `&#x${char.charCodeAt(0).toString(16)};`);
    text(kit, 403, `<html><title>${entities}</title><h1>${kit.token.replace(/./g, "$&<b></b>")}</h1></html>`, html);
  }),
  http("401 that repeats the token in its head", "unauthorized", (kit) =>
    text(kit, 401, "", { "www-authenticate": `Bearer error="invalid_token", error_description="not ${kit.token}"` }),
  ),
  http("404 web page", "not-found", replies(404, HTML, html)),
  http("410", "not-found", replies(410, "gone")),
  http("403 about the profile", "forbidden", replies(403, { message: "Access to this profile is denied" })),
  http("405", "method-not-allowed", replies(405, "", { allow: "GET" })),
  http("407", "proxy-auth", replies(407, "", { "proxy-authenticate": "Basic" })),
  http("429 with Retry-After", "rate-limited", replies(429, "", { "retry-after": "120" })),
  http("500", "server-error", replies(500, "oops")),
  http("502 web page", "server-error", replies(502, HTML, html)),
  http("503 with Retry-After", "server-error", replies(503, "", { "retry-after": "60" })),
  http("504 that drips", "server-error", (kit) => drip(kit.response.writeHead(504), "x", 50)),
];

export const redirects: Fault[] = [
  ...[301, 302, 303, 307, 308].map((status) =>
    http(`${status} to another origin`, "redirect", (kit) => text(kit, status, "", { location: `${kit.second}/take` })),
  ),
  http("307 that repeats the token in its path", "redirect", (kit) =>
    text(kit, 307, "", { location: `/${kit.token}/${encodeURIComponent(`"${kit.token}"`)}/mcp?key=${kit.token}` }),
  ),
  http("302 to the same origin", "redirect", replies(302, "", { location: "/login?next=mcp" })),
  http("302 without Location", "redirect", replies(302)),
  http("307 at the tools", "redirect", (kit) => text(kit, 307, "", { location: `${kit.second}/take` }), TOOLS),
];
