import { type ServerObject, serverObjects } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import type { Entry, Node } from "../formats/json.ts";
import { keySpan, member, textOf } from "../formats/nodes.ts";

const isValue = (node: Node, value: boolean): boolean => node.kind === "scalar" && node.value === value;
const isText = (node: Node): boolean => (textOf(node) ?? "") !== "";
const isFilled = (node: Node): boolean => node.kind === "object" && node.entries.length > 0;
const isThere = (): boolean => true;

interface Ignored {
  readonly key: string;
  readonly of: "any" | "program" | "remote";
  /** With another value the key says nothing that is not true anyway. */
  readonly when: (node: Node) => boolean;
  readonly instead: string;
}

/** Keys of other clients that Claude Code 2.1.330 loads without a word and without effect (each measured). */
const IGNORED: readonly Ignored[] = [
  { key: "disabled", of: "any", when: (node) => isValue(node, true), instead: "the server is loaded all the same" },
  { key: "enabled", of: "any", when: (node) => isValue(node, false), instead: "the server is loaded all the same" },
  { key: "cwd", of: "program", when: isText, instead: "the program runs where Claude Code was started" },
  { key: "envFile", of: "program", when: isText, instead: "the program does not get these variables" },
  { key: "url", of: "program", when: isThere, instead: "the program is started, and nothing is sent to the URL" },
  { key: "headers", of: "program", when: isFilled, instead: "a program has no headers" },
  {
    key: "env",
    of: "remote",
    when: isFilled,
    instead: "these variables are not set, not for references in headers either",
  },
  { key: "command", of: "remote", when: isText, instead: "the program is not started" },
];

function ignoredOf({ node, transport }: ServerObject): readonly { readonly entry: Entry; readonly instead: string }[] {
  if (transport === undefined) return [];
  const kind = transport === "stdio" ? "program" : "remote";
  if (kind === "program" && !isText(member(node, "command")?.value ?? node)) return [];
  return IGNORED.flatMap(({ key, of, when, instead }) => {
    const entry = of === "any" || of === kind ? member(node, key) : undefined;
    return entry !== undefined && when(entry.value) ? [{ entry, instead }] : [];
  });
}

export const ignoredKey: Rule = {
  id: "ignored-key",
  severity: "warning",
  summary: "A key that works elsewhere and has no effect in Claude Code",
  check: (subject) =>
    serverObjects(subject).flatMap((server) =>
      ignoredOf(server).map(({ entry, instead }) => {
        const { document, name } = server;
        return finding(subject, "ignored-key", document, keySpan(document, entry), { name, key: entry.key, instead });
      }),
    ),
  message: ({ name, key, instead }) => `server "${name}": Claude Code ignores "${key}" here: ${instead}`,
};
