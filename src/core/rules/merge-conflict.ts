import { mcpDocuments, spotAt } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";

export const mergeConflict: Rule = {
  id: "merge-conflict",
  severity: "error",
  summary: "Conflict markers of an unfinished merge cost the whole file",
  check: (subject) =>
    mcpDocuments(subject).flatMap((document) => {
      const broken = document.broken;
      if (broken?.kind !== "conflict") return [];
      return [finding(subject, "merge-conflict", document, spotAt(document, broken.offset, 7), {})];
    }),
  message: () =>
    "a conflict marker of an unfinished merge: Claude Code loads none of the servers; resolve the conflict",
};
