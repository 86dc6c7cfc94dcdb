import { brokenBy, mcpDocuments, spotAt } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import { MAX_DEPTH } from "../json-tree.ts";

/** Claude Code read 100,000 levels; our tree ends at 256, so nothing else is said of such a file. */
export const tooDeep: Rule = {
  id: "too-deep",
  severity: "warning",
  summary: "A file that is nested too deep cannot be checked",
  check: (subject) =>
    mcpDocuments(subject).flatMap((document) => {
      const broken = brokenBy(document);
      if (broken?.kind !== "depth") return [];
      return [finding(subject, "too-deep", document, spotAt(document, broken.refused.offset), {})];
    }),
  message: () =>
    `nested deeper than ${MAX_DEPTH} levels, so the rest of the file was not checked; no field of a server is nested`,
};
