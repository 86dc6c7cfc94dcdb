import { keyCorrections } from "../check/key-names.ts";
import { serverObjects } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import { keySpan } from "../formats/nodes.ts";

/** Claude Code ignores keys it does not know, without a word: the headers, say, are then not sent. */
export const misspelledKey: Rule = {
  id: "misspelled-key",
  severity: "warning",
  summary: "A key that Claude Code does not know, and that is meant to be one it knows",
  check: (subject) =>
    serverObjects(subject).flatMap(({ document, name, node }) =>
      keyCorrections(node).map(({ entry, right, safe }) => {
        const span = keySpan(document, entry);
        const fix = safe ? [{ ...span, text: `"${right}"` }] : undefined;
        return finding(subject, "misspelled-key", document, span, { name, key: entry.key, right }, fix);
      }),
    ),
  message: ({ name, key, right }) => `server "${name}": Claude Code ignores "${key}"; "${right}" is probably meant`,
};
