import { haloConnections, meantBy, missingValues } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { keySpan, spanOf } from "../check/servers.ts";
import { finding } from "../check/show.ts";
import { HEADERS } from "../halo.ts";

const ID = "halo-header-name";

export const haloHeaderName: Rule = {
  id: ID,
  severity: "error",
  summary: "A header of an entry for HALO is misspelled",
  check: (subject) =>
    haloConnections(subject).flatMap((server) => {
      const { document, name, headers, program } = server;
      let missing = missingValues(server);
      return headers.flatMap((header) => {
        const value = meantBy(header.name, missing);
        if (value === undefined) return [];
        missing = missing.filter((other) => other !== value);
        const args = { name, header: header.name, right: HEADERS[value] };
        if (program !== undefined) return [finding(subject, ID, document, spanOf(header.entry.value), args)];
        const span = keySpan(document, header.entry);
        return [
          { ...finding(subject, ID, document, span, args), fix: [{ ...span, text: JSON.stringify(HEADERS[value]) }] },
        ];
      });
    }),
  message: ({ name, header, right }) =>
    `server "${name}" has the header "${header}", which HALO does not know; did you mean ${right}?`,
};
