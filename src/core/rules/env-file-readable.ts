import { holdsSecret, tokenVariables } from "../check/env-files.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";

const ID = "env-file-readable";

export const envFileReadable: Rule = {
  id: ID,
  severity: "warning",
  summary: "Other users of this machine can read a file with secrets",
  localOnly: true,
  check: (subject) => {
    const tokens = tokenVariables(subject);
    return subject.documents.flatMap((document) => {
      const { kind, mode, tracked, path } = document;
      // what is in git is readable to more than these, and said by another rule
      if ((kind !== "env" && kind !== "settings-local") || tracked || mode === undefined || (mode & 0o077) === 0)
        return [];
      if (!holdsSecret(document, tokens)) return [];
      return [
        finding(subject, ID, document, { offset: 0, length: 0 }, { path, mode: mode.toString(8).padStart(3, "0") }),
      ];
    });
  },
  message: ({ path, mode }) =>
    `${path} holds a secret and has mode ${mode}, so other users of this machine can read it; allowed: chmod 600 ${path}`,
};
