import { rightType } from "../check/key-names.ts";
import { couldBe, serverObjects } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import { kindWord, member, spanOf, textOf } from "../formats/nodes.ts";

/** Case counts ("HTTP" is unknown), and `sse-ide`, `ws-ide`, `sdk`, `claudeai-proxy` belong to hosts other than a file. */
export const unknownType: Rule = {
  id: "unknown-type",
  severity: "error",
  summary: 'Claude Code skips a server whose "type" it does not know, and case counts',
  check: (subject) =>
    serverObjects(subject).flatMap(({ document, name, node, transport }) => {
      const type = member(node, "type")?.value;
      if (transport !== undefined || type === undefined) return [];
      const text = textOf(type);
      const right = text === undefined ? undefined : rightType(text);
      const args = {
        name,
        got: text === undefined ? kindWord(type) : `"${text}"`,
        right: right === undefined ? "" : `"${right}"`,
      };
      const fix = right !== undefined && couldBe(right, node) ? [{ ...spanOf(type), text: `"${right}"` }] : undefined;
      return [finding(subject, "unknown-type", document, spanOf(type), args, fix)];
    }),
  message: ({ name, got, right }) =>
    `server "${name}": "type" is ${got}, so Claude Code skips the server; ${right === undefined || right === "" ? "" : `${right} is probably meant; `}allowed: "http", "sse", "ws", "stdio"`,
};
