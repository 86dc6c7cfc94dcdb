import { disabledIn } from "../check/disabled.ts";
import { haloServers } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { spanOf } from "../check/servers.ts";
import { finding } from "../check/show.ts";

const ID = "halo-rejected-here";

/** The default answer of Claude Code's dialog about a new server is to do without it, and this is where that is kept (2.1.330). */
export const haloRejectedHere: Rule = {
  id: ID,
  severity: "warning",
  summary: "HALO was rejected on this machine",
  localOnly: true,
  check: (subject) => {
    const names = new Set(
      haloServers(subject).flatMap(({ document, name }) => (document.kind === "mcp" ? [name] : [])),
    );
    return subject.documents
      .filter(({ kind }) => kind === "settings-local")
      .flatMap((document) =>
        disabledIn(document, names).map(({ name, entry }) =>
          finding(subject, ID, document, spanOf(entry.value), { name }),
        ),
      );
  },
  message: ({ name }) =>
    `"${name}" was rejected here, so Claude Code does not load it; take it out of "disabledMcpjsonServers", or run claude mcp reset-project-choices`,
};
