import { mcpDocuments, spotAt } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import { MAX_DEPTH } from "../formats/json-tree.ts";

/** Claude Code read 100,000 levels; our tree ends at 256, and has nothing but the texts of what is deeper. */
export const tooDeep: Rule = {
  id: "too-deep",
  severity: "warning",
  summary: "What is nested too deep cannot be checked",
  check: (subject) =>
    mcpDocuments(subject).flatMap((document) => {
      const { deepAt } = document;
      return deepAt === undefined ? [] : [finding(subject, "too-deep", document, spotAt(document, deepAt), {})];
    }),
  message: () =>
    `nested deeper than ${MAX_DEPTH} levels: what is in there was searched for secrets and not checked; no field of a server is nested`,
};
