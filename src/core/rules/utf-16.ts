import { mcpDocuments, spotAt } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";

/** What Windows PowerShell's `>` and Notepad's "Unicode" write. Measured with and without a BOM, both byte orders. */
export const utf16: Rule = {
  id: "utf-16",
  severity: "error",
  summary: "Claude Code refuses a .mcp.json in UTF-16 as a whole",
  check: (subject) =>
    mcpDocuments(subject)
      .filter(({ encoding }) => encoding === "utf-16")
      .map((document) => finding(subject, "utf-16", document, spotAt(document, 0), {})),
  message: () => "the file is in UTF-16, so Claude Code loads none of its servers; allowed: UTF-8",
};
