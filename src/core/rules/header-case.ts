import { REMOTE, serverObjects } from "../check/loader.ts";
import type { Finding, Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import { isObjectNode, keySpan, member, winners } from "../formats/nodes.ts";

/** Measured: `"A": "1", "a": "2"` arrives as `a: 1, 2` with http, as `a: 2` with sse. */
export const headerCase: Rule = {
  id: "header-case",
  severity: "warning",
  summary: "Two headers that differ only in case are sent as one",
  check: (subject) =>
    serverObjects(subject).flatMap(({ document, name, node, transport }) => {
      const headers = member(node, "headers")?.value;
      if (!isObjectNode(headers) || transport === undefined || !REMOTE.includes(transport)) return [];
      const seen = new Set<string>();
      return winners(headers).flatMap((entry): readonly Finding[] => {
        const small = entry.key.toLowerCase();
        if (!seen.has(small)) {
          seen.add(small);
          return [];
        }
        return [finding(subject, "header-case", document, keySpan(document, entry), { name, header: entry.key })];
      });
    }),
  message: ({ name, header }) =>
    `server "${name}": the header "${header}" is there before in another case, and both are sent as one; allowed: each header once`,
};
