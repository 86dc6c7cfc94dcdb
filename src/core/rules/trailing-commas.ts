import { mcpDocuments } from "../check/loader.ts";
import { trailingCommasOf } from "../check/loose-json.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";

export const trailingCommas: Rule = {
  id: "trailing-commas",
  severity: "error",
  summary: "One comma too many, and Claude Code refuses the whole file",
  check: (subject) =>
    mcpDocuments(subject).flatMap((document) => {
      if (document.tree === undefined || document.broken?.kind !== "loose") return [];
      const found = trailingCommasOf(document.tree).toSorted((a, b) => a - b);
      const [first] = found;
      if (first === undefined) return [];
      const fix = found.map((offset) => ({ offset, length: 1, text: "" }));
      return [
        finding(
          subject,
          "trailing-commas",
          document,
          { offset: first, length: 1 },
          { count: String(found.length) },
          fix,
        ),
      ];
    }),
  message: ({ count }) =>
    `a comma before a closing brace or bracket${count === "1" ? "" : ` (${count} in the file)`}: Claude Code takes strict JSON only and loads none of the servers`,
};
