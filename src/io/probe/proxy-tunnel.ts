/** A tunnel through a proxy: CONNECT, its answer read within bounds, and a socket that then belongs to the target alone. */
import type { Socket } from "node:net";
import type { ProxyRoute } from "../../core/proxy.ts";

/** Node's own limit for a head. */
const LONGEST_HEAD = 16 * 1024;

/**
 * `HALO_PROXY_AUTH` 407 · `HALO_PROXY_STATUS` any other answer that is no success · `HALO_PROXY_ANSWER` no HTTP · `HALO_PROXY_HEAD` over 16 KiB ·
 * `HALO_PROXY_PAGE` a success, and then a page of its own in place of a tunnel · `HALO_PROXY_CLOSED` closed first · `HALO_PROXY` the network between here and the proxy (the cause says what).
 */
type ProxyCode = "AUTH" | "STATUS" | "ANSWER" | "HEAD" | "PAGE" | "CLOSED" | null;

/** An error that is the proxy's and not the target's. Its message holds nothing from anybody. */
export function proxyError(code: ProxyCode, cause?: unknown): Error {
  return Object.assign(new Error("proxy", { cause }), { code: code === null ? "HALO_PROXY" : `HALO_PROXY_${code}` });
}

/** What a proxy answered to CONNECT. */
export interface ProxyAnswer {
  readonly status: number;
  readonly said: string;
  readonly schemes: readonly string[];
  /** It announces a body, which the answer that opens a tunnel has not (RFC 9110, 9.3.6): to be ignored, unless no TLS comes about. */
  readonly hasBody: boolean;
}

function readHead(head: string): ProxyAnswer | undefined {
  const line = /^HTTP\/1\.[01] (\d{3})(?: ([^\r\n]*))?\r?\n/.exec(head);
  if (line === null) return undefined;
  const schemes = [...head.matchAll(/^proxy-authenticate:[ \t]*([\w-]{1,40})/gim)].map(([, scheme]) => scheme ?? "");
  const hasBody = /^(?:content-length:[ \t]*0*[1-9]|transfer-encoding:|content-type:)/im.test(head);
  return { status: Number(line[1]), said: line[2] ?? "", schemes: [...new Set(schemes)].slice(0, 4), hasBody };
}

/** Of what has come so far: the length of a head that opens a tunnel, why there will be none, or undefined while it may still come. */
function judge(bytes: Buffer, onAnswer: (answer: ProxyAnswer) => void): number | Error | undefined {
  const text = bytes.toString("latin1", 0, LONGEST_HEAD + 1);
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null) {
    if (!"HTTP/1.".startsWith(text.slice(0, 7))) return proxyError("ANSWER");
    return text.length > LONGEST_HEAD ? proxyError("HEAD") : undefined;
  }
  const length = end.index + end[0].length;
  const answer = readHead(text.slice(0, length));
  if (answer === undefined) return proxyError("ANSWER");
  onAnswer(answer);
  if (answer.status === 407) return proxyError("AUTH");
  return answer.status < 200 || answer.status > 299 ? proxyError("STATUS") : length;
}

/**
 * Asks the proxy at the other end of `socket` for a tunnel to `host` (no brackets) and `port`. Of ours the proxy gets these two and its own
 * credentials, nothing else. Rejects with a proxyError and leaves the socket to the caller to destroy. Has no clock: who destroys the socket ends it.
 * Bytes that came with the answer already are the target's and stay readable.
 */
export function openTunnel(
  socket: Socket,
  host: string,
  port: number,
  credentials: ProxyRoute["credentials"],
  onAnswer: (answer: ProxyAnswer) => void,
): Promise<void> {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const login =
    credentials === null
      ? ""
      : `Proxy-Authorization: Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString("base64")}\r\n`;
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const finish = (error: Error | null): void => {
      socket.off("readable", onReadable).off("error", onError).off("end", onClose).off("close", onClose);
      if (error === null) resolve();
      else reject(error);
    };
    const onError = (error: Error): void => finish(proxyError(null, error));
    const onClose = (): void => finish(proxyError("CLOSED"));
    const onReadable = (): void => {
      for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
        head = Buffer.concat([head, chunk]);
        const read = judge(head, onAnswer);
        if (read === undefined) continue;
        finish(read instanceof Error ? read : null);
        if (typeof read === "number" && head.length > read) socket.unshift(head.subarray(read));
        return;
      }
    };
    socket.on("readable", onReadable).on("error", onError).on("end", onClose).on("close", onClose);
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${login}\r\n`);
  });
}
