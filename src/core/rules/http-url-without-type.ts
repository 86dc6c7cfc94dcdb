import type { TextEdit } from "../check/edits.ts";
import { keyCorrections } from "../check/key-names.ts";
import { serverObjects } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import type { Entry } from "../formats/json.ts";
import { keySpan, member, textOf } from "../formats/nodes.ts";

/** `"type": "http"` on a line of its own where the URL has one. */
function withType(text: string, url: Entry): TextEdit {
  const [, gap] = /((?:\r\n|\n|\r)[ \t]*)$/.exec(text.slice(Math.max(0, url.start - 200), url.start)) ?? [];
  return { offset: url.start, length: 0, text: `"type": "http",${gap ?? " "}` };
}

/**
 * Measured with Claude Code 2.1.330: "Skipped — has a "url" but no "type"", the other servers stay. With a `command` the
 * entry is a program, and the URL is not looked at.
 */
export const httpUrlWithoutType: Rule = {
  id: "http-url-without-type",
  severity: "error",
  summary: 'A server with a "url" needs "type": Claude Code skips it otherwise',
  check: (subject) =>
    serverObjects(subject).flatMap(({ document, name, entry, node }) => {
      const url = member(node, "url");
      if (url === undefined || member(node, "type") !== undefined || member(node, "command") !== undefined) return [];
      // not where the URL says another transport, or a misspelled key is meant to be the type
      const text = textOf(url.value) ?? "";
      const isHttp = /^https?:/.test(text) && !/\/sse\/?(?:[?#]|$)/.test(text);
      const meant = keyCorrections(node).some(({ right }) => right === "type");
      const fix = isHttp && !meant ? [withType(document.text, url)] : undefined;
      return [finding(subject, "http-url-without-type", document, keySpan(document, entry), { name }, fix)];
    }),
  message: ({ name }) =>
    `server "${name}" has a "url" but no "type", so Claude Code skips it; allowed: "type": "http", "sse" or "ws"`,
};
