/** What a record says about one failure: the data for the conditions and the sentences of causes. */
import type { Advice } from "../advice.ts";
import { HALO_URL } from "../halo.ts";
import { printable } from "../secrets.ts";
import type { Exchange, Known, ProbeRecord, ProbeStage, ProxyFacts } from "./record.ts";
import { HOST_WORDS, heardIn, idWords, isHtml, isVague, missedHeader, pageWords, sentenceOf } from "./server-words.ts";

export interface CauseRow {
  /** The stage that fails; without it, the stage that the test had reached. */
  readonly stage?: ProbeStage;
  /** Whether a test failed for this cause; the first match counts. Without it, the cause is found before anything is sent. */
  readonly when?: (facts: Facts) => boolean;
  readonly title: string;
  readonly explain: (facts: Facts) => string;
  readonly tryThis: Next | ((facts: Facts) => Next);
}

export type Next = string | readonly (string | Advice)[];

export function adviceOf({ tryThis }: CauseRow, facts: Facts): readonly Advice[] {
  const next = typeof tryThis === "function" ? tryThis(facts) : tryThis;
  return [next, facts.tryProxy].flat().map((each) => (typeof each === "string" ? { note: each } : each));
}

export const broke =
  (pattern: RegExp) =>
  ({ end, last }: Facts): boolean =>
    end === "broken" && last?.codes.some((code) => pattern.test(code)) === true;

const SUPPORT = "If that does not help, ask CM.com support and tell them the time of this test.";
export const LATER = `Wait a few minutes and run it again. ${SUPPORT}`;

/** Advice to check the URL. If it is HALO's own, `reason` says what else can be wrong. */
export const checkUrl = (
  { isHalo }: Facts,
  reason = "A gateway, firewall or proxy on the way may have answered, or HALO has a problem.",
): readonly string[] =>
  isHalo
    ? [`The URL is HALO's own and correct. ${reason}`, `Try another network. ${SUPPORT}`]
    : ["Check the URL, letter by letter. HALO's is:", HALO_URL];

/** In quotes, with a full stop if its last sentence has none. */
export function quote(text: string): string {
  const words = printable(text);
  return `"${words}"${/[.!?…]$/.test(words) ? "" : "."}`;
}

export const proxyAddress = ({ host, port }: ProxyFacts): string =>
  printable(`${host.includes(":") ? `[${host}]` : host}:${port}`);

/** For a failure before a connection was open: whether a proxy was used, and what to try. */
function wayWords({ proxy, ignoredProxy, input }: ProbeRecord, last: Exchange | undefined) {
  if (input !== null || last?.connected === true || last?.status !== undefined) return { way: "", tryProxy: [] };
  const directly = (why: string, todo: string) => ({
    way: ` No proxy was used: ${why}.`,
    tryProxy: [`If the host can be reached only through the proxy, ${todo}.`],
  });
  if (ignoredProxy !== null)
    return directly(
      `${ignoredProxy} is set, but Node's fetch and this test do not read it`,
      `set HTTPS_PROXY to the address in ${ignoredProxy}`,
    );
  if (proxy === null || proxy.bypassedBy === "loopback") return { way: "", tryProxy: [] };
  const { bypassedBy: by, variable } = proxy;
  if (by !== null) return directly(`${by} excludes this host from ${variable}`, `remove the host from ${by}`);
  return { way: ` The connection goes through the proxy ${proxyAddress(proxy)} (${variable}).`, tryProxy: [] };
}

/** `only`: the exchange that is judged alone. A text that begins with a space is an addition that may be missing. */
export function factsOf(record: ProbeRecord, known: Known = {}, only?: Exchange) {
  const { endpoint, proxy, outcome } = record;
  // the last one with all headers: an earlier failure was with another protocol version
  const phases = outcome.listed ? ["call"] : ["connect", "tools"];
  const last = only ?? record.exchanges.findLast(({ phase }) => phases.includes(phase));
  const status = last?.end === "redirect" || (last?.status ?? 0) < 400 ? 0 : (last?.status ?? 0);
  const end = status > 0 ? "status" : last?.end;
  const isFine = end === undefined || end === "accepted" || (end === "answered" && last?.rpcError === undefined);
  const codes = last?.codes.filter((each) => !each.startsWith("HALO_")) ?? [];
  const code = last?.rpcError?.code ?? codes.at(-1);
  const words = last === undefined ? "" : printable(sentenceOf(last));
  const ids = idWords(last, words, known);
  const [refusesHost, refusesType] = [status === 421 || HOST_WORDS.test(words), status === 406 || status === 415];
  const isPage = last !== undefined && isHtml(last);
  const missed = missedHeader(words);
  const isLost = Object.keys(known.headers ?? {}).some((name) => name.toUpperCase() === missed);
  const page = isPage ? pageWords(last.body) : "";
  return {
    ...ids,
    ...wayWords(record, last),
    record,
    known,
    last,
    /** The whole test is judged; else this exchange alone. */
    isWhole: only === undefined,
    /** How the exchange ended; an error status counts, whatever happened to its body. */
    end,
    status,
    heard: last === undefined ? null : heardIn(last),
    /** The header that was sent and did not arrive. */
    lost: isLost ? missed : undefined,
    /** A header that every MCP client sends alike was refused. An ID that the words name counts more. */
    refused: ids.namesIds ? undefined : refusesHost ? "host" : refusesType ? "type" : undefined,
    isVague: isVague(words),
    /** Every exchange succeeded, if there was one. */
    isFine,
    /** Every exchange succeeded, but the MCP library rejected an answer. */
    gaveUp: only === undefined && isFine ? outcome.failure : undefined,
    codes,
    host: endpoint.host,
    isHalo: `${endpoint.origin}${endpoint.path}` === HALO_URL,
    asked: last?.method ?? "the request",
    http: last?.status === undefined ? "" : ` (HTTP ${last.status})`,
    code: code === undefined ? "" : ` (${code})`,
    said: words === "" ? "" : ` It said: ${quote(words)}${isLost ? ` The test sent ${missed}.` : ids.meant}`,
    isPage,
    pageSaid: page === "" ? "" : ` The page says: ${quote(page)}`,
    wait: last?.retryAfter ? ` It asks you to wait (Retry-After: ${printable(last.retryAfter)}).` : "",
    proxy: proxy?.bypassedBy === null ? proxy : null,
  };
}
export type Facts = ReturnType<typeof factsOf>;
