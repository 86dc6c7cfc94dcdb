/** The causes of the network in the user's words: names, connections, proxies, TLS. */
import type { Cause } from "./cause-of.ts";
import {
  type CauseFacts,
  type CauseText,
  type CertificateWords,
  checkUrl,
  code,
  direct,
  type ExtraCas,
  host,
  ownServer,
  type ProxyWords,
  tryProxy,
} from "./cause-text.ts";

const trust =
  'If your company inspects TLS traffic, let Node know its certificate, in the environment or in "env" of ~/.claude/settings.json, where Claude Code reads it too:\nexport NODE_EXTRA_CA_CERTS=/path/to/company-ca.pem\nDo not switch verification off: the token would go to whoever answers.';
const ENCODE = "Special characters in them are percent-encoded: @ is %40, : is %3A, / is %2F.";
const FORM = `http://user:password@host:port\nUser and password only where the proxy wants them. ${ENCODE}`;
const BAD_PROXY: Readonly<Record<string, string>> = {
  scheme: "it starts with neither http:// nor https://",
  unreadable: "it cannot be read as a URL",
};

const wantsCertificate = (facts: CauseFacts): boolean =>
  /_(?:CERTIFICATE_REQUIRED|BAD_CERTIFICATE)$/.test(facts.code ?? "");

const named = (proxy: ProxyWords | undefined): string =>
  proxy === undefined ? "" : ` ${proxy.at === undefined ? "" : `${proxy.at} `}(${proxy.variable})`;
/** Who else may have ended what is said of the host. */
const through = ({ proxy }: CauseFacts): string =>
  proxy?.at === undefined ? "" : ` The way there is a tunnel through the proxy${named(proxy)}.`;
const when = (word: string, day: string | undefined): string => (day === undefined ? "" : ` ${word} ${day}`);

const CA_PROBLEMS: Readonly<Record<NonNullable<ExtraCas["problem"]>, string>> = {
  missing: "does not exist",
  "no file": "is no file",
  unreadable: "cannot be read",
  "no certificate": "holds no certificate",
};
/** What is wrong with the file of NODE_EXTRA_CA_CERTS. That one of the right name is in it says nothing yet. */
function extra({ extraCas, certificate }: CauseFacts): string {
  if (extraCas === undefined) return "";
  const { file, problem, names } = extraCas;
  const issuer = certificate?.top ?? certificate?.issuer;
  const lacks = issuer === undefined || names.includes(issuer) ? undefined : `does not hold the issuer "${issuer}"`;
  const what = problem === undefined ? lacks : CA_PROBLEMS[problem];
  return what === undefined ? "" : ` NODE_EXTRA_CA_CERTS names ${file}, which ${what}.`;
}

/** Whose certificate it is, and who signed it. */
function issued(certificate: CertificateWords | undefined): string {
  if (certificate === undefined) return "";
  const { subject, issuer, top, above } = certificate;
  const what = above === true ? "The one to blame stands above the server's own: it" : "It";
  const end = top === undefined ? "" : `; the chain ends at "${top}"`;
  return ` ${what} is for "${subject}", issued by "${issuer}"${end}.`;
}

type NetworkCause = Extract<Cause, "dns" | "refused" | "unreachable" | "not-tls" | `proxy-${string}` | `tls-${string}`>;

export const NETWORK_CAUSES: Readonly<Record<NetworkCause, CauseText>> = {
  dns: {
    title: "The host name is not known",
    explain: (f) => `The name ${host(f)} could not be resolved to an address${code(f)}.${direct(f)}`,
    tryThis: (f) =>
      `${checkUrl(f, { reason: "This computer may be offline, or the company's own DNS does not know the name.", next: "Check whether a VPN or a proxy is needed, and try another network." })}${ownServer(f, "Then check that this computer is online, and whether a VPN or a proxy is needed.")}${tryProxy(f)}`,
  },
  refused: {
    title: "Nobody listens there",
    explain: (f) => `${host(f)} refused the connection: nothing listens on that port${code(f)}.${direct(f)}`,
    tryThis: (f) =>
      `${checkUrl(f, { reason: "A firewall on the way may refuse the connection, or HALO is out of order." })}${ownServer(f, "A server of your own must be running; a firewall can also answer like this.")}${tryProxy(f)}`,
  },
  unreachable: {
    title: "There is no way to the server",
    explain: (f) => `This computer has no network route to ${host(f)}${code(f)}.${direct(f)}`,
    tryThis: (f) => `Check the network connection, the VPN and the firewall.${tryProxy(f)}`,
  },
  "proxy-failed": {
    title: "The connection fails at the proxy",
    explain: ({ proxy, why, ...f }) => {
      if (why !== undefined) {
        const how = BAD_PROXY[why] ?? "it cannot be read";
        return `${proxy?.variable ?? "HTTPS_PROXY"} holds no address of a proxy: ${how}. Nothing was sent.`;
      }
      const did = proxy?.did ?? `failed${code(f)}`;
      return `The connection to ${host(f)} goes through the proxy${named(proxy)}, and the proxy ${did}.`;
    },
    tryThis: ({ proxy, why, ...f }) => {
      const variable = proxy?.variable ?? "HTTPS_PROXY";
      if (why === "scheme")
        return `Node and Claude Code speak to HTTP proxies alone, not to SOCKS ones. Set it to the address of an HTTP proxy:\nexport ${variable}=${FORM}`;
      if (why !== undefined) return `Write it as:\nexport ${variable}=${FORM}`;
      if (proxy?.refuses === true)
        return `Ask whoever runs the network to allow ${host(f)} at the proxy. If it can be reached without the proxy, add the host to NO_PROXY. If this is not the proxy that you mean, correct ${variable}.`;
      return `Check ${variable}, and that the proxy runs. If ${host(f)} can be reached without it, add the host to NO_PROXY; if the proxy forbids it, ask whoever runs the network.`;
    },
  },
  "proxy-auth": {
    title: "A proxy wants a password",
    explain: ({ proxy }) => {
      if (proxy === undefined) return "A proxy on the way asks for a user name and password (HTTP 407).";
      const which = `The proxy${named(proxy)}`;
      const asks = proxy.schemes ? ` It asks for: ${proxy.schemes}.` : "";
      return proxy.credentials === true
        ? `${which} does not accept the user name and password of ${proxy.variable} (HTTP 407).${asks}`
        : `${which} asks for a user name and password (HTTP 407); ${proxy.variable} holds none, so none were sent.${asks}`;
    },
    tryThis: ({ proxy }) => {
      const variable = proxy?.variable ?? "HTTPS_PROXY";
      const windows = /negotiate|ntlm|kerberos/i.test(proxy?.schemes ?? "") && !/basic/i.test(proxy?.schemes ?? "");
      if (windows)
        return "Node knows only the scheme Basic: this proxy needs a helper on this computer that signs in for you (such as px or cntlm), or an exception from whoever runs the network.";
      return proxy?.credentials === true
        ? `Check user name and password in ${variable}. ${ENCODE}`
        : `Put the proxy's credentials into it:\nexport ${variable}=${FORM}`;
    },
  },
  "tls-untrusted": {
    title: "The certificate is not trusted",
    explain: (f) => {
      const tried = f.certificate?.systemTried === true ? ", nor by its system's own list" : "";
      return `The certificate that ${host(f)} showed is not signed by anyone this computer trusts${tried}${code(f)}.${issued(f.certificate)}${extra(f)} Nothing was sent.`;
    },
    tryThis: () => trust,
  },
  "tls-expired": {
    title: "The certificate has expired",
    explain: (f) =>
      `The certificate of ${host(f)} has expired${when("on", f.certificate?.validTo)}, or this computer's clock is ahead.${issued(f.certificate)} Nothing was sent.`,
    tryThis: () =>
      "Check date and time of this computer. If they are right, the server's owner must renew the certificate.",
  },
  "tls-not-yet-valid": {
    title: "The certificate is not valid yet",
    explain: (f) =>
      `The certificate of ${host(f)} becomes valid in the future${when("on", f.certificate?.validFrom)}, or this computer's clock is behind.${issued(f.certificate)} Nothing was sent.`,
    tryThis: () => "Check date and time of this computer.",
  },
  "tls-wrong-host": {
    title: "The certificate is for another host",
    explain: (f) => {
      const names = f.certificate?.names ? `for ${f.certificate.names}` : "for another name";
      return `Whoever answered at ${host(f)} showed a certificate ${names}.${issued(f.certificate)} Nothing was sent.`;
    },
    tryThis: (f) =>
      `${checkUrl(f, { reason: "Something on the way answers in HALO's place." })}\nOn a public network, open a web page first: a sign-in page may be in the way.`,
  },
  "tls-handshake": {
    title: "No encrypted connection could be agreed on",
    explain: (f) =>
      // the one alert that comes when a request may be under way; who sends it has read nothing of that
      wantsCertificate(f)
        ? `${host(f)} wants a certificate of this computer, and got none${code(f)}.`
        : `${host(f)} ended the TLS handshake${code(f)}. Nothing was sent.${direct(f)}${through(f)}`,
    tryThis: (f) =>
      wantsCertificate(f)
        ? `HALO wants no such certificate: a gateway of your network may stand in between.\n${checkUrl(f)}`
        : `A firewall or proxy that cuts TLS is the usual reason: try another network.${f.halo === true ? "" : " An old server that knows no TLS 1.2 is another."}${tryProxy(f)}`,
  },
  "not-tls": {
    title: "The server does not speak TLS",
    explain: (f) =>
      `The URL starts with https:, but ${host(f)} answered unencrypted on that port. Nothing was sent.${through(f)}`,
    tryThis: (f) =>
      `${checkUrl(f, { reason: "A proxy, a firewall or a network's sign-in page on the way may have answered." })}${ownServer(f, "A server of your own on this computer: use http: instead of https:, or the right port.")}`,
  },
};
