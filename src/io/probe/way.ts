/**
 * Connects to a server, one stage after the other: name look-up (dns), connection and proxy tunnel (tcp), TLS (tls). It sends nothing but
 * the CONNECT. It has no time limit: the caller stops it with `close`. A name look-up cannot be cancelled, so the process can end
 * late when no name server answers (docs/limits.md).
 */
import { type LookupAddress, lookup } from "node:dns";
import { connect, isIP, type Socket } from "node:net";
import type { AddressFacts, WayFacts } from "../../core/diagnosis/record.ts";
import type { Network, ProxyRoute } from "../../core/proxy.ts";
import { openTunnel, type ProxyAnswer, proxyError } from "./proxy.ts";
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

const MOST_ADDRESSES = 8;
const codeOf = (error: unknown): string => String(Reflect.get(Object(error), "code") ?? "");

function lookUp(host: string): Promise<readonly LookupAddress[]> {
  const family = isIP(host);
  if (family !== 0) return Promise.resolve([{ address: host, family }]);
  return new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, found) => (error === null ? resolve(found) : reject(error)));
  });
}

/** Tries the addresses in turn, IPv6 and IPv4, as Node does by itself. */
function reach(
  found: readonly LookupAddress[],
  { host, port }: { host: string; port: number },
  note: Note,
  keep: (socket: Socket) => void,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
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
}

/** What is seen of the first connection: how long its stages took, and what became of each address. */
function firstSeen(onPassed: (stage: Stage) => void) {
  const timings: Record<Stage, number | null> = { dns: null, tcp: null, tls: null };
  const addresses = new Map<string, AddressFacts>();
  let dials = 0;
  let mark = 0;
  const note: Note = (address, outcome, code) => {
    const family = typeof address === "string" ? isIP(address) : 0;
    const isKnown = addresses.has(String(address));
    if (dials > 1 || (family !== 4 && family !== 6) || (!isKnown && addresses.size >= MOST_ADDRESSES)) return;
    if (!isKnown || outcome !== "not-tried")
      addresses.set(String(address), { address: String(address), family, outcome, code: code ?? null });
  };
  return {
    timings,
    addresses,
    note,
    begin: (): void => {
      dials++;
      mark = performance.now();
    },
    passed: (stage: Stage): void => {
      const now = performance.now();
      if (timings[stage] === null) {
        timings[stage] = now - mark;
        onPassed(stage);
      }
      mark = now;
    },
  };
}

/** The open sockets, until all of them are closed: those that come later are closed at once. */
function socketSet() {
  const sockets = new Set<Socket>();
  let isClosed = false;
  return {
    isClosed: () => isClosed,
    keep: (socket: Socket): void => {
      sockets.add(socket);
      // without a listener, an error after the wait would end the process
      socket.on("error", () => undefined);
      socket.once("close", () => sockets.delete(socket));
      if (isClosed) socket.destroy();
    },
    close: (): void => {
      isClosed = true;
      // Newest first: destroy the TLS socket before the TCP socket. The other order crashes Node 20.20 (SIGSEGV, measured 2026-11-22).
      for (const socket of [...sockets].reverse()) socket.destroy();
    },
  };
}

interface Settings {
  readonly url: URL;
  readonly network: Pick<Network, "verify"> & { readonly proxy: ProxyRoute | null };
  /** A stage of the first connection is done. */
  readonly onPassed: (stage: Stage) => void;
}

/** No connection is opened before `connect`. */
export function openWay({ url, network, onPassed }: Settings): Way {
  const isSecure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(url.port || (isSecure ? 443 : 80));
  const proxy = network.proxy?.bypassedBy === null ? network.proxy : null;
  const { isClosed, keep, close } = socketSet();
  const [ofServer, ofProxy] = [newTrust(network.verify), newTrust(network.verify)];
  const seen = firstSeen(onPassed);
  let answer: ProxyAnswer | undefined;

  /** A tunnel through the proxy. Every failure in here counts as the proxy's. */
  const tunnelOver = async (opened: Promise<Socket>, route: ProxyRoute): Promise<Socket> => {
    try {
      const socket = route.secure ? await ofProxy.encrypt(await opened, route.host, keep) : await opened;
      const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
      await openTunnel(socket, authority, route.credentials, (given) => {
        answer = given;
      });
      return socket;
    } catch (error) {
      throw codeOf(error).startsWith("HALO_PROXY") ? error : proxyError("HALO_PROXY", error);
    }
  };

  const dial = async (): Promise<Socket> => {
    seen.begin();
    const open = async (to: { host: string; port: number }): Promise<Socket> => {
      const found = await lookUp(to.host);
      for (const { address } of found) seen.note(address, "not-tried");
      seen.passed("dns");
      return await reach(found, to, seen.note, keep);
    };
    const socket = await (proxy === null ? open({ host, port }) : tunnelOver(open(proxy), proxy));
    seen.passed("tcp");
    if (!isSecure) return socket;
    const secure = await ofServer.encrypt(socket, host, keep).catch((error) => {
      if (answer?.hasBody !== true || !/^(?:ERR_SSL_|EPROTO$)/.test(codeOf(error))) throw error;
      answer = { ...answer, tunnel: false };
      throw proxyError("HALO_PROXY_PAGE");
    });
    seen.passed("tls");
    return secure;
  };

  const proxyFacts = ({ credentials, secure: _isSecure, ...route }: ProxyRoute): WayFacts["proxy"] => {
    const { hasBody: _, ...answered } = answer ?? {
      tunnel: false,
      status: null,
      said: "",
      schemes: [],
      hasBody: false,
    };
    const systemCas = ofProxy.facts()?.systemCas === "helped";
    return { ...route, ...answered, credentials: credentials !== null, systemCas };
  };
  return {
    // tries once more with the system's certificates when Node's own list does not trust the chain
    connect: async () => {
      for (;;) {
        try {
          return await dial();
        } catch (error) {
          if (isClosed() || !(ofServer.widen() || ofProxy.widen())) throw error;
        }
      }
    },
    facts: () => ({
      timings: { ...seen.timings },
      addresses: [...seen.addresses.values()],
      proxy: network.proxy && proxyFacts(network.proxy),
      verification: network.verify ? "on" : "off",
      tls: ofServer.facts(),
    }),
    close,
  };
}
