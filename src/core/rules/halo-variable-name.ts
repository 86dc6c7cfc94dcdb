import { haloConnections, valueHeaders } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { spanOf } from "../check/servers.ts";
import { finding } from "../check/show.ts";
import { variablesIn } from "../clients/client-syntax.ts";
import { isSafeVariable, variablesFor } from "../halo.ts";

const ID = "halo-variable-name";

/**
 * The value is asked for and set in the environment of whoever joins: a name such as NODE_OPTIONS would steer their
 * programs, and one such as GITHUB_TOKEN would send another service's secret to CM.com. Claude Code blanks some.
 */
export const haloVariableName: Rule = {
  id: ID,
  severity: "error",
  summary: "An entry for HALO takes a variable that belongs to something else",
  check: (subject) =>
    haloConnections(subject).flatMap((server) =>
      valueHeaders(server).flatMap(({ name: header, text, which, entry }) => {
        const variable = variablesIn(text ?? "", server.syntax).find(({ name }) => !isSafeVariable(name))?.name;
        if (variable === undefined) return [];
        const args = { name: server.name, header, variable, right: variablesFor("halo")[which] };
        return [finding(subject, ID, server.document, spanOf(entry.value), args)];
      }),
    ),
  message: ({ name, header, variable, right }) =>
    `the header ${header} of server "${name}" takes ${variable}, which is not named as one of HALO's values and which the wizard therefore does not set; allowed: a name such as ${right}`,
};
