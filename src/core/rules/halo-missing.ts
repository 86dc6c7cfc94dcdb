import { haloServers } from "../check/halo-servers.ts";
import type { Finding, Rule } from "../check/model.ts";
import { isObjectNode, keySpan, member } from "../check/servers.ts";
import { finding } from "../check/show.ts";

const ID = "halo-missing";

/** The guard of a repository that means to have HALO: a merge that drops the entry takes it from the whole team, silently. */
export const haloMissing: Rule = {
  id: ID,
  severity: "error",
  summary: "The root .mcp.json has no entry for HALO",
  check: (subject): readonly Finding[] => {
    if (subject.allowMissing) return [];
    const path = ".mcp.json";
    const document = subject.documents.find((candidate) => candidate.path === path);
    const start = { offset: 0, length: 0 };
    if (document === undefined) return [finding(subject, ID, { path }, start, { what: "there is no .mcp.json" })];
    const servers = member(document.tree, "mcpServers");
    // a file that does not load as a whole is the business of the rules about loading; an empty one loads, with no servers
    const isEmpty = document.encoding === "utf-8" && document.text.trim() === "";
    if (!isEmpty && (servers === undefined || !isObjectNode(servers.value))) return [];
    if (haloServers(subject).some((server) => server.document === document)) return [];
    const span = servers === undefined ? start : keySpan(document, servers);
    return [finding(subject, ID, document, span, { what: ".mcp.json has no server for HALO" })];
  },
  message: ({ what }) => `${what}: run npx create-halo-mcp, or check with --allow-missing where that is meant`,
};
