/** Whether an entry for HALO has what HALO asks for: Streamable HTTP and three headers. */
import { meantBy, missingValues, valueHeaders } from "../check/halo-servers.ts";
import { connectionRow, haloRow, type Place, remoteRow } from "../check/rows.ts";
import { isObjectNode, keySpan, member, spanOf, textOf } from "../formats/nodes.ts";
import { HEADERS } from "../halo.ts";

/** HALO has three values and no OAuth (CM.com, page "MCP"): without one of them the answer is a refusal. */
export const haloHeaderMissing = connectionRow({
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

export const haloHeaderName = connectionRow({
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
export const haloHeaderCase = remoteRow({
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

/** Measured with Claude Code 2.1.330: a command of the repository, run through a shell, and silent when it fails. */
export const haloHeadersHelper = haloRow({
  id: "halo-headers-helper",
  severity: "warning",
  summary: "An entry for HALO runs a program for its headers",
  find: ({ document, node, url }) => {
    const helper = member(node, "headersHelper");
    return helper === undefined || url === undefined ? undefined : { span: keySpan(document, helper) };
  },
  message: ({ name }) =>
    `server "${name}" has a "headersHelper": everybody who opens the repository runs it, and its failure is silent; allowed: "headers" with references`,
});

/** CM.com documents "HTTP" as HALO's transport (page "MCP"); a client that is told "sse" opens a stream and waits. */
export const haloSse = remoteRow({
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
