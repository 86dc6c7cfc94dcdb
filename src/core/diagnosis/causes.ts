/**
 * Every cause that a connection test can name. What the server said counts first (`heardIn`), then the first row whose `when` fits: its status,
 * then what is likely. The network's rows are in network-causes.ts.
 */
import { run } from "../advice.ts";
import { LABELS, valueNamed } from "../halo.ts";
import { printable } from "../secrets.ts";
import { broke, type CauseRow, checkUrl, type Facts, LATER, quote } from "./facts.ts";
import { NETWORK_CAUSES } from "./network-causes.ts";
import { isHtml, libraryWords, VERSION_WORDS } from "./server-words.ts";

/** The newest revision of MCP that this program speaks (@modelcontextprotocol/client 2.4). */
const NEWEST = "2026-07-28";
/** The SDK's codes for an answer that is not MCP's, and the error of its parser (the same version). */
const NO_ANSWER =
  /^(INVALID_RESULT|UNSUPPORTED_RESULT_TYPE|INPUT_REQUIRED_ROUNDS_EXCEEDED|METHOD_NOT_SUPPORTED_BY_PROTOCOL_VERSION|CAPABILITY_NOT_SUPPORTED|ERA_NEGOTIATION_FAILED|CLIENT_HTTP_UNEXPECTED_CONTENT|ZodError)$/;

const offered = ({ record }: Facts): readonly string[] =>
  record.exchanges.findLast(({ phase, revisions }) => phase === "connect" && revisions.length > 0)?.revisions ?? [];
const isTooNew = (f: Facts): boolean =>
  f.isWhole && offered(f).length > 0 && offered(f).every((revision) => revision > NEWEST);

const STUDIO = "against HALO Studio's address bar";
export const TOKEN_ADVICE: readonly string[] = [
  "Check that the token is of type MCP (HALO Studio > Settings > Product Tokens), whole, not deleted, and of this account. When in doubt, make a new one.",
];
const QUOTE = "If that does not help, ask CM.com support, and quote the server's answer.";
const page = (f: Facts): string =>
  f.isPage ? ` The answer is a web page: it may come from a firewall or gateway, not from HALO.${f.pageSaid}` : "";
const ON_THE_WAY =
  "Probably a proxy or gateway on the way removes or changes a header: try another network, or ask its administrator.";
const library = ({ record, isFine }: Facts): string => {
  const words = isFine ? libraryWords(record.outcome.failure?.message ?? "") : "";
  return words === "" ? "" : ` The MCP library says: ${quote(words)}`;
};

const ROWS = {
  "bad-value": {
    stage: "auth",
    title: "A header cannot be sent",
    explain: ({ record: { input } }) => {
      const point = `U+${input?.codePoint?.toString(16).toUpperCase().padStart(4, "0")}`;
      return `The value of ${input?.name} contains a character that cannot be sent in an HTTP header, at position ${input?.position} (${point}). Nothing was sent.`;
    },
    tryThis:
      "Copy the value again, without line breaks, quotes or spaces around it. Values copied from a chat or a document often contain invisible characters.",
  },
  "missing-value": {
    stage: "auth",
    title: "A value is missing, so nothing was sent",
    explain: ({ record: { input } }) =>
      valueNamed(input?.name ?? "") === "token"
        ? `No entry here has the ${LABELS.token} (HALO_MCP_TOKEN). Nothing was sent.`
        : `${input?.name} has no value. Nothing was sent.`,
    tryThis: [run("npx", "create-halo-mcp")],
  },
  pagination: {
    stage: "tools",
    when: ({ isWhole, record }) => isWhole && record.outcome.endless,
    title: "The list of tools does not end",
    explain: (f) => `${f.host} always announces another page of tools, so the test stopped reading.`,
    tryThis: "The connection itself works. Tell CM.com support, or the owner of this server.",
  },
  ...NETWORK_CAUSES,
  redirect: {
    when: ({ end }) => end === "redirect",
    title: "The server answered with a redirect",
    explain: (f) =>
      `${f.host} redirects${f.last?.location ? ` to ${printable(f.last.location)}` : ""}${f.http}. The test does not follow redirects, so the token was not sent there.`,
    tryThis: [
      "Usually a sign-in page of the network or a gateway causes this: open a web page in a browser, sign in if it asks you to, and run it again.",
      "If you trust the new address, use it as the URL.",
    ],
  },
  "rate-limited": {
    when: ({ status }) => status === 429,
    title: "Too many requests",
    explain: (f) => `${f.host} refused the request because there were too many${f.http}.${f.wait}${f.said}${page(f)}`,
    tryThis: "Wait, then run it again. The token was not checked.",
  },
  "session-lost": {
    stage: "mcp",
    when: ({ status, last }) => status === 404 && last?.session === true,
    title: "The server lost the session",
    explain: (f) =>
      f.last?.session === true
        ? `${f.host} opened a session and did not recognise it at ${f.asked}${f.http}.${f.said}`
        : `${f.host} requires a session at ${f.asked}${f.http}, but its answer to initialize had no session ID.${f.said}`,
    tryThis: [
      "Run it again: the server may have restarted.",
      "If it happens again, the server's load balancer may send one session to several machines, or a proxy removes the header Mcp-Session-Id: tell CM.com support.",
    ],
  },
  unauthorized: {
    stage: "auth",
    when: ({ status }) => status === 401,
    title: "The token was refused",
    explain: (f) => `${f.host} refused the token${f.http}.${f.said}${page(f)}`,
    tryThis: (f) => {
      const ids = f.namesIds ? [`${f.checkIds} ${STUDIO} first.`] : [];
      return [...(f.lost === undefined ? ids : [ON_THE_WAY]), ...TOKEN_ADVICE];
    },
  },
  forbidden: {
    stage: "auth",
    when: ({ status }) => status === 403,
    title: "Access was denied",
    explain: (f) =>
      `${f.host} denied access${f.http}${f.isPage || !f.isVague ? "" : ": the token is not accepted, or it may not use this account or profile"}.${f.said}${page(f)}`,
    tryThis: (f) => {
      const ids = `${f.checkIds} ${STUDIO}: both IDs must belong together, and the profile must still exist.`;
      if (f.isPage)
        return "A firewall or gateway may block it: ask your network administrator, and try another network. If that does not help, check the token and both IDs in HALO Studio.";
      if (f.namesIds) return [ids, ...TOKEN_ADVICE];
      return [...(f.isVague ? TOKEN_ADVICE : ["Do what the server's answer says.", QUOTE]), ids];
    },
  },
  "protocol-version": {
    stage: "mcp",
    when: (seen) => isTooNew(seen) || VERSION_WORDS.test(seen.gaveUp?.message ?? ""),
    title: "No common version of the protocol",
    explain: (f) => {
      const revisions = offered(f).length === 0 ? "" : `: ${printable(offered(f).join(", "))}`;
      return `${f.host} speaks a revision of MCP that this program does not know${revisions}.${f.said}`;
    },
    tryThis: ["Run the newest version:", run("npx", "create-halo-mcp@latest", "doctor")],
  },
  "html-answer": {
    // 511, Network Authentication Required: a network's sign-in page answered (RFC 6585)
    when: ({ status, end, last }) =>
      status === 511 || ((end === "content-type" || end === "bad-json") && last !== undefined && isHtml(last)),
    title: "A web page answered",
    explain: (f) =>
      `${f.host} answered ${f.asked} with a web page${f.http}: a sign-in page, a message of a firewall, or a web site.${f.pageSaid}`,
    tryThis: (f) => [
      ...checkUrl(f),
      `${f.isHalo ? "" : "It is the address of the API, not of HALO Studio. "}On a guest network, sign in with a browser first.`,
    ],
  },
  "server-error": {
    when: ({ status }) => status >= 500,
    title: "The server has a problem",
    explain: (f) => `${f.host} reports an internal error${f.http}.${f.wait}${f.said}${page(f)}`,
    tryThis: (f) => (f.namesIds ? [LATER, `${f.checkIds} too, because the server's answer mentions it.`] : LATER),
  },
  "not-mcp": {
    stage: "mcp",
    when: (seen) =>
      // the server does not know the method of the handshake: it is not an MCP server
      (seen.last?.rpcError?.code === -32601 && seen.last.phase === "connect") ||
      seen.end === "not-rpc" ||
      // another protocol, or a success status that does not fit our request
      (seen.end === "status" && seen.status === 0) ||
      NO_ANSWER.test(seen.gaveUp?.code ?? ""),
    title: "This is not an MCP server",
    explain: (f) => `${f.host} answered ${f.asked}, but not as an MCP server does${f.code}.${f.said}${library(f)}`,
    tryThis: checkUrl,
  },
  "rpc-error": {
    stage: "mcp",
    when: ({ end, last, refused }) =>
      (end === "answered" || end === "status") && refused === undefined && last?.rpcError != null,
    title: "The server answered with an error",
    explain: (f) => `${f.host} answered ${f.asked} with an error${f.code}${f.http}.${f.said}`,
    tryThis: (f) => {
      const ids = `${f.checkIds} ${STUDIO}.`;
      return f.namesIds ? [ids, QUOTE] : ["Run it again.", QUOTE, ids];
    },
  },
  "not-found": {
    when: ({ status }) => status === 404 || status === 410,
    title: "There is nothing at this URL",
    explain: (f) => `${f.host} answers, but has nothing at this path${f.http}.${f.said}${page(f)}`,
    tryThis: checkUrl,
  },
  "method-not-allowed": {
    when: ({ status }) => status === 405,
    title: "The URL does not accept MCP requests",
    explain: (f) => `${f.host} does not allow POST at this path${f.http}, which MCP needs.${f.said}${page(f)}`,
    tryThis: checkUrl,
  },
  "rejected-request": {
    when: ({ status }) => status >= 400,
    title: "The server rejected the request",
    explain: (f) => {
      const why =
        f.refused === "host" ? ` The server, or a proxy before it, does not know the host name ${f.host}.` : page(f);
      return `${f.host} rejected ${f.asked}${f.http}.${f.said}${why}`;
    },
    tryThis: (f) => {
      if (f.refused === "host")
        return [
          ...checkUrl(f),
          "If the host in the URL is right, the owner of the server or proxy must allow this name.",
        ];
      if (f.refused ?? f.lost) return ON_THE_WAY;
      const ids = `${f.checkIds} ${STUDIO}. An ID may be cut or swapped.`;
      return f.namesIds ? ids : [...checkUrl(f), ids];
    },
  },
  "wrong-content-type": {
    stage: "mcp",
    when: ({ end }) => end === "content-type",
    title: "The answer has the wrong content type",
    explain: (f) => {
      const type = f.last?.contentType ?? "";
      const said = type === "" || /^\s*text\//i.test(type) ? f.said : "";
      return `${f.host} answered ${f.asked} with ${type === "" ? "no content type" : `"${printable(type)}"`}; MCP uses JSON or an event stream.${said}`;
    },
    tryThis: checkUrl,
  },
  "bad-encoding": {
    when: broke(/^Z_|^ERR_BROTLI|^ERR__ERROR_|^HALO_ENCODING$/),
    title: "The answer cannot be decompressed",
    explain: (f) => `${f.host} answered with a compressed body that cannot be decompressed${f.code}.`,
    tryThis: "A proxy may damage it: try another network. If it happens again, ask CM.com support.",
  },
  "bad-json": {
    stage: "mcp",
    when: ({ end }) => end === "bad-json",
    title: "The answer cannot be read",
    explain: (f) => `${f.host} answered ${f.asked} with broken JSON.`,
    tryThis: LATER,
  },
  "empty-answer": {
    stage: "mcp",
    when: ({ end }) => end === "empty",
    title: "The answer is empty",
    explain: (f) => `${f.host} accepted ${f.asked}${f.http}, but sent no answer.`,
    tryThis: checkUrl,
  },
  unknown: {
    when: ({ isWhole, isFine }) => isWhole || !isFine,
    title: "The test failed for an unknown reason",
    explain: (f) => {
      const codes = f.codes.length === 0 ? "" : `, codes ${f.codes.join(", ")}`;
      const recorded = f.last === undefined ? "" : ` Recorded: ${f.asked}${f.http}, ended as "${f.last.end}"${codes}.`;
      return `The connection test of ${f.host} failed for a reason that this program does not know.${recorded}${f.said}${library(f)}`;
    },
    tryThis: [
      "Create a report, which contains no secrets, and send it to CM.com support:",
      run("npx", "create-halo-mcp", "doctor", "--report", "halo-report.md"),
    ],
  },
  "unproven-token": {
    stage: "auth",
    title: "The connection works, but the token is unproven",
    explain: (f) =>
      `${f.host} accepts the same request without the token. So this test cannot tell whether the token is right.`,
    tryThis: "Ask HALO something that needs your data, in the client. If that fails, make a new token of type MCP.",
  },
} as const satisfies Readonly<Record<string, CauseRow>>;

/** Ids are part of the contract of the JSON output. */
export type Cause = keyof typeof ROWS;
export const CAUSES: Readonly<Record<Cause, CauseRow>> = ROWS;
