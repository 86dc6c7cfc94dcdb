import { haloConnections, meantBy, missingValues } from "../check/halo-servers.ts";
import type { Finding, Rule } from "../check/model.ts";
import { isObjectNode, keySpan, member } from "../check/servers.ts";
import { finding } from "../check/show.ts";
import { pairsOf, serverOf } from "../clients/codex-check.ts";
import { HEADERS, VALUES, type Value } from "../halo.ts";

const ID = "halo-header-missing";

function listOf(values: readonly Value[]): string {
  return values.map((value) => HEADERS[value]).join(", ");
}

/** HALO has three values and no OAuth (CM.com, page "MCP"): without one of them the answer is a refusal. */
export const haloHeaderMissing: Rule = {
  id: ID,
  severity: "error",
  summary: "An entry for HALO lacks one of the three headers",
  check: (subject): readonly Finding[] => [
    ...haloConnections(subject).flatMap((server) => {
      const { document, entry, node, name, headers, program } = server;
      const missing = missingValues(server);
      // another program than mcp-remote may have them from elsewhere
      if (program === "other" && headers.length === 0) return [];
      const group = member(node, program === undefined ? "headers" : "args");
      // headers of another shape, a helper that gives them, and a misspelled one are said by their own rules
      if (program === undefined && group !== undefined && !isObjectNode(group.value)) return [];
      if (program === undefined && member(node, "headersHelper") !== undefined) return [];
      const meant = new Set(headers.map((header) => meantBy(header.name, missing)));
      const lost = missing.filter((value) => !meant.has(value));
      if (lost.length === 0) return [];
      return [finding(subject, ID, document, keySpan(document, group ?? entry), { name, headers: listOf(lost) })];
    }),
    ...subject.documents
      .filter(({ kind }) => kind === "client:codex")
      .flatMap((document) => {
        const pairs = pairsOf(document.text).flatMap(({ table, key, start, end }) => {
          const name = serverOf(table)?.name;
          return name === undefined
            ? []
            : [{ name, header: key.toUpperCase(), span: { offset: start, length: end - start } }];
        });
        const there = new Set(pairs.map(({ name, header }) => `${name}\n${header}`));
        const about = new Map(
          pairs.flatMap(({ name, header, span }) => (header === HEADERS.token ? [[name, span] as const] : [])),
        );
        return [...about].flatMap(([name, span]) => {
          const lost = VALUES.filter((value) => !there.has(`${name}\n${HEADERS[value]}`));
          return lost.length === 0 ? [] : [finding(subject, ID, document, span, { name, headers: listOf(lost) })];
        });
      }),
  ],
  message: ({ name, headers }) =>
    `server "${name}" has no header ${headers}; needed: ${HEADERS.token}, ${HEADERS.account} and ${HEADERS.profile}`,
};
