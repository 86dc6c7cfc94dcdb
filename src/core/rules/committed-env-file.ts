import { privateFiles } from "../check/env-files.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";

const ID = "committed-env-file";

export const committedEnvFile: Rule = {
  id: ID,
  severity: "error",
  summary: "Git tracks a file with private values",
  check: (subject) =>
    privateFiles(subject)
      .filter(({ tracked }) => tracked)
      .map((document) => finding(subject, ID, document, { offset: 0, length: 0 }, { path: document.path })),
  message: ({ path }) =>
    `git tracks ${path}, so every clone contains its values; run git rm --cached ${path}, add it to .gitignore, and replace the secrets in it. Allowed: .env.example, with names only`,
};
