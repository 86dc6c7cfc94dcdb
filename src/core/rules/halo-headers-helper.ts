import { haloServers } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { keySpan, member } from "../check/servers.ts";
import { finding } from "../check/show.ts";

const ID = "halo-headers-helper";

/** Measured with Claude Code 2.1.330: a command of the repository, run through a shell, and silent when it fails. */
export const haloHeadersHelper: Rule = {
  id: ID,
  severity: "warning",
  summary: "An entry for HALO runs a program for its headers",
  check: (subject) =>
    haloServers(subject).flatMap(({ document, name, node, url }) => {
      const helper = member(node, "headersHelper");
      if (helper === undefined || url === undefined) return [];
      return [finding(subject, ID, document, keySpan(document, helper), { name })];
    }),
  message: ({ name }) =>
    `server "${name}" has a "headersHelper": everybody who opens the repository runs it, and its failure is silent; allowed: "headers" with references`,
};
