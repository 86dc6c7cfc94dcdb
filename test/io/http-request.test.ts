/** One request over HTTP: what the connection test relies on beyond what the faults try. Real servers on loopback. */
import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { type Message, send } from "../../src/io/probe/http-request.ts";
import { Headers as PlainHeaders } from "../../src/io/probe/plain-headers.ts";
import { probe } from "../../src/io/probe/probe.ts";
import { READ_MS } from "../servers/fault-kit.ts";
import { type StandIn, startStandIn } from "../servers/stand-in.mjs";

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function listen(server: Server): Promise<URL> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  open.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp?a=b`);
}

function ask(url: URL, more: Partial<Message> = {}) {
  const agent = more.agent ?? new Agent();
  open.push(() => agent.destroy());
  return send({ url, method: "POST", headers: {}, body: "{}", agent, ...more });
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const PACKERS: Readonly<Record<string, (text: Buffer) => Buffer>> = {
  gzip: gzipSync,
  "x-gzip": gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
};

describe("a body", () => {
  it.each(["gzip", "x-gzip", "GZIP", "deflate", "br", "gzip, br", "deflate, identity, gzip", "identity"])(
    "is unpacked from %s",
    async (coding) => {
      const names = coding.toLowerCase().split(", ");
      const packed = names.reduce<Buffer>((text, name) => PACKERS[name]?.(text) ?? text, Buffer.from('{"héllo":1}'));
      const url = await listen(
        createServer((_request, response) => void response.setHeader("content-encoding", coding).end(packed)),
      );
      const reply = await ask(url).reply;
      expect(await textOf(reply.body)).toBe('{"héllo":1}');
      expect(reply.header("content-encoding")).toBe(coding);
    },
  );

  it.each(["x-unknown", "gzip, x-unknown", "gzip, gzip, gzip"])("of coding %s stays as it is", async (coding) => {
    const packed = gzipSync("hello");
    const url = await listen(
      createServer((_request, response) => void response.setHeader("content-encoding", coding).end(packed)),
    );
    const chunks: Buffer[] = [];
    for await (const chunk of (await ask(url).reply).body) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).equals(packed)).toBe(true);
  });

  it("that is packed and left early ends its connection", async () => {
    const packed = gzipSync(Buffer.alloc(1024, "x"));
    let closed: Promise<unknown> = Promise.resolve();
    const url = await listen(
      createServer((_request, response) => {
        closed = once(response, "close");
        response.setHeader("content-encoding", "gzip");
        const more = (): void => {
          while (!response.destroyed && response.write(packed));
          if (!response.destroyed) response.once("drain", more);
        };
        more();
      }),
    );
    const { body } = await ask(url).reply;
    for await (const _ of body) break;
    await closed;
  });
});

describe("a request", () => {
  it("says what it is about, and nothing of its own beside", async () => {
    const heard: IncomingMessage[] = [];
    const bodies: string[] = [];
    const url = await listen(
      createServer(async (request, response) => {
        heard.push(request);
        bodies.push(await textOf(request));
        response.end();
      }),
    );
    await ask(url, { headers: { accept: "a/b", "x-own": "1" }, body: "€" }).reply;
    await ask(url, { method: "DELETE", body: undefined }).reply;
    expect(heard.map(({ method, url: path }) => [method, path])).toEqual([
      ["POST", "/mcp?a=b"],
      ["DELETE", "/mcp?a=b"],
    ]);
    expect(bodies).toEqual(["€", ""]);
    expect(heard[0]?.headers).toEqual({
      accept: "a/b",
      "x-own": "1",
      host: url.host,
      "accept-encoding": "gzip, br",
      "content-length": "3",
      connection: "close",
    });
  });

  const codeOf = (error: unknown): unknown => Reflect.get(Object(error), "code");

  it("tells a connection that was closed from one that was reset, before the answer and in it", async () => {
    const ends: ((socket: Socket) => void)[] = [
      (socket) => socket.end(),
      (socket) => socket.resetAndDestroy(),
      (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab"),
      (socket) =>
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab", () =>
          setTimeout(() => socket.resetAndDestroy(), READ_MS),
        ),
    ];
    const codes: unknown[] = [];
    for (const end of ends) {
      const url = await listen(createTcpServer((socket) => void socket.once("data", () => end(socket))));
      const sending = ask(url);
      const failure = await sending.reply.then(({ body }) => textOf(body)).catch((error: unknown) => error);
      codes.push(codeOf(sending.broken() ?? failure));
    }
    const [closed, reset] = ["ERR_STREAM_PREMATURE_CLOSE", "ECONNRESET"];
    expect(codes).toEqual([closed, reset, closed, reset]);
  });

  it("can be ended at any time, before there is a connection too", async () => {
    const url = await listen(createTcpServer(() => undefined));
    const waiting = ask(url);
    const agent = new Agent();
    agent.createConnection = () => undefined;
    const dialling = ask(url, { agent });
    for (const { reply, cancel } of [waiting, dialling]) {
      cancel();
      await expect(reply).rejects.toThrow();
    }
  });
});

describe("a server that closes a connection when it is used again", () => {
  /** In front of a stand-in: the second request of every connection is swallowed, and the connection closed. */
  async function impatient(standIn: StandIn, seen: string[]): Promise<URL> {
    const used = new WeakSet<Socket>();
    const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const body = await textOf(request);
      const { method } = JSON.parse(body || "{}") as { method?: string };
      seen.push(method ?? request.method ?? "");
      if (used.has(request.socket)) return void request.socket.destroy();
      used.add(request.socket);
      const headers = Object.fromEntries(
        Object.entries(request.headers).filter(([name]) => !/^(host|connection|content-length)$/.test(name)),
      ) as Record<string, string>;
      const answer = await fetch(standIn.url, { method: request.method ?? "POST", headers, body: body || null });
      const text = await answer.text();
      const kept = ["content-type", "mcp-session-id"].flatMap((name) => {
        const value = answer.headers.get(name);
        return value === null ? [] : [[name, value] as const];
      });
      response.writeHead(answer.status, Object.fromEntries(kept)).end(text);
    };
    return await listen(createServer((request, response) => void pass(request, response)));
  }

  it("gets the request once more on a new one, and a tool's on a new one at once", async () => {
    const values = { token: "made-up-token-0123456789abcdef", accountId: "account-1", profileId: "profile-7" };
    const standIn = await startStandIn({ ...values, answers: "json" });
    open.push(() => void standIn.close());
    const seen: string[] = [];
    const url = await impatient(standIn, seen);
    const record = await probe({
      url: url.href,
      headers: {
        "X-CM-PRODUCTTOKEN": values.token,
        "CM-ACCOUNT-ID": values.accountId,
        "CM-PROFILE-ID": values.profileId,
      },
      tokenHeader: "X-CM-PRODUCTTOKEN",
      timeoutMs: 10_000,
      version: "0.0.0-test",
      signal: new AbortController().signal,
      network: () => ({ proxy: null, verify: true, secrets: [] }),
      call: { tool: "ask_agent", args: { question: "?" } },
    });
    expect(record.outcome).toMatchObject({ connected: true, listed: true, call: { ok: true } });
    expect(record.control).toMatchObject({ listed: false });
    expect(seen.filter((method) => method === "initialize").length).toBeGreaterThan(2);
    expect(record.exchanges.some(({ repeated }) => repeated > 0)).toBe(true);
    // it goes out on a connection of its own: there is no second try
    expect(seen.filter((method) => method === "tools/call")).toHaveLength(1);
  });
});

describe("the headers of the bundled MCP client", () => {
  it("do what Node's own do, for names in any case", () => {
    for (const Kind of [PlainHeaders, globalThis.Headers]) {
      const headers = new Kind({ "X-A": "1", accept: "a/b" });
      headers.append("x-a", "2");
      headers.set("Mcp-Session-Id", "s");
      headers.set("gone", "x");
      headers.delete("GONE");
      expect([headers.get("X-a"), headers.has("mcp-session-ID"), headers.get("gone"), headers.has("gone")]).toEqual([
        "1, 2",
        true,
        null,
        false,
      ]);
      const pairs = [
        ["accept", "a/b"],
        ["mcp-session-id", "s"],
        ["x-a", "1, 2"],
      ];
      expect([...headers].sort()).toEqual(pairs);
      expect([...new Kind(headers as never)].sort()).toEqual(pairs);
      expect(Object.fromEntries(headers.entries())).toEqual(Object.fromEntries(pairs));
    }
  });
});
