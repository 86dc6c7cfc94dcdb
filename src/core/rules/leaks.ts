/** Secrets that others can read: in git, one `git add -A` away from it, or open to other users of the machine. */
import { mcpFor } from "../check/documents.ts";
import { isOnlySettings, isPrivate, isShared } from "../check/env-files.ts";
import type { Document, Rule, Span, Subject } from "../check/model.ts";
import { filesWhere, rowsOf } from "../check/rows.ts";
import { isSecretName } from "../check/secret-judge.ts";
import { secretsIn } from "../check/secret-places.ts";
import { maskOf } from "../secrets.ts";

function spanIn(document: Document, secret: string): Span | undefined {
  const offset = document.text.indexOf(secret);
  if (offset >= 0) return { offset, length: secret.length };
  return secretsIn(document).find(({ text }) => text.includes(secret))?.span;
}

/** The environment's own token in a tracked file: the rule token-in-repository reports it. */
function isOurToken({ secrets }: Subject, { tracked }: Document, text: string): boolean {
  return tracked && secrets.some((secret) => text.includes(secret));
}

const isListed = (each: Document) => each.tracked && each.encoding !== "absent" && isPrivate(each);
const privateRow = filesWhere((each) => isListed(each) && !isOnlySettings(each));
const sharedRow = filesWhere((document, subject) => {
  const isRead = /^(?:mcp|misplaced|settings|envrc|(?:client|inside):.*)$/.test(document.kind);
  // a link: once, under the name of the file itself
  return isRead && isShared(subject, document) && subject.documents.every(({ path }) => path !== document.target);
});
const exampleRow = filesWhere((document, subject) => document.kind === "env-example" && isShared(subject, document));
const openRow = filesWhere(({ kind, tracked }) => /^(?:env|settings-local)$/.test(kind) && !tracked);

export const LEAK_RULES: readonly Rule[] = [
  // compares with the value of HALO_MCP_TOKEN in this environment, so it does not guess
  rowsOf(({ documents, secrets, spilled }) => {
    const tracked = documents.filter((document) => document.tracked);
    const found = tracked.flatMap((document) => secrets.map((it) => ({ document, span: spanIn(document, it) })));
    return [...found, ...spilled.map(({ path, ...span }) => ({ document: { path }, span }))];
  })("token-in-repository", "error", "A tracked file contains the token of this environment", {
    find: ({ span }) => span && { at: span },
    message: `this tracked file contains the value of HALO_MCP_TOKEN; delete the token in HALO Studio now (Settings > Product Tokens) and create a new one: pushed commits stay readable`,
  }),
  // everybody who ever cloned the repository has the secret: deleting the line does not undo that
  sharedRow("committed-secret", "error", "A file that git tracks, or would add, contains a secret", {
    find: ({ document }, subject) => {
      const ofGit = document.tracked ? "git tracks this file" : "no ignore rule covers this file";
      const git = subject.inRepository ? ofGit : "without a git repository check assumes that the file is shared";
      return secretsIn(document)
        .filter(({ text }) => !isOurToken(subject, document, text))
        .map(({ what, value, where, span }) => ({ at: span, args: { what, where, value: maskOf(value), git } }));
    },
    message: `{where} contains {what} ({value}), and {git}; allowed: a reference to a variable. Revoke the secret first: pushed commits stay readable`,
  }),
  privateRow("committed-env-file", "error", "Git tracks a file with private values", {
    find: ({ document: { path } }) => ({ args: { path } }),
    message: `git tracks {path}, so every clone contains its values; run git rm --cached {path}, add it to .gitignore, and replace the secrets in it. Allowed: .env.example, with names only`,
  }),
  rowsOf((subject) => {
    const isOpen = (each: Document) => subject.inRepository && !each.tracked && !each.ignored && isPrivate(each);
    const open = subject.documents.filter(isOpen).map((document) => ({ document, env: undefined }));
    // a `.env` that does not exist yet, next to a .mcp.json
    const absent = subject.unignoredEnv.flatMap((env) => {
      const beside = subject.documents.filter(({ path }) => path === env.replace(/\.env$/, ".mcp.json"));
      return beside.map((document) => ({ document, env }));
    });
    return [...open, ...absent];
  })("env-file-not-ignored", "error", "No ignore rule covers a file with private values", {
    find: ({ document: { path, text }, env }) => {
      if (env === undefined) return { args: { path } };
      const references = [...text.matchAll(/\$\{([A-Za-z_]\w{0,127})\}/g)];
      const match = references.find(([, name = ""]) => isSecretName(name));
      if (match === undefined) return undefined;
      const [{ length }, variable = ""] = match;
      return { at: { offset: match.index, length }, args: { path: env, variable }, severity: "warning" };
    },
    message: ({ path, variable }) =>
      variable === undefined
        ? `no ignore rule covers ${path}, so the next "git add -A" adds its values; add it to .gitignore`
        : `no ignore rule covers ${path}, so once it holds the value of ${variable}, the next "git add -A" adds that value; add ${path} to .gitignore`,
  }),
  exampleRow("env-example-secret", "error", "A .env.example contains a real secret", {
    find: ({ document }, subject) =>
      secretsIn(document)
        .filter(({ value }) => !isOurToken(subject, document, value))
        .map(({ name, value, span }) => ({ at: span, args: { name, value: maskOf(value) } })),
    message: `{name} has what looks like a real value ({value}) in a file that is shared; allowed: nothing after the "=", or a placeholder. Revoke the value`,
  }),
  // the set-up works where it was written and nowhere else; git says nothing (create-next-app 16.4.3 ignores `.env*`)
  rowsOf(({ hidden, documents, allowMissing }) => {
    const used = new Set(documents.filter(({ kind }) => kind === "mcp").map(({ path }) => path));
    const files = [...hidden].map(([path, rule]) => ({ document: { path }, rule, isMcp: path.endsWith(".mcp.json") }));
    // elsewhere, nothing says that a file was meant to be there
    const isMeant = (path: string) => path === ".mcp.json" || documents.some((each) => each.path === path);
    return files.filter(({ isMcp, document: { path } }) =>
      isMcp ? !allowMissing && isMeant(path) : used.has(mcpFor(path)),
    );
  })("team-file-ignored", "warning", "An ignore rule hides a file that is meant for everybody", {
    find: ({ document: { path }, rule: { source, line, pattern }, isMcp }, { documents }) => {
      const here = documents.some((each) => each.path === path) ? "here" : "absent";
      return { args: { path, rule: `${source}:${line}`, pattern, ...(isMcp ? { isMcp: here } : {}) } };
    },
    message: ({ path = "", rule, pattern, isMcp }) =>
      `${rule} ("${pattern}") ignores ${path}, so no clone, worktree or CI job has it; ${
        isMcp === undefined
          ? `${path.endsWith(".json") ? "" : `add the line !${path.replace(/^.*\//, "")} after that rule, or `}run git add -f ${path}`
          : `${isMcp === "here" ? "remove the rule, or run" : "it is not here: whoever has it removes the rule, or runs"} git add -f ${path}. If the file is only yours: npx create-halo-mcp --scope user, and check --allow-missing`
      }`,
  }),
  // another rule reports files in git, which more people can read
  openRow("env-file-readable", "warning", "Other users of this machine can read a file with secrets", {
    localOnly: true,
    find: ({ document }) => {
      const { mode = 0, path } = document;
      if ((mode & 0o077) === 0 || secretsIn(document).length === 0) return undefined;
      return { args: { path, mode: mode.toString(8).padStart(3, "0") } };
    },
    message: `{path} holds a secret and has mode {mode}, so other users of this machine can read it; allowed: chmod 600 {path}`,
  }),
];
