const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Why a URL may not receive a token, or undefined when it may: `https:`, or `http:` for this machine alone; no credentials, no
 * space, no fragment, ASCII alone so that a look-alike shows. Clients send it as it is written.
 */
export function endpointProblem(text: string): string | undefined {
  if (text === "") return "the URL is empty";
  if (text.length > 2048) return "the URL is longer than 2,048 characters";
  if (/[^\x21-\x7e]/.test(text)) return "the URL contains a space, a control character or a character outside ASCII";
  if (/[\\<>"`]/.test(text)) return 'the URL contains a character that URLs cannot have: \\ < > " or `';
  if (!URL.canParse(text)) return "this is not a URL";
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") return "the URL must start with https:";
  if (url.protocol === "http:" && !LOOPBACK.test(url.hostname))
    return "http: would send the token unencrypted: use https:";
  if (url.username !== "" || url.password !== "" || /^https?:\/\/[^/?#]*@/i.test(text))
    return "the URL contains credentials (the part before @)";
  if (text.includes("#")) return "the URL has a fragment (#), which is never sent";
  return /^https?:\/\/[^/]/i.test(text) ? undefined : "the URL has no host";
}
