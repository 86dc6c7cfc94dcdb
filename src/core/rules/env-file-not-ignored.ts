import { privateFiles } from "../check/env-files.ts";
import type { Finding, Rule, Subject } from "../check/model.ts";
import { isSecretName } from "../check/secret-judge.ts";
import { finding } from "../check/show.ts";

const ID = "env-file-not-ignored";

/** A `.env` that is not there yet: a warning at the first secret that `.mcp.json` takes from the environment. */
function ofAbsent(subject: Subject, path: string): readonly Finding[] {
  const document = subject.documents.find((each) => each.path === path.replace(/\.env$/, ".mcp.json"));
  const references = [...(document?.text.matchAll(/\$\{([A-Za-z_]\w{0,127})\}/g) ?? [])];
  const match = references.find(([, name = ""]) => isSecretName(name));
  if (document === undefined || match === undefined) return [];
  const span = { offset: match.index, length: match[0].length };
  const found = finding(subject, ID, document, span, { path, variable: match[1] ?? "" });
  return [{ ...found, severity: "warning" }];
}

export const envFileNotIgnored: Rule = {
  id: ID,
  severity: "error",
  summary: "No ignore rule covers a file with private values",
  check: (subject) => [
    ...privateFiles(subject)
      .filter(({ tracked, ignored }) => subject.inRepository && !tracked && !ignored)
      .map((document) => finding(subject, ID, document, { offset: 0, length: 0 }, { path: document.path })),
    ...subject.unignoredEnv.flatMap((path) => ofAbsent(subject, path)),
  ],
  message: ({ path, variable }) =>
    variable === undefined
      ? `no ignore rule covers ${path}, so the next "git add -A" adds its values; add it to .gitignore`
      : `no ignore rule covers ${path}, so once it holds the value of ${variable}, the next "git add -A" adds that value; add ${path} to .gitignore`,
};
