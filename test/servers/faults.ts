/** Named faults of servers, each with the cause that a probe must name. TLS faults that need a trusted CA are in `tls-faults.ts`. */
import { createServer as createTcpServer } from "node:net";
import { gzipSync } from "node:zlib";
import {
  behave,
  drip,
  type Fault,
  flood,
  http,
  INITIALIZED,
  json,
  type Kit,
  listen,
  raw,
  result,
  rpcError,
  TOOL,
} from "./fault-kit.ts";

const MIB = Buffer.alloc(1024 * 1024, 0x20);
const HTML = "<!DOCTYPE html><html><body>Sign in</body></html>";
const CONNECT = ["server/discover", "initialize"] as const;
const TOOLS = ["tools/list"] as const;

const sse = ({ response }: Kit, ...events: unknown[]): Kit["response"] => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of events)
    response.write(`event: message\ndata: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`);
  response.flushHeaders();
  return response;
};
const reset = ({ response }: Kit): void => void setTimeout(() => response.socket?.resetAndDestroy(), 20);
const text = (kit: Kit, status: number, body: string, headers: Record<string, string> = {}): void =>
  void kit.response.writeHead(status, headers).end(body);
const html = { "content-type": "text/html; charset=utf-8" };

const statuses: Fault[] = [
  http("401 json", "unauthorized", ({ response }) => json(response, 401, { error: "invalid_token" })),
  http("401 that repeats the token", "unauthorized", ({ response, token }) =>
    json(response, 401, { error: `Token ${token} is unknown, ${encodeURIComponent(token)}, ${token.toUpperCase()}` }),
  ),
  http("401 web page", "unauthorized", (kit) => text(kit, 401, HTML, html)),
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
  http(
    "401 with an endless body",
    "unauthorized",
    (kit) => flood(kit.response.writeHead(401, { "content-type": "application/json" }), MIB, 1024),
    undefined,
    true,
  ),
  http("401 whose body breaks", "unauthorized", (kit) => {
    kit.response.writeHead(401, { "content-length": "500" }).write("{");
    reset(kit);
  }),
  http("403 json", "forbidden", ({ response }) => json(response, 403, { message: "Forbidden" })),
  http("403 for a bad token", "unauthorized", ({ response }) =>
    json(response, 403, { message: "Invalid product token" }),
  ),
  http("403 for too many requests", "rate-limited", ({ response }) =>
    json(response, 403, { message: "Rate limit exceeded" }, { "retry-after": "30" }),
  ),
  http("400 for a missing token", "unauthorized", ({ response }) =>
    json(response, 400, { message: "Missing header X-CM-PRODUCTTOKEN" }),
  ),
  http("500 for a bad token", "unauthorized", ({ response }) => json(response, 500, { message: "token is invalid" })),
  http("400", "rejected-request", ({ response }) => json(response, 400, { message: "profile must be a number" })),
  http("406", "rejected-request", (kit) => text(kit, 406, "")),
  http("413 web page", "rejected-request", (kit) => text(kit, 413, HTML, html)),
  http("404 json", "not-found", ({ response }) => json(response, 404, { error: "no route" })),
  http("404 web page", "not-found", (kit) => text(kit, 404, HTML, html)),
  http("410", "not-found", (kit) => text(kit, 410, "gone")),
  http("405", "method-not-allowed", (kit) => text(kit, 405, "", { allow: "GET" })),
  http("407", "proxy-auth", (kit) => text(kit, 407, "", { "proxy-authenticate": "Basic" })),
  http("429 with Retry-After", "rate-limited", (kit) => text(kit, 429, "", { "retry-after": "120" })),
  http("500", "server-error", (kit) => text(kit, 500, "oops")),
  http("502 web page", "server-error", (kit) => text(kit, 502, HTML, html)),
  http("503 with Retry-After", "server-error", (kit) => text(kit, 503, "", { "retry-after": "60" })),
  http("504 that drips", "server-error", (kit) => drip(kit.response.writeHead(504), "x", 50)),
];

const redirects: Fault[] = [
  ...[301, 302, 303, 307, 308].map((status) =>
    http(`${status} to another origin`, "redirect", (kit) => text(kit, status, "", { location: `${kit.second}/take` })),
  ),
  http("302 to the same origin", "redirect", (kit) => text(kit, 302, "", { location: "/login?next=mcp" })),
  http("302 without Location", "redirect", (kit) => text(kit, 302, "")),
  http("307 at the tools", "redirect", (kit) => text(kit, 307, "", { location: `${kit.second}/take` }), TOOLS),
];

const bodies: Fault[] = [
  http("a web page", "html-answer", (kit) => text(kit, 200, HTML, html)),
  http("a web page that says it is JSON", "html-answer", ({ response }) => json(response, 200, HTML)),
  http("text/plain", "wrong-content-type", (kit) => text(kit, 200, "ok", { "content-type": "text/plain" })),
  http("no content type", "wrong-content-type", (kit) => text(kit, 200, "ok")),
  http("bad JSON", "bad-json", ({ response }) => json(response, 200, '{"jsonrpc":')),
  http("an empty body", "empty-answer", ({ response }) => json(response, 200, "")),
  http("202 to initialize", "empty-answer", (kit) => text(kit, 202, "")),
  http("204 to initialize", "empty-answer", (kit) => void kit.response.writeHead(204).end()),
  http("an answer with another id", "not-mcp", ({ response }) =>
    json(response, 200, { jsonrpc: "2.0", id: 9999, result: INITIALIZED }),
  ),
  http("JSON that is no JSON-RPC", "not-mcp", ({ response }) => json(response, 200, { hello: "world" })),
  http("a body shorter than announced", "closed-early", (kit) => {
    kit.response.writeHead(200, { "content-type": "application/json", "content-length": "500" }).write('{"jsonrpc"');
    setTimeout(() => kit.response.socket?.end(), 20);
  }),
  http("a reset after the headers", "reset", (kit) => {
    kit.response.writeHead(200, { "content-type": "application/json", "content-length": "500" }).write("{");
    reset(kit);
  }),
  http("a body that drips", "timeout", (kit) =>
    drip(kit.response.writeHead(200, { "content-type": "application/json" }), " ", 20),
  ),
  http("headers, then nothing", "timeout", (kit) =>
    kit.response.writeHead(200, { "content-type": "application/json" }).flushHeaders(),
  ),
  http(
    "1 GB of JSON",
    "too-big",
    (kit) => flood(kit.response.writeHead(200, { "content-type": "application/json" }), MIB, 1024),
    undefined,
    true,
  ),
  http(
    "1 GB of a web page",
    "html-answer",
    (kit) => flood(kit.response.writeHead(200, html), MIB, 1024),
    undefined,
    true,
  ),
  http(
    "a gzip bomb of 1 GB",
    "too-big",
    (kit) => {
      const member = gzipSync(Buffer.alloc(16 * 1024 * 1024, 0x20));
      flood(
        kit.response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }),
        member,
        64,
      );
    },
    undefined,
    true,
  ),
  http("bad gzip", "bad-encoding", ({ response }) =>
    json(response, 200, "this is not gzip", { "content-encoding": "gzip" }),
  ),
  http("gzip cut short", "bad-encoding", (kit) => {
    const packed = gzipSync(JSON.stringify(result(kit.message, INITIALIZED)));
    kit.response
      .writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" })
      .end(packed.subarray(0, 30));
  }),
  http(
    "an encoding nobody asked for",
    "bad-encoding",
    (kit) =>
      void kit.response
        .writeHead(200, { "content-type": "application/json", "content-encoding": "x-unknown" })
        .end(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3])),
  ),
];

const streams: Fault[] = [
  http(
    "a stream that ends early",
    "stream-ended",
    (kit) =>
      void sse(kit, { jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "x" } }).end(),
  ),
  http("a stream that resets", "reset", (kit) => {
    sse(kit);
    reset(kit);
  }),
  http("a stream cut off", "stream-ended", (kit) => {
    sse(kit);
    setTimeout(() => kit.response.socket?.end(), 20);
  }),
  http("a stream with bad JSON", "bad-json", (kit) => void sse(kit, "{not json").end()),
  http("a stream with bad JSON that never ends", "bad-json", (kit) => void sse(kit, "{not json")),
  http("a stream that never ends", "timeout", (kit) => void sse(kit)),
  http("a stream of comments", "timeout", (kit) => drip(sse(kit), ": still here\n\n", 20)),
  http("a stream with another id", "not-mcp", (kit) => void sse(kit, { jsonrpc: "2.0", id: 9999, result: {} }).end()),
  http(
    "a stream with an error",
    "rpc-error",
    (kit) => void sse(kit, rpcError(kit.message.id, -32000, "No such profile")),
  ),
  http("1 GB in one event", "too-big", (kit) => flood(sse(kit, "x"), MIB, 1024), undefined, true),
  http(
    "a good stream that stays open",
    null,
    (kit) => void sse(kit, { jsonrpc: "2.0", id: "ping-1", method: "ping" }, result(kit.message, INITIALIZED)),
    ["initialize"],
  ),
  http(
    "a good stream with CRLF, in single bytes",
    null,
    (kit) => {
      const bytes = [
        ...`\uFEFF: hi\r\nid: 1\r\ndata: {"jsonrpc":"2.0",\r\ndata: "id":${JSON.stringify(kit.message.id)},"result":${JSON.stringify(INITIALIZED)}}\r\n\r\n`,
      ];
      sse(kit);
      const timer = setInterval(
        () => (bytes.length === 0 ? clearInterval(timer) : void kit.response.write(bytes.splice(0, 3).join(""))),
        1,
      );
    },
    ["initialize"],
  ),
];

const connections: Fault[] = [
  {
    name: "a port where nobody listens",
    cause: "refused",
    start: async () => {
      const running = await listen(createTcpServer());
      await running.close();
      return { ...running, close: async () => undefined };
    },
  },
  {
    name: "a name that cannot exist",
    cause: "dns",
    start: async () => ({ url: `https://${"a".repeat(70)}.invalid/mcp`, open: () => 0, close: async () => undefined }),
  },
  {
    name: "a port that fetch never uses",
    cause: "bad-url",
    start: async () => ({ url: "http://127.0.0.1:6667/mcp", open: () => 0, close: async () => undefined }),
  },
  raw("a silent accept", "timeout", () => undefined),
  raw("a reset at once", "reset", (socket) => void socket.once("data", () => socket.resetAndDestroy())),
  raw("a close at once", "closed-early", (socket) => void socket.once("data", () => socket.end())),
  raw(
    "a close in the headers",
    "closed-early",
    (socket) => void socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-ty")),
  ),
  raw(
    "a reset in the headers",
    "reset",
    (socket) =>
      void socket.once("data", () =>
        socket.write("HTTP/1.1 200 OK\r\ncontent-ty", () => setTimeout(() => socket.resetAndDestroy(), 20)),
      ),
  ),
  raw("headers that drip", "timeout", (socket) => {
    socket.write("HTTP/1.1 200 OK\r\n");
    let count = 0;
    const timer = setInterval(() => socket.write(`x-${count++}: y\r\n`), 30);
    socket.on("close", () => clearInterval(timer));
  }),
  raw("garbage", "bad-http", (socket) => socket.end("\u0000\u0001garbage\r\n\r\n")),
  raw("an SSH server", "bad-http", (socket) => socket.end("SSH-2.0-OpenSSH_9.6\r\n")),
  raw(
    "a bad chunk",
    "bad-http",
    (socket) =>
      void socket.once("data", () =>
        socket.end(
          "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n",
        ),
      ),
  ),
  raw(
    "a header bomb",
    "too-big",
    (socket) =>
      void socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\n");
        flood(socket, Buffer.from(`x-bomb: ${"a".repeat(8000)}\r\n`), 20_000);
      }),
    "http",
    true,
  ),
  raw(
    "status 999",
    "bad-http",
    (socket) => void socket.once("data", () => socket.end("HTTP/1.1 999 No\r\ncontent-length: 0\r\n\r\n")),
  ),
  raw(
    "plain HTTP on an https URL",
    "not-tls",
    (socket) => socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"),
    "https",
  ),
  raw(
    "a TLS handshake that is cut",
    "tls-handshake",
    (socket) => void socket.once("data", () => socket.resetAndDestroy()),
    "https",
  ),
  raw(
    "a TLS handshake that is closed",
    "tls-handshake",
    (socket) => void socket.once("data", () => socket.end()),
    "https",
  ),
  raw(
    "a TLS alert",
    "tls-handshake",
    (socket) => void socket.once("data", () => socket.end(Buffer.from([0x15, 3, 3, 0, 2, 2, 40]))),
    "https",
  ),
  raw("a silent accept on an https URL", "timeout", () => undefined, "https"),
];

let page = 0;
const session = (kit: Kit, lost: (kit: Kit) => void): void => {
  if (kit.message.method === "initialize")
    json(kit.response, 200, result(kit.message, INITIALIZED), { "mcp-session-id": "s1" });
  else lost(kit);
};
const SESSION = ["initialize", "tools/list"] as const;

const protocol: Fault[] = [
  http("a JSON-RPC error with our id", "rpc-error", ({ response, message }) =>
    json(response, 200, rpcError(message.id, -32000, "No such profile")),
  ),
  http("a JSON-RPC error with id null", "rpc-error", ({ response }) =>
    json(response, 200, rpcError(null, -32000, "No such profile")),
  ),
  http("a JSON-RPC error about the token", "unauthorized", ({ response, message }) =>
    json(response, 200, rpcError(message.id, -32001, "Unauthorized: token is not of type MCP")),
  ),
  http("a JSON-RPC error with 400", "rpc-error", ({ response }) =>
    json(response, 400, rpcError(null, -32000, "No such profile")),
  ),
  http("JSON-RPC, but no MCP", "not-mcp", ({ response, message }) =>
    json(response, 200, rpcError(message.id, -32601, "Method not found")),
  ),
  http("JSON-RPC by 404, but no MCP", "not-mcp", ({ response, message }) =>
    json(response, 404, rpcError(message.id, -32601, "Method not found")),
  ),
  http(
    "an initialize result of another shape",
    "not-mcp",
    ({ response, message }) => json(response, 200, result(message, { ok: true })),
    CONNECT,
  ),
  http(
    "an unknown protocol revision",
    "protocol-version",
    ({ response, message }) => json(response, 200, result(message, { ...INITIALIZED, protocolVersion: "2031-01-01" })),
    ["initialize"],
  ),
  http("only unknown revisions", "protocol-version", ({ response, message }) =>
    json(
      response,
      400,
      rpcError(message.id, -32022, "Unsupported protocol version", {
        supported: ["2031-01-01"],
        requested: "2026-07-28",
      }),
    ),
  ),
  http(
    "a session lost by 404",
    "session-lost",
    (kit) => session(kit, ({ response }) => json(response, 404, rpcError(null, -32001, "Session not found"))),
    SESSION,
  ),
  http(
    "a session lost by 404 without words",
    "session-lost",
    (kit) => session(kit, (lost) => text(lost, 404, "")),
    SESSION,
  ),
  http(
    "a session lost by 400",
    "session-lost",
    (kit) =>
      session(kit, ({ response }) =>
        json(response, 400, rpcError(null, -32000, "Bad Request: No valid session ID provided")),
      ),
    SESSION,
  ),
  http("401 at initialized", "unauthorized", (kit) => text(kit, 401, ""), ["notifications/initialized"]),
  http("401 at the tools", "unauthorized", ({ response }) => json(response, 401, { error: "unauthorized" }), TOOLS),
  http("403 at the tools", "forbidden", ({ response }) => json(response, 403, { error: "no" }), TOOLS),
  http("500 at the tools", "server-error", (kit) => text(kit, 500, ""), TOOLS),
  http(
    "an error at the tools",
    "rpc-error",
    ({ response, message }) => json(response, 200, rpcError(message.id, -32603, "profile has no agents")),
    TOOLS,
  ),
  http(
    "tools of another shape",
    "not-mcp",
    ({ response, message }) => json(response, 200, result(message, { tools: "many" })),
    TOOLS,
  ),
  http("a silence at the tools", "timeout", () => undefined, TOOLS),
  http(
    "1 GB of tools",
    "too-big",
    (kit) => flood(kit.response.writeHead(200, { "content-type": "application/json" }), MIB, 1024),
    TOOLS,
    true,
  ),
  http(
    "a cursor that never ends",
    "pagination",
    ({ response, message }) => json(response, 200, result(message, { tools: [TOOL], nextCursor: `c${page++}` })),
    TOOLS,
  ),
  http(
    "a cursor that repeats",
    "pagination",
    ({ response, message }) => json(response, 200, result(message, { tools: [TOOL], nextCursor: "again" })),
    TOOLS,
  ),
];

/** Odd, but not wrong: the probe must succeed. */
const harmless: Fault[] = [
  http("server/discover gets 500", null, (kit) => text(kit, 500, ""), ["server/discover"]),
  http("server/discover gets a reset", null, reset, ["server/discover"]),
  http("server/discover gets silence", null, () => undefined, ["server/discover"]),
  http("server/discover gets 200 and nonsense", null, ({ response }) => json(response, 200, { ok: false }), [
    "server/discover",
  ]),
  http(
    "server/discover gets an error with id null",
    null,
    ({ response }) => json(response, 200, rpcError(null, -32600, "Bad Request")),
    ["server/discover"],
  ),
  http("server/discover gets 404 with a drip", null, (kit) => drip(kit.response.writeHead(404), "x", 20), [
    "server/discover",
  ]),
  http(
    "DELETE hangs",
    null,
    (kit) => {
      if (kit.message.method === "initialize" && kit.request.headers["x-cm-producttoken"] !== undefined)
        json(kit.response, 200, result(kit.message, INITIALIZED), { "mcp-session-id": "s1" });
      else if (kit.request.method !== "DELETE") behave(kit);
    },
    ["initialize", "DELETE"],
  ),
  http(
    "three pages of tools",
    null,
    ({ request, response, message }) => {
      if (request.headers["x-cm-producttoken"] === undefined) return json(response, 401, {});
      const at = Number(message.params?.cursor ?? "0");
      return json(response, 200, result(message, { tools: [TOOL], ...(at < 2 ? { nextCursor: String(at + 1) } : {}) }));
    },
    TOOLS,
  ),
  http(
    "hostile tools",
    null,
    ({ request, response, message, token }) => {
      if (request.headers["x-cm-producttoken"] === undefined) return json(response, 401, {});
      const hostile = {
        ...TOOL,
        name: `\u001b[31m${"n".repeat(1000)}`,
        description: `\u202e${token} ${token.slice(0, 8)}\u200b${token.slice(8)} ${"d".repeat(500)}`,
      };
      return json(response, 200, result(message, { tools: Array.from({ length: 1500 }, () => hostile) }));
    },
    TOOLS,
  ),
];

/** All faults that need no trusted certificate. */
export const FAULTS: readonly Fault[] = [
  ...statuses,
  ...redirects,
  ...bodies,
  ...streams,
  ...connections,
  ...protocol,
  ...harmless,
];
