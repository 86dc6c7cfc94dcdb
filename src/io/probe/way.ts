/** Connects to a server, one stage after the other: name look-up (dns), connection and proxy tunnel (tcp), TLS. Sends only the CONNECT; no time limit. */
import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect, type LookupFunction, type Socket } from "node:net";
import type { AddressFacts, ProxyFacts, WayFacts } from "../../core/diagnosis/record.ts";
import type { Network, ProxyRoute } from "../../core/proxy.ts";
import { newTrust } from "./tls.ts";

export type Way = ReturnType<typeof openWay>;

type Stage = keyof WayFacts["timings"];
type Note = (address: unknown, code: string | null) => void;
type Keep = (socket: Socket) => void;
type Answer = Pick<ProxyFacts, "tunnel" | "status" | "said" | "schemes">;

const codeOf = (error: unknown): string => String(Reflect.get(Object(error), "code") ?? "");

/** Tries the addresses in turn, IPv6 and IPv4, as Node does by itself. */
async function reach(found: LookupAddress[], host: string, port: number, note: Note, keep: Keep): Promise<Socket> {
  const lookup: LookupFunction = (_name, _options, done) => done(null, found);
  const socket = connect({ host, port, noDelay: true, autoSelectFamily: true, lookup });
  keep(socket);
  socket.on("connectionAttemptFailed", (address, _port, _family, error) => note(address, codeOf(error)));
  socket.on("connectionAttemptTimeout", (address) => note(address, "ETIMEDOUT"));
  socket.once("error", (error) => note(Reflect.get(error, "address"), codeOf(error)));
  await once(socket, "connect");
  note(socket.remoteAddress, null);
  return socket;
}

/** Asks the proxy for a tunnel; it gets `authority` (host:port) and its own credentials. No time limit. */
async function openTunnel(socket: Socket, authority: string, credentials: ProxyRoute["credentials"]): Promise<Answer> {
  const asked = request({ method: "CONNECT", path: authority, createConnection: () => socket });
  asked.setHeader("Host", authority);
  asked.removeHeader("Connection");
  if (credentials !== null) {
    const login = Buffer.from(`${credentials.user}:${credentials.password}`).toString("base64");
    asked.setHeader("Proxy-Authorization", `Basic ${login}`);
  }
  asked.end();
  const [reply, , rest] = (await once(asked, "connect")) as [IncomingMessage, Socket, Buffer];
  const { statusCode: status = 0, statusMessage: said = "", headersDistinct } = reply;
  const schemes = (headersDistinct["proxy-authenticate"] ?? []).flatMap((line) => /^[\w-]{1,40}/.exec(line) ?? []);
  // bytes of the proxy are a page: a TLS server never speaks first
  return { tunnel: /^2\d\d$/.test(`${status}`) && rest.length === 0, status, said, schemes: [...new Set(schemes)] };
}

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
export function openWay(url: URL, network: Network, onPassed: (stage: Stage) => void) {
  const isSecure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(url.port || (isSecure ? 443 : 80));
  const proxy = network.proxy?.bypassedBy === null ? network.proxy : null;
  const [ofServer, ofProxy] = [newTrust(network.verify), newTrust(network.verify)];
  const timings: Record<Stage, number | null> = { dns: null, tcp: null, tls: null };
  const addresses = new Map<unknown, AddressFacts>();
  const { keep, close } = socketSet();
  let answer: Answer = { tunnel: false, status: null, said: "", schemes: [] };

  const note: Note = (address, code) => {
    const known = addresses.get(address);
    if (known !== undefined) addresses.set(address, { ...known, code });
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
      for (const each of found) if (!addresses.has(each.address)) addresses.set(each.address, each);
      passed("dns");
      socket = await reach(found, to.host, to.port, note, keep);
      if (proxy !== null) {
        if (proxy.secure) socket = await ofProxy.encrypt(socket, proxy.host, keep);
        const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
        answer = await openTunnel(socket, authority, proxy.credentials);
        if (!answer.tunnel) throw new Error("no tunnel");
      }
    } catch (error) {
      // with a proxy, every failure before this line is the proxy's
      throw proxy === null ? error : Object.assign(new Error("proxy", { cause: error }), { code: "HALO_PROXY" });
    }
    passed("tcp");
    if (!isSecure) return socket;
    const secure = await ofServer.encrypt(socket, host, keep);
    passed("tls");
    return secure;
  };

  /** One connection, over which nothing was sent. Tries again with the system's certificates: once for the proxy, once for the server. */
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
    facts: (): WayFacts => ({
      timings: { ...timings },
      addresses: [...addresses.values()],
      proxy: network.proxy && proxyFacts(network.proxy),
      verification: network.verify ? "on" : "off",
      tls: ofServer.facts(),
    }),
    /** Destroys every socket, those still connecting included. Never throws. */
    close,
  };
}
