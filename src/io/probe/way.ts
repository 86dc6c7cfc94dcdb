/**
 * Connects to a server, one stage after the other: name look-up (dns), connection and proxy tunnel (tcp), TLS (tls). It sends nothing but
 * the CONNECT. It has no time limit: the caller stops it with `close`. A name look-up cannot be cancelled, so the process can end
 * late when no name server answers (docs/limits.md).
 */
import { type LookupAddress, lookup } from "node:dns";
import { connect, isIP, type Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type { AddressFacts, TlsFacts, WayFacts } from "../../core/diagnosis/record.ts";
import type { Network, ProxyRoute } from "../../core/proxy.ts";
import { openTunnel, type ProxyAnswer, proxyError } from "./proxy.ts";
import { contextWithSystem, encrypt, isUntrusted, tlsFacts } from "./tls.ts";

export interface Way {
  /** One connection, TLS included, over which nothing was sent. Rejects with an error whose codes say what failed. */
  readonly connect: () => Promise<Socket>;
  readonly facts: () => WayFacts;
  /** Destroys every socket, those still connecting included. Never throws. */
  readonly close: () => void;
}

type Stage = keyof WayFacts["timings"];

/** What a server or proxy showed in its handshake, and which certificates the next handshake trusts. */
interface Trust {
  shown: Omit<TlsFacts, "systemCas"> | null;
  systemCas: TlsFacts["systemCas"];
  context: SecureContext | undefined;
}
const newTrust = (): Trust => ({ shown: null, systemCas: null, context: undefined });

const MOST_ADDRESSES = 8;
const codeOf = (error: unknown): string => String(Reflect.get(Object(error), "code") ?? "").slice(0, 64);
const bare = (host: string): string => host.replace(/^\[(.*)\]$/, "$1");

function lookUp(host: string): Promise<readonly LookupAddress[]> {
  const family = isIP(host);
  if (family !== 0) return Promise.resolve([{ address: host, family }]);
  return new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, found) => (error === null ? resolve(found) : reject(error)));
  });
}

interface Settings {
  readonly url: URL;
  readonly network: Network;
  /** A stage of the first connection is done. */
  readonly onPassed: (stage: Stage) => void;
}

/** No connection is opened before `connect`. */
export function openWay({ url, network, onPassed }: Settings): Way {
  const isSecure = url.protocol === "https:";
  const host = bare(url.hostname);
  const port = Number(url.port || (isSecure ? 443 : 80));
  const proxy = network.proxy?.bypassedBy === null ? network.proxy : null;
  const sockets = new Set<Socket>();
  const timings: Record<Stage, number | null> = { dns: null, tcp: null, tls: null };
  const addresses = new Map<string, AddressFacts>();
  const ofServer = newTrust();
  const ofProxy = newTrust();
  let answer: ProxyAnswer | undefined;
  let hasTunnel = false;
  let dials = 0;
  const refused: Trust[] = [];
  let isClosed = false;

  const keep = (socket: Socket): void => {
    sockets.add(socket);
    // without a listener, an error after the wait would end the process
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
    if (isClosed) socket.destroy();
  };

  const note = (address: unknown, outcome: AddressFacts["outcome"], code: string | null = null): void => {
    const family = typeof address === "string" ? isIP(address) : 0;
    const isKnown = addresses.has(String(address));
    if (dials > 1 || (family !== 4 && family !== 6) || (!isKnown && addresses.size >= MOST_ADDRESSES)) return;
    if (!isKnown || outcome !== "not-tried")
      addresses.set(String(address), { address: String(address), family, outcome, code });
  };

  /** Tries the addresses in turn, IPv6 and IPv4, as Node does by itself. */
  const reach = (found: readonly LookupAddress[], to: { host: string; port: number }): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect({
        ...to,
        noDelay: true,
        lookup: (_name, options, done) => {
          const [first] = found;
          if (options.all === true) done(null, [...found]);
          else done(null, first?.address ?? "", first?.family);
        },
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
      socket.once("close", () => reject(Object.assign(new Error("closed"), { code: "ECONNRESET" })));
    });

  const secured = async (socket: Socket, name: string, trust: Trust): Promise<Socket> => {
    const secure = await encrypt(socket, name, trust.context, keep);
    trust.shown = tlsFacts(secure);
    if (trust.shown.error !== null && network.verify) {
      refused.push(trust);
      secure.destroy();
      throw Object.assign(new Error("certificate"), { code: trust.shown.error });
    }
    if (trust.systemCas === "did-not-help") trust.systemCas = "helped";
    return secure;
  };

  /** A tunnel through the proxy. Every failure in here counts as the proxy's. */
  const tunnelOver = async (open: () => Promise<Socket>, route: ProxyRoute): Promise<Socket> => {
    try {
      const plain = await open();
      const socket = route.secure ? await secured(plain, route.host, ofProxy) : plain;
      answer = await openTunnel(socket, `${host.includes(":") ? `[${host}]` : host}:${port}`, route.credentials);
      if (answer.status === 407) throw proxyError("HALO_PROXY_AUTH");
      if (answer.status < 200 || answer.status > 299) throw proxyError("HALO_PROXY_STATUS");
      if (answer.isPage) throw proxyError("HALO_PROXY_PAGE");
      hasTunnel = true;
      return socket;
    } catch (error) {
      throw codeOf(error).startsWith("HALO_PROXY") ? error : proxyError("HALO_PROXY", error);
    }
  };

  const dial = async (): Promise<Socket> => {
    dials++;
    let mark = performance.now();
    const passed = (stage: Stage): void => {
      const now = performance.now();
      if (timings[stage] === null) {
        timings[stage] = now - mark;
        onPassed(stage);
      }
      mark = now;
    };
    const first = { host: proxy?.host ?? host, port: proxy?.port ?? port };
    const open = async (): Promise<Socket> => {
      const found = await lookUp(first.host);
      for (const { address } of found) note(address, "not-tried");
      passed("dns");
      return await reach(found, first);
    };
    const socket = await (proxy === null ? open() : tunnelOver(open, proxy));
    passed("tcp");
    if (!isSecure) return socket;
    const secure = await secured(socket, host, ofServer).catch((error) => {
      if (answer?.hasBody !== true || !/^(?:ERR_SSL_|EPROTO$)/.test(codeOf(error))) throw error;
      hasTunnel = false;
      throw proxyError("HALO_PROXY_PAGE");
    });
    passed("tls");
    return secure;
  };

  /** Tries once more with the system's certificates when Node's own list does not trust the chain. */
  const connectTrusting = async (): Promise<Socket> => {
    try {
      return await dial();
    } catch (error) {
      const trust = refused.pop();
      if (trust === undefined || trust.systemCas !== null || isClosed || !isUntrusted(trust.shown?.error ?? ""))
        throw error;
      trust.context = contextWithSystem();
      trust.systemCas = trust.context === undefined ? "unavailable" : "did-not-help";
      if (trust.context === undefined) throw error;
      return await connectTrusting();
    }
  };

  return {
    connect: connectTrusting,
    facts: () => ({
      timings: { ...timings },
      addresses: [...addresses.values()],
      proxy:
        network.proxy === null
          ? null
          : {
              host: network.proxy.host,
              port: network.proxy.port,
              variable: network.proxy.variable,
              credentials: network.proxy.credentials !== null,
              bypassedBy: network.proxy.bypassedBy,
              tunnel: hasTunnel,
              status: answer?.status ?? null,
              said: answer?.said ?? "",
              schemes: answer?.schemes ?? [],
              systemCas: ofProxy.systemCas === "helped",
            },
      verification: network.verify ? "on" : "off",
      tls: ofServer.shown === null ? null : { ...ofServer.shown, systemCas: ofServer.systemCas },
    }),
    close: () => {
      isClosed = true;
      // Newest first: destroy the TLS socket before the TCP socket. The other order crashes Node 20.20 (SIGSEGV, measured 2026-11-22).
      for (const socket of [...sockets].reverse()) socket.destroy();
    },
  };
}
