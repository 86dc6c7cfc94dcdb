import { remoteHaloServers } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { member, spanOf, textOf } from "../check/servers.ts";
import { finding } from "../check/show.ts";

const ID = "halo-sse";

/** CM.com documents "HTTP" as HALO's transport (page "MCP"); a client that is told "sse" opens a stream and waits. */
export const haloSse: Rule = {
  id: ID,
  severity: "error",
  summary: 'An entry for HALO has "type": "sse", which HALO does not speak',
  check: (subject) =>
    remoteHaloServers(subject).flatMap(({ document, name, node }) => {
      const type = member(node, "type")?.value;
      if (type === undefined || textOf(type) !== "sse") return [];
      const span = spanOf(type);
      return [{ ...finding(subject, ID, document, span, { name }), fix: [{ ...span, text: '"http"' }] }];
    }),
  message: ({ name }) => `server "${name}" has "type": "sse", but HALO speaks Streamable HTTP; allowed: "http"`,
};
