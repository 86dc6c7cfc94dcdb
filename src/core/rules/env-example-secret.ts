import { isSaidElsewhere, isShared, secretsHeld, tokenVariables } from "../check/env-files.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import { maskOf } from "../secrets.ts";

const ID = "env-example-secret";

export const envExampleSecret: Rule = {
  id: ID,
  severity: "error",
  summary: "An example of .env holds a real secret",
  check: (subject) => {
    const tokens = tokenVariables(subject);
    return subject.documents
      .filter((document) => document.kind === "env-example" && isShared(subject, document))
      .flatMap((document) =>
        secretsHeld(document, tokens)
          .filter(({ value }) => !isSaidElsewhere(subject, document, value))
          .map(({ name, value, offset, length }) =>
            finding(subject, ID, document, { offset, length }, { name, value: maskOf(value) }),
          ),
      );
  },
  message: ({ name, value }) =>
    `${name} has what looks like a real value (${value}) in a file that is shared; allowed: nothing after the "=", or a placeholder. Revoke the value`,
};
