/**
 * The stand-in HALO server: a real MCP server made of the SDKs, which demands the three headers. For tests and `npm run demo`.
 * Plain JavaScript, since Node 20 runs no TypeScript.
 *
 * As a program: `node test/servers/stand-in.mjs`, its settings as one JSON line on stdin (never a secret in argv), prints one JSON line
 * `{"url", "pid"}` and ends when stdin closes.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { json } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { Server as OldServer } from "@modelcontextprotocol/sdk/server/index.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { createMcpHandler, Server as NewServer } from "@modelcontextprotocol/server";

/** @typedef {import("./stand-in.mjs").StandInSettings} StandInSettings */

const INFO = { name: "halo-stand-in", version: "1.0.0" };
const CAPABILITIES = { capabilities: { tools: {} } };

/** @param {string} name @param {string} description @param {string} argument @param {string} meaning */
const tool = (name, description, argument, meaning) => ({
  name,
  description,
  inputSchema: {
    type: /** @type {const} */ ("object"),
    properties: { [argument]: { type: "string", description: meaning } },
  },
});

const TOOLS = [
  tool("list_agents", "List the agents of this HALO profile.", "filter", "Part of an agent's name"),
  tool("ask_agent", "Ask an agent a question and get its answer.", "question", "What to ask"),
  tool("search_knowledge", "Search the knowledge of this HALO profile.", "query", "Words to look for"),
  tool("get_conversation", "Get a conversation with its messages.", "conversationId", "Id of the conversation"),
];

/** @param {StandInSettings} settings */
const toolsOf = ({ tools = {} }) => ({ tools: TOOLS.map((each) => ({ ...each, ...tools[each.name] })) });

/** @param {StandInSettings} settings */
const callTool =
  (settings) => (/** @type {{ params: { name: string, arguments?: Record<string, unknown> } }} */ request) => ({
    content: [
      {
        type: /** @type {const} */ ("text"),
        text:
          settings.answer ??
          `${request.params.name}: this is the stand-in, not HALO. ${JSON.stringify(request.params.arguments ?? {})}`,
      },
    ],
  });

/** @param {StandInSettings} settings */
function oldServer(settings) {
  const server = new OldServer(INFO, CAPABILITIES);
  server.setRequestHandler(ListToolsRequestSchema, () => toolsOf(settings));
  server.setRequestHandler(CallToolRequestSchema, callTool(settings));
  return server;
}

/** @param {StandInSettings} settings */
function newServer(settings) {
  const server = new NewServer(INFO, CAPABILITIES);
  server.setRequestHandler("tools/list", () => toolsOf(settings));
  server.setRequestHandler("tools/call", callTool(settings));
  return server;
}

/** @param {import("node:http").IncomingMessage} request */
const readBody = (request) => json(request).catch(() => undefined);

/** @param {import("node:http").ServerResponse} response @param {number} status @param {unknown} body */
function sendJson(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/**
 * Who may not pass, and why: 401 for the token, 403 for account or profile.
 * @param {import("node:http").IncomingMessage} request @param {StandInSettings} settings
 */
function refusal(request, settings) {
  const { headers } = request;
  if (headers["x-cm-producttoken"] === undefined)
    return { status: 401, error: "unauthorized", message: "Missing product token" };
  if (![settings.token, ...(settings.more ?? [])].includes(String(headers["x-cm-producttoken"])))
    return { status: 401, error: "unauthorized", message: "Invalid product token" };
  if (headers["cm-account-id"] !== settings.accountId)
    return { status: 403, error: "forbidden", message: "Access to this account is denied" };
  if (headers["cm-profile-id"] !== settings.profileId)
    return { status: 403, error: "forbidden", message: "Access to this profile is denied" };
  return {};
}

/**
 * @param {StandInSettings} settings
 * @returns {(request: import("node:http").IncomingMessage, response: import("node:http").ServerResponse, body: unknown) => Promise<void>}
 */
function oldHandler(settings) {
  const json = settings.answers === "json";
  /** @type {Map<string, StreamableHTTPServerTransport>} */
  const sessions = new Map();
  return async (request, response, body) => {
    if (settings.era === "2025-stateless") {
      const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: json });
      response.on("close", () => void transport.close());
      await oldServer(settings).connect(transport);
      return transport.handleRequest(request, response, body);
    }
    const id = request.headers["mcp-session-id"];
    const known = typeof id === "string" ? sessions.get(id) : undefined;
    if (known !== undefined) return known.handleRequest(request, response, body);
    if (id !== undefined)
      return sendJson(response, 404, {
        jsonrpc: "2.0",
        error: { code: -32001, message: "Session not found" },
        id: null,
      });
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      enableJsonResponse: json,
      onsessioninitialized: (session) => void sessions.set(session, transport),
      onsessionclosed: (session) => void sessions.delete(session),
    });
    await oldServer(settings).connect(transport);
    return transport.handleRequest(request, response, body);
  };
}

/** @param {StandInSettings} settings */
function newHandler(settings) {
  return toNodeHandler(
    createMcpHandler(() => newServer(settings), {
      legacy: settings.era === "both" ? "stateless" : "reject",
      responseMode: settings.answers === "json" ? "auto" : "sse",
    }),
  );
}

/** Starts the stand-in on 127.0.0.1. @param {StandInSettings} settings */
export async function startStandIn(settings) {
  const requests = [];
  const serve = settings.era === "2026" || settings.era === "both" ? newHandler(settings) : oldHandler(settings);
  const server = createServer(async (request, response) => {
    const body = await readBody(request);
    const rpc = typeof body?.method === "string" ? body.method : null;
    const seen = { method: request.method ?? "", path: request.url ?? "", headers: { ...request.headers }, rpc };
    requests.push(seen);
    const isOpen = settings.auth === "none" || (settings.auth === "tools-list" && !rpc?.startsWith("tools/"));
    const { status, ...refused } = isOpen ? {} : refusal(request, settings);
    if (status !== undefined) return sendJson(response, status, refused);
    if (!request.url?.startsWith("/halo/core/mcp")) return sendJson(response, 404, { error: "not_found" });
    try {
      await serve(request, response, body);
    } catch {
      if (!response.headersSent) sendJson(response, 500, { error: "internal" });
    }
  });
  await once(server.listen(settings.port ?? 0, "127.0.0.1"), "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/halo/core/mcp`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function main() {
  const lines = createInterface({ input: process.stdin });
  let standIn;
  lines.on("close", () => void (standIn === undefined ? process.exit(0) : standIn.close().then(() => process.exit(0))));
  lines.once("line", async (line) => {
    try {
      standIn = await startStandIn(JSON.parse(line));
      process.stdout.write(`${JSON.stringify({ url: standIn.url, pid: process.pid })}\n`);
    } catch (error) {
      process.stderr.write(
        `stand-in: cannot start (${error instanceof SyntaxError ? "settings are no JSON" : error instanceof Error ? error.message : "?"})\n`,
      );
      process.exit(3);
    }
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
