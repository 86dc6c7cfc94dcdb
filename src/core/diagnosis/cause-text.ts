/** What the prose of a cause is made from. */
import { HALO_URL } from "../halo.ts";

export interface ProxyWords {
  /** `host:port`; missing when the variable cannot be understood. */
  readonly at?: string | undefined;
  readonly variable: string;
  /** What it did, as the end of a sentence about it. */
  readonly did?: string | undefined;
  /** It was given a user name and a password. */
  readonly credentials?: boolean | undefined;
  /** It answered, and will not open a tunnel to this host. */
  readonly refuses?: boolean | undefined;
  /** What it asked for, e.g. `Negotiate, NTLM`. */
  readonly schemes?: string | undefined;
}

/** The certificate that was refused: the server's own, or the one above it that is to blame. */
export interface CertificateWords {
  readonly subject: string;
  readonly issuer: string;
  /** Where the chain ends, when that is not the issuer. */
  readonly top?: string | undefined;
  readonly names?: string | undefined;
  /** Days, e.g. 2026-11-22. */
  readonly validFrom?: string | undefined;
  readonly validTo?: string | undefined;
  /** It stands above the server's own. */
  readonly above?: boolean | undefined;
  /** The system's certificates were tried too. */
  readonly systemTried?: boolean | undefined;
}

/** One of the two IDs, which are no secrets. */
export interface IdWords {
  /** As it was sent; missing when the caller did not say. */
  readonly value?: string | undefined;
  /** Where it comes from, e.g. `.env`. */
  readonly from?: string | undefined;
}

/** The file that NODE_EXTRA_CA_CERTS names, and what is wrong with it; `names`: whose certificates it holds. */
export interface ExtraCas {
  readonly file: string;
  readonly problem?: "missing" | "no file" | "unreadable" | "no certificate" | undefined;
  readonly names: readonly string[];
}

/** Why the way was the direct one although a variable names a proxy: NO_PROXY excepts the host, or nobody reads the variable. */
export type DirectWords =
  | { readonly why: "excepted"; readonly by: string; readonly variable: string }
  | { readonly why: "ignored"; readonly variable: string };

/** What the prose may name. Every text has been redacted and made printable by who fills it in. All optional: prose reads well without. */
export interface CauseFacts {
  readonly host?: string | undefined;
  /** The URL is exactly HALO's own. */
  readonly halo?: boolean | undefined;
  readonly header?: string | undefined;
  /** Of a bad character: counted from 1, and its code point. */
  readonly position?: number | undefined;
  readonly codePoint?: number | undefined;
  readonly status?: number | undefined;
  /** What was asked: `initialize`, `tools/list`, … */
  readonly method?: string | undefined;
  /** Where a redirect points to, without its query. */
  readonly target?: string | undefined;
  /** The same, where it may well be the URL that is meant: on the same host, and no sign-in. */
  readonly moved?: string | undefined;
  readonly retryAfter?: string | undefined;
  /** Limit of the whole run, in seconds, and whether one request used up its share of it. */
  readonly seconds?: number | undefined;
  readonly share?: boolean | undefined;
  readonly contentType?: string | undefined;
  /** JSON-RPC error code, or code of a network error. */
  readonly code?: string | undefined;
  /** What the server said. */
  readonly words?: string | undefined;
  /** What the web page says that answered. */
  readonly page?: string | undefined;
  /** What the MCP library said, where every answer came whole. */
  readonly library?: string | undefined;
  /** The revisions of MCP that the server named. */
  readonly revisions?: string | undefined;
  /** The IDs that the server's words are about, or that it may be about. */
  readonly ids?: { readonly account?: IdWords | undefined; readonly profile?: IdWords | undefined } | undefined;
  /** How the exchange ended, and every code of its error. */
  readonly end?: string | undefined;
  readonly codes?: readonly string[] | undefined;
  /** Where an issue can be opened, filled in. */
  readonly issue?: string | undefined;
  /** Nothing of a connection stood. */
  readonly direct?: DirectWords | undefined;
  /** The answer is a web page. */
  readonly html?: boolean | undefined;
  /** Why a URL cannot be used, be it ours or a proxy's. */
  readonly why?: string | undefined;
  /** The proxy in use. */
  readonly proxy?: ProxyWords | undefined;
  readonly certificate?: CertificateWords | undefined;
  readonly extraCas?: ExtraCas | undefined;
}

export interface CauseText {
  readonly title: string;
  /** What was seen. */
  readonly explain: (facts: CauseFacts) => string;
  /** What to do next; a line each. */
  readonly tryThis: (facts: CauseFacts) => string;
}

export const host = (facts: CauseFacts): string => facts.host ?? "the server";
export const code = (facts: CauseFacts): string => (facts.code ? ` (${facts.code})` : "");
const RIGHT_URL = "The URL is HALO's own, and right.";
const ON_THE_WAY = "A gateway, firewall or proxy on the way may have answered, or something is wrong at HALO.";
const SUPPORT = "If it stays, ask CM.com support, and give the time of this test.";
/**
 * What is to be looked at first. HALO's own URL needs no second look: `reason` says what else it can be, and `next` what to do about it.
 * An address stands on a line of its own: what is copied ends where the line ends.
 */
export function checkUrl(
  { halo }: CauseFacts,
  { reason = ON_THE_WAY, next = "Try another network." }: { readonly reason?: string; readonly next?: string } = {},
): string {
  return halo === true
    ? `${RIGHT_URL} ${reason}\n${next} ${SUPPORT}`
    : `Check the URL, letter by letter. HALO's is:\n${HALO_URL}`;
}
/** A line for whoever runs the server; the one who uses HALO's cannot do anything with it. */
export const ownServer = ({ halo }: CauseFacts, line: string): string => (halo === true ? "" : `\n${line}`);

/** That the direct way was taken in spite of a variable: a sentence for what was seen, and a line for what to try. */
export function direct({ direct: way }: CauseFacts): string {
  if (way === undefined) return "";
  return way.why === "excepted"
    ? ` It was tried directly: ${way.by} excepts this host from ${way.variable}.`
    : ` It was tried directly: ${way.variable} is set, but Node's fetch and this test do not read it.`;
}
export function tryProxy({ direct: way }: CauseFacts): string {
  if (way === undefined) return "";
  return way.why === "excepted"
    ? `\nIf only the proxy reaches it, take the host out of ${way.by}.`
    : `\nIf only the proxy reaches it, set HTTPS_PROXY to the address that ${way.variable} holds.`;
}
