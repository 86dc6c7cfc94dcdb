/** The connection test: asks the endpoint as a client would, then once more without the token, and writes down what was seen. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Exchange, ProbeRecord, ProbeStage } from "../../core/diagnosis/record.ts";
import type { Network } from "../../core/proxy.ts";
import { Cancelled } from "../../errors.ts";
import { checkHeaders, withoutToken } from "./input.ts";
import { codesOf, type Recorder, recordingFetch, UNANSWERED } from "./recording-fetch.ts";
import { NOTHING, type ToolCall, walk } from "./walk.ts";
import { openWay, type Way } from "./way.ts";

export interface ProbeRequest {
  /** One that `mayReceive` of `core/connection.ts` said yes to. */
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
  /** One tool that is called when all else went well. Nothing is called without it. */
  readonly call?: ToolCall | undefined;
  /** If a header cannot be sent, makes the connection anyway and sends nothing. */
  readonly reaches?: boolean | undefined;
  /** Called when a stage begins, for a progress display. */
  readonly onStage?: ((stage: ProbeStage) => void) | undefined;
}

/** The share of the time that the first request may take, its connection included. */
const FIRST = 0.4;

/** What was found so far: the limit of the whole run may end it at any point. */
type Found = { -readonly [Key in "reach" | "outcome" | "control"]: ProbeRecord[Key] };

/**
 * The SDK takes a server error, a denial, a silence or a nonsense answer to `server/discover` as final. A server of 2025 may answer an unknown
 * method with any of these and still serve `initialize`, and so may a gateway in front of it that lets known methods through. It is not tried after
 * a refused token, a redirect, an answer that is too big, or without a connection.
 */
function worthTheOldWay(last: Exchange | undefined): boolean {
  if (last === undefined || last.method !== "server/discover" || !last.connected) return false;
  const { status, end, codes } = last;
  const isGone = codes.some((code) => code === "ECONNRESET" || code === "ERR_STREAM_PREMATURE_CLOSE");
  if (status === null) return end === "timeout" || (end === "broken" && isGone);
  if (status === 403) return end === "status" || end === "timeout";
  // The SDK falls back by itself on a 4xx, but not if the error page never ends.
  if (status >= 400 && status < 500) return end === "timeout" && ![401, 429].includes(status);
  return status >= 500 || (status < 300 && end !== "aborted" && end !== "too-big");
}

/** With all headers, if needed again with `initialize`, then without the token. Four fifths of the time are for the first part. */
async function ask(request: ProbeRequest, recorder: Recorder, start: number, found: Found): Promise<void> {
  const { headers, tokenHeader, timeoutMs, version, call, onStage } = request;
  const at = (share: number): number => start + timeoutMs * share;
  const url = new URL(request.url);
  const common = { recorder, url, version };
  const main = { ...common, headers, call, deadline: at(0.8), closeDeadline: at(0.85) };
  found.outcome = await walk({ ...main, mode: "auto", firstMs: timeoutMs * FIRST });
  if (!found.outcome.connected && worthTheOldWay(recorder.exchanges.at(-1)))
    found.outcome = await walk({ ...main, mode: "legacy" });
  const { listed, protocol } = found.outcome;
  if (!listed) return;
  onStage?.("auth");
  // The same era, to the very request that brought the tools: some servers ask for the token only there.
  const isModern = recorder.exchanges.every((exchange) => exchange.method !== "initialize");
  const { connected, toolCount, ...control } = await walk({
    ...common,
    headers: withoutToken(headers, tokenHeader),
    isControl: true,
    mode: isModern && protocol ? { pin: protocol } : "legacy",
    deadline: at(0.97),
    closeDeadline: at(0.99),
  });
  found.control = { connected, listed: control.listed, toolCount };
}

/** Makes one connection and sends nothing over it: the stages of the network can be looked at where there is nothing to send. */
async function reach(way: Way, limitMs: number): Promise<Exchange> {
  const start = performance.now();
  const standing = way.connect().then(
    (): Partial<Exchange> => ({ connected: true, end: "accepted" }),
    (error): Partial<Exchange> => ({ codes: codesOf(error) }),
  );
  const late: Partial<Exchange> = { end: "timeout" };
  const seen = await Promise.race([standing, sleep(limitMs, late, { ref: false })]);
  const ms = performance.now() - start;
  return { ...UNANSWERED, phase: "connect", method: "CONNECT", end: "broken", ...seen, ms };
}

/**
 * Tests a connection. Sends the headers to `request.url` alone, follows no redirect, starts no OAuth. Whatever the server does, it ends within
 * `timeoutMs` with a record of what was seen (`core/diagnosis/diagnose.ts` says what it means). What servers said stands in it as it came:
 * `cleaned` takes secrets out. Throws only Cancelled, as soon as the signal is aborted; by then every connection is closed.
 */
export async function probe(request: ProbeRequest): Promise<ProbeRecord> {
  if (request.signal.aborted) throw new Cancelled();
  const { timeoutMs, onStage, reaches = false } = request;
  const start = performance.now();
  const url = new URL(request.url);
  const secure = url.protocol === "https:";
  const network = request.network(url);
  const { broken, ignored = null } = network;
  const brokenProxy = broken === undefined ? null : ({ cause: "proxy-failed", variable: broken } as const);
  const input = checkHeaders(request.headers, request.tokenHeader) ?? brokenProxy;
  const after = { dns: "tcp", tcp: secure ? "tls" : "http", tls: "http" } as const;
  const way = openWay({ url, network, onPassed: (stage) => onStage?.(after[stage]) });
  const stopper = new AbortController();
  const recorder = recordingFetch(url, way, stopper.signal, ({ phase, end }) => {
    if (phase === "connect" && end === "answered") onStage?.("tools");
  });
  const found: Found = { reach: null, outcome: NOTHING, control: null };
  const test = async (): Promise<void> => {
    if (input === null) await ask(request, recorder, start, found);
    else found.reach = await reach(way, timeoutMs * FIRST);
  };
  if (brokenProxy === null && (input === null || reaches)) {
    onStage?.("dns");
    let timer: NodeJS.Timeout | undefined;
    let cancel = (): void => undefined;
    // the limit of the whole run, even if the SDK waits for something that is not a request
    const stopped = new Promise<void>((resolve, reject) => {
      timer = setTimeout(resolve, timeoutMs);
      cancel = () => reject(new Cancelled());
      request.signal.addEventListener("abort", cancel, { once: true });
    });
    try {
      await Promise.race([test(), stopped]);
    } finally {
      clearTimeout(timer);
      request.signal.removeEventListener("abort", cancel);
      stopper.abort();
      way.close();
    }
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
