/** Whether an address is HALO's. */
import { hasReference, referencesIn } from "../clients/references.ts";

/** What is longer is no address that anybody wrote. */
const LONGEST_URL = 4096;

/** The variables have taken their defaults. */
function withDefaults(text: string): string {
  return text.slice(0, LONGEST_URL).replace(/\$\{[A-Za-z_]\w*:-([^}]*)\}/g, "$1");
}

const parsed = (address: string): URL | undefined => (URL.canParse(address) ? new URL(address) : undefined);

/**
 * What the address of an entry is, beside the endpoint that is meant. `http`: the same but for the scheme; `near`: the same
 * host and path, written otherwise. A user's name, a query and a fragment are judged elsewhere.
 */
export function endpointOf(text: string, meant: string): "right" | "http" | "near" | "other" {
  // a variable alone leads where its owner says, on each machine; .env.example must name it
  const [only] = referencesIn(text.trim());
  if (text === meant || (only?.text === text.trim() && !text.includes(":-"))) return "right";
  const address = withDefaults(text)
    .replace(/[?#].*$/s, "")
    .replace(/^(https?:\/\/)[^/@]*@/i, "$1");
  if (address === meant) return "right";
  const [url, wanted] = [parsed(address), parsed(meant)];
  const path = (each: URL): string => each.pathname.replace(/\/+$/, "");
  if (url === undefined || wanted === undefined || url.host !== wanted.host || path(url) !== path(wanted))
    return "other";
  if (url.protocol === wanted.protocol) return "near";
  return url.protocol === "http:" ? "http" : "other";
}

/** The host that would receive the request, for a message. */
export function hostOf(text: string): string {
  const host = parsed(withDefaults(text))?.host ?? "";
  return host === "" || hasReference(host) ? "a host that only a variable knows" : `host ${host}`;
}

/** The variables that a value refers to, in the spelling of any shell or client. */
export function namesIn(value: string): readonly string[] {
  return [...value.slice(0, LONGEST_URL).matchAll(/\$\{?(?:env:)?([A-Za-z_]\w{0,127})/g)].map(([, name = ""]) => name);
}

/** The URL in which a variable has this value. */
export function withVariable(text: string, name: string, value: string): string {
  const reference = new RegExp(`\\$?\\{(?:env:)?${name}(?::-[^}]*)?\\}|\\$${name}(?!\\w)`, "g");
  return text.slice(0, LONGEST_URL).replace(reference, () => value);
}
