import { REMOTE, serverObjects } from "../check/loader.ts";
import type { Finding, Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import { withoutPlaceholders } from "../clients/references.ts";
import { isObjectNode, keySpan, member, spanOf, textOf, winners } from "../formats/nodes.ts";

/** The letters of a header's name (RFC 9110); measured character by character with 2.1.330. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** NUL, CR and LF inside, and what Latin-1 does not have ("Header 'A' has invalid value"); other controls are sent. */
const NOT_SENT = /[\0\r\n]|[^\0-\u00ff]/;

/** What stands in the file for certain: a variable may hold anything, and blanks at both ends are not sent. */
function isSent(value: string): boolean {
  return !NOT_SENT.test(withoutPlaceholders(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, ""));
}

/** The name up to the character that is wrong: a whole line "Name: value" may have been pasted, with a secret in it. */
function nameOf(header: string): string {
  const good = /^[!#$%&'*+.^_`|~0-9A-Za-z-]*/.exec(header)?.[0] ?? "";
  return good === header ? header : `${good}…`;
}

export const unsendableHeader: Rule = {
  id: "unsendable-header",
  severity: "warning",
  summary: "A header that cannot be sent: the server loads and never connects",
  check: (subject) =>
    serverObjects(subject).flatMap(({ document, name, node, transport }) => {
      const headers = member(node, "headers")?.value;
      if (!isObjectNode(headers) || transport === undefined || !REMOTE.includes(transport)) return [];
      return winners(headers).flatMap((entry): readonly Finding[] => {
        if (entry.key === "__proto__") return [];
        const args = (part: string) => ({ name, header: nameOf(entry.key), part });
        // blanks around a name are the rule `padding`
        if (!NAME.test(entry.key) && !NAME.test(entry.key.trim()))
          return [finding(subject, "unsendable-header", document, keySpan(document, entry), args("name"))];
        const value = textOf(entry.value);
        if (value === undefined || isSent(value)) return [];
        return [finding(subject, "unsendable-header", document, spanOf(entry.value), args("value"))];
      });
    }),
  message: ({ name, header, part }) =>
    part === "name"
      ? `server "${name}": "${header}" is no name of a header, and Claude Code never connects; allowed: letters, digits and "-"`
      : `server "${name}": the value of "${header}" cannot be sent, and Claude Code never connects; allowed: one line of Latin-1`,
};
