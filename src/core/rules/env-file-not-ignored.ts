import { privateFiles } from "../check/env-files.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";

const ID = "env-file-not-ignored";

export const envFileNotIgnored: Rule = {
  id: ID,
  severity: "error",
  summary: "No ignore rule covers a file with private values",
  check: (subject) =>
    privateFiles(subject)
      .filter(({ tracked, ignored }) => subject.inRepository && !tracked && !ignored)
      .map((document) => finding(subject, ID, document, { offset: 0, length: 0 }, { path: document.path })),
  message: ({ path }) =>
    `${path} is covered by no ignore rule, so the next "git add -A" commits its values; add it to .gitignore`,
};
