/** What was seen of the network, in words: of a stage that passed, of a proxy, of a certificate. Every text goes through `clean`. */
import type { CertificateWords, DirectWords, ProxyWords } from "./cause-text.ts";
import type { CertificateFacts, Exchange, ProbeRecord, ProbeStage, ProxyFacts, TlsFacts } from "./record.ts";

type Clean = (text: string) => string;

const ends: Readonly<Record<string, string>> = {
  HALO_PROXY_ANSWER: "answered with something that is not HTTP",
  HALO_PROXY_HEAD: "answered with a head over 16 KiB",
  HALO_PROXY_PAGE: "answered with a page of its own instead of a tunnel: a sign-in may be in the way",
  HALO_PROXY_CLOSED: "closed the connection before it had opened the tunnel",
};
const networkEnds: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, "does not run: nothing listens there"],
  [/^ENOTFOUND$|^EAI_/, "cannot be found: its name could not be resolved"],
  [/^(EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)$/, "cannot be reached"],
  [/^ECONNRESET$|^EPIPE$/, "cut the connection"],
  [/CERT|^UNABLE_TO_/, "showed a certificate that is not accepted"],
  [/^ERR_SSL_|^EPROTO$/, "does not speak TLS on that port, although its address starts with https://"],
];

const at = (proxy: ProxyFacts): string => `${proxy.host.includes(":") ? `[${proxy.host}]` : proxy.host}:${proxy.port}`;

/** What a proxy did that stopped us. `last`: the exchange that decided. */
function didOf(proxy: ProxyFacts, last: Exchange | undefined, clean: Clean): string | undefined {
  const codes = last?.codes ?? [];
  if (codes.includes("HALO_PROXY_STATUS"))
    return `refuses to open a tunnel (HTTP ${proxy.status}${proxy.said === "" ? "" : `: "${clean(proxy.said)}"`})`;
  for (const code of codes) if (ends[code] !== undefined) return ends[code];
  for (const code of codes) {
    const [, words] = networkEnds.find(([pattern]) => pattern.test(code)) ?? [];
    if (words !== undefined) return `${words} (${code})`;
  }
  if (last?.end === "timeout") return `had opened no tunnel after ${Math.max(0.1, Math.round(last.ms / 100) / 10)} s`;
  return undefined;
}

/** The proxy in use, for the prose of a cause. */
export function proxyWords(record: ProbeRecord, last: Exchange | undefined, clean: Clean): ProxyWords | undefined {
  const { proxy } = record;
  if (proxy === null || proxy.bypassedBy !== null) return undefined;
  return {
    at: clean(at(proxy)),
    variable: proxy.variable,
    did: didOf(proxy, last, clean),
    credentials: proxy.credentials,
    refuses: last?.codes.includes("HALO_PROXY_STATUS") && proxy.status !== null && proxy.status < 500,
    schemes: proxy.schemes.length === 0 ? undefined : clean(proxy.schemes.join(", ")),
  };
}

/** Why the way was the direct one, where a variable names a proxy and no connection stood. */
export function directWords(record: ProbeRecord, last: Exchange | undefined): DirectWords | undefined {
  const { proxy, ignoredProxy } = record;
  if (last !== undefined && (last.connected || last.status !== null)) return undefined;
  if (ignoredProxy !== undefined) return { why: "ignored", variable: ignoredProxy };
  if (proxy === null || proxy.bypassedBy === null || proxy.bypassedBy === "loopback") return undefined;
  return { why: "excepted", by: proxy.bypassedBy, variable: proxy.variable };
}

/** The certificate that is to blame: the server's own, or one above it that is out of date. */
function blamed(tls: TlsFacts): CertificateFacts {
  if (tls.error !== "CERT_HAS_EXPIRED" || tls.daysLeft === null || tls.daysLeft < 0) return tls;
  return tls.above.find(({ daysLeft }) => daysLeft !== null && daysLeft < 0) ?? tls;
}

/** A certificate, for the prose of a cause. */
export function certificateWords(record: ProbeRecord, clean: Clean): CertificateWords | undefined {
  const { tls } = record;
  if (tls === null || tls.error === null) return undefined;
  const certificate = blamed(tls);
  const top = (tls.above.at(-1) ?? tls).issuer;
  const day = (time: string | null): string | undefined => time?.slice(0, 10);
  const text = (words: string): string => clean(words) || "no name";
  return {
    subject: text(certificate.subject || (certificate.names[0] ?? "")),
    issuer: text(certificate.issuer),
    top: top === certificate.issuer ? undefined : text(top),
    names: tls.names.length === 0 ? undefined : clean(tls.names.join(", ")),
    validFrom: day(certificate.validFrom),
    validTo: day(certificate.validTo),
    above: certificate !== tls,
    systemTried: tls.systemCas === "did-not-help",
  };
}

function wayOf({ proxy, addresses }: ProbeRecord, clean: Clean): string {
  if (proxy !== null && proxy.bypassedBy === null) {
    const trust = proxy.systemCas ? ", trusted through the system's certificates alone" : "";
    return clean(`through the proxy ${at(proxy)} (${proxy.variable})${trust}`);
  }
  const used = addresses.find(({ outcome }) => outcome === "connected");
  const failed = addresses.filter(({ outcome }) => outcome === "failed");
  const parts = used === undefined ? [] : [`${used.address} (IPv${used.family})`];
  for (const { address, family, code } of failed) parts.push(`${address} (IPv${family}) failed: ${code ?? "unknown"}`);
  if (proxy?.bypassedBy === "loopback") parts.push("directly: plain http: does not leave this computer");
  else if (proxy !== null) parts.push(`directly: ${proxy.bypassedBy} excepts it from ${proxy.variable}`);
  return clean(parts.join(", "));
}

/** What Node's own list does not know and the system's does: said, since the client may read the first alone. */
const SYSTEM_ONLY =
  "Only this system's own certificates vouch for the server; Node's list does not. A client that does not read them refuses it: start the client with NODE_EXTRA_CA_CERTS=/path/to/company-ca.pem, or, where it runs on Node 22.15 or later, with NODE_OPTIONS=--use-system-ca.";
const UNVERIFIED =
  "In this environment NODE_TLS_REJECT_UNAUTHORIZED=0 is set: no certificate is verified, and the token goes to whoever answers. Unset it, and let Node know a company's certificate with NODE_EXTRA_CA_CERTS=/path/to/company-ca.pem.";

function tlsWords(tls: TlsFacts, off: boolean, clean: Clean): { readonly detail: string; readonly tryThis?: string } {
  const days = tls.daysLeft === null ? [] : [`${tls.daysLeft} ${Math.abs(tls.daysLeft) === 1 ? "day" : "days"} left`];
  const parts = [tls.protocol ?? "TLS", `issued by ${tls.issuer || "no name"}`, ...days];
  if (tls.systemCas === "helped") parts.push("trusted through the system's certificates alone");
  if (off) parts.push(`not verified${tls.error === null ? "" : `: ${tls.error}`}`);
  const tryThis = off ? UNVERIFIED : tls.systemCas === "helped" ? SYSTEM_ONLY : undefined;
  return { detail: clean(parts.join(", ")), ...(tryThis === undefined ? {} : { tryThis }) };
}

/** What was seen at a stage of the network that passed; for other stages nothing. */
export function detailOf(
  stage: ProbeStage,
  record: ProbeRecord,
  clean: Clean,
): { readonly detail?: string; readonly tryThis?: string } {
  const proxied = record.proxy !== null && record.proxy.bypassedBy === null;
  const found = record.addresses.map(({ address }) => address).join(", ");
  const detail = (text: string): { readonly detail?: string } => (text === "" ? {} : { detail: text });
  if (stage === "dns") return detail(clean(proxied && found !== "" ? `of the proxy: ${found}` : found));
  if (stage === "tcp") return detail(wayOf(record, clean));
  if (stage === "tls" && record.tls !== null) return tlsWords(record.tls, record.verification === "off", clean);
  return {};
}

export const LED = "Whoever runs that server can answer a GET with 405, as one does that has no such stream.";

/** Where a client would be led that opens its stream, or ends its session, after a test that passed; null where nowhere, or not tried. */
export function ledWords({ exchanges }: ProbeRecord, clean: Clean): string | null {
  const found = exchanges.find(
    // one that gets no answer for a while is a stream with nothing to say yet
    ({ phase, end }) =>
      end === "redirect" ? phase === "listen" || phase === "close" : phase === "listen" && end === "status",
  );
  if (found === undefined) return null;
  const { phase, end, status, location } = found;
  const what = phase === "close" ? "The end of the session (DELETE)" : "A GET, with which a client opens its stream,";
  const where = location === null ? "" : ` to ${clean(location)}`;
  const words =
    end === "redirect"
      ? `is redirected${where}: a client that follows takes the token along`
      : `is refused (HTTP ${status}): a client starts a sign-in then${where === "" ? "" : `, led${where}`}, and takes the token along`;
  return `${what} ${words}. Claude Code was not asked.`;
}
