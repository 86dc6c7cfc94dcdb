/** Named faults of servers, each with the cause that a probe must name. TLS faults that need a trusted CA are in `tls-faults.ts`. */
import { createServer as createTcpServer, type Socket } from "node:net";
import type { Cause } from "../../src/core/diagnosis/diagnose.ts";
import { bodies, streams } from "./fault-bodies.ts";
import {
  type Answer,
  answers,
  answersText,
  attack,
  behave,
  CONNECT,
  cut,
  DISCOVERED,
  drip,
  type Fault,
  fails,
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
  replies,
  reset,
  result,
  rpcError,
  sse,
  TOOL,
  TOOLS,
} from "./fault-kit.ts";
import { redirects, statuses } from "./fault-statuses.ts";

const TYPE = "content-type: application/json";
/** Once something was asked. */
const asked =
  (act: (socket: Socket) => unknown) =>
  (socket: Socket): void =>
    void socket.once("data", () => act(socket));
const ends = (text: string | Buffer = "") => asked((socket) => socket.end(text));
/** A whole answer at once, and whatever comes behind it. */
const says = (status: string, headers: string, body = "") =>
  asked((socket) => socket.write(`HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${body}`));

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
  raw("a reset at once", "reset", asked(cut)),
  raw("a close at once", "closed-early", ends()),
  raw("a close in the headers", "closed-early", ends("HTTP/1.1 200 OK\r\ncontent-ty")),
  raw(
    "a reset in the headers",
    "reset",
    asked((socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-ty", () => setTimeout(() => cut(socket), READ_MS))),
  ),
  raw("headers that drip", "timeout", (socket) => {
    socket.write("HTTP/1.1 200 OK\r\n");
    let count = 0;
    const timer = setInterval(() => socket.write(`x-${count++}: y\r\n`), 30);
    socket.on("close", () => clearInterval(timer));
  }),
  raw("garbage", "bad-http", (socket) => socket.end("\u0000\u0001garbage\r\n\r\n")),
  raw("an SSH server", "bad-http", (socket) => socket.end("SSH-2.0-OpenSSH_9.6\r\n")),
  raw("a bad chunk", "bad-http", says("200 OK", `${TYPE}\r\ntransfer-encoding: chunked`, "zz\r\n{}\r\n")),
  raw(
    "a header bomb",
    "too-big",
    asked((socket) => {
      socket.write("HTTP/1.1 200 OK\r\n");
      flood(socket, Buffer.from(`x-bomb: ${"a".repeat(8000)}\r\n`), 20_000);
    }),
    "http",
    true,
  ),
  raw("status 999", "bad-http", says("999 No", "content-length: 0")),
  raw(
    "401 with more bytes than it says",
    "unauthorized",
    says("401 Unauthorized", `${TYPE}\r\ncontent-length: 2`, "{}and more"),
  ),
  raw(
    "401, packed, with a bad chunk",
    "unauthorized",
    says("401 Unauthorized", "content-encoding: gzip\r\ntransfer-encoding: chunked", "zz\r\n"),
  ),
  raw("403 of length 0 with a body", "forbidden", says("403 Forbidden", "content-length: 0", '{"message":"no"}')),
  raw(
    "a redirect of length 0 with a page",
    "redirect",
    says("302 Found", "location: https://login.invalid/\r\ncontent-length: 0", HTML),
  ),
  raw("another protocol", "not-mcp", says("101 Switching Protocols", "connection: upgrade\r\nupgrade: websocket")),
  raw(
    "plain HTTP on an https URL",
    "not-tls",
    (socket) => socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"),
    "https",
  ),
  raw("a TLS handshake that is cut", "tls-handshake", asked(cut), "https"),
  raw("a TLS handshake that is closed", "tls-handshake", ends(), "https"),
  raw("a TLS alert", "tls-handshake", ends(Buffer.from([0x15, 3, 3, 0, 2, 2, 40])), "https"),
  raw("a silent accept on an https URL", "timeout", () => undefined, "https"),
];

/** Opens a session. */
const opens: Answer = ({ response, message }) =>
  json(response, 200, result(message, INITIALIZED), { "mcp-session-id": "s1" });
/** One that the server does not know at the tools. */
const loses = (name: string, lost: Answer): Fault =>
  http(name, "session-lost", (kit) => (kit.message.method === "initialize" ? opens : lost)(kit), [
    "initialize",
    "tools/list",
  ]);

const atTools = (name: string, cause: Cause | null, answer: Answer): Fault => http(name, cause, answer, TOOLS);
const floods = (name: string, cause: Cause, answer: Answer): Fault => attack(name, cause, answer, TOOLS);
/** Odd, but right, to who has the token. */
const good = (name: string, answer: Answer, at: readonly string[] = TOOLS): Fault =>
  http(name, null, (kit) => (kit.token === "" ? behave : answer)(kit), at);

let page = 0;
/** Always announces another page. */
const pages = (cursor?: string, pad = "", tools: readonly unknown[] = [TOOL]): Answer =>
  answers(() => ({ tools, nextCursor: (cursor ?? `c${page++}`) + pad }));
/** One of so many pages. */
const pageOf = ({ message }: Kit, count: number) => {
  const at = Number(message.params?.cursor ?? "0") + 1;
  return { tools: [TOOL], ...(at < count ? { nextCursor: String(at) } : {}) };
};
const levels = (open: string, close: string, count: number): string =>
  `${open.repeat(count)}${open === "[" ? "" : 1}${close.repeat(count)}`;

const protocol: Fault[] = [
  http("a JSON-RPC error with our id", "rpc-error", fails(-32000, "No such profile")),
  http("a JSON-RPC error with id null", "rpc-error", fails(-32000, "No such profile", { id: null })),
  http("a JSON-RPC error about the token", "unauthorized", fails(-32001, "Unauthorized: token is not of type MCP")),
  http("a JSON-RPC error with 400", "rpc-error", fails(-32000, "No such profile", { id: null, status: 400 })),
  http("JSON-RPC, but no MCP", "not-mcp", fails(-32601, "Method not found")),
  http("JSON-RPC by 404, but no MCP", "not-mcp", fails(-32601, "Method not found", { status: 404 })),
  http("an initialize result of another shape", "not-mcp", answers({ ok: true }), CONNECT),
  http("an unknown protocol revision", "protocol-version", answers({ ...INITIALIZED, protocolVersion: "2031-01-01" }), [
    "initialize",
  ]),
  http(
    "only unknown revisions",
    "protocol-version",
    fails(-32022, "Unsupported protocol version", {
      status: 400,
      data: { supported: ["2031-01-01"], requested: "2026-07-28" },
    }),
  ),
  ...([404, 200] as const).map((status) =>
    http(
      `newer revisions alone, and ${status} to initialize`,
      "protocol-version",
      (kit) =>
        kit.message.method === "server/discover"
          ? answers({ ...DISCOVERED, supportedVersions: ["2031-01-01"] })(kit)
          : fails(-32601, "Method not found", { status })(kit),
      CONNECT,
    ),
  ),
  loses("a session lost by 404", fails(-32001, "Session not found", { id: null, status: 404 })),
  loses("a session lost by 404 without words", replies(404)),
  loses("a session lost by 400", fails(-32000, "Bad Request: No valid session ID provided", { id: null, status: 400 })),
  loses("a session lost by 200", fails(-32600, "Invalid session ID: abc123")),
  loses("a session lost by 401", replies(401, "Unauthorized: Session not found")),
  loses("a session lost by an error in an event stream", (kit) =>
    sse(kit, rpcError(kit.message.id, -32600, "Bad Request: Server not initialized")).end(),
  ),
  atTools(
    "a session whose ID does not arrive",
    "session-lost",
    fails(-32000, "Bad Request: Mcp-Session-Id header is required", { id: null, status: 400 }),
  ),
  http("401 at initialized", "unauthorized", replies(401), ["notifications/initialized"]),
  atTools("401 at the tools", "unauthorized", replies(401, { error: "unauthorized" })),
  atTools("403 at the tools", "forbidden", replies(403, { error: "no" })),
  atTools("500 at the tools", "server-error", replies(500)),
  atTools("an error at the tools", "rpc-error", fails(-32603, "profile has no agents")),
  atTools("tools of another shape", "not-mcp", answers({ tools: "many" })),
  atTools("a silence at the tools", "timeout", () => undefined),
  atTools("a cursor that never ends", "pagination", pages()),
  atTools("a cursor that repeats", "pagination", pages("again")),
  atTools("a cursor that never ends, slowly", "pagination", (kit) => setTimeout(() => pages()(kit), 30)),
  floods("cursors of 3 MB", "too-big", pages(undefined, "c".repeat(3e6))),
  floods("pages of megabytes that never end", "too-big", (kit) => {
    const many = Array.from({ length: 3000 }, (_, at) => ({ ...TOOL, name: `t${at}`, description: "d".repeat(1200) }));
    pages(undefined, "", many)(kit);
  }),
  floods("a million values in the tools", "too-big", answersText(`{"tools":[],"x":[${"{},".repeat(1e6)}0]}`)),
  floods("a million levels in the tools", "too-big", answersText(`{"tools":[],"x":${levels("[", "]", 1e6)}}`)),
  floods("tools that are nothing", "too-big", answersText(`{"tools":[${"{},".repeat(51_000)}{}]}`)),
  floods("tools that are nothing, not too many", "not-mcp", answers({ tools: Array(14_000).fill({}) })),
  floods("many lists of nothing", "too-big", answersText(`{"tools":[${`[${"{},".repeat(9000)}{}],`.repeat(6)}{}]}`)),
  floods(
    "a tool of 200,000 levels",
    "too-big",
    answersText(`{"tools":[{"name":"a","inputSchema":${levels('{"a":', "}", 2e5)}}]}`),
  ),
  floods("1 GB of tools", "too-big", (kit) =>
    flood(kit.response.writeHead(200, { "content-type": "application/json" }), MIB, 1024),
  ),
];

/** Odd, but not wrong: the probe must succeed. */
const harmless: Fault[] = [
  ...Object.entries<Answer>({
    "500": replies(500),
    "403": replies(403, { message: "Forbidden" }),
    "a web page": replies(200, HTML, html),
    text: replies(200, "no", { "content-type": "text/plain" }),
    "a reset": reset,
    silence: () => undefined,
    "200 and nonsense": replies(200, { ok: false }),
    "an error with id null": fails(-32600, "Bad Request", { id: null }),
    "404 with a drip": (kit) => drip(kit.response.writeHead(404), "x", 20),
  }).map(([gets, answer]) => http(`server/discover gets ${gets}`, null, answer, ["server/discover"])),
  http(
    "DELETE hangs",
    null,
    (kit) => {
      if (kit.message.method === "initialize" && kit.token !== "") opens(kit);
      else if (kit.request.method !== "DELETE") behave(kit);
    },
    ["initialize", "DELETE"],
  ),
  good("three pages of tools", (kit) => answers(pageOf(kit, 3))(kit)),
  good(
    "streams that stay open, five pages",
    (kit) => void sse(kit, result(kit.message, kit.message.method === "initialize" ? INITIALIZED : pageOf(kit, 5))),
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
  good("300 tools of 30 properties, 1.5 MB", (kit) => {
    const property = { type: "string", description: "What it is.", enum: ["a", "b", "c", "d"] };
    const properties = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`p${at}`, property]));
    const inputSchema = { type: "object", properties };
    answers({ tools: Array.from({ length: 300 }, (_, at) => ({ ...TOOL, name: `t${at}`, inputSchema })) })(kit);
  }),
  good("hostile tools", (kit) => {
    const { token } = kit;
    const name = `\u001b[31m${"n".repeat(1000)}`;
    const description = `\u202e${token} ${token.slice(0, 8)}\u200b${token.slice(8)} ${"d".repeat(500)}`;
    answers({ tools: Array(1500).fill({ ...TOOL, name, description }) })(kit);
  }),
];

/** All faults that need no trusted certificate. */
export const FAULTS: readonly Fault[] = [statuses, redirects, bodies, streams, connections, protocol, harmless].flat();
