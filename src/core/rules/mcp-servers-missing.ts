import { couldBe, mcpDocuments, spotAt } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import type { Container, Entry } from "../formats/json.ts";
import { isObjectNode, keySpan, member, textOf } from "../formats/nodes.ts";

/** Other spellings, and what other clients call it: VS Code `servers`, Zed `context_servers`, Codex `mcp_servers`, opencode `mcp`. */
const OTHERS = new Set(["mcpservers", "mcpserver", "servers", "server", "contextservers", "mcp"]);

const isOther = ({ key }: Entry): boolean => OTHERS.has(key.toLowerCase().replace(/[^a-z]/g, ""));

/** Every entry would load under the right key, and none asks for VS Code's `inputs`. */
function wouldLoad(node: Container, text: string): boolean {
  if (text.slice(node.start, node.end).includes("${input:")) return false;
  return node.entries.every(({ value }) => {
    if (!isObjectNode(value)) return false;
    const type = member(value, "type");
    return couldBe(type === undefined ? "stdio" : (textOf(type.value) ?? ""), value);
  });
}

export const mcpServersMissing: Rule = {
  id: "mcp-servers-missing",
  severity: "error",
  summary: 'Claude Code refuses a .mcp.json without "mcpServers" as a whole',
  check: (subject) =>
    mcpDocuments(subject).flatMap((document) => {
      const { tree, text } = document;
      if (!isObjectNode(tree) || member(tree, "mcpServers") !== undefined) return [];
      const others = tree.entries.filter(isOther);
      const [other] = others;
      if (other === undefined) {
        return [finding(subject, "mcp-servers-missing", document, spotAt(document, tree.start), { found: "" })];
      }
      const span = keySpan(document, other);
      const only = others.length === 1 && isObjectNode(other.value) && wouldLoad(other.value, text);
      const fix = only ? [{ ...span, text: '"mcpServers"' }] : undefined;
      return [finding(subject, "mcp-servers-missing", document, span, { found: other.key }, fix)];
    }),
  message: ({ found }) =>
    found === undefined || found === ""
      ? 'there is no "mcpServers", so Claude Code loads no server from the file; allowed: {"mcpServers": {"<name>": {…}}}'
      : `the servers are under "${found}", where Claude Code does not look; allowed: "mcpServers"`,
};
