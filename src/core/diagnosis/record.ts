/** What a connection test asked and saw, as plain data: no request header, no judgement. `diagnose.ts` says what it means. */
import type { ProxyRoute } from "../proxy.ts";
import { mask } from "../secrets.ts";

/** In the order in which they are reached. */
export const STAGES = ["url", "dns", "tcp", "tls", "http", "auth", "mcp", "tools"] as const;
export type ProbeStage = (typeof STAGES)[number];

/** What an exchange belonged to. `control` repeats the whole road without the token. */
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

export interface RpcError {
  readonly code: number;
  readonly message: string;
}

export interface Exchange {
  readonly phase: ProbePhase;
  /** The JSON-RPC method (`server/discover`, `initialize`, `tools/list`, …) or the HTTP method (`DELETE`). */
  readonly method: string;
  /** A connection stood (TCP, and TLS where asked) when it ended. */
  readonly connected: boolean;
  readonly status: number | null;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  /** Origin and path of the Location header; never its query. */
  readonly location: string | null;
  readonly retryAfter: string | null;
  /** `error_description` of WWW-Authenticate, or its `error`. */
  readonly authError: string | null;
  /** The revisions of MCP that the answer names: what it offers, or the one it took. */
  readonly revisions: readonly string[];
  readonly stream: boolean;
  readonly session: boolean;
  /** Beginning of the body, after decompression. */
  readonly body: string;
  readonly end: ExchangeEnd;
  readonly rpcError: RpcError | null;
  /** Codes along the cause chain of a network error, outermost first, e.g. `HALO_PROXY`, `ECONNREFUSED`; `ERR_STREAM_PREMATURE_CLOSE`: closed by the other side. */
  readonly codes: readonly string[];
  readonly ms: number;
}

/** Something that was wrong before anything was sent. Never the value itself. */
export type BadInput =
  | { readonly cause: "missing-value"; readonly header: string }
  /** The variable holds no address of an HTTP proxy. */
  | { readonly cause: "proxy-failed"; readonly variable: string }
  /** A character that no header can carry. */
  | { readonly cause: "bad-value"; readonly header: string; readonly position: number; readonly codePoint: number };

export interface Failure {
  readonly name: string;
  readonly code: string | null;
  readonly message: string;
}

/** What the one tool that was called answered; `failure` where it, the server or the way gave no answer. */
export interface ToolAnswer {
  readonly ok: boolean;
  readonly text: string;
  readonly failure?: Failure | undefined;
}

/** How far the SDK got with all headers. */
export interface ProbeOutcome {
  /** The handshake, or the discovery, is done. */
  readonly connected: boolean;
  /** Every page of the tools was read, or the server offers none. */
  readonly listed: boolean;
  readonly server: { readonly name: string; readonly version: string } | null;
  readonly protocol: string | null;
  /** At most 1,000. */
  readonly tools: readonly { readonly name: string; readonly description: string }[];
  readonly toolCount: number;
  /** The cursor repeated itself or did not end within the bound of pages. */
  readonly endless: boolean;
  readonly call: ToolAnswer | null;
  readonly failure: Failure | null;
}

export interface AddressFacts {
  readonly address: string;
  readonly family: 4 | 6;
  readonly outcome: "connected" | "failed" | "not-tried";
  readonly code: string | null;
}

/** The proxy that the environment names, without its credentials. */
export interface ProxyFacts extends Pick<ProxyRoute, "variable" | "host" | "port" | "bypassedBy"> {
  /** It names a user and a password. */
  readonly credentials: boolean;
  readonly tunnel: boolean;
  /** Of its last answer to CONNECT. */
  readonly status: number | null;
  /** Its words beside that status. */
  readonly said: string;
  /** What a 407 asked for, e.g. `Basic`, `Negotiate`. */
  readonly schemes: readonly string[];
  /** Its certificate is vouched for by the system's list alone. */
  readonly systemCas: boolean;
}

/** The certificate that the server showed in the last handshake that came to an end; its texts are the server's. */
export interface TlsFacts {
  readonly protocol: string | null;
  readonly subject: string;
  readonly issuer: string;
  /** Issuer of the last certificate that the server sent along: the one that is to be trusted. */
  readonly root: string;
  /** Names and addresses that it is for. */
  readonly names: readonly string[];
  /** ISO 8601; null when it cannot be read, as below. */
  readonly validFrom: string | null;
  readonly validTo: string | null;
  /** Whole days until `validTo`, by this computer's clock; negative when it is past. */
  readonly daysLeft: number | null;
  /** Node's code when the certificate is not accepted, e.g. `CERT_HAS_EXPIRED`. */
  readonly error: string | null;
  /** The one more try with the system's certificates; `unavailable` before Node 22.15. Null: there was no need. */
  readonly systemCas: "helped" | "did-not-help" | "unavailable" | null;
}

/** The way to the server. Milliseconds and addresses are those of the first connection, the proxy's where one is used. */
export interface WayFacts {
  /** Null where the step did not happen. */
  readonly timings: { readonly dns: number | null; readonly tcp: number | null; readonly tls: number | null };
  /** Empty: no name was resolved. */
  readonly addresses: readonly AddressFacts[];
  /** Null: the environment names none for this URL. */
  readonly proxy: ProxyFacts | null;
  /** `off` under NODE_TLS_REJECT_UNAUTHORIZED=0: any certificate is taken. */
  readonly verification: "on" | "off";
  /** Null: no handshake came to an end. */
  readonly tls: TlsFacts | null;
}

export interface ProbeRecord extends WayFacts {
  /** Without the query, which can hold a secret. */
  readonly endpoint: {
    readonly origin: string;
    readonly host: string;
    readonly path: string;
    readonly secure: boolean;
  };
  /** The limit of the whole run. */
  readonly timeoutMs: number;
  readonly input: BadInput | null;
  /** `ALL_PROXY` or `all_proxy`, where no variable that counts names a proxy: neither Node's fetch nor this test reads it. */
  readonly ignoredProxy: string | null;
  readonly exchanges: readonly Exchange[];
  readonly outcome: ProbeOutcome;
  /** The same road without the token; null when it was not tried. */
  readonly control: { readonly listed: boolean; readonly toolCount: number } | null;
}

/** More than any sentence of ours shows of a text. */
const LONGEST = 20_000;
/** Characters that are drawn as nothing: a server that puts one into the middle of a token it repeats would get it past the mask. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]/gu;

/** The same data with the secrets masked in every text, then cut: a secret is masked before it can be cut in two. */
export function cleaned<T>(value: T, secrets: readonly string[]): T {
  const each = (part: unknown): unknown => {
    if (typeof part === "string") return mask(part.replace(INVISIBLE, ""), secrets).slice(0, LONGEST);
    if (Array.isArray(part)) return part.map(each);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, each(inner)]));
  };
  return each(value) as T;
}
