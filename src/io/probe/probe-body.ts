/** Reading a body with a cap, and finding our answer in it: as JSON, or among the events of a stream. */
import type { Readable } from "node:stream";
import type { ExchangeEnd, RpcError } from "../../core/diagnosis/record.ts";

/** Of an answer, after decompression. */
export const ANSWER_CAP = 4 * 1024 * 1024;
/** Of all answers of a probe. */
export const PROBE_CAP = 8 * 1024 * 1024;
/** Of a body that comes with an error status. */
export const ERROR_CAP = 64 * 1024;

export type RpcId = string | number;

/** Most bodies end with their answer, or a moment later. Milliseconds. */
const MOMENT_MS = 10;

/** Waits a moment for the end of a body that nobody wants, so that its connection serves again; else the connection is ended. */
export async function letGo(body: Readable): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    timer = setTimeout(resolve, MOMENT_MS);
    body.on("error", resolve).once("end", resolve).once("close", resolve);
    body.resume();
  });
  clearTimeout(timer);
  body.destroy();
}

/** What was found in a body. `answer` is the JSON-RPC message that answers our id. */
export interface Found {
  readonly end: ExchangeEnd;
  readonly answer: Readonly<Record<string, unknown>> | null;
  readonly rpcError: RpcError | null;
}

/** Beginning of a body, kept while it is read, so that a failure half-way keeps what came. */
export interface BodyLog {
  text: string;
  bytes: number;
  cut: boolean;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The JSON-RPC error in a message, if it is one. The id that JSON-RPC leaves out or sets to null belongs to the only request of this POST. */
export function rpcErrorOf(message: unknown, id: RpcId | undefined): RpcError | null {
  if (!isObject(message) || !isObject(message.error)) return null;
  const { code, message: words } = message.error;
  if (typeof code !== "number") return null;
  const theirs = message.id;
  const whose = theirs === null || theirs === undefined ? "null" : theirs === id ? "ours" : "other";
  return { code, message: typeof words === "string" ? words : "", id: whose };
}

/** Our answer in a parsed body (one message, or a batch), or null. */
function answerIn(parsed: unknown, id: RpcId | undefined): Found | null {
  for (const message of Array.isArray(parsed) ? parsed : [parsed]) {
    if (!isObject(message)) continue;
    const rpcError = rpcErrorOf(message, id);
    if (rpcError !== null && rpcError.id !== "other") return { end: "answered", answer: { ...message, id }, rpcError };
    if (message.id === id && "result" in message) return { end: "answered", answer: message, rpcError: null };
  }
  return null;
}

/** Chunks of a body, decoded. A caller that stops early has to say what becomes of the body. */
async function* chunksOf(
  body: Readable,
  cap: number,
  log: BodyLog,
  keep: number,
): AsyncGenerator<string, "whole" | "too-big"> {
  const decoder = new TextDecoder();
  for await (const value of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    log.bytes += value.byteLength;
    if (log.bytes > cap) {
      body.destroy();
      return "too-big";
    }
    const text = decoder.decode(value, { stream: true });
    if (log.text.length < keep) log.text += text.slice(0, keep - log.text.length);
    yield text;
  }
  yield decoder.decode();
  return "whole";
}

/** A whole body, up to `cap` bytes. `log` gets its beginning while it is read. Throws what the connection throws. */
export async function readText(body: Readable, cap: number, log: BodyLog): Promise<{ text: string; whole: boolean }> {
  let text = "";
  const chunks = chunksOf(body, cap, log, ERROR_CAP);
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) return { text, whole: next.value === "whole" };
    text += next.value;
  }
}

/**
 * What no honest answer has: values in all, and in one another. A million empty ones are small as a text, a hundred times as large
 * when they are read, and a thousand times when the SDK says of each what is wrong with it.
 */
const MOST_VALUES = 300_000;
const DEEPEST = 200;
/** Of those that the SDK looks at. */
const MOST_CHECKED = 15_000;
/** What it does not look into: schemas, and what a tool answers as data. */
const UNCHECKED = new Set(["inputSchema", "outputSchema", "structuredContent", "_meta"]);

/** How many values the SDK would look at; stops counting above the bound. */
function checkedIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  let count = 1;
  for (const [key, each] of Object.entries(value)) {
    if (!UNCHECKED.has(key)) count += checkedIn(each);
    if (count > MOST_CHECKED) break;
  }
  return count;
}

/** Whether a text of JSON would be too much once it is read. Linear. */
function isTooMuch(text: string): boolean {
  let depth = 0;
  let values = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      // a backslash takes the next with it
      if (code === 0x5c) at++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x5b || code === 0x7b) {
      depth++;
      values++;
    } else if (code === 0x5d || code === 0x7d) depth--;
    else if (code === 0x2c) values++;
    if (depth > DEEPEST || values > MOST_VALUES) return true;
  }
  return false;
}

/** Our answer in a JSON body. */
export function findInJson(text: string, id: RpcId | undefined): Found {
  if (text.trim() === "") return { end: "empty", answer: null, rpcError: null };
  if (isTooMuch(text)) return { end: "too-big", answer: null, rpcError: null };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { end: "bad-json", answer: null, rpcError: null };
  }
  if (checkedIn(parsed) > MOST_CHECKED) return { end: "too-big", answer: null, rpcError: null };
  return answerIn(parsed, id) ?? { end: "not-rpc", answer: null, rpcError: null };
}

/**
 * Splits a growing text into the data of whole events (WHATWG server-sent events; other types than `message` are passed over).
 * `isLast`: nothing follows the chunk.
 */
function eventReader(): (chunk: string, isLast: boolean) => string[] {
  let pending = "";
  let data: string[] = [];
  let type = "";
  return (chunk, isLast) => {
    const events: string[] = [];
    pending += chunk;
    if (!/[\r\n]/u.test(isLast ? pending : chunk)) return events;
    // A CR at the end may be half of a CRLF.
    const held = !isLast && pending.endsWith("\r") ? "\r" : "";
    const lines = (held === "" ? pending : pending.slice(0, -1)).split(/\r\n|\n|\r/u);
    pending = (lines.pop() ?? "") + held;
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0 && (type === "" || type === "message")) events.push(data.join("\n"));
        data = [];
        type = "";
      } else if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
      else if (line.startsWith("event:")) type = line.slice(6).trim();
    }
    return events;
  };
}

/**
 * Our answer in an event stream; the wait ends as soon as it is there. `seen.bad` and `seen.foreign` are set while reading,
 * so that they are known when the stream breaks or never ends. Throws what the connection throws.
 */
export async function findInStream(
  body: Readable,
  cap: number,
  id: RpcId | undefined,
  log: BodyLog,
  seen: { bad: boolean; foreign: boolean },
): Promise<Found> {
  const chunks = chunksOf(body, cap, log, ERROR_CAP);
  const take = eventReader();
  for (;;) {
    const next = await chunks.next();
    const isLast = next.done === true;
    for (const event of take(isLast ? "" : next.value, isLast)) {
      const found = findInJson(event, id);
      if (found.end === "answered" || found.end === "too-big") {
        await chunks.return("whole");
        await letGo(body);
        return found;
      }
      // Requests and notifications of the server may come before our answer; an answer to somebody else may not.
      if (found.end === "bad-json") seen.bad = true;
      else if (found.end === "not-rpc" && !/"method"\s*:/u.test(event)) seen.foreign = true;
    }
    if (isLast) {
      const end =
        next.value === "too-big" ? "too-big" : seen.bad ? "bad-json" : seen.foreign ? "not-rpc" : "stream-ended";
      return { end, answer: null, rpcError: null };
    }
  }
}
