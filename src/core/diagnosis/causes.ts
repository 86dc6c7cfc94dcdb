/** Every cause a connection test can name, in the user's words (those of the network are next door). Prose only: which cause it is decides `cause-of.ts`. */

import { HALO_URL } from "../halo.ts";
import { checkIds, meant, namesIds } from "./cause-ids.ts";
import type { Cause } from "./cause-of.ts";
import { type CauseFacts, type CauseText, checkUrl, code, direct, host, ownServer, tryProxy } from "./cause-text.ts";
import { NETWORK_CAUSES } from "./network-causes.ts";
import { blamesToken } from "./server-words.ts";

const NEW_TOKEN = "HALO Studio > Settings > Product Tokens > + > type MCP";
const http = (facts: CauseFacts): string => (facts.status === undefined ? "" : ` (HTTP ${facts.status})`);
/** With a full stop, unless its last sentence has one. */
const quote = (words: string): string => `"${words}"${/[.!?…]$/.test(words) ? "" : "."}`;
const said = (facts: CauseFacts): string => (facts.words ? ` It said: ${quote(facts.words)}${meant(facts)}` : "");
const asked = (facts: CauseFacts): string => facts.method ?? "the request";
const header = (facts: CauseFacts): string => facts.header ?? "a header";
const WEB_PAGE = " The answer is a web page, so it may come from a firewall or gateway on the way and not from HALO.";
const pageSaid = (facts: CauseFacts): string => (facts.page ? ` The page says: ${quote(facts.page)}` : "");
const page = (facts: CauseFacts): string => (facts.html ? `${WEB_PAGE}${pageSaid(facts)}` : "");
const library = (facts: CauseFacts): string => (facts.library ? ` The MCP library says: ${quote(facts.library)}` : "");

/** What a local limit is about, and what helps. */
const LIMITS: readonly (readonly [RegExp, what: string, tryThis: string])[] = [
  [
    /^EMFILE$/,
    "this program has as many files and connections open as it may",
    "Raise the limit in this terminal, and run it again:\nulimit -n 4096",
  ],
  [/^ENFILE$/, "the system has as many files open as it can", "Close other programs, or restart this computer."],
  [/^EADDRINUSE$/, "no local port is free", "Close programs that hold many connections, wait a minute, run it again."],
];
const limit = ({ code: seen }: CauseFacts) => LIMITS.find(([pattern]) => pattern.test(seen ?? ""));

/** What was recorded of the exchange that decided, in a row. */
function recorded(facts: CauseFacts): string {
  const codes = facts.codes ?? [];
  const parts = [
    facts.method ?? "",
    facts.status === undefined ? "" : `HTTP ${facts.status}`,
    facts.end ? `ended as "${facts.end}"` : "",
    codes.length === 0 ? "" : `${codes.length === 1 ? "code" : "codes"} ${codes.join(", ")}`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? "" : ` Recorded: ${parts.join(", ")}.`;
}

const BAD_URL: Readonly<Record<string, string>> = {
  credentials: "The URL holds a user name or password.",
  "plain-http": "The URL starts with http:, so the token would travel unencrypted.",
  scheme: "The URL starts with neither https: nor http:.",
};
const later = "Wait a few minutes and run it again. If it stays, ask CM.com support, and give the time of this test.";
const tokenAdvice = [
  `Is the token of type MCP (${NEW_TOKEN})? Not the legacy Product Token of Settings > Profile, not a CM.com platform product token.`,
  "Was it pasted whole, and not deleted since? Does it belong to the account of the account ID?",
  "It is shown only once: when in doubt, make a new one.",
].join("\n");
const STUDIO = "against HALO Studio's address bar";

/** A limit that has room for a slow answer, up to the longest that can be given. */
const longer = (seconds: number | undefined): number => Math.min(600, Math.max(60, Math.ceil((seconds ?? 0) * 3)));

export const CAUSES: Readonly<Record<Cause, CauseText>> = {
  ...NETWORK_CAUSES,
  "bad-value": {
    title: "A header cannot be sent",
    explain: (f) =>
      f.why === "reserved"
        ? `The header ${header(f)} belongs to HTTP itself, and no entry may set it. Nothing was sent.`
        : f.why === "too-long"
          ? `The value of ${header(f)} is longer than 4,096 characters, which no such value is. Nothing was sent.`
          : `The value of ${header(f)} holds a character that no HTTP header can carry${f.position === undefined ? "" : `, at position ${f.position}`}${f.codePoint === undefined ? "" : ` (U+${f.codePoint.toString(16).toUpperCase().padStart(4, "0")})`}. Nothing was sent.`,
    tryThis: (f) =>
      f.why === "reserved"
        ? "Take that header out of the entry."
        : f.why === "too-long"
          ? "Copy the value again, and nothing beside it."
          : "Copy the value again, without line breaks, quotes or spaces round it. Values copied from a chat or a document often bring invisible characters along.",
  },
  "missing-value": {
    title: "A value is missing",
    explain: (f) => `${header(f)} has no value. Nothing was sent.`,
    tryThis: () => "Set HALO_MCP_TOKEN, HALO_ACCOUNT_ID and HALO_PROFILE_ID, or run the wizard:\nnpx create-halo-mcp",
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
    tryThis: () => `Use HALO's URL:\n${HALO_URL}`,
  },
  "endpoint-foreign": {
    title: "The URL is not HALO's",
    explain: (f) =>
      `The configuration points at ${host(f)}, which is not HALO's endpoint. The token was not sent there.`,
    tryThis: (f) =>
      `If you know ${host(f)} and want it to have your token, say so with --url and that very URL. Otherwise change it to:\n${HALO_URL}`,
  },
  timeout: {
    title: "No answer in time",
    explain: (f) =>
      `${host(f)} did not finish its answer to ${asked(f)} ${f.seconds === undefined ? "in time" : `within ${f.share ? "its share of the" : "the"} ${f.seconds} s limit`}.${direct(f)}`,
    tryThis: (f) =>
      `Run it again with a longer --timeout:\nnpx create-halo-mcp doctor --timeout ${longer(f.seconds)}\nIf it stays, check whether a firewall or a proxy swallows the traffic.${tryProxy(f)}`,
  },
  reset: {
    title: "The connection was cut",
    explain: (f) => `The connection to ${host(f)} was reset during ${asked(f)}${code(f)}.${direct(f)}`,
    tryThis: (f) =>
      `Run it again. If it stays, a firewall, a VPN or a proxy on the way cuts the connection: try another network.${tryProxy(f)}`,
  },
  "closed-early": {
    title: "The connection was closed before the answer was complete",
    explain: (f) => `${host(f)} closed the connection before its answer to ${asked(f)} was complete${code(f)}.`,
    tryThis: () => later,
  },
  "bad-http": {
    title: "The answer is not HTTP",
    explain: (f) => `${host(f)} answered with something that is not HTTP${code(f)}.`,
    tryThis: (f) =>
      `${checkUrl(f)}${ownServer(f, "On a server of your own: is it the right port, and does it want https:?")}`,
  },
  redirect: {
    title: "The server sends us elsewhere",
    explain: (f) =>
      `The redirect of ${host(f)}${http(f)}${f.target ? ` to ${f.target}` : ""} was not followed: the token was not sent there.`,
    tryThis: (f) =>
      f.moved === undefined
        ? `${checkUrl(f, { reason: "The sign-in page of a network, or a gateway on the way, is the usual reason.", next: "Open a web page in a browser, sign in if one asks for it, and run it again." })}${ownServer(f, "A sign-in page of the network, or http: instead of https:, also redirects. If you trust the new address, put it in as the URL yourself.")}`
        : `It stays on the same host. If you trust the new address, put it in as the URL:\n${f.moved}`,
  },
  unauthorized: {
    title: "The token was not accepted",
    explain: (f) => `${host(f)} did not accept the token${http(f)}.${said(f)}${page(f)}`,
    // "Account … unknown", with 401: it may not have come to the token
    tryThis: (f) =>
      f.words !== undefined && namesIds(f) && !blamesToken(f.words)
        ? `${checkIds(f)} ${STUDIO} first.\n${tokenAdvice}`
        : tokenAdvice,
  },
  forbidden: {
    title: "Access was denied",
    explain: (f) =>
      f.html
        ? `${host(f)} denied access${http(f)}.${said(f)}${page(f)}`
        : `${host(f)} denied access${http(f)}: it does not accept the token, or the token may not use this account or profile.${said(f)}`,
    tryThis: (f) =>
      `${f.html ? "A firewall or gateway may block it: ask whoever runs the network, and try another network. Only then:\n" : ""}${checkIds(f)} ${STUDIO}: both IDs must belong together, and the profile must still exist.\n${tokenAdvice}`,
  },
  "not-found": {
    title: "There is nothing at this URL",
    explain: (f) => `${host(f)} answers, but knows nothing under this path${http(f)}.${said(f)}${page(f)}`,
    tryThis: (f) => checkUrl(f),
  },
  "method-not-allowed": {
    title: "The URL takes no MCP requests",
    explain: (f) => `${host(f)} does not allow POST at this path${http(f)}; MCP needs it.${said(f)}${page(f)}`,
    tryThis: (f) => checkUrl(f),
  },
  "rejected-request": {
    title: "The server rejected the request",
    explain: (f) => `${host(f)} rejected ${asked(f)}${http(f)}.${said(f)}${page(f)}`,
    tryThis: (f) =>
      namesIds(f)
        ? `${checkIds(f)} ${STUDIO}: whole, and in its own place.`
        : `${checkIds(f)}: whole, and in its own place.\n${checkUrl(f)}`,
  },
  "rate-limited": {
    title: "Too many requests",
    explain: (f) =>
      `${host(f)} says that too many requests were made${http(f)}${f.retryAfter ? `; it wants us to wait (Retry-After: ${f.retryAfter})` : ""}.${said(f)}${page(f)}`,
    tryThis: () => "Wait, then run it once more. The token itself was not judged.",
  },
  "server-error": {
    title: "The server has a problem",
    explain: (f) =>
      `${host(f)} reports an error of its own${http(f)}${f.retryAfter ? ` (Retry-After: ${f.retryAfter})` : ""}.${said(f)}${page(f)}`,
    tryThis: (f) =>
      namesIds(f)
        ? `${later}\n${checkIds(f)} too, since the server's words name it.`
        : `Your values were not judged. ${later}`,
  },
  "html-answer": {
    title: "A web page answered",
    explain: (f) =>
      `${host(f)} answered ${asked(f)} with a web page${http(f)}: a sign-in page, a firewall's notice, or a web site.${pageSaid(f)}`,
    tryThis: (f) =>
      `${checkUrl(f)}\n${f.halo ? "" : "That is not the address of HALO Studio, but the API's. "}On a guest network, sign in with a browser first.`,
  },
  "wrong-content-type": {
    title: "The answer is of the wrong type",
    explain: (f) =>
      `${host(f)} answered ${asked(f)} with ${f.contentType ? `"${f.contentType}"` : "no content type"}; MCP uses JSON or an event stream.${/^\s*text\//i.test(f.contentType ?? "text/") ? said(f) : ""}`,
    tryThis: (f) => checkUrl(f),
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
    tryThis: (f) => checkUrl(f),
  },
  "stream-ended": {
    title: "The event stream ended without an answer",
    explain: (f) => `${host(f)} opened an event stream for ${asked(f)} and closed it before the answer came.${said(f)}`,
    tryThis: () => `A proxy that buffers or cuts long answers can do this: try another network. ${later}`,
  },
  "too-big": {
    title: "The answer is too big",
    explain: (f) =>
      `The answer of ${host(f)} to ${asked(f)} is larger than any honest one (its head over 16 KiB, its body over 4 MiB, 8 MiB in all, or more values than any list of tools has); reading was stopped.`,
    tryThis: (f) => checkUrl(f),
  },
  "not-mcp": {
    title: "This is no MCP server",
    explain: (f) => `${host(f)} answered ${asked(f)}, but not as an MCP server does${code(f)}.${said(f)}${library(f)}`,
    tryThis: (f) => checkUrl(f),
  },
  "rpc-error": {
    title: "The server answered with an error",
    explain: (f) => `${host(f)} answered ${asked(f)} with an error${code(f)}${http(f)}.${said(f)}`,
    tryThis: (f) =>
      `${checkIds(f)} against HALO Studio's address bar. If that is right, ask CM.com support, and give the server's words.`,
  },
  "protocol-version": {
    title: "No common version of the protocol",
    explain: (f) =>
      `${host(f)} speaks a revision of MCP that this program does not know${f.revisions ? `: ${f.revisions}` : ""}.${said(f)}`,
    tryThis: () => "Run the newest version:\nnpx create-halo-mcp@latest doctor",
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
  "local-limit": {
    title: "This computer is at a limit of its own",
    explain: (f) =>
      `No connection to ${host(f)} could be used for ${asked(f)}: ${limit(f)?.[1] ?? "this computer is short of memory"}${code(f)}. The server has no part in it.`,
    tryThis: (f) => limit(f)?.[2] ?? "Close other programs, or restart this computer, and run it again.",
  },
  unknown: {
    title: "It failed in a way that is new",
    explain: (f) =>
      `The connection test of ${host(f)} failed in a way that this program does not know.${recorded(f)}${said(f)}${library(f)}`,
    tryThis: (f) =>
      `Make a report, which holds nothing secret, and give it to CM.com support:\nnpx create-halo-mcp doctor --report halo-report.md${f.issue === undefined ? "" : `\nOr open an issue, filled in with what was recorded:\n${f.issue}`}`,
  },
  "unproven-token": {
    title: "The connection works, but the token is unproven",
    explain: (f) =>
      `${host(f)} did not refuse the same request without the token. So the success says nothing about the token: it may be wrong and nobody would notice here.`,
    tryThis: () =>
      "Ask HALO something that needs your data through the client. If that fails, make a new token of type MCP.",
  },
};
