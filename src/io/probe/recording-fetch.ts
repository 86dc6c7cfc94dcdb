/**
 * The `fetch` for the MCP SDK's transport: it limits time and bytes, follows no redirect, and records each exchange. It uses node:http,
 * because Node's fetch does not accept a connection that was opened elsewhere (docs/adr/0006). A response without an answer to our request is
 * thrown here: the SDK would wait for a stream that ended, a 202 or another id until its timeout (@modelcontextprotocol/client 2.4).
 */
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Exchange, ExchangeEnd, ProbePhase } from "../../core/diagnosis/record.ts";
import { authErrorOf, type Budget, messageIn, NoAnswer, read, type Seen, targetOf } from "./answer.ts";
import type { Way } from "./way.ts";

/** Bytes of all answers of a probe, after decompression. */
const PROBE_CAP = 4 * 1024 * 1024;

export const UNANSWERED = {
  connected: false,
  status: null,
  contentType: null,
  location: null,
  retryAfter: null,
  authError: null,
  revisions: [],
  stream: false,
  session: false,
  body: "",
  rpcError: null,
  codes: [],
} as const satisfies Partial<Exchange>;

/** Codes along `cause` and `errors` of a network error, outermost first. Without messages, which can contain values. */
export function codesOf(error: unknown): string[] {
  if (typeof error !== "object" || error === null) return [];
  const { code, cause, errors = [] } = error as { code?: unknown; cause?: unknown; errors?: readonly unknown[] };
  const codes = [code, ...[cause, ...errors].flatMap(codesOf)];
  return [...new Set(codes.filter((each) => typeof each === "string"))];
}

/** Node uses ECONNRESET for a closed connection and for a reset one; only the error of a reset has `syscall`. */
function codesAfterConnect(error: unknown): string[] {
  const codes = codesOf(error);
  return codes[0] === "ECONNRESET" && !Reflect.has(Object(error), "syscall") ? ["ERR_STREAM_PREMATURE_CLOSE"] : codes;
}

/** One request over a connection of its own. `onBroken` gets the error of the connection; the reader of the body gets a less exact one. */
async function send(socket: Socket, url: URL, init: RequestInit, onBroken: (error: unknown) => void) {
  const sent = request({
    createConnection: () => socket,
    method: init.method ?? "GET",
    path: `${url.pathname}${url.search}`,
    headers: {
      ...Object.fromEntries(new Headers(init.headers)),
      host: url.host,
      // no deflate: some servers send it without the zlib header
      "accept-encoding": "gzip, br",
      ...(typeof init.body === "string" ? { "content-length": Buffer.byteLength(init.body) } : {}),
    },
  });
  // no limit but the 16 KiB: by default Node drops headers after the thousandth
  sent.maxHeadersCount = 0;
  sent.on("error", onBroken).end(init.body);
  // an upgrade is 101 Switching Protocols, which was not asked for
  const [reply]: IncomingMessage[] = await Promise.race([once(sent, "response"), once(sent, "upgrade")]);
  return reply as IncomingMessage;
}

/** Sends only to `url`, whatever the SDK asks for. `signal` stops every request. */
export function recordingFetch(url: URL, way: Way, signal: AbortSignal, onExchange: (exchange: Exchange) => void) {
  const exchanges: Exchange[] = [];
  let part = { phase: "connect" as ProbePhase, deadline: 0, limitMs: 0 };
  const budget: Budget = { bytes: PROBE_CAP };

  async function fetch(_: string | URL, init: RequestInit = {}): Promise<Response> {
    const verb = init.method ?? "GET";
    // The SDK opens a stream for server messages, which is not wanted; 405 means that a server has none.
    if (verb === "GET") return new Response(null, { status: 405 });
    const { method = verb, id } = (typeof init.body === "string" ? messageIn(init.body) : undefined) ?? {};
    const { phase, deadline, limitMs } = part;
    const start = performance.now();
    const session = new Headers(init.headers).has("mcp-session-id");
    const seen: Seen = { ...UNANSWERED, phase, method: String(method), session, end: "broken", ms: 0 };
    let socket: Socket | undefined;
    let broken: unknown;
    const over = new AbortController();
    const exchange = async (): Promise<Response> => {
      socket = await way.connect();
      // sends nothing if the time ran out meanwhile
      if (over.signal.aborted) throw socket.destroy();
      seen.connected = true;
      const reply = await send(socket, url, init, (error) => (broken ??= error));
      const { statusCode = 0, headers } = reply;
      seen.status = statusCode;
      seen.contentType = headers["content-type"] ?? null;
      seen.location = targetOf(headers.location, url);
      seen.retryAfter = headers["retry-after"] ?? null;
      seen.authError = authErrorOf(headers["www-authenticate"]);
      seen.stream = /^\s*text\/event-stream\s*(;|$)/iu.test(seen.contentType ?? "");
      return await read(reply, id, seen, budget);
    };
    const stopped = async (): Promise<never> => {
      // Not AbortSignal.any or .timeout: on Node 20 they are lost to a garbage collection (20.20, measured 2026).
      const limits = { signal: over.signal };
      const late = sleep(Math.max(0, Math.min(limitMs, deadline - start)), "timeout", limits);
      const end = await Promise.race([late, once(signal, "abort", limits).then(() => "aborted")]);
      throw new NoAnswer(end as ExchangeEnd);
    };
    try {
      if (signal.aborted) throw new NoAnswer("aborted");
      return await Promise.race([stopped(), exchange()]);
    } catch (error) {
      const end = error instanceof NoAnswer ? error.end : "broken";
      // a stream that had an event that is no JSON, and then nothing
      if (end !== "timeout" || seen.end !== "bad-json") seen.end = end;
      if (end === "broken") seen.codes = seen.connected ? codesAfterConnect(broken ?? error) : codesOf(error);
      throw new NoAnswer(end);
    } finally {
      over.abort();
      socket?.destroy();
      const done: Exchange = { ...seen, ms: performance.now() - start };
      exchanges.push(done);
      onExchange(done);
    }
  }

  return {
    fetch,
    exchanges: exchanges as readonly Exchange[],
    /** Later requests belong to `phase`: each may take `limitMs`, and all must end before `deadline` (of performance.now()). */
    enter: (phase: ProbePhase, deadline: number, limitMs = Number.POSITIVE_INFINITY) => {
      part = { phase, deadline, limitMs };
    },
  };
}

export type Recorder = ReturnType<typeof recordingFetch>;
