/** The GET with which a client opens a stream once it is connected. */
import type { Exchange } from "../core/probe-record.ts";
import { type Reply, send } from "./http-request.ts";
import type { Connections } from "./probe-connections.ts";

/** A server may hold back its head until it has something to say. */
const LONGEST_MS = 1500;

interface Listening {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly version: string;
  readonly connections: Connections;
  readonly scrub: (text: string, max: number) => string;
  readonly signal: AbortSignal;
  /** As of performance.now(). */
  readonly deadline: number;
}

/** The origin that an answer leads to, if it is another: by a redirect, or by saying where the metadata of a sign-in are. */
function ledTo(reply: Reply, url: URL): string | null {
  const isRedirect = reply.status >= 300 && reply.status < 400;
  const metadata = /\bresource_metadata\s*=\s*"?([^",\s]+)/i.exec(reply.header("www-authenticate") ?? "")?.[1];
  const target = isRedirect ? reply.header("location") : metadata;
  if (target === null || target === undefined) return null;
  if (!URL.canParse(target, url.href)) return null;
  const { origin } = new URL(target, url.href);
  return origin === url.origin ? null : origin;
}

/**
 * Sends it with all headers, follows nothing, and reads the head alone. Claude Code does the same after the handshake, and takes the
 * headers to where it is led (2.1.197 and 2.1.330, measured 2026-11-22). Out: `redirect` where that is another origin, `accepted` where
 * it is answered, by an error too. Never throws.
 */
export async function listen(asked: Listening): Promise<Exchange> {
  const { url, connections, scrub, signal } = asked;
  const start = performance.now();
  const headers = { ...asked.headers, accept: "text/event-stream", "user-agent": `create-halo-mcp/${asked.version}` };
  const { reply, cancel } = send({ url, method: "GET", headers, body: undefined, agent: connections.agent });
  const timer = setTimeout(cancel, Math.max(0, Math.min(LONGEST_MS, asked.deadline - start)));
  signal.addEventListener("abort", cancel, { once: true });
  const answer = await reply.catch(() => undefined);
  clearTimeout(timer);
  signal.removeEventListener("abort", cancel);
  answer?.body.on("error", () => undefined).destroy();
  const elsewhere = answer === undefined ? null : ledTo(answer, url);
  return {
    phase: "listen",
    method: "GET",
    connected: answer !== undefined,
    status: answer?.status ?? null,
    contentType: null,
    contentEncoding: null,
    location: elsewhere === null ? null : scrub(elsewhere, 300),
    retryAfter: null,
    authScheme: null,
    stream: false,
    session: false,
    body: "",
    cut: true,
    bytes: 0,
    end: answer === undefined ? "broken" : elsewhere === null ? "accepted" : "redirect",
    rpcError: null,
    codes: [],
    ms: performance.now() - start,
    repeated: 0,
  };
}
