/** What the faults are made of: a raw HTTP server that behaves until a fault says otherwise, raw sockets, and a second origin that must hear nothing. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { json as readJson } from "node:stream/consumers";
import type { Cause } from "../../src/core/diagnosis/diagnose.ts";

export interface Running {
  readonly url: string;
  /** Connections that are open now. */
  readonly open: () => number;
  readonly close: () => Promise<void>;
}

export interface Message {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: { readonly cursor?: string };
}

export interface Kit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly message: Message;
  /** Origin of the server that must hear nothing. */
  readonly second: string;
  /** The token as it came, for a server that repeats it. */
  readonly token: string;
}

export interface Fault {
  readonly name: string;
  /** Null: the probe must succeed all the same. */
  readonly cause: Cause | null;
  readonly start: (second: string) => Promise<Running>;
  /** A size attack: memory is watched. */
  readonly big?: boolean;
}

export type Answer = (kit: Kit) => void;

/** Listens on a free port of 127.0.0.1 and keeps count of its connections. */
export async function listen(server: Server, scheme: "http" | "https" = "http"): Promise<Running> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${scheme}://127.0.0.1:${port}/halo/core/mcp`,
    open: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

export const json = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void => {
  response
    .writeHead(status, { "content-type": "application/json", ...headers })
    .end(typeof body === "string" ? body : JSON.stringify(body));
};

export const text = (kit: Kit, status: number, body: string, headers: Record<string, string> = {}): void =>
  void kit.response.writeHead(status, headers).end(body);

/** Answers everything alike: with JSON, unless the body is a text. */
export const replies =
  (status: number, body: unknown = "", headers: Record<string, string> = {}): Answer =>
  (kit) =>
    typeof body === "string" ? text(kit, status, body, headers) : json(kit.response, status, body, headers);

/** Answers with a JSON-RPC error, with our id unless another is given. */
export const fails =
  (
    code: number,
    words: string,
    { id, status = 200, data }: { id?: unknown; status?: number; data?: unknown } = {},
  ): Answer =>
  ({ response, message }) =>
    json(response, status, rpcError(id === undefined ? message.id : id, code, words, data));

export const result = (message: Message, value: unknown): unknown => ({
  jsonrpc: "2.0",
  id: message.id,
  result: value,
});
export const rpcError = (id: unknown, code: number, words: string, data?: unknown): unknown => ({
  jsonrpc: "2.0",
  id,
  error: { code, message: words, ...(data === undefined ? {} : { data }) },
});

export const INITIALIZED = {
  protocolVersion: "2025-11-25",
  capabilities: { tools: {} },
  serverInfo: { name: "raw", version: "1" },
};
export const DISCOVERED = {
  resultType: "complete",
  ttlMs: 0,
  cacheScope: "private",
  supportedVersions: ["2026-07-28"],
  capabilities: { tools: {} },
  serverInfo: { name: "n", version: "1" },
};
export const TOOL = { name: "ask_agent", description: "Asks.", inputSchema: { type: "object" } };

/** A healthy server of 2025 without sessions, which asks for the token. */
export function behave({ request, response, message }: Kit): void {
  if (request.headers["x-cm-producttoken"] === undefined) json(response, 401, { error: "unauthorized" });
  else if (request.method === "DELETE") json(response, 200, {});
  else if (message.method === "initialize") json(response, 200, result(message, INITIALIZED));
  else if (message.method === "notifications/initialized") response.writeHead(202).end();
  else if (message.method === "tools/list") json(response, 200, result(message, { tools: [TOOL] }));
  else json(response, 400, rpcError(message.id, -32601, "Method not found"));
}

/** What a server of HTTP does with a request: it answers so at the methods named, or always, and else behaves. */
export const handler =
  (answer: Answer = behave, at?: readonly string[], second = "") =>
  (request: IncomingMessage, response: ServerResponse): void => {
    response.on("error", () => undefined);
    const reading = readJson(request).catch(() => ({})) as Promise<Message>;
    void reading.then((message) => {
      const token = String(request.headers["x-cm-producttoken"] ?? "");
      const isAt = at === undefined || at.includes(message.method ?? request.method ?? "");
      (isAt ? answer : behave)({ request, response, message, second, token });
    });
  };

/** An HTTP server that answers wrongly: always, or at the methods named. */
export const http = (
  name: string,
  cause: Cause | null,
  answer: Answer,
  at?: readonly string[],
  big = false,
): Fault => ({ name, cause, big, start: (second) => listen(createServer(handler(answer, at, second))) });

/** One that sends more than anybody wants: memory is watched. */
export const attack = (name: string, cause: Cause, answer: Answer, at?: readonly string[]): Fault =>
  http(name, cause, answer, at, true);

/** Answers with this result. */
export const answers =
  (value: unknown | ((message: Message) => unknown)): Answer =>
  ({ response, message }) =>
    json(response, 200, result(message, typeof value === "function" ? value(message) : value));

/** Answers with this text in place of a result, in an envelope of JSON-RPC. */
export const answersText =
  (text: string): Answer =>
  ({ response, message }) =>
    json(response, 200, `{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":${text}}`);

/** A server that treats the bare socket. `scheme` is what the URL claims. */
export function raw(
  name: string,
  cause: Cause,
  onSocket: (socket: Socket) => void,
  scheme: "http" | "https" = "http",
  big = false,
): Fault {
  const serve = (socket: Socket): void => {
    onSocket(socket);
    // Read, or the end of the other side goes unnoticed.
    socket.resume();
  };
  return { name, cause, big, start: () => listen(createTcpServer(serve), scheme) };
}

/** Writes `chunk` up to `times`, no faster than it is read. */
export function flood(stream: ServerResponse | Socket, chunk: Buffer, times: number): void {
  let left = times;
  const more = (): void => {
    while (left-- > 0 && !stream.destroyed) {
      if (!stream.write(chunk)) {
        stream.once("drain", more);
        return;
      }
    }
    stream.end();
  };
  more();
}

/** Writes `text` again and again until the other side goes. */
export function drip(stream: ServerResponse | Socket, text: string, everyMs: number): void {
  const timer = setInterval(() => stream.write(text), everyMs);
  stream.on("close", () => clearInterval(timer));
}

export const MIB = Buffer.alloc(1024 * 1024, 0x20);
export const HTML = "<!DOCTYPE html><html><body>Sign in</body></html>";
export const CONNECT = ["server/discover", "initialize"] as const;
export const TOOLS = ["tools/list"] as const;

export const sse = ({ response }: Kit, ...events: unknown[]): Kit["response"] => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of events) {
    response.write(`event: message\ndata: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`);
  }
  response.flushHeaders();
  return response;
};
/** A reset and nothing before it: `resetAndDestroy` ends the stream in good order first. */
export function cut(socket: Socket | null): void {
  if (socket === null) return;
  Reflect.set(socket, "resetAndClosing", true);
  socket.destroy();
}
/** Data and a reset that reach a busy client together are the end of a stream to it (libuv): what came before is to be read first. */
export const READ_MS = 250;
export const reset = ({ response }: Kit): void => void setTimeout(() => cut(response.socket), READ_MS);
export const html = { "content-type": "text/html; charset=utf-8" };
