/** Why Claude Code loads no server of a `.mcp.json`, or reads it wrongly (2.1.330, measured). In report order. */
import { visit } from "jsonc-parser";
import { spotAt } from "../check/documents.ts";
import type { Broken, Document, Rule, Span, TextEdit } from "../check/model.ts";
import { fileRow } from "../check/rows.ts";
import { isServersKey } from "../clients/index.ts";
import { MAX_DEPTH, type Node } from "../formats/json.ts";
import { isObjectNode, kindWord, member } from "../formats/nodes.ts";

const lineAt = (text: string, offset: number): string => /.*/.exec(text.slice(offset, offset + 200))?.[0] ?? "";

/** What is found in a file that cannot be read as UTF-8, or cannot be parsed, for this reason. */
const unreadFor = (why: Document["encoding"] | Broken["kind"]) => (file: { readonly document: Document }) => {
  const { broken, encoding, text } = file.document;
  if (encoding === why) return { at: spotAt(file.document, text.indexOf("\uFFFD")) };
  return broken?.kind === why
    ? { at: spotAt(file.document, broken.offset), args: { reason: broken.reason, line: lineAt(text, broken.offset) } }
    : undefined;
};

/** Removes a comment: with the spaces before it if nothing follows, and with its line if nothing else is on it. */
function withoutComment(text: string, { offset, length }: Span): TextEdit {
  const blank = /[ \t]*(?:\r?\n|$)/y;
  blank.lastIndex = offset + length;
  const [after] = blank.exec(text) ?? [];
  if (after === undefined) return { offset, length, text: "" };
  let start = offset;
  while (text[start - 1] === " " || text[start - 1] === "\t") start -= 1;
  const line = start === 0 || text[start - 1] === "\n" ? after.length : 0;
  return { offset: start, length: offset + length + line - start, text: "" };
}

/** The edits that remove commas before closing braces and brackets, in order. */
export function withoutCommas(node: Node): readonly TextEdit[] {
  if (node.kind === "scalar") return [];
  const comma = node.entries.at(-1)?.comma;
  const inside = node.entries.flatMap(({ value }) => withoutCommas(value));
  return comma === undefined ? inside : [...inside, { offset: comma, length: 1, text: "" }];
}

export const FILE_RULES: readonly Rule[] = [
  fileRow("not-a-file", "error", "Claude Code refuses a folder, a pipe or a device that is called .mcp.json", {
    find: unreadFor("not-a-file"),
    message: `this is not a regular file but a folder, a pipe or a device, so Claude Code loads no server from it; allowed: a file, or a link to one`,
  }),
  // "MCP config is not a regular file or exceeds 2097152 bytes" (a BOM counts)
  fileRow("file-too-big", "error", "Claude Code refuses a .mcp.json of more than 2 MiB", {
    find: unreadFor("too-big"),
    message: `the file has more than 2,097,152 bytes, so Claude Code loads none of its servers; allowed: up to 2 MiB`,
  }),
  // what Windows PowerShell's `>` and Notepad's "Unicode" write; measured with and without a BOM, both byte orders
  fileRow("utf-16", "error", "Claude Code refuses a .mcp.json in UTF-16", {
    find: unreadFor("utf-16"),
    message: `the file is in UTF-16, so Claude Code loads none of its servers; allowed: UTF-8`,
  }),
  // the file loads, but every invalid byte is U+FFFD: in a name, a URL or a header
  fileRow("not-utf-8", "warning", "Bytes that are not UTF-8 silently become replacement characters", {
    find: unreadFor("not-utf-8"),
    message: `the file is not in UTF-8, so Claude Code replaces every invalid byte with U+FFFD; allowed: UTF-8`,
  }),
  fileRow("empty-file", "warning", "An empty .mcp.json has no servers, and Claude Code does not report it", {
    // blank as in `trim`, a BOM included (2.1.197 says that it is not valid JSON; neither version loads servers)
    find: ({ document }) =>
      document.encoding === "utf-8" && document.text.trim() === "" ? { at: spotAt(document, 0) } : undefined,
    message: `the file is empty: Claude Code loads no servers and does not report it; allowed: {"mcpServers": {…}}, or no file`,
  }),
  fileRow("merge-conflict", "error", "Claude Code refuses a .mcp.json with conflict markers of an unfinished merge", {
    find: unreadFor("conflict"),
    message: `"{line}" is left of an unfinished merge, so Claude Code loads none of the servers; resolve the conflict`,
  }),
  fileRow("syntax", "error", "Claude Code refuses a .mcp.json that is not JSON", {
    find: unreadFor("syntax"),
    message: `invalid JSON: {reason}; Claude Code loads none of the servers`,
  }),
  fileRow("comments", "error", "Claude Code refuses a .mcp.json with a comment", {
    // one finding a file, at the first comment; the fix removes all of them
    find: ({ document: { text, broken } }) => {
      const found: Span[] = [];
      const onComment = (offset: number, length: number) => found.push({ offset, length });
      if (broken?.kind === "loose") visit(text, { onComment });
      return found[0] && { at: found[0], fix: found.map((comment) => withoutComment(text, comment)) };
    },
    message: `a comment, which JSON does not allow: Claude Code loads none of the servers`,
  }),
  fileRow("trailing-commas", "error", "Claude Code refuses a .mcp.json with a trailing comma", {
    find: ({ document: { tree, broken } }) => {
      const fix = tree === undefined || broken?.kind !== "loose" ? [] : withoutCommas(tree);
      return fix[0] && { at: fix[0], fix };
    },
    message: `a comma before a closing brace or bracket, which JSON does not allow: Claude Code loads none of the servers`,
  }),
  // Claude Code reads 100,000 levels; our tree has at most 256
  fileRow("too-deep", "error", "A file that is nested too deeply cannot be checked", {
    find: unreadFor("too-deep"),
    message: `nested deeper than ${MAX_DEPTH} levels: this file cannot be checked; no field of a server is nested that deep`,
  }),
  fileRow("root-not-object", "error", "Claude Code refuses a .mcp.json that is not an object", {
    find: ({ document: { tree } }) =>
      tree === undefined || isObjectNode(tree) ? undefined : { at: tree, args: { got: kindWord(tree) } },
    message: `the file is {got}, so Claude Code loads no server from it; allowed: an object with "mcpServers"`,
  }),
  fileRow("mcp-servers-missing", "error", 'Claude Code refuses a .mcp.json without "mcpServers"', {
    find: ({ document }) => {
      const { tree, ofPlugin } = document;
      const flat = ofPlugin === true && document.path === ".mcp.json" ? member(tree, "mcpServers") : undefined;
      // right for the plugin; a session in the repository itself refuses the file
      if (flat?.start === flat?.value.start && flat !== undefined)
        return { at: spotAt(document, flat.start), args: { plugin: "yes" }, severity: "note" };
      if (!isObjectNode(tree) || member(tree, "mcpServers") !== undefined) return undefined;
      // no fix: Visual Studio reads "servers" in this very file (learn.microsoft.com/visualstudio/ide/mcp-servers)
      const other = tree.entries.find(({ key }) => isServersKey(key));
      return other === undefined ? { at: spotAt(document, tree.start) } : { at: other, args: { found: other.key } };
    },
    message: ({ found, plugin }) =>
      plugin !== undefined
        ? 'there is no "mcpServers": Claude Code loads these servers with the plugin, but not in a session in this repository; allowed for both: {"mcpServers": {"<name>": {…}}}'
        : found === undefined
          ? 'there is no "mcpServers", so Claude Code loads no server from the file; allowed: {"mcpServers": {"<name>": {…}}}'
          : `the servers are under "${found}", where Claude Code does not look; ${found === "servers" ? `keep it for Visual Studio, and add "mcpServers" beside it` : `add "mcpServers"`}`,
  }),
  fileRow("mcp-servers-not-object", "error", 'Claude Code refuses a .mcp.json whose "mcpServers" is not an object', {
    find: ({ document: { tree } }) => {
      const value = member(tree, "mcpServers")?.value;
      return value === undefined || isObjectNode(value) ? undefined : { at: value, args: { got: kindWord(value) } };
    },
    message: `"mcpServers" is {got}, so Claude Code loads no server from the file; allowed: {"<name>": {…}}`,
  }),
];
