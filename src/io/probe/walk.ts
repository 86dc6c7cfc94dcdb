/** One session with the MCP SDK: handshake or discovery, list of tools, one tool call if wanted, end of the session. */
import type { Client, jsonSchemaValidator, Tool } from "@modelcontextprotocol/client";
import type { Failure, ProbeOutcome, ToolAnswer } from "../../core/diagnosis/record.ts";
import type { Recorder } from "./recording-fetch.ts";

export interface ToolCall {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Nothing is called if the tool may do more than read. */
  readonly onlyReads?: boolean;
}

/** What is tested. */
export interface Subject {
  /** A URL that `mayReceive` of `core/connection.ts` allowed. */
  readonly url: string;
  readonly version: string;
  readonly timeoutMs: number;
  /** One tool to call after everything else succeeded. Without it no tool is called. */
  readonly call?: ToolCall | undefined;
}

interface Walk {
  readonly headers: Readonly<Record<string, string>>;
  readonly mode: "auto" | "legacy" | { readonly pin: string };
  readonly isControl?: boolean;
  /** As of performance.now(). Closing the session may take a little longer. */
  readonly deadline: number;
  /** Limit of the first request, so that time is left for another protocol version. */
  readonly firstMs?: number;
}

/** The share of the time for closing a session. */
const CLOSING = 0.03;

export const NOTHING: ProbeOutcome = {
  connected: false,
  listed: false,
  server: null,
  protocol: null,
  tools: [],
  toolCount: 0,
  harmless: null,
  endless: false,
  call: null,
  failure: null,
};

/** The server's answers are only shown: no schema that it sends is compiled. */
const TRUSTING: jsonSchemaValidator = {
  getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
};
const MOST_PAGES = 100;
/** If time runs out after this many pages, the list is endless, not the server slow. */
const MANY_PAGES = 10;
const MOST_TOOLS = 1000;

/** What was listed so far: a failure on page 3 keeps pages 1 and 2. */
type Listing = { readonly tools: Tool[]; count: number };

/** By what the server itself says of it. */
const isHarmless = ({ annotations, inputSchema }: Tool): boolean =>
  annotations?.readOnlyHint === true &&
  annotations.destructiveHint !== true &&
  (inputSchema.required ?? []).length === 0;

/** Reads all pages of the tools, up to the limits. Out: whether the list ended. */
async function listTools(client: Client, timeout: number, into: Listing): Promise<boolean> {
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    // Not client.listTools(): it treats a repeated page as the end, writes to the console and loses all pages if one fails.
    const result = await client.request({ method: "tools/list", params: cursor ? { cursor } : {} }, { timeout });
    into.count += result.tools.length;
    into.tools.push(...result.tools.slice(0, MOST_TOOLS - into.tools.length));
    cursor = result.nextCursor;
    if (cursor === undefined || cursor === "") return true;
  }
  return false;
}

/** A content block as text; for images, sounds and the like only the kind. */
function blockText(block: unknown): string {
  const text: unknown = Reflect.get(Object(block), "text");
  return typeof text === "string" ? text : `[${String(Reflect.get(Object(block), "type") ?? "something")}]`;
}

function failureOf(error: unknown): Failure {
  const { name, code, message } = Object(error) as Partial<Record<keyof Failure, unknown>>;
  return { name: String(name), code: code === undefined ? null : String(code), message: String(message) };
}

/** Calls one tool, once. A name that the server does not list is not sent. Never throws. */
async function callTool(client: Client, call: ToolCall, { tools }: Listing, timeout: number): Promise<ToolAnswer> {
  const called = tools.find(({ name }) => name === call.tool);
  if (called === undefined) {
    const names = tools.slice(0, 10).map(({ name }) => name);
    const some = names.length === 0 ? "" : `; it lists ${names.join(", ")}`;
    return { ok: false, text: `the server lists no such tool${some}` };
  }
  if (call.onlyReads === true && !isHarmless(called))
    return { ok: false, text: "the server no longer says that this tool only reads: it was not called" };
  try {
    // A server of 2026-07-28 may also require arguments as headers, by its input schema. The SDK knows only the tools of a list that
    // it read itself. Without the output schema, because the answer is only shown.
    const { outputSchema: _, ...toolDefinition } = called;
    const answer = await client.callTool({ name: call.tool, arguments: { ...call.args } }, { timeout, toolDefinition });
    const blocks = Array.isArray(answer.content) ? answer.content : [];
    const text =
      blocks.length > 0 ? blocks.map(blockText).join("\n") : JSON.stringify(answer.structuredContent ?? null);
    return { ok: answer.isError !== true, text };
  } catch (error) {
    return { ok: false, text: "", failure: failureOf(error) };
  }
}

/** Handshake or discovery, tools, end of the session: once, in one mode. Never throws. */
export async function walk(subject: Subject, recorder: Recorder, way: Walk): Promise<ProbeOutcome> {
  const { version, timeoutMs, call } = subject;
  const { isControl = false, deadline, mode } = way;
  // Each of the SDK's schemas is used once or twice here: compiling them costs more than it saves (zod 4, `config({ jitless })`).
  Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });
  // only what is named here is bundled
  const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
  const timeout = Math.max(1, deadline - performance.now()) + 500;
  const headers = new Headers(way.headers);
  headers.set("user-agent", `create-halo-mcp/${version}`);
  const none = { maxRetries: 0, initialReconnectionDelay: 1, maxReconnectionDelay: 1, reconnectionDelayGrowFactor: 1 };
  const options = { fetch: recorder.fetch, requestInit: { headers }, reconnectionOptions: none };
  // Never an authProvider: on a 401 the SDK would send our headers to any origin that the server names.
  const transport = new StreamableHTTPClientTransport(new URL(subject.url), options);
  const client = new Client(
    { name: "create-halo-mcp", version },
    {
      versionNegotiation: { mode },
      capabilities: {},
      jsonSchemaValidator: TRUSTING,
      // the SDK would call a tool that asks for input again, up to ten times
      inputRequired: { autoFulfill: false },
    },
  );
  client.onerror = () => undefined;
  const listing: Listing = { tools: [], count: 0 };
  let outcome = NOTHING;
  try {
    recorder.enter(isControl ? "control" : "connect", deadline, way.firstMs);
    await client.connect(transport, { timeout });
    const { name, version: its = "" } = client.getServerVersion() ?? {};
    const server = name === undefined ? null : { name, version: its };
    outcome = { ...outcome, connected: true, server, protocol: client.getNegotiatedProtocolVersion() ?? "" };
    recorder.enter(isControl ? "control" : "tools", deadline);
    const offered = client.getServerCapabilities()?.tools !== undefined;
    const listed = !offered || (await listTools(client, timeout, listing));
    outcome = { ...outcome, listed, endless: !listed };
    if (call !== undefined && !isControl && listed) {
      recorder.enter("call", deadline);
      outcome = { ...outcome, call: await callTool(client, call, listing, timeout) };
    }
  } catch (error) {
    const pages = recorder.exchanges.filter(({ phase }) => phase === "tools").length;
    const endless = pages > MANY_PAGES && recorder.exchanges.at(-1)?.end === "timeout";
    outcome = { ...outcome, failure: failureOf(error), endless };
  }
  recorder.enter("close", deadline + timeoutMs * CLOSING);
  await transport.terminateSession().catch(() => undefined);
  await client.close().catch(() => undefined);
  return {
    ...outcome,
    tools: listing.tools.map(({ name, description = "" }) => ({ name, description })),
    toolCount: listing.count,
    harmless: listing.tools.find(isHarmless)?.name ?? null,
  };
}
