import { mcpDocuments, spotAt } from "../check/loader.ts";
import type { Document, Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";

/** Claude Code 2.1.330: "MCP config is not a regular file or exceeds 2097152 bytes" (a BOM counts). */
const MAX_BYTES = 2_097_152;

function isTooBig({ encoding, text }: Document): boolean {
  if (encoding === "too-big") return true;
  if (text.length * 3 <= MAX_BYTES) return false;
  let bytes = 0;
  for (const char of text) {
    const point = char.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
  }
  return bytes > MAX_BYTES;
}

export const fileTooBig: Rule = {
  id: "file-too-big",
  severity: "error",
  summary: "Claude Code refuses a .mcp.json of more than 2 MiB as a whole",
  check: (subject) =>
    mcpDocuments(subject)
      .filter(isTooBig)
      .map((document) => finding(subject, "file-too-big", document, spotAt(document, 0), {})),
  message: () =>
    "the file has more than 2,097,152 bytes, so Claude Code loads none of its servers; allowed: up to 2 MiB",
};
