import { type HaloServer, haloConnections, onlyVariable, saidBy, valueHeaders } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { isObviousExample, isVariableName } from "../check/secret-judge.ts";
import { spanOf } from "../check/servers.ts";
import { finding } from "../check/show.ts";
import { spelledIn } from "../clients/client-syntax.ts";
import { isSafeVariable, LABELS, type Value, variablesFor } from "../halo.ts";
import { maskOf } from "../secrets.ts";

const ID = "halo-header-value";

/** A placeholder may be quoted when it cannot be anything else: words, dots, brackets. */
function quoted(text: string): string {
  return /^[A-Za-z<>[\]{}()_ .*…-]{1,40}$/.test(text) ? `"${text}"` : maskOf(text);
}

/** `HALO_MCP_TOKEN` where `${HALO_MCP_TOKEN}` is meant; not `YOUR_ACCOUNT_ID`. */
function isBareName(text: string): boolean {
  return isVariableName(text) && isSafeVariable(text) && !isObviousExample(text);
}

/** Why a value cannot be right, whatever the variables hold. */
function problem(text: string, which: Value, { syntax }: HaloServer): string | undefined {
  const value = text.trim();
  if (value === "") return "is empty";
  const references = spelledIn(value, syntax);
  if (references.length === 0) {
    if (isBareName(value)) return `is ${value}, the name of a variable without its brackets`;
    // the token itself, written out, is committed-secret's
    if (isObviousExample(value)) return `is the placeholder ${quoted(value)}`;
    return /^[\x21-\x7e]+$/.test(value) || which === "token" ? undefined : "has a character that no header can carry";
  }
  const rest = references
    .reduceRight((left, { text: old, offset }) => left.slice(0, offset) + left.slice(offset + old.length), value)
    .replace(/^\}$/, "");
  if (/^Bearer\b/i.test(rest)) return 'has "Bearer" before the value, which HALO does not expect';
  if (/["'`\s]/.test(rest)) return "has quotes or blanks around the reference, which are sent too";
  if (rest === "" || references.some(({ expanded }) => !expanded)) return undefined;
  // an ID may be made of parts; a variable that is named after the whole value holds the whole value
  const isWhole = which === "token" || saidBy(onlyVariable(value, syntax) ?? "") === which;
  return isWhole ? "has text around the reference, which is sent too" : undefined;
}

export const haloHeaderValue: Rule = {
  id: ID,
  severity: "error",
  summary: "A header of an entry for HALO has a value that cannot be right",
  check: (subject) =>
    haloConnections(subject).flatMap((server) =>
      valueHeaders(server).flatMap(({ name: header, text, which, entry, before }) => {
        const what = text === undefined ? undefined : problem(text, which, server);
        if (what === undefined) return [];
        const { document, name, syntax } = server;
        const example = syntax.spell(variablesFor("halo")[which]);
        const span = spanOf(entry.value);
        const found = finding(subject, ID, document, span, { name, header, what, label: LABELS[which], example });
        const bare = text?.trim() ?? "";
        if (!isBareName(bare) || before === undefined) return [found];
        return [{ ...found, fix: [{ ...span, text: JSON.stringify(`${before}${syntax.spell(bare)}`) }] }];
      }),
    ),
  message: ({ name, header, what, label, example }) =>
    `the header ${header} of server "${name}" ${what}; allowed: a reference to the ${label}, such as ${example}`,
};
