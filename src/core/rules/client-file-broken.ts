import { brokenBy, spotAt } from "../check/loader.ts";
import type { Document, Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import { syntaxOf } from "../clients/client-syntax.ts";
import { brokenLineOf } from "../clients/codex-check.ts";

const ID = "client-file-broken";

interface Broken {
  readonly client: string;
  readonly reason: string;
  readonly offset: number;
}

function isSettings({ kind }: Document): boolean {
  return kind === "settings" || kind === "settings-local";
}

/**
 * Claude Code 2.1.330 takes nothing from a settings file with a comment or a comma too many (measured: the approval in it is
 * not seen, and nothing says so); a BOM is fine. Of the other clients some take comments (VS Code, opencode), so only what no
 * reader of JSON takes is said of theirs. An empty file says nothing, and nothing is lost in it.
 */
function brokenOf(document: Document): Broken | undefined {
  if (document.kind === "client:codex") {
    const broken = brokenLineOf(document.text);
    return broken === undefined ? undefined : { client: "Codex", ...broken };
  }
  if (document.broken === undefined) return undefined;
  const client = isSettings(document) ? "Claude Code" : syntaxOf(document.kind)?.label;
  const broken = brokenBy(document);
  if (client === undefined || broken === undefined) return undefined;
  if (broken.kind !== "loose") return { client, ...broken.refused };
  return isSettings(document)
    ? { client, reason: "a comment, or a comma too many", offset: document.broken.offset }
    : undefined;
}

export const clientFileBroken: Rule = {
  id: ID,
  severity: "error",
  summary: "A client's settings cannot be read, and all that stands in them is lost",
  check: (subject) =>
    subject.documents.flatMap((document) => {
      if (document.kind === "mcp") return [];
      const broken = brokenOf(document);
      if (broken === undefined) return [];
      const { client, reason, offset } = broken;
      return [finding(subject, ID, document, spotAt(document, offset), { client, reason, path: document.path })];
    }),
  message: ({ client, reason, path }) =>
    `${client} cannot read ${path}, so nothing in it counts: ${reason}; put the syntax right`,
};
