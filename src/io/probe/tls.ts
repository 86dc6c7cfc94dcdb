/** TLS for the connection test. Certificates are checked here, because Node does not show a certificate that it rejects. */
import { isIP, type Socket } from "node:net";
import * as tls from "node:tls";
import type { TlsFacts } from "../../core/diagnosis/record.ts";

const DAY = 86_400_000;
const failure = (code: string): Error => Object.assign(new Error("TLS"), { code });

/** What a server or proxy presented, and what the next handshake trusts. `verify` false: any certificate is accepted. */
export function newTrust(verify: boolean) {
  let shown: Omit<TlsFacts, "systemCas"> | null = null;
  let systemCas: TlsFacts["systemCas"] = null;
  let context: tls.SecureContext | undefined;
  return {
    /** TLS over an open socket. Rejects, before anything is written, if the handshake fails or the certificate is not accepted. */
    encrypt: async (socket: Socket, host: string, keep: (secure: Socket) => void): Promise<Socket> => {
      const servername = isIP(host) === 0 ? { servername: host } : {};
      const secure = await handshake(socket, { host, ...servername, ...(context && { secureContext: context }) }, keep);
      shown = shownBy(secure);
      if (shown.error !== null && verify) {
        secure.destroy();
        throw failure(shown.error);
      }
      if (systemCas === "did-not-help") systemCas = "helped";
      return secure;
    },
    /** After a failure: whether to try again with the system's certificates. */
    widen: (): boolean => {
      if (!verify || systemCas !== null || shown === null || shown.error === null) return false;
      context = contextWithSystem();
      systemCas = context === undefined ? "unavailable" : "did-not-help";
      return context !== undefined;
    },
    facts: (): TlsFacts | null => shown && { ...shown, systemCas },
  };
}

/** Resolves when the handshake is done, whatever the certificate. Rejects with Node's error. */
function handshake(socket: Socket, options: tls.ConnectionOptions, keep: (secure: Socket) => void) {
  return new Promise<tls.TLSSocket>((resolve, reject) => {
    const secure = tls.connect({ ...options, socket, ALPNProtocols: ["http/1.1"], rejectUnauthorized: false });
    keep(secure);
    const closed = (): void => reject(failure("ECONNRESET"));
    secure.once("secureConnect", () => {
      // An alert after the handshake (TLS 1.3: the server wants a client certificate) does not end the connection, and the
      // HTTP client would report a closed stream instead (Node 20 to 26).
      secure.on("error", (error) => secure.destroy(error));
      resolve(secure);
    });
    secure.on("error", reject);
    secure.once("close", closed);
    // if only the TCP socket ends, the TLS socket may emit nothing
    socket.once("close", closed);
  });
}

/** The system's certificates and Node's own; undefined if Node cannot read them (`tls.getCACertificates`: 22.15, 23.10 and later). */
function contextWithSystem(): tls.SecureContext | undefined {
  const read: unknown = Reflect.get(tls, "getCACertificates");
  return typeof read === "function"
    ? tls.createSecureContext({ ca: [...read("default"), ...read("system")] })
    : undefined;
}

/** The name of a subject or an issuer. A repeated field is an array, which the types do not say. */
const nameOf = (parts: tls.Certificate | undefined): string =>
  [parts?.CN ?? parts?.O ?? parts?.OU ?? ""].flat().join(", ");

function shownBy(socket: tls.TLSSocket): Omit<TlsFacts, "systemCas"> {
  const leaf = socket.getPeerCertificate(true);
  const validTo = new Date(leaf.valid_to);
  // "DNS:a.example, IP Address:127.0.0.1"; Node quotes a name that contains a comma
  const names = (leaf.subjectaltname ?? "").split(", ");
  let last = leaf;
  // a root is its own issuer
  while (last.issuerCertificate && last.issuerCertificate !== last) last = last.issuerCertificate;
  // an Error by its type, but Node returns the code (20 to 26)
  const refusal: unknown = socket.authorizationError;
  return {
    protocol: socket.getProtocol(),
    subject: nameOf(leaf.subject),
    issuer: nameOf(leaf.issuer),
    root: nameOf(last.issuer),
    names: names.flatMap((entry) => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1] ?? []),
    validFrom: new Date(leaf.valid_from).toISOString(),
    validTo: validTo.toISOString(),
    daysLeft: Math.floor((validTo.getTime() - Date.now()) / DAY),
    error: socket.authorized ? null : String(Reflect.get(Object(refusal), "code") ?? refusal),
  };
}
