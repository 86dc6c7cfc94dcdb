/** Reading the body of an answer within bounds, and finding our JSON-RPC answer in it: as JSON, or among the events of a stream. */
import type { IncomingMessage } from "node:http";
import { pipeline, type Readable } from "node:stream";
import { constants, createBrotliDecompress, createUnzip } from "node:zlib";
import type { ExchangeEnd, RpcError } from "../../core/diagnosis/record.ts";

/** Bytes of a body, after decompression, that are kept for the record; no body that comes with an error status is read further. */
export const ERROR_CAP = 64 * 1024;

/** A response that does not answer our request; `end` says what it is. The message holds no text of a server. */
export class NoAnswer extends Error {
  readonly end: ExchangeEnd;
  constructor(end: ExchangeEnd) {
    super(end);
    this.end = end;
  }
}

/** What is known of a body while it is read, so that a failure half-way keeps what came. */
export interface BodyLog {
  text: string;
  bytes: number;
  /** An event of the stream was no JSON. */
  isBad: boolean;
}

/** The decompressed body; unchanged if the coding is not gzip, deflate or br. */
function unpacked(message: IncomingMessage): Readable {
  const coding = message.headers["content-encoding"]?.trim().toLowerCase() ?? "";
  // as fetch does: data is passed on at once, and a missing end is not an error
  const flush = constants.Z_SYNC_FLUSH;
  if (/^(?:x-)?gzip$|^deflate$/.test(coding))
    return pipeline(message, createUnzip({ flush, finishFlush: flush }), () => undefined);
  const brotli = constants.BROTLI_OPERATION_FLUSH;
  if (coding !== "br") return message;
  return pipeline(message, createBrotliDecompress({ flush: brotli, finishFlush: brotli }), () => undefined);
}

/** The text of a body in pieces. Throws NoAnswer over `cap` bytes, and what the connection or the decompression throws. */
export async function* piecesOf(message: IncomingMessage, cap: number, log: BodyLog): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const bytes of unpacked(message) as AsyncIterable<Buffer>) {
    log.bytes += bytes.byteLength;
    if (log.bytes > cap) throw new NoAnswer("too-big");
    const text = decoder.decode(bytes, { stream: true });
    if (log.text.length < ERROR_CAP) log.text += text;
    yield text;
  }
}

export async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

/**
 * More values, or deeper nesting, than a real answer has. A million empty values are a small text, take a hundred times the memory when
 * parsed, and a thousand times when the SDK reports what is wrong with each (zod 4, measured).
 */
const MOST_VALUES = 300_000;
const DEEPEST = 200;
/** Bound for the values that the SDK validates. */
const MOST_CHECKED = 15_000;
/** Fields that it does not validate in depth. */
const UNCHECKED = new Set(["inputSchema", "outputSchema", "structuredContent", "_meta"]);

/** How many values the SDK would validate; stops counting above the bound. */
function checkedIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  let count = 1;
  for (const [key, each] of Object.entries(value)) {
    if (!UNCHECKED.has(key)) count += checkedIn(each);
    if (count > MOST_CHECKED) break;
  }
  return count;
}

const [QUOTE, BACKSLASH, BRACKET, BRACE, COMMA] = [0x22, 0x5c, 0x5b, 0x7b, 0x2c];

/** Whether a JSON text is over the bounds, without parsing it. */
function isTooMuch(text: string): boolean {
  let depth = 0;
  let values = 0;
  let isString = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) isString = !isString;
    else if (isString) at += char === BACKSLASH ? 1 : 0;
    else if (char === BRACKET || char === BRACE) {
      depth++;
      values++;
    } else if (char === BRACKET + 2 || char === BRACE + 2) depth--;
    else if (char === COMMA) values++;
    if (depth > DEEPEST || values > MOST_VALUES) return true;
  }
  return false;
}

export type Message = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Message =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A JSON-RPC message, or the first of a batch; undefined where the text is none. */
export function messageIn(text: string): Message | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return [parsed].flat().find(isObject);
  } catch {
    return undefined;
  }
}

/** The JSON-RPC error in a message, if it is one. */
export function rpcErrorOf(message: Message | undefined): RpcError | null {
  if (message === undefined || !isObject(message.error)) return null;
  const { code, message: words } = message.error;
  return typeof code === "number" ? { code, message: typeof words === "string" ? words : "" } : null;
}

/** The message of a JSON body that answers our id. Throws NoAnswer. */
export function answerIn(text: string, id: unknown): Message {
  if (text.trim() === "") throw new NoAnswer("empty");
  if (isTooMuch(text)) throw new NoAnswer("too-big");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new NoAnswer("bad-json");
  }
  if (checkedIn(parsed) > MOST_CHECKED) throw new NoAnswer("too-big");
  for (const message of Array.isArray(parsed) ? parsed : [parsed]) {
    if (!isObject(message)) continue;
    // an error without an id belongs to the only request of this POST
    const isOurs = message.id === id || (rpcErrorOf(message) !== null && (message.id ?? null) === null);
    if (isOurs && ("result" in message || rpcErrorOf(message) !== null)) return message;
  }
  throw new NoAnswer("not-rpc");
}

/** The events of a stream (WHATWG, "Server-sent events"), each as its lines. One without a blank line after it is none. */
async function* eventsIn(pieces: AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  let lines: string[] = [];
  let rest = "";
  const take = (lineEnd: RegExp): (readonly string[])[] => {
    const events: string[][] = [];
    const found = rest.split(lineEnd);
    rest = found.pop() ?? "";
    for (const line of found) {
      if (line !== "") lines.push(line);
      else {
        events.push(lines);
        lines = [];
      }
    }
    return events;
  };
  for await (const piece of pieces) {
    rest += piece;
    // an LF that belongs to a CR at the end may follow
    if (/[\r\n]/.test(piece)) yield* take(/\r\n|\n|\r(?!$)/);
  }
  yield* take(/\r\n|\n|\r/);
}

/** Our answer in an event stream, as JSON; the wait ends as soon as it is there. Throws NoAnswer, and what the connection throws. */
export async function answerInStream(pieces: AsyncIterable<string>, id: unknown, log: BodyLog): Promise<string> {
  let isForeign = false;
  for await (const lines of eventsIn(pieces)) {
    const values = (field: string): string[] =>
      lines
        .filter((line) => line.startsWith(`${field}:`))
        .map((line) => line.slice(field.length + 1).replace(/^ /, ""));
    const [type, data] = [values("event").at(-1)?.trim() ?? "", values("data")];
    if (data.length === 0 || (type !== "" && type !== "message")) continue;
    const text = data.join("\n");
    try {
      answerIn(text, id);
      return text;
    } catch (error) {
      if (!(error instanceof NoAnswer) || error.end === "too-big") throw error;
      // Requests and notifications of the server may come before our answer; an answer to somebody else may not.
      if (error.end === "bad-json") log.isBad = true;
      else if (error.end === "not-rpc" && !/"method"\s*:/.test(text)) isForeign = true;
    }
  }
  throw new NoAnswer(log.isBad ? "bad-json" : isForeign ? "not-rpc" : "stream-ended");
}
