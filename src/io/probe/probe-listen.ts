/** The GET with which a client opens a stream once it is connected. */
import type { Exchange } from "../../core/diagnosis/record.ts";
import { type Reply, send } from "./http-request.ts";
import type { Connections } from "./probe-connections.ts";
import { UNANSWERED } from "./unanswered.ts";

/** A server may hold back its head until it has something to say. */
const LONGEST_MS = 1500;

interface Listening {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: Connections;
  readonly scrub: (text: string, max: number) => string;
  readonly signal: AbortSignal;
  /** As of performance.now(). */
  readonly deadline: number;
}

/** The origin that an answer leads to: by a redirect, or by saying where the metadata of a sign-in are. */
function ledTo(reply: Reply, url: URL): string | null {
  const metadata = /\bresource_metadata\s*=\s*"?([^",\s]+)/i.exec(reply.header("www-authenticate") ?? "")?.[1];
  const target = reply.header("location") ?? metadata;
  return target !== undefined && URL.canParse(target, url.href) ? new URL(target, url.href).origin : null;
}

/** A redirect at home may lead on from there, and so may a sign-in. */
function endOf(status: number): Exchange["end"] {
  if (status >= 300 && status < 400 && status !== 304) return "redirect";
  return status === 401 || status === 403 ? "status" : "accepted";
}

/**
 * Sends it with all headers, follows nothing, and reads the head alone. Claude Code does the same after the handshake, and takes the
 * headers to where it is led (2.1.197 and 2.1.330, measured 2026-11-22). Out: `redirect`; `status` where it is refused; `accepted`
 * where it is answered, by any other error too; `timeout` and `broken`. Never throws.
 */
export async function listen(asked: Listening): Promise<Exchange> {
  const { url, connections, scrub, signal } = asked;
  const start = performance.now();
  const headers = { ...asked.headers, accept: "text/event-stream" };
  const sending = send({ url, method: "GET", headers, body: undefined, agent: connections.agent });
  let isOver = false;
  const stop = (): void => {
    isOver = true;
    sending.cancel();
  };
  const timer = setTimeout(stop, Math.max(0, Math.min(LONGEST_MS, asked.deadline - start)));
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  const answer = await sending.reply.catch(() => undefined);
  clearTimeout(timer);
  signal.removeEventListener("abort", stop);
  answer?.body.on("error", () => undefined).destroy();
  const end = answer === undefined ? (isOver ? "timeout" : "broken") : endOf(answer.status);
  const led = answer === undefined || end === "accepted" ? null : ledTo(answer, url);
  return {
    ...UNANSWERED,
    phase: "listen",
    method: "GET",
    connected: sending.hasConnection(),
    status: answer?.status ?? null,
    location: led === null ? null : scrub(led, 300),
    session: Object.hasOwn(headers, "mcp-session-id"),
    cut: true,
    end,
    ms: performance.now() - start,
    repeated: sending.repeated(),
  };
}
