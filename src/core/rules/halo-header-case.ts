import { remoteHaloServers, valueHeaders } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { keySpan } from "../check/servers.ts";
import { finding } from "../check/show.ts";
import { HEADERS } from "../halo.ts";

const ID = "halo-header-case";

/**
 * On the wire the case does not count. In Claude Code 2.1.330 it does: what comes from a helper, or from a second entry
 * in the other spelling, does not replace the header but is joined to it, "a, b" (measured).
 */
export const haloHeaderCase: Rule = {
  id: ID,
  severity: "note",
  summary: "A header of an entry for HALO is written in another case",
  check: (subject) =>
    remoteHaloServers(subject).flatMap((server) =>
      valueHeaders(server).flatMap(({ name, which, entry }) => {
        const right = HEADERS[which];
        // blanks around a name are said by the rules about loading
        if (name === right || name !== name.trim()) return [];
        const span = keySpan(server.document, entry);
        const twin = server.headers.some((other) => other.entry !== entry && other.which === which);
        const found = finding(subject, ID, server.document, span, { name: server.name, header: name, right });
        return [twin ? found : { ...found, fix: [{ ...span, text: JSON.stringify(right) }] }];
      }),
    ),
  message: ({ name, header, right }) => `server "${name}" writes the header as "${header}"; CM.com documents ${right}`,
};
