/** Files that give variables their values: what they give, to whom, which must not be in git, and what is a secret of them. */
import { assignments } from "../formats/dotenv.ts";
import { isObjectNode, member, spanOf, textOf } from "../formats/nodes.ts";
import { once } from "../once.ts";
import { haloServers, valueHeaders, variablesOf } from "./halo-servers.ts";
import type { Document, Span, Subject } from "./model.ts";
import { isObviousExample } from "./secret-judge.ts";
import { secretsIn } from "./secret-places.ts";

/** A value that a file gives to a variable, and where it stands. */
export interface Given {
  readonly document: Document;
  readonly value: string;
  readonly span: Span;
}

/**
 * Those that everybody gets: `env` of `.claude/settings.json` reaches sessions (measured with Claude Code 2.1.330),
 * `.env.example` is copied, the others are sourced. Of `.env` and `.envrc` only what git tracks: the rest is private.
 */
const givingFiles = once((subject: Subject): readonly Document[] =>
  subject.documents.filter(({ kind, tracked, ignored }) =>
    /^env(?:rc)?$/.test(kind) ? tracked : /^(?:settings|env-example)$/.test(kind) && (tracked || !ignored),
  ),
);

/** The folder that a file speaks for: for `.claude/settings.json` and `.kiro/settings/mcp.json` the one above. */
function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1).replace(/(^|\/)\.[\w-]+\/(?:[\w-]+\/)?$/, "$1");
}

/** What a file gives, by name; of two assignments the last one counts. */
export const givenBy = once((document: Document): ReadonlyMap<string, Given> => {
  const given = new Map<string, Given>();
  if (document.kind === "settings" || document.kind === "settings-local") {
    const env = member(document.tree, "env")?.value;
    for (const { key, value: node } of isObjectNode(env) ? env.entries : []) {
      const value = textOf(node);
      if (value !== undefined) given.set(key, { document, value, span: spanOf(node) });
    }
  } else {
    for (const { name, value, rawStart, rawEnd } of assignments(document.text))
      given.set(name, { document, value, span: spanOf({ start: rawStart, end: rawEnd }) });
  }
  return given;
});

/**
 * What the files above and below this one give to a variable; nothing for an empty value, which leaves it to each machine.
 * In: the file that refers to it, and the variable.
 */
export function givenValues(subject: Subject, user: Document, name: string): readonly Given[] {
  const here = folderOf(user.path);
  return givingFiles(subject).flatMap((document) => {
    if (document.kind === "settings" && user.kind !== "mcp") return [];
    const there = folderOf(document.path);
    if (!here.startsWith(there) && !there.startsWith(here)) return [];
    const given = givenBy(document).get(name);
    return given === undefined || given.value.trim() === "" ? [] : [given];
  });
}

/**
 * In git's index, or one `git add -A` away from it. Without a repository nobody can say: a file that is made to be shared
 * counts as one, and `.envrc`, which like `.env` is private until git takes it, does not.
 */
export function isShared(subject: Subject, document: Document): boolean {
  if (!subject.inRepository) return document.kind !== "envrc";
  return document.tracked || !document.ignored;
}

/** The environment's own token in a tracked file: the rule token-in-repository says so. */
export function isSaidElsewhere(subject: Subject, document: Document, text: string): boolean {
  return document.tracked && subject.secrets.some((secret) => secret.length >= 8 && text.includes(secret));
}

/** The variables that carry HALO's token here: the documented one, and those that an entry takes for it. */
const tokenVariables = once((subject: Subject): ReadonlySet<string> => {
  const found = haloServers(subject).flatMap((server) =>
    valueHeaders(server)
      .filter(({ which }) => which === "token")
      .flatMap((header) => variablesOf(header, server.dialect)),
  );
  return new Set(["HALO_MCP_TOKEN", ...found]);
});

/** The values of a file that are secrets: by their shape, or because HALO's token is read from their variable. */
export function secretsHeld(subject: Subject, document: Document) {
  const found = secretsIn(document).map(({ name = "a comment", text, span }) => ({ name, value: text, span }));
  const known = new Set(found.map(({ span }) => span.offset));
  const more = [...givenBy(document)].flatMap(([name, { value, span }]) => {
    const isSecret = tokenVariables(subject).has(name) && !isObviousExample(value);
    return isSecret && !known.has(span.offset) ? [{ name, value, span }] : [];
  });
  return [...found, ...more];
}

/**
 * The `.env` and `settings.local.json` files that belong to nobody but their owner: by their name, or by what they hold.
 * Others, such as `.env.test` and `.env.production`, are committed on purpose by many a framework.
 */
export const privateFiles = once((subject: Subject): readonly Document[] =>
  subject.documents.filter((document) => {
    const { kind, path } = document;
    if (kind === "settings-local" || (kind === "env" && /(?:^|\/)\.env(?:\.(?:[^/]+\.)?local)?$/.test(path)))
      return true;
    return kind === "env" && secretsHeld(subject, document).length > 0;
  }),
);
