import { mcpDocuments } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";

/** Claude Code 2.1.330: "MCP config is not a regular file or exceeds 2097152 bytes". */
export const notAFile: Rule = {
  id: "not-a-file",
  severity: "error",
  summary: "Claude Code refuses a folder, a pipe or a device that is called .mcp.json",
  check: (subject) =>
    mcpDocuments(subject)
      .filter(({ encoding }) => encoding === "not-a-file")
      .map((document) => finding(subject, "not-a-file", document, { offset: 0, length: 0 }, {})),
  message: () =>
    "this is no regular file but a folder, a pipe or a device, so Claude Code loads no server from it; allowed: a file, or a link to one",
};
