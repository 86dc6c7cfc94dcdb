/** What costs a `.mcp.json` all of its servers, or changes what is read from it (Claude Code 2.1.330, measured). In report order. */

import { spotAt } from "../check/loader.ts";
import { commentsOf, trailingCommasOf, withoutComment } from "../check/loose-json.ts";
import type { Broken, Document, Rule, Span } from "../check/model.ts";
import { fileRow } from "../check/rows.ts";
import { secretsIn } from "../check/secret-places.ts";
import { couldBe } from "../clients/claude-loader.ts";
import { type Container, type Entry, MAX_DEPTH } from "../formats/json.ts";
import { isObjectNode, keySpan, kindWord, member, spanOf, textOf } from "../formats/nodes.ts";

/** A row that says one thing of a file whose bytes are this. */
function encodingRow(encoding: Document["encoding"], rule: Omit<Rule, "check">): Rule {
  const find = ({ document }: { readonly document: Document }) => {
    // the first byte that did not fit
    const at = encoding === "not-utf-8" ? document.text.indexOf("\uFFFD") : 0;
    return document.encoding === encoding ? { span: spotAt(document, at) } : undefined;
  };
  return fileRow({ ...rule, find });
}

/** A row that says why a file could not be parsed. */
function brokenRow(kind: Broken["kind"], length: number, rule: Omit<Rule, "check">): Rule {
  const find = ({ document }: { readonly document: Document }) => {
    const { broken } = document;
    if (broken?.kind !== kind) return undefined;
    return { span: spotAt(document, broken.offset, length), args: { reason: broken.reason } };
  };
  return fileRow({ ...rule, find });
}

/** "MCP config is not a regular file or exceeds 2097152 bytes" (a BOM counts). */
const MAX_BYTES = 2_097_152;

/** Other spellings, and what other clients call it: VS Code `servers`, Zed `context_servers`, Codex `mcp_servers`, opencode `mcp`. */
const OTHERS = new Set(["mcpservers", "mcpserver", "servers", "server", "contextservers", "mcp"]);

const isOther = ({ key }: Entry): boolean => OTHERS.has(key.toLowerCase().replace(/[^a-z]/g, ""));

/** Every entry would load under the right key, and none asks for VS Code's `inputs`. */
function wouldLoad(node: Container, text: string): boolean {
  if (text.slice(node.start, node.end).includes("${input:")) return false;
  return node.entries.every(({ value }) => {
    const type = member(value, "type");
    return isObjectNode(value) && couldBe(type === undefined ? "stdio" : (textOf(type.value) ?? ""), value);
  });
}

function holdsOne({ offset, length }: Span, places: readonly number[]): boolean {
  return places.some((place) => place >= offset && place < offset + length);
}

export const FILE_RULES: readonly Rule[] = [
  encodingRow("not-a-file", {
    id: "not-a-file",
    severity: "error",
    summary: "Claude Code refuses a folder, a pipe or a device that is called .mcp.json",
    message: () =>
      "this is not a regular file but a folder, a pipe or a device, so Claude Code loads no server from it; allowed: a file, or a link to one",
  }),
  fileRow({
    id: "file-too-big",
    severity: "error",
    summary: "Claude Code refuses a .mcp.json of more than 2 MiB as a whole",
    find: ({ document }) => {
      const { encoding, text } = document;
      const isLong = text.length * 3 > MAX_BYTES && new TextEncoder().encode(text).length > MAX_BYTES;
      return encoding === "too-big" || isLong ? { span: spotAt(document, 0) } : undefined;
    },
    message: () =>
      "the file has more than 2,097,152 bytes, so Claude Code loads none of its servers; allowed: up to 2 MiB",
  }),
  // what Windows PowerShell's `>` and Notepad's "Unicode" write; measured with and without a BOM, both byte orders
  encodingRow("utf-16", {
    id: "utf-16",
    severity: "error",
    summary: "Claude Code refuses a .mcp.json in UTF-16 as a whole",
    message: () => "the file is in UTF-16, so Claude Code loads none of its servers; allowed: UTF-8",
  }),
  // the file loads, and every such byte has become U+FFFD: in a name, a URL or a header
  encodingRow("not-utf-8", {
    id: "not-utf-8",
    severity: "warning",
    summary: "Bytes that are not UTF-8 silently become replacement characters",
    message: () =>
      "the file is not in UTF-8, and Claude Code reads every byte that does not fit as U+FFFD; allowed: UTF-8",
  }),
  fileRow({
    id: "empty-file",
    severity: "warning",
    summary: "An empty .mcp.json has no servers, and Claude Code does not say so",
    // blank is what `trim` takes for blank, a BOM included (2.1.197 calls it no valid JSON; neither has servers)
    find: ({ document }) =>
      document.encoding === "utf-8" && document.text.trim() === "" ? { span: spotAt(document, 0) } : undefined,
    message: () =>
      'the file is empty: Claude Code loads no servers and does not say so; allowed: {"mcpServers": {…}}, or no file',
  }),
  brokenRow("conflict", 7, {
    id: "merge-conflict",
    severity: "error",
    summary: "Conflict markers of an unfinished merge cost the whole file",
    message: () =>
      "a conflict marker of an unfinished merge: Claude Code loads none of the servers; resolve the conflict",
  }),
  brokenRow("syntax", 1, {
    id: "syntax",
    severity: "error",
    summary: "Claude Code refuses a .mcp.json that is not JSON",
    message: ({ reason }) => `invalid JSON: ${reason}; Claude Code loads none of the servers`,
  }),
  fileRow({
    id: "comments",
    severity: "error",
    summary: "One comment, and Claude Code refuses the whole file",
    // one finding a file: the first comment is enough to lose everything; the fix takes all of them out
    find: ({ document }) => {
      const found = document.broken?.kind === "loose" ? commentsOf(document.text) : [];
      const [first] = found;
      if (first === undefined) return undefined;
      // what was pushed with a secret in it needs more than a deletion, and this may be the only copy
      const secrets = secretsIn(document).map(({ span }) => span.offset);
      const plain = found.filter((comment) => !holdsOne(comment, secrets));
      const fix = plain.length === 0 ? undefined : plain.map((comment) => withoutComment(document.text, comment));
      const args = { count: String(found.length), kept: plain.length === found.length ? "" : "yes" };
      return { span: first, args, fix };
    },
    message: ({ count, kept }) =>
      `a comment${count === "1" ? "" : ` (${count} in the file)`}: Claude Code takes strict JSON only and loads none of the servers${kept === "yes" ? "; one that holds a secret is not taken out by --fix: revoke the secret, then delete it yourself" : ""}`,
  }),
  fileRow({
    id: "trailing-commas",
    severity: "error",
    summary: "One comma too many, and Claude Code refuses the whole file",
    find: ({ document: { tree, broken } }) => {
      if (tree === undefined || broken?.kind !== "loose") return undefined;
      const commas = trailingCommasOf(tree).toSorted((a, b) => a - b);
      const fix = commas.map((offset) => ({ offset, length: 1, text: "" }));
      if (commas[0] === undefined) return undefined;
      return { span: { offset: commas[0], length: 1 }, args: { count: String(commas.length) }, fix };
    },
    message: ({ count }) =>
      `a comma before a closing brace or bracket${count === "1" ? "" : ` (${count} in the file)`}: Claude Code takes strict JSON only and loads none of the servers`,
  }),
  // Claude Code read 100,000 levels; our tree ends at 256
  brokenRow("too-deep", 1, {
    id: "too-deep",
    severity: "error",
    summary: "A file that is nested too deep cannot be checked",
    message: () =>
      `nested deeper than ${MAX_DEPTH} levels: this file cannot be checked; no field of a server is nested that deep`,
  }),
  fileRow({
    id: "root-not-object",
    severity: "error",
    summary: "Claude Code refuses a .mcp.json that is not an object",
    find: ({ document: { tree } }) =>
      tree === undefined || isObjectNode(tree) ? undefined : { span: spanOf(tree), args: { got: kindWord(tree) } },
    message: ({ got }) =>
      `the file is ${got}, so Claude Code loads no server from it; allowed: an object with "mcpServers"`,
  }),
  fileRow({
    id: "mcp-servers-missing",
    severity: "error",
    summary: 'Claude Code refuses a .mcp.json without "mcpServers" as a whole',
    find: ({ document }) => {
      const { tree, text } = document;
      if (!isObjectNode(tree) || member(tree, "mcpServers") !== undefined) return undefined;
      const [other, ...more] = tree.entries.filter(isOther);
      if (other === undefined) return { span: spotAt(document, tree.start), args: { found: "" } };
      const span = keySpan(document, other);
      const isSafe = more.length === 0 && isObjectNode(other.value) && wouldLoad(other.value, text);
      return { span, args: { found: other.key }, fix: isSafe ? [{ ...span, text: '"mcpServers"' }] : undefined };
    },
    message: ({ found = "" }) =>
      found === ""
        ? 'there is no "mcpServers", so Claude Code loads no server from the file; allowed: {"mcpServers": {"<name>": {…}}}'
        : `the servers are under "${found}", where Claude Code does not look; allowed: "mcpServers"`,
  }),
  fileRow({
    id: "mcp-servers-not-object",
    severity: "error",
    summary: 'Claude Code refuses the file when "mcpServers" is not an object',
    find: ({ document: { tree } }) => {
      const value = member(tree, "mcpServers")?.value;
      if (value === undefined || isObjectNode(value)) return undefined;
      return { span: spanOf(value), args: { got: kindWord(value) } };
    },
    message: ({ got }) =>
      `"mcpServers" is ${got}, so Claude Code loads no server from the file; allowed: an object, name by name`,
  }),
];
