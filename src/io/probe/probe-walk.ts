/** One walk along the road with the MCP SDK: handshake or discovery, tools, end of the session. */
import type { Client, jsonSchemaValidator, Tool } from "@modelcontextprotocol/client";
import type { ProbeOutcome, ProbePhase, ProbeTool, ToolAnswer } from "../../core/diagnosis/record.ts";
import type { Guard } from "./guarded-fetch.ts";

export type Sdk = Pick<typeof import("@modelcontextprotocol/client"), "Client" | "StreamableHTTPClientTransport">;
export type Scrub = (text: string, max: number) => string;
type Mode = "auto" | "legacy" | { readonly pin: string };

export interface Walk {
  readonly sdk: Sdk;
  readonly guard: Guard;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly version: string;
  readonly scrub: Scrub;
  readonly mode: Mode;
  readonly phases: readonly [connect: ProbePhase, tools: ProbePhase, close: ProbePhase];
  /** As of performance.now(): for the road, and for closing the session after it. */
  readonly deadline: number;
  readonly closeDeadline: number;
  /** What the first request may take, so that time is left for another era. */
  readonly firstMs: number;
  /** Is called while the session stands, once the tools are listed, with its headers. */
  readonly listen?: ((headers: Readonly<Record<string, string>>) => Promise<void>) | undefined;
  /** A tool to call once its name is listed. */
  readonly call?: ToolCall | undefined;
}

export interface ToolCall {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** What a server answers is shown, not used: nothing that it sends as a schema is compiled. */
const TRUSTING: jsonSchemaValidator = {
  getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
};
const MOST_PAGES = 100;
/** So many pages, and time that runs out while a cursor still promises more: that is no server that is slow to answer. */
const MANY_PAGES = 10;
const MOST_TOOLS = 1000;
export const NOTHING: ProbeOutcome = {
  connected: false,
  listed: false,
  server: null,
  protocol: null,
  tools: [],
  toolCount: 0,
  endless: false,
  call: null,
  failure: null,
};

interface Listing {
  readonly tools: ProbeTool[];
  count: number;
  /** Pages that were read and promised another. */
  pages: number;
  /** The tool that is to be called, as the server describes it. */
  called: Tool | undefined;
}

/** All pages of the tools, up to the bounds. `into` is filled as they come, so that a failure on page 3 keeps pages 1 and 2. */
async function listTools(
  client: Client,
  scrub: Scrub,
  timeout: number,
  wanted: string | undefined,
  into: Listing,
): Promise<"listed" | "endless"> {
  const cursors = new Set<string>();
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    // Not client.listTools(): it walks the pages by itself, takes one that repeats for the end, writes to the console and keeps no page of a walk that fails.
    const result = await client.request(
      { method: "tools/list", params: cursor === undefined ? {} : { cursor } },
      { timeout },
    );
    into.count += result.tools.length;
    into.called ??= result.tools.find(({ name }) => name === wanted);
    for (const tool of result.tools.slice(0, MOST_TOOLS - into.tools.length)) {
      into.tools.push({ name: scrub(tool.name, 200), description: scrub(tool.description ?? "", 1000) });
    }
    cursor = result.nextCursor;
    if (cursor === undefined || cursor === "") return "listed";
    if (cursors.has(cursor)) return "endless";
    cursors.add(cursor);
    into.pages++;
  }
  return "endless";
}

const LONGEST_ANSWER = 20_000;

/** What a content block holds, as text: images, sounds and the like by their kind alone. */
function blockText(block: unknown): string {
  const field = (name: string): unknown =>
    typeof block === "object" && block !== null ? Reflect.get(block, name) : undefined;
  const text = field("text");
  return typeof text === "string" ? text : `[${String(field("type") ?? "something")}]`;
}

/** Of a message with zod's list of what is wrong: where the first thing is, such as `content.0.type`. */
function placeIn(message: string): string {
  try {
    const issues: unknown = JSON.parse(message.slice(message.indexOf("[")));
    const path: unknown = Array.isArray(issues) ? Reflect.get(Object(issues[0]), "path") : undefined;
    return Array.isArray(path) ? path.join(".") : "";
  } catch {
    return "";
  }
}

/** Why a result could not be read, in our own words: the SDK's are lines of JSON. Undefined: the failure is of another kind. */
function misreadOf(error: unknown, scrub: Scrub): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code: unknown = Reflect.get(error, "code");
  if (code === "UNSUPPORTED_RESULT_TYPE") {
    const type: unknown = Reflect.get(Object(Reflect.get(error, "data")), "resultType");
    if (type === "input_required") return "the tool asks for more input, which a test does not give";
    return `the tool gave a result of the type "${scrub(String(type), 60)}", which this test does not know`;
  }
  if (code !== "INVALID_RESULT" && error.name !== "ZodError") return undefined;
  const place = scrub(placeIn(error.message), 200);
  return `the tool's answer is not as MCP wants it${place === "" ? "" : `, first at ${place}`}`;
}

/** Calls one tool, once. A name that the server does not list is not sent. Never throws. */
async function callTool(
  client: Client,
  call: ToolCall,
  { tools, called }: Listing,
  scrub: Scrub,
  timeout: number,
): Promise<ToolAnswer> {
  if (called === undefined) {
    const names = tools.slice(0, 10).map(({ name }) => name);
    return {
      ok: false,
      text: `the server lists no such tool${names.length === 0 ? "" : `; it lists ${names.join(", ")}`}`,
    };
  }
  try {
    // A server of 2026-07-28 may want arguments as headers too, by its input schema. The SDK knows the tools only of a list that
    // it walked itself. Without the output schema, since the answer is shown and nothing else.
    const { outputSchema: _, ...toolDefinition } = called;
    const answer = await client.callTool({ name: call.tool, arguments: { ...call.args } }, { timeout, toolDefinition });
    const blocks = Array.isArray(answer.content) ? answer.content : [];
    const text =
      blocks.length > 0 ? blocks.map(blockText).join("\n") : JSON.stringify(answer.structuredContent ?? null);
    return { ok: answer.isError !== true, text: scrub(text, LONGEST_ANSWER) };
  } catch (error) {
    return { ok: false, text: misreadOf(error, scrub) ?? failureOf(error, scrub)?.message ?? "" };
  }
}

function failureOf(error: unknown, scrub: Scrub): ProbeOutcome["failure"] {
  if (!(error instanceof Error)) return { name: "unknown", code: null, message: "" };
  const code: unknown = Reflect.get(error, "code");
  return {
    name: scrub(error.name, 100),
    code: typeof code === "string" || typeof code === "number" ? scrub(String(code), 100) : null,
    message: scrub(error.message, 1000),
  };
}

/** Handshake or discovery, tools, end of the session: once, in one mode. Never throws. */
export async function walk(road: Walk): Promise<ProbeOutcome> {
  const { sdk, guard, scrub } = road;
  const timeout = Math.max(1, road.deadline - performance.now()) + 500;
  // under its name in another spelling both would be sent
  const others = Object.entries(road.headers).filter(([name]) => name.toLowerCase() !== "user-agent");
  const headers = { ...Object.fromEntries(others), "user-agent": `create-halo-mcp/${road.version}` };
  const transport = new sdk.StreamableHTTPClientTransport(road.url, {
    fetch: guard.fetch,
    // Never an authProvider: on a 401 the SDK would carry our headers to whatever origin the server names.
    requestInit: { headers },
    reconnectionOptions: {
      maxRetries: 0,
      initialReconnectionDelay: 1,
      maxReconnectionDelay: 1,
      reconnectionDelayGrowFactor: 1,
    },
  });
  const client = new sdk.Client(
    { name: "create-halo-mcp", version: road.version },
    {
      versionNegotiation: { mode: road.mode },
      capabilities: {},
      jsonSchemaValidator: TRUSTING,
      // a tool that asks back would be called again, up to ten times
      inputRequired: { autoFulfill: false },
    },
  );
  client.onerror = () => undefined;
  const listing: Listing = { tools: [], count: 0, pages: 0, called: undefined };
  let outcome = NOTHING;
  try {
    guard.enter(road.phases[0], road.deadline, road.firstMs);
    await client.connect(transport, { timeout });
    const server = client.getServerVersion();
    outcome = {
      ...outcome,
      connected: true,
      server: server === undefined ? null : { name: scrub(server.name, 200), version: scrub(server.version, 200) },
      protocol: scrub(client.getNegotiatedProtocolVersion() ?? "", 50),
    };
    guard.enter(road.phases[1], road.deadline);
    const offered = client.getServerCapabilities()?.tools !== undefined;
    const end = offered ? await listTools(client, scrub, timeout, road.call?.tool, listing) : "listed";
    outcome = { ...outcome, listed: end === "listed", endless: end === "endless" };
    if (road.call !== undefined && outcome.listed) {
      guard.enter("call", road.deadline);
      outcome = { ...outcome, call: await callTool(client, road.call, listing, scrub, timeout) };
    }
  } catch (error) {
    const late = guard.exchanges.at(-1)?.end === "timeout" && listing.pages >= MANY_PAGES;
    outcome = { ...outcome, failure: failureOf(error, scrub), endless: late && !outcome.listed };
  }
  if (outcome.listed) {
    const { sessionId, protocolVersion } = transport;
    await road.listen?.({
      ...headers,
      ...(sessionId === undefined ? {} : { "mcp-session-id": sessionId }),
      ...(protocolVersion === undefined ? {} : { "mcp-protocol-version": protocolVersion }),
    });
  }
  guard.enter(road.phases[2], road.closeDeadline);
  await transport.terminateSession().catch(() => undefined);
  await client.close().catch(() => undefined);
  return { ...outcome, tools: listing.tools, toolCount: listing.count };
}
