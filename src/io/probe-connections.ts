/** The connections of one probe: watched (how long DNS, TCP and TLS took) and all closed at once when it is over. */
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ConnectTimings } from "../core/probe-record.ts";

interface ConnectOptions {
  readonly hostname: string;
  readonly protocol: string;
  readonly port: string;
  readonly servername?: string | null;
}
type ConnectDone = (error: Error | null, socket: Socket | null) => void;
interface Agent {
  destroy(): Promise<void>;
}
type AgentClass = new (options: {
  connect: (options: ConnectOptions, done: ConnectDone) => Socket;
  connections: number;
}) => Agent;

export interface Connections {
  /** For `fetch`'s init: `{ dispatcher }`, or nothing where Node keeps its agent to itself or a proxy is in force. */
  readonly init: RequestInit;
  /** A connection stands, or stood; undefined when connections cannot be watched. */
  readonly connected: () => boolean | undefined;
  /** Of the first connection that was tried. */
  readonly timings: () => ConnectTimings;
  /** Destroys every socket, those still connecting included. Never throws, may be called twice. */
  readonly close: () => void;
}

/**
 * Node's own undici, reached through the dispatcher that `fetch` registers. There is no public door to it, and the plain `fetch` leaves a
 * socket that is still connecting open for ten seconds after an abort and tells nobody how long a name took to resolve. Tried with Node 20,
 * 22, 24 and 26 (undici 6 to 8; 7 and later register version 2 of the interface too, 8 has a mere wrapper as version 1).
 * Only the plain Agent is copied: another class means that a proxy is in force (NODE_USE_ENV_PROXY, setGlobalProxyFromEnv).
 */
function agentClass(): AgentClass | undefined {
  // Naming Response loads undici, which registers its dispatcher.
  if (typeof Response !== "function") return undefined;
  const registered = (version: 1 | 2): unknown =>
    Reflect.get(globalThis, Symbol.for(`undici.globalDispatcher.${version}`));
  const dispatcher = registered(2) ?? registered(1);
  if (typeof dispatcher !== "object" || dispatcher === null) return undefined;
  const found = dispatcher.constructor;
  return found.name === "Agent" && typeof Reflect.get(dispatcher, "destroy") === "function"
    ? (found as AgentClass)
    : undefined;
}

/** Connections for one probe. Opens nothing yet. */
export function openConnections(): Connections {
  const sockets = new Set<Socket>();
  const timings: { dns: number | null; tcp: number | null; tls: number | null } = { dns: null, tcp: null, tls: null };
  let tried = 0;
  let stood = false;
  let closed = false;

  const connect = (options: ConnectOptions, done: ConnectDone): Socket => {
    const secure = options.protocol === "https:";
    const host = options.hostname;
    const target = { host, port: Number(options.port || (secure ? 443 : 80)), noDelay: true };
    const first = tried++ === 0;
    const start = performance.now();
    let mark = start;
    const lap = (step: "dns" | "tcp" | "tls"): void => {
      const now = performance.now();
      if (first && timings[step] === null) timings[step] = now - mark;
      mark = now;
    };
    if (first && isIP(host) !== 0) timings.dns = 0;
    const socket = secure
      ? connectTls({
          ...target,
          ALPNProtocols: ["http/1.1"],
          ...(isIP(host) === 0 ? { servername: options.servername || host } : {}),
        })
      : connectTcp(target);
    sockets.add(socket);
    let settled = false;
    const settle: ConnectDone = (error, ready) => {
      if (settled) return;
      settled = true;
      done(error, ready);
    };
    socket.once("lookup", (error: Error | null) => error === null && lap("dns"));
    socket.once("connect", () => lap("tcp"));
    socket.once(secure ? "secureConnect" : "connect", () => {
      if (secure) lap("tls");
      stood = true;
      settle(null, socket);
    });
    socket.on("error", (error: Error) => settle(error, null));
    socket.once("close", () => {
      sockets.delete(socket);
      settle(Object.assign(new Error("closed while connecting"), { code: "ECONNRESET" }), null);
    });
    if (closed) socket.destroy();
    return socket;
  };

  const AgentOfNode = agentClass();
  const agent = AgentOfNode === undefined ? undefined : new AgentOfNode({ connect, connections: 4 });
  return {
    // The type of `dispatcher` belongs to undici-types; here it is the very class that fetch uses itself.
    init: agent === undefined ? {} : ({ dispatcher: agent } as unknown as RequestInit),
    connected: () => (agent === undefined ? undefined : stood),
    timings: () => ({ seen: agent !== undefined, ...timings }),
    close: () => {
      if (closed) return;
      closed = true;
      agent?.destroy().catch(() => undefined);
      for (const socket of sockets) socket.destroy();
    },
  };
}
