import { haloConnections } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { isSecretName } from "../check/secret-judge.ts";
import { spanOf } from "../check/servers.ts";
import { finding } from "../check/show.ts";
import { withoutPlaceholders } from "../clients/claude-code.ts";
import { spelledIn } from "../clients/client-syntax.ts";

const ID = "halo-token-in-url";

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
export const haloTokenInUrl: Rule = {
  id: ID,
  severity: "error",
  summary: "The address of an entry for HALO carries more than the address",
  check: (subject) =>
    haloConnections(subject).flatMap(({ document, name, url, syntax }) => {
      if (url.text === subject.url) return [];
      const what = carried(
        url.text,
        spelledIn(url.text, syntax).map((spelled) => spelled.name),
      );
      return what === undefined
        ? []
        : [finding(subject, ID, document, spanOf(url.node), { name, what, url: subject.url })];
    }),
  message: ({ name, what, url }) =>
    `the URL of server "${name}" holds ${what}, which every log shows; allowed: ${url}, and the token in the header X-CM-PRODUCTTOKEN`,
};
