/** A CONNECT proxy on loopback that writes down every byte it was told outside a tunnel, and the ways in which one fails. */
import { connect, createServer as createTcpServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Cause } from "../../src/core/diagnosis/diagnose.ts";
import { drip, flood, listen } from "./fault-kit.ts";

export interface RunningProxy {
  readonly host: string;
  /** For a proxy variable; with `user:password` as it is to stand in it. */
  readonly url: (login?: string) => string;
  /** What came before a tunnel, or without one. */
  readonly heads: readonly string[];
  /** What clients sent into tunnels. */
  readonly inside: () => string;
  readonly open: () => number;
  readonly close: () => Promise<void>;
}

export interface ProxySettings {
  /** `user:password`, decoded, that it demands. */
  readonly login?: string;
  /** Spoken to over TLS. */
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer };
  /** Instead of a tunnel, when a head has come. */
  readonly answer?: (socket: Socket) => void;
  /** Where every tunnel leads, whatever was asked for: the proxy's own view of names. */
  readonly to?: number;
}

export async function startProxy(settings: ProxySettings = {}): Promise<RunningProxy> {
  const heads: string[] = [];
  let inside = "";
  const wanted = settings.login && `proxy-authorization: basic ${Buffer.from(settings.login).toString("base64")}`;
  const serve = (socket: Socket): void => {
    socket.on("error", () => undefined);
    let text = "";
    const onData = (chunk: Buffer): void => {
      text += chunk.toString("latin1");
      if (!text.includes("\r\n\r\n")) return;
      socket.off("data", onData);
      heads.push(text);
      if (settings.answer !== undefined) {
        socket.resume();
        settings.answer(socket);
        return;
      }
      const lines = text.split("\r\n").map((line) => line.toLowerCase());
      if (wanted && !lines.some((line) => line === wanted.toLowerCase())) {
        socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\n\r\n");
        return;
      }
      const [, host = "", port = ""] = /^CONNECT (?:\[?([^\]\s]+)\]?):(\d+) HTTP\/1\.1/.exec(text) ?? [];
      const target = connect(settings.to ?? Number(port), settings.to === undefined ? host : "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n");
        socket.on("data", (sent: Buffer) => {
          inside += sent.toString("latin1");
        });
        socket.pipe(target).pipe(socket);
      });
      target.on("error", () => socket.destroy());
      socket.on("close", () => target.destroy());
      // nothing reads the client's end once the target is gone
      target.on("close", () => socket.destroySoon());
    };
    socket.on("data", onData);
  };
  const server = settings.tls === undefined ? createTcpServer(serve) : createTlsServer(settings.tls, serve);
  if (settings.tls !== undefined) server.on("tlsClientError", () => undefined);
  const running = await listen(server);
  const { host } = new URL(running.url);
  return {
    host,
    url: (login) => `http${settings.tls ? "s" : ""}://${login === undefined ? "" : `${login}@`}${host}`,
    heads,
    inside: () => inside,
    open: running.open,
    close: running.close,
  };
}

export interface ProxyFault {
  readonly name: string;
  readonly cause: Cause;
  /** What the sentence about it must say. */
  readonly says: string;
  readonly start: () => Promise<RunningProxy>;
}

const fault = (
  name: string,
  says: string,
  answer: (socket: Socket) => void,
  cause: Cause = "proxy-failed",
): ProxyFault => ({ name, cause, says, start: () => startProxy({ answer }) });

async function deadProxy(): Promise<RunningProxy> {
  const proxy = await startProxy();
  await proxy.close();
  return { ...proxy, close: async () => undefined };
}
/** Too long a label for any name: nobody is asked. */
const NOBODY = `${"a".repeat(70)}.invalid:3128`;

export const PROXY_FAULTS: readonly ProxyFault[] = [
  { name: "that is dead", cause: "proxy-failed", says: "nothing listens there (ECONNREFUSED)", start: deadProxy },
  {
    name: "whose name nobody knows",
    cause: "proxy-failed",
    says: "name could not be resolved",
    start: async () => ({ ...(await deadProxy()), host: NOBODY, url: () => `http://${NOBODY}` }),
  },
  {
    name: "that wants a password",
    cause: "proxy-auth",
    says: "It asks for: Basic",
    start: () => startProxy({ login: "somebody:else" }),
  },
  fault(
    "that wants Negotiate",
    "It asks for: Negotiate, NTLM",
    (socket) => socket.end("HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n\r\n"),
    "proxy-auth",
  ),
  fault("that answers 502", 'HTTP 502: "Bad Gateway"', (socket) => socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n")),
  fault("that forbids", 'HTTP 403: "by policy"', (socket) =>
    socket.end("HTTP/1.1 403 by policy\r\ncontent-length: 3\r\n\r\nno!"),
  ),
  fault("that redirects", "HTTP 302", (socket) =>
    socket.end("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\n\r\n"),
  ),
  fault("that talks nonsense", "not HTTP", (socket) => socket.end("SSH-2.0-OpenSSH_9.6\r\n")),
  fault("with an odd status line", "not HTTP", (socket) => socket.end("HTTP/1.1 okay\r\n\r\n")),
  fault("that wants TLS", "not HTTP", (socket) => socket.end(Buffer.from([0x15, 3, 1, 0, 2, 2, 70]))),
  fault("that answers with a page of its own", "answered with a page of its own", (socket) =>
    socket.end("HTTP/1.1 200 OK\r\n\r\n<html>sign in</html>"),
  ),
  fault("that says nothing", "did not open a tunnel within", () => undefined),
  fault("that drips", "did not open a tunnel within", (socket) => {
    socket.write("HTTP/1.1 200 OK\r\n");
    drip(socket, "x: y\r\n", 30);
  }),
  fault("with a huge head", "not HTTP", (socket) => {
    socket.write("HTTP/1.1 200 OK\r\n");
    flood(socket, Buffer.from(`x-bomb: ${"a".repeat(8000)}\r\n`), 20_000);
  }),
  fault("that closes early", "closed the connection", (socket) => socket.end()),
  fault("that closes in the head", "closed the connection", (socket) => socket.end("HTTP/1.1 200 O")),
  fault(
    "that cuts",
    "closed the connection before it opened a tunnel (ECONNRESET)",
    (socket) => void socket.resetAndDestroy(),
  ),
];
