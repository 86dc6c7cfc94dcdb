import { mcpDocuments } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import { isObjectNode, kindWord, member, spanOf } from "../formats/nodes.ts";

export const mcpServersNotObject: Rule = {
  id: "mcp-servers-not-object",
  severity: "error",
  summary: 'Claude Code refuses the file when "mcpServers" is no object',
  check: (subject) =>
    mcpDocuments(subject).flatMap((document) => {
      const value = member(document.tree, "mcpServers")?.value;
      if (value === undefined || isObjectNode(value)) return [];
      return [finding(subject, "mcp-servers-not-object", document, spanOf(value), { got: kindWord(value) })];
    }),
  message: ({ got }) =>
    `"mcpServers" is ${got}, so Claude Code loads no server from the file; allowed: an object, name by name`,
};
