import { mcpDocuments } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import { isObjectNode, kindWord, spanOf } from "../formats/nodes.ts";

export const rootNotObject: Rule = {
  id: "root-not-object",
  severity: "error",
  summary: "Claude Code refuses a .mcp.json that is no object",
  check: (subject) =>
    mcpDocuments(subject).flatMap((document) => {
      const { tree } = document;
      if (tree === undefined || isObjectNode(tree)) return [];
      return [finding(subject, "root-not-object", document, spanOf(tree), { got: kindWord(tree) })];
    }),
  message: ({ got }) =>
    `the file is ${got}, so Claude Code loads no server from it; allowed: an object with "mcpServers"`,
};
