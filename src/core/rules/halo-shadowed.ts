import { type HaloServer, haloServers } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { keySpan, serversOf } from "../check/servers.ts";
import { finding } from "../check/show.ts";

const ID = "halo-shadowed";

/** Claude Code reads the `.mcp.json` of every folder above it, and takes the nearest entry of a name (2.1.330, measured). */
export const haloShadowed: Rule = {
  id: ID,
  severity: "warning",
  summary: "A nested .mcp.json has another server under HALO's name",
  check: (subject) => {
    const byName = new Map<string, HaloServer[]>();
    for (const server of haloServers(subject)) {
      if (server.document.kind !== "mcp") continue;
      const known = byName.get(server.name);
      if (known === undefined) byName.set(server.name, [server]);
      else known.push(server);
    }
    return subject.documents
      .filter(({ kind }) => kind === "mcp")
      .flatMap((document) =>
        serversOf(document).flatMap(({ name, entry }) => {
          const same = byName.get(name) ?? [];
          const above = same.filter((server) => isAbove(server.document.path, document.path));
          if (above.length === 0) return [];
          // HALO again, for another profile, is what a repository of many packages does on purpose
          const isHalo = same.some(
            (server) => server.entry === entry && above.some((other) => other.url?.text === server.url?.text),
          );
          return isHalo
            ? []
            : [finding(subject, ID, document, keySpan(document, entry), { name, path: above[0]?.document.path ?? "" })];
        }),
      );
  },
  message: ({ name, path }) =>
    `"${name}" is another server than the "${name}" of ${path}, which is HALO: whoever starts in this folder gets this one; give it another name`,
};

function isAbove(upper: string, lower: string): boolean {
  const folder = upper.slice(0, upper.lastIndexOf("/") + 1);
  return upper !== lower && lower.startsWith(folder);
}
