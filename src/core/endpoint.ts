import { HALO_URL } from "./halo.ts";

export type Endpoint =
  | { readonly ok: true; readonly url: string; readonly host: string; readonly loopback: boolean }
  | { readonly ok: false; readonly problem: string };

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * A URL that may receive a token: `https:`, or `http:` for this machine alone; no credentials, no space, no fragment.
 * Out: the URL as it was given (clients send it as it is written) and its host in ASCII, so that a look-alike shows.
 */
export function parseEndpoint(text: string): Endpoint {
  const no = (problem: string): Endpoint => ({ ok: false, problem });
  if (text === "") return no("the URL is empty");
  if (text.length > 2048) return no("the URL is longer than 2,048 characters");
  if (/[^\x21-\x7e]/.test(text))
    return no("the URL contains a space, a control character or a character outside ASCII");
  if (/[\\<>"`]/.test(text)) return no('the URL contains a character that URLs cannot have: \\ < > " or `');
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return no("this is not a URL");
  }
  const loopback = LOOPBACK.test(url.hostname);
  if (url.protocol !== "https:" && url.protocol !== "http:") return no("the URL must start with https:");
  if (url.protocol === "http:" && !loopback) return no("http: would send the token unencrypted: use https:");
  if (url.username !== "" || url.password !== "" || /^https?:\/\/[^/?#]*@/i.test(text)) {
    return no("the URL contains credentials (the part before @)");
  }
  if (text.includes("#")) return no("the URL has a fragment (#), which is never sent");
  if (url.hostname === "" || !/^https?:\/\/[^/]/i.test(text)) return no("the URL has no host");
  return { ok: true, url: text, host: url.host, loopback };
}

/** True only for HALO's own endpoint, character by character: everything else is foreign. */
export function isHaloEndpoint(url: string): boolean {
  return url === HALO_URL;
}
