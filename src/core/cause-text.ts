/** What the prose of a cause is made from. */
import { HALO_URL } from "./halo.ts";

export interface ProxyWords {
  /** `host:port`; missing when the variable cannot be understood. */
  readonly at?: string | undefined;
  readonly variable: string;
  /** What it did, as the end of a sentence about it. */
  readonly did?: string | undefined;
  /** It was given a user name and a password. */
  readonly credentials?: boolean | undefined;
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

/** Why the way was the direct one although a variable names a proxy: NO_PROXY excepts the host, or nobody reads the variable. */
export type DirectWords =
  | { readonly why: "excepted"; readonly by: string; readonly variable: string }
  | { readonly why: "ignored"; readonly variable: string };

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
/** On lines of their own: what is copied ends where the line ends. */
export const checkUrl = `Check the URL, letter by letter. HALO's is:\n${HALO_URL}`;

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
