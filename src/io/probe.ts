/** The connection test: asks the endpoint as a client would, then once more without the token, and writes down what was seen. */
import type { Client, jsonSchemaValidator } from "@modelcontextprotocol/client";
import type {
  ControlOutcome,
  Exchange,
  ProbeOutcome,
  ProbePhase,
  ProbeRecord,
  ProbeStage,
  ProbeTool,
} from "../core/probe-record.ts";
import { Cancelled } from "../errors.ts";
import { type Guard, guardFetch } from "./guarded-fetch.ts";
import { openConnections } from "./probe-connections.ts";
import { checkHeaders, readUrl, scrubber, tokenOf, withoutToken } from "./probe-input.ts";
import { followStages } from "./probe-progress.ts";

export interface ProbeRequest {
  readonly url: string;
  /** All headers of the connection, with their values. */
  readonly headers: Readonly<Record<string, string>>;
  /** Name of the header that holds the token: the one the control leaves out. */
  readonly tokenHeader: string;
  /** Limit of the whole run, milliseconds. */
  readonly timeoutMs: number;
  /** Of this program; sent as User-Agent. */
  readonly version: string;
  readonly signal: AbortSignal;
  readonly onStage?: ((stage: ProbeStage, event: "start" | "ok" | "failed") => void) | undefined;
}

type Sdk = Pick<typeof import("@modelcontextprotocol/client"), "Client" | "StreamableHTTPClientTransport">;
type Scrub = (text: string, max: number) => string;
type Mode = "auto" | "legacy" | { readonly pin: string };

interface Walk {
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
}

/** What a server answers is shown, not used: nothing that it sends as a schema is compiled. */
const TRUSTING: jsonSchemaValidator = {
  getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
};
const MOST_PAGES = 100;
const MOST_TOOLS = 1000;
const NOTHING: ProbeOutcome = {
  connected: false,
  listed: false,
  server: null,
  protocol: null,
  tools: [],
  toolCount: 0,
  endless: false,
  failure: null,
};

/** All pages of the tools, up to the bounds. `into` is filled as they come, so that a failure on page 3 keeps pages 1 and 2. */
async function listTools(
  client: Client,
  scrub: Scrub,
  timeout: number,
  into: { tools: ProbeTool[]; count: number },
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
    for (const tool of result.tools.slice(0, MOST_TOOLS - into.tools.length)) {
      into.tools.push({ name: scrub(tool.name, 200), description: scrub(tool.description ?? "", 1000) });
    }
    cursor = result.nextCursor;
    if (cursor === undefined || cursor === "") return "listed";
    if (cursors.has(cursor)) return "endless";
    cursors.add(cursor);
  }
  return "endless";
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
async function walk(road: Walk): Promise<ProbeOutcome> {
  const { sdk, guard, scrub } = road;
  const timeout = Math.max(1, road.deadline - performance.now()) + 500;
  const transport = new sdk.StreamableHTTPClientTransport(road.url, {
    fetch: guard.fetch,
    // Never an authProvider: on a 401 the SDK would carry our headers to whatever origin the server names.
    requestInit: { headers: { ...road.headers, "user-agent": `create-halo-mcp/${road.version}` } },
    reconnectionOptions: {
      maxRetries: 0,
      initialReconnectionDelay: 1,
      maxReconnectionDelay: 1,
      reconnectionDelayGrowFactor: 1,
    },
  });
  const client = new sdk.Client(
    { name: "create-halo-mcp", version: road.version },
    { versionNegotiation: { mode: road.mode }, capabilities: {}, jsonSchemaValidator: TRUSTING },
  );
  client.onerror = () => undefined;
  const listing = { tools: [] as ProbeTool[], count: 0 };
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
    const end = offered ? await listTools(client, scrub, timeout, listing) : "listed";
    outcome = { ...outcome, listed: end === "listed", endless: end === "endless" };
  } catch (error) {
    outcome = { ...outcome, failure: failureOf(error, scrub) };
  }
  guard.enter(road.phases[2], road.closeDeadline);
  await transport.terminateSession().catch(() => undefined);
  await client.close().catch(() => undefined);
  return { ...outcome, tools: listing.tools, toolCount: listing.count };
}

/**
 * The SDK takes a server error, a silence or a nonsense answer to `server/discover` as final. A server of 2025 may answer an unknown method with
 * any of these and still serve `initialize`. Not so after a refusal, a redirect, or where no connection stood.
 */
function worthTheOldWay(last: Exchange | undefined, watched: boolean): boolean {
  if (last === undefined || last.method !== "server/discover" || (watched && !last.connected)) return false;
  if (last.status === null)
    return (
      last.end === "timeout" ||
      (last.end === "broken" && last.codes.some((code) => code === "ECONNRESET" || code === "UND_ERR_SOCKET"))
    );
  // An error page that does not end keeps its status from the SDK, which would have gone on by itself.
  if (last.status >= 400 && last.status < 500) return last.end === "timeout" && ![401, 403, 429].includes(last.status);
  return (
    last.status >= 500 ||
    (last.status < 300 && last.end !== "aborted" && last.end !== "too-big" && last.end !== "content-type")
  );
}

/**
 * Tests a connection. Sends the headers to `request.url` alone, follows no redirect, starts no OAuth. Whatever the server does, it ends within
 * `timeoutMs` with a record of what was seen (`core/diagnosis.ts` says what it means); the record does not hold the token.
 * Throws only Cancelled, as soon as the signal is aborted; by then every connection is closed.
 */
export async function probe(request: ProbeRequest): Promise<ProbeRecord> {
  if (request.signal.aborted) throw new Cancelled();
  const start = performance.now();
  const scrub = scrubber(tokenOf(request.headers, request.tokenHeader));
  const url = readUrl(request.url);
  const input = url instanceof URL ? checkHeaders(request.headers, request.tokenHeader) : url;
  const progress = followStages(request.onStage);
  const endpoint =
    url instanceof URL
      ? {
          origin: scrub(url.origin, 300),
          host: scrub(url.host, 300),
          path: scrub(url.pathname, 300),
          secure: url.protocol === "https:",
        }
      : null;
  const empty = { endpoint, timeoutMs: request.timeoutMs, input, outcome: NOTHING, control: null, exchanges: [] };
  if (!(url instanceof URL) || input !== null) {
    progress.refused(url instanceof URL ? "auth" : "url");
    return { ...empty, totalMs: performance.now() - start, timings: { seen: false, dns: null, tcp: null, tls: null } };
  }

  const connections = openConnections();
  const stopper = new AbortController();
  const guard = guardFetch({
    url,
    connections,
    scrub,
    signal: stopper.signal,
    onExchange: (exchange) => progress.saw(exchange, connections),
  });
  let cancel = (): void => undefined;
  const cancelled = new Promise<"cancelled">((resolve) => {
    cancel = () => resolve("cancelled");
  });
  request.signal.addEventListener("abort", cancel, { once: true });
  // The last word on time, should the SDK wait for something that no exchange is about.
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(resolve, request.timeoutMs, "late" as const);
  });
  const state: { outcome: ProbeOutcome; control: ControlOutcome | null } = { outcome: NOTHING, control: null };
  const test = async (): Promise<"done"> => {
    // only what is named here is bundled
    const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
    if (stopper.signal.aborted) return "done";
    await ask(
      { Client, StreamableHTTPClientTransport },
      {
        request,
        url,
        guard,
        scrub,
        start,
        state,
        watched: connections.timings().seen,
        onOutcome: progress.ended,
      },
    );
    return "done";
  };
  progress.begin(url.protocol === "https:");
  try {
    const running = test();
    running.catch(() => undefined);
    if ((await Promise.race([running, cancelled, late])) === "cancelled") throw new Cancelled();
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener("abort", cancel);
    stopper.abort();
    connections.close();
    progress.close();
  }
  return {
    ...empty,
    ...state,
    totalMs: performance.now() - start,
    timings: connections.timings(),
    exchanges: [...guard.exchanges],
  };
}

interface Asking {
  readonly request: ProbeRequest;
  readonly url: URL;
  readonly guard: Guard;
  readonly scrub: Scrub;
  readonly start: number;
  readonly state: { outcome: ProbeOutcome; control: ControlOutcome | null };
  /** The exchanges know whether a connection stood. */
  readonly watched: boolean;
  readonly onOutcome: (outcome: ProbeOutcome) => void;
}

/** The road with all headers, at need the old way too, then the control. Of the time, four fifths are for the first, so that a slow server still gets a control. */
async function ask(sdk: Sdk, asking: Asking): Promise<void> {
  const { request, url, guard, scrub, start, state } = asking;
  const at = (share: number): number => start + request.timeoutMs * share;
  const common = { sdk, guard, url, scrub, version: request.version };
  const main = {
    ...common,
    headers: request.headers,
    phases: ["connect", "tools", "close"] as const,
    deadline: at(0.8),
    closeDeadline: at(0.85),
  };
  state.outcome = await walk({ ...main, mode: "auto", firstMs: request.timeoutMs * 0.4 });
  if (!state.outcome.connected && worthTheOldWay(guard.exchanges.at(-1), asking.watched)) {
    state.outcome = await walk({ ...main, mode: "legacy", firstMs: Number.POSITIVE_INFINITY });
  }
  asking.onOutcome(state.outcome);
  if (!state.outcome.listed) return;
  // The same era, to the very request that brought the tools: some servers ask for the token only there.
  const modern = guard.exchanges.every((exchange) => exchange.method !== "initialize");
  const control = await walk({
    ...common,
    headers: withoutToken(request.headers, request.tokenHeader),
    phases: ["control", "control", "close"],
    mode: modern && state.outcome.protocol ? { pin: state.outcome.protocol } : "legacy",
    deadline: at(0.97),
    closeDeadline: at(0.99),
    firstMs: Number.POSITIVE_INFINITY,
  });
  state.control = { connected: control.connected, listed: control.listed, toolCount: control.toolCount };
}
