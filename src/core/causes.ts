/** Every cause a connection test can name, in the user's words. Prose only: which cause it is decides `cause-of.ts`. */

import type { Cause } from "./cause-of.ts";
import { HALO_URL } from "./halo.ts";

/** What the prose may name. Every text has been redacted and made printable by who fills it in. All optional: prose reads well without. */
export interface CauseFacts {
  readonly host?: string | undefined;
  readonly header?: string | undefined;
  /** Of a bad character: counted from 1, and its code point. */
  readonly position?: number | undefined;
  readonly codePoint?: number | undefined;
  readonly status?: number | undefined;
  /** What was asked: `initialize`, `tools/list`, … */
  readonly method?: string | undefined;
  /** Origin a redirect points to. */
  readonly target?: string | undefined;
  readonly retryAfter?: string | undefined;
  /** Limit that ran out, in seconds. */
  readonly seconds?: number | undefined;
  readonly contentType?: string | undefined;
  /** JSON-RPC error code, or code of a network error. */
  readonly code?: string | undefined;
  /** What the server said. */
  readonly words?: string | undefined;
  /** The answer is a web page. */
  readonly html?: boolean | undefined;
  /** Why a URL cannot be used. */
  readonly why?: string | undefined;
}

export interface CauseText {
  readonly title: string;
  /** What was seen. */
  readonly explain: (facts: CauseFacts) => string;
  /** What to do next; a line each. */
  readonly tryThis: (facts: CauseFacts) => string;
}

const NEW_TOKEN = "HALO Studio > Settings > Product Tokens > + > type MCP";
const host = (facts: CauseFacts): string => facts.host ?? "the server";
const http = (facts: CauseFacts): string => (facts.status === undefined ? "" : ` (HTTP ${facts.status})`);
const said = (facts: CauseFacts): string => (facts.words ? ` It said: "${facts.words}"` : "");
const code = (facts: CauseFacts): string => (facts.code ? ` (${facts.code})` : "");
const asked = (facts: CauseFacts): string => facts.method ?? "the request";
const header = (facts: CauseFacts): string => facts.header ?? "a header";
const WEB_PAGE = " The answer is a web page, so it may come from a firewall or gateway on the way and not from HALO.";
const page = (facts: CauseFacts): string => (facts.html ? WEB_PAGE : "");

const BAD_URL: Readonly<Record<string, string>> = {
  credentials: "The URL holds a user name or password.",
  "plain-http": "The URL starts with http:, so the token would travel unencrypted.",
  scheme: "The URL starts with neither https: nor http:.",
};
const checkUrl = `Check the URL, letter by letter: HALO's is ${HALO_URL}`;
const later = "Wait a few minutes and run it again. If it stays, ask CM.com support, and give the time of this test.";
const trust =
  "If your company inspects TLS traffic, let Node know its certificate: NODE_EXTRA_CA_CERTS=/path/to/company-ca.pem. Do not switch verification off: the token would go to whoever answers.";
const tokenAdvice = [
  `Is the token of type MCP (${NEW_TOKEN})? Not the legacy Product Token of Settings > Profile, not a CM.com platform product token.`,
  "Was it pasted whole, and not deleted since? Does it belong to the account of the account ID?",
  "It is shown only once: when in doubt, make a new one.",
].join("\n");

export const CAUSES: Readonly<Record<Cause, CauseText>> = {
  "bad-value": {
    title: "A value holds a character that cannot be sent",
    explain: (f) =>
      `The value of ${header(f)} holds a character that no HTTP header can carry${f.position === undefined ? "" : `, at position ${f.position}`}${f.codePoint === undefined ? "" : ` (U+${f.codePoint.toString(16).toUpperCase().padStart(4, "0")})`}. Nothing was sent.`,
    tryThis: () =>
      "Copy the value again, without line breaks, quotes or spaces round it. Values copied from a chat or a document often bring invisible characters along.",
  },
  "missing-value": {
    title: "A value is missing",
    explain: (f) => `${header(f)} has no value. Nothing was sent.`,
    tryThis: () => "Set HALO_MCP_TOKEN, HALO_ACCOUNT_ID and HALO_PROFILE_ID, or run the wizard: npx create-halo-mcp",
  },
  "placeholder-sent": {
    title: "A placeholder stands where a value belongs",
    explain: (f) =>
      `${header(f)} still holds a placeholder, such as \${HALO_MCP_TOKEN}: the variable was not filled in. Nothing was sent.`,
    tryThis: () =>
      "Run npx create-halo-mcp: it keeps the values where Claude Code reads them (.claude/settings.local.json); .env alone is not read.",
  },
  "bad-url": {
    title: "The URL cannot be used",
    explain: (f) =>
      `${BAD_URL[f.why ?? ""] ?? "The URL cannot be read, or its port is never used for HTTP."} Nothing was sent.`,
    tryThis: () => `Use HALO's URL: ${HALO_URL}`,
  },
  "endpoint-foreign": {
    title: "The URL is not HALO's",
    explain: (f) =>
      `The configuration points at ${host(f)}, which is not HALO's endpoint. The token was not sent there.`,
    tryThis: (f) =>
      `If you know ${host(f)} and want it to have your token, say so with --url and that very URL. Otherwise change it to ${HALO_URL}`,
  },
  dns: {
    title: "The host name is not known",
    explain: (f) => `The name ${host(f)} could not be resolved to an address${code(f)}.`,
    tryThis: () => `${checkUrl} Then check that this computer is online, and whether a VPN or a proxy is needed.`,
  },
  refused: {
    title: "Nobody listens there",
    explain: (f) => `${host(f)} refused the connection: nothing listens on that port${code(f)}.`,
    tryThis: () => `${checkUrl} A server of your own must be running; a firewall can also answer like this.`,
  },
  unreachable: {
    title: "There is no way to the server",
    explain: (f) => `This computer has no network route to ${host(f)}${code(f)}.`,
    tryThis: () => "Check the network connection, the VPN and the firewall.",
  },
  timeout: {
    title: "No answer in time",
    explain: (f) =>
      `${host(f)} did not finish its answer to ${asked(f)}${f.seconds === undefined ? " in time" : ` within ${f.seconds} s`}.`,
    tryThis: () =>
      "Run it again with a longer --timeout. If it stays, check whether a firewall or a proxy swallows the traffic.",
  },
  reset: {
    title: "The connection was cut",
    explain: (f) => `The connection to ${host(f)} was reset during ${asked(f)}${code(f)}.`,
    tryThis: () =>
      "Run it again. If it stays, a firewall, a VPN or a proxy on the way cuts the connection: try another network.",
  },
  "closed-early": {
    title: "The connection was closed before the answer was complete",
    explain: (f) => `${host(f)} closed the connection before its answer to ${asked(f)} was complete${code(f)}.`,
    tryThis: () => later,
  },
  "proxy-failed": {
    title: "The proxy cannot be reached",
    explain: (f) =>
      `A proxy is configured (HTTPS_PROXY), and the connection through it to ${host(f)} failed${code(f)}.`,
    tryThis: () => "Check HTTPS_PROXY and NO_PROXY, and that the proxy runs.",
  },
  "proxy-auth": {
    title: "A proxy wants a password",
    explain: () => "A proxy on the way asks for a user name and password (HTTP 407).",
    tryThis: () => "Put the proxy's credentials into HTTPS_PROXY, or ask whoever runs the network.",
  },
  "tls-untrusted": {
    title: "The certificate is not trusted",
    explain: (f) =>
      `The certificate that ${host(f)} showed is not signed by anyone this computer trusts${code(f)}. Nothing was sent.`,
    tryThis: () => trust,
  },
  "tls-expired": {
    title: "The certificate has expired",
    explain: (f) => `The certificate of ${host(f)} has expired, or this computer's clock is ahead. Nothing was sent.`,
    tryThis: () =>
      "Check date and time of this computer. If they are right, the server's owner must renew the certificate.",
  },
  "tls-not-yet-valid": {
    title: "The certificate is not valid yet",
    explain: (f) =>
      `The certificate of ${host(f)} becomes valid in the future, or this computer's clock is behind. Nothing was sent.`,
    tryThis: () => "Check date and time of this computer.",
  },
  "tls-wrong-host": {
    title: "The certificate is for another host",
    explain: (f) => `Whoever answered at ${host(f)} showed a certificate for another name. Nothing was sent.`,
    tryThis: () => `${checkUrl} On a public network, open a web page first: a sign-in page may be in the way.`,
  },
  "tls-handshake": {
    title: "No encrypted connection could be agreed on",
    explain: (f) => `${host(f)} ended the TLS handshake${code(f)}. Nothing was sent.`,
    tryThis: () =>
      "A firewall or proxy that cuts TLS is the usual reason: try another network. An old server that knows no TLS 1.2 is another.",
  },
  "not-tls": {
    title: "The server does not speak TLS",
    explain: (f) => `The URL starts with https:, but ${host(f)} answered unencrypted on that port. Nothing was sent.`,
    tryThis: () => `${checkUrl} A server of your own on this computer: use http: instead of https:, or the right port.`,
  },
  "bad-http": {
    title: "The answer is not HTTP",
    explain: (f) => `${host(f)} answered with something that is not HTTP${code(f)}.`,
    tryThis: () => `${checkUrl} On a server of your own: is it the right port, and does it want https:?`,
  },
  redirect: {
    title: "The server sends us elsewhere",
    explain: (f) =>
      `${host(f)} redirects${http(f)}${f.target ? ` to ${f.target}` : ""}. The redirect was not followed: the token was not sent there.`,
    tryThis: () =>
      `${checkUrl} A sign-in page of the network, or http: instead of https:, also redirects. If you trust the new address, put it in as the URL yourself.`,
  },
  unauthorized: {
    title: "The token was not accepted",
    explain: (f) => `${host(f)} did not accept the token${http(f)}.${said(f)}${page(f)}`,
    tryThis: () => tokenAdvice,
  },
  forbidden: {
    title: "Access was denied",
    explain: (f) =>
      `${host(f)} denied access${http(f)}: it does not accept the token, or the token may not use this account or profile.${said(f)}${page(f)}`,
    tryThis: () =>
      `Check the account ID and the profile ID against HALO Studio's address bar: both must belong together, and the profile must still exist. ${tokenAdvice}`,
  },
  "not-found": {
    title: "There is nothing at this URL",
    explain: (f) => `${host(f)} answers, but knows nothing under this path${http(f)}.${said(f)}`,
    tryThis: () => checkUrl,
  },
  "method-not-allowed": {
    title: "The URL takes no MCP requests",
    explain: (f) => `${host(f)} does not allow POST at this path${http(f)}; MCP needs it.${said(f)}`,
    tryThis: () => checkUrl,
  },
  "rejected-request": {
    title: "The server rejected the request",
    explain: (f) => `${host(f)} rejected ${asked(f)}${http(f)}.${said(f)}${page(f)}`,
    tryThis: () => `Check the account ID and the profile ID: each in its own place, whole. ${checkUrl}`,
  },
  "rate-limited": {
    title: "Too many requests",
    explain: (f) =>
      `${host(f)} says that too many requests were made${http(f)}${f.retryAfter ? `; it wants us to wait (Retry-After: ${f.retryAfter})` : ""}.${said(f)}`,
    tryThis: () => "Wait, then run it once more. The token itself was not judged.",
  },
  "server-error": {
    title: "The server has a problem",
    explain: (f) =>
      `${host(f)} reports an error of its own${http(f)}${f.retryAfter ? ` (Retry-After: ${f.retryAfter})` : ""}.${said(f)}`,
    tryThis: () => `Your values were not judged. ${later}`,
  },
  "html-answer": {
    title: "A web page answered",
    explain: (f) =>
      `${host(f)} answered ${asked(f)} with a web page${http(f)}: a sign-in page, a firewall's notice, or a web site.`,
    tryThis: () =>
      `${checkUrl} Not the address of HALO Studio, but the API's. On a guest network, sign in with a browser first.`,
  },
  "wrong-content-type": {
    title: "The answer is of the wrong type",
    explain: (f) =>
      `${host(f)} answered ${asked(f)} with ${f.contentType ? `"${f.contentType}"` : "no content type"}; MCP uses JSON or an event stream.`,
    tryThis: () => checkUrl,
  },
  "bad-json": {
    title: "The answer cannot be read",
    explain: (f) => `${host(f)} answered ${asked(f)} with broken JSON.`,
    tryThis: () => later,
  },
  "bad-encoding": {
    title: "The answer cannot be unpacked",
    explain: (f) => `${host(f)} answered with a compressed body that cannot be unpacked${code(f)}.`,
    tryThis: () => "A proxy on the way may damage it: try another network. If it stays, ask CM.com support.",
  },
  "empty-answer": {
    title: "The answer is empty",
    explain: (f) => `${host(f)} accepted ${asked(f)}${http(f)}, but sent no answer.`,
    tryThis: () => checkUrl,
  },
  "stream-ended": {
    title: "The event stream ended without an answer",
    explain: (f) => `${host(f)} opened an event stream for ${asked(f)} and closed it before the answer came.`,
    tryThis: () => `A proxy that buffers or cuts long answers can do this: try another network. ${later}`,
  },
  "too-big": {
    title: "The answer is too big",
    explain: (f) =>
      `The answer of ${host(f)} to ${asked(f)} is larger than any honest one (its head over 16 KiB, or its body over 4 MiB); reading was stopped.`,
    tryThis: () => checkUrl,
  },
  "not-mcp": {
    title: "This is no MCP server",
    explain: (f) => `${host(f)} answered ${asked(f)}, but not as an MCP server does${code(f)}.${said(f)}`,
    tryThis: () => checkUrl,
  },
  "rpc-error": {
    title: "The server answered with an error",
    explain: (f) => `${host(f)} answered ${asked(f)} with an error${code(f)}${http(f)}.${said(f)}`,
    tryThis: () =>
      "Check the account ID and the profile ID against HALO Studio's address bar. If they are right, ask CM.com support, and give the server's words.",
  },
  "protocol-version": {
    title: "No common version of the protocol",
    explain: (f) => `${host(f)} speaks a revision of MCP that this program does not know.${said(f)}`,
    tryThis: () => "Run the newest version: npx create-halo-mcp@latest doctor",
  },
  "session-lost": {
    title: "The server forgot the session",
    explain: (f) => `${host(f)} opened a session and no longer knew it at ${asked(f)}${http(f)}.${said(f)}`,
    tryThis: () =>
      `Run it again. If it stays, the server's load balancer may send one session to several machines: tell CM.com support.`,
  },
  pagination: {
    title: "The list of tools does not end",
    explain: (f) => `${host(f)} keeps announcing further pages of tools; reading was stopped.`,
    tryThis: () => "The connection itself works. Tell CM.com support, or whoever runs this server.",
  },
  "unproven-token": {
    title: "The connection works, but the token is unproven",
    explain: (f) =>
      `${host(f)} did not refuse the same request without the token. So the success says nothing about the token: it may be wrong and nobody would notice here.`,
    tryThis: () =>
      "Ask HALO something that needs your data through the client. If that fails, make a new token of type MCP.",
  },
};
