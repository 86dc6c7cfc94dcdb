/** A tunnel through a proxy: CONNECT, and what the proxy answered to it. */
import { request } from "node:http";
import type { Socket } from "node:net";
import type { ProxyFacts } from "../../core/diagnosis/record.ts";
import type { ProxyRoute } from "../../core/proxy.ts";

/**
 * `HALO_PROXY_AUTH` 407 · `HALO_PROXY_STATUS` any other answer that is no success · `HALO_PROXY_ANSWER` no HTTP, or a head over 16 KiB ·
 * `HALO_PROXY_PAGE` a success, and then a page of its own in place of a tunnel · `HALO_PROXY_CLOSED` closed first · `HALO_PROXY` the network between here and the proxy (the cause says what).
 */
type ProxyCode = `HALO_PROXY${"" | "_AUTH" | "_STATUS" | "_ANSWER" | "_PAGE" | "_CLOSED"}`;

/** An error that is the proxy's and not the server's. Its message holds no text of a server. */
export const proxyError = (code: ProxyCode, cause?: unknown): Error =>
  Object.assign(new Error("proxy", { cause }), { code });

/** Node uses ECONNRESET for a closed connection and for a reset one; only the error of a reset has `syscall`. */
export const isClosedBy = (error: unknown): boolean =>
  Reflect.get(Object(error), "code") === "ECONNRESET" && !Reflect.has(Object(error), "syscall");

/** What the error of a request that got no answer means. */
function failureOf(error: unknown): Error {
  const code = String(Reflect.get(Object(error), "code"));
  if (code.startsWith("HPE_")) return proxyError("HALO_PROXY_ANSWER");
  return isClosedBy(error) ? proxyError("HALO_PROXY_CLOSED") : proxyError("HALO_PROXY", error);
}

/** What a proxy answered to CONNECT. */
export type ProxyAnswer = Pick<ProxyFacts, "tunnel" | "status" | "said" | "schemes">;

/**
 * Asks the proxy at the other end of `socket` for a tunnel to `authority` (host:port). The proxy gets this and its own credentials,
 * nothing else. Rejects with a proxyError when there is no tunnel. Has no time limit: destroy the socket to stop it.
 */
export function openTunnel(
  socket: Socket,
  authority: string,
  credentials: ProxyRoute["credentials"],
  onAnswer: (answer: ProxyAnswer) => void,
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
      // bytes of its own: a TLS server never speaks first
      const tunnel = isSuccess && rest.length === 0;
      onAnswer({ tunnel, status, said, schemes: [...new Set(schemes)] });
      if (tunnel) resolve();
      else if (isSuccess) reject(proxyError("HALO_PROXY_PAGE"));
      else reject(proxyError(status === 407 ? "HALO_PROXY_AUTH" : "HALO_PROXY_STATUS"));
    });
    asked.on("error", (error) => reject(failureOf(error)));
    asked.end();
  });
}
