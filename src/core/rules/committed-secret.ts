import { isSaidElsewhere, isShared } from "../check/env-files.ts";
import { type HaloServer, meantBy, missingValues, remoteHaloServers, valueHeaders } from "../check/halo-servers.ts";
import type { Document, Finding, Rule } from "../check/model.ts";
import { secretIn } from "../check/secret-judge.ts";
import { secretsIn } from "../check/secret-places.ts";
import { finding } from "../check/show.ts";
import { spanOf } from "../formats/nodes.ts";
import { HEADERS } from "../halo.ts";
import { maskOf } from "../secrets.ts";

const ID = "committed-secret";

function isLooked({ kind }: Document): boolean {
  return kind === "mcp" || kind === "settings" || kind === "envrc" || kind.startsWith("client:");
}

/** Whoever has the repository, or ever had it, has the secret: deleting the line does not take it back. */
export const committedSecret: Rule = {
  id: ID,
  severity: "error",
  summary: "A file that git tracks, or would add, contains a secret",
  check: (subject) => {
    const shared = subject.documents.filter((document) => isLooked(document) && isShared(subject, document));
    const byDocument = new Map<Document, HaloServer[]>();
    for (const server of remoteHaloServers(subject)) {
      const known = byDocument.get(server.document);
      if (known === undefined) byDocument.set(server.document, [server]);
      else known.push(server);
    }
    return shared.flatMap((document): readonly Finding[] => {
      // the environment's own token has a rule of its own
      const isKnown = (text: string): boolean => isSaidElsewhere(subject, document, text);
      const found = secretsIn(document).filter(({ text }) => !isKnown(text));
      const seen = new Set(found.map(({ span }) => span.offset));
      // under a misspelled name it is the token all the same
      const misspelled = (byDocument.get(document) ?? []).flatMap((server) => {
        const all = [
          ...server.headers.filter(({ name }) => meantBy(name, missingValues(server)) === "token"),
          ...valueHeaders(server),
        ];
        return all.flatMap(({ name, text, which, entry }) => {
          const shape =
            text === undefined || (which ?? "token") !== "token" ? undefined : secretIn(text, HEADERS.token);
          if (shape === undefined || text === undefined || seen.has(entry.value.start) || isKnown(text)) return [];
          const value = text.slice(shape.start, shape.end);
          return [
            {
              what: shape.what,
              value,
              where: `header "${name}" of server "${server.name}"`,
              span: spanOf(entry.value),
            },
          ];
        });
      });
      return [...found, ...misspelled].map(({ what, value, where, span }) =>
        finding(subject, ID, document, span, {
          what,
          where,
          value: maskOf(value),
          git: !subject.inRepository
            ? "without a git repository check assumes that the file is shared"
            : document.tracked
              ? "git tracks this file"
              : "no ignore rule covers this file",
        }),
      );
    });
  },
  message: ({ what, where, value, git }) =>
    `${where} contains ${what} (${value}), and ${git}; allowed: a reference to a variable. Revoke the secret first: pushed commits stay readable`,
};
