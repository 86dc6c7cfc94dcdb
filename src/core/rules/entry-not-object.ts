import { entriesOf } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import { isObjectNode, kindWord, spanOf } from "../formats/nodes.ts";

export const entryNotObject: Rule = {
  id: "entry-not-object",
  severity: "error",
  summary: "Claude Code skips a server that is no object",
  check: (subject) =>
    entriesOf(subject).flatMap(({ document, name, entry: { value } }) => {
      // of this name the value does not count: rule `reserved-name`
      if (isObjectNode(value) || name === "__proto__") return [];
      return [finding(subject, "entry-not-object", document, spanOf(value), { name, got: kindWord(value) })];
    }),
  message: ({ name, got }) => `server "${name}" is ${got}, so Claude Code skips it; allowed: an object`,
};
