import { haloConnections, onlyVariable, saidBy, valueHeaders } from "../check/halo-servers.ts";
import type { Finding, Rule } from "../check/model.ts";
import { spanOf } from "../check/servers.ts";
import { finding } from "../check/show.ts";
import { pairsOf, serverOf } from "../clients/codex-check.ts";
import { HEADERS, isSafeVariable, LABELS, VALUES, type Value } from "../halo.ts";

const ID = "halo-swapped-values";

/** The value that a variable is named after, when that is another one than its header's. */
function otherThan(which: Value, variable: string | undefined): Value | undefined {
  // what belongs to somebody else is said by a rule of its own
  const said = variable === undefined || !isSafeVariable(variable.replace(/-/g, "_")) ? undefined : saidBy(variable);
  return said === which ? undefined : said;
}

/** Account and profile are both IDs of the same form: what is swapped is refused, or is another profile, and nothing says which. */
export const haloSwappedValues: Rule = {
  id: ID,
  severity: "error",
  summary: "A header of an entry for HALO takes the variable of another value",
  check: (subject): readonly Finding[] => [
    ...haloConnections(subject).flatMap((server) => {
      const headers = valueHeaders(server).map((header) => ({
        ...header,
        variable: onlyVariable(header.text ?? "", server.syntax),
      }));
      const done = new Set<Value>();
      return headers.flatMap((header): readonly Finding[] => {
        const { name, which, variable, entry, text, before } = header;
        const said = otherThan(which, variable);
        if (said === undefined || variable === undefined || done.has(which)) return [];
        // two headers that take the same variable are said by halo-same-variable
        if (headers.some((other) => other.which !== which && other.variable === variable)) return [];
        const span = spanOf(entry.value);
        const args = { name: server.name, header: name, variable, label: LABELS[said], needed: LABELS[which] };
        const found = finding(subject, ID, server.document, span, args);
        const twin = headers.find((other) => other.which === said && otherThan(said, other.variable) === which);
        if (twin === undefined) return [found];
        done.add(said);
        const isPlain = [header, twin].every(({ text: whole }) => whole !== undefined && /^\S{1,140}$/.test(whole));
        if (!isPlain || before === undefined || twin.before === undefined || /:-/.test(`${text}${twin.text}`))
          return [found];
        const fix = [
          { ...span, text: JSON.stringify(`${before}${twin.text}`) },
          { ...spanOf(twin.entry.value), text: JSON.stringify(`${twin.before}${text}`) },
        ];
        return [{ ...found, fix }];
      });
    }),
    ...subject.documents
      .filter(({ kind }) => kind === "client:codex")
      .flatMap((document) =>
        pairsOf(document.text).flatMap(({ table, key, value, start, end }) => {
          const server = serverOf(table);
          const which = VALUES.find((each) => HEADERS[each] === key.toUpperCase());
          if (server?.part !== "env_http_headers" || which === undefined) return [];
          const said = otherThan(which, value);
          if (said === undefined) return [];
          const args = {
            name: server.name,
            header: HEADERS[which],
            variable: value,
            label: LABELS[said],
            needed: LABELS[which],
          };
          return [finding(subject, ID, document, { offset: start, length: end - start }, args)];
        }),
      ),
  ],
  message: ({ name, header, variable, label, needed }) =>
    `the header ${header} of server "${name}" takes ${variable}, which is named after the ${label}; allowed: the variable of the ${needed}`,
};
