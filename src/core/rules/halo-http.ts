import { endpointOf } from "../check/endpoint.ts";
import { haloConnections } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { spanOf } from "../check/servers.ts";
import { finding } from "../check/show.ts";

const ID = "halo-http";

/** In clear, and answered with a redirect, which Claude Code 2.1.330 follows with the token to any host (307 and 308, measured). */
export const haloHttp: Rule = {
  id: ID,
  severity: "error",
  summary: "An entry for HALO uses http, which sends the token in clear",
  check: (subject) =>
    haloConnections(subject).flatMap(({ document, name, url }) => {
      if (endpointOf(url.text, subject.url).kind !== "http") return [];
      const span = spanOf(url.node);
      return [
        {
          ...finding(subject, ID, document, span, { name, url: subject.url }),
          fix: [{ ...span, text: JSON.stringify(subject.url) }],
        },
      ];
    }),
  message: ({ name, url }) => `server "${name}" uses http, so the token travels in clear; allowed: ${url}`,
};
