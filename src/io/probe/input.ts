/** What a connection test is given, looked at before anything is sent. */
import type { BadInput } from "../../core/diagnosis/record.ts";

const LONGEST_VALUE = 4096;

/** The framing of a request, its way, and where it goes behind a host's front: an entry that sets one of these gets another answer, or none. */
const RESERVED =
  /^(?:host|content-length|transfer-encoding|expect|connection|keep-alive|upgrade|te|trailer|proxy-.*|accept-encoding|content-type|mcp-session-id|mcp-protocol-version)$/iu;

/**
 * What is wrong with a header, or null. fetch itself would throw with the value in its message, or send an é as Latin-1.
 * A space is allowed inside other headers than the token's ("Bearer …").
 */
export function checkHeaders(headers: Readonly<Record<string, string>>, tokenHeader: string): BadInput | null {
  const isToken = (name: string): boolean => name.toLowerCase() === tokenHeader.toLowerCase();
  if (!Object.keys(headers).some(isToken)) return { cause: "missing-value", header: tokenHeader };
  for (const [name, value] of Object.entries(headers)) {
    // The name may be a value that slipped: it is not repeated.
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/u.test(name))
      return { cause: "bad-value", header: "a header's name", position: 1, codePoint: name.codePointAt(0) ?? 0 };
    if (RESERVED.test(name)) return { cause: "bad-value", header: name, why: "reserved" };
    if (value === "") return { cause: "missing-value", header: name };
    if (value.length > LONGEST_VALUE) return { cause: "bad-value", header: name, why: "too-long" };
    const index = value.search(isToken(name) ? /[^\x21-\x7e]/u : /[^\x20-\x7e]|^ | $/u);
    if (index < 0) continue;
    const position = Array.from(value.slice(0, index)).length + 1;
    return { cause: "bad-value", header: name, position, codePoint: value.codePointAt(index) ?? 0 };
  }
  return null;
}

const fold = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/gu, "");

/** The headers without the token: not under its name in any spelling, and not under another name either. */
export function withoutToken(headers: Readonly<Record<string, string>>, tokenHeader: string): Record<string, string> {
  const all = Object.entries(headers);
  const token = all.find(([name]) => name.toLowerCase() === tokenHeader.toLowerCase())?.[1] ?? "";
  return Object.fromEntries(
    all.filter(([name, value]) => fold(name) !== fold(tokenHeader) && (token.length < 4 || !value.includes(token))),
  );
}
