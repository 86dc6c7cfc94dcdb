/** Files that hold values: which of them must not be in git, and what of them is a secret. */

import { assignments } from "../formats/dotenv.ts";
import { spanOf } from "../formats/nodes.ts";
import { once } from "../once.ts";
import { givenBy } from "./given-values.ts";
import { haloServers, valueHeaders, variablesOf } from "./halo-servers.ts";
import type { Document, Subject } from "./model.ts";
import { isObviousExample, isSecretName } from "./secret-judge.ts";
import { fullText, secretsIn } from "./secret-places.ts";

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
export const tokenVariables = once((subject: Subject): ReadonlySet<string> => {
  const found = haloServers(subject).flatMap((server) =>
    valueHeaders(server)
      .filter(({ which }) => which === "token")
      .flatMap((header) => variablesOf(header, server.dialect)),
  );
  return new Set(["HALO_MCP_TOKEN", ...found]);
});

/** The variables of an env file whose values are secrets: by their shape, or because HALO's token is read from them. */
export function secretsHeld(document: Document, tokens: ReadonlySet<string>) {
  const found = secretsIn(document).map(({ name = "a comment", text, span }) => ({ name, value: text, span }));
  const known = new Set(found.map(({ span }) => span.offset));
  const more = assignments(fullText(document))
    .filter(({ name, value, rawStart }) => !known.has(rawStart) && tokens.has(name) && !isObviousExample(value))
    .map(({ name, value, rawStart, rawEnd }) => ({ name, value, span: spanOf({ start: rawStart, end: rawEnd }) }));
  return [...found, ...more];
}

/**
 * Whether a file is private by what it is: `.env`, what ends in `.local`, Claude Code's `settings.local.json`. Others, such
 * as `.env.test` and `.env.production`, are committed on purpose by many a framework, and are judged by what they hold.
 */
function isPrivateByName(document: Document): boolean {
  if (document.kind === "settings-local") return true;
  return /(?:^|\/)\.env(?:\.(?:[^/]+\.)?local)?$/.test(document.path);
}

/** The `.env` and `settings.local.json` files that belong to nobody but their owner. */
export const privateFiles = once((subject: Subject): readonly Document[] => {
  const tokens = tokenVariables(subject);
  return subject.documents.filter((document) => {
    if (document.kind !== "env" && document.kind !== "settings-local") return false;
    return isPrivateByName(document) || secretsHeld(document, tokens).length > 0;
  });
});

/** Whether the file holds anything that other users of the machine must not read. */
export function holdsSecret(document: Document, tokens: ReadonlySet<string>): boolean {
  if (document.kind === "env") return secretsHeld(document, tokens).length > 0;
  return [...givenBy(document)].some(
    ([name, { value }]) => (tokens.has(name) || isSecretName(name)) && !isObviousExample(value),
  );
}
