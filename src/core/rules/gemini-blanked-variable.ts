import { remoteHaloServers, valueHeaders } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { spanOf } from "../check/servers.ts";
import { finding } from "../check/show.ts";
import { variablesIn } from "../clients/client-syntax.ts";

const ID = "gemini-blanked-variable";

/** The names that Gemini CLI 0.61 empties when their value comes from a `.env` (its source, and measured). */
const BLANKED = /TOKEN|SECRET|PASSWORD|PASSWD|KEY|AUTH|CREDENTIAL|CREDS|PRIVATE|CERT/i;

export const geminiBlankedVariable: Rule = {
  id: ID,
  severity: "note",
  summary: "Gemini CLI empties this variable when it comes from .env",
  check: (subject) =>
    remoteHaloServers(subject)
      .filter(({ document }) => document.kind === "client:gemini-cli")
      .flatMap((server) =>
        valueHeaders(server).flatMap(({ text, entry, name: header }) => {
          const found = variablesIn(text ?? "", server.syntax).find(
            ({ name }) => BLANKED.test(name) && !name.startsWith("GEMINI_CLI_"),
          );
          if (found === undefined) return [];
          return [finding(subject, ID, server.document, spanOf(entry.value), { variable: found.name, header })];
        }),
      ),
  message: ({ variable, header }) =>
    `Gemini CLI sends an empty ${header} when ${variable} comes from a .env, since it blanks such names; export it in the shell that starts Gemini CLI`,
};
