/** The causes on the way: names, connections, proxies, TLS, and the bytes of HTTP. */
import { printable } from "../secrets.ts";
import {
  asked,
  broke,
  type CauseRow,
  checkUrl,
  code,
  direct,
  doctor,
  host,
  LATER,
  type Next,
  run,
  said,
  tryProxy,
} from "./cause-rows.ts";
import type { Facts } from "./facts.ts";
import type { ProxyFacts } from "./record.ts";
import type { Seen } from "./seen.ts";

const CLIENT_CERTIFICATE = /_(?:CERTIFICATE_REQUIRED|BAD_CERTIFICATE)$/;
const NOT_TLS = /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER_FAILURE)$/;
const TLS = /^ERR_SSL_|^ERR_TLS_|^ERR_OSSL_|^EPROTO$/;
const RESET = /^(ECONNRESET|ECONNABORTED|ENETRESET|ENOTCONN|ESHUTDOWN|EPIPE)$/;
/** Says only that the connection was closed. */
const GONE = /^ERR_STREAM_PREMATURE_CLOSE$/;

/** Cut before TLS stood: Node calls it ECONNRESET ("before secure TLS connection was established"). */
const isEarly = ({ record, last }: Seen): boolean => record.endpoint?.secure === true && last?.connected === false;
/** The connection was closed, and no code says why. */
const isGone = ({ end, last }: Seen): boolean =>
  end === "broken" &&
  last?.codes.every((each) => GONE.test(each)) === true &&
  (last.codes.length > 0 || last.status !== null);
/** The time ran out before there was a connection. */
const waits = ({ isWhole, end, last }: Seen): boolean => isWhole && end === "timeout" && last?.connected === false;

/** What a local limit is about, and what helps. */
const LIMITS: Readonly<Record<string, { readonly what: string; readonly tryThis: Next }>> = {
  EMFILE: {
    what: "this program has as many files and connections open as it may",
    tryThis: ["Raise the limit in this terminal, and run it again:", run("ulimit", "-n", "4096")],
  },
  ENFILE: {
    what: "the system has as many files open as it can",
    tryThis: "Close other programs, or restart this computer.",
  },
  EADDRINUSE: {
    what: "no local port is free",
    tryThis: "Close programs that hold many connections, wait a minute, run it again.",
  },
};
const MEMORY = {
  what: "this computer is short of memory",
  tryThis: "Close other programs, or restart this computer, and run it again.",
};
const limitOf = ({ codes }: Facts) => codes?.map((each) => LIMITS[each]).find((each) => each !== undefined) ?? MEMORY;

const ENCODE = "Special characters in them are percent-encoded: @ is %40, : is %3A, / is %2F.";
const setProxy = (variable: string): Next & readonly unknown[] => [
  run("export", `${variable}=http://user:password@host:port`),
  `User and password only where the proxy wants them. ${ENCODE}`,
];
const PROXY_ENDS: Readonly<Record<string, string>> = {
  HALO_PROXY_ANSWER: "answered with something that is not HTTP",
  HALO_PROXY_HEAD: "answered with a head over 16 KiB",
  HALO_PROXY_PAGE: "answered with a page of its own instead of a tunnel: a sign-in may be in the way",
  HALO_PROXY_CLOSED: "closed the connection before it had opened the tunnel",
};
const PROXY_BREAKS: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, "does not run: nothing listens there"],
  [/^ENOTFOUND$|^EAI_/, "cannot be found: its name could not be resolved"],
  [/^(EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)$/, "cannot be reached"],
  [/^ECONNRESET$|^EPIPE$/, "cut the connection"],
  [/CERT|^UNABLE_TO_/, "showed a certificate that is not accepted"],
  [/^ERR_SSL_|^EPROTO$/, "does not speak TLS on that port, although its address starts with https://"],
];
/** What a proxy did that stopped us. */
function proxyDid(f: Facts): string {
  const { status, said } = f.proxy ?? {};
  if (f.ownCode === "HALO_PROXY_STATUS")
    return `refuses to open a tunnel (HTTP ${status}${said === undefined || said === "" ? "" : `: "${printable(said)}"`})`;
  const did = PROXY_ENDS[f.ownCode ?? ""];
  if (did !== undefined) return did;
  for (const each of f.codes ?? []) {
    const words = PROXY_BREAKS.find(([pattern]) => pattern.test(each))?.[1];
    if (words !== undefined) return `${words} (${each})`;
  }
  return f.waited === undefined ? `failed${code(f)}` : `had opened no tunnel after ${f.waited} s`;
}
/** Host and port as they stand in a URL. */
export const proxyAddress = ({ host: name, port }: Pick<ProxyFacts, "host" | "port">): string =>
  printable(`${name.includes(":") ? `[${name}]` : name}:${port}`);
const named = ({ proxy }: Facts): string => (proxy === undefined ? "" : ` ${proxyAddress(proxy)} (${proxy.variable})`);
const schemesOf = ({ proxy }: Facts): string => printable(proxy?.schemes.join(", ") ?? "");
/** Names the proxy, which may have caused the failure. */
const through = (f: Facts): string =>
  f.proxy === undefined ? "" : ` The connection goes through the proxy${named(f)}.`;
const BAD_PROXY = { scheme: "it starts with neither http:// nor https://", unreadable: "it cannot be read as a URL" };

const CA_PROBLEMS = {
  missing: "does not exist",
  "no file": "is no file",
  unreadable: "cannot be read",
  "no certificate": "holds no certificate",
} as const;
/** What is wrong with the file of NODE_EXTRA_CA_CERTS. That one of the right name is in it says nothing yet. */
function extra({ extraCas, certificate }: Facts): string {
  if (extraCas === undefined) return "";
  const { file, problem, names } = extraCas;
  const issuer = certificate?.top ?? certificate?.issuer;
  const lacks = issuer === undefined || names.includes(issuer) ? undefined : `does not hold the issuer "${issuer}"`;
  const what = problem === undefined ? lacks : CA_PROBLEMS[problem];
  return what === undefined ? "" : ` NODE_EXTRA_CA_CERTS names ${printable(file)}, which ${what}.`;
}

/** Whose certificate it is, and who signed it. */
function issued({ certificate }: Facts): string {
  if (certificate === undefined) return "";
  const { subject, issuer, top, above } = certificate;
  const what =
    above === true ? "The certificate that is refused is not the server's own but one above it in the chain: it" : "It";
  const end = top === undefined ? "" : `; the chain ends at "${top}"`;
  return ` ${what} is for "${subject}", issued by "${issuer}"${end}.`;
}
const when = (word: string, day: string | undefined): string => (day === undefined ? "" : ` ${word} ${day}`);
const wantsCertificate = ({ codes }: Facts): boolean => codes?.some((each) => CLIENT_CERTIFICATE.test(each)) === true;

/** A limit that has room for a slow answer, up to the longest that can be given. */
const longer = (seconds = 0): string => String(Math.min(600, Math.max(60, Math.ceil(seconds * 3))));

export const NETWORK_CAUSES = {
  // before the proxy's causes: a lack of files, ports or memory is not the proxy's fault
  "local-limit": {
    when: broke(/^(EMFILE|ENFILE|ENOBUFS|ENOMEM|EADDRINUSE|EAI_MEMORY|OUT_OF_MEM|ERR_MEMORY_ALLOCATION_FAILED)$/),
    title: "This computer reached one of its limits",
    explain: (f) =>
      `No connection to ${host(f)} could be used for ${asked(f)}: ${limitOf(f).what}${code(f)}. The server is not the cause.`,
    tryThis: (f) => limitOf(f).tryThis,
  },
  // before the causes of TLS and names: a proxy has a name and a certificate too
  "proxy-auth": {
    stage: "tcp",
    when: (seen) => seen.status === 407 || broke(/^HALO_PROXY_AUTH$/)(seen),
    title: "The proxy requires a password",
    explain: (f) => {
      if (f.proxy === undefined) return "A proxy on the way asks for a user name and password (HTTP 407).";
      const asks = schemesOf(f) === "" ? "" : ` It asks for: ${schemesOf(f)}.`;
      return f.proxy.credentials
        ? `The proxy${named(f)} does not accept the user name and password of ${f.proxy.variable} (HTTP 407).${asks}`
        : `The proxy${named(f)} asks for a user name and password (HTTP 407); ${f.proxy.variable} holds none, so none were sent.${asks}`;
    },
    tryThis: (f) => {
      const variable = f.proxy?.variable ?? "HTTPS_PROXY";
      if (/negotiate|ntlm|kerberos/i.test(schemesOf(f)) && !/basic/i.test(schemesOf(f)))
        return "Node knows only the scheme Basic: this proxy needs a helper on this computer that signs in for you (such as px or cntlm), or an exception from whoever runs the network.";
      return f.proxy?.credentials === true
        ? `Check user name and password in ${variable}. ${ENCODE}`
        : ["Put the proxy's credentials into it:", ...setProxy(variable)];
    },
  },
  "proxy-failed": {
    stage: "tcp",
    when: (seen) => {
      const { proxy } = seen.record;
      return (
        broke(/^HALO_PROXY/)(seen) || (waits(seen) && proxy !== null && proxy.bypassedBy === null && !proxy.tunnel)
      );
    },
    title: "The connection fails at the proxy",
    explain: (f) =>
      f.input?.cause === "proxy-failed"
        ? `${f.input.variable} holds no address of a proxy: ${BAD_PROXY[f.input.why]}. Nothing was sent.`
        : `The connection to ${host(f)} goes through the proxy${named(f)}, and the proxy ${proxyDid(f)}.`,
    tryThis: (f) => {
      if (f.input?.cause === "proxy-failed") {
        const socks =
          "Node and Claude Code speak to HTTP proxies alone, not to SOCKS ones. Set it to the address of an HTTP proxy:";
        return [f.input.why === "scheme" ? socks : "Write it as:", ...setProxy(f.input.variable)];
      }
      const variable = f.proxy?.variable ?? "HTTPS_PROXY";
      return f.ownCode === "HALO_PROXY_STATUS" && (f.proxy?.status ?? 500) < 500
        ? `Ask whoever runs the network to allow ${host(f)} at the proxy. If it can be reached without the proxy, add the host to NO_PROXY. If this is not the proxy that you mean, correct ${variable}.`
        : `Check ${variable}, and that the proxy runs. If ${host(f)} can be reached without it, add the host to NO_PROXY; if the proxy forbids it, ask whoever runs the network.`;
    },
  },
  "tls-expired": {
    stage: "tls",
    when: broke(/^CERT_HAS_EXPIRED$/),
    title: "The certificate has expired",
    explain: (f) =>
      `The certificate of ${host(f)} has expired${when("on", f.certificate?.validTo)}, or this computer's clock is ahead.${issued(f)} Nothing was sent.`,
    tryThis: "Check date and time of this computer. If they are right, the server's owner must renew the certificate.",
  },
  "tls-not-yet-valid": {
    stage: "tls",
    when: broke(/^CERT_NOT_YET_VALID$/),
    title: "The certificate is not valid yet",
    explain: (f) =>
      `The certificate of ${host(f)} becomes valid in the future${when("on", f.certificate?.validFrom)}, or this computer's clock is behind.${issued(f)} Nothing was sent.`,
    tryThis: "Check date and time of this computer.",
  },
  "tls-wrong-host": {
    stage: "tls",
    when: broke(/^ERR_TLS_CERT_ALTNAME|^HOSTNAME_MISMATCH$/),
    title: "The certificate is for another host",
    explain: (f) =>
      `The server at ${host(f)} showed a certificate ${f.certificate?.names ? `for ${f.certificate.names}` : "for another name"}.${issued(f)} Nothing was sent.`,
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
      `The certificate that ${host(f)} showed is not signed by anyone this computer trusts${f.certificate?.systemTried === true ? ", nor by its system's own list" : ""}${code(f)}.${issued(f)}${extra(f)} Nothing was sent.`,
    tryThis: [
      'If your company inspects TLS traffic, let Node know its certificate, in the environment or in "env" of ~/.claude/settings.json, where Claude Code reads it too:',
      run("export", "NODE_EXTRA_CA_CERTS=/path/to/company-ca.pem"),
      "Do not switch verification off: then any server on the way could read the token.",
    ],
  },
  "not-tls": {
    stage: "tls",
    when: (seen) => broke(NOT_TLS)(seen) && seen.last?.connected === false,
    title: "The server does not speak TLS",
    explain: (f) =>
      `The URL starts with https:, but ${host(f)} answered unencrypted on that port. Nothing was sent.${through(f)}`,
    tryThis: (f) =>
      checkUrl(
        f,
        "A proxy, a firewall or a network's sign-in page on the way may have answered.",
        undefined,
        "If it is your own server on this computer: use http: instead of https:, or another port.",
      ),
  },
  "tls-handshake": {
    stage: "tls",
    // after the handshake, only a missing client certificate can still fail it (TLS 1.3)
    when: (seen) =>
      broke(CLIENT_CERTIFICATE)(seen) ||
      (broke(TLS)(seen) && seen.last?.connected === false) ||
      (isEarly(seen) && (broke(RESET)(seen) || isGone(seen))),
    title: "The TLS handshake failed",
    explain: (f) =>
      // without "Nothing was sent": this alert can come after the request was sent
      wantsCertificate(f)
        ? `${host(f)} asks for a client certificate, and none was sent${code(f)}.`
        : `${host(f)} ended the TLS handshake${code(f)}. Nothing was sent.${direct(f)}${through(f)}`,
    tryThis: (f) =>
      wantsCertificate(f)
        ? ["HALO does not ask for one: a gateway of your network may have answered.", ...checkUrl(f)]
        : [
            `Usually a firewall or a proxy blocks the connection: try another network.${f.halo === true ? "" : " A server without TLS 1.2 also fails like this."}`,
            ...tryProxy(f),
          ],
  },
  dns: {
    stage: "dns",
    // a host that is an address is never looked up
    when: (seen) => {
      const { timings, endpoint } = seen.record;
      const isName = endpoint !== null && !/^(?:\[|[\d.]+(?::|$))/.test(endpoint.host);
      return broke(/^ENOTFOUND$|^EAI_|^ENODATA$|^ESERVFAIL$/)(seen) || (waits(seen) && timings.dns === null && isName);
    },
    title: "The host name cannot be resolved",
    explain: (f) => `The name ${host(f)} could not be resolved to an address${code(f)}.${direct(f)}`,
    tryThis: (f) => [
      ...checkUrl(
        f,
        "This computer may be offline, or the company's own DNS does not know the name.",
        "Check whether a VPN or a proxy is needed, and try another network.",
        "Then check that this computer is online, and whether a VPN or a proxy is needed.",
      ),
      ...tryProxy(f),
    ],
  },
  refused: {
    stage: "tcp",
    when: broke(/^ECONNREFUSED$/),
    title: "The connection was refused",
    explain: (f) => `${host(f)} refused the connection: nothing listens on that port${code(f)}.${direct(f)}`,
    tryThis: (f) => [
      ...checkUrl(
        f,
        "A firewall on the way may refuse the connection, or HALO is down.",
        undefined,
        "If it is your own server: is it running? A firewall can also refuse a connection.",
      ),
      ...tryProxy(f),
    ],
  },
  unreachable: {
    stage: "tcp",
    when: broke(/^(EHOSTUNREACH|ENETUNREACH|ENETDOWN|EHOSTDOWN|EADDRNOTAVAIL|EAFNOSUPPORT|EACCES|EPERM)$/),
    title: "The server cannot be reached",
    explain: (f) => `This computer has no network route to ${host(f)}${code(f)}.${direct(f)}`,
    tryThis: (f) => ["Check the network connection, the VPN and the firewall.", ...tryProxy(f)],
  },
  timeout: {
    when: (seen) => {
      const { isWhole, isFine, end, last, record } = seen;
      if (end === "timeout" || end === "aborted" || broke(/^ETIMEDOUT$/)(seen)) return true;
      if (!isWhole || !isFine) return false;
      const { failure } = record.outcome;
      if (failure !== null) return /TIMEOUT/iu.test(failure.code ?? "");
      return last === undefined || record.totalMs >= record.timeoutMs * 0.8;
    },
    title: "No answer in time",
    explain: (f) =>
      `${host(f)} ${f.connected === false ? "did not complete the connection" : `accepted the connection but did not answer ${asked(f)}`} in time${f.seconds === undefined ? "" : ` (limit: ${f.seconds} s)`}.${direct(f)}`,
    tryThis: (f) => [
      "Run it again with a longer --timeout:",
      doctor("--timeout", longer(f.seconds)),
      "If that does not help, check whether a firewall or a proxy drops the traffic.",
      ...tryProxy(f),
    ],
  },
  reset: {
    when: (seen) => broke(RESET)(seen) || (broke(TLS)(seen) && seen.last?.connected === true),
    title: "The connection was cut",
    explain: (f) => `The connection to ${host(f)} was reset during ${asked(f)}${code(f)}.${direct(f)}`,
    tryThis: (f) => [
      "Run it again. If that does not help, a firewall, a VPN or a proxy may cut the connection: try another network.",
      ...tryProxy(f),
    ],
  },
  "closed-early": {
    when: (seen) => isGone(seen) && !(seen.last?.stream === true && seen.last.status !== null),
    title: "The connection was closed before the answer was complete",
    explain: (f) => `${host(f)} closed the connection before its answer to ${asked(f)} was complete${code(f)}.`,
    tryThis: LATER,
  },
  "stream-ended": {
    stage: "mcp",
    when: (seen) => seen.end === "stream-ended" || isGone(seen),
    title: "The event stream ended without an answer",
    explain: (f) => `${host(f)} opened an event stream for ${asked(f)} and closed it before the answer came.${said(f)}`,
    tryThis: `A proxy that buffers or cuts long answers can cause this: try another network. ${LATER}`,
  },
  "too-big": {
    when: (seen) => seen.end === "too-big" || broke(/^HPE_(HEADER|CHUNK_EXTENSIONS)_OVERFLOW$/)(seen),
    title: "The answer is too big",
    explain: (f) =>
      `The answer of ${host(f)} to ${asked(f)} is too large (the limits: 16 KiB for the headers, 4 MiB for a body, 8 MiB for all bodies, and a number of values that no real list of tools reaches). Reading was stopped.`,
    tryThis: (f) => checkUrl(f),
  },
  "bad-http": {
    when: (seen) => seen.status >= 600 || broke(/^HPE_/)(seen),
    title: "The answer is not HTTP",
    explain: (f) => `${host(f)} answered with something that is not HTTP${code(f)}.`,
    tryThis: (f) =>
      checkUrl(f, undefined, undefined, "If it is your own server: is the port right, and does it use https:?"),
  },
} as const satisfies Readonly<Record<string, CauseRow>>;
