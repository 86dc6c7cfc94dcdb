/** Whether an entry for HALO exists, with what HALO needs: Streamable HTTP and three headers. */
import { haloServers } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { misplacedServers } from "../check/places.ts";
import { haloRow, headerRow, type Place, remoteRow, rowsOf } from "../check/rows.ts";
import { refusalsIn } from "../clients/demands.ts";
import { CLIENTS } from "../clients/index.ts";
import { toSh } from "../command-line.ts";
import { isObjectNode, member, textOf } from "../formats/nodes.ts";
import { HEADERS, VALUES } from "../halo.ts";

/** The files of the other clients at the root: a team may use those alone. */
const ROOT_FILES = new Set(CLIENTS.flatMap(({ files }) => files.project).filter((path) => path !== ".mcp.json"));

export const HEADER_RULES: readonly Rule[] = [
  // a merge that drops the entry silently removes HALO for the whole team
  rowsOf((subject) => {
    const root = subject.documents.find(({ path }) => path === ".mcp.json");
    // the rule `team-file-ignored` reports one that an ignore rule keeps out of every clone
    return subject.allowMissing || (root === undefined && subject.hidden.has(".mcp.json"))
      ? []
      : [{ document: { path: ".mcp.json" }, root }];
  })("halo-missing", "error", "The root .mcp.json has no entry for HALO", {
    find: ({ root }, subject) => {
      const servers = member(root?.tree, "mcpServers");
      // other rules report a file that does not load; an empty one loads, without servers
      const isEmpty = root === undefined || (root.encoding === "utf-8" && root.text.trim() === "");
      const all = haloServers(subject);
      const isThere = all.some(({ document }) => document === root || ROOT_FILES.has(document.path));
      // the rule `misplaced-servers` reports an entry in the wrong place
      const isMisplaced = misplacedServers(subject).some(
        ({ path, isHaloLost, document }) => path === ".mcp.json" && isHaloLost && document.kind !== "settings-local",
      );
      if (isThere || isMisplaced || !(isEmpty || isObjectNode(servers?.value))) return undefined;
      const below = new Set(all.flatMap(({ document }) => (document.kind === "mcp" ? document.path : [])));
      const none = root === undefined ? "there is no .mcp.json" : ".mcp.json has no server for HALO";
      const above = `, and HALO in ${subject.above}, above this folder, serves only this computer`;
      const what = subject.above === undefined ? none : none + above;
      if (below.size === 0) return { at: servers, args: { what } };
      const paths = [...below].slice(0, 3);
      const check = toSh(["npx", "create-halo-mcp", "check", ...paths.map((path) => path.replace(/\/[^/]*$/, ""))]);
      return { at: servers, args: { what, below: paths.join(", "), check } };
    },
    message: ({ what, below, check }) =>
      below === undefined
        ? `${what}: run npx create-halo-mcp, or use check --allow-missing if that is intended`
        : `${what} here, and HALO is in ${below}: if that is intended, run ${check}; npx create-halo-mcp would add a second entry here`,
  }),
  // CM.com documents "HTTP" as HALO's transport (page "MCP"); with "sse" a client opens a stream and waits
  remoteRow("halo-sse", "error", 'An entry for HALO has "type": "sse", which HALO does not support', {
    find: ({ node, transport, client: { label, entry, demands } }) => {
      const type = member(node, "type")?.value;
      if (transport === "http" || (transport !== "sse" && textOf(type) !== "sse")) return undefined;
      const better = Object.keys(entry.url).find((key) => entry.url[key] === "http");
      const address = node.entries.find(({ key }) => Object.hasOwn(entry.url, key));
      if (better !== undefined && address !== undefined) {
        const what = `its URL under "${address.key}", which ${label} reads as SSE`;
        return { at: address, args: { what, right: better }, fix: better };
      }
      const right = demands?.remote.types?.[0] ?? entry.fixed?.type;
      const [known, fix] = typeof right === "string" ? [right, right] : ["http"];
      return type && { at: type, args: { what: '"type": "sse"', right: known }, fix };
    },
    message: `server "{name}" has {what}, but HALO uses Streamable HTTP; allowed: "{right}"`,
  }),
  // HALO needs three values and has no OAuth (CM.com, page "MCP"): without one of them it refuses
  haloRow("halo-header-missing", "error", "An entry for HALO lacks one of the three headers", {
    find: (server) => {
      const { entry, node, client, headers, program } = server;
      // it is not known to be a server with headers before its key, its type and its shapes are right
      if (program === undefined && refusalsIn(entry, client).some(({ rename }) => rename === undefined))
        return undefined;
      // a program other than mcp-remote may get them from elsewhere
      if (program === "other" && headers.length === 0) return undefined;
      const keys = program === undefined ? [client.entry.headers, client.entry.names ?? ""] : ["args"];
      const group = keys.map((key) => member(node, key)).find((each) => each !== undefined);
      // headers of another shape, a helper and a misspelled header have their own rules
      if (program === undefined && group !== undefined && !isObjectNode(group.value)) return undefined;
      if (program === undefined && member(node, "headersHelper") !== undefined) return undefined;
      const there = headers.map(({ which, meant }) => which ?? meant);
      const lost = VALUES.filter((value) => !there.includes(value)).map((value) => HEADERS[value]);
      return lost.length === 0 ? undefined : { at: group ?? entry, args: { headers: lost.join(", ") } };
    },
    message: `server "{name}" has no header {headers}; needed: ${HEADERS.token}, ${HEADERS.account} and ${HEADERS.profile}`,
  }),
  haloRow("halo-header-name", "error", "A header of an entry for HALO is misspelled", {
    find: ({ headers, program }) =>
      headers.flatMap(({ name, meant, entry }): readonly Place[] => {
        if (meant === undefined) return [];
        const args = { header: name, right: HEADERS[meant] };
        return [program === undefined ? { at: entry, args, fix: args.right } : { at: entry.value, args }];
      }),
    message: `server "{name}" has the header "{header}", which HALO does not know; did you mean {right}?`,
  }),
  // Claude Code 2.1.330 joins headers that differ in case, also one of a helper: "a, b" (measured)
  headerRow("halo-header-case", "note", "A header of an entry for HALO is spelled with another case", {
    find: ({ header: { name, which, entry }, headers, program }) => {
      const right = HEADERS[which];
      // the rule `padding` reports spaces around a name
      if (program !== undefined || name === right || name !== name.trim()) return undefined;
      const twin = headers.some((other) => other.entry !== entry && other.which === which);
      return { at: entry, args: { header: name, right }, fix: twin ? undefined : right };
    },
    message: `server "{name}" writes the header as "{header}"; CM.com documents {right}`,
  }),
];
