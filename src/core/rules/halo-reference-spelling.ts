import { haloConnections, valueHeaders } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { spanOf } from "../check/servers.ts";
import { finding, isFitToShow } from "../check/show.ts";
import { type Spelled, spelledIn } from "../clients/client-syntax.ts";
import { variablesFor } from "../halo.ts";

const ID = "halo-reference-spelling";

const HEAD =
  /^(?:\$\{\{|\{\{|\$\{|\{|\$\(|\$|%)\s*(?:(?:env|input|file|secrets)[:.]|[A-Z]+(?:_[A-Z0-9]+)+(?=[^A-Z0-9_]))?/;

/** Between the brackets there can be a secret (`${TOKEN-abc}`): only the variable is named. */
function quoted({ text, name }: Spelled): string {
  return name === undefined ? `${HEAD.exec(text)?.[0] ?? ""}…` : text;
}

/** The text with these references as `spell` writes them; from the end, so that the places of the others stay. */
function respelled(text: string, references: readonly Spelled[], spell: (name: string) => string): string {
  return references.reduceRight(
    (done, { text: old, offset, name = "" }) => done.slice(0, offset) + spell(name) + done.slice(offset + old.length),
    text,
  );
}

/** Every other spelling is sent as it stands, and the answer looks like a wrong token (measured, see facts of each client). */
export const haloReferenceSpelling: Rule = {
  id: ID,
  severity: "error",
  summary: "A reference is spelled as this client does not expand it",
  check: (subject) =>
    haloConnections(subject).flatMap((server) => {
      const { syntax, document, url } = server;
      const headers = valueHeaders(server).map(({ name, text = "", which, entry, before }) => ({
        what: `the header ${name}`,
        text,
        before,
        node: entry.value,
        likely: () => variablesFor("halo")[which],
      }));
      return [
        ...headers,
        { what: "the URL", text: url.text, before: "", node: url.node, likely: () => "HALO_URL" },
      ].flatMap((place) => {
        const { what, text, before, node, likely } = place;
        const foreign = spelledIn(text, syntax).filter(({ expanded }) => !expanded);
        const [first] = foreign;
        if (first === undefined) return [];
        const span = spanOf(node);
        const example = syntax.spell(first.name ?? likely());
        const args = { name: server.name, what, quoted: quoted(first), client: syntax.label, example };
        const found = finding(subject, ID, document, span, args);
        // a fix is shown as a diff, and what stands beside a reference can be a secret
        const rest = respelled(text, foreign, () => "");
        const isMendable =
          before !== undefined &&
          foreign.every(({ name }) => name !== undefined) &&
          isFitToShow(subject, text) &&
          (what === "the URL" || rest.length <= 16);
        if (!isMendable) return [found];
        const right = `${before}${respelled(text, foreign, syntax.spell)}`;
        return [{ ...found, fix: [{ ...span, text: JSON.stringify(right) }] }];
      });
    }),
  message: ({ name, what, quoted: text, client, example }) =>
    `${client} does not expand ${text} in ${what} of server "${name}", but sends it as it stands; allowed: ${example}`,
};
