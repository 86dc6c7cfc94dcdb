/** The connection test: asks the endpoint as a client would, then once more without the token, and writes down what was seen. */
import type { ControlOutcome, Exchange, ProbeOutcome, ProbeRecord, ProbeStage } from "../../core/diagnosis/record.ts";
import type { Network } from "../../core/proxy.ts";
import { Cancelled } from "../../errors.ts";
import { type Guard, guardFetch } from "./guarded-fetch.ts";
import { openConnections } from "./probe-connections.ts";
import { checkHeaders, readUrl, scrubber, secretsIn, withoutToken } from "./probe-input.ts";
import { listen } from "./probe-listen.ts";
import { followStages } from "./probe-progress.ts";
import { reach } from "./probe-reach.ts";
import { NOTHING, type Scrub, type Sdk, type ToolCall, walk } from "./probe-walk.ts";

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
  /** What the environment says about the way to a URL: `networkOf` of `core/proxy.ts`, with the environment in it. */
  readonly network: (url: URL) => Network;
  /** Whether a client would be led to another origin with the token is tried too: where one is asked after this test. */
  readonly listens?: boolean | undefined;
  /** One tool that is called when all else went well. Nothing is called without it. */
  readonly call?: ToolCall | undefined;
  /** Where a header cannot be sent, the connection is made all the same, and nothing sent. */
  readonly reaches?: boolean | undefined;
  readonly onStage?: ((stage: ProbeStage, event: "start" | "ok" | "failed") => void) | undefined;
}

/** The share of the time that the first request may take, its connection included. */
const FIRST = 0.4;

/**
 * The SDK takes a server error, a denial, a silence or a nonsense answer to `server/discover` as final. A server of 2025 may answer an unknown
 * method with any of these and still serve `initialize`, and so may a gateway in front of it that lets known methods through. Not so after
 * a refused token, a redirect, an answer that is too big, or where no connection stood.
 */
function worthTheOldWay(last: Exchange | undefined): boolean {
  if (last === undefined || last.method !== "server/discover" || !last.connected) return false;
  if (last.status === null)
    return (
      last.end === "timeout" ||
      (last.end === "broken" &&
        last.codes.some((code) => code === "ECONNRESET" || code === "ERR_STREAM_PREMATURE_CLOSE"))
    );
  if (last.status === 403) return last.end === "status" || last.end === "timeout";
  // An error page that does not end keeps its status from the SDK, which would have gone on by itself.
  if (last.status >= 400 && last.status < 500) return last.end === "timeout" && ![401, 429].includes(last.status);
  return last.status >= 500 || (last.status < 300 && last.end !== "aborted" && last.end !== "too-big");
}

/**
 * Tests a connection. Sends the headers to `request.url` alone, follows no redirect, starts no OAuth. Whatever the server does, it ends within
 * `timeoutMs` with a record of what was seen (`core/diagnosis.ts` says what it means); the record does not hold the token.
 * Throws only Cancelled, as soon as the signal is aborted; by then every connection is closed.
 */
export async function probe(request: ProbeRequest): Promise<ProbeRecord> {
  if (request.signal.aborted) throw new Cancelled();
  const start = performance.now();
  const url = readUrl(request.url);
  const network: Network = url instanceof URL ? request.network(url) : { proxy: null, verify: true, secrets: [] };
  const { proxy } = network;
  const scrub = scrubber([...secretsIn(request.headers, request.tokenHeader), ...network.secrets]);
  const headers = url instanceof URL ? checkHeaders(request.headers, request.tokenHeader) : url;
  const brokenProxy = proxy !== null && "cause" in proxy ? proxy : null;
  const input = headers ?? brokenProxy;
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
  const empty = {
    endpoint,
    timeoutMs: request.timeoutMs,
    input,
    outcome: NOTHING,
    control: null,
    exchanges: [],
    ...(network.ignored === undefined ? {} : { ignoredProxy: network.ignored }),
  };
  if (!(url instanceof URL) || (input !== null && request.reaches !== true) || (proxy !== null && "cause" in proxy)) {
    progress.refused(!(url instanceof URL) ? "url" : input === brokenProxy ? "tcp" : "auth");
    return {
      ...empty,
      totalMs: performance.now() - start,
      timings: { seen: false, dns: null, tcp: null, tls: null },
      addresses: [],
      proxy: null,
      verification: network.verify ? "on" : "off",
      tls: null,
    };
  }

  const connections = openConnections({ url, network: { ...network, proxy }, scrub, onStep: progress.passed });
  const stopper = new AbortController();
  const guard = guardFetch({
    url,
    connections,
    scrub,
    signal: stopper.signal,
    onExchange: progress.saw,
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
  const state: Asking["state"] = { outcome: NOTHING, control: null, listened: undefined };
  let reached: Exchange | undefined;
  const test = async (): Promise<"done"> => {
    if (input !== null) {
      reached = await reach({ connections, signal: stopper.signal, deadline: start + request.timeoutMs * FIRST });
      return "done";
    }
    // The SDK's schemas are each used once or twice here: to compile them costs more than it saves (zod 4, `config({ jitless })`).
    Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });
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
        onOutcome: progress.ended,
        listen: async (sent, deadline) => {
          const { signal } = stopper;
          state.listened = await listen({ url, headers: sent, connections, scrub, signal, deadline });
        },
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
    outcome: state.outcome,
    control: state.control,
    totalMs: performance.now() - start,
    timings: connections.timings(),
    ...connections.seen(),
    reach: reached,
    exchanges: [...guard.exchanges, ...(state.listened === undefined ? [] : [state.listened])],
  };
}

interface Asking {
  readonly request: ProbeRequest;
  readonly url: URL;
  readonly guard: Guard;
  readonly scrub: Scrub;
  readonly start: number;
  readonly state: { outcome: ProbeOutcome; control: ControlOutcome | null; listened: Exchange | undefined };
  readonly listen: (headers: Readonly<Record<string, string>>, deadline: number) => Promise<void>;
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
    call: request.call,
    listen:
      request.listens === true ? (sent: Readonly<Record<string, string>>) => asking.listen(sent, at(0.82)) : undefined,
  };
  state.outcome = await walk({ ...main, mode: "auto", firstMs: request.timeoutMs * FIRST });
  if (!state.outcome.connected && worthTheOldWay(guard.exchanges.at(-1))) {
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
