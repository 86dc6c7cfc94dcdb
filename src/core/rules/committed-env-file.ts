import { privateFiles } from "../check/env-files.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";

const ID = "committed-env-file";

export const committedEnvFile: Rule = {
  id: ID,
  severity: "error",
  summary: "A file with private values is in git",
  check: (subject) =>
    privateFiles(subject)
      .filter(({ tracked }) => tracked)
      .map((document) => finding(subject, ID, document, { offset: 0, length: 0 }, { path: document.path })),
  message: ({ path }) =>
    `${path} is in git, so every clone gets its values; take it out with git rm --cached, ignore it, and replace the secrets it held. Allowed: .env.example, with names only`,
};
