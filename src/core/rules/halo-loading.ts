/** Whether Claude Code loads HALO's entry, and gets its values. */
import { givenBy } from "../check/given-values.ts";
import { haloServers, remoteHaloServers, valueHeaders, variablesOf } from "../check/halo-servers.ts";
import { mcpDocuments } from "../check/loader.ts";
import type { Document, Subject } from "../check/model.ts";
import { type Place, rowsOf } from "../check/rows.ts";
import { editBetween } from "../check/show.ts";
import { assignments } from "../formats/dotenv.ts";
import { removeFromArray } from "../formats/json-edit.ts";
import { isObjectNode, keySpan, member, spanOf, textOf } from "../formats/nodes.ts";

/** Each item of `disabledMcpjsonServers` that names HALO. The list wins over `enabledMcpjsonServers` (Claude Code 2.1.330). */
function disabledIn(kind: Document["kind"]) {
  return rowsOf((subject: Subject) => {
    const names = new Set(haloServers(subject).flatMap(({ document, name }) => (document.kind === "mcp" ? name : [])));
    return subject.documents
      .filter((document) => document.kind === kind)
      .flatMap((document) => {
        const list = member(document.tree, "disabledMcpjsonServers")?.value;
        const items = list?.kind === "array" ? list.entries : [];
        return items
          .map(({ value }) => ({ document, name: textOf(value) ?? "", value }))
          .filter(({ name }) => names.has(name));
      });
  });
}

export const haloDisabled = disabledIn("settings")({
  id: "halo-disabled",
  severity: "error",
  summary: "A shared settings file switches HALO off for everybody",
  find: ({ document: { text }, name, value }) => {
    const span = spanOf(value);
    const edited = removeFromArray(text, ["disabledMcpjsonServers"], name, { strict: false });
    return { span, fix: edited.ok && edited.changed ? [editBetween(text, edited.text)] : undefined };
  },
  message: ({ name }) =>
    `"disabledMcpjsonServers" lists "${name}", so Claude Code does not load it for anyone in this repository; remove it`,
});

/** The default answer of Claude Code's dialog about a new server is to do without it, and this is where that is kept (2.1.330). */
export const haloRejectedHere = disabledIn("settings-local")({
  id: "halo-rejected-here",
  severity: "warning",
  summary: "HALO was rejected on this machine",
  localOnly: true,
  find: ({ value }) => ({ span: spanOf(value) }),
  message: ({ name }) =>
    `"${name}" was rejected here, so Claude Code does not load it; remove it from "disabledMcpjsonServers", or run claude mcp reset-project-choices`,
});

function isAbove(upper: string, lower: string): boolean {
  return upper !== lower && lower.startsWith(upper.slice(0, upper.lastIndexOf("/") + 1));
}

/** Claude Code reads the `.mcp.json` of every folder above it, and takes the nearest entry of a name (2.1.330, measured). */
export const haloShadowed = rowsOf((subject) => {
  const halo = haloServers(subject).filter(({ document }) => document.kind === "mcp");
  return mcpDocuments(subject).flatMap((document) => {
    const servers = member(document.tree, "mcpServers")?.value;
    const entries = isObjectNode(servers) && halo.length > 0 ? servers.entries : [];
    return entries.map((entry) => ({ document, name: entry.key, entry, halo }));
  });
})({
  id: "halo-shadowed",
  severity: "warning",
  summary: "A nested .mcp.json has another server under HALO's name",
  find: ({ document, name, entry, halo }) => {
    const same = halo.filter((server) => server.name === name);
    const above = same.filter((server) => isAbove(server.document.path, document.path));
    // HALO again, for another profile, is what a repository of many packages does on purpose
    const isHalo = same.some(
      (server) => server.entry === entry && above.some((other) => other.url?.text === server.url?.text),
    );
    if (above[0] === undefined || isHalo) return undefined;
    return { span: keySpan(document, entry), args: { path: above[0].document.path } };
  },
  message: ({ name, path }) =>
    `"${name}" is not the same server as the "${name}" of ${path}, which is HALO: Claude Code started in this folder uses this one; give it another name`,
});

/**
 * Claude Code reads no `.env` (2.1.197 and 2.1.330, measured): it sends `${HALO_MCP_TOKEN}` as it stands. What carries
 * the values is `env` in `.claude/settings.local.json`, direnv, or the shell that starts it; only the first two can be seen.
 */
export const bridgeMissing = rowsOf((subject) =>
  subject.documents.filter(({ path }) => path === ".env").map((document) => ({ document })),
)({
  id: "bridge-missing",
  severity: "note",
  summary: "The values are in .env, which Claude Code does not read",
  localOnly: true,
  find: ({ document: env }, subject): Place | undefined => {
    const byPath = (path: string) => subject.documents.find((document) => document.path === path);
    const settings = byPath(".claude/settings.local.json");
    const envrc = byPath(".envrc")?.text ?? "";
    if (/^[ \t]*(?:dotenv|source_env|source|\.|export[ \t]+HALO_)/m.test(envrc)) return undefined;
    const carried = settings === undefined ? new Map() : givenBy(settings);
    const given = new Map(assignments(env.text).map((each) => [each.name, each] as const));
    const needed = remoteHaloServers(subject)
      .filter(({ document }) => document.path === ".mcp.json")
      .flatMap((server) => valueHeaders(server).flatMap((header) => variablesOf(header, server.dialect)));
    const lost = [...new Set(needed)].filter((name) => (given.get(name)?.value ?? "") !== "" && !carried.has(name));
    const first = given.get(lost[0] ?? "");
    if (first === undefined) return undefined;
    return {
      span: { offset: first.start, length: first.nameEnd - first.start },
      args: { names: lost.join(", ") },
    };
  },
  message: ({ names }) =>
    `Claude Code does not read .env, and neither .claude/settings.local.json nor .envrc passes ${names} to it; run npx create-halo-mcp, or export them in the shell that starts it`,
});
