/** What a record says about one failure: what the rows of causes look at, and what their sentences name. */
import { HALO_URL, HEADERS, LABELS } from "../halo.ts";
import { printable } from "../secrets.ts";
import type { Exchange, ProbeRecord, ProxyFacts } from "./record.ts";
import { blamesToken, deniesId, heardIn, IDS, type Id, idsIn, isHtml, pageWords, sentenceOf } from "./server-words.ts";

/** What the caller knows beside the record. The words get better by it, the cause does not. */
export interface Known {
  /** The headers that were sent. Only the two IDs are read, which are no secrets. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Where the two IDs come from, e.g. `.env`. */
  readonly from?: { readonly account?: string | undefined; readonly profile?: string | undefined } | undefined;
  /** What NODE_EXTRA_CA_CERTS names. */
  readonly extraCas?: string | undefined;
}

/** In: `only`: the exchange that is judged alone, else the one that decided the test. */
export function seenOf(record: ProbeRecord, only?: Exchange) {
  // the last one with all headers: an earlier failure was an attempt with another protocol version
  const phases = record.outcome.listed ? ["call"] : ["connect", "tools"];
  const last = only ?? record.exchanges.findLast(({ phase }) => phases.includes(phase));
  const isRedirect = last?.end === "redirect" || last?.end === "blocked";
  const status = isRedirect || (last?.status ?? 0) < 400 ? 0 : (last?.status ?? 0);
  const end = isRedirect ? "redirect" : status > 0 ? "status" : last?.end;
  const isFine = end === undefined || end === "accepted" || (end === "answered" && last?.rpcError === null);
  return {
    record,
    last,
    /** The whole test is judged; else this exchange alone. */
    isWhole: only === undefined,
    /** How the exchange ended: an error status is one, whatever became of its body. */
    end,
    /** From 400 on; else 0. */
    status,
    /** The server refuses by its words. */
    heard: last === undefined ? null : heardIn(last),
    /** Every exchange went well, if there was one. */
    isFine,
    /** Every exchange went well, yet the MCP library gave up: it did not like what an answer said. */
    gaveUp: only === undefined && isFine ? record.outcome.failure : null,
  };
}
export type Seen = ReturnType<typeof seenOf>;

/** In quotes; with a full stop, unless its last sentence has one. */
export function quote(text: string): string {
  const words = printable(text);
  return `"${words}"${/[.!?…]$/.test(words) ? "" : "."}`;
}

/** Host and port as they stand in a URL. */
export const proxyAddress = ({ host, port }: ProxyFacts): string =>
  printable(`${host.includes(":") ? `[${host}]` : host}:${port}`);

/** Which way was taken, for a failure before a connection stood; and what to do about the direct one. */
function wayWords({ proxy, ignoredProxy }: ProbeRecord, last: Exchange | undefined) {
  if (last !== undefined && (last.connected || last.status !== null)) return { way: "", tryProxy: [] };
  const directly = (why: string, todo: string) => ({
    way: ` It was tried directly: ${why}.`,
    tryProxy: [`If only the proxy reaches it, ${todo}.`],
  });
  if (ignoredProxy !== null)
    return directly(
      `${ignoredProxy} is set, but Node's fetch and this test do not read it`,
      `set HTTPS_PROXY to the address that ${ignoredProxy} holds`,
    );
  if (proxy === null || proxy.bypassedBy === "loopback") return { way: "", tryProxy: [] };
  const { bypassedBy, variable } = proxy;
  if (bypassedBy === null)
    return { way: ` The connection goes through the proxy ${proxyAddress(proxy)} (${variable}).`, tryProxy: [] };
  return directly(`${bypassedBy} excepts this host from ${variable}`, `take the host out of ${bypassedBy}`);
}

/** The IDs that the server's words name, as they were sent, and what to check: both where none is named. */
function idWords(last: Exchange | undefined, words: string, { headers = {}, from }: Known) {
  const value = (id: Id): string =>
    printable(Object.entries(headers).find(([name]) => name.toLowerCase() === HEADERS[id].toLowerCase())?.[1] ?? "");
  const named = idsIn(words, { account: value("account"), profile: value("profile") });
  const list = (ids: readonly Id[]): string =>
    ids
      .map((id) => {
        const source = from?.[id] === undefined ? "" : `, from ${printable(from[id])}`;
        return `${LABELS[id]}${value(id) === "" ? "" : ` "${value(id)}"`} (sent as ${HEADERS[id]}${source})`;
      })
      .join(" and the ");
  // a server that fell over speaks of much else, and a tool too, unless it knows no such ID
  const isSure = last?.method === "tools/call" ? deniesId(words) : (last?.status ?? 0) < 500;
  /** An ID is named, and not the token. */
  const namesIds = named.length > 0 && !blamesToken(words);
  return {
    namesIds,
    meant: namesIds && isSure ? ` That is about the ${list(named)}.` : "",
    checkIds: `Check the ${list(named.length > 0 ? named : IDS)}`,
  };
}

/** The words of a failure. A text that begins with a space is a sentence, or an addition, that may be missing. */
export function factsOf(seen: Seen, known: Known = {}) {
  const { record, last } = seen;
  const { endpoint, proxy } = record;
  const codes = last?.codes.filter((each) => !each.startsWith("HALO_")) ?? [];
  const code = last?.rpcError?.code ?? codes.at(-1);
  const words = last === undefined ? "" : printable(sentenceOf(last));
  const ids = idWords(last, words, known);
  const isPage = last !== undefined && isHtml(last);
  const page = isPage ? pageWords(last.body) : "";
  return {
    ...seen,
    ...ids,
    ...wayWords(record, last),
    codes,
    host: endpoint.host,
    isHalo: `${endpoint.origin}${endpoint.path}` === HALO_URL,
    /** `initialize`, `tools/list`, … */
    asked: last?.method ?? "the request",
    http: last === undefined || last.status === null ? "" : ` (HTTP ${last.status})`,
    code: code === undefined ? "" : ` (${code})`,
    said: words === "" ? "" : ` It said: ${quote(words)}${ids.meant}`,
    isPage,
    pageSaid: page === "" ? "" : ` The page says: ${quote(page)}`,
    wait: last?.retryAfter ? ` It asks to wait (Retry-After: ${printable(last.retryAfter)}).` : "",
    /** The proxy in use. */
    proxy: proxy?.bypassedBy === null ? proxy : null,
    known,
  };
}
export type Facts = ReturnType<typeof factsOf>;
