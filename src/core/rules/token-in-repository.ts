import type { Finding, Rule } from "../check/model.ts";
import { fullText, secretsIn } from "../check/secret-places.ts";
import { finding } from "../check/show.ts";

const ID = "token-in-repository";

/** No guess: it is the very value that HALO_MCP_TOKEN has in this environment. */
export const tokenInRepository: Rule = {
  id: ID,
  severity: "error",
  summary: "A tracked file contains the token of this environment",
  check: (subject): readonly Finding[] => {
    const secrets = subject.secrets.filter((secret) => secret.length >= 8);
    const inDocuments = subject.documents
      .filter(({ tracked }) => tracked)
      .flatMap((document) =>
        secrets.flatMap((secret) => {
          const offset = fullText(document).indexOf(secret);
          const span =
            offset >= 0
              ? { offset, length: secret.length }
              : // written with escapes
                secretsIn(document).find(({ text }) => text.includes(secret))?.span;
          return span === undefined ? [] : [finding(subject, ID, document, span, {})];
        }),
      );
    const elsewhere = subject.spilled.map(({ path, offset, length }) =>
      finding(subject, ID, { path }, { offset, length }, {}),
    );
    return [...inDocuments, ...elsewhere];
  },
  message: () =>
    "this tracked file contains the value of HALO_MCP_TOKEN; delete the token in HALO Studio now (Settings > Product Tokens) and create a new one: pushed commits stay readable",
};
