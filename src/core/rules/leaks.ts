/** Secrets that others can read: in git, one `git add -A` away from it, or open to other users of the machine. */
import {
  holdsSecret,
  isSaidElsewhere,
  isShared,
  privateFiles,
  secretsHeld,
  tokenVariables,
} from "../check/env-files.ts";
import { meantBy, missingValues, remoteHaloServers, valueHeaders } from "../check/halo-servers.ts";
import type { Document, Finding, Rule, Subject } from "../check/model.ts";
import { type Place, rowsOf } from "../check/rows.ts";
import { isSecretName, secretIn } from "../check/secret-judge.ts";
import { fullText, secretsIn } from "../check/secret-places.ts";
import { finding } from "../check/show.ts";
import { spanOf } from "../formats/nodes.ts";
import { HEADERS } from "../halo.ts";
import { maskOf } from "../secrets.ts";

const START = { offset: 0, length: 0 };

/** A row about each of the files that `picks` takes. */
function filesWhere(picks: (document: Document, subject: Subject) => boolean) {
  return rowsOf((subject) =>
    subject.documents.filter((document) => picks(document, subject)).map((document) => ({ document })),
  );
}

/** Where a parsed file holds a value: as it is, or written with escapes. */
function placeOf(document: Document, secret: string): Place | undefined {
  const offset = fullText(document).indexOf(secret);
  if (offset >= 0) return { span: { offset, length: secret.length } };
  return secretsIn(document).find(({ text }) => text.includes(secret));
}

/** No guess: it is the very value that HALO_MCP_TOKEN has in this environment. */
const inDocuments = filesWhere(({ tracked }) => tracked)({
  id: "token-in-repository",
  severity: "error",
  summary: "A tracked file contains the token of this environment",
  find: ({ document }, { secrets }) =>
    secrets
      .filter((secret) => secret.length >= 8)
      .flatMap((secret) => {
        const place = placeOf(document, secret);
        return place === undefined ? [] : [{ span: place.span }];
      }),
  message: () =>
    "this tracked file contains the value of HALO_MCP_TOKEN; delete the token in HALO Studio now (Settings > Product Tokens) and create a new one: pushed commits stay readable",
});

const tokenInRepository: Rule = {
  ...inDocuments,
  check: (subject) => [
    ...inDocuments.check(subject),
    ...subject.spilled.map(({ path, ...span }) => finding(subject, inDocuments.id, { path }, span, {})),
  ],
};

const isLooked = ({ kind }: Document): boolean => /^(?:mcp|settings|envrc|client:.*)$/.test(kind);

/** Whoever has the repository, or ever had it, has the secret: deleting the line does not take it back. */
const committedSecret = filesWhere((document, subject) => isLooked(document) && isShared(subject, document))({
  id: "committed-secret",
  severity: "error",
  summary: "A file that git tracks, or would add, contains a secret",
  find: ({ document }, subject) => {
    // the environment's own token has a rule of its own
    const isKnown = (text: string): boolean => isSaidElsewhere(subject, document, text);
    const found = secretsIn(document).filter(({ text }) => !isKnown(text));
    const seen = new Set(found.map(({ span }) => span.offset));
    // under a misspelled name it is the token all the same
    const servers = remoteHaloServers(subject).filter((server) => server.document === document);
    const misspelled = servers.flatMap((server) => {
      const tokens = [
        ...server.headers.filter(({ name }) => meantBy(name, missingValues(server)) === "token"),
        ...valueHeaders(server).filter(({ which }) => which === "token"),
      ];
      return tokens.flatMap(({ name, text = "", entry }) => {
        const shape = secretIn(text, HEADERS.token);
        if (shape === undefined || seen.has(entry.value.start) || isKnown(text)) return [];
        const where = `header "${name}" of server "${server.name}"`;
        return [{ what: shape.what, value: text.slice(shape.start, shape.end), where, span: spanOf(entry.value) }];
      });
    });
    const ofGit = document.tracked ? "git tracks this file" : "no ignore rule covers this file";
    const git = subject.inRepository ? ofGit : "without a git repository check assumes that the file is shared";
    return [...found, ...misspelled].map(({ what, value, where, span }) => {
      return { span, args: { what, where, value: maskOf(value), git } };
    });
  },
  message: ({ what, where, value, git }) =>
    `${where} contains ${what} (${value}), and ${git}; allowed: a reference to a variable. Revoke the secret first: pushed commits stay readable`,
});

const committedEnvFile = rowsOf((subject) => privateFiles(subject).map((document) => ({ document })))({
  id: "committed-env-file",
  severity: "error",
  summary: "Git tracks a file with private values",
  find: ({ document: { tracked, path } }) => (tracked ? { span: START, args: { path } } : undefined),
  message: ({ path }) =>
    `git tracks ${path}, so every clone contains its values; run git rm --cached ${path}, add it to .gitignore, and replace the secrets in it. Allowed: .env.example, with names only`,
});

/** A `.env` that is not there yet: a warning at the first secret that `.mcp.json` takes from the environment. */
function ofAbsent(subject: Subject, path: string): readonly Finding[] {
  const document = subject.documents.find((each) => each.path === path.replace(/\.env$/, ".mcp.json"));
  const references = [...(document?.text.matchAll(/\$\{([A-Za-z_]\w{0,127})\}/g) ?? [])];
  const match = references.find(([, name = ""]) => isSecretName(name));
  if (document === undefined || match === undefined) return [];
  const span = { offset: match.index, length: match[0].length };
  const found = finding(subject, "env-file-not-ignored", document, span, { path, variable: match[1] ?? "" });
  return [{ ...found, severity: "warning" }];
}

const envFileNotIgnored: Rule = {
  id: "env-file-not-ignored",
  severity: "error",
  summary: "No ignore rule covers a file with private values",
  check: (subject) => [
    ...privateFiles(subject)
      .filter(({ tracked, ignored }) => subject.inRepository && !tracked && !ignored)
      .map((document) => finding(subject, "env-file-not-ignored", document, START, { path: document.path })),
    ...subject.unignoredEnv.flatMap((path) => ofAbsent(subject, path)),
  ],
  message: ({ path, variable }) =>
    variable === undefined
      ? `no ignore rule covers ${path}, so the next "git add -A" adds its values; add it to .gitignore`
      : `no ignore rule covers ${path}, so once it holds the value of ${variable}, the next "git add -A" adds that value; add ${path} to .gitignore`,
};

const envExampleSecret = filesWhere((document, subject) => {
  return document.kind === "env-example" && isShared(subject, document);
})({
  id: "env-example-secret",
  severity: "error",
  summary: "An example of .env holds a real secret",
  find: ({ document }, subject) =>
    secretsHeld(document, tokenVariables(subject))
      .filter(({ value }) => !isSaidElsewhere(subject, document, value))
      .map(({ name, value, span }) => ({ span, args: { name, value: maskOf(value) } })),
  message: ({ name, value }) =>
    `${name} has what looks like a real value (${value}) in a file that is shared; allowed: nothing after the "=", or a placeholder. Revoke the value`,
});

export const LEAK_RULES = [tokenInRepository, committedSecret, committedEnvFile, envFileNotIgnored, envExampleSecret];

/** What is in git is readable to more than the users of this machine, and said by another rule. */
export const envFileReadable = filesWhere(({ kind, tracked }) => /^(?:env|settings-local)$/.test(kind) && !tracked)({
  id: "env-file-readable",
  severity: "warning",
  summary: "Other users of this machine can read a file with secrets",
  localOnly: true,
  find: ({ document }, subject) => {
    const { mode = 0, path } = document;
    if ((mode & 0o077) === 0 || !holdsSecret(document, tokenVariables(subject))) return undefined;
    return { span: START, args: { path, mode: mode.toString(8).padStart(3, "0") } };
  },
  message: ({ path, mode }) =>
    `${path} holds a secret and has mode ${mode}, so other users of this machine can read it; allowed: chmod 600 ${path}`,
});
