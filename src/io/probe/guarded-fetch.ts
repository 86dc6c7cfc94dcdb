/**
 * The `fetch` that the MCP SDK's transport gets: it sends only what the connection test means to send, limits time and bytes, and writes down
 * what came back. The SDK sees whole answers only; whatever is none is thrown here, since the SDK takes a stream that ends, a 202 or a foreign
 * id for a silence (@modelcontextprotocol/client 2.4).
 */
import type { Exchange, ExchangeEnd, ProbePhase, RpcError } from "../../core/diagnosis/record.ts";
import { authErrorOf, parsed, revisionsIn, targetOf } from "./answer-facts.ts";
import { type Reply, type Sending, send } from "./http-request.ts";
import {
  ANSWER_CAP,
  type BodyLog,
  ERROR_CAP,
  type Found,
  findInJson,
  findInStream,
  letGo,
  PROBE_CAP,
  type RpcId,
  readText,
  rpcErrorOf,
} from "./probe-body.ts";
import type { Connections } from "./probe-connections.ts";

/** Thrown into the SDK. Its message is the end of the exchange and holds nothing from anybody. */
class GuardError extends Error {}

export interface GuardOptions {
  /** The only address that is ever asked. */
  readonly url: URL;
  readonly connections: Connections;
  /** Text of a server → text without the secrets of this probe, cut to `max` characters. */
  readonly scrub: (text: string, max: number) => string;
  /** Aborts whatever is under way. */
  readonly signal: AbortSignal;
  readonly onExchange?: ((exchange: Exchange) => void) | undefined;
}

export interface Guard {
  readonly fetch: (input: string | URL, init?: RequestInit) => Promise<Response>;
  readonly exchanges: readonly Exchange[];
  /** What follows belongs to `phase`: a request may take `limitMs`, all of them until `deadline` (as of performance.now()). */
  readonly enter: (phase: ProbePhase, deadline: number, limitMs?: number) => void;
}

interface Asked {
  readonly method: string;
  readonly id: RpcId | undefined;
}

/** Method and id of the message in a request. */
function readRequest(init: RequestInit | undefined): Asked {
  const verb = (init?.method ?? "GET").toUpperCase();
  if (verb !== "POST" || typeof init?.body !== "string") return { method: verb, id: undefined };
  const message: unknown = JSON.parse(init.body);
  if (typeof message !== "object" || message === null) return { method: verb, id: undefined };
  const method: unknown = Reflect.get(message, "method");
  const id: unknown = Reflect.get(message, "id");
  return {
    method: typeof method === "string" ? method : verb,
    id: typeof id === "string" || typeof id === "number" ? id : undefined,
  };
}

/** Codes along `cause` and `errors` of a network error, outermost first. Messages are left out: they can quote values. */
export function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  const queue: unknown[] = [error];
  for (let steps = 0; queue.length > 0 && steps < 32; steps++) {
    const next = queue.shift();
    if (typeof next !== "object" || next === null) continue;
    const code: unknown = Reflect.get(next, "code");
    if (typeof code === "string" && !codes.includes(code)) codes.push(code.slice(0, 64));
    queue.push(Reflect.get(next, "cause"));
    const errors: unknown = Reflect.get(next, "errors");
    if (Array.isArray(errors)) queue.push(...errors.slice(0, 8));
  }
  return codes;
}

/** A fetch for one probe. Nothing is sent before the SDK asks. */
export function guardFetch(options: GuardOptions): Guard {
  const { url, connections, scrub, signal } = options;
  const exchanges: Exchange[] = [];
  let phase: ProbePhase = "connect";
  let deadline = Number.POSITIVE_INFINITY;
  let limit = Number.POSITIVE_INFINITY;
  let bytes = 0;

  async function guarded(input: string | URL, init: RequestInit = {}): Promise<Response> {
    const asked = readRequest(init);
    // The stream for messages out of turn is not wanted; 405 is how a server says that it has none.
    if (asked.method === "GET") return answerOf(405, {}, "");
    const sent = Object.fromEntries(init.headers as Iterable<[string, string]>);
    const start = performance.now();
    const log: BodyLog = { text: "", bytes: 0, cut: false };
    const seen = { bad: false, foreign: false };
    let reply: Reply | undefined;
    let end: ExchangeEnd = "broken";
    let rpcError: RpcError | null = null;
    let codes: string[] = [];
    let revisions: readonly string[] = [];

    let sending: Sending | undefined;
    let why: "timeout" | "aborted" | undefined;
    const stop = (reason: "timeout" | "aborted"): void => {
      why ??= reason;
      sending?.cancel();
    };
    const onAbort = (): void => stop("aborted");
    // Not AbortSignal.any or .timeout: on Node 20 they are lost to a garbage collection (20.20, measured 2026).
    const timer = setTimeout(() => stop("timeout"), Math.max(0, Math.min(limit, deadline - start)));
    for (const other of [signal, init.signal]) {
      if (other?.aborted === true) onAbort();
      else other?.addEventListener("abort", onAbort, { once: true });
    }

    try {
      if (new URL(String(input)).href !== url.href) {
        end = "blocked";
        throw new GuardError(end);
      }
      if (why !== undefined) throw new GuardError(why);
      const { agent } = connections;
      // a tool is called once, so not on a connection that may be at its end
      if (asked.method === "tools/call") agent.destroy();
      const body = typeof init.body === "string" ? init.body : undefined;
      sending = send({ url, method: init.method ?? "GET", headers: sent, body, agent });
      reply = await sending.reply;
      const found = await read(reply, asked);
      end = found.end;
      revisions = revisionsIn(asked.method, found.answer ?? parsed(found.text));
      rpcError = found.rpcError;
      return handOn(reply, found);
    } catch (error) {
      if (why !== undefined) end = why === "timeout" && seen.bad ? "bad-json" : why;
      else if (!(error instanceof GuardError)) {
        codes = codesOf(sending?.broken() ?? error);
        end = "broken";
      }
      throw new GuardError(end);
    } finally {
      clearTimeout(timer);
      for (const other of [signal, init.signal]) other?.removeEventListener("abort", onAbort);
      const text = (name: string, max = 200): string | null => {
        const value = reply?.header(name) ?? null;
        return value === null ? null : scrub(value, max);
      };
      const authError = authErrorOf(reply?.header("www-authenticate") ?? null);
      const exchange: Exchange = {
        phase,
        method: scrub(asked.method, 100),
        connected: sending?.hasConnection() ?? false,
        status: reply?.status ?? null,
        contentType: text("content-type"),
        contentEncoding: text("content-encoding"),
        location: targetOf(reply?.header("location") ?? null, url, scrub),
        retryAfter: text("retry-after", 100),
        authScheme: /^[\w-]{1,40}/u.exec(text("www-authenticate") ?? "")?.[0] ?? null,
        ...(authError === undefined ? {} : { authError: scrub(authError, 300) }),
        ...(revisions.length === 0 ? {} : { revisions: revisions.map((each) => scrub(each, 50)) }),
        stream: isStream(reply),
        session: Object.hasOwn(sent, "mcp-session-id"),
        body: scrub(log.text, 2000),
        cut: log.cut || log.bytes > 2000,
        bytes: log.bytes,
        end,
        rpcError: rpcError === null ? null : { ...rpcError, message: scrub(rpcError.message, 2000) },
        codes,
        ms: performance.now() - start,
        repeated: sending?.repeated() ?? 0,
      };
      bytes += log.bytes;
      exchanges.push(exchange);
      options.onExchange?.(exchange);
    }

    /** Reads as much of a response as is worth reading. Throws a GuardError, with `end` set, when it cannot be an answer. */
    async function read(answer: Reply, request: Asked): Promise<Found & { text?: string }> {
      const give = (how: ExchangeEnd): GuardError => {
        end = how;
        return new GuardError(how);
      };
      if (answer.status >= 300 && answer.status < 400 && answer.status !== 304) {
        await letGo(answer.body);
        throw give("redirect");
      }
      if (answer.status < 200 || answer.status > 299) {
        end = "status";
        // A body that breaks or is too big takes nothing from what the status says.
        const { text, whole } = await readText(answer.body, ERROR_CAP, log).catch(() => ({
          text: log.text,
          whole: false,
        }));
        log.cut = !whole;
        if (why !== undefined) throw new GuardError(why);
        return { end, answer: null, rpcError: rpcErrorOf(parsed(text), request.id), text };
      }
      if (request.id === undefined) {
        await letGo(answer.body);
        return { end: "accepted", answer: null, rpcError: null };
      }
      if (answer.status === 202 || answer.status === 204 || answer.status === 205) {
        await letGo(answer.body);
        throw give("empty");
      }
      const cap = Math.min(ANSWER_CAP, PROBE_CAP - bytes);
      let found: Found;
      if (isStream(answer)) found = await findInStream(answer.body, cap, request.id, log, seen);
      else if (/^\s*application\/json\s*(;|$)/iu.test(answer.header("content-type") ?? "")) {
        const { text, whole } = await readText(answer.body, cap, log);
        found = whole ? findInJson(text, request.id) : { end: "too-big", answer: null, rpcError: null };
      } else {
        const { text, whole } = await readText(answer.body, ERROR_CAP, log);
        throw give(whole && text.trim() === "" ? "empty" : "content-type");
      }
      if (found.answer === null) throw give(found.end);
      return found;
    }
  }

  return {
    fetch: guarded,
    exchanges,
    enter: (next, until, limitMs = Number.POSITIVE_INFINITY) => {
      phase = next;
      deadline = until;
      limit = limitMs;
    },
  };
}

function isStream(reply: Reply | undefined): boolean {
  return /^\s*text\/event-stream\s*(;|$)/iu.test(reply?.header("content-type") ?? "");
}

/**
 * What the SDK gets: our answer alone, an error status with its text (it decides on the era by it), or an acknowledgement. It is no
 * Response but what the SDK's transport reads of one (@modelcontextprotocol/client 2.4): to name Response or Headers loads
 * all of `fetch`, which takes as long as `node -e 0` (Node 20.20).
 */
function answerOf(status: number, headers: Readonly<Record<string, string>>, body: unknown): Response {
  const header = (name: string): string | null => headers[name.toLowerCase()] ?? null;
  const text = typeof body === "string" ? body : "";
  const answer = {
    status,
    ok: status >= 200 && status < 300,
    statusText: "",
    redirected: false,
    type: "default",
    headers: { get: header, has: (name: string) => header(name) !== null },
    body: null,
    json: async () => body,
    text: async () => text,
  };
  return answer as unknown as Response;
}

function handOn(reply: Reply, found: Found & { text?: string }): Response {
  if (found.end === "status") {
    if (reply.status > 599) throw new GuardError("status");
    return answerOf(reply.status, {}, found.text ?? "");
  }
  if (found.answer === null) return answerOf(202, {}, "");
  const session = reply.header("mcp-session-id");
  const headers = { "content-type": "application/json", ...(session === null ? {} : { "mcp-session-id": session }) };
  return answerOf(200, headers, found.answer);
}
