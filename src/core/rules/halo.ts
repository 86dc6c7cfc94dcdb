/** An entry for HALO: where it sends the token, the transport and the three headers, and where their values come from. */
import { givenValues } from "../check/env-files.ts";
import type { Document, Rule, Subject } from "../check/model.ts";
import { addressRow, haloRow, headerRow, type Place, remoteRow, rowsOf } from "../check/run.ts";
import { isObviousExample, isSecretName, isVariableName } from "../check/secret-judge.ts";
import {
  type HaloServer,
  haloServers,
  misplacedServers,
  rivalOf,
  saidBy,
  type ValueHeader,
  valueHeaders,
} from "../check/servers.ts";
import { isFitToShow, signOf } from "../check/show.ts";
import { refusalsIn } from "../clients/demands.ts";
import { CLIENTS } from "../clients/index.ts";
import {
  becomes,
  type Dialect,
  hasReference,
  mended,
  quotedReference,
  referencesIn,
  respelled,
  spelledIn,
  variablesIn,
  withoutPlaceholders,
} from "../clients/references.ts";
import { toSh } from "../command-line.ts";
import { isObjectNode, member, textOf } from "../formats/nodes.ts";
import { HEADERS, isSafeVariable, LABELS, storeOf, VALUES, variablesFor } from "../halo.ts";

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
  return host === "" || host.includes("$") ? "a host that a variable sets" : `host ${host}`;
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

/** The files of the other clients at the root: a team may use those alone. */
const ROOT_FILES = new Set(CLIENTS.flatMap(({ files }) => files.project).filter((path) => path !== ".mcp.json"));

/** `HALO_MCP_TOKEN` without its brackets; not `YOUR_ACCOUNT_ID`. */
const isBareName = (text: string): boolean => isVariableName(text) && isSafeVariable(text) && !isObviousExample(text);

const exampleOf = ({ spell }: HaloServer["dialect"], name: string): string => spell?.(name) ?? "the value itself";

function problemOf(
  value: string,
  { which, only = "" }: ValueHeader,
  { dialect }: Pick<HaloServer, "dialect">,
): string | undefined {
  if (value === "") return "is empty";
  const references = spelledIn(value, dialect);
  if (references.length === 0) {
    const store = storeOf(value);
    if (isBareName(value)) return `is ${value}, the name of a variable without its brackets`;
    if (store !== undefined) return `is ${store.what}, which no client resolves: it is sent as it stands`;
    if (isObviousExample(value)) return `is the placeholder "${value}"`;
    // the rule `committed-secret` reports a longer one
    if (which === "token") return value.length < 8 ? `is "${value}", written out` : undefined;
    const [odd] = /[^\x21-\x7e]/u.exec(value) ?? [];
    return odd === undefined ? undefined : `has ${signOf(odd)}, a character that cannot be sent`;
  }
  const rest = respelled(value, references, () => "").replace(/^\}$/, "");
  if (/^Bearer\b/i.test(rest)) return 'has "Bearer" before the value, which HALO does not expect';
  if (rest === "" || references.some(({ expanded }) => !expanded)) return undefined;
  // an ID may consist of parts, unless a variable is named after the whole value
  const isWhole = which === "token" || saidBy(only) === which || /["'`\s]/.test(rest);
  return isWhole ? "has text around the reference, which is sent too" : undefined;
}

export const HALO_ENTRY_RULES: readonly Rule[] = [
  // every teammate's client sends the token there: a pull request could change the host to collect the tokens
  addressRow("halo-endpoint", "error", "An entry for HALO sends the token to an address that is not HALO's", {
    find: ({ url: { text }, document, dialect }, subject) => {
      const { url } = subject;
      const kind = endpointOf(text, url);
      // only another spelling of HALO's own address is fixed: another host may be intended, and declared with --url
      if (kind === "near") return { args: { got: text, url }, fix: url };
      if (kind === "other") return { args: { host: hostOf(text), url } };
      return kind === "right" && givenElsewhere(subject, document, text, dialect);
    },
    message: ({ name, host, got, url, variable, file }) => {
      if (host === undefined) return `server "${name}" has ${got}, not HALO's exact URL; allowed: ${url}`;
      const given = `${file} sets ${variable}, which makes server "${name}" send`;
      return `${variable === undefined ? `server "${name}" sends` : given} every teammate's token to ${host}; allowed: ${url}, or a gateway declared with --url`;
    },
  }),
  // answered with a redirect, which Claude Code 2.1.330 follows with the token to any host (307 and 308, measured)
  addressRow("halo-http", "error", "An entry for HALO uses http, which sends the token unencrypted", {
    find: ({ url: { text: got } }, { url }) => endpointOf(got, url) === "http" && { args: { got, url }, fix: url },
    message: `server "{name}" has http: where https: belongs ({got}), so the token is sent unencrypted; allowed: {url}`,
  }),
  // URLs are printed by `claude mcp list`, in errors and in proxy logs; header values are not
  addressRow("halo-token-in-url", "error", "The URL of an entry for HALO contains a secret or a query", {
    find: ({ url: { text }, dialect }, { url }) => {
      const what = text === url ? undefined : carried(text, dialect);
      return what !== undefined && { args: { what, url } };
    },
    message: `the URL of server "{name}" contains {what}, which appears in logs; allowed: {url}, and the token in the header X-CM-PRODUCTTOKEN`,
  }),
  // everybody gets the default: the secret itself, or a text that prevents Claude Code's "missing variable" warning
  headerRow("halo-token-default", "error", "The token's variable has a default", {
    find: ({ header: { which, text = "" } }) => {
      const [, variable, fallback = ""] = (which === "token" && DEFAULT.exec(text)) || [];
      // an empty default omits the header on purpose; another variable is a reference
      return fallback !== "" && !fallback.startsWith("${") && { args: { variable } };
    },
    message: `the token of server "{name}" has a default, which everyone with the file can read; allowed: \${{variable}}. If it is a real token, delete it in HALO Studio`,
  }),
  // measured with Claude Code 2.1.330: a command of the repository, run through a shell, and silent when it fails
  remoteRow("halo-headers-helper", "warning", "An entry for HALO runs a program for its headers", {
    find: ({ node, url }) => {
      const at = member(node, "headersHelper");
      return at && url && { at };
    },
    message: `server "{name}" has a "headersHelper": everybody who opens the repository runs it, and its errors are silent; allowed: "headers" with references`,
  }),
  // a merge that drops the entry silently removes HALO for the whole team
  rowsOf(({ documents, allowMissing, hidden }) => {
    const root = documents.find(({ path }) => path === ".mcp.json");
    // the rule `team-file-ignored` reports one that an ignore rule keeps out of every clone
    const isMeant = !allowMissing && (root !== undefined || !hidden.has(".mcp.json"));
    return isMeant ? [{ document: { path: ".mcp.json" }, root, at: member(root?.tree, "mcpServers") }] : [];
  })("halo-missing", "error", "The root .mcp.json has no entry for HALO", {
    find: ({ root, at: servers }, subject) => {
      // other rules report a file that does not load; an empty one loads, without servers
      const isEmpty = root === undefined || (root.encoding === "utf-8" && root.text.trim() === "");
      const all = haloServers(subject);
      const isThere = all.some(({ document }) => document === root || ROOT_FILES.has(document.path));
      // the rule `misplaced-servers` reports an entry in the wrong place
      const isMisplaced = misplacedServers(subject).some(
        ({ path, isHaloLost, document }) => path === ".mcp.json" && isHaloLost && document.kind !== "settings-local",
      );
      if (isThere || isMisplaced || !(isEmpty || isObjectNode(servers?.value))) return undefined;
      const below = new Set(all.flatMap(({ document }) => (document.kind === "mcp" ? document.path : [])));
      const none = root === undefined ? "there is no .mcp.json" : ".mcp.json has no server for HALO";
      const above = `, and HALO in ${subject.above}, above this folder, serves only this computer`;
      const what = subject.above === undefined ? none : none + above;
      if (below.size === 0) return { args: { what } };
      const paths = [...below].slice(0, 3);
      const check = toSh(["npx", "create-halo-mcp", "check", ...paths.map((path) => path.replace(/\/[^/]*$/, ""))]);
      return { args: { what, below: paths.join(", "), check } };
    },
    message: ({ what, below, check }) =>
      below === undefined
        ? `${what}: run npx create-halo-mcp, or use check --allow-missing if that is intended`
        : `${what} here, and HALO is in ${below}: if that is intended, run ${check}; npx create-halo-mcp would add a second entry here`,
  }),
  // CM.com documents "HTTP" as HALO's transport (page "MCP"); with "sse" a client opens a stream and waits
  remoteRow("halo-sse", "error", 'An entry for HALO has "type": "sse", which HALO does not support', {
    find: ({ node, transport, client: { label, entry, demands } }) => {
      const type = member(node, "type")?.value;
      if (transport === "http" || (transport !== "sse" && textOf(type) !== "sse")) return undefined;
      const better = Object.keys(entry.url).find((key) => entry.url[key] === "http");
      const address = node.entries.find(({ key }) => Object.hasOwn(entry.url, key));
      if (better !== undefined && address !== undefined) {
        const what = `its URL under "${address.key}", which ${label} reads as SSE`;
        return { at: address, args: { what, right: better }, fix: better };
      }
      const right = demands?.remote.types?.[0] ?? entry.fixed?.type;
      const [known, fix] = typeof right === "string" ? [right, right] : ["http"];
      return type && { at: type, args: { what: '"type": "sse"', right: known }, fix };
    },
    message: `server "{name}" has {what}, but HALO uses Streamable HTTP; allowed: "{right}"`,
  }),
  // HALO needs three values and has no OAuth (CM.com, page "MCP"): without one of them it refuses
  haloRow("halo-header-missing", "error", "An entry for HALO lacks one of the three headers", {
    find: ({ entry, node, client, headers, program }) => {
      // a program other than mcp-remote may get them from elsewhere
      if (program === "other" && headers.length === 0) return undefined;
      const keys = program === undefined ? [client.entry.headers, client.entry.names ?? ""] : ["args"];
      const group = keys.map((key) => member(node, key)).find((each) => each !== undefined);
      // a helper, and a wrong key, type or shape have their own rules: before, it is not known whether headers are sent
      const isOdd = member(node, "headersHelper") !== undefined || (group !== undefined && !isObjectNode(group.value));
      const isLost = refusalsIn(entry, client).some(({ rename }) => rename === undefined);
      if (program === undefined && (isOdd || isLost)) return undefined;
      const there = headers.map(({ which, meant }) => which ?? meant);
      const lost = VALUES.filter((value) => !there.includes(value)).map((value) => HEADERS[value]);
      return lost.length > 0 && { at: group ?? entry, args: { headers: lost.join(", ") } };
    },
    message: `server "{name}" has no header {headers}; needed: ${HEADERS.token}, ${HEADERS.account} and ${HEADERS.profile}`,
  }),
  haloRow("halo-header-name", "error", "A header of an entry for HALO is misspelled", {
    find: ({ headers, program }) =>
      headers.flatMap(({ name, meant, entry }): readonly Place[] => {
        if (meant === undefined) return [];
        const args = { header: name, right: HEADERS[meant] };
        return [program === undefined ? { at: entry, args, fix: args.right } : { at: entry.value, args }];
      }),
    message: `server "{name}" has the header "{header}", which HALO does not know; did you mean {right}?`,
  }),
  // Claude Code 2.1.330 joins headers that differ in case, also one of a helper: "a, b" (measured)
  headerRow("halo-header-case", "note", "A header of an entry for HALO is spelled with another case", {
    find: ({ header: { name, which, entry: at }, headers, program }) => {
      const right = HEADERS[which];
      // the rule `padding` reports spaces around a name
      if (program !== undefined || name === right || name !== name.trim()) return undefined;
      const isTwice = headers.filter((other) => other.which === which).length > 1;
      return { at, args: { right }, fix: isTwice ? undefined : right };
    },
    message: `server "{name}" writes the header as "{header}"; CM.com documents {right}`,
  }),
  // any other spelling sends a wrong value, which HALO answers like a wrong token (measured, see docs/clients)
  haloRow("halo-reference-spelling", "error", "A reference is spelled in a way that this client does not expand", {
    find: (server, subject) => {
      const { dialect, label, url, client, program } = server;
      if (rivalOf(subject, server.document) !== undefined) return [];
      const places = valueHeaders(server).map(({ name, text = "", which, entry, before }) => {
        return { what: `the header ${name}`, text, before, at: entry.value, likely: variablesFor("halo")[which] };
      });
      if (url) places.push({ what: "the URL", text: url.text, before: "", at: url.node, likely: "HALO_URL" });
      return places.flatMap(({ what, text, before, at, likely }) => {
        const foreign = spelledIn(text, dialect).filter(({ expanded }) => !expanded);
        const [first] = foreign;
        if (first === undefined) return [];
        const isKnown = program === undefined && client.foreign !== undefined;
        const outcome = becomes(first.text, client);
        const verb = isKnown && outcome === undefined ? "expands" : "does not expand";
        const does = isKnown ? `, but ${outcome ?? "not in every version"}` : "";
        const example = exampleOf(dialect, first.name ?? likely);
        const args = { what, quoted: quotedReference(first), client: label, verb, does, example };
        // a fix is shown as a diff, and the text in or next to a reference can be a secret
        const right = before !== undefined && isFitToShow(subject, text) ? mended(text, foreign, dialect) : undefined;
        return [{ at, args, fix: right && `${before}${right}` }];
      });
    },
    message: `{client} {verb} {quoted} in {what} of server "{name}"{does}; allowed: {example}`,
  }),
  headerRow("halo-header-value", "error", "A header of an entry for HALO has a wrong value", {
    find: ({ header, ...server }) => {
      const { text, which, before, kind } = header;
      if (text === undefined || kind !== "values") return undefined;
      const value = text.trim();
      const what = problemOf(value, header, server);
      if (what === undefined) return undefined;
      const right = isBareName(value) && before !== undefined ? server.dialect.spell?.(value) : undefined;
      const example = exampleOf(server.dialect, variablesFor("halo")[which]);
      const isLiteral = which === "token" && value !== "" && !hasReference(value);
      const revoke = isLiteral ? ". If it was ever a real token, delete it in HALO Studio" : "";
      return { args: { what, label: LABELS[which], example, revoke }, fix: right && `${before}${right}` };
    },
    message: `the header {header} of server "{name}" {what}; allowed: a reference to the {label}, such as {example}{revoke}`,
  }),
  // token, account and profile are three values: if two headers share a variable, one value is wrong
  headerRow("halo-same-variable", "error", "Two headers of an entry for HALO use the same variable", {
    find: ({ header: { name, only: reference }, values }) => {
      const first = values.find(({ only }) => only === reference)?.name;
      return reference !== undefined && first !== name && { args: { first, reference } };
    },
    message: `the headers {first} and {header} of server "{name}" both use {reference}; allowed: a variable for each`,
  }),
  // both IDs have the same form: if swapped, HALO refuses them or uses another profile, and does not say which is wrong
  headerRow("halo-swapped-values", "error", "A header of an entry for HALO uses the variable of another value", {
    find: ({ header: { which, only: variable = "" }, values }) => {
      // other rules report variables of other services, and variables that two headers share
      const said = isSafeVariable(variable.replace(/-/g, "_")) ? saidBy(variable) : undefined;
      const isShared = values.filter(({ only }) => only === variable).length > 1;
      if (said === undefined || said === which || isShared) return undefined;
      return { args: { variable, label: LABELS[said], needed: LABELS[which] } };
    },
    message: `the header {header} of server "{name}" uses {variable}, which is named after the {label}; allowed: the variable of the {needed}`,
  }),
  // NODE_OPTIONS, which the wizard would set, controls programs; GITHUB_TOKEN is a secret of another service
  headerRow("halo-variable-name", "error", "An entry for HALO uses a variable that belongs to something else", {
    find: ({ header: { variables, which } }) => {
      const variable = variables.find((name) => !isSafeVariable(name));
      return variable !== undefined && { args: { variable, right: variablesFor("halo")[which] } };
    },
    message: `the header {header} of server "{name}" uses {variable}, which is not named after one of HALO's values, so the wizard does not set it; allowed: a name such as {right}`,
  }),
];
