import { mcpDocuments, spotAt } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";

/** Blank is what `trim` takes for blank, a BOM included: measured with 2.1.330 (2.1.197 calls it no valid JSON; neither has servers). */
export const emptyFile: Rule = {
  id: "empty-file",
  severity: "warning",
  summary: "An empty .mcp.json has no servers, and Claude Code does not say so",
  check: (subject) =>
    mcpDocuments(subject)
      .filter(({ encoding, text }) => encoding === "utf-8" && text.trim() === "")
      .map((document) => finding(subject, "empty-file", document, spotAt(document, 0), {})),
  message: () =>
    'the file is empty, and Claude Code finds no servers in it without a word; allowed: {"mcpServers": {…}}, or no file',
};
