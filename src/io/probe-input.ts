/** What a probe is given, looked at before anything is sent; and the scrubbing of what comes back. */
import type { BadInput } from "../core/probe-record.ts";

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
    if (value === "") return { cause: "missing-value", header: name };
    const inner = name.toLowerCase() === tokenHeader.toLowerCase() ? /[^\x21-\x7e]/u : /[^\x20-\x7e]|^ | $/u;
    const index = value.length > LONGEST_VALUE ? LONGEST_VALUE : value.search(inner);
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
export function tokenOf(headers: Readonly<Record<string, string>>, tokenHeader: string): string {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === tokenHeader.toLowerCase())?.[1] ?? "";
}

/**
 * A function that takes the token out of a text, then cuts it. Control and invisible characters go first, so that they cannot part the token;
 * letters count alike in either case. The forms: as it is, as JSON and URLs write it, in base64.
 */
export function scrubber(token: string): (text: string, max: number) => string {
  // A value that cannot be sent cannot come back; encodeURIComponent would throw on half a surrogate pair.
  const sendable = token.length >= 4 && /^[\x20-\x7e]+$/u.test(token);
  const forms = sendable
    ? [token, JSON.stringify(token).slice(1, -1), encodeURIComponent(token), Buffer.from(token).toString("base64")]
    : [];
  const pattern = [...new Set(forms)].map((form) => form.replace(/[.*+?^${}()|[\]\\/]/gu, "\\$&")).join("|");
  const known = pattern === "" ? undefined : new RegExp(pattern, "giu");
  return (text, max) => {
    const clean = text.replace(/[\p{Cc}\p{Cf}]/gu, (char) => (char === "\n" || char === "\t" ? char : ""));
    return (known === undefined ? clean : clean.replace(known, MASK)).slice(0, max);
  };
}
