/** Reads an answer: its headers, its body within limits, and our JSON-RPC answer in it, as JSON or in an event stream. */
import type { IncomingMessage } from "node:http";
import { pipeline, type Readable } from "node:stream";
import { text as textOf } from "node:stream/consumers";
import { createBrotliDecompress, createUnzip } from "node:zlib";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import type { Exchange, ExchangeEnd, RpcError } from "../../core/diagnosis/record.ts";
import { attempt } from "../../errors.ts";

/** Bytes of a body, after decompression, that are kept for the record. With an error status, no more is read. */
const ERROR_CAP = 64 * 1024;

/** A response that does not answer our request; `end` says what it is. The message contains no text of a server. */
export class NoAnswer extends Error {
  readonly end: ExchangeEnd;
  constructor(end: ExchangeEnd) {
    super(end);
    this.end = end;
  }
}

/** The target of a redirect, without query and credentials; null if it is not a web URL. */
function targetOf(location: string | undefined, url: URL): string | null {
  if (location === undefined || !URL.canParse(location, url.href)) return null;
  const { protocol, origin, pathname } = new URL(location, url.href);
  return /^https?:$/.test(protocol) ? `${origin}${pathname}` : null;
}

/** The description in WWW-Authenticate (RFC 6750, section 3). */
function authErrorOf(header = ""): string | null {
  for (const name of ["error_description", "error"]) {
    const found = new RegExp(`\\b${name}\\s*=\\s*(?:"([^"]*)"|([^\\s",]+))`, "iu").exec(header);
    const words = found?.[1] ?? found?.[2] ?? "";
    if (words.trim() !== "") return words;
  }
  return null;
}

export function headOf({ statusCode = 0, headers }: IncomingMessage, url: URL) {
  const type = headers["content-type"] ?? null;
  return {
    status: statusCode,
    contentType: type,
    contentEncoding: headers["content-encoding"] ?? null,
    location: targetOf(headers.location, url),
    retryAfter: headers["retry-after"] ?? null,
    authError: authErrorOf(headers["www-authenticate"]),
    stream: /^\s*text\/event-stream\s*(;|$)/iu.test(type ?? ""),
  } satisfies Partial<Exchange>;
}

export type Seen = { -readonly [Key in keyof Exchange]: Exchange[Key] };

/** What is known of a body while it is read, so that a failure does not lose the first part. */
export interface BodyLog {
  text: string;
  bytes: number;
  /** An event of the stream was not JSON. */
  isBad: boolean;
}

/** The body, decompressed if it has a coding that was requested. */
function unpacked(message: IncomingMessage): Readable {
  const coding = message.headers["content-encoding"]?.trim().toLowerCase() ?? "";
  if (!/^(?:x-gzip|gzip|br)$/.test(coding)) return message;
  return pipeline(message, coding === "br" ? createBrotliDecompress() : createUnzip(), () => undefined);
}

/** The text of a body in pieces. Throws NoAnswer over `cap` bytes, and what the connection or the decompression throws. */
async function* piecesOf(message: IncomingMessage, cap: number, log: BodyLog): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const bytes of unpacked(message) as AsyncIterable<Buffer>) {
    log.bytes += bytes.byteLength;
    if (log.bytes > cap) throw new NoAnswer("too-big");
    const text = decoder.decode(bytes, { stream: true });
    if (log.text.length < ERROR_CAP) log.text += text;
    yield text;
  }
}

/** More than a real list of tools has: parsing a million empty values, a small text, takes up to a thousand times its memory (zod 4, measured). */
const MOST_VALUES = 100_000;
const isTooMuch = (text: string): boolean => text.split(/[[{,]/, MOST_VALUES + 1).length > MOST_VALUES;

type Message = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Message =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const parse = (text: string): unknown => attempt(() => JSON.parse(text));

/** A JSON-RPC message, or the first of a batch; undefined if the text is neither. */
export const messageIn = (text: string): Message | undefined => [parse(text)].flat().find(isObject);

function rpcErrorOf(message: Message | undefined): RpcError | null {
  if (message === undefined || !isObject(message.error)) return null;
  const { code, message: words } = message.error;
  return typeof code === "number" ? { code, message: typeof words === "string" ? words : "" } : null;
}

/** The message of a JSON body that answers our id. Throws NoAnswer. */
function answerIn(text: string, id: unknown): Message {
  if (text.trim() === "") throw new NoAnswer("empty");
  if (isTooMuch(text)) throw new NoAnswer("too-big");
  const parsed = parse(text);
  if (parsed === undefined) throw new NoAnswer("bad-json");
  for (const message of [parsed].flat().filter(isObject)) {
    // an error without an id belongs to the only request of this POST
    const isOurs = message.id === id || (rpcErrorOf(message) !== null && (message.id ?? null) === null);
    if (isOurs && ("result" in message || rpcErrorOf(message) !== null)) return message;
  }
  throw new NoAnswer("not-rpc");
}

/** The messages of an event stream, whatever they are. */
async function* messagesIn(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  const found: string[] = [];
  const onEvent = ({ event = "message", data }: EventSourceMessage) => event === "message" && found.push(data);
  const parser = createParser({ onEvent });
  for await (const piece of pieces) {
    parser.feed(piece);
    yield* found.splice(0);
  }
  // after a CR, the parser waits for an LF
  parser.feed("\n");
  yield* found;
}

/** Our answer in an event stream, as JSON; returns as soon as it arrives. Throws NoAnswer, and what the connection throws. */
async function answerInStream(pieces: AsyncIterable<string>, id: unknown, log: BodyLog): Promise<string> {
  let isForeign = false;
  for await (const text of messagesIn(pieces)) {
    try {
      answerIn(text, id);
      return text;
    } catch (error) {
      if (!(error instanceof NoAnswer) || error.end === "too-big") throw error;
      // Requests and notifications of the server may come before our answer, but not an answer with another id.
      if (error.end === "bad-json") log.isBad = true;
      else if (error.end === "not-rpc" && !/"method"\s*:/.test(text)) isForeign = true;
    }
  }
  throw new NoAnswer(log.isBad ? "bad-json" : isForeign ? "not-rpc" : "stream-ended");
}

/** The revisions of MCP that an answer to a handshake or a discovery names. */
function revisionsIn(method: string, message: Message | undefined): readonly string[] {
  if (method !== "server/discover" && method !== "initialize") return [];
  const at = (value: unknown, key: string): unknown => Reflect.get(Object(value), key);
  const result = message?.result;
  const offered = at(result, "supportedVersions") ?? at(at(message?.error, "data"), "supported");
  const named = [offered, at(result, "protocolVersion")].flat();
  return named.filter((each): each is string => typeof each === "string" && each !== "").slice(0, 5);
}

/** The Response for the SDK, with the server's own answer. `room`: bytes. Throws NoAnswer, and what the connection throws. */
export async function read(reply: IncomingMessage, id: unknown, seen: Seen, log: BodyLog, room: number) {
  const { statusCode: status = 0, headers } = reply;
  const keep = (message: Message | undefined): void => {
    seen.rpcError = rpcErrorOf(message);
    seen.revisions = revisionsIn(seen.method, message);
  };
  if (status >= 300 && status < 400) throw new NoAnswer("redirect");
  if (status < 200) throw new NoAnswer("status");
  const type = { "content-type": seen.contentType ?? "" };
  if (status > 299) {
    // the status counts even if the body breaks or is too big
    const text = await textOf(piecesOf(reply, ERROR_CAP, log)).catch(() => log.text);
    keep(messageIn(text));
    seen.end = "status";
    if (status > 599) throw new NoAnswer("status");
    return new Response(text, { status, headers: type });
  }
  seen.end = "accepted";
  if (id === undefined) return new Response(null, { status: 202 });
  if (status === 202 || status === 204 || status === 205) throw new NoAnswer("empty");
  const isJson = /^\s*application\/json\s*(;|$)/iu.test(seen.contentType ?? "");
  if (!seen.stream && !isJson) {
    const page = await textOf(piecesOf(reply, ERROR_CAP, log)).catch(() => "too big, or broken");
    throw new NoAnswer(page.trim() === "" ? "empty" : "content-type");
  }
  const pieces = piecesOf(reply, room, log);
  const text = await (seen.stream ? answerInStream(pieces, id, log) : textOf(pieces));
  keep(answerIn(text, id));
  seen.end = "answered";
  const session = headers["mcp-session-id"];
  const ofSession = typeof session === "string" ? { "mcp-session-id": session } : {};
  return new Response(text, { status, headers: { "content-type": "application/json", ...ofSession } });
}
