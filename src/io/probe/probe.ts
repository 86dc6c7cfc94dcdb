/** The connection test: connects to the endpoint as a client would, then again without the token, and records what it saw. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client, jsonSchemaValidator, Tool } from "@modelcontextprotocol/client";
import type {
  BadInput,
  Exchange,
  Failure,
  ProbeOutcome,
  ProbeRecord,
  ProbeStage,
  ToolAnswer,
} from "../../core/diagnosis/record.ts";
import type { Network } from "../../core/proxy.ts";
import { Cancelled } from "../../errors.ts";
import { codesOf, type Recorder, recordingFetch, UNANSWERED } from "./recording-fetch.ts";
import { openWay, type Way } from "./way.ts";

interface ToolCall {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Nothing is called if the tool may do more than read. */
  readonly onlyReads?: boolean;
}

export interface ProbeRequest {
  /** A URL that `mayReceive` of `core/connection.ts` allowed. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Name of the token's header, which the control omits. */
  readonly tokenHeader: string;
  readonly timeoutMs: number;
  readonly version: string;
  readonly signal: AbortSignal;
  /** What the environment says about the connection to a URL: `networkOf` of `core/proxy.ts`, bound to the environment. */
  readonly network: (url: URL) => Network;
  /** One tool to call after everything else succeeded. Without it no tool is called. */
  readonly call?: ToolCall | undefined;
  readonly onStage?: ((stage: ProbeStage) => void) | undefined;
}

/** What is wrong with a header, or null: fetch would throw an error that contains the value, or send an é as Latin-1. */
function checkHeaders(headers: ProbeRequest["headers"], tokenHeader: string): BadInput | null {
  const isToken = (name: string): boolean => name.toLowerCase() === tokenHeader.toLowerCase();
  if (!Object.keys(headers).some(isToken)) return { cause: "missing-value", name: tokenHeader };
  for (const [name, value] of Object.entries(headers)) {
    // The name may be a misplaced value, so it is not repeated.
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u.test(name))
      return { cause: "bad-value", name: "a header's name", position: 1, codePoint: name.codePointAt(0) ?? 0 };
    if (value === "") return { cause: "missing-value", name };
    const index = value.search(isToken(name) ? /[^\x21-\x7e]/u : /[^\x20-\x7e]|^ | $/u);
    if (index < 0) continue;
    const position = Array.from(value.slice(0, index)).length + 1;
    return { cause: "bad-value", name, position, codePoint: value.codePointAt(index) ?? 0 };
  }
  return null;
}

/** The headers without the token, under its own name in any case and under any other name. */
function withoutToken(headers: ProbeRequest["headers"], tokenHeader: string): Record<string, string> {
  const fold = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/gu, "");
  const all = Object.entries(headers);
  const token = all.find(([name]) => name.toLowerCase() === tokenHeader.toLowerCase())?.[1] ?? "";
  return Object.fromEntries(all.filter(([name, value]) => fold(name) !== fold(tokenHeader) && !value.includes(token)));
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

export const NOTHING: ProbeOutcome = { connected: false, listed: false, tools: [], toolCount: 0, endless: false };

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
  const { name, code = name, message } = Object(error) as Readonly<Record<string, unknown>>;
  return { code: String(code), message: String(message) };
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
async function walk(request: ProbeRequest, recorder: Recorder, way: Walk): Promise<ProbeOutcome> {
  const { url, version, timeoutMs, call } = request;
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
  const transport = new StreamableHTTPClientTransport(new URL(url), options);
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
    const server = name === undefined ? undefined : { name, version: its };
    outcome = { ...outcome, connected: true, server, protocol: client.getNegotiatedProtocolVersion() };
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
    harmless: listing.tools.find(isHarmless)?.name,
  };
}

/** The SDK takes any failure of `server/discover` as final, but a server of 2025, or one behind a gateway, may still support `initialize`. */
function worthTheOldWay(last: Exchange | undefined): boolean {
  if (last?.method !== "server/discover" || !last.connected || last.status === 401) return false;
  return last.end !== "redirect" && last.end !== "too-big" && last.end !== "aborted";
}

/** The share of the time that the first request may take, its connection included. */
const FIRST = 0.4;

/** The results so far: the limit of the whole run can end it at any point. */
type Found = { -readonly [Key in "reach" | "outcome" | "control"]: ProbeRecord[Key] };

/** First with all headers (if needed again with `initialize`), then without the token. The first part gets four fifths of the time. */
async function ask(request: ProbeRequest, recorder: Recorder, start: number, found: Found): Promise<void> {
  const { headers, tokenHeader, timeoutMs, onStage } = request;
  const main = { headers, deadline: start + timeoutMs * 0.8 };
  found.outcome = await walk(request, recorder, { ...main, mode: "auto", firstMs: timeoutMs * FIRST });
  if (!found.outcome.connected && worthTheOldWay(recorder.exchanges.at(-1)))
    found.outcome = await walk(request, recorder, { ...main, mode: "legacy" });
  const { listed, protocol } = found.outcome;
  if (!listed) return;
  onStage?.("auth");
  // The same protocol version, up to the request that listed the tools: some servers ask for the token only there.
  const isModern = recorder.exchanges.every((exchange) => exchange.method !== "initialize");
  const control = await walk(request, recorder, {
    headers: withoutToken(headers, tokenHeader),
    isControl: true,
    mode: isModern && protocol ? { pin: protocol } : "legacy",
    deadline: start + timeoutMs * 0.96,
  });
  found.control = { listed: control.listed, toolCount: control.toolCount };
}

/** Opens a connection and sends nothing over it: the network can be tested without a value. */
async function reach(way: Way, limitMs: number, found: Found): Promise<void> {
  const start = performance.now();
  const opened = way.connect().then(
    (): Partial<Exchange> => ({ connected: true, end: "accepted" }),
    (error): Partial<Exchange> => ({ codes: codesOf(error) }),
  );
  const late: Partial<Exchange> = { end: "timeout" };
  const seen = await Promise.race([opened, sleep(limitMs, late, { ref: false })]);
  const ms = performance.now() - start;
  found.reach = { ...UNANSWERED, phase: "connect", method: "CONNECT", end: "broken", ...seen, ms };
}

/**
 * Tests a connection. Sends the headers only to `request.url`, follows no redirect, starts no OAuth, and ends within `timeoutMs`. The record contains
 * the servers' words unmasked: `cleaned` masks secrets. Throws only Cancelled, as soon as the signal is aborted; by then every connection is closed.
 */
export async function probe(request: ProbeRequest): Promise<ProbeRecord> {
  if (request.signal.aborted) throw new Cancelled();
  const { timeoutMs, onStage } = request;
  const start = performance.now();
  const url = new URL(request.url);
  const secure = url.protocol === "https:";
  const network = request.network(url);
  const { broken, ignored = null } = network;
  const brokenProxy = broken === undefined ? null : ({ cause: "proxy-failed", name: broken } as const);
  const input = checkHeaders(request.headers, request.tokenHeader) ?? brokenProxy;
  const after = { dns: "tcp", tcp: secure ? "tls" : "http", tls: "http" } as const;
  const way = openWay(url, network, (stage) => onStage?.(after[stage]));
  const stopper = new AbortController();
  const recorder = recordingFetch(url, way, stopper.signal, ({ phase, end }) => {
    if (phase === "connect" && end === "answered") onStage?.("tools");
  });
  const found: Found = { reach: null, outcome: NOTHING, control: null };
  if (brokenProxy === null) {
    onStage?.("dns");
    const test = input === null ? ask(request, recorder, start, found) : reach(way, timeoutMs * FIRST, found);
    const limits = { signal: stopper.signal };
    // the limit of the whole run, even if the SDK waits for something that is not a request
    await Promise.race([test, sleep(timeoutMs, undefined, limits), once(request.signal, "abort", limits)]);
    stopper.abort();
    way.close();
    if (request.signal.aborted) throw new Cancelled();
    // a request that was stopped just now is recorded a turn later
    await new Promise((resolve) => setImmediate(resolve));
  }
  return {
    ...way.facts(),
    ...found,
    endpoint: { origin: url.origin, host: url.host, path: url.pathname, secure },
    timeoutMs,
    input,
    ignoredProxy: ignored,
    exchanges: [...recorder.exchanges],
  };
}
