import { mcpDocuments } from "../check/loader.ts";
import type { Finding, Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import { isObjectNode, keySpan, member, winners } from "../formats/nodes.ts";

/** The last one wins, for names and for `mcpServers` itself (2.1.330): what came before is dropped without a word. */
export const duplicateServer: Rule = {
  id: "duplicate-server",
  severity: "error",
  summary: "Of two servers with one name Claude Code drops the first, without a word",
  check: (subject) =>
    mcpDocuments(subject).flatMap((document): readonly Finding[] => {
      const { tree } = document;
      if (!isObjectNode(tree)) return [];
      const last = member(tree, "mcpServers");
      const blocks = tree.entries.filter(
        (entry) =>
          entry.key === "mcpServers" && entry !== last && isObjectNode(entry.value) && entry.value.entries.length > 0,
      );
      const lost = blocks.map((entry) =>
        finding(subject, "duplicate-server", document, keySpan(document, entry), { name: "" }),
      );
      if (!isObjectNode(last?.value)) return lost;
      const kept = new Set(winners(last.value));
      const dropped = last.value.entries.filter((entry) => !kept.has(entry));
      return [
        ...lost,
        ...dropped.map((entry) =>
          finding(subject, "duplicate-server", document, keySpan(document, entry), { name: `"${entry.key}"` }),
        ),
      ];
    }),
  message: ({ name }) =>
    name === undefined || name === ""
      ? 'a later "mcpServers" replaces this one, and Claude Code drops its servers; allowed: one'
      : `a later server of the same name replaces ${name}, and Claude Code drops this one; allowed: each name once`,
};
