/** What a probe is given, looked at before anything is sent; and the scrubbing of what comes back. */
import type { BadInput } from "../../core/diagnosis/record.ts";
import { RUN, runMasker } from "../mask-runs.ts";

const MASK = "••••";
const LONGEST_VALUE = 4096;

/** Loopback is the only place where http: is allowed: the token does not leave this computer. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/u.test(hostname);
}

/** The URL, parsed, or what is wrong with it. */
export function readUrl(text: string): URL | BadInput {
  const why = (reason: Extract<BadInput, { cause: "bad-url" }>["why"]): BadInput => ({ cause: "bad-url", why: reason });
  if (/\s/u.test(text) || !URL.canParse(text)) return why("unreadable");
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") return why("scheme");
  if (url.username !== "" || url.password !== "") return why("credentials");
  if (url.protocol === "http:" && !isLoopback(url.hostname)) return why("plain-http");
  url.hash = "";
  return url;
}

/** The framing of a request, its way, and where it goes behind a host's front: an entry that sets one of these gets another answer, or none. */
const RESERVED =
  /^(?:host|content-length|transfer-encoding|expect|connection|keep-alive|upgrade|te|trailer|proxy-.*|accept-encoding|content-type|mcp-session-id|mcp-protocol-version)$/iu;

/**
 * What is wrong with a header, or null. fetch itself would throw with the value in its message, or send an é as Latin-1.
 * A space is allowed inside other headers than the token's ("Bearer …").
 */
export function checkHeaders(headers: Readonly<Record<string, string>>, tokenHeader: string): BadInput | null {
  if (!Object.keys(headers).some((name) => name.toLowerCase() === tokenHeader.toLowerCase()))
    return { cause: "missing-value", header: tokenHeader };
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/u.test(name)) {
      // The name may be a value that slipped: it is not repeated.
      return { cause: "bad-value", header: "a header's name", position: 1, codePoint: name.codePointAt(0) ?? 0 };
    }
    if (RESERVED.test(name)) return { cause: "bad-value", header: name, why: "reserved" };
    if (value === "") return { cause: "missing-value", header: name };
    const inner = name.toLowerCase() === tokenHeader.toLowerCase() ? /[^\x21-\x7e]/u : /[^\x20-\x7e]|^ | $/u;
    if (value.length > LONGEST_VALUE) return { cause: "bad-value", header: name, why: "too-long" };
    const index = value.search(inner);
    if (index >= 0)
      return {
        cause: "bad-value",
        header: name,
        position: Array.from(value.slice(0, index)).length + 1,
        codePoint: value.codePointAt(index) ?? 0,
      };
  }
  return null;
}

const fold = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/gu, "");

/** The headers without the token: not under its name in any spelling, and not under another name either. */
export function withoutToken(headers: Readonly<Record<string, string>>, tokenHeader: string): Record<string, string> {
  const token = tokenOf(headers, tokenHeader);
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name, value]) => fold(name) !== fold(tokenHeader) && (token.length < 4 || !value.includes(token)),
    ),
  );
}

/** The value of the token's header. */
function tokenOf(headers: Readonly<Record<string, string>>, tokenHeader: string): string {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === tokenHeader.toLowerCase())?.[1] ?? "";
}

const IDS = /^cm-(?:account|profile)-id$/iu;
const PUBLIC = /^(?:accept|accept-language|content-type|user-agent|mcp-protocol-version)$/iu;
/** A revision of MCP, which is compared. */
const DAY = /^\d{4}-\d\d-\d\d$/u;

/** A word that somebody made up, and not one that may be in any answer, such as "true", "prod" or 443. */
const isMadeUp = (word: string): boolean =>
  (word.length >= RUN && !DAY.test(word)) || (word.length >= 4 && /\d/u.test(word) && /[a-z]/iu.test(word));

/**
 * The token, and what other headers hold: an entry may send its own secrets, under any name. Their words, since "Bearer" is none.
 * Of each as much as would be sent: a longer one is refused.
 */
export function secretsIn(headers: Readonly<Record<string, string>>, tokenHeader: string): readonly string[] {
  const all = Object.entries(headers);
  const ids = new Set(all.filter(([name]) => IDS.test(name)).map(([, value]) => value));
  const others = all.filter(([name]) => !IDS.test(name) && !PUBLIC.test(name));
  const words = others
    .flatMap(([, value]) => value.split(/[\s;,]+/u))
    .filter((word) => isMadeUp(word) && !ids.has(word));
  return [tokenOf(headers, tokenHeader), ...words].map((word) => word.slice(0, LONGEST_VALUE));
}

/** Escape sequences as a whole, so that "[31m" does not stay behind when ESC is removed. */
const ESCAPES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing escape sequences is the purpose
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b\]|\u009d)[^\u0007\u001b\u009c]{0,4096}(?:\u0007|\u001b\\|\u009c)/gu;

/**
 * A function that takes secrets out of a text, then cuts it. Control and invisible characters go first, so that they cannot part a secret;
 * letters count alike in either case. The forms: as it is, as JSON and URLs write it, in base64. Of a long one, every piece of 8 characters.
 */
export function scrubber(secrets: readonly string[]): (text: string, max: number) => string {
  // encodeURIComponent would throw on half a surrogate pair, which no text of a server can hold
  const forms = secrets
    .map((secret) => secret.replace(/[\p{Cc}\p{Cf}]/gu, ""))
    .filter((secret) => secret.length >= 4 && !/\p{Cs}/u.test(secret))
    .flatMap((secret) => [
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret),
      Buffer.from(secret).toString("base64"),
    ])
    // the longest first: a password is a part of "user:password"
    .sort((a, b) => b.length - a.length);
  const pattern = [...new Set(forms)].map((form) => form.replace(/[.*+?^${}()|[\]\\/]/gu, "\\$&")).join("|");
  const known = pattern === "" ? undefined : new RegExp(pattern, "giu");
  const maskRuns = runMasker(secrets.filter((secret) => secret.length >= RUN));
  return (text, max) => {
    // what lies far behind the cut is not looked at: a description can be as long as an answer
    const clean = text
      .slice(0, max * 16 + 4096)
      .replace(ESCAPES, "")
      .replace(/[\p{Cc}\p{Cf}]/gu, (char) => (char === "\n" || char === "\t" ? char : ""));
    return maskRuns(known === undefined ? clean : clean.replace(known, MASK)).slice(0, max);
  };
}
