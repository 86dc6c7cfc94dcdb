/** Faults in what comes after the headers: bodies, encodings, event streams. */
import { gzipSync } from "node:zlib";
import type { Cause } from "../../src/core/diagnosis/diagnose.ts";
import {
  type Answer,
  attack,
  drip,
  type Fault,
  flood,
  HTML,
  html,
  http,
  INITIALIZED,
  MIB,
  replies,
  reset,
  result,
  rpcError,
  sse,
} from "./fault-kit.ts";

const JSON_TYPE = { "content-type": "application/json" };

export const bodies: Fault[] = [
  http("a web page", "html-answer", replies(200, HTML, html)),
  http("a web page that says it is JSON", "html-answer", replies(200, HTML, JSON_TYPE)),
  http("text/plain", "wrong-content-type", replies(200, "ok", { "content-type": "text/plain" })),
  http("no content type", "wrong-content-type", replies(200, "ok")),
  http("bad JSON", "bad-json", replies(200, '{"jsonrpc":', JSON_TYPE)),
  http("an empty body", "empty-answer", replies(200, "", JSON_TYPE)),
  http("202 to initialize", "empty-answer", replies(202)),
  http("204 to initialize", "empty-answer", replies(204)),
  http("an answer with another id", "not-mcp", replies(200, { jsonrpc: "2.0", id: 9999, result: INITIALIZED })),
  http("JSON that is no JSON-RPC", "not-mcp", replies(200, { hello: "world" })),
  http(
    "JSON that is no JSON-RPC, and refuses",
    "unauthorized",
    replies(200, { statusCode: 401, message: "Unauthorized" }),
  ),
  http("JSON that is no JSON-RPC, and denies", "forbidden", replies(200, { success: false, error: "Access denied" })),
  http("a body shorter than announced", "closed-early", (kit) => {
    kit.response.writeHead(200, { ...JSON_TYPE, "content-length": "500" }).write('{"jsonrpc"');
    setTimeout(() => kit.response.socket?.end(), 20);
  }),
  http("a reset after the headers", "reset", (kit) => {
    kit.response.writeHead(200, { ...JSON_TYPE, "content-length": "500" }).write("{");
    reset(kit);
  }),
  http("a body that drips", "timeout", (kit) => drip(kit.response.writeHead(200, JSON_TYPE), " ", 20)),
  http("headers, then nothing", "timeout", (kit) => kit.response.writeHead(200, JSON_TYPE).flushHeaders()),
  attack("1 GB of JSON", "too-big", (kit) => flood(kit.response.writeHead(200, JSON_TYPE), MIB, 1024)),
  attack("1 GB of a web page", "html-answer", (kit) => flood(kit.response.writeHead(200, html), MIB, 1024)),
  attack("a gzip bomb of 1 GB", "too-big", (kit) => {
    const member = gzipSync(Buffer.alloc(16 * 1024 * 1024, 0x20));
    flood(kit.response.writeHead(200, { ...JSON_TYPE, "content-encoding": "gzip" }), member, 64);
  }),
  http("bad gzip", "bad-encoding", replies(200, "this is not gzip", { ...JSON_TYPE, "content-encoding": "gzip" })),
  http("gzip cut short", "bad-encoding", (kit) => {
    const packed = gzipSync(JSON.stringify(result(kit.message, INITIALIZED)));
    kit.response.writeHead(200, { ...JSON_TYPE, "content-encoding": "gzip" }).end(packed.subarray(0, 30));
  }),
  http("an encoding nobody asked for", "bad-encoding", ({ response }) => {
    response.writeHead(200, { ...JSON_TYPE, "content-encoding": "x-unknown" });
    response.end(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3]));
  }),
];

const atInitialize = (name: string, cause: Cause | null, answer: Answer): Fault =>
  http(name, cause, answer, ["initialize"]);
/** A stream that closes after our answer. */
const ends =
  (end: string): Answer =>
  ({ response, message }) =>
    void response
      .writeHead(200, { "content-type": "text/event-stream" })
      .end(`data: ${JSON.stringify(result(message, INITIALIZED))}${end}`);

export const streams: Fault[] = [
  http("a stream that ends early", "stream-ended", (kit) => {
    const params = { level: "info", data: "x" };
    sse(kit, { jsonrpc: "2.0", method: "notifications/message", params }).end();
  }),
  http("a stream that resets", "reset", (kit) => {
    sse(kit);
    reset(kit);
  }),
  http("a stream cut off", "stream-ended", (kit) => {
    sse(kit);
    setTimeout(() => kit.response.socket?.end(), 20);
  }),
  http("a stream with bad JSON", "bad-json", (kit) => void sse(kit, "{not json").end()),
  http("a stream with bad JSON that never ends", "bad-json", (kit) => void sse(kit, "{not json")),
  http("a stream that never ends", "timeout", (kit) => void sse(kit)),
  http("a stream of comments", "timeout", (kit) => drip(sse(kit), ": still here\n\n", 20)),
  http("a stream with another id", "not-mcp", (kit) => void sse(kit, { jsonrpc: "2.0", id: 9999, result: {} }).end()),
  http("a stream with an error", "rpc-error", (kit) => {
    sse(kit, rpcError(kit.message.id, -32000, "No such profile"));
  }),
  attack("1 GB in one event", "too-big", (kit) => flood(sse(kit, "x"), MIB, 1024)),
  atInitialize("a good stream that stays open", null, (kit) => {
    sse(kit, { jsonrpc: "2.0", id: "ping-1", method: "ping" }, result(kit.message, INITIALIZED));
  }),
  atInitialize("a good stream whose last event ends with CR CR, and the stream with it", null, ends("\r\r")),
  atInitialize("a stream whose last event has no end", "stream-ended", ends("\r")),
  atInitialize("a good stream with CRLF, in single bytes", null, (kit) => {
    const [id, value] = [kit.message.id, INITIALIZED].map((each) => JSON.stringify(each));
    const lines = [": hi", "id: 1", 'data: {"jsonrpc":"2.0",', `data: "id":${id},"result":${value}}`, "", ""];
    const bytes = [...`\uFEFF${lines.join("\r\n")}`];
    sse(kit);
    const timer = setInterval(
      () => (bytes.length === 0 ? clearInterval(timer) : void kit.response.write(bytes.splice(0, 3).join(""))),
      1,
    );
  }),
];
