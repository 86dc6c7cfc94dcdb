/** What the sentences about a cause may name, taken from the record: every text is on one line, and short. */
import { HALO_URL, HEADERS, LABELS } from "../halo.ts";
import { printable } from "../secrets.ts";
import type { Exchange, ProbeRecord } from "./record.ts";
import { deniesId, isHtml, libraryWords, pageWords, sentenceOf } from "./server-words.ts";

/** What the caller knows beside the record. All of it is optional: the words get better by it, the cause does not. */
export interface Known {
  /** The headers that were sent. Only the two IDs are read, which are no secrets. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Where the two IDs come from, e.g. `.env`. */
  readonly from?: { readonly account?: string | undefined; readonly profile?: string | undefined } | undefined;
  /** The file of NODE_EXTRA_CA_CERTS, what is wrong with it, and whose certificates it holds; of use where a certificate is not trusted. */
  readonly extraCas?:
    | {
        readonly file: string;
        readonly problem?: "missing" | "no file" | "unreadable" | "no certificate" | undefined;
        readonly names: readonly string[];
      }
    | undefined;
}

const IDS = ["account", "profile"] as const;
type Id = (typeof IDS)[number];

const clean = (text: string | null | undefined): string | undefined =>
  text === null || text === undefined ? undefined : printable(text) || undefined;

/** Whole ones: of the limit that was given, what came before the connection test has taken a moment. */
const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));

const SIGN_IN = /auth|log-?in|sign-?in|sso/i;

/** A redirect's target that may well be the URL that is meant: on the same host, not less encrypted, and no sign-in. */
function movedTo({ endpoint }: ProbeRecord, target: string | undefined): string | undefined {
  const [, scheme, host = "", path] = /^(https?:)\/\/([^/]+)(\/[^\s•…]*)$/.exec(target ?? "") ?? [];
  if (endpoint === null || path === undefined || SIGN_IN.test(path)) return undefined;
  const name = (authority: string): string => authority.replace(/:\d+$/, "");
  const isSame = target === `${endpoint.origin}${endpoint.path}`;
  const stays = scheme === "https:" ? name(host) === name(endpoint.host) : `${scheme}//${host}` === endpoint.origin;
  return stays && !isSame ? target : undefined;
}

/** The certificate that was refused: the server's own, or the one above it that is out of date. */
function certificateOf({ tls }: ProbeRecord) {
  if (tls === null || tls.error === null) return undefined;
  const isAbove = tls.error === "CERT_HAS_EXPIRED" && tls.daysLeft !== null && tls.daysLeft >= 0;
  const above = isAbove ? tls.above.find(({ daysLeft }) => daysLeft !== null && daysLeft < 0) : undefined;
  const { subject, names, issuer, validFrom, validTo } = above ?? tls;
  const top = (tls.above.at(-1) ?? tls).issuer;
  return {
    subject: clean(subject || names[0]) ?? "no name",
    issuer: clean(issuer) ?? "no name",
    /** Where the chain ends, when that is not the issuer. */
    top: top === issuer ? undefined : (clean(top) ?? "no name"),
    names: clean(tls.names.join(", ")),
    /** Days, e.g. 2026-11-22. */
    validFrom: validFrom?.slice(0, 10),
    validTo: validTo?.slice(0, 10),
    /** It stands above the server's own. */
    above: above !== undefined,
    /** The system's certificates were tried too. */
    systemTried: tls.systemCas === "did-not-help",
  };
}

/** Why the way was the direct one although a variable names a proxy; where a connection stood, nobody asks. */
function directOf({ proxy, ignoredProxy }: ProbeRecord, last: Exchange | undefined) {
  if (last !== undefined && (last.connected || last.status !== null)) return undefined;
  if (ignoredProxy !== null) return { variable: ignoredProxy };
  if (proxy === null || proxy.bypassedBy === null || proxy.bypassedBy === "loopback") return undefined;
  return { by: proxy.bypassedBy, variable: proxy.variable };
}

function idsOf({ headers = {}, from }: Known) {
  const id = (which: Id) => {
    const name = Object.keys(headers).find((each) => each.toLowerCase() === HEADERS[which].toLowerCase());
    return { value: clean(name === undefined ? undefined : headers[name]), from: clean(from?.[which]) };
  };
  return { account: id("account"), profile: id("profile") };
}

/** In: the exchange that decided, if there was one, and whether it failed by itself. */
export function factsOf(record: ProbeRecord, last: Exchange | undefined, isFailed: boolean, known: Known) {
  const { endpoint, input, proxy } = record;
  const target = clean(last?.location);
  const revisions = record.exchanges.findLast(
    (each) => each.phase === "connect" && each.revisions.length > 0,
  )?.revisions;
  const html = last !== undefined && isHtml(last);
  return {
    input,
    host: clean(endpoint?.host),
    /** The URL is exactly HALO's own. */
    halo: endpoint !== null && `${endpoint.origin}${endpoint.path}` === HALO_URL,
    status: last?.status ?? undefined,
    /** What was asked: `initialize`, `tools/list`, … */
    method: clean(last?.method),
    /** Where a redirect points to, and the same where it may well be the URL that is meant. */
    target,
    moved: last?.end === "redirect" ? movedTo(record, target) : undefined,
    retryAfter: clean(last?.retryAfter),
    /** A connection stood. */
    connected: last?.connected,
    /** Limit of the whole run. */
    seconds: last === undefined || last.end === "timeout" ? seconds(record.timeoutMs) : undefined,
    waited: last?.end === "timeout" ? Math.max(0.1, Math.round(last.ms / 100) / 10) : undefined,
    contentType: clean(last?.contentType),
    /** How the exchange ended; its codes without our own; that of JSON-RPC, or the innermost. */
    end: last?.end,
    codes: last?.codes.filter((each) => !each.startsWith("HALO_")) ?? [],
    ownCode: last?.codes.find((each) => each.startsWith("HALO_")),
    rpcCode: last?.rpcError?.code,
    /** What the server said; the web page that answered; the MCP library, where every answer came whole. */
    words: isFailed && last !== undefined ? clean(sentenceOf(last)) : undefined,
    html,
    page: isFailed && html ? clean(pageWords(last.body)) : undefined,
    library: isFailed ? undefined : clean(libraryWords(record.outcome.failure?.message ?? "")),
    /** The revisions of MCP that the server named last. */
    revisions: clean(revisions?.join(", ")),
    /** The two IDs as they were sent, and where they come from. */
    ids: idsOf(known),
    direct: directOf(record, last),
    /** The proxy in use. */
    proxy: proxy === null || proxy.bypassedBy !== null ? undefined : proxy,
    certificate: certificateOf(record),
    extraCas: known.extraCas,
  };
}
/** All optional: the sentences read well without. */
export type Facts = Partial<ReturnType<typeof factsOf>>;

/** What is said of the ID itself, where others are named beside it. */
const blamed = (id: Id): RegExp =>
  new RegExp(
    `\\b${id}(?:[ -]?id)?["'\`]? (?:is|was) (?:not |un)?(?:empty|found|invalid|known|malformed|missing|set|valid|wrong)\\b`,
    "iu",
  );
/** Its name as a word or in that of a header, a variable or a field; not as a part of a path, or of a service's name. */
const spoken = (id: Id): RegExp =>
  new RegExp(
    `(?:(?<![\\w/.-])|(?:cm|halo|x)[-_])${id}(?:[ _-]?ids?|s|'s)?(?![\\w/-])(?! (?:service|settings|page|server|api))`,
    "iu",
  );

/** The IDs that the server's words name. */
function namedIn({ words = "", ids }: Facts): readonly Id[] {
  const named = IDS.filter((id) => {
    const value = ids?.[id].value ?? "";
    return spoken(id).test(words) || (value.length > 3 && words.includes(value));
  });
  const one = named.filter((id) => blamed(id).test(words));
  return one.length === 1 ? one : named;
}

/** IDs by their names, values, headers and where they come from, as far as they are known. */
function list(which: readonly Id[], { ids }: Facts): string {
  const each = which.map((id) => {
    const { value, from } = ids?.[id] ?? {};
    const source = from === undefined ? "" : `, from ${from}`;
    return `${LABELS[id]}${value === undefined ? "" : ` "${value}"`} (sent as ${HEADERS[id]}${source})`;
  });
  return each.join(" and the ");
}

export const namesIds = (facts: Facts): boolean => namedIn(facts).length > 0;

/** Which ID the server's words are about. A server that fell over speaks of much else, and a tool too, save where it knows no such ID. */
export function meant(facts: Facts): string {
  const isSure = facts.method === "tools/call" ? deniesId(facts.words ?? "") : (facts.status ?? 0) < 500;
  return namesIds(facts) && isSure ? ` That is about the ${list(namedIn(facts), facts)}.` : "";
}

/** Those that are named are to be checked; both where none is. */
export const checkIds = (facts: Facts): string => `Check the ${list(namesIds(facts) ? namedIn(facts) : IDS, facts)}`;
