/** Where the three headers of an entry for HALO get their values. */
import { type HaloServer, saidBy, valueHeaders } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { rivalOf } from "../check/places.ts";
import { haloRow, headerRow } from "../check/rows.ts";
import { isObviousExample, isVariableName } from "../check/secret-judge.ts";
import { isFitToShow } from "../check/show.ts";
import { becomes, mended, quotedReference, respelled, spelledIn } from "../clients/references.ts";
import { isSafeVariable, LABELS, storeOf, type Value, variablesFor } from "../halo.ts";

/** `HALO_MCP_TOKEN` without its brackets; not `YOUR_ACCOUNT_ID`. */
const isBareName = (text: string): boolean => isVariableName(text) && isSafeVariable(text) && !isObviousExample(text);

const exampleOf = ({ spell }: HaloServer["dialect"], name: string): string => spell?.(name) ?? "the value itself";

function problemOf(value: string, which: Value, only: string | undefined, { dialect }: HaloServer): string | undefined {
  if (value === "") return "is empty";
  const references = spelledIn(value, dialect);
  if (references.length === 0) {
    const store = storeOf(value);
    if (isBareName(value)) return `is ${value}, the name of a variable without its brackets`;
    // the rule `committed-secret` reports the token as plain text
    if (store !== undefined) return `is ${store.what}, which no client resolves: it is sent as it stands`;
    if (isObviousExample(value)) return `is the placeholder "${value}"`;
    return /^[\x21-\x7e]+$/.test(value) || which === "token" ? undefined : "has a character that cannot be sent";
  }
  const rest = respelled(value, references, () => "").replace(/^\}$/, "");
  if (/^Bearer\b/i.test(rest)) return 'has "Bearer" before the value, which HALO does not expect';
  if (rest === "" || references.some(({ expanded }) => !expanded)) return undefined;
  // an ID may consist of parts, unless a variable is named after the whole value
  const isWhole = which === "token" || saidBy(only ?? "") === which || /["'`\s]/.test(rest);
  return isWhole ? "has text around the reference, which is sent too" : undefined;
}

export const VALUE_RULES: readonly Rule[] = [
  // any other spelling sends a wrong value, which HALO answers like a wrong token (measured, see docs/clients)
  haloRow("halo-reference-spelling", "error", "A reference is spelled in a way that this client does not expand", {
    find: (server, subject) => {
      const { dialect, label, url, client, program } = server;
      if (rivalOf(subject, server.document) !== undefined) return [];
      const headers = valueHeaders(server).map(({ name, text = "", which, entry, before }) => {
        return { what: `the header ${name}`, text, before, at: entry.value, likely: variablesFor("halo")[which] };
      });
      const address = url && { what: "the URL", text: url.text, before: "", at: url.node, likely: "HALO_URL" };
      return [...headers, ...(address ? [address] : [])].flatMap(({ what, text, before, at, likely }) => {
        const foreign = spelledIn(text, dialect).filter(({ expanded }) => !expanded);
        const [first] = foreign;
        if (first === undefined) return [];
        const example = exampleOf(dialect, first.name ?? likely);
        const isKnown = program === undefined && client.foreign !== undefined;
        const outcome = becomes(first.text, client);
        const verb = isKnown && outcome === undefined ? "expands" : "does not expand";
        const does = isKnown ? `, but ${outcome ?? "not in every version"}` : "";
        const args = { what, quoted: quotedReference(first), client: label, verb, does, example };
        // a fix is shown as a diff, and the text in or next to a reference can be a secret
        const right = before !== undefined && isFitToShow(subject, text) ? mended(text, foreign, dialect) : undefined;
        return [{ at, args, fix: right === undefined ? undefined : `${before}${right}` }];
      });
    },
    message: `{client} {verb} {quoted} in {what} of server "{name}"{does}; allowed: {example}`,
  }),
  headerRow("halo-header-value", "error", "A header of an entry for HALO has a wrong value", {
    find: (server) => {
      const { header, dialect } = server;
      const { name, text, which, entry, before, kind } = header;
      if (text === undefined || kind !== "values") return undefined;
      const value = text.trim();
      // too short or too plain to be known as a secret, but committed all the same
      const isLiteral = which === "token" && value !== "" && spelledIn(value, dialect).length === 0;
      const isShort = isLiteral && value.length < 8 ? `is "${value}", written out` : undefined;
      const what = problemOf(value, which, header.only, server) ?? isShort;
      if (what === undefined) return undefined;
      const right = isBareName(value) && before !== undefined ? dialect.spell?.(value) : undefined;
      const fix = right && `${before}${right}`;
      const example = exampleOf(dialect, variablesFor("halo")[which]);
      const revoke = isLiteral ? ". If it was ever a real token, delete it in HALO Studio" : "";
      return { at: entry.value, args: { header: name, what, label: LABELS[which], example, revoke }, fix };
    },
    message: `the header {header} of server "{name}" {what}; allowed: a reference to the {label}, such as {example}{revoke}`,
  }),
  // token, account and profile are three values: if two headers share a variable, one value is wrong
  headerRow("halo-same-variable", "error", "Two headers of an entry for HALO use the same variable", {
    find: ({ header: { name, entry, only: reference }, values }) => {
      const first = values.find(({ only }) => only === reference)?.name;
      if (reference === undefined || first === undefined || first === name) return undefined;
      return { at: entry.value, args: { header: name, first, reference } };
    },
    message: `the headers {first} and {header} of server "{name}" both use {reference}; allowed: a variable for each`,
  }),
  // both IDs have the same form: if swapped, HALO refuses them or uses another profile, and does not say which is wrong
  headerRow("halo-swapped-values", "error", "A header of an entry for HALO uses the variable of another value", {
    find: ({ header: { name, which, only: variable = "", entry }, values }) => {
      // other rules report variables of other services, and variables that two headers share
      const said = isSafeVariable(variable.replace(/-/g, "_")) ? saidBy(variable) : undefined;
      const isShared = values.filter(({ only }) => only === variable).length > 1;
      if (said === undefined || said === which || isShared) return undefined;
      return { at: entry.value, args: { header: name, variable, label: LABELS[said], needed: LABELS[which] } };
    },
    message: `the header {header} of server "{name}" uses {variable}, which is named after the {label}; allowed: the variable of the {needed}`,
  }),
  // NODE_OPTIONS, which the wizard would set, controls programs; GITHUB_TOKEN is a secret of another service
  headerRow("halo-variable-name", "error", "An entry for HALO uses a variable that belongs to something else", {
    find: ({ header }) => {
      const variable = header.variables.find((name) => !isSafeVariable(name));
      if (variable === undefined) return undefined;
      const args = { header: header.name, variable, right: variablesFor("halo")[header.which] };
      return { at: header.entry.value, args };
    },
    message: `the header {header} of server "{name}" uses {variable}, which is not named after one of HALO's values, so the wizard does not set it; allowed: a name such as {right}`,
  }),
];
