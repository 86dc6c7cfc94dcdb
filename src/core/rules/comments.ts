import { brokenBy, mcpDocuments } from "../check/loader.ts";
import { commentsOf, withoutComment } from "../check/loose-json.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";

/** One finding a file: the first comment is enough to lose everything. The fix takes all of them out. */
export const comments: Rule = {
  id: "comments",
  severity: "error",
  summary: "One comment, and Claude Code refuses the whole file",
  check: (subject) =>
    mcpDocuments(subject).flatMap((document) => {
      if (brokenBy(document)?.kind !== "loose") return [];
      const found = commentsOf(document.text);
      const [first] = found;
      if (first === undefined) return [];
      const fix = found.map((comment) => withoutComment(document.text, comment));
      return [finding(subject, "comments", document, first, { count: String(found.length) }, fix)];
    }),
  message: ({ count }) =>
    `a comment${count === "1" ? "" : ` (${count} in the file)`}: Claude Code takes strict JSON only and loads none of the servers`,
};
