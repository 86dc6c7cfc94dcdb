/**
 * Every cause that a connection test can name, in the order in which they are tried: the first row whose `when` fits is the cause.
 * Words and context count, never the number of an HTTP status alone. The rows of the network are next door.
 */
import { HALO_URL } from "../halo.ts";
import {
  asked,
  broke,
  type CauseRow,
  checkUrl,
  code,
  doctor,
  host,
  http,
  LATER,
  quote,
  run,
  said,
} from "./cause-rows.ts";
import { checkIds, type Facts, namesIds } from "./facts.ts";
import { NETWORK_CAUSES } from "./network-causes.ts";
import type { Seen } from "./seen.ts";
import { blamesToken, isHtml, missesId, VERSION_WORDS } from "./server-words.ts";

/** The newest revision of MCP that this program speaks (@modelcontextprotocol/client 2.4). */
const NEWEST = "2026-07-28";
/** What the SDK calls an answer that is none of MCP's (the same). */
const NO_ANSWER =
  /^(INVALID_RESULT|UNSUPPORTED_RESULT_TYPE|INPUT_REQUIRED_ROUNDS_EXCEEDED|METHOD_NOT_SUPPORTED_BY_PROTOCOL_VERSION|CAPABILITY_NOT_SUPPORTED|ERA_NEGOTIATION_FAILED|CLIENT_HTTP_UNEXPECTED_CONTENT)$/;
const PLAIN = /^\s*(identity)?\s*$/iu;
/** The encodings that the connection test unpacks; a body in any other is handed on packed, and looks like broken JSON. */
const UNPACKED = /^\s*(identity|x-gzip|gzip|deflate|br)?\s*$/iu;

const isPage = ({ last }: Seen): boolean => last !== undefined && isHtml(last);
const isMissing = ({ status, last }: Seen): boolean =>
  (status === 404 || status === 410) && last !== undefined && !missesId(last);
/** The method is not known there: to a handshake, no server of MCP says so. */
const knowsNoMethod = ({ last }: Seen): boolean => last?.rpcError?.code === -32601 && last.phase === "connect";
/** It offered newer revisions alone, and then knew no handshake of the older ones. */
function isTooNew(seen: Seen): boolean {
  const { isWhole, last, status, end, record } = seen;
  if (!isWhole || last?.method !== "initialize") return false;
  const offered = record.exchanges.findLast((each) => each.phase === "connect" && each.revisions.length > 0)?.revisions;
  const knowsNone = knowsNoMethod(seen) || isMissing(seen) || status === 405 || end === "not-rpc";
  return knowsNone && offered?.every((revision) => revision > NEWEST) === true;
}
/** Every exchange went well, yet the SDK gave up: it did not like what an answer said. */
const gaveUp = ({ isWhole, isFine, record }: Seen): typeof record.outcome.failure =>
  isWhole && isFine ? record.outcome.failure : null;

const NEW_TOKEN = "HALO Studio > Settings > Product Tokens > + > type MCP";
const STUDIO = "against HALO Studio's address bar";
const TOKEN_ADVICE: readonly string[] = [
  `Is the token of type MCP (${NEW_TOKEN})? Not the legacy Product Token of Settings > Profile, not a CM.com platform product token.`,
  "Was it pasted whole, and not deleted since? Does it belong to the account of the account ID?",
  "It is shown only once: when in doubt, make a new one.",
];
const pageSaid = (f: Facts): string => (f.page ? ` The page says: ${quote(f.page)}` : "");
const page = (f: Facts): string =>
  f.html
    ? ` The answer is a web page, so it may come from a firewall or gateway on the way and not from HALO.${pageSaid(f)}`
    : "";
const library = (f: Facts): string => (f.library ? ` The MCP library says: ${quote(f.library)}` : "");
const retryAfter = (f: Facts, words: string, end = ""): string => (f.retryAfter ? `${words}${f.retryAfter}${end}` : "");

/** What was recorded of the exchange that decided, in a row. */
function recorded({ method, status, end, codes = [] }: Facts): string {
  const parts = [
    method ?? "",
    status === undefined ? "" : `HTTP ${status}`,
    end === undefined ? "" : `ended as "${end}"`,
    codes.length === 0 ? "" : `${codes.length === 1 ? "code" : "codes"} ${codes.join(", ")}`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? "" : ` Recorded: ${parts.join(", ")}.`;
}

const BAD_URL: Readonly<Record<string, string>> = {
  credentials: "The URL holds a user name or password.",
  "plain-http": "The URL starts with http:, so the token would travel unencrypted.",
  scheme: "The URL starts with neither https: nor http:.",
};
const header = ({ input }: Facts): string => (input != null && "header" in input ? input.header : "a header");
const why = ({ input }: Facts): string => (input != null && "why" in input ? input.why : "");

/** Found out before anything is sent. */
const INPUT_CAUSES = {
  "bad-value": {
    stage: "auth",
    title: "A header cannot be sent",
    explain: (f) => {
      if (why(f) === "reserved")
        return `The header ${header(f)} is part of HTTP itself, so an entry cannot set it. Nothing was sent.`;
      if (why(f) === "too-long")
        return `The value of ${header(f)} is longer than 4,096 characters, the limit for a value. Nothing was sent.`;
      const at =
        f.input != null && "position" in f.input
          ? `, at position ${f.input.position} (U+${f.input.codePoint.toString(16).toUpperCase().padStart(4, "0")})`
          : "";
      return `The value of ${header(f)} holds a character that no HTTP header can carry${at}. Nothing was sent.`;
    },
    tryThis: (f) => {
      if (why(f) === "reserved") return "Take that header out of the entry.";
      if (why(f) === "too-long") return "Copy the value again, and nothing else.";
      return "Copy the value again, without line breaks, quotes or spaces round it. Values copied from a chat or a document often bring invisible characters along.";
    },
  },
  "missing-value": {
    stage: "auth",
    title: "A value is missing",
    explain: (f) => `${header(f)} has no value. Nothing was sent.`,
    tryThis: [
      "Set HALO_MCP_TOKEN, HALO_ACCOUNT_ID and HALO_PROFILE_ID, or run the wizard:",
      run("npx", "create-halo-mcp"),
    ],
  },
  "placeholder-sent": {
    stage: "auth",
    title: "A placeholder was not replaced by its value",
    explain: (f) =>
      `${header(f)} still holds a placeholder, such as \${HALO_MCP_TOKEN}: the variable was not filled in. Nothing was sent.`,
    tryThis:
      "Run npx create-halo-mcp: it keeps the values where Claude Code reads them (.claude/settings.local.json); .env alone is not read.",
  },
  "bad-url": {
    stage: "url",
    title: "The URL cannot be used",
    explain: (f) =>
      `${BAD_URL[why(f)] ?? "The URL cannot be read, or its port is never used for HTTP."} Nothing was sent.`,
    tryThis: ["Use HALO's URL:", HALO_URL],
  },
  "endpoint-foreign": {
    stage: "url",
    title: "The URL is not HALO's",
    explain: (f) =>
      `The configuration points at ${host(f)}, which is not HALO's endpoint. The token was not sent there.`,
    tryThis: (f) => [
      `If you know ${host(f)} and want it to have your token, say so with --url and that very URL. Otherwise change it to:`,
      HALO_URL,
    ],
  },
} as const satisfies Readonly<Record<string, CauseRow>>;

const ANSWER_CAUSES = {
  redirect: {
    when: ({ end }) => end === "redirect",
    title: "The server answered with a redirect",
    explain: (f) =>
      `The redirect of ${host(f)}${http(f)}${f.target ? ` to ${f.target}` : ""} was not followed: the token was not sent there.`,
    tryThis: (f) =>
      f.moved === undefined
        ? checkUrl(
            f,
            "Usually a sign-in page of the network or a gateway on the way answers like this.",
            "Open a web page in a browser, sign in if one asks for it, and run it again.",
            "A sign-in page of the network also redirects, and so does a server that is asked with http: instead of https:. If you trust the new address, use it as the URL.",
          )
        : ["It stays on the same host. If you trust the new address, use it as the URL:", f.moved],
  },
  "rate-limited": {
    when: ({ heard, status }) => heard === "rate-limited" || status === 429,
    title: "Too many requests",
    explain: (f) =>
      `${host(f)} refused the request because there were too many${http(f)}${retryAfter(f, "; it asks to wait (Retry-After: ", ")")}.${said(f)}${page(f)}`,
    tryThis: "Wait, then run it again. The token was not checked.",
  },
  "session-lost": {
    stage: "mcp",
    when: (seen) =>
      seen.heard === "session-lost" ||
      (seen.status === 404 && seen.last?.session === true && seen.heard === null && isMissing(seen)),
    title: "The server lost the session",
    explain: (f) => `${host(f)} opened a session and no longer recognised it at ${asked(f)}${http(f)}.${said(f)}`,
    tryThis:
      "Run it again. If it stays, the server's load balancer may send one session to several machines: tell CM.com support.",
  },
  unauthorized: {
    stage: "auth",
    when: ({ heard, status }) => heard === "unauthorized" || status === 401,
    title: "The token was not accepted",
    explain: (f) => `${host(f)} did not accept the token${http(f)}.${said(f)}${page(f)}`,
    // "Account … unknown", with 401: it may not have come to the token
    tryThis: (f) =>
      f.words !== undefined && namesIds(f) && !blamesToken(f.words)
        ? [`${checkIds(f)} ${STUDIO} first.`, ...TOKEN_ADVICE]
        : TOKEN_ADVICE,
  },
  forbidden: {
    stage: "auth",
    when: ({ heard, status }) => heard === "forbidden" || status === 403,
    title: "Access was denied",
    explain: (f) =>
      f.html
        ? `${host(f)} denied access${http(f)}.${said(f)}${page(f)}`
        : `${host(f)} denied access${http(f)}: either the token is not accepted, or it may not use this account or profile.${said(f)}`,
    tryThis: (f) => [
      ...(f.html
        ? ["A firewall or gateway may block it: ask whoever runs the network, and try another network. Only then:"]
        : []),
      `${checkIds(f)} ${STUDIO}: both IDs must belong together, and the profile must still exist.`,
      ...TOKEN_ADVICE,
    ],
  },
  "protocol-version": {
    stage: "mcp",
    when: (seen) =>
      seen.heard === "protocol-version" || isTooNew(seen) || VERSION_WORDS.test(gaveUp(seen)?.message ?? ""),
    title: "No common version of the protocol",
    explain: (f) =>
      `${host(f)} speaks a revision of MCP that this program does not know${f.revisions ? `: ${f.revisions}` : ""}.${said(f)}`,
    tryThis: ["Run the newest version:", run("npx", "create-halo-mcp@latest", "doctor")],
  },
  "html-answer": {
    // 511, Network Authentication Required: what stands in the way is a network's sign-in page (RFC 6585)
    when: (seen) => seen.status === 511 || ((seen.end === "content-type" || seen.end === "bad-json") && isPage(seen)),
    title: "A web page answered",
    explain: (f) =>
      `${host(f)} answered ${asked(f)} with a web page${http(f)}: a sign-in page, a message of a firewall, or a web site.${pageSaid(f)}`,
    tryThis: (f) => [
      ...checkUrl(f),
      `${f.halo ? "" : "It is the address of the API, not of HALO Studio. "}On a guest network, sign in with a browser first.`,
    ],
  },
  "server-error": {
    when: ({ status }) => status >= 500,
    title: "The server has a problem",
    explain: (f) =>
      `${host(f)} reports an internal error${http(f)}${retryAfter(f, " (Retry-After: ", ")")}.${said(f)}${page(f)}`,
    tryThis: (f) =>
      namesIds(f)
        ? [LATER, `${checkIds(f)} too, since the server's words name it.`]
        : `Your values were not checked. ${LATER}`,
  },
  "not-mcp": {
    stage: "mcp",
    when: (seen) =>
      ((seen.end === "answered" || seen.end === "status") && knowsNoMethod(seen)) ||
      seen.end === "not-rpc" ||
      // another protocol, or a success that no request of ours can have
      (seen.end === "status" && seen.status === 0) ||
      NO_ANSWER.test(gaveUp(seen)?.code ?? "") ||
      gaveUp(seen)?.name === "ZodError",
    title: "This is not an MCP server",
    explain: (f) => `${host(f)} answered ${asked(f)}, but not as an MCP server does${code(f)}.${said(f)}${library(f)}`,
    tryThis: (f) => checkUrl(f),
  },
  "rpc-error": {
    stage: "mcp",
    when: ({ end, last }) => (end === "answered" || end === "status") && last?.rpcError !== null && last !== undefined,
    title: "The server answered with an error",
    explain: (f) => `${host(f)} answered ${asked(f)} with an error${code(f)}${http(f)}.${said(f)}`,
    tryThis: (f) => [
      `${checkIds(f)} against HALO Studio's address bar. If that is right, ask CM.com support, and give the server's words.`,
    ],
  },
  "not-found": {
    when: isMissing,
    title: "There is nothing at this URL",
    explain: (f) => `${host(f)} answers, but has nothing at this path${http(f)}.${said(f)}${page(f)}`,
    tryThis: (f) => checkUrl(f),
  },
  "method-not-allowed": {
    when: ({ status }) => status === 405,
    title: "The URL does not accept MCP requests",
    explain: (f) => `${host(f)} does not allow POST at this path${http(f)}, which MCP needs.${said(f)}${page(f)}`,
    tryThis: (f) => checkUrl(f),
  },
  "rejected-request": {
    when: ({ status }) => status >= 400,
    title: "The server rejected the request",
    explain: (f) => `${host(f)} rejected ${asked(f)}${http(f)}.${said(f)}${page(f)}`,
    tryThis: (f) =>
      namesIds(f)
        ? `${checkIds(f)} ${STUDIO}: whole, and in its own place.`
        : [`${checkIds(f)}: whole, and in its own place.`, ...checkUrl(f)],
  },
  "wrong-content-type": {
    stage: "mcp",
    when: ({ end }) => end === "content-type",
    title: "The answer has the wrong content type",
    explain: (f) =>
      `${host(f)} answered ${asked(f)} with ${f.contentType ? `"${f.contentType}"` : "no content type"}; MCP uses JSON or an event stream.${/^\s*text\//i.test(f.contentType ?? "text/") ? said(f) : ""}`,
    tryThis: (f) => checkUrl(f),
  },
  "bad-encoding": {
    when: (seen) => {
      if (broke(/^Z_|^ERR_BROTLI|^ERR__ERROR_|^ZSTD_/)(seen)) return true;
      const encoding = seen.last?.contentEncoding ?? "";
      // Node unpacks what there is of a compressed body that was cut short, be it nothing, and reports no error
      const isEmpty = seen.end === "empty" && ![202, 204, 205].includes(seen.last?.status ?? 0);
      return (isEmpty && !PLAIN.test(encoding)) || (seen.end === "bad-json" && !UNPACKED.test(encoding));
    },
    title: "The answer cannot be unpacked",
    explain: (f) => `${host(f)} answered with a compressed body that cannot be unpacked${code(f)}.`,
    tryThis: "A proxy on the way may damage it: try another network. If it stays, ask CM.com support.",
  },
  "bad-json": {
    stage: "mcp",
    when: ({ end }) => end === "bad-json",
    title: "The answer cannot be read",
    explain: (f) => `${host(f)} answered ${asked(f)} with broken JSON.`,
    tryThis: LATER,
  },
  "empty-answer": {
    stage: "mcp",
    when: ({ end }) => end === "empty",
    title: "The answer is empty",
    explain: (f) => `${host(f)} accepted ${asked(f)}${http(f)}, but sent no answer.`,
    tryThis: (f) => checkUrl(f),
  },
  unknown: {
    when: ({ isWhole, isFine }) => isWhole || !isFine,
    title: "The test failed for an unknown reason",
    explain: (f) =>
      `The connection test of ${host(f)} failed for a reason that this program does not know.${recorded(f)}${said(f)}${library(f)}`,
    tryThis: [
      "Make a report, which holds nothing secret, and give it to CM.com support:",
      doctor("--report", "halo-report.md"),
    ],
  },
  "unproven-token": {
    stage: "auth",
    title: "The connection works, but the token is unproven",
    explain: (f) =>
      `${host(f)} accepts the same request without the token. So this test cannot tell whether the token is right.`,
    tryThis: "Ask HALO something that needs your data, in the client. If that fails, make a new token of type MCP.",
  },
} as const satisfies Readonly<Record<string, CauseRow>>;

const ROWS = {
  ...INPUT_CAUSES,
  pagination: {
    stage: "tools",
    when: ({ isWhole, record }) => isWhole && record.outcome.endless,
    title: "The list of tools does not end",
    explain: (f) => `${host(f)} always announces another page of tools, so reading was stopped.`,
    tryThis: "The connection itself works. Tell CM.com support, or whoever runs this server.",
  },
  ...NETWORK_CAUSES,
  ...ANSWER_CAUSES,
} as const satisfies Readonly<Record<string, CauseRow>>;

/** Ids are part of the contract of the JSON output. */
export type Cause = keyof typeof ROWS;
export const CAUSES: Readonly<Record<Cause, CauseRow>> = ROWS;
