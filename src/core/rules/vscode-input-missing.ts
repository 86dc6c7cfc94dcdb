import { remoteHaloServers, valueHeaders } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { member, spanOf, textOf } from "../check/servers.ts";
import { finding } from "../check/show.ts";
import { spelledIn } from "../clients/client-syntax.ts";

const ID = "vscode-input-missing";

/** VS Code asks for `${input:id}` only when `inputs` describes it (code.visualstudio.com, MCP configuration reference, 2026). */
export const vscodeInputMissing: Rule = {
  id: ID,
  severity: "error",
  summary: "VS Code's entry for HALO asks for an input that is not described",
  check: (subject) =>
    remoteHaloServers(subject)
      .filter(({ document }) => document.kind === "client:vscode")
      .flatMap((server) => {
        const inputs = member(server.document.tree, "inputs")?.value;
        const known =
          inputs?.kind === "array" ? inputs.entries.map(({ value }) => textOf(member(value, "id")?.value)) : [];
        return valueHeaders(server).flatMap(({ text, entry }) =>
          spelledIn(text ?? "", server.syntax).flatMap(({ text: reference }) => {
            const id = /^\$\{input:([^}]+)\}$/.exec(reference)?.[1];
            if (id === undefined || known.includes(id)) return [];
            return [finding(subject, ID, server.document, spanOf(entry.value), { name: server.name, id })];
          }),
        );
      }),
  message: ({ name, id }) =>
    `server "${name}" asks for the input "${id}", which "inputs" does not describe; needed: {"type": "promptString", "id": "${id}", "password": true}`,
};
