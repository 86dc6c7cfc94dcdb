/** What a server said, and whether it is about the token, access, haste, the session or the protocol. Also what its web pages and the MCP library say, which decides nothing. */
import type { Exchange } from "./record.ts";

export type Spoken = "unauthorized" | "forbidden" | "rate-limited" | "protocol-version" | "session-lost";

const AUTH_WORDS =
  /\bun-?authori[sz]ed|\bnot (authori[sz]ed|authenticated)|\bauthentication (failed|required)|\b(invalid|missing|unknown|expired|revoked|wrong|bad) ([\w-]+ ){0,2}(credentials?|api[- ]?key)\b/iu;
const TOKEN_WORDS = new RegExp(
  [
    String.raw`\b(?:invalid|missing|unknown|expired|revoked|deleted|wrong|bad|no)[ _](?:[\w-]+ ){0,2}(?:product)?token\b(?! (?:is |was )?(?:needed|required))`,
    // between the two words, the server may quote the token itself
    String.raw`\b(?:product)?token(?: provided| given| sent| ["'\x60“][^"'\x60”]{1,200}["'\x60”])? (?:is |was |has |been |not |no longer )*(?:invalid|expired|missing|required|unknown|revoked|deleted|disabled|valid|recogni[sz]ed|accepted|found|provided|of type)\b`,
    String.raw`\btoken (?:does not|doesn't|do not) (?:exist|belong)\b`,
    String.raw`\b(?:validate|verify) (?:[\w-]+ ){0,2}(?:product)?token\b`,
  ].join("|"),
  "iu",
);
const TOKEN_HEADER = /x-cm-producttoken/iu;
const ID_HEADERS = /cm-(?:account|profile)-id/iu;
/** Beside the names of other headers, only what is said of this one itself counts. */
const TOKEN_HEADER_BLAMED =
  /x-cm-producttoken["'`]? (?:header |is |was |has |been |not )*(?:invalid|expired|missing|required|unknown|revoked|valid|recogni[sz]ed|accepted)/iu;
/** A parser's tokens, and those against forgery. */
const OTHER_TOKENS = /\btoken\b.{0,20}\b(in JSON )?at position \d|\b(csrf|xsrf)\b/iu;
/** Tokens of a language model: what it counts, and where it stops. */
const MODEL_TOKENS =
  /\b(?:stop|input|output|prompt|completion|context|special|max(?:imum)?|eos|bos|pad|page|continuation|cursor|progress)[ _-]tokens?\b|\btokens? (?:budget|count|limit|length|quota|usage|window)\b|\b(?:number|amount|count) of (?:[a-z]+ )?tokens?\b/giu;
/** The token of another service, which is named. */
const FOREIGN_TOKEN = /\b[Aa]ccess tokens?\b[^.:;]{0,40}\bfor (?!HALO\b|MCP\b|CM\b|X-CM-)[A-Z]/u;
const DENY_WORDS =
  /\bforbidden\b|\b(access|permission) (is |was )?denied|\bno (access(?! tokens?\b)|permission)\b|\bnot (allowed|permitted) to\b/iu;
const RATE_WORDS = /\brate[- ]?limit|\btoo many requests|\bquota exceeded|\bthrottl/iu;
export const VERSION_WORDS =
  /\b(un|not )supported protocol version|\bprotocol version\b[^.]{0,40}\b(not |un)supported|\bunsupported protocol/iu;
const SESSION_WORDS = /\bsession\b/iu;
/** Of an ID that the server does not know. A path with such a word in it is none. */
const UNKNOWN_ID =
  /\b(?:unknown|no such|no|invalid|missing|wrong|deleted) (?:[\w-]+ ){0,2}(?:account|profile)\b(?![-/]| (?:service|settings|page|server|api))|(?<![/\w-]|\b(?:aws|credentials?) )(?:account|profile)\b(?![-/](?!id\b)| (?:service|settings|page|server|api))(?:(?!\btokens?\b)[^.;/?]){0,60}\b(?:not found|not exist|unknown|deleted|invalid|missing|not known|not valid)\b/iu;

/** The answer is a web page, by its type or its first words. */
export const isHtml = ({ contentType, body }: Exchange): boolean =>
  /^\s*(text\/html|application\/xhtml)/iu.test(contentType ?? "") || /^\s*(<!doctype html|<html[\s>])/iu.test(body);

/** The data of the last event that calls itself an error: other events are no words. */
const errorEvent = (stream: string): string => /^event: ?error\s*\r?\ndata: ?(.*)$/mu.exec(stream)?.[1] ?? "";

/** What the server said: the words of its JSON-RPC error, or its body when that is no web page; else those of WWW-Authenticate. */
function wordsOf(exchange: Exchange): string {
  if (exchange.rpcError !== null) return exchange.rpcError.message;
  if (exchange.end === "answered") return "";
  const isStream = exchange.stream && exchange.status !== null && exchange.status < 300;
  const body = isHtml(exchange) ? "" : isStream ? errorEvent(exchange.body) : exchange.body;
  return body.trim() === "" ? (exchange.authError ?? "") : body;
}

/** The sentence in a JSON body, in a usual place; "" for one that says nothing (`{}`, `null`), undefined for any other text. */
function sentenceIn(body: string): string | undefined {
  if (!/^\s*(?:[{["]|null\s*$)/.test(body)) return undefined;
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "string") return parsed;
    if (parsed === null || Object.keys(Object(parsed)).length === 0) return "";
    const errors: unknown = Reflect.get(Object(parsed), "errors");
    for (const place of [parsed, Reflect.get(Object(parsed), "error"), Array.isArray(errors) ? errors[0] : null]) {
      for (const key of ["message", "error_description", "detail", "title", "error"]) {
        const value: unknown = Reflect.get(Object(place), key);
        if (typeof value === "string" && value.trim() !== "") return value;
      }
    }
  } catch {
    // A body that was cut, or no JSON after all.
  }
  return undefined;
}

/** What the server said, as a sentence where its body has one. */
export function sentenceOf(exchange: Exchange): string {
  const words = wordsOf(exchange);
  return sentenceIn(words) ?? words;
}

/** The words are about the token of this connection. */
export function blamesToken(words: string): boolean {
  if (OTHER_TOKENS.test(words)) return false;
  if (AUTH_WORDS.test(words)) return true;
  if (!FOREIGN_TOKEN.test(words) && TOKEN_WORDS.test(words.replace(MODEL_TOKENS, ""))) return true;
  return TOKEN_HEADER.test(words) && (!ID_HEADERS.test(words) || TOKEN_HEADER_BLAMED.test(words));
}

/** The words say that there is no such account or profile. */
export const deniesId = (words: string): boolean => UNKNOWN_ID.test(words);

/** An answer that refuses by its words. */
function spokenIn(exchange: Exchange): Spoken | null {
  const { rpcError, session, status } = exchange;
  const words = wordsOf(exchange);
  if (words === "") return null;
  if (rpcError?.code === -32022 || VERSION_WORDS.test(words)) return "protocol-version";
  const isLost = session && status !== 401 && (rpcError?.code === -32001 || status === 400);
  if (isLost && SESSION_WORDS.test(words)) return "session-lost";
  if (RATE_WORDS.test(words)) return "rate-limited";
  if (rpcError?.code === -32700 || OTHER_TOKENS.test(words)) return null;
  if (blamesToken(words)) return "unauthorized";
  return DENY_WORDS.test(words) ? "forbidden" : null;
}

/** The answer says that it does not know one of the IDs, and nothing of the URL. */
export function missesId(exchange: Exchange): boolean {
  const words = sentenceOf(exchange);
  const isLost = exchange.session && SESSION_WORDS.test(words);
  return exchange.rpcError === null && deniesId(words) && !isLost;
}

/** With these statuses only some words count: 401 and 403 are both used for a bad token, 407 and 429 are clear. */
const COUNT: Readonly<Record<number, readonly Spoken[]>> = {
  401: ["rate-limited", "session-lost"],
  403: ["rate-limited", "unauthorized"],
  407: [],
  429: [],
};

/** What the server's words decide, as far as they count. */
export function heardIn(exchange: Exchange): Spoken | null {
  const { status, end, phase } = exchange;
  const spoken = spokenIn(exchange);
  if (spoken === null || end === "redirect" || end === "blocked") return null;
  if (status !== null && status >= 400) {
    const counts = COUNT[status];
    if (counts !== undefined) return counts.includes(spoken) ? spoken : null;
    if ((status === 404 || status === 410) && missesId(exchange)) return null;
    return status < 500 || spoken === "unauthorized" ? spoken : null;
  }
  // an error of a tool is about what the tool works with, such as a model's tokens or another service's limits
  if (end === "answered") return phase === "call" ? null : spoken;
  // a gateway can refuse with HTTP 200 and a sentence in JSON
  const isSentence = end === "not-rpc" && (sentenceIn(exchange.body) ?? "") !== "";
  return isSentence && spoken !== "protocol-version" && spoken !== "session-lost" ? spoken : null;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

function decoded(text: string): string {
  return text.replace(/&(?:#(\d{1,6})|#x([\da-f]{1,5})|([a-z]{2,4}));/giu, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[String(name).toLowerCase()] ?? whole;
    const point = decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal);
    return point > 0x1f && point <= 0x10ffff ? String.fromCodePoint(point) : " ";
  });
}

const oneLine = (text: string): string => decoded(text).replace(/\s+/gu, " ").trim();
/** The text that a page shows. No parser of HTML: what never ends is left out. */
const visibleIn = (html: string): string =>
  html
    .replace(/<!--.*?(?:-->|$)/gsu, " ")
    .replace(/<(script|style|title|head|template|svg)\b.*?(?:<\/\1|$)/gisu, "<")
    .replace(/<[^>]*(?:>|$)/gu, " ");

const LONGEST_PAGE = 150;

/** What a web page says in short: its title, and its first heading or the beginning of its text. */
export function pageWords(body: string): string {
  const html = body.slice(0, 2000);
  const title = oneLine(/<title[^<>]*>([^<]*)/iu.exec(html)?.[1] ?? "");
  const heading = /<(h[12])(?:\s[^<>]*)?>.*?<\/\1/isu.exec(html)?.[0];
  const rest = oneLine(visibleIn(heading ?? html));
  const short = Array.from(rest).slice(0, LONGEST_PAGE).join("") + (rest.length > LONGEST_PAGE ? "…" : "");
  if (title === "" || short === "" || short.startsWith(title)) return short || title;
  return `${title}${/[.:!?]$/.test(title) ? "" : ":"} ${short}`;
}

/** What the MCP library says of an answer, in one short line. Its lists of issues are JSON (zod 4). */
export function libraryWords(message: string): string {
  const text = message.replace(/^Invalid result for [\w/]+: /u, "");
  if (!/^\s*\[/u.test(text)) return text;
  try {
    const [{ path, message: words }] = JSON.parse(text) as [{ path: readonly (string | number)[]; message: string }];
    const where = path.map((part, at) => (typeof part === "number" ? `[${part}]` : `${at === 0 ? "" : "."}${part}`));
    const what = words.replace(/^Invalid input: /u, "").replace(/, received undefined$/u, "");
    return path.length === 0 ? what : `${where.join("")}: ${what}`;
  } catch {
    return "the answer does not have the shape that it must have";
  }
}
