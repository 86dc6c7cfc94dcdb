/** Files that give variables their values: what they give, to whom, which must not be in git, and what is a secret of them. */
import { assignments } from "../formats/dotenv.ts";
import { isObjectNode, member, spanOf, textOf } from "../formats/nodes.ts";
import { once } from "../once.ts";
import type { Document, Span, Subject } from "./model.ts";
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
function isGiving({ kind, tracked, ignored }: Document): boolean {
  return /^env(?:rc)?$/.test(kind) ? tracked : /^(?:settings|env-example)$/.test(kind) && (tracked || !ignored);
}

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
  return subject.documents.filter(isGiving).flatMap((document) => {
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

/**
 * The `.env` and `settings.local.json` files that belong to nobody but their owner: by their name, or by what they hold.
 * Others, such as `.env.test` and `.env.production`, are committed on purpose by many a framework, and what dotenvx encrypts
 * is too (dotenvx/dotenvx#207).
 */
export function isPrivate(document: Document): boolean {
  const { kind, path, text } = document;
  if (kind === "settings-local") return true;
  const isNamed = /(?:^|\/)\.env(?:\.(?:[^/]+\.)?local)?$/.test(path) && !/^DOTENV_PUBLIC_KEY/m.test(text);
  return kind === "env" && (isNamed || secretsIn(document).length > 0);
}
