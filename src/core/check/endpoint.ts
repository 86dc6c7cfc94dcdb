/** Whether an address is HALO's. No URL parser: there is none in pure code, and only the exact text counts. */
import { hasReference, referencesIn } from "../clients/references.ts";

/** What is longer is no address that anybody wrote. */
const LONGEST_URL = 4096;

/** What an address is, beside HALO's own. */
export type Verdict =
  | { readonly kind: "right" }
  /** HALO's but for the scheme. */
  | { readonly kind: "http" }
  /** HALO's own host and path, written otherwise: blanks, case, a slash, a port. */
  | { readonly kind: "near" }
  | { readonly kind: "other" };

/** A URL whose variables have taken their defaults. */
function withDefaults(text: string): string {
  return text.replace(/\$\{[A-Za-z_]\w*:-([^}]*)\}/g, "$1");
}

/** Address, query and fragment apart. */
function withoutQuery(text: string): string {
  return text.replace(/[?#].*$/s, "");
}

function plain(text: string): string {
  return text
    .trim()
    .replace(
      /^(https?):\/\/([^/]*)/i,
      (_, scheme: string, host: string) => `${scheme.toLowerCase()}://${host.toLowerCase()}`,
    )
    .replace(/^(https:\/\/[^/:]+):443(?=\/|$)/, "$1")
    .replace(/\/+$/, "");
}

/** In: the text of an entry, and the endpoint that is meant. A user's name, a query and a fragment are judged elsewhere. */
export function endpointOf(text: string, meant: string): Verdict {
  if (text === meant) return { kind: "right" };
  if (text.length > LONGEST_URL) return { kind: "other" };
  // a variable alone leads where its owner says, on each machine; .env.example must name it
  const [only] = referencesIn(text.trim());
  if (only?.text === text.trim() && !text.includes(":-")) return { kind: "right" };
  const address = withoutQuery(withDefaults(text)).replace(/^(https?:\/\/)[^/@]*@/i, "$1");
  if (address === meant) return { kind: "right" };
  if (
    meant.startsWith("https:") &&
    plain(address)
      .replace(/^http:/, "https:")
      .replace(/:80(?=\/)/, "") === plain(meant) &&
    /^\s*http:/i.test(address)
  )
    return { kind: "http" };
  return plain(address) === plain(meant) ? { kind: "near" } : { kind: "other" };
}

/** The host that would receive the request, for a message. */
export function hostOf(text: string): string {
  const address = withDefaults(text.slice(0, LONGEST_URL)).trim();
  const host = /^[a-z][a-z0-9+.-]*:[\\/]*(?:[^\\/?#]*@)?([^\\/?#]*)/i.exec(address)?.[1] ?? "";
  if (host === "" || hasReference(host)) return "a host that only a variable knows";
  return `host ${host}`;
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
