import type { Rule } from "../check/model.ts";
import { hasReference } from "../check/references.ts";
import { finding } from "../check/show.ts";
import { pairsOf, serverOf } from "../clients/codex-check.ts";
import { HEADERS, VALUES, variablesFor } from "../halo.ts";

const ID = "codex-headers";

/** What Codex 0.169 does with a header in this table (measured), when it is not what was meant. */
function problem(part: string, value: string): string | undefined {
  if (part === "http_headers")
    return hasReference(value) ? "is sent as it stands, since http_headers holds values" : undefined;
  if (part === "env_http_headers")
    return /^[A-Za-z_]\w*$/.test(value) ? undefined : "names no variable, so the header is left out";
  return `is ignored, since Codex knows no table "${part}"`;
}

export const codexHeaders: Rule = {
  id: ID,
  severity: "error",
  summary: "Codex does not send a header of HALO as it is meant",
  check: (subject) =>
    subject.documents
      .filter(({ kind }) => kind === "client:codex")
      .flatMap((document) =>
        pairsOf(document.text).flatMap(({ table, key, value, start, end }) => {
          const server = serverOf(table);
          const which = VALUES.find((each) => HEADERS[each] === key.toUpperCase());
          if (server === undefined || which === undefined) return [];
          const what = problem(server.part, value);
          if (what === undefined) return [];
          const args = { name: server.name, header: HEADERS[which], what, right: variablesFor("halo")[which] };
          return [finding(subject, ID, document, { offset: start, length: end - start }, args)];
        }),
      ),
  message: ({ name, header, what, right }) =>
    `the header ${header} of server "${name}" ${what}; allowed: ${header} = "${right}" in [mcp_servers.${name}.env_http_headers]`,
};
