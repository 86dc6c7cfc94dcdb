import type { TextEdit } from "../check/edits.ts";
import { type ServerObject, serverObjects } from "../check/loader.ts";
import type { Document, Rule, Span } from "../check/model.ts";
import { FIELDS } from "../check/shapes.ts";
import { finding } from "../check/show.ts";
import { isObjectNode, keySpan, member, spanOf, textOf, winners } from "../formats/nodes.ts";

interface Padded {
  readonly what: string;
  readonly span: Span;
  readonly fix: readonly TextEdit[] | undefined;
}

/**
 * Takes the blanks out: no edit holds the text between them, which may be a secret. Only where they stand as blanks: an
 * escape is spelled on purpose, and what it becomes is not ours to guess.
 */
function trimmed({ text }: Document, span: Span): readonly TextEdit[] | undefined {
  const inside = text.slice(span.offset + 1, span.offset + span.length - 1);
  const kept = inside.trim();
  if (kept === inside || kept === "" || /^\\[nrtfu]|\\[nrtf]$|\\u[0-9A-Fa-f]{4}$/.test(kept)) return undefined;
  const before = inside.length - inside.trimStart().length;
  const after = inside.length - before - kept.length;
  const start = span.offset + 1;
  return [
    { offset: start, length: before, text: "" },
    { offset: start + before + kept.length, length: after, text: "" },
  ].filter(({ length }) => length > 0);
}

function paddedOf({ document, node, transport }: ServerObject): readonly Padded[] {
  if (transport === undefined) return [];
  const found: Padded[] = [];
  for (const key of ["url", "command"]) {
    const value = member(node, key)?.value;
    const text = textOf(value);
    if (value === undefined || text === undefined || !FIELDS[transport].includes(key)) continue;
    if (text.trim() === text || text.trim() === "") continue;
    found.push({ what: `"${key}"`, span: spanOf(value), fix: trimmed(document, spanOf(value)) });
  }
  for (const key of ["headers", "env"]) {
    const record = member(node, key)?.value;
    if (!isObjectNode(record) || !FIELDS[transport].includes(key)) continue;
    const uses = new Map<string, number>();
    for (const { key: name } of record.entries) uses.set(name.trim(), (uses.get(name.trim()) ?? 0) + 1);
    for (const entry of winners(record)) {
      const name = entry.key.trim();
      if (name === entry.key || name === "") continue;
      const span = keySpan(document, entry);
      // trimmed it would be a second one of that name
      const fix = uses.get(name) === 1 ? trimmed(document, span) : undefined;
      found.push({ what: `a name in "${key}"`, span, fix });
    }
  }
  return found;
}

/**
 * Claude Code 2.1.330 warns and takes the blanks as they are: a program is not found (ENOENT), a header is refused
 * ("Invalid header name"), a variable has another name, a URL with U+00A0 is no URL. Blanks around values of headers are not sent.
 */
export const padding: Rule = {
  id: "padding",
  severity: "warning",
  summary: "Blanks around a URL, a command or a name are part of it",
  check: (subject) =>
    serverObjects(subject).flatMap((server) =>
      paddedOf(server).map(({ what, span, fix }) =>
        finding(subject, "padding", server.document, span, { name: server.name, what }, fix),
      ),
    ),
  message: ({ name, what }) =>
    `server "${name}": ${what} has blanks around it, which are part of it; allowed: no blanks`,
};
