/**
 * The `fetch` for the MCP SDK's transport: it limits time and bytes, follows no redirect, and records each exchange. It uses node:http,
 * because Node's fetch does not accept a connection that was opened elsewhere (docs/adr/0006). A response without an answer to our request is
 * thrown here: the SDK would wait for a stream that ended, a 202 or another id until its timeout (@modelcontextprotocol/client 2.4).
 */
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { pipeline, type Readable } from "node:stream";
import { text as textOf } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { createBrotliDecompress, createUnzip } from "node:zlib";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import type { Exchange, ExchangeEnd, ProbePhase, RpcError } from "../../core/diagnosis/record.ts";
import { attempt } from "../../errors.ts";
import type { Way } from "./way.ts";

/** Bytes of all answers of a probe, after decompression. */
const PROBE_CAP = 4 * 1024 * 1024;
/** Bytes of a body, after decompression, that are kept for the record. With an error status, no more is read. */
const ERROR_CAP = 64 * 1024;

export const UNANSWERED = {
  connected: false,
  revisions: [],
  stream: false,
  session: false,
  body: "",
  codes: [],
} as const;

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

/** A response that does not answer our request; `end` says what it is. The message contains no text of a server. */
class NoAnswer extends Error {
  readonly end: ExchangeEnd;
  constructor(end: ExchangeEnd) {
    super(end);
    this.end = end;
  }
}

/** The target of a redirect, without query and credentials; undefined if it is not a web URL. */
function targetOf(location: string | undefined, url: URL): string | undefined {
  if (location === undefined || !URL.canParse(location, url.href)) return undefined;
  const { protocol, origin, pathname } = new URL(location, url.href);
  return /^https?:$/.test(protocol) ? `${origin}${pathname}` : undefined;
}

/** The description in WWW-Authenticate, or its code (RFC 6750, section 3). */
const authErrorOf = (header = ""): string | undefined =>
  (/\berror_description\s*=\s*"([^"]+)"/iu.exec(header) ?? /\berror\s*=\s*"?([^\s",]+)/iu.exec(header))?.[1];

/** An exchange while it is recorded: a failure does not lose the first part of the body. */
type Seen = { -readonly [Key in keyof Exchange]: Exchange[Key] };
/** What the answers of a probe may still have. */
type Budget = { bytes: number };

/** The body, decompressed. Throws for a coding that was not requested. */
function unpacked(message: IncomingMessage): Readable {
  const coding = message.headers["content-encoding"]?.trim().toLowerCase() ?? "";
  if (coding === "" || coding === "identity") return message;
  if (!/^(?:x-gzip|gzip|br)$/.test(coding)) throw Object.assign(new Error("encoding"), { code: "HALO_ENCODING" });
  return pipeline(message, coding === "br" ? createBrotliDecompress() : createUnzip(), () => undefined);
}

/** The text of a body in pieces. Throws NoAnswer over `cap` bytes, and what the connection or the decompression throws. */
async function* piecesOf(message: IncomingMessage, seen: Seen, budget: Budget, cap = Number.POSITIVE_INFINITY) {
  const decoder = new TextDecoder();
  let size = 0;
  for await (const bytes of unpacked(message) as AsyncIterable<Buffer>) {
    size += bytes.byteLength;
    budget.bytes -= bytes.byteLength;
    const text = decoder.decode(bytes, { stream: true });
    if (seen.body.length < ERROR_CAP) seen.body += text;
    if (size > cap || budget.bytes < 0) throw new NoAnswer("too-big");
    yield text;
  }
  // after a CR, the parser of events waits for an LF; in JSON it is white space
  yield "\n";
}

/** More than a real list of tools has: parsing a million empty values, a small text, takes up to a thousand times its memory (zod 4, measured). */
const MOST_VALUES = 100_000;
const isTooMuch = (text: string): boolean => text.split(/[[{,]/, MOST_VALUES + 1).length > MOST_VALUES;

type Message = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Message =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const parse = (text: string): unknown => attempt(() => JSON.parse(text));

/** A JSON-RPC message, or the first of a batch; undefined if the text is neither. */
const messageIn = (text: string): Message | undefined => [parse(text)].flat().find(isObject);

function rpcErrorOf(message: Message | undefined): RpcError | undefined {
  if (message === undefined || !isObject(message.error)) return undefined;
  const { code, message: words } = message.error;
  return typeof code === "number" ? { code, message: typeof words === "string" ? words : "" } : undefined;
}

/** The message of a JSON text that answers our id, or what the text is instead. */
function answerIn(text: string, id: unknown): Message | ExchangeEnd {
  if (text.trim() === "") return "empty";
  if (isTooMuch(text)) return "too-big";
  const parsed = parse(text);
  if (parsed === undefined) return "bad-json";
  const isOurs = (message: Message): boolean =>
    rpcErrorOf(message) !== undefined
      ? // an error without an id belongs to the only request of this POST
        (message.id ?? id) === id
      : message.id === id && "result" in message;
  return [parsed].flat().filter(isObject).find(isOurs) ?? "not-rpc";
}

/** Our answer in an event stream, as JSON; returns as soon as it arrives. Throws NoAnswer, and what the connection throws. */
async function answerInStream(pieces: AsyncIterable<string>, id: unknown, seen: Seen): Promise<string> {
  const found: string[] = [];
  const onEvent = ({ event = "message", data }: EventSourceMessage) => event === "message" && found.push(data);
  const parser = createParser({ onEvent });
  let end: ExchangeEnd = "stream-ended";
  for await (const piece of pieces) {
    parser.feed(piece);
    for (const text of found.splice(0)) {
      const answer = answerIn(text, id);
      if (typeof answer !== "string") return text;
      if (answer === "too-big") throw new NoAnswer(answer);
      // requests and notifications of the server may come before our answer, but no answer with another id
      if (answer === "not-rpc" && !/"method"\s*:/.test(text)) end = answer;
      if (answer === "bad-json") seen.end = end = answer;
    }
  }
  throw new NoAnswer(end);
}

/** The revisions of MCP that an answer to a handshake or a discovery names. */
function revisionsIn(message: Message | undefined): readonly string[] {
  const at = (value: unknown, key: string): unknown => Reflect.get(Object(value), key);
  const result = message?.result;
  const offered = at(result, "supportedVersions") ?? at(at(message?.error, "data"), "supported");
  const named = [offered, at(result, "protocolVersion")].flat();
  return named.filter((each): each is string => typeof each === "string" && each !== "").slice(0, 5);
}

/** The Response for the SDK, with the server's own answer. Throws NoAnswer, and what the connection throws. */
async function read(reply: IncomingMessage, id: unknown, seen: Seen, budget: Budget): Promise<Response> {
  const { statusCode: status = 0, headers } = reply;
  const keep = (message: Message | undefined): void => {
    seen.rpcError = rpcErrorOf(message);
    seen.revisions = revisionsIn(message);
  };
  // what the status or the type says counts, even if the body breaks or is too big
  const begun = () => textOf(piecesOf(reply, seen, budget, ERROR_CAP)).catch(() => undefined);
  if (status >= 300 && status < 400) throw new NoAnswer("redirect");
  if (status < 200) throw new NoAnswer("status");
  if (status > 299) {
    const text = (await begun()) ?? seen.body;
    keep(messageIn(text));
    seen.end = "status";
    if (status > 599) throw new NoAnswer("status");
    return new Response(text, { status, headers: { "content-type": seen.contentType ?? "" } });
  }
  seen.end = "accepted";
  if (id === undefined) return new Response(null, { status: 202 });
  if (status === 202 || status === 204 || status === 205) throw new NoAnswer("empty");
  const isJson = /^\s*application\/json\s*(;|$)/iu.test(seen.contentType ?? "");
  if (!seen.stream && !isJson) {
    throw new NoAnswer((await begun())?.trim() === "" ? "empty" : "content-type");
  }
  const pieces = piecesOf(reply, seen, budget);
  const text = await (seen.stream ? answerInStream(pieces, id, seen) : textOf(pieces));
  const answer = answerIn(text, id);
  if (typeof answer === "string") throw new NoAnswer(answer);
  keep(answer);
  seen.end = "answered";
  const session = headers["mcp-session-id"];
  const ofSession = typeof session === "string" ? { "mcp-session-id": session } : {};
  return new Response(text, { status, headers: { "content-type": "application/json", ...ofSession } });
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
      seen.contentType = headers["content-type"];
      seen.location = targetOf(headers.location, url);
      seen.retryAfter = headers["retry-after"];
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
