/** Where an entry for HALO sends the token, and what else it gives away. */
import { endpointOf, hostOf, namesIn, withVariable } from "../check/endpoint.ts";
import { givenValues } from "../check/given-values.ts";
import type { HaloServer } from "../check/halo-servers.ts";
import type { Rule, Subject } from "../check/model.ts";
import { addressRow, haloRow, headerRow, type Place } from "../check/rows.ts";
import { isObviousExample, isSecretName } from "../check/secret-judge.ts";
import { spelledIn, variablesIn, withoutPlaceholders } from "../clients/references.ts";
import { keySpan, member, spanOf } from "../formats/nodes.ts";
import { HALO_URL } from "../halo.ts";

/** A value that is a variable in its turn is followed this far. */
const MOST_STEPS = 3;

/** Where a file of the repository gives a variable of the URL another address than HALO's. */
function givenElsewhere(
  subject: Subject,
  server: HaloServer,
  text: string,
  names: readonly string[],
  steps = 0,
): readonly Place[] {
  return [...new Set(names)].flatMap((variable) =>
    givenValues(subject, server.document, variable).flatMap(({ document, value, span }): readonly Place[] => {
      const address = withVariable(text, variable, value);
      const { kind } = endpointOf(address, subject.url);
      if (kind === "right")
        return steps < MOST_STEPS ? givenElsewhere(subject, server, address, namesIn(value), steps + 1) : [];
      // `HALO_URL=<the address>` is a note for people
      if (document.kind === "env-example" && (/[<>]/.test(value) || !/^\s*[a-z][a-z0-9+.-]*:/i.test(address)))
        return [];
      const host = `${hostOf(address)}${kind === "http" ? " over http" : ""}`;
      return [{ document, span, args: { host, url: subject.url, how: "given", variable, file: document.path } }];
    }),
  );
}

/** Every client of every teammate sends the token there: a changed host is how a pull request would take it. */
const endpoint = addressRow({
  id: "halo-endpoint",
  severity: "error",
  summary: "An entry for HALO sends the token to another address than HALO's",
  find: (server, subject) => {
    const { url, dialect } = server;
    const { kind } = endpointOf(url.text, subject.url);
    if (kind === "http") return undefined;
    if (kind === "right") {
      const names = /[${]/.test(url.text) ? variablesIn(url.text, dialect).map(({ name }) => name) : [];
      return givenElsewhere(subject, server, url.text, names);
    }
    const span = spanOf(url.node);
    const isOwn = subject.url !== HALO_URL && endpointOf(url.text, HALO_URL).kind !== "other";
    const how = kind === "near" ? "near" : isOwn ? "own" : "other";
    // only what is HALO's own address but for its writing is put right: another host may be meant, and declared with --url
    const fix = kind === "near" ? [{ ...span, text: JSON.stringify(subject.url) }] : undefined;
    return { span, args: { host: hostOf(url.text), url: subject.url, how }, fix };
  },
  message: ({ name, host, url, how, variable, file }) => {
    if (how === "near") return `server "${name}" writes HALO's endpoint in another way; allowed: ${url}`;
    if (how === "own")
      return `the URL of server "${name}" differs from --url: it is HALO's own, at ${host}; allowed: ${url}`;
    const gateway = "or a gateway declared with --url";
    return how === "given"
      ? `${file} sets ${variable}, which makes server "${name}" send every teammate's token to ${host}; allowed: ${url}, ${gateway}`
      : `server "${name}" sends every teammate's token to ${host}; allowed: ${url}, ${gateway}`;
  },
});

/** Several entries may take one variable: what a file gives it is said once. */
const haloEndpoint: Rule = {
  ...endpoint,
  check: (subject) => {
    const places = new Set<string>();
    return endpoint.check(subject).filter(({ path, span, args }) => {
      const place = `${path}\n${span.offset}`;
      const isNew = args.how !== "given" || !places.has(place);
      places.add(place);
      return isNew;
    });
  },
};

/** In clear, and answered with a redirect, which Claude Code 2.1.330 follows with the token to any host (307 and 308, measured). */
const haloHttp = addressRow({
  id: "halo-http",
  severity: "error",
  summary: "An entry for HALO uses http, which sends the token in clear",
  find: ({ url }, subject) => {
    if (endpointOf(url.text, subject.url).kind !== "http") return undefined;
    const span = spanOf(url.node);
    return { span, args: { url: subject.url }, fix: [{ ...span, text: JSON.stringify(subject.url) }] };
  },
  message: ({ name, url }) => `server "${name}" uses http, so the token travels in clear; allowed: ${url}`,
});

/** What an address carries besides the address, or undefined. */
function carried(whole: string, references: readonly (string | undefined)[]): string | undefined {
  const url = whole.slice(0, 4096);
  const secret = references.find((name) => name !== undefined && isSecretName(name));
  if (secret !== undefined) return `the variable ${secret}`;
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i.test(url)) return "a user name or password";
  const parameter = [...url.matchAll(/[?&#;]([\w.-]{1,64})=/g)].find(([, name = ""]) => isSecretName(name))?.[1];
  if (parameter !== undefined) return `the parameter "${parameter}"`;
  return /[?#]/.test(withoutPlaceholders(url)) ? "a query" : undefined;
}

/** Addresses are printed by `claude mcp list`, in errors and in the logs of every proxy; header values are not. */
const haloTokenInUrl = addressRow({
  id: "halo-token-in-url",
  severity: "error",
  summary: "The address of an entry for HALO carries more than the address",
  find: ({ url: { text, node }, dialect }, subject) => {
    const names = spelledIn(text, dialect).map((spelled) => spelled.name);
    const what = text === subject.url ? undefined : carried(text, names);
    return what === undefined ? undefined : { span: spanOf(node), args: { what, url: subject.url } };
  },
  message: ({ name, what, url }) =>
    `the URL of server "${name}" holds ${what}, which every log shows; allowed: ${url}, and the token in the header X-CM-PRODUCTTOKEN`,
});

const DEFAULT = /\$\{([A-Za-z_]\w*):-([^}]{0,4096})\}/;

/** A default is in the file for everybody: the secret itself, or a text that hides Claude Code's "missing variable" warning. */
const haloTokenDefault = headerRow({
  id: "halo-token-default",
  severity: "error",
  summary: "The token's variable has a default",
  find: ({ header: { which, text = "", entry, before } }) => {
    const [whole, variable = "", fallback = ""] = (which === "token" && DEFAULT.exec(text)) || [];
    // empty asks for the header to be left out on purpose; another variable is a reference
    if (fallback === "" || fallback.startsWith("${")) return undefined;
    const span = spanOf(entry.value);
    // what could be the only copy of a token is not taken away by a program
    const isMendable = isObviousExample(fallback) && text.trim() === whole && before !== undefined;
    const fix = isMendable ? [{ ...span, text: JSON.stringify(`${before}\${${variable}}`) }] : undefined;
    return { span, args: { variable }, fix };
  },
  message: ({ name, variable }) =>
    `the token of server "${name}" has a default, which everyone who has the file can read; allowed: \${${variable}}. If it is a real token, delete it in HALO Studio`,
});

/** Measured with Claude Code 2.1.330: a command of the repository, run through a shell, and silent when it fails. */
const haloHeadersHelper = haloRow({
  id: "halo-headers-helper",
  severity: "warning",
  summary: "An entry for HALO runs a program for its headers",
  find: ({ document, node, url }) => {
    const helper = member(node, "headersHelper");
    return helper === undefined || url === undefined ? undefined : { span: keySpan(document, helper) };
  },
  message: ({ name }) =>
    `server "${name}" has a "headersHelper": everybody who opens the repository runs it, and its failure is silent; allowed: "headers" with references`,
});

export const ADDRESS_RULES = [haloEndpoint, haloHttp, haloTokenInUrl, haloTokenDefault, haloHeadersHelper];
