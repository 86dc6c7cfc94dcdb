import { mcpDocuments, spotAt } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";

/** Everything but comments, trailing commas and conflict markers, which have rules of their own. */
export const syntax: Rule = {
  id: "syntax",
  severity: "error",
  summary: "Claude Code refuses a .mcp.json that is no JSON as a whole",
  check: (subject) =>
    mcpDocuments(subject).flatMap((document) => {
      const broken = document.broken;
      if (broken?.kind !== "syntax") return [];
      const { reason, offset } = broken;
      return [finding(subject, "syntax", document, spotAt(document, offset), { reason })];
    }),
  message: ({ reason }) => `no valid JSON: ${reason}; Claude Code loads none of the servers`,
};
