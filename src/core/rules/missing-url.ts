import { serverObjects } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import { keySpan, kindWord, member, spanOf, textOf } from "../formats/nodes.ts";

export const missingUrl: Rule = {
  id: "missing-url",
  severity: "error",
  summary: 'Claude Code skips a remote server whose "url" is missing or no string',
  check: (subject) =>
    serverObjects(subject).flatMap(({ document, name, entry, node, transport }) => {
      if (transport === undefined || transport === "stdio") return [];
      const url = member(node, "url")?.value;
      if (textOf(url) !== undefined) return [];
      const span = url === undefined ? keySpan(document, entry) : spanOf(url);
      return [
        finding(subject, "missing-url", document, span, { name, got: url === undefined ? "missing" : kindWord(url) }),
      ];
    }),
  message: ({ name, got }) => `server "${name}": "url" is ${got}, so Claude Code skips the server; allowed: a string`,
};
