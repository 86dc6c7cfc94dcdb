import { serverObjects } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import { keySpan, kindWord, member, spanOf, textOf } from "../formats/nodes.ts";

/** An entry without a `type` is a program to Claude Code, as is one of the type `stdio`. */
export const missingCommand: Rule = {
  id: "missing-command",
  severity: "error",
  summary: 'Claude Code skips a program whose "command" is missing, empty or no string',
  check: (subject) =>
    serverObjects(subject).flatMap(({ document, name, entry, node, transport }) => {
      if (transport !== "stdio") return [];
      const command = member(node, "command")?.value;
      if ((textOf(command) ?? "") !== "") return [];
      // rule `http-url-without-type` says what is wrong there
      const typed = member(node, "type") !== undefined;
      if (command === undefined && !typed && member(node, "url") !== undefined) return [];
      const span = command === undefined ? keySpan(document, entry) : spanOf(command);
      const got = command === undefined ? "missing" : kindWord(command);
      return [finding(subject, "missing-command", document, span, { name, got })];
    }),
  message: ({ name, got }) =>
    `server "${name}": "command" is ${got}, so Claude Code skips the server; allowed: the name of a program, or "type": "http" with a "url"`,
};
