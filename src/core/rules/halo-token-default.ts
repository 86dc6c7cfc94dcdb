import { haloConnections, valueHeaders } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { isObviousExample } from "../check/secret-judge.ts";
import { finding } from "../check/show.ts";
import { spanOf } from "../formats/nodes.ts";

const ID = "halo-token-default";

const DEFAULT = /\$\{([A-Za-z_]\w*):-([^}]{0,4096})\}/;

/** A default is in the file for everybody: the secret itself, or a text that hides Claude Code's "missing variable" warning. */
export const haloTokenDefault: Rule = {
  id: ID,
  severity: "error",
  summary: "The token's variable has a default",
  check: (subject) =>
    haloConnections(subject).flatMap((server) =>
      valueHeaders(server).flatMap(({ which, text, entry, before }) => {
        const match = which === "token" && text !== undefined ? DEFAULT.exec(text) : null;
        if (match === null || text === undefined) return [];
        const [whole, variable = "", fallback = ""] = match;
        // empty asks for the header to be left out on purpose; another variable is a reference
        if (fallback === "" || fallback.startsWith("${")) return [];
        const span = spanOf(entry.value);
        const found = finding(subject, ID, server.document, span, { name: server.name, variable });
        // what could be the only copy of a token is not taken away by a program
        if (!isObviousExample(fallback) || text.trim() !== whole || before === undefined) return [found];
        return [{ ...found, fix: [{ ...span, text: JSON.stringify(`${before}\${${variable}}`) }] }];
      }),
    ),
  message: ({ name, variable }) =>
    `the token of server "${name}" has a default, which everyone who has the file can read; allowed: \${${variable}}. If it is a real token, delete it in HALO Studio`,
};
