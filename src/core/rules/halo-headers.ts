/** Whether an entry for HALO is there, with what HALO asks for: Streamable HTTP and three headers. */
import { haloServers, meantBy, missingValues, valueHeaders } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { connectionRow, type Place, remoteRow } from "../check/rows.ts";
import { finding } from "../check/show.ts";
import { isObjectNode, keySpan, member, spanOf, textOf } from "../formats/nodes.ts";
import { HEADERS } from "../halo.ts";

/** The guard of a repository that means to have HALO: a merge that drops the entry takes it from the whole team, silently. */
const haloMissing: Rule = {
  id: "halo-missing",
  severity: "error",
  summary: "The root .mcp.json has no entry for HALO",
  check: (subject) => {
    if (subject.allowMissing) return [];
    const path = ".mcp.json";
    const document = subject.documents.find((candidate) => candidate.path === path);
    const start = { offset: 0, length: 0 };
    const missing = (span = start, what = ".mcp.json has no server for HALO") => [
      finding(subject, "halo-missing", { path }, span, { what }),
    ];
    if (document === undefined) return missing(start, "there is no .mcp.json");
    if (haloServers(subject).some((server) => server.document === document)) return [];
    const servers = member(document.tree, "mcpServers");
    if (servers !== undefined && isObjectNode(servers.value)) return missing(keySpan(document, servers));
    // a file that does not load as a whole is the business of the rules about loading; an empty one loads, with no servers
    return document.encoding === "utf-8" && document.text.trim() === "" ? missing() : [];
  },
  message: ({ what }) => `${what}: run npx create-halo-mcp, or use check --allow-missing if that is intended`,
};

/** HALO has three values and no OAuth (CM.com, page "MCP"): without one of them the answer is a refusal. */
const haloHeaderMissing = connectionRow({
  id: "halo-header-missing",
  severity: "error",
  summary: "An entry for HALO lacks one of the three headers",
  find: (server) => {
    const { document, entry, node, client, headers, program } = server;
    const missing = missingValues(server);
    // another program than mcp-remote may have them from elsewhere
    if (program === "other" && headers.length === 0) return undefined;
    const keys = program === undefined ? [client.entry.headers, client.entry.names ?? ""] : ["args"];
    const group = keys.map((key) => member(node, key)).find((each) => each !== undefined);
    // headers of another shape, a helper that gives them, and a misspelled one are said by their own rules
    if (program === undefined && group !== undefined && !isObjectNode(group.value)) return undefined;
    if (program === undefined && member(node, "headersHelper") !== undefined) return undefined;
    const meant = new Set(headers.map((header) => meantBy(header.name, missing)));
    const lost = missing.filter((value) => !meant.has(value)).map((value) => HEADERS[value]);
    return lost.length === 0
      ? undefined
      : { span: keySpan(document, group ?? entry), args: { headers: lost.join(", ") } };
  },
  message: ({ name, headers }) =>
    `server "${name}" has no header ${headers}; needed: ${HEADERS.token}, ${HEADERS.account} and ${HEADERS.profile}`,
});

const haloHeaderName = connectionRow({
  id: "halo-header-name",
  severity: "error",
  summary: "A header of an entry for HALO is misspelled",
  find: (server) => {
    let missing = missingValues(server);
    return server.headers.flatMap(({ name, entry }): readonly Place[] => {
      const value = meantBy(name, missing);
      if (value === undefined) return [];
      missing = missing.filter((other) => other !== value);
      const args = { header: name, right: HEADERS[value] };
      if (server.program !== undefined) return [{ span: spanOf(entry.value), args }];
      const span = keySpan(server.document, entry);
      return [{ span, args, fix: [{ ...span, text: JSON.stringify(HEADERS[value]) }] }];
    });
  },
  message: ({ name, header, right }) =>
    `server "${name}" has the header "${header}", which HALO does not know; did you mean ${right}?`,
});

/**
 * On the wire the case does not count. In Claude Code 2.1.330 it does: what comes from a helper, or from a second entry
 * in the other spelling, does not replace the header but is joined to it, "a, b" (measured).
 */
const haloHeaderCase = remoteRow({
  id: "halo-header-case",
  severity: "note",
  summary: "A header of an entry for HALO is written in another case",
  find: (server) =>
    valueHeaders(server).flatMap(({ name, which, entry }): readonly Place[] => {
      const right = HEADERS[which];
      // blanks around a name are said by the rules about loading
      if (name === right || name !== name.trim()) return [];
      const span = keySpan(server.document, entry);
      const twin = server.headers.some((other) => other.entry !== entry && other.which === which);
      const fix = twin ? undefined : [{ ...span, text: JSON.stringify(right) }];
      return [{ span, args: { header: name, right }, fix }];
    }),
  message: ({ name, header, right }) => `server "${name}" writes the header as "${header}"; CM.com documents ${right}`,
});

/** CM.com documents "HTTP" as HALO's transport (page "MCP"); a client that is told "sse" opens a stream and waits. */
const haloSse = remoteRow({
  id: "halo-sse",
  severity: "error",
  summary: 'An entry for HALO has "type": "sse", which HALO does not speak',
  find: ({ node }) => {
    const type = member(node, "type")?.value;
    if (type === undefined || textOf(type) !== "sse") return undefined;
    return { span: spanOf(type), fix: [{ ...spanOf(type), text: '"http"' }] };
  },
  message: ({ name }) => `server "${name}" has "type": "sse", but HALO speaks Streamable HTTP; allowed: "http"`,
});

export const HEADER_RULES = [haloMissing, haloSse, haloHeaderMissing, haloHeaderName, haloHeaderCase];
