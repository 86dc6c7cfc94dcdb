/** The connections of one probe: through a proxy where the environment names one, watched, and all closed at once when it is over. */
import { Agent } from "node:http";
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from "node:net";
import type { SecureContext, TLSSocket } from "node:tls";
import type { AddressFacts, ConnectTimings, ProbeRecord, ProxyFacts, TlsFacts } from "../../core/diagnosis/record.ts";
import type { Network, ProxyRoute } from "../../core/proxy.ts";
import { openLookUp } from "./look-up.ts";
import { contextWithSystem, encrypt, isUntrusted, refusalOf, tlsFacts } from "./probe-tls.ts";
import { openTunnel, proxyError } from "./proxy-tunnel.ts";

export interface Connections {
  /** Of requests to the one URL. */
  readonly agent: Agent;
  /** One that the agent does not know of: for who wants to send nothing. Closed with the others. */
  readonly connect: () => Promise<Socket>;
  /** Of the first connection that was tried. Through a proxy, `dns` and `tcp` are the way to it and the opening of the tunnel. */
  readonly timings: () => ConnectTimings;
  /** What else was seen on the way. */
  readonly seen: () => Pick<ProbeRecord, "addresses" | "proxy" | "verification" | "tls">;
  /** Destroys every socket, those still connecting included. Never throws, may be called twice. */
  readonly close: () => void;
}

interface Settings {
  readonly url: URL;
  /** A step of the first connection is done, as in `timings`. */
  readonly onStep?: (step: Step) => void;
  readonly network: Omit<Network, "proxy"> & { readonly proxy: ProxyRoute | null };
  readonly scrub: (text: string, max: number) => string;
}

/** What is known of somebody's certificate, and how it is judged from now on. */
interface Trust {
  shown: Omit<TlsFacts, "systemCas"> | null;
  systemCas: TlsFacts["systemCas"];
  context: SecureContext | undefined;
}

const UNTRIED: Trust = { shown: null, systemCas: null, context: undefined };

export type Step = "dns" | "tcp" | "tls";
type Lap = (step: Step) => void;

const MOST_ADDRESSES = 8;
/** What came was no TLS. */
const NO_TLS = /^(?:ERR_SSL_|EPROTO$)/;

/** Takes down what became of each address of a name. */
function noteAddresses(into: Map<string, AddressFacts>) {
  const note = (address: string, more: Partial<AddressFacts> = {}): void => {
    const known = into.get(address);
    if (known === undefined && into.size >= MOST_ADDRESSES) return;
    const family = isIP(address);
    if (family !== 4 && family !== 6) return;
    into.set(address, { address, family, outcome: "not-tried", code: null, ...known, ...more });
  };
  const failed = (address: unknown, error: unknown): void => {
    const code: unknown = Reflect.get(Object(error), "code");
    if (typeof address === "string")
      note(address, { outcome: "failed", code: typeof code === "string" ? code.slice(0, 64) : null });
  };
  return { note, failed };
}

/** A connection that cannot be encrypted is of no use. */
async function encryptOver(socket: Socket, host: string, context: SecureContext | undefined): Promise<TLSSocket> {
  try {
    return await encrypt(socket, host, context);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

const nameOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, "$1");

/** Connections for one probe. Opens none yet. */
export function openConnections({ url, network, scrub, onStep }: Settings): Connections {
  const sockets = new Set<Socket>();
  const timings: { dns: number | null; tcp: number | null; tls: number | null } = { dns: null, tcp: null, tls: null };
  const addresses = new Map<string, AddressFacts>();
  const proxy = network.proxy?.bypassedBy === null ? network.proxy : null;
  let answered: Pick<ProxyFacts, "tunnel" | "status" | "said" | "schemes"> = {
    tunnel: false,
    status: null,
    said: "",
    schemes: [],
  };
  const lookUp = openLookUp(proxy?.host ?? nameOf(url));
  const ofServer: Trust = { ...UNTRIED };
  const ofProxy: Trust = { ...UNTRIED };
  let isPage = false;
  let tried = 0;
  let closed = false;

  const keep = <T extends Socket>(socket: T): T => {
    sockets.add(socket);
    // whoever waits for it hears of an error too; nobody else may end the process over one
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
    if (closed) socket.destroy();
    return socket;
  };

  /** A TCP connection; v6 and v4 race as Node lets them. `watched`: its addresses and times go into the record. */
  const reach = (host: string, port: number, watched: boolean, lap: Lap): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const { note, failed } = noteAddresses(watched ? addresses : new Map());
      const find: LookupFunction = (name, options, callback) => {
        lookUp.find(name, options, (error, found, family) => {
          if (error === null) {
            lap("dns");
            for (const each of Array.isArray(found) ? found : [{ address: found }]) note(each.address);
          }
          callback(error, found, family);
        });
      };
      if (isIP(host) !== 0) {
        lap("dns");
        note(host);
      }
      const socket = keep(connectTcp({ host, port, noDelay: true, lookup: find }));
      socket.on("connectionAttemptFailed", (address, _port, _family, error) => failed(address, error));
      socket.on("connectionAttemptTimeout", (address) => failed(address, { code: "ETIMEDOUT" }));
      socket.once("connect", () => {
        if (socket.remoteAddress !== undefined) note(socket.remoteAddress, { outcome: "connected", code: null });
        resolve(socket);
      });
      socket.once("error", (error) => {
        failed(Reflect.get(error, "address"), error);
        reject(error);
      });
      socket.once("close", () => reject(Object.assign(new Error("closed while connecting"), { code: "ECONNRESET" })));
    });

  /** An encrypted connection to somebody whose certificate is trusted: by the system's too, where Node's own list does not do. */
  const secureTo = async (trust: Trust, host: string, open: () => Promise<Socket>): Promise<TLSSocket> => {
    for (;;) {
      const secure = keep(await encryptOver(await open(), host, trust.context));
      const code = refusalOf(secure);
      trust.shown = tlsFacts(secure, scrub);
      if (code === null || !network.verify) {
        if (trust.systemCas === "did-not-help") trust.systemCas = "helped";
        return secure;
      }
      secure.destroy();
      if (isUntrusted(code) && trust.systemCas === null && !closed) {
        trust.context = contextWithSystem();
        trust.systemCas = trust.context === undefined ? "unavailable" : "did-not-help";
        if (trust.context !== undefined) continue;
      }
      throw Object.assign(new Error("certificate"), { code });
    }
  };

  /** A tunnel through the proxy. Whatever fails is the proxy's. */
  const reachThrough = async (
    way: ProxyRoute,
    host: string,
    port: number,
    watched: boolean,
    lap: Lap,
  ): Promise<Socket> => {
    let socket: Socket | undefined;
    try {
      const open = (): Promise<Socket> => reach(way.host, way.port, watched, lap);
      socket = await (way.secure ? secureTo(ofProxy, way.host, open) : open());
      await openTunnel(socket, host, port, way.credentials, ({ status, said, schemes, hasBody }) => {
        answered = { ...answered, status, said: scrub(said, 200), schemes };
        isPage = hasBody;
      });
      // a TLS server never speaks first: these bytes are the proxy's own
      if (socket.readableLength > 0) throw proxyError("PAGE");
      answered = { ...answered, tunnel: true };
      return socket;
    } catch (error) {
      socket?.destroy();
      const code: unknown = Reflect.get(Object(error), "code");
      throw typeof code === "string" && code.startsWith("HALO_PROXY") ? error : proxyError(null, error);
    }
  };

  const dial = async (): Promise<Socket> => {
    if (closed) throw Object.assign(new Error("closed"), { code: "ECONNRESET" });
    const secure = url.protocol === "https:";
    const host = nameOf(url);
    const port = Number(url.port || (secure ? 443 : 80));
    const watched = tried++ === 0;
    let mark = performance.now();
    const lap: Lap = (step) => {
      const now = performance.now();
      if (watched && timings[step] === null) {
        timings[step] = now - mark;
        onStep?.(step);
      }
      mark = now;
    };
    const open = async (): Promise<Socket> => {
      const socket = await (proxy === null
        ? reach(host, port, watched, lap)
        : reachThrough(proxy, host, port, watched, lap));
      lap("tcp");
      // nor does one that is reached directly
      if (secure && socket.readableLength > 0) {
        socket.destroy();
        throw Object.assign(new Error("not TLS"), { code: "ERR_SSL_WRONG_VERSION_NUMBER" });
      }
      return socket;
    };
    if (!secure) return await open();
    const encrypted = await secureTo(ofServer, host, open).catch((error) => {
      if (!isPage || !NO_TLS.test(String(Reflect.get(Object(error), "code")))) throw error;
      answered = { ...answered, tunnel: false };
      throw proxyError("PAGE");
    });
    lap("tls");
    return encrypted;
  };

  // the connection is ours, TLS included, so the agent is one for plain HTTP whatever the URL says
  const agent = new Agent({ keepAlive: true });
  agent.createConnection = (_options, done) => {
    const failed = (error: Error): void => done?.(error, undefined as never);
    dial().then((socket) => {
      if (socket.destroyed) return failed(Object.assign(new Error("closed"), { code: "ECONNRESET" }));
      done?.(null, socket);
    }, failed);
    return undefined;
  };

  const proxyFacts = (found: ProxyRoute): ProxyFacts => ({
    host: scrub(found.host, 300),
    port: found.port,
    variable: found.variable,
    secure: found.secure,
    credentials: found.credentials !== null,
    bypassedBy: found.bypassedBy,
    systemCas: ofProxy.systemCas === "helped",
    ...answered,
  });
  return {
    agent,
    connect: dial,
    timings: () => ({ seen: true, ...timings }),
    seen: () => ({
      addresses: [...addresses.values()],
      proxy: network.proxy === null ? null : proxyFacts(network.proxy),
      verification: network.verify ? "on" : "off",
      tls: ofServer.shown === null ? null : { ...ofServer.shown, systemCas: ofServer.systemCas },
    }),
    close: () => {
      if (closed) return;
      closed = true;
      agent.destroy();
      lookUp.close();
      // what lies above first: with its ground gone before it, TLS takes the process down (SIGSEGV, Node 20.20, measured 2026-11-22)
      for (const socket of [...sockets].reverse()) socket.destroy();
    },
  };
}
