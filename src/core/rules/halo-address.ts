/** Where an entry for HALO sends the token, and what else it reveals. */
import { givenValues } from "../check/env-files.ts";
import type { Document, Rule, Subject } from "../check/model.ts";
import { addressRow, headerRow, type Place, remoteRow } from "../check/rows.ts";
import { isSecretName } from "../check/secret-judge.ts";
import { type Dialect, referencesIn, spelledIn, variablesIn, withoutPlaceholders } from "../clients/references.ts";
import { member } from "../formats/nodes.ts";

/** The beginning of a URL, with the defaults of its variables; real URLs are not longer. */
const withDefaults = (text: string): string => text.slice(0, 4096).replace(/\$\{[A-Za-z_]\w*:-([^}]*)\}/g, "$1");

const parsed = (address: string): URL | undefined => (URL.canParse(address) ? new URL(address) : undefined);

/** Compares a URL with the expected one: `http` differs only in the scheme, `near` only in the spelling. */
function endpointOf(text: string, meant: string): "right" | "http" | "near" | "other" {
  // if the URL is only a variable, the owner of each machine decides; .env.example must name it
  const [only] = referencesIn(text.trim());
  if (text === meant || (only?.text === text.trim() && !text.includes(":-"))) return "right";
  const [address = ""] = withDefaults(text.replace(/^(https?:\/\/)[^/@]*@/i, "$1")).split(/[?#]/);
  if (address === meant) return "right";
  const [url, wanted] = [parsed(address), parsed(meant)];
  const path = (each: URL): string => each.pathname.replace(/\/+$/, "");
  if (!url || !wanted || url.host !== wanted.host || path(url) !== path(wanted)) return "other";
  if (url.protocol === wanted.protocol) return "near";
  return url.protocol === "http:" ? "http" : "other";
}

function hostOf(text: string): string {
  const host = parsed(withDefaults(text))?.host ?? "";
  return host === "" || host.includes("$") ? "a host that only a variable knows" : `host ${host}`;
}

/** Where a file of the repository sets a variable of the URL to an address that is not HALO's. */
function givenElsewhere(subject: Subject, user: Document, text: string, dialect: Dialect): readonly Place[] {
  return variablesIn(text, dialect).flatMap(({ name: variable }) =>
    givenValues(subject, user, variable).flatMap(({ document, value, span }): readonly Place[] => {
      const reference = new RegExp(`\\$?\\{(?:env:)?${variable}(?::-[^}]*)?\\}|\\$${variable}(?!\\w)`, "g");
      const address = text.slice(0, 4096).replace(reference, () => value);
      const kind = endpointOf(address, subject.url);
      if (kind === "right") return [];
      // `HALO_URL=<the address>` is a note for people
      const isNote = /[<>]/.test(value) || !/^\s*[a-z][a-z0-9+.-]*:/i.test(address);
      if (isNote && document.kind === "env-example") return [];
      const host = `${hostOf(address)}${kind === "http" ? " over http" : ""}`;
      return [{ document, at: span, args: { host, url: subject.url, variable, file: document.path } }];
    }),
  );
}

/** What a URL contains besides the address, or undefined. */
function carried(whole: string, dialect: Dialect): string | undefined {
  const url = whole.slice(0, 4096);
  const secret = spelledIn(whole, dialect).find(({ name = "" }) => isSecretName(name))?.name;
  if (secret !== undefined) return `the variable ${secret}`;
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i.test(url)) return "a user name or password";
  const parameter = [...url.matchAll(/[?&#;]([\w.-]{1,64})=/g)].find(([, name = ""]) => isSecretName(name))?.[1];
  if (parameter !== undefined) return `the parameter "${parameter}"`;
  return /[?#]/.test(withoutPlaceholders(url)) ? "a query" : undefined;
}

const DEFAULT = /\$\{([A-Za-z_]\w*):-([^}]{0,4096})\}/;

export const ADDRESS_RULES: readonly Rule[] = [
  // every teammate's client sends the token there: a pull request could change the host to collect the tokens
  addressRow("halo-endpoint", "error", "An entry for HALO sends the token to an address that is not HALO's", {
    find: ({ url: { text, node }, document, dialect }, subject) => {
      const { url } = subject;
      const kind = endpointOf(text, url);
      if (kind === "http") return undefined;
      // only another spelling of HALO's own address is fixed: another host may be intended, and declared with --url
      if (kind === "near") return { at: node, args: { got: text, url }, fix: url };
      if (kind === "other") return { at: node, args: { host: hostOf(text), url } };
      return givenElsewhere(subject, document, text, dialect);
    },
    message: ({ name, host, got, url, variable, file }) => {
      if (host === undefined) return `server "${name}" has ${got}, not HALO's exact URL; allowed: ${url}`;
      const given = `${file} sets ${variable}, which makes server "${name}" send`;
      return `${variable === undefined ? `server "${name}" sends` : given} every teammate's token to ${host}; allowed: ${url}, or a gateway declared with --url`;
    },
  }),
  // answered with a redirect, which Claude Code 2.1.330 follows with the token to any host (307 and 308, measured)
  addressRow("halo-http", "error", "An entry for HALO uses http, which sends the token unencrypted", {
    find: ({ url: { text, node } }, { url }) =>
      endpointOf(text, url) === "http" ? { at: node, args: { got: text, url }, fix: url } : undefined,
    message: `server "{name}" has http: where https: belongs ({got}), so the token is sent unencrypted; allowed: {url}`,
  }),
  // URLs are printed by `claude mcp list`, in errors and in proxy logs; header values are not
  addressRow("halo-token-in-url", "error", "The URL of an entry for HALO contains a secret or a query", {
    find: ({ url: { text, node }, dialect }, { url }) => {
      const what = text === url ? undefined : carried(text, dialect);
      return what === undefined ? undefined : { at: node, args: { what, url } };
    },
    message: `the URL of server "{name}" contains {what}, which appears in logs; allowed: {url}, and the token in the header X-CM-PRODUCTTOKEN`,
  }),
  // everybody gets the default: the secret itself, or a text that prevents Claude Code's "missing variable" warning
  headerRow("halo-token-default", "error", "The token's variable has a default", {
    find: ({ header: { which, text = "", entry } }) => {
      const [, variable = "", fallback = ""] = (which === "token" && DEFAULT.exec(text)) || [];
      // an empty default omits the header on purpose; another variable is a reference
      return fallback === "" || fallback.startsWith("${") ? undefined : { at: entry.value, args: { variable } };
    },
    message: `the token of server "{name}" has a default, which everyone with the file can read; allowed: \${{variable}}. If it is a real token, delete it in HALO Studio`,
  }),
  // measured with Claude Code 2.1.330: a command of the repository, run through a shell, and silent when it fails
  remoteRow("halo-headers-helper", "warning", "An entry for HALO runs a program for its headers", {
    find: ({ node, url }) => {
      const helper = member(node, "headersHelper");
      return helper === undefined || url === undefined ? undefined : { at: helper };
    },
    message: `server "{name}" has a "headersHelper": everybody who opens the repository runs it, and its errors are silent; allowed: "headers" with references`,
  }),
];
