/** Reads what a server said: about the token, access, rate limits, the session, the protocol or an ID. Also the words of web pages and the MCP library, which decide nothing. */
import { HEADERS, LABELS } from "../halo.ts";
import { printable } from "../secrets.ts";
import type { Exchange, Known } from "./record.ts";

/** CM.com's APIs answer 401 or 403 for a bad token, gateways also 400, 500 or 200: the words take precedence over the status. */
const TOKEN_WORDS = new RegExp(
  [
    String.raw`\bun-?authori[sz]ed|\bnot (?:authori[sz]ed|authenticated)|\bauthentication (?:failed|required)`,
    String.raw`\b(?:invalid|missing|unknown|expired|revoked|deleted|wrong|bad|no|validate|verify)[ _](?:[\w-]+ ){0,2}(?:(?:product)?token|credentials?|api[- ]?key)\b`,
    String.raw`\b(?:product)?token\b[^,.;:]{0,40}\b(?:invalid|expired|missing|required|unknown|revoked|deleted|disabled|not (?:valid|recogni[sz]ed|accepted|found|provided|of type)|(?:does not|doesn't) (?:exist|belong))\b`,
  ].join("|"),
  "iu",
);
/** Other kinds of token: a parser's ("Invalid or unexpected token", V8), a CSRF token, a model's. */
const OTHER_TOKENS =
  /\b(?:unexpected|csrf|input|output|max|stop|page|continuation|progress)[ _-]tokens?\b|\btokens? (?:budget|count|limit)\b/giu;
const DENY_WORDS =
  /\bforbidden\b|\b(access|permission) (is |was )?denied|\bno (access|permission)\b|\bnot (allowed|permitted) to\b/iu;
const RATE_WORDS = /\brate[- ]?limit|\btoo many requests|\bquota exceeded|\bthrottl/iu;
/** The session, if the request carried its ID or the handshake is over. As the SDKs for TypeScript, Python, Go and Java say it (2026-11). */
const SESSION_WORDS = new RegExp(
  [
    String.raw`\b(?:invalid|unknown|expired|missing|stale|terminated|unrecogni[sz]ed|no|not find)\b[^.;]{0,30}(?<![a-z])session`,
    String.raw`(?<![a-z])session[^.;]{0,60}\b(?:not (?:found|valid|exist|known|recogni[sz]ed)|expired|unknown|invalid|missing|required|terminated|closed|ended|lost|(?:does not|doesn't) exist)\b`,
    String.raw`\bserver not initiali[sz]ed\b`,
  ].join("|"),
  "iu",
);
/** A header is said not to have arrived; what is wrong with its value is said otherwise. */
const ABSENT = /\b(?:missing|absent|required|without|no (?:x-)?cm-|not (?:provided|present|set|sent|received))/iu;
/** The refusal of the host name, in the words of the same SDKs, of FastMCP and of proxies. */
export const HOST_WORDS =
  /\b(?:invalid|missing|unknown|bad|disallowed|blocked) host\b|\bhost\b.{0,80}\bnot (?:allowed|permitted|recogni[sz]ed|in (?:the )?allow)|\bmisdirected request|\bdns rebinding/iu;
export const VERSION_WORDS =
  /\b(?:un|not )supported (?:mcp[- ])?protocol|\bprotocol[- ]version\b[^.]{0,40}\b(?:not |un)supported|\b(?:invalid|unknown|bad) (?:mcp[- ])?protocol[- ]version/iu;
const UNKNOWN_WORDS =
  /\b(?:no such|unknown|invalid|missing|wrong|deleted|empty|not (?:found|known|valid|exist)|doesn't exist)\b/iu;

const IDS = ["account", "profile"] as const;
type Id = (typeof IDS)[number];
const NAMES: Readonly<Record<Id, string>> = { account: "(?:account|tenant|organi[sz]ation)", profile: "profile" };
/** Its name as a word, or in the name of a header, a variable or a field; not in a path or a service's name. */
const nameOf = (id: Id): RegExp =>
  new RegExp(`(?:(?<![\\w/.-])|(?:cm|halo|x)[-_])${NAMES[id]}(?:[ _-]?ids?|s|'s)?(?![\\w/-])`, "iu");

export const isHtml = ({ contentType, body }: Exchange): boolean =>
  /^\s*(text\/html|application\/xhtml)/iu.test(contentType ?? "") || /^\s*(<!doctype html|<html[\s>])/iu.test(body);

/** The sentence in a usual field of a JSON body; "" for an empty body (`{}`, `null`), undefined for any other text. */
function sentenceIn(body: string): string | undefined {
  if (!/^\s*(?:[{["]|null\s*$)/.test(body)) return undefined;
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "string") return parsed;
    const at = (value: unknown, key: string | number): unknown => Reflect.get(Object(value), key);
    if (Object.keys(Object(parsed)).length === 0) return "";
    const places = [parsed, at(parsed, "error"), at(at(parsed, "errors"), 0)];
    const fields = ["message", "error_description", "detail", "title", "error"];
    const words = places.flatMap((place) => fields.map((field) => at(place, field)));
    return words.find((each): each is string => typeof each === "string" && each.trim() !== "");
  } catch {
    // a truncated body, or not JSON
    return undefined;
  }
}

/** What the server said, if possible as a sentence: its JSON-RPC error, or its body if that is not a web page; else WWW-Authenticate. */
export function sentenceOf(exchange: Exchange): string {
  const { rpcError, end, stream, status, authError } = exchange;
  if (end === "answered" && rpcError === undefined) return "";
  const isStream = stream && status !== undefined && status < 300;
  const body = rpcError?.message ?? (isHtml(exchange) || isStream ? "" : exchange.body);
  const words = body.trim() === "" ? (authError ?? "") : body;
  return sentenceIn(words) ?? words;
}

/** The words blame the token of this connection. A text that names all three headers blames none. */
export function blamesToken(words: string): boolean {
  if (TOKEN_WORDS.test(words.replace(OTHER_TOKENS, ""))) return true;
  return /x-cm-producttoken/iu.test(words) && !/cm-(?:account|profile)-id/iu.test(words);
}

const deniesId = (words: string): boolean => UNKNOWN_WORDS.test(words) && IDS.some((id) => nameOf(id).test(words));

/** The IDs that the words name, by name or value; if both, the one in the part of the sentence that says what is wrong. */
function idsIn(words: string, values: Readonly<Record<Id, string>>): readonly Id[] {
  const isIn = (part: string, id: Id): boolean =>
    nameOf(id).test(part) || (values[id].length > 3 && part.includes(values[id]));
  const named = IDS.filter((id) => isIn(words, id));
  const parts = words.split(/[;.:]\s/).filter((part) => UNKNOWN_WORDS.test(part));
  const blamed = named.filter((id) => parts.some((part) => isIn(part, id)));
  return blamed.length === 1 ? blamed : named;
}

/** The IDs that the server's words name, as they were sent, and what to check: both if none is named. */
export function idWords(last: Exchange | undefined, words: string, { headers = {}, from }: Known) {
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
  // an internal error or a tool may mention an ID for other reasons, unless it says that it does not know the ID
  const isSure = last?.method === "tools/call" ? deniesId(words) : (last?.status ?? 0) < 500;
  const namesIds = named.length > 0 && !blamesToken(words);
  return {
    namesIds,
    meant: namesIds && isSure ? ` That is about the ${list(named)}.` : "",
    checkIds: `Check the ${list(named.length > 0 ? named : IDS)}`,
  };
}

/** The header of HALO that the words alone miss, by its name on the wire. */
export function missedHeader(words: string): string | undefined {
  const parts = words.split(/[;.]\s/).filter((part) => ABSENT.test(part) && !/valid/iu.test(part));
  const named = parts.map((part) => Object.values(HEADERS).filter((name) => part.toUpperCase().includes(name)));
  return named.find(({ length }) => length === 1)?.[0];
}

/** Words that only say that access is denied: they leave open why. */
const VAGUE =
  /^(?:(?:http|error|40[13]|forbidden|access|permissions?|is|was|denied|insufficient|scope|no|not|allowed|you|are|to|do|have|this|the|resource|user) )*$/iu;
export const isVague = (words: string): boolean => VAGUE.test(`${words} `.replace(/[\W_]+/gu, " ").trimStart());

type Heard = "protocol-version" | "session-lost" | "rejected-request" | "rate-limited" | "unauthorized" | "forbidden";

/** The cause that the server's words name. Null: they are about something else, or do not count. */
export function heardIn(exchange: Exchange): Heard | null {
  const { status = 0, end, phase, rpcError, session, body, method } = exchange;
  // a gateway can refuse with HTTP 200 and a sentence in JSON
  const isSentence = end === "not-rpc" && (sentenceIn(body) ?? "") !== "";
  const isRefusal = status >= 400 || end === "answered" || isSentence;
  // a tool's words are about its own work, such as a model's tokens or another service's limits; 407 is a proxy's
  if (!isRefusal || phase === "call" || status === 407 || status >= 600) return null;
  const words = sentenceOf(exchange);
  const isServers = status < 500;
  if (isServers && (rpcError?.code === -32022 || VERSION_WORDS.test(words))) return "protocol-version";
  // with 401 a session can be a person's; the SDK's servers also use -32001 for a refused token
  const isRefused = status === 401 || status === 403;
  const isAfter = isServers && !isRefused && (phase === "tools" || method === "notifications/initialized");
  const isCoded = session && (rpcError?.code === -32001 || status === 400);
  const lost = isRefused ? /\bsession (?:id\b|not found)/iu : isCoded ? /session|server not init/iu : SESSION_WORDS;
  if ((session || isAfter) && !/\btoken\b/iu.test(words) && lost.test(words)) return "session-lost";
  if (isServers && HOST_WORDS.test(words)) return "rejected-request";
  if (isServers && IDS.some((id) => HEADERS[id] === missedHeader(words))) return "rejected-request";
  if (isServers && RATE_WORDS.test(words)) return "rate-limited";
  if (blamesToken(words)) return "unauthorized";
  if (!isServers) return null;
  if (DENY_WORDS.test(words) || (status === 401 && deniesId(words))) return "forbidden";
  return (status === 404 || status === 410) && rpcError === undefined && deniesId(words) ? "rejected-request" : null;
}

/** A short text of a web page: its title and first heading, or the beginning of its text if it has neither. */
export function pageWords(body: string): string {
  const textOf = (html = ""): string => printable(html.replace(/<[^>]*>|&#?\w+;/gu, " "), 150);
  const parts = [/<title[^>]*>([^<]*)/iu, /<h[12]\b[^>]*>(.*?)<\/h[12]/isu].map((part) => textOf(part.exec(body)?.[1]));
  const said = [...new Set(parts)].filter((part) => part !== "").join(": ");
  return said || textOf(body.replace(/<(script|style)\b.*?(?:<\/\1>|$)/gisu, " "));
}

/** What the MCP library says about an answer, in one short line. Of its list of issues, which is JSON (zod 4), the first. */
export function libraryWords(message: string): string {
  const text = message.replace(/^Invalid result for [\w/]+: /u, "");
  if (!text.startsWith("[")) return text;
  try {
    const [{ path, message: words }] = JSON.parse(text) as [{ path: readonly (string | number)[]; message: string }];
    const what = words.replace(/^Invalid input: /u, "").replace(/, received undefined$/u, "");
    return path.length === 0 ? what : `${path.join(".")}: ${what}`;
  } catch {
    // cut: it was longer than a record keeps
    return "the answer does not have the expected shape";
  }
}
