import { endpointOf, hostOf, namesIn, withVariable } from "../check/endpoint.ts";
import { givenValues } from "../check/given-values.ts";
import { type HaloServer, haloConnections } from "../check/halo-servers.ts";
import type { Document, Finding, Rule, Span, Subject } from "../check/model.ts";
import { spanOf } from "../check/servers.ts";
import { finding } from "../check/show.ts";
import { variablesIn } from "../clients/client-syntax.ts";
import { pairsOf, serverOf } from "../clients/codex-check.ts";
import { HALO_URL } from "../halo.ts";

const ID = "halo-endpoint";

function judge(
  subject: Subject,
  document: Document,
  name: string,
  text: string,
  span: Span,
  quote: boolean,
): readonly Finding[] {
  const verdict = endpointOf(text, subject.url);
  if (verdict.kind === "right" || verdict.kind === "http") return [];
  // only what is HALO's own address but for its writing is put right: another host may be meant, and declared with --url
  const fix = verdict.kind === "near" && quote ? { fix: [{ ...span, text: JSON.stringify(subject.url) }] } : {};
  const isOwn = subject.url !== HALO_URL && endpointOf(text, HALO_URL).kind !== "other";
  const how = verdict.kind === "near" ? "near" : isOwn ? "own" : "other";
  const args = { name, host: hostOf(text), url: subject.url, how };
  return [{ ...finding(subject, ID, document, span, args), ...fix }];
}

/** A value that is a variable in its turn is followed this far. */
const MOST_STEPS = 3;

/** Where a file of the repository gives a variable of the URL another address than HALO's. */
function judgeGiven(
  subject: Subject,
  server: HaloServer,
  text: string,
  names: readonly string[],
  steps = 0,
): readonly Finding[] {
  return [...new Set(names)].flatMap((variable) =>
    givenValues(subject, server.document, variable).flatMap(({ document, value, span }): readonly Finding[] => {
      const address = withVariable(text, variable, value);
      const verdict = endpointOf(address, subject.url);
      if (verdict.kind === "right") {
        const next = steps < MOST_STEPS ? namesIn(value) : [];
        return next.length === 0 ? [] : judgeGiven(subject, server, address, next, steps + 1);
      }
      // `HALO_URL=<the address>` is a note for people
      if (document.kind === "env-example" && (/[<>]/.test(value) || !/^\s*[a-z][a-z0-9+.-]*:/i.test(address)))
        return [];
      const host = `${hostOf(address)}${verdict.kind === "http" ? " over http" : ""}`;
      const args = { name: server.name, host, url: subject.url, how: "given", variable, file: document.path };
      return [finding(subject, ID, document, span, args)];
    }),
  );
}

/** The findings of `judgeGiven`, each place once. */
function givenFindings(subject: Subject): readonly Finding[] {
  const said = new Set<string>();
  return haloConnections(subject)
    .flatMap((server) => {
      const { text } = server.url;
      if (!/[${]/.test(text) || endpointOf(text, subject.url).kind !== "right") return [];
      return judgeGiven(
        subject,
        server,
        text,
        variablesIn(text, server.syntax).map(({ name }) => name),
      );
    })
    .filter(({ path, span }) => {
      const place = `${path}\n${span.offset}`;
      return !said.has(place) && said.add(place);
    });
}

/** Every client of every teammate sends the token there: a changed host is how a pull request would take it. */
export const haloEndpoint: Rule = {
  id: ID,
  severity: "error",
  summary: "An entry for HALO sends the token to another address than HALO's",
  check: (subject) => [
    ...haloConnections(subject).flatMap(({ document, name, url }) =>
      judge(subject, document, name, url.text, spanOf(url.node), true),
    ),
    ...givenFindings(subject),
    ...subject.documents
      .filter(({ kind }) => kind === "client:codex")
      .flatMap((document) => {
        const pairs = pairsOf(document.text);
        const about = new Set(
          pairs.filter(({ key }) => /^X-CM-PRODUCTTOKEN$/i.test(key)).map(({ table }) => serverOf(table)?.name),
        );
        return pairs.flatMap(({ table, key, value, start, end }) => {
          const server = serverOf(table);
          if (server === undefined || server.part !== "" || key !== "url" || !about.has(server.name)) return [];
          return judge(subject, document, server.name, value, { offset: start, length: end - start }, false);
        });
      }),
  ],
  message: ({ name, host, url, how, variable, file }) => {
    if (how === "near") return `server "${name}" does not have HALO's endpoint exactly as it is; allowed: ${url}`;
    if (how === "own")
      return `the URL of server "${name}" differs from --url: it is HALO's own, at ${host}; allowed: ${url}`;
    const gateway = "or a gateway declared with --url";
    return how === "given"
      ? `${file} sets ${variable}, which makes server "${name}" send every teammate's token to ${host}; allowed: ${url}, ${gateway}`
      : `server "${name}" sends every teammate's token to ${host}; allowed: ${url}, ${gateway}`;
  },
};
