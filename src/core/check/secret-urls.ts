/** Secrets in addresses: before the host, in the path, in the query, in the fragment. */
import { fromPercents } from "./base64.ts";
import { hasReference } from "./references.ts";
import { isObviousExample } from "./secret-examples.ts";
import { isSecretName } from "./secret-names.ts";
import { drawnValue, type Shape } from "./secret-shapes.ts";
import { holdsDrawn, isStrongPassword } from "./secret-words.ts";

/** `scheme://user:password@host` with a password that is meant, and a host that is not this machine; a user that is a key. */
export function passwordInUrl(text: string): Shape | undefined {
  if (!text.includes("://") || !text.includes("@")) return undefined;
  const urls = /\b[a-z][a-z0-9+.-]{1,30}:\/\/([^\s:/@?#]{0,256})(?::([^\s/@?#]{0,512}))?@([^\s/:?#,]{1,256})/gi;
  for (const match of text.matchAll(urls)) {
    const [whole, user = "", password = "", host = ""] = match;
    if (
      /^(?:127\.|0\.0\.0\.0|localhost$|host\.docker\.internal$|.*\.(?:local|localhost|test|example|internal)$)/i.test(
        host,
      )
    )
      continue;
    const isKey = password === "" || /^(?:x|x-oauth-basic|x-token-auth)$/i.test(password);
    // Sentry's address of a project is no secret (docs.sentry.io, "DSN explainer")
    if (isKey && (/(?:^|\.)sentry\.io$/i.test(host) || drawnValue(user) === undefined)) continue;
    if (!isKey && (password === user || isObviousExample(password) || hasReference(password))) continue;
    // a name without a dot can be a service of docker compose, which has a password that somebody made up on the spot
    if (!isKey && !host.includes(".") && !holdsDrawn(password) && !isStrongPassword(password)) continue;
    const value = isKey ? user : password;
    const start = match.index + (isKey ? whole.indexOf("://") + 3 : whole.indexOf(`:${password}@`, user.length) + 1);
    return { what: "a password in a URL", start, end: start + value.length };
  }
  return undefined;
}

/** `?api_key=…`, `?auth[token]=…`, `#access_token=…`, `/token/…`: a parameter with a secret's name and a drawn value. */
export function secretInQuery(text: string): Shape | undefined {
  if (!/[?&#;/]/.test(text)) return undefined;
  for (const match of text.matchAll(/[?&#;]([\w.%[\]-]{1,64})=([^&#;\s]{1,4096})/g)) {
    const [whole, encoded = "", value = ""] = match;
    const name = fromPercents(encoded);
    // Azure's functions have their key there; an OAuth code is shorter, and is never written down
    const isCode = /^code$/i.test(name) && value.length >= 40;
    const found = isCode || isSecretName(name) ? drawnValue(value) : undefined;
    if (found === undefined) continue;
    const start = match.index + whole.length - value.length;
    return { what: `the value of "${name}" in a URL`, start, end: start + value.length };
  }
  if (!text.includes("://")) return undefined;
  for (const match of text.matchAll(
    /\/(?:[\w-]{0,32}[-_])?(?:token|secret|password|api[-_]?key)s?[/=]([^\s/?#&]{8,512})/gi,
  )) {
    const [whole, value = ""] = match;
    if (drawnValue(value) === undefined) continue;
    const start = match.index + whole.length - value.length;
    return { what: "a secret in a URL", start, end: start + value.length };
  }
  return undefined;
}
