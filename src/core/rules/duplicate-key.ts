import { mcpDocuments } from "../check/loader.ts";
import type { Document, Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import type { Entry, Node } from "../formats/json.ts";
import { isObjectNode, keySpan, member, winners } from "../formats/nodes.ts";

/** The properties that a later one of the same name replaces. What the rule `duplicate-server` says is not said again. */
function replaced({ tree }: Document): readonly Entry[] {
  const found: Entry[] = [];
  const servers = member(tree, "mcpServers")?.value;
  const walk = (node: Node): void => {
    if (node.kind === "scalar") return;
    for (const { value } of node.entries) walk(value);
    if (node.kind !== "object" || node === servers) return;
    const kept = winners(node);
    if (kept.length === node.entries.length) return;
    const keep = new Set(kept);
    const isBlock = (entry: Entry): boolean =>
      node === tree && entry.key === "mcpServers" && isObjectNode(entry.value) && entry.value.entries.length > 0;
    found.push(...node.entries.filter((entry) => !keep.has(entry) && !isBlock(entry)));
  };
  if (tree !== undefined) walk(tree);
  return found;
}

export const duplicateKey: Rule = {
  id: "duplicate-key",
  severity: "warning",
  summary: "Of two equal keys the last one counts, without a word",
  check: (subject) =>
    mcpDocuments(subject).flatMap((document) =>
      replaced(document).map((entry) =>
        finding(subject, "duplicate-key", document, keySpan(document, entry), { key: entry.key }),
      ),
    ),
  message: ({ key }) => `a later "${key}" in the same object replaces this one; allowed: each key once`,
};
