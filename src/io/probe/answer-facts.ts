/** What the head and the beginning of an answer say beside their status: where a redirect leads, why a token was refused, which revisions are offered. */

type Scrub = (text: string, max: number) => string;

const UNREADABLE = "an address that cannot be read";

/** Where a redirect leads, without query and credentials. `scrub` sees the path as it is and decoded, since either may hold a value. */
export function targetOf(location: string | null, base: URL, scrub: Scrub): string | null {
  if (location === null) return null;
  if (!URL.canParse(location, base.href)) return UNREADABLE;
  const { protocol, origin, pathname } = new URL(location, base.href);
  if (protocol !== "https:" && protocol !== "http:") return UNREADABLE;
  try {
    const plain = decodeURIComponent(pathname);
    const shown = scrub(plain, plain.length);
    if (shown !== plain) return scrub(`${origin}${shown}`, 300);
  } catch {
    // a % that encodes nothing
  }
  return scrub(`${origin}${pathname}`, 300);
}

/** What WWW-Authenticate says in words (RFC 6750, section 3). */
export function authErrorOf(header: string | null): string | undefined {
  for (const name of ["error_description", "error"]) {
    const found = new RegExp(`\\b${name}\\s*=\\s*(?:"([^"]*)"|([^\\s",]+))`, "iu").exec(header ?? "");
    const words = found?.[1] ?? found?.[2] ?? "";
    if (words.trim() !== "") return words;
  }
  return undefined;
}

const HANDSHAKES = new Set(["server/discover", "initialize"]);
const MOST_REVISIONS = 5;

/** The revisions of MCP that an answer to a handshake or a discovery names. */
export function revisionsIn(method: string, message: unknown): readonly string[] {
  if (!HANDSHAKES.has(method)) return [];
  const at = (value: unknown, key: string): unknown => Reflect.get(Object(value), key);
  const result = at(message, "result");
  const named = [
    at(result, "supportedVersions") ?? at(at(at(message, "error"), "data"), "supported"),
    at(result, "protocolVersion"),
  ];
  const texts = named.flat().filter((each): each is string => typeof each === "string" && each !== "");
  return texts.slice(0, MOST_REVISIONS);
}

/** The first message of a JSON text; undefined where it is none. */
export function parsed(text: string | undefined): unknown {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return Array.isArray(value) ? value[0] : value;
  } catch {
    return undefined;
  }
}
