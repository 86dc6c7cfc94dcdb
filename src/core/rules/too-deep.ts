import { mcpDocuments, spotAt } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import { MAX_DEPTH } from "../formats/json.ts";

/** Claude Code read 100,000 levels (2.1.330); our tree ends at 256. */
export const tooDeep: Rule = {
  id: "too-deep",
  severity: "error",
  summary: "A file that is nested too deep cannot be checked",
  check: (subject) =>
    mcpDocuments(subject).flatMap((document) => {
      const broken = document.broken;
      if (broken?.kind !== "too-deep") return [];
      return [finding(subject, "too-deep", document, spotAt(document, broken.offset), {})];
    }),
  message: () =>
    `nested deeper than ${MAX_DEPTH} levels: this file cannot be checked; no field of a server is nested that deep`,
};
