/** The causes in the network: names, connections, proxies, TLS, and HTTP itself. */
import { run } from "../advice.ts";
import { printable } from "../secrets.ts";
import { broke, type CauseRow, checkUrl, type Facts, LATER, type Next, proxyAddress } from "./facts.ts";
import type { Known } from "./record.ts";

const CLIENT_CERTIFICATE = /_(?:CERTIFICATE_REQUIRED|BAD_CERTIFICATE)$/;
const NOT_TLS = /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER_FAILURE)$/;
const TLS = /^ERR_SSL_|^ERR_TLS_|^ERR_OSSL_|^EPROTO$/;
const RESET = /^(ECONNRESET|ECONNABORTED|ENETRESET|ENOTCONN|ESHUTDOWN|EPIPE)$/;

/** The connection was closed, and no code says why. */
const isGone = ({ end, last }: Facts): boolean =>
  end === "broken" &&
  last?.codes.every((each) => each === "ERR_STREAM_PREMATURE_CLOSE") === true &&
  (last.codes.length > 0 || last.status !== undefined);
/** The time ran out before there was a connection. */
const waits = ({ isWhole, end, last }: Facts): boolean => isWhole && end === "timeout" && last?.connected === false;

const setProxy = (variable: string) => [
  run("export", `${variable}=http://user:password@host:port`),
  "Add user and password only if the proxy needs them. Percent-encode special characters: @ is %40, : is %3A, / is %2F.",
];
const PROXY_BREAKS: readonly (readonly [RegExp, string])[] = [
  [/^HPE_/, "answered with something that is not HTTP"],
  [/^ECONNREFUSED$/, "is not running: nothing listens there"],
  [/^ENOTFOUND$|^EAI_/, "cannot be found: its name could not be resolved"],
  [/^(EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)$/, "cannot be reached"],
  [/^ECONNRESET$|^EPIPE$/, "closed the connection before it opened a tunnel"],
  [/CERT|^UNABLE_TO_/, "presented a certificate that is not accepted"],
  [/^ERR_SSL_|^EPROTO$/, "does not speak TLS on that port, although its address starts with https://"],
];
function proxyDid({ proxy, last, code }: Facts): string {
  const { status = null, tunnel = false, said = "" } = proxy ?? {};
  if (status !== null && status < 300 && !tunnel)
    return "answered with a page of its own instead of opening a tunnel: it may require a sign-in";
  if (status !== null && !tunnel)
    return `refuses to open a tunnel (HTTP ${status}${said === "" ? "" : `: "${printable(said)}"`})`;
  if (last?.end === "timeout") return `did not open a tunnel within ${Math.max(0.1, Math.round(last.ms / 100) / 10)} s`;
  const did = PROXY_BREAKS.find(([pattern]) => last?.codes.some((each) => pattern.test(each)))?.[1] ?? "failed";
  return `${did}${code}`;
}
const proxyName = ({ proxy }: Facts): string =>
  proxy === null ? "A proxy on the way" : `The proxy ${proxyAddress(proxy)} (${proxy.variable})`;
const schemesOf = ({ proxy }: Facts): string => printable(proxy?.schemes.join(", ") ?? "");

const quoted = (name = ""): string => `"${printable(name || "no name")}"`;
function issued({ record: { tls } }: Facts): string {
  if (tls === null || tls.error === null) return "";
  const end = tls.root === tls.issuer ? "" : `; the chain ends at ${quoted(tls.root)}`;
  return ` The certificate is for ${quoted(tls.subject || tls.names[0])}, issued by ${quoted(tls.issuer)}${end}.`;
}

/** What the file of NODE_EXTRA_CA_CERTS contains, from its text: Node reads only PEM (20 to 26). */
export function caFileOf(path: string, text: string | undefined): NonNullable<Known["extraCas"]> {
  const isPem = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/.test(text ?? "");
  return { path, kind: text === undefined ? "missing" : isPem ? "PEM" : "other" };
}
/** What is wrong with that file, or may be. */
function caAdvice({ known: { extraCas }, record: { tls } }: Facts): Next {
  if (extraCas === undefined) return [];
  const path = printable(extraCas.path);
  const is = `NODE_EXTRA_CA_CERTS is ${path}`;
  if (extraCas.kind === "missing") return `${is}, which does not exist or cannot be read.`;
  if (extraCas.kind === "PEM") return `${is}: does it contain the certificate of ${quoted(tls?.root)}?`;
  const convert = run("openssl", "x509", "-inform", "der", "-in", path, "-out", "company-ca.pem");
  return [`${is}, which contains no certificate in PEM, and Node reads only PEM. If it is DER, convert it:`, convert];
}

export const NETWORK_CAUSES = {
  // before the proxy's causes: a lack of files, ports or memory is not the proxy's fault
  "local-limit": {
    when: broke(/^(EMFILE|ENFILE|ENOBUFS|ENOMEM|EADDRINUSE|EAI_MEMORY|OUT_OF_MEM|ERR_MEMORY_ALLOCATION_FAILED)$/),
    title: "This computer reached one of its limits",
    explain: (f) =>
      `This computer has no file, port or memory left for a connection${f.code}: ${f.host} is not the cause.`,
    tryThis: [
      "Close other programs, or restart this computer. If it is EMFILE, raise the limit of this terminal:",
      run("ulimit", "-n", "4096"),
    ],
  },
  // before the causes of TLS and names: a proxy has a name and a certificate too
  "proxy-auth": {
    stage: "tcp",
    when: (seen) => seen.status === 407 || (broke(/^HALO_PROXY$/)(seen) && seen.proxy?.status === 407),
    title: "The proxy requires a password",
    explain: (f) => {
      const does = f.proxy?.credentials
        ? `does not accept the user name and password of ${f.proxy.variable}`
        : "asks for a user name and password";
      const schemes = schemesOf(f) === "" ? "" : ` It asks for: ${schemesOf(f)}.`;
      return `${proxyName(f)} ${does} (HTTP 407).${schemes}`;
    },
    tryThis: (f) =>
      /negotiate|ntlm|kerberos/i.test(schemesOf(f)) && !/basic/i.test(schemesOf(f))
        ? "Node supports only the scheme Basic: run a helper on this computer that signs in for you (such as px or cntlm), or ask your network administrator for an exception."
        : ["Put the proxy's user name and password into its address:", ...setProxy(f.proxy?.variable ?? "HTTPS_PROXY")],
  },
  "proxy-failed": {
    stage: "tcp",
    when: (seen) => {
      const { proxy } = seen.record;
      return broke(/^HALO_PROXY$/)(seen) || (waits(seen) && proxy?.bypassedBy === null && !proxy.tunnel);
    },
    title: "The connection fails at the proxy",
    explain: (f) =>
      f.record.input?.cause === "proxy-failed"
        ? `${f.record.input.name} does not contain a usable proxy address. Nothing was sent.`
        : `${proxyName(f)} ${proxyDid(f)}.`,
    tryThis: (f) =>
      f.record.input?.cause === "proxy-failed"
        ? ["Node and Claude Code support HTTP proxies, not SOCKS. Write it as:", ...setProxy(f.record.input.name)]
        : `Check ${f.proxy?.variable ?? "HTTPS_PROXY"}, and check that the proxy is running. If ${f.host} can be reached without it, add the host to NO_PROXY; if the proxy blocks the host, ask your network administrator.`,
  },
  "tls-expired": {
    stage: "tls",
    when: broke(/^CERT_HAS_EXPIRED$/),
    title: "The certificate has expired",
    explain: (f) => {
      const { tls } = f.record;
      // it may be a certificate above it that has expired
      const did = tls !== null && tls.daysLeft < 0 ? `expired on ${tls.validTo.slice(0, 10)}` : "has expired";
      return `The certificate of ${f.host} ${did}, or this computer's clock is ahead.${issued(f)} Nothing was sent.`;
    },
    tryThis: "Check this computer's date and time. If they are right, the server's owner must renew the certificate.",
  },
  "tls-not-yet-valid": {
    stage: "tls",
    when: broke(/^CERT_NOT_YET_VALID$/),
    title: "The certificate is not valid yet",
    explain: (f) =>
      `The certificate of ${f.host} is not valid ${f.record.tls === null ? "yet" : `before ${f.record.tls.validFrom.slice(0, 10)}`}, or this computer's clock is behind.${issued(f)} Nothing was sent.`,
    tryThis: "Check this computer's date and time.",
  },
  "tls-wrong-host": {
    stage: "tls",
    when: broke(/^ERR_TLS_CERT_ALTNAME|^HOSTNAME_MISMATCH$/),
    title: "The certificate is for another host",
    explain: (f) =>
      `The server at ${f.host} presented a certificate for ${printable(f.record.tls?.names.join(", ") ?? "") || "another name"}.${issued(f)} Nothing was sent.`,
    tryThis: (f) => [
      ...checkUrl(f, "Another server on the way, such as a gateway, answers instead of HALO."),
      "On a public network, open a web page in a browser first: the network may ask you to sign in.",
    ],
  },
  "tls-untrusted": {
    stage: "tls",
    when: broke(
      /SELF_SIGNED_CERT|^UNABLE_TO_|^CERT_|^CRL_|^ERROR_IN_C|^INVALID_(CA|PURPOSE)$|^PATH_LENGTH_EXCEEDED$|^UNSPECIFIED$/,
    ),
    title: "The certificate is not trusted",
    explain: (f) =>
      `The certificate of ${f.host} is not signed by an authority that Node trusts${f.record.tls?.systemCas === "did-not-help" ? ", or by one that the system trusts" : ""}${f.code}.${issued(f)} Nothing was sent.`,
    tryThis: (f) => [
      ...[caAdvice(f)].flat(),
      'If your company inspects TLS traffic, set its certificate for Node, in the environment or in "env" of ~/.claude/settings.json, which Claude Code also reads:',
      run("export", "NODE_EXTRA_CA_CERTS=/path/to/company-ca.pem"),
      "Do not turn verification off: any server in between could then read the token.",
    ],
  },
  "not-tls": {
    stage: "tls",
    when: (seen) => broke(NOT_TLS)(seen) && seen.last?.connected === false,
    title: "The server does not speak TLS",
    explain: (f) =>
      `The URL starts with https:, but ${f.host} answered unencrypted on that port. Nothing was sent.${f.way}`,
    tryThis: checkUrl,
  },
  "tls-handshake": {
    stage: "tls",
    // after the handshake, only a missing client certificate can still fail it (TLS 1.3); where it is cut, Node says ECONNRESET
    when: (seen) =>
      broke(CLIENT_CERTIFICATE)(seen) ||
      (seen.record.endpoint.secure && seen.last?.connected === false && (broke(TLS)(seen) || broke(RESET)(seen))),
    title: "The TLS handshake failed",
    explain: (f) =>
      `${f.host} ended the TLS handshake${f.code}.${f.last?.connected === true ? "" : " Nothing was sent."}${f.way}`,
    tryThis: "Usually a firewall, gateway or proxy of the network causes this: try another network.",
  },
  dns: {
    stage: "dns",
    // a host that is an address is never looked up
    when: (seen) => {
      const { timings, endpoint } = seen.record;
      const isName = !/^(?:\[|[\d.]+(?::|$))/.test(endpoint.host);
      return broke(/^ENOTFOUND$|^EAI_|^ENODATA$|^ESERVFAIL$/)(seen) || (waits(seen) && timings.dns === null && isName);
    },
    title: "The host name cannot be resolved",
    explain: (f) => `The name ${f.host} could not be resolved to an address${f.code}.${f.way}`,
    tryThis: (f) => [
      ...checkUrl(f, "This computer may be offline, or its DNS may not know the name."),
      "Check that this computer is online, and whether a VPN or a proxy is needed.",
    ],
  },
  refused: {
    stage: "tcp",
    when: broke(/^ECONNREFUSED$/),
    title: "The connection was refused",
    explain: (f) => `${f.host} refused the connection: nothing listens on that port${f.code}.${f.way}`,
    tryThis: (f) =>
      f.isHalo
        ? checkUrl(f, "A firewall on the way may refuse the connection, or HALO is down.")
        : ["Nothing answers there now. Try again in a minute.", "Another address: --url <url>"],
  },
  unreachable: {
    stage: "tcp",
    when: broke(/^(EHOSTUNREACH|ENETUNREACH|ENETDOWN|EHOSTDOWN|EADDRNOTAVAIL|EAFNOSUPPORT|EACCES|EPERM)$/),
    title: "The server cannot be reached",
    explain: (f) => `This computer has no network route to ${f.host}${f.code}.${f.way}`,
    tryThis: "Check the network connection, the VPN and the firewall.",
  },
  timeout: {
    when: (seen) => {
      const { end, record, isWhole, isFine, gaveUp } = seen;
      if (end === "timeout" || end === "aborted" || broke(/^ETIMEDOUT$/)(seen)) return true;
      if (gaveUp !== undefined) return /TIMEOUT/iu.test(gaveUp.code);
      return isWhole && isFine && record.outcome.failure === undefined;
    },
    title: "No answer in time",
    explain: ({ host, last, asked, record, way }) => {
      const isOpen = last?.connected !== false;
      const isTls = record.endpoint.secure && record.timings.tcp !== null;
      const missed = isTls ? "accepted the connection but did not complete TLS" : "did not complete the connection";
      const did = isOpen ? `accepted the connection but did not answer ${asked}` : missed;
      const limit = last?.end === "broken" ? "" : ` (limit: ${Math.ceil(record.timeoutMs / 1000)} s)`;
      return `${host} ${did} in time${limit}.${way}`;
    },
    tryThis: ({ record }) => {
      // enough for a slow answer, up to the maximum of --timeout
      const longer = Math.min(600, Math.max(60, Math.ceil(record.timeoutMs / 333)));
      return [
        "Run it again with a longer --timeout:",
        run("npx", "create-halo-mcp", "doctor", "--timeout", `${longer}`),
        "If that does not help, check whether a firewall or a proxy drops the traffic.",
      ];
    },
  },
  reset: {
    when: (seen) => broke(RESET)(seen) || (broke(TLS)(seen) && seen.last?.connected === true),
    title: "The connection was cut",
    explain: (f) => `The connection to ${f.host} was reset during ${f.asked}${f.code}.${f.way}`,
    tryThis:
      "Run it again. If that does not help, a firewall, a VPN or a proxy may cut the connection: try another network.",
  },
  "closed-early": {
    when: (seen) => isGone(seen) && !(seen.last?.stream === true && seen.last.status !== undefined),
    title: "The connection was closed before the answer was complete",
    explain: (f) => `${f.host} closed the connection before its answer to ${f.asked} was complete${f.code}.`,
    tryThis: LATER,
  },
  "stream-ended": {
    stage: "mcp",
    when: (seen) => seen.end === "stream-ended" || isGone(seen),
    title: "The event stream ended without an answer",
    explain: (f) => `${f.host} opened an event stream for ${f.asked} and closed it before the answer came.`,
    tryThis: `A proxy that buffers or cuts long answers can cause this: try another network. ${LATER}`,
  },
  "too-big": {
    when: (seen) => seen.end === "too-big" || broke(/^HPE_(HEADER|CHUNK_EXTENSIONS)_OVERFLOW$/)(seen),
    title: "The answer is too big",
    explain: (f) =>
      `The answer of ${f.host} to ${f.asked} is too large (limits: 16 KiB for the headers, 4 MiB for all bodies, 100,000 values). The test stopped reading.`,
    tryThis: checkUrl,
  },
  "bad-http": {
    when: (seen) => seen.status >= 600 || broke(/^HPE_/)(seen),
    title: "The answer is not HTTP",
    explain: (f) => `${f.host} answered with something that is not HTTP${f.code}.`,
    tryThis: checkUrl,
  },
} as const satisfies Readonly<Record<string, CauseRow>>;
