/** What a connection test sent and saw, as plain data: no request headers, no conclusions. `diagnose.ts` interprets it. */
import type { ProxyRoute } from "../proxy.ts";
import { mask } from "../secrets.ts";

/** What the test is called on screen. */
export const TITLE = "Connection test";

export const STAGES = ["url", "dns", "tcp", "tls", "http", "auth", "mcp", "tools"] as const;
export type ProbeStage = (typeof STAGES)[number];

/** The part of the test. `control` repeats everything without the token. */
export type ProbePhase = "connect" | "tools" | "call" | "close" | "control";

export type ExchangeEnd =
  | "answered" // our JSON-RPC answer came whole: a result or an error
  | "accepted" // a success where no answer is due: a notification, DELETE
  | "status" // an HTTP status that is no success
  | "redirect" // not followed
  | "content-type" // neither JSON nor an event stream
  | "empty" // a success without a body where an answer was due
  | "bad-json"
  | "not-rpc" // JSON, but no JSON-RPC answer to our id
  | "stream-ended" // in good order, without our answer
  | "too-big"
  | "broken" // the connection or the decoding failed: see `codes`
  | "timeout" // our own limit
  | "aborted"; // by the caller's signal

export type RpcError = { readonly code: number; readonly message: string };

export interface Exchange {
  readonly phase: ProbePhase;
  /** The JSON-RPC method (`server/discover`, `initialize`, `tools/list`, …) or the HTTP method (`DELETE`). */
  readonly method: string;
  /** A connection was open (TCP, and TLS if needed) when it ended. */
  readonly connected: boolean;
  readonly status?: number | undefined;
  readonly contentType?: string | undefined;
  /** Origin and path of the Location header; never its query. */
  readonly location?: string | undefined;
  readonly retryAfter?: string | undefined;
  /** `error_description` of WWW-Authenticate, or its `error`. */
  readonly authError?: string | undefined;
  /** The revisions of MCP in the answer: the offered ones, or the chosen one. */
  readonly revisions: readonly string[];
  readonly stream: boolean;
  readonly session: boolean;
  /** Beginning of the body, after decompression. */
  readonly body: string;
  readonly end: ExchangeEnd;
  readonly rpcError?: RpcError | undefined;
  /** Codes along the cause chain of a network error, outermost first. `HALO_PROXY`: it is the proxy's; `ERR_STREAM_PREMATURE_CLOSE`: the peer closed it. */
  readonly codes: readonly string[];
  readonly ms: number;
}

/** A mistake that was found before anything was sent, in a header or in the variable of a proxy. Never the value itself. */
export interface BadInput {
  readonly cause: "missing-value" | "proxy-failed" | "bad-value";
  readonly name: string;
  readonly position?: number;
  readonly codePoint?: number;
}

/** `code`: the SDK's, else the name of the error. */
export type Failure = { readonly code: string; readonly message: string };
export type ToolAnswer = { readonly ok: boolean; readonly text: string; readonly failure?: Failure | undefined };

/** How far the SDK got with all headers. */
export interface ProbeOutcome {
  /** The handshake or the discovery succeeded. */
  readonly connected: boolean;
  /** Every page of tools was read, or the server has no tools. */
  readonly listed: boolean;
  readonly server?: { readonly name: string; readonly version: string } | undefined;
  readonly protocol?: string | undefined;
  /** At most 1,000. */
  readonly tools: readonly { readonly name: string; readonly description: string }[];
  readonly toolCount: number;
  /** The first tool that only reads, by its annotations, and takes no required argument. */
  readonly harmless?: string | undefined;
  /** The cursor repeated, or the pages exceeded the limit. */
  readonly endless: boolean;
  readonly call?: ToolAnswer;
  readonly failure?: Failure;
}

/** An address of the name. `code`: why it did not connect; null if it did, undefined if it was not tried. */
export type AddressFacts = { readonly address: string; readonly family: number; readonly code?: string | null };

/** The proxy that the environment names, without its credentials. */
export interface ProxyFacts extends Pick<ProxyRoute, "variable" | "host" | "port" | "bypassedBy"> {
  readonly credentials: boolean;
  readonly tunnel: boolean;
  readonly status: number | null;
  readonly said: string;
  /** What a 407 asked for, e.g. `Basic`, `Negotiate`. */
  readonly schemes: readonly string[];
  /** Only the system trusts its certificate. */
  readonly systemCas: boolean;
}

/** The certificate of the last completed handshake; its texts are the server's. */
export interface TlsFacts {
  readonly protocol: string | null;
  readonly subject: string;
  readonly issuer: string;
  /** Issuer of the last certificate that the server sent: the one that must be trusted. */
  readonly root: string;
  readonly names: readonly string[];
  /** ISO 8601. */
  readonly validFrom: string;
  readonly validTo: string;
  /** Whole days until `validTo`, by this computer's clock; negative if it has expired. */
  readonly daysLeft: number;
  /** Node's code if the certificate is not accepted, e.g. `CERT_HAS_EXPIRED`. */
  readonly error: string | null;
  /** The second attempt with the system's certificates; `unavailable` before Node 22.15. Null: not needed. */
  readonly systemCas: "helped" | "did-not-help" | "unavailable" | null;
}

/** The network path to the server. Milliseconds and addresses of the first connection, or those of the proxy. */
export interface WayFacts {
  /** Null if the step did not happen. */
  readonly timings: { readonly dns: number | null; readonly tcp: number | null; readonly tls: number | null };
  /** Empty: no name was resolved. */
  readonly addresses: readonly AddressFacts[];
  /** Null: the environment names none for this URL. */
  readonly proxy: ProxyFacts | null;
  /** `off` with NODE_TLS_REJECT_UNAUTHORIZED=0: any certificate is accepted. */
  readonly verification: "on" | "off";
  /** Null: no handshake was completed. */
  readonly tls: TlsFacts | null;
}

export interface ProbeRecord extends WayFacts {
  /** Without the query, which can contain a secret. */
  readonly endpoint: {
    readonly origin: string;
    readonly host: string;
    readonly path: string;
    readonly secure: boolean;
  };
  readonly timeoutMs: number;
  readonly input: BadInput | null;
  /** `ALL_PROXY` or `all_proxy`, if no other variable names a proxy: neither Node's fetch nor this test reads it. */
  readonly ignoredProxy: string | null;
  readonly exchanges: readonly Exchange[];
  /** The connection that was opened if nothing could be sent. Nothing went over it. */
  readonly reach: Exchange | null;
  readonly outcome: ProbeOutcome;
  /** The same requests without the token; null if they were not tried. */
  readonly control: { readonly listed: boolean; readonly toolCount: number } | null;
}

/** What the caller knows besides the record. It improves the words and does not change the cause. */
export interface Known {
  /** The headers that were sent. Only the two IDs are read, which are not secrets. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Where the two IDs come from, e.g. `.env`. */
  readonly from?: { readonly account?: string | undefined; readonly profile?: string | undefined } | undefined;
  /** The file of NODE_EXTRA_CA_CERTS. */
  readonly extraCas?: { readonly path: string; readonly kind: "missing" | "PEM" | "other" } | undefined;
}

/** Longer than any text that is shown. */
const LONGEST = 20_000;
/** Invisible characters: a server could put one into a repeated token to prevent the masking. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]/gu;

/** The same data with the secrets masked in every text, then cut: masked first, so that no part of a secret remains. */
export function cleaned<T>(value: T, secrets: readonly string[]): T {
  const each = (part: unknown): unknown => {
    if (typeof part === "string") return mask(part.replace(INVISIBLE, ""), secrets).slice(0, LONGEST);
    if (Array.isArray(part)) return part.map(each);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, each(inner)]));
  };
  return each(value) as T;
}
