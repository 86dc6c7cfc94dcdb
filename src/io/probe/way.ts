/**
 * Connects to a server, one stage after the other: name look-up (dns), connection and proxy tunnel (tcp), TLS (tls). It sends nothing but
 * the CONNECT. It has no time limit: the caller stops it with `close`. A name look-up cannot be cancelled, so the process can end
 * late when no name server answers (docs/limits.md).
 */
import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { request } from "node:http";
import { connect, isIP, type Socket } from "node:net";
import type { AddressFacts, ProxyFacts, WayFacts } from "../../core/diagnosis/record.ts";
import type { Network, ProxyRoute } from "../../core/proxy.ts";
import { newTrust } from "./tls.ts";

export interface Way {
  /** One connection, TLS included, over which nothing was sent. Rejects with an error whose codes say what failed. */
  readonly connect: () => Promise<Socket>;
  readonly facts: () => WayFacts;
  /** Destroys every socket, those still connecting included. Never throws. */
  readonly close: () => void;
}

type Stage = keyof WayFacts["timings"];
type Note = (address: unknown, outcome: AddressFacts["outcome"], code?: string) => void;
type Keep = (socket: Socket) => void;
type Answer = Pick<ProxyFacts, "tunnel" | "status" | "said" | "schemes">;

const codeOf = (error: unknown): string => String(Reflect.get(Object(error), "code") ?? "");

/** Tries the addresses in turn, IPv6 and IPv4, as Node does by itself. */
function reach(found: LookupAddress[], host: string, port: number, note: Note, keep: Keep): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      noDelay: true,
      autoSelectFamily: true,
      lookup: (_name, _options, done) => done(null, found),
    });
    keep(socket);
    socket.on("connectionAttemptFailed", (address, _port, _family, error) => note(address, "failed", codeOf(error)));
    socket.on("connectionAttemptTimeout", (address) => note(address, "failed", "ETIMEDOUT"));
    socket.once("connect", () => {
      note(socket.remoteAddress, "connected");
      resolve(socket);
    });
    socket.once("error", (error) => {
      note(Reflect.get(error, "address"), "failed", codeOf(error));
      reject(error);
    });
  });
}

/**
 * An error of the proxy, not of the server. `HALO_PROXY_AUTH`: 407 · `HALO_PROXY_STATUS`: any other unsuccessful answer ·
 * `HALO_PROXY_PAGE`: a success, and then a page of its own instead of a tunnel · `HALO_PROXY`: see the cause.
 */
const proxyError = (code: `HALO_PROXY${"" | "_AUTH" | "_STATUS" | "_PAGE"}`, cause?: unknown): Error =>
  Object.assign(new Error("proxy", { cause }), { code });

/** Asks the proxy for a tunnel; it gets `authority` (host:port) and its own credentials. No time limit. */
function openTunnel(
  socket: Socket,
  authority: string,
  credentials: ProxyRoute["credentials"],
  onAnswer: (answer: Answer) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request({ method: "CONNECT", path: authority, createConnection: () => socket });
    asked.setHeader("Host", authority);
    asked.removeHeader("Connection");
    if (credentials !== null) {
      const login = Buffer.from(`${credentials.user}:${credentials.password}`).toString("base64");
      asked.setHeader("Proxy-Authorization", `Basic ${login}`);
    }
    asked.once("connect", ({ statusCode: status = 0, statusMessage: said = "", headersDistinct }, _, rest) => {
      const schemes = (headersDistinct["proxy-authenticate"] ?? []).flatMap((line) => /^[\w-]{1,40}/.exec(line) ?? []);
      const isSuccess = status >= 200 && status <= 299;
      // bytes of the proxy: a TLS server never speaks first
      const tunnel = isSuccess && rest.length === 0;
      onAnswer({ tunnel, status, said, schemes: [...new Set(schemes)] });
      if (tunnel) resolve();
      else if (isSuccess) reject(proxyError("HALO_PROXY_PAGE"));
      else reject(proxyError(status === 407 ? "HALO_PROXY_AUTH" : "HALO_PROXY_STATUS"));
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** The open sockets. After `close`, a new one is closed at once. */
function socketSet() {
  const sockets = new Set<Socket>();
  let isClosed = false;
  const keep: Keep = (socket) => {
    sockets.add(socket);
    // without a listener, an error after the wait would end the process
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
    if (isClosed) socket.destroy();
  };
  const close = (): void => {
    isClosed = true;
    // Newest first: destroy the TLS socket before the TCP socket. The other order crashes Node 20.20 (SIGSEGV, measured 2026-11-22).
    for (const socket of [...sockets].reverse()) socket.destroy();
  };
  return { keep, close };
}

/** No connection is opened before `connect`. `onPassed`: a stage of the first connection is done. */
export function openWay(url: URL, network: Network, onPassed: (stage: Stage) => void): Way {
  const isSecure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(url.port || (isSecure ? 443 : 80));
  const proxy = network.proxy?.bypassedBy === null ? network.proxy : null;
  const [ofServer, ofProxy] = [newTrust(network.verify), newTrust(network.verify)];
  const timings: Record<Stage, number | null> = { dns: null, tcp: null, tls: null };
  const addresses = new Map<string, AddressFacts>();
  const { keep, close } = socketSet();
  let answer: Answer = { tunnel: false, status: null, said: "", schemes: [] };

  const note: Note = (address, outcome, code) => {
    const family = isIP(String(address));
    if (family === 4 || family === 6)
      addresses.set(String(address), { address: String(address), family, outcome, code: code ?? null });
  };

  const dial = async (): Promise<Socket> => {
    let mark = performance.now();
    const passed = (stage: Stage): void => {
      const now = performance.now();
      if (timings[stage] === null) {
        timings[stage] = now - mark;
        onPassed(stage);
      }
      mark = now;
    };
    const to = proxy ?? { host, port };
    let socket: Socket;
    try {
      const found = await lookup(to.host, { all: true });
      for (const { address } of found) if (!addresses.has(address)) note(address, "not-tried");
      passed("dns");
      socket = await reach(found, to.host, to.port, note, keep);
      if (proxy !== null) {
        if (proxy.secure) socket = await ofProxy.encrypt(socket, proxy.host, keep);
        const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
        await openTunnel(socket, authority, proxy.credentials, (given) => {
          answer = given;
        });
      }
    } catch (error) {
      // with a proxy, every failure before this line is the proxy's
      throw proxy === null || codeOf(error).startsWith("HALO_PROXY") ? error : proxyError("HALO_PROXY", error);
    }
    passed("tcp");
    if (!isSecure) return socket;
    const secure = await ofServer.encrypt(socket, host, keep);
    passed("tls");
    return secure;
  };

  /** Tries again with the system's certificates when Node's own list does not trust the chain: once for the proxy, once for the server. */
  const connect = (): Promise<Socket> =>
    dial().catch((error) => {
      if (!ofServer.widen() && !ofProxy.widen()) throw error;
      return connect();
    });
  const proxyFacts = ({ variable, host, port, bypassedBy, credentials }: ProxyRoute) => {
    const systemCas = ofProxy.facts()?.systemCas === "helped";
    return { variable, host, port, bypassedBy, credentials: credentials !== null, ...answer, systemCas };
  };
  return {
    connect,
    facts: () => ({
      timings: { ...timings },
      addresses: [...addresses.values()],
      proxy: network.proxy && proxyFacts(network.proxy),
      verification: network.verify ? "on" : "off",
      tls: ofServer.facts(),
    }),
    close,
  };
}
