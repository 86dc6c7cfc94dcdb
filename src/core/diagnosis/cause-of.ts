/** Which cause a failed probe has, from what was seen. Words and context count, never the number of an HTTP status alone. */
import type { Exchange, ProbeRecord, ProbeStage } from "./record.ts";
import { causeOfSentence, causeOfWords, isHtml, missesId, VERSION_WORDS } from "./server-words.ts";

/** Ids are part of the contract of the JSON output. */
export type Cause =
  | "bad-value"
  | "missing-value"
  | "placeholder-sent"
  | "bad-url"
  | "endpoint-foreign"
  | "dns"
  | "refused"
  | "unreachable"
  | "timeout"
  | "reset"
  | "closed-early"
  | "proxy-failed"
  | "proxy-auth"
  | "tls-untrusted"
  | "tls-expired"
  | "tls-not-yet-valid"
  | "tls-wrong-host"
  | "tls-handshake"
  | "not-tls"
  | "bad-http"
  | "redirect"
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "method-not-allowed"
  | "rejected-request"
  | "rate-limited"
  | "server-error"
  | "html-answer"
  | "wrong-content-type"
  | "bad-json"
  | "bad-encoding"
  | "empty-answer"
  | "stream-ended"
  | "too-big"
  | "not-mcp"
  | "rpc-error"
  | "protocol-version"
  | "session-lost"
  | "pagination"
  | "local-limit"
  | "unknown"
  | "unproven-token";

/** Codes of Node, OpenSSL, llhttp and zlib → cause. The first rule that knows any code of the chain decides. */
const CODES: readonly (readonly [RegExp, Cause])[] = [
  // Nobody else's fault, not the proxy's either: no file, port or memory is left here.
  [/^(EMFILE|ENFILE|ENOBUFS|ENOMEM|EADDRINUSE|EAI_MEMORY|OUT_OF_MEM|ERR_MEMORY_ALLOCATION_FAILED)$/, "local-limit"],
  // Whatever lies behind it, name or certificate: it is the proxy's.
  [/^HALO_PROXY_AUTH$/, "proxy-auth"],
  [/^HALO_PROXY/, "proxy-failed"],
  [/^CERT_HAS_EXPIRED$/, "tls-expired"],
  [/^CERT_NOT_YET_VALID$/, "tls-not-yet-valid"],
  [/^ERR_TLS_CERT_ALTNAME|^HOSTNAME_MISMATCH$/, "tls-wrong-host"],
  [
    /SELF_SIGNED_CERT|^UNABLE_TO_|^CERT_|^CRL_|^ERROR_IN_C|^INVALID_(CA|PURPOSE)$|^PATH_LENGTH_EXCEEDED$|^UNSPECIFIED$/,
    "tls-untrusted",
  ],
  [/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER_FAILURE)$/, "not-tls"],
  [/^ERR_SSL_|^ERR_TLS_|^ERR_OSSL_|^EPROTO$/, "tls-handshake"],
  [/^ENOTFOUND$|^EAI_|^ENODATA$|^ESERVFAIL$/, "dns"],
  [/^HPE_(HEADER|CHUNK_EXTENSIONS)_OVERFLOW$/, "too-big"],
  [/^HPE_/, "bad-http"],
  [/^Z_|^ERR_BROTLI|^ERR__ERROR_|^ZSTD_/, "bad-encoding"],
  [/^ECONNREFUSED$/, "refused"],
  [/^(EHOSTUNREACH|ENETUNREACH|ENETDOWN|EHOSTDOWN|EADDRNOTAVAIL|EAFNOSUPPORT|EACCES|EPERM)$/, "unreachable"],
  [/^ETIMEDOUT$/, "timeout"],
  [/^(ECONNRESET|ECONNABORTED|ENETRESET|ENOTCONN|ESHUTDOWN|EPIPE)$/, "reset"],
];
/** The code that says no more than that the connection is gone. */
const GONE = /^ERR_STREAM_PREMATURE_CLOSE$/;
/** What the SDK calls an answer that is none of MCP's (@modelcontextprotocol/client 2.4). */
const NO_ANSWER =
  /^(INVALID_RESULT|UNSUPPORTED_RESULT_TYPE|INPUT_REQUIRED_ROUNDS_EXCEEDED|METHOD_NOT_SUPPORTED_BY_PROTOCOL_VERSION|CAPABILITY_NOT_SUPPORTED|ERA_NEGOTIATION_FAILED|CLIENT_HTTP_UNEXPECTED_CONTENT)$/;

function causeOfStatus(exchange: Exchange, status: number): Cause {
  const words = causeOfWords(exchange);
  // 401 and 403 are both used for a bad token; their words may only say that it is about something else.
  if (status === 401) return words === "rate-limited" || words === "session-lost" ? words : "unauthorized";
  if (status === 403) return words === "rate-limited" || words === "unauthorized" ? words : "forbidden";
  if (status === 407) return "proxy-auth";
  if (status === 429) return "rate-limited";
  // it knows the address, and misses what the headers name
  if ((status === 404 || status === 410) && exchange.rpcError === null && missesId(exchange)) return "rejected-request";
  if (status === 404 && exchange.session) return "session-lost";
  if (words !== null && (status < 500 || words === "unauthorized")) return words;
  // 511, Network Authentication Required: what stands in the way is a network's sign-in page (RFC 6585)
  if (status === 511) return "html-answer";
  if (status >= 500) return status < 600 ? "server-error" : "bad-http";
  if (exchange.rpcError !== null)
    return exchange.rpcError.code === -32601 && exchange.phase === "connect" ? "not-mcp" : "rpc-error";
  if (status === 404 || status === 410) return "not-found";
  if (status === 405) return "method-not-allowed";
  return "rejected-request";
}

function causeOfCodes(exchange: Exchange, secure: boolean): Cause {
  // Cut before TLS stood: Node calls it ECONNRESET ("before secure TLS connection was established").
  const early = secure && !exchange.connected;
  for (const [pattern, cause] of CODES) {
    if (!exchange.codes.some((code) => pattern.test(code))) continue;
    const isLate = exchange.connected && (cause === "tls-handshake" || cause === "not-tls");
    // a handshake that stands cannot fail any more, save over a certificate of ours, which TLS 1.3 misses after it
    if (isLate && !exchange.codes.some((code) => /_(?:CERTIFICATE_REQUIRED|BAD_CERTIFICATE)$/.test(code)))
      return "reset";
    return early && cause === "reset" ? "tls-handshake" : cause;
  }
  // Something came back before it broke; or a code that nobody knows, or none, which says nothing of the cause.
  const silent = exchange.codes.length === 0 && exchange.status === null;
  if (silent || exchange.codes.some((code) => !GONE.test(code))) return "unknown";
  if (early) return "tls-handshake";
  return exchange.stream && exchange.status !== null ? "stream-ended" : "closed-early";
}

const PLAIN = /^\s*(identity)?\s*$/iu;
/** The encodings that the connection test unpacks; a body in any other is handed on packed, and looks like broken JSON. */
const UNPACKED = /^\s*(identity|x-gzip|gzip|deflate|br)?\s*$/iu;

/** The cause of one exchange, or null when it went well. `secure`: the URL is https. */
export function causeOfExchange(exchange: Exchange, secure: boolean): Cause | null {
  const { status, end } = exchange;
  if (end === "redirect" || end === "blocked") return "redirect";
  if (status !== null && status >= 400) return causeOfStatus(exchange, status);
  switch (end) {
    case "accepted":
      return null;
    case "answered": {
      const error = exchange.rpcError;
      if (error === null) return null;
      // here it is the tool that speaks, of whatever it works with: a model's tokens, the limits of others
      if (exchange.phase === "call") return "rpc-error";
      return (
        causeOfWords(exchange) ?? (error.code === -32601 && exchange.phase === "connect" ? "not-mcp" : "rpc-error")
      );
    }
    case "timeout":
    case "aborted":
      return "timeout";
    case "broken":
      return causeOfCodes(exchange, secure);
    case "too-big":
    case "stream-ended":
      return end;
    case "empty":
      // Node unpacks what there is of a compressed body that was cut short, be it nothing, and reports no error.
      return PLAIN.test(exchange.contentEncoding ?? "") || [202, 204, 205].includes(status ?? 0)
        ? "empty-answer"
        : "bad-encoding";
    case "content-type":
      return isHtml(exchange) ? "html-answer" : "wrong-content-type";
    case "bad-json":
      if (isHtml(exchange)) return "html-answer";
      return UNPACKED.test(exchange.contentEncoding ?? "") ? "bad-json" : "bad-encoding";
    default:
      return causeOfSentence(exchange) ?? "not-mcp";
  }
}

/** The exchange that decided: the last one on the road with all headers. What failed before it was an attempt in another era. */
export function decisive(record: ProbeRecord): Exchange | undefined {
  return record.exchanges.findLast((exchange) => exchange.phase === "connect" || exchange.phase === "tools");
}

/** The time ran out before a proxy had opened its tunnel. */
function waitsForProxy({ proxy }: ProbeRecord): boolean {
  return proxy !== null && proxy.bypassedBy === null && !proxy.tunnel;
}

/** The time ran out before the host's name had an address. A host that is an address is never looked up. */
function waitsForName({ timings, endpoint }: ProbeRecord): boolean {
  return timings.seen && timings.dns === null && endpoint !== null && !/^(?:\[|[\d.]+(?::|$))/.test(endpoint.host);
}

/** The newest revision of MCP that this program speaks (@modelcontextprotocol/client 2.4). */
const NEWEST = "2026-07-28";
/** What a server answers to `initialize` that has none. */
const NO_INITIALIZE: readonly (Cause | null)[] = ["not-mcp", "not-found", "method-not-allowed"];

/** The revisions that the server named last. */
export function revisionsOf({ exchanges }: ProbeRecord): readonly string[] {
  return exchanges.findLast(({ phase, revisions }) => phase === "connect" && revisions !== undefined)?.revisions ?? [];
}

/** It offered newer revisions alone, and then knew no handshake of the older ones. */
function isTooNew(record: ProbeRecord, last: Exchange | undefined, seen: Cause | null): boolean {
  if (last?.method !== "initialize" || !NO_INITIALIZE.includes(seen)) return false;
  const offered = revisionsOf(record);
  return offered.length > 0 && offered.every((revision) => revision > NEWEST);
}

/** The cause of a whole probe, or null when it reached its end. */
export function causeOf(record: ProbeRecord): Cause | null {
  if (record.input !== null) return record.input.cause;
  const { outcome } = record;
  if (outcome.listed) return null;
  if (outcome.endless) return "pagination";
  const last = decisive(record);
  const seen = last === undefined ? null : causeOfExchange(last, record.endpoint?.secure ?? false);
  if (seen === "timeout" && last?.connected === false) {
    if (waitsForProxy(record)) return "proxy-failed";
    if (waitsForName(record)) return "dns";
  }
  if (isTooNew(record, last, seen)) return "protocol-version";
  if (seen !== null) return seen;
  // Every exchange went well, yet the SDK gave up: it did not like what an answer said.
  const { failure } = outcome;
  if (failure === null) return last === undefined || record.totalMs >= record.timeoutMs * 0.8 ? "timeout" : "unknown";
  if (VERSION_WORDS.test(failure.message)) return "protocol-version";
  if (/TIMEOUT/iu.test(failure.code ?? "")) return "timeout";
  return NO_ANSWER.test(failure.code ?? "") || failure.name === "ZodError" ? "not-mcp" : "unknown";
}

const STAGES: Partial<Record<Cause, ProbeStage>> = {
  "bad-url": "url",
  "endpoint-foreign": "url",
  dns: "dns",
  refused: "tcp",
  unreachable: "tcp",
  "proxy-failed": "tcp",
  "proxy-auth": "tcp",
  "tls-untrusted": "tls",
  "tls-expired": "tls",
  "tls-not-yet-valid": "tls",
  "tls-wrong-host": "tls",
  "tls-handshake": "tls",
  "not-tls": "tls",
  "bad-value": "auth",
  "missing-value": "auth",
  "placeholder-sent": "auth",
  "unproven-token": "auth",
  unauthorized: "auth",
  forbidden: "auth",
  "wrong-content-type": "mcp",
  "bad-json": "mcp",
  "empty-answer": "mcp",
  "stream-ended": "mcp",
  "not-mcp": "mcp",
  "rpc-error": "mcp",
  "protocol-version": "mcp",
  "session-lost": "mcp",
  pagination: "tools",
};

/** The stage at which a cause stopped the probe. Once the handshake stands, whatever then fails belongs to `tools`, save the token and the session. */
export function stageOf(cause: Cause, record: ProbeRecord): ProbeStage {
  const own = STAGES[cause];
  if (record.outcome.connected) return own === "auth" || cause === "session-lost" ? (own ?? "tools") : "tools";
  if (own !== undefined) return own;
  const last = decisive(record);
  if (cause === "unknown" && (last?.end === "answered" || last?.end === "accepted")) return "mcp";
  if (last !== undefined && !last.connected) {
    if (record.endpoint?.secure === true && record.timings.tcp !== null) return "tls";
    return record.timings.seen && record.timings.dns === null ? "dns" : "tcp";
  }
  return "http";
}
