import { pairsOf, serverOf } from "../check/codex.ts";
import { endpointOf, hostOf } from "../check/endpoint.ts";
import { remoteHaloServers } from "../check/halo-servers.ts";
import type { Document, Finding, Rule, Span, Subject } from "../check/model.ts";
import { spanOf } from "../check/servers.ts";
import { finding } from "../check/show.ts";

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
  const args = { name, host: hostOf(text), url: subject.url, own: verdict.kind === "near" ? "yes" : "" };
  return [{ ...finding(subject, ID, document, span, args), ...fix }];
}

/** Every client of every teammate sends the token there: a changed host is how a pull request would take it. */
export const haloEndpoint: Rule = {
  id: ID,
  severity: "error",
  summary: "An entry for HALO sends the token to another address than HALO's",
  check: (subject) => [
    ...remoteHaloServers(subject).flatMap(({ document, name, url }) =>
      judge(subject, document, name, url.text, spanOf(url.node), true),
    ),
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
  message: ({ name, host, url, own }) =>
    own === "yes"
      ? `server "${name}" does not have HALO's endpoint exactly as it is; allowed: ${url}`
      : `server "${name}" sends every teammate's token to ${host}; allowed: ${url}, or a gateway declared with --url`,
};
