/** What the head of an answer says, as it goes into the record. */
import type { IncomingMessage } from "node:http";
import type { Exchange } from "../../core/diagnosis/record.ts";

const UNREADABLE = "an address that cannot be read";

/** Where a redirect leads, without query and credentials. */
function targetOf(location: string | undefined, url: URL): string | null {
  if (location === undefined) return null;
  if (!URL.canParse(location, url.href)) return UNREADABLE;
  const { protocol, origin, pathname } = new URL(location, url.href);
  return protocol === "https:" || protocol === "http:" ? `${origin}${pathname}` : UNREADABLE;
}

/** What WWW-Authenticate says in words (RFC 6750, section 3). */
function authErrorOf(header = ""): string | null {
  for (const name of ["error_description", "error"]) {
    const found = new RegExp(`\\b${name}\\s*=\\s*(?:"([^"]*)"|([^\\s",]+))`, "iu").exec(header);
    const words = found?.[1] ?? found?.[2] ?? "";
    if (words.trim() !== "") return words;
  }
  return null;
}

type Head = Pick<
  Exchange,
  "status" | "contentType" | "contentEncoding" | "location" | "retryAfter" | "authError" | "stream"
>;

export function headOf(reply: IncomingMessage, url: URL): Head {
  const { statusCode = 0, headers } = reply;
  const type = headers["content-type"] ?? null;
  return {
    status: statusCode,
    contentType: type,
    contentEncoding: headers["content-encoding"] ?? null,
    location: targetOf(headers.location, url),
    retryAfter: headers["retry-after"] ?? null,
    authError: authErrorOf(headers["www-authenticate"]),
    stream: /^\s*text\/event-stream\s*(;|$)/iu.test(type ?? ""),
  };
}
