/** Files that give variables their values: what they give, to whom, and which must not be in git. */
import { settingsMisfits } from "../clients/claude-settings.ts";
import { hasReference } from "../clients/references.ts";
import { assignments } from "../formats/dotenv.ts";
import { isObjectNode, member, spanOf, textOf } from "../formats/nodes.ts";
import { storeOf } from "../halo.ts";
import { once } from "../once.ts";
import { documentOf, kindOf } from "./documents.ts";
import type { Document, Subject } from "./model.ts";
import { isObviousExample, isSecretName } from "./secret-judge.ts";
import { secretsIn } from "./secret-places.ts";

/** Files whose values everybody gets (Claude Code 2.1.330, measured); `.env` and `.envrc` only if git tracks them. */
const isGiving = ({ kind, tracked, ignored }: Document): boolean =>
  /^env(?:rc)?$/.test(kind) ? tracked : /^(?:settings|env-example)$/.test(kind) && (tracked || !ignored);

/** direnv's `.envrc` loads something, as with `source_env` or `dotenv_if_exists`. */
export const LOADS = /^[ \t]*(?:dotenv|source|\.|export[ \t]+HALO_)/m;

/** The folder that a file applies to: for `.claude/settings.json` and `.kiro/settings/mcp.json` the one above. */
const folderOf = (path: string): string => path.replace(/[^/]*$/, "").replace(/(^|\/)\.[\w-]+\/(?:[\w-]+\/)?$/, "$1");

/** A settings file that Claude Code skips as a whole: nothing in it counts. */
export const isSkipped = ({ kind, broken, tree }: Document): boolean =>
  kind.startsWith("settings") && (broken !== undefined || (isObjectNode(tree) && settingsMisfits(tree).length > 0));

/** The variables that a file sets, by name, with their places; the last assignment counts. */
export const givenBy = once((document: Document) => {
  const { kind, tree, text } = document;
  if (!kind.startsWith("settings")) {
    const given = assignments(text).map(({ name, value, rawStart: start, rawEnd: end }) => {
      return [name, { document, value, span: spanOf({ start, end }) }] as const;
    });
    return new Map(given);
  }
  const env = isSkipped(document) ? undefined : member(tree, "env")?.value;
  const entries = isObjectNode(env) ? env.entries : [];
  return new Map(entries.map(({ key, value }) => [key, { document, value: textOf(value) ?? "", span: spanOf(value) }]));
});

/** The values that files above and below `user` give to a variable; an empty one leaves it to each machine. */
export function givenValues(subject: Subject, user: Document, name: string) {
  const here = folderOf(user.path);
  return subject.documents.filter(isGiving).flatMap((document) => {
    if (document.kind === "settings" && user.kind !== "mcp") return [];
    const there = folderOf(document.path);
    if (!here.startsWith(there) && !there.startsWith(here)) return [];
    const given = givenBy(document).get(name);
    return given === undefined || given.value.trim() === "" ? [] : [given];
  });
}

/** In git's index, or added by the next `git add -A`. Without a repository: what is usually shared. */
export const isShared = ({ inRepository }: Subject, { kind, tracked, ignored }: Document): boolean =>
  inRepository ? tracked || !ignored : kind !== "envrc";

/** A `.env` without a secret or a name for one: such a file is committed on purpose (documentation of Vite 8 and Create React App 5). */
export function isOnlySettings(document: Document): boolean {
  const isPlain = /(?:^|\/)\.env$/.test(document.path) && secretsIn(document).length === 0;
  return isPlain && assignments(document.text).every(({ name }) => !isSecretName(name));
}

/** Private by name or content. Frameworks commit `.env.test` and the like. */
export function isPrivate(document: Document): boolean {
  const { kind, path, text } = document;
  if (kind !== "env" || secretsIn(document).length > 0) return kind === "env" || kind === "settings-local";
  const named = assignments(text).filter(({ name, value }) => value !== "" && isSecretName(name));
  const plain = named.filter(({ value }) => storeOf(value) === undefined);
  // encrypted values and references to a store may be committed (dotenvx/dotenvx#207; 1Password, "Load secrets into the environment")
  if (plain.length < named.length || /^DOTENV_PUBLIC_KEY/m.test(text))
    return plain.some(({ value }) => !hasReference(value) && !isObviousExample(value));
  return /(?:^|\/)\.env(?:\.(?:[^/]+\.)?local)?$/.test(path);
}

/** Whether a file of values has a secret, or a value under a secret's name. */
export function hasSecret(path: string, text: string): boolean {
  const kind = kindOf(path) ?? "env";
  const document = documentOf({ path, kind, text, encoding: "utf-8", tracked: false, ignored: true, mode: undefined });
  const isNamed = [...givenBy(document)].some(([name, { value }]) => value !== "" && isSecretName(name));
  return document.broken !== undefined || isNamed || secretsIn(document).length > 0;
}
