import { haloConnections, valueHeaders } from "../check/halo-servers.ts";
import type { Finding, Rule } from "../check/model.ts";
import { spanOf } from "../check/servers.ts";
import { finding } from "../check/show.ts";
import { spelledIn } from "../clients/client-syntax.ts";

const ID = "halo-same-variable";

/** Token, account and profile are three values: two headers that share a variable send one of them wrongly. */
export const haloSameVariable: Rule = {
  id: ID,
  severity: "error",
  summary: "Two headers of an entry for HALO take the same variable",
  check: (subject) =>
    haloConnections(subject).flatMap((server) => {
      const seen = new Map<string, string>();
      const findings: Finding[] = [];
      for (const { name: header, text, entry } of valueHeaders(server)) {
        const [only, ...more] = text === undefined ? [] : spelledIn(text, server.syntax);
        if (only === undefined || more.length > 0 || !only.expanded) continue;
        const reference = only.text.replace(/:-.*$/s, "").replace(/[^\w-]+/g, "");
        const first = seen.get(reference);
        if (first === undefined) seen.set(reference, header);
        else {
          const args = { name: server.name, header, first, reference: only.name ?? only.text.replace(/:-.*$/s, "…}") };
          findings.push(finding(subject, ID, server.document, spanOf(entry.value), args));
        }
      }
      return findings;
    }),
  message: ({ name, header, first, reference }) =>
    `the headers ${first} and ${header} of server "${name}" both take ${reference}; allowed: a variable for each`,
};
