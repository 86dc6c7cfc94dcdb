/** TLS for the connection test. Certificates are checked here, because Node does not show a certificate that it rejects. */
import { isIP, type Socket } from "node:net";
import * as tls from "node:tls";
import type { CertificateFacts, TlsFacts } from "../../core/diagnosis/record.ts";

const DAY = 86_400_000;
const MOST_NAMES = 8;
const MOST_ABOVE = 6;

/** Codes for a chain without a trusted root: a longer list of certificates can help. */
const UNTRUSTED = /SELF_SIGNED_CERT|^UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|^CERT_(UNTRUSTED|CHAIN_TOO_LONG)$/;

/** What one other side, a server or a proxy, showed in its handshakes, and which certificates the next handshake trusts. */
export interface Trust {
  /** TLS over an open socket. Rejects, before anything is written, when the handshake fails or the certificate is not accepted. */
  readonly encrypt: (socket: Socket, host: string, keep: (secure: Socket) => void) => Promise<Socket>;
  /** After a failure: whether to try once more, with the system's certificates. */
  readonly widen: () => boolean;
  readonly facts: () => TlsFacts | null;
}

/** `verify` false: any certificate is taken. */
export function newTrust(verify: boolean): Trust {
  let shown: Omit<TlsFacts, "systemCas"> | null = null;
  let systemCas: TlsFacts["systemCas"] = null;
  let context: tls.SecureContext | undefined;
  return {
    encrypt: async (socket, host, keep) => {
      const secure = await handshake(socket, host, context, keep);
      shown = shownBy(secure);
      if (shown.error !== null && verify) {
        secure.destroy();
        throw Object.assign(new Error("certificate"), { code: shown.error });
      }
      if (systemCas === "did-not-help") systemCas = "helped";
      return secure;
    },
    widen: () => {
      if (!verify || systemCas !== null || !UNTRUSTED.test(shown?.error ?? "")) return false;
      context = contextWithSystem();
      systemCas = context === undefined ? "unavailable" : "did-not-help";
      return context !== undefined;
    },
    facts: () => shown && { ...shown, systemCas },
  };
}

/** Resolves when the handshake is done, whatever the certificate. Rejects with Node's error. */
function handshake(
  socket: Socket,
  host: string,
  context: tls.SecureContext | undefined,
  keep: (secure: Socket) => void,
): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    const secure = tls.connect({
      socket,
      host,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(context === undefined ? {} : { secureContext: context }),
      ALPNProtocols: ["http/1.1"],
      rejectUnauthorized: false,
    });
    keep(secure);
    const closed = (): void =>
      reject(Object.assign(new Error("closed during the TLS handshake"), { code: "ECONNRESET" }));
    secure.once("secureConnect", () => {
      // An alert after the handshake (TLS 1.3: the server wants a client certificate) does not end the connection, and the
      // HTTP client would report a closed stream instead (Node 20 to 26).
      secure.on("error", (error) => secure.destroy(error));
      resolve(secure);
    });
    secure.on("error", reject);
    secure.once("close", closed);
    // when only the TCP socket ends, the TLS socket may emit nothing
    socket.once("close", closed);
  });
}

/** With the system's certificates beside Node's own; undefined where Node cannot read them (`tls.getCACertificates`: 22.15, 23.10 and later). */
function contextWithSystem(): tls.SecureContext | undefined {
  const read: unknown = Reflect.get(tls, "getCACertificates");
  if (typeof read !== "function") return undefined;
  try {
    return tls.createSecureContext({ ca: [...new Set([...read("default"), ...read("system")])] });
  } catch {
    // the system's certificates cannot be read
    return undefined;
  }
}

/** Why a certificate is not accepted, as Node's code. Node's types call it an Error, Node gives the code (20 to 26). */
function refusalOf(socket: tls.TLSSocket): string | null {
  if (socket.authorized) return null;
  const error: unknown = socket.authorizationError;
  return typeof error === "string" ? error : String(Reflect.get(Object(error), "code") ?? "CERT_REJECTED");
}

/** The name of a subject or an issuer. A repeated field is an array, which the types do not say. */
const nameOf = (parts: tls.Certificate | undefined): string =>
  [parts?.CN ?? parts?.O ?? parts?.OU ?? ""].flat().join(", ");

function isoOf(text: string | undefined): string | null {
  const time = Date.parse(text ?? "");
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

function factsOf(certificate: tls.PeerCertificate): CertificateFacts {
  const validTo = isoOf(certificate.valid_to);
  // "DNS:a.example, IP Address:127.0.0.1"; Node quotes what holds a comma
  const names = (certificate.subjectaltname ?? "").slice(0, 4096).split(", ");
  return {
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    names: names.flatMap((entry) => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1] ?? []).slice(0, MOST_NAMES),
    validFrom: isoOf(certificate.valid_from),
    validTo,
    daysLeft: validTo === null ? null : Math.floor((Date.parse(validTo) - Date.now()) / DAY),
  };
}

function shownBy(socket: tls.TLSSocket): Omit<TlsFacts, "systemCas"> {
  const leaf = socket.getPeerCertificate(true);
  const above: CertificateFacts[] = [];
  let at: tls.DetailedPeerCertificate = leaf;
  while (above.length < MOST_ABOVE) {
    const next: tls.DetailedPeerCertificate | undefined = at.issuerCertificate;
    if (next === undefined || next.fingerprint256 === at.fingerprint256) break;
    above.push(factsOf(next));
    at = next;
  }
  const error = refusalOf(socket);
  return { ...factsOf(leaf), protocol: socket.getProtocol(), above, error };
}
