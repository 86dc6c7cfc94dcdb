/** Named faults of servers, each with the cause that a probe must name. TLS faults that need a trusted CA are in `tls-faults.ts`. */
import { createServer as createTcpServer, type Socket } from "node:net";
import { bodies, streams } from "./fault-bodies.ts";
import {
  answers,
  answersText,
  attack,
  behave,
  CONNECT,
  cut,
  DISCOVERED,
  drip,
  type Fault,
  flood,
  HTML,
  html,
  http,
  INITIALIZED,
  json,
  type Kit,
  listen,
  MIB,
  READ_MS,
  raw,
  reset,
  result,
  rpcError,
  sse,
  TOOL,
  TOOLS,
  text,
} from "./fault-kit.ts";
import { redirects, statuses } from "./fault-statuses.ts";

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
    // Claude Code 2.1.330 uses it like any other (measured)
    name: "a port that browsers never use, where nobody listens",
    cause: "refused",
    start: async () => ({ url: "http://127.0.0.1:6667/mcp", open: () => 0, close: async () => undefined }),
  },
  raw("a silent accept", "timeout", () => undefined),
  raw("a reset at once", "reset", (socket) => void socket.once("data", () => cut(socket))),
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
        socket.write("HTTP/1.1 200 OK\r\ncontent-ty", () => setTimeout(() => cut(socket), READ_MS)),
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
  raw("401 with more bytes than it says", "unauthorized", (socket) =>
    says(socket, "401 Unauthorized", "content-type: application/json\r\ncontent-length: 2", "{}and more"),
  ),
  raw("401, packed, with a bad chunk", "unauthorized", (socket) =>
    says(socket, "401 Unauthorized", "content-encoding: gzip\r\ntransfer-encoding: chunked", "zz\r\n"),
  ),
  raw("403 of length 0 with a body", "forbidden", (socket) =>
    says(socket, "403 Forbidden", "content-length: 0", '{"message":"no"}'),
  ),
  raw("a redirect of length 0 with a page", "redirect", (socket) =>
    says(socket, "302 Found", "location: https://login.invalid/\r\ncontent-length: 0", HTML),
  ),
  raw("another protocol", "not-mcp", (socket) =>
    says(socket, "101 Switching Protocols", "connection: upgrade\r\nupgrade: websocket", ""),
  ),
  raw(
    "plain HTTP on an https URL",
    "not-tls",
    (socket) => socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"),
    "https",
  ),
  raw("a TLS handshake that is cut", "tls-handshake", (socket) => void socket.once("data", () => cut(socket)), "https"),
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

/** A whole answer at once, and whatever comes behind it. */
function says(socket: Socket, status: string, headers: string, body: string): void {
  socket.once("data", () => socket.write(`HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${body}`));
}

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
  http("an initialize result of another shape", "not-mcp", answers({ ok: true }), CONNECT),
  http("an unknown protocol revision", "protocol-version", answers({ ...INITIALIZED, protocolVersion: "2031-01-01" }), [
    "initialize",
  ]),
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
  ...([404, 200] as const).map((status) =>
    http(
      `newer revisions alone, and ${status} to initialize`,
      "protocol-version",
      ({ response, message }) =>
        message.method === "server/discover"
          ? json(response, 200, result(message, { ...DISCOVERED, supportedVersions: ["2031-01-01"] }))
          : json(response, status, rpcError(message.id, -32601, "Method not found")),
      CONNECT,
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
  http("tools of another shape", "not-mcp", answers({ tools: "many" }), TOOLS),
  attack("a million values in the tools", "too-big", answersText(`{"tools":[],"x":[${"{},".repeat(1e6)}0]}`), TOOLS),
  attack(
    "a million levels in the tools",
    "too-big",
    answersText(`{"tools":[],"x":${"[".repeat(1e6)}${"]".repeat(1e6)}}`),
    TOOLS,
  ),
  attack(
    "pages of megabytes that never end",
    "too-big",
    ({ response, message }) => {
      const tools = Array.from({ length: 3000 }, (_, index) => ({
        ...TOOL,
        name: `t${index}`,
        description: "d".repeat(1200),
      }));
      json(response, 200, result(message, { tools, nextCursor: `m${page++}` }));
    },
    TOOLS,
  ),
  attack("tools that are nothing", "too-big", answersText(`{"tools":[${"{},".repeat(51_000)}{}]}`), TOOLS),
  attack(
    "many lists of nothing",
    "too-big",
    answersText(`{"tools":[${`[${"{},".repeat(9000)}{}],`.repeat(6)}{}]}`),
    TOOLS,
  ),
  attack(
    "a tool of 200,000 levels",
    "too-big",
    answersText(`{"tools":[{"name":"a","inputSchema":${'{"a":'.repeat(2e5)}1${"}".repeat(2e5)}}]}`),
    TOOLS,
  ),
  attack("tools that are nothing, not too many", "not-mcp", answers({ tools: Array(14_000).fill({}) }), TOOLS),
  attack(
    "cursors of 3 MB",
    "too-big",
    answers(() => ({ tools: [TOOL], nextCursor: `${page++}${"c".repeat(3e6)}` })),
    TOOLS,
  ),
  http("a silence at the tools", "timeout", () => undefined, TOOLS),
  attack(
    "1 GB of tools",
    "too-big",
    (kit) => flood(kit.response.writeHead(200, { "content-type": "application/json" }), MIB, 1024),
    TOOLS,
  ),
  http(
    "a cursor that never ends",
    "pagination",
    answers(() => ({ tools: [TOOL], nextCursor: `c${page++}` })),
    TOOLS,
  ),
  http(
    "a cursor that never ends, slowly",
    "pagination",
    (kit) =>
      setTimeout(() => json(kit.response, 200, result(kit.message, { tools: [TOOL], nextCursor: `d${page++}` })), 30),
    TOOLS,
  ),
  http("a cursor that repeats", "pagination", answers({ tools: [TOOL], nextCursor: "again" }), TOOLS),
];

/** Odd, but not wrong: the probe must succeed. */
const harmless: Fault[] = [
  http("server/discover gets 500", null, (kit) => text(kit, 500, ""), ["server/discover"]),
  http("server/discover gets 403", null, ({ response }) => json(response, 403, { message: "Forbidden" }), [
    "server/discover",
  ]),
  http("server/discover gets a web page", null, (kit) => text(kit, 200, HTML, html), ["server/discover"]),
  http("server/discover gets text", null, (kit) => text(kit, 200, "no", { "content-type": "text/plain" }), [
    "server/discover",
  ]),
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
    "streams that stay open, five pages",
    null,
    (kit) => {
      const { request, message } = kit;
      const at = Number(message.params?.cursor ?? "0");
      if (request.headers["x-cm-producttoken"] === undefined) behave(kit);
      else if (message.method === "initialize") sse(kit, result(message, INITIALIZED));
      else sse(kit, result(message, { tools: [TOOL], ...(at < 4 ? { nextCursor: String(at + 1) } : {}) }));
    },
    ["initialize", "tools/list"],
  ),
  http(
    "an acknowledgement with bytes behind it",
    null,
    ({ response }) => {
      response.writeHead(202, { "content-length": "0" }).end();
      response.socket?.write("Accepted");
    },
    ["notifications/initialized"],
  ),
  http(
    "300 tools of 30 properties, 1.5 MB",
    null,
    (kit) => {
      if (kit.request.headers["x-cm-producttoken"] === undefined) return behave(kit);
      const property = { type: "string", description: "What it is.", enum: ["a", "b", "c", "d"] };
      const properties = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`p${at}`, property]));
      const tools = Array.from({ length: 300 }, (_, at) => ({
        ...TOOL,
        name: `t${at}`,
        inputSchema: { type: "object", properties },
      }));
      return json(kit.response, 200, result(kit.message, { tools }));
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
