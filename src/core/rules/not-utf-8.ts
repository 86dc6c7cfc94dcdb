import { mcpDocuments, spotAt } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";

/** The file loads, and every such byte has become U+FFFD: in a name, a URL or a header. */
export const notUtf8: Rule = {
  id: "not-utf-8",
  severity: "warning",
  summary: "Bytes that are no UTF-8 become replacement characters, without a word",
  check: (subject) =>
    mcpDocuments(subject)
      .filter(({ encoding }) => encoding === "not-utf-8")
      .map((document) => {
        const at = Math.max(0, document.text.indexOf("\uFFFD"));
        return finding(subject, "not-utf-8", document, spotAt(document, at), {});
      }),
  message: () =>
    "the file is not in UTF-8, and Claude Code reads every byte that does not fit as U+FFFD; allowed: UTF-8",
};
