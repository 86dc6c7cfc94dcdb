/** Whether Claude Code loads HALO's entry, and gets its values. */
import { isBelow } from "../check/documents.ts";
import { givenBy, isSkipped, LOADS } from "../check/env-files.ts";
import { haloServers, valueHeaders } from "../check/halo-servers.ts";
import type { Document, Rule, Subject } from "../check/model.ts";
import { entriesOf, entryRow, filesWhere, rowsOf } from "../check/rows.ts";
import { fixOf } from "../check/run.ts";
import { nearest } from "../command-line.ts";
import { assignments } from "../formats/dotenv.ts";
import { removeFromArray } from "../formats/json-edit.ts";
import { isObjectNode, member, textOf } from "../formats/nodes.ts";
import { once } from "../once.ts";

/** Each name in a list of approved or rejected servers, or alone in its place: it is read as a list (Claude Code 2.1.332). */
const approvals = once((subject: Subject) =>
  subject.documents.flatMap((document) =>
    ["enabledMcpjsonServers", "disabledMcpjsonServers"].flatMap((key) => {
      const isRead = document.kind.startsWith("settings") && !isSkipped(document);
      const value = isRead ? member(document.tree, key)?.value : undefined;
      const values = value?.kind === "array" ? value.entries.map((entry) => entry.value) : [value];
      return values.flatMap((each) => {
        const name = textOf(each);
        return each === undefined || name === undefined ? [] : [{ document, key, name, value: each }];
      });
    }),
  ),
);

/** A rule about each rejection of HALO. It overrides an approval (Claude Code 2.1.330). */
const disabledRow = (kind: Document["kind"]) =>
  rowsOf((subject) => {
    const names = new Set(haloServers(subject).flatMap(({ document, name }) => (document.kind === "mcp" ? name : [])));
    const isRejected = ({ document, key, name }: ReturnType<typeof approvals>[number]): boolean =>
      document.kind === kind && key === "disabledMcpjsonServers" && names.has(name);
    return approvals(subject).filter(isRejected);
  });

const approvalRow = rowsOf(approvals);
const envRow = filesWhere(({ path }) => path === ".env");

export const LOADING_RULES: readonly Rule[] = [
  // case counts (2.1.332, measured). Without a `.mcp.json` here the list may be about one that is not committed
  approvalRow("unknown-approval", "warning", "A list of approved or rejected servers names one that no .mcp.json has", {
    find: ({ key, name, value }, subject) => {
      const known = entriesOf(subject).map((server) => server.name);
      const isRead = ({ kind, tree }: Document) => kind === "mcp" && isObjectNode(member(tree, "mcpServers")?.value);
      if (!subject.documents.some(isRead) || known.includes(name)) return undefined;
      const meant = nearest(name, known);
      return { at: value, args: { key, ...(meant === undefined ? {} : { meant }) } };
    },
    message: ({ key, name, meant }) =>
      `"${key}" names "${name}", which no .mcp.json here has${meant === undefined ? "" : `; "${meant}" is probably meant`}`,
  }),
  disabledRow("settings")("halo-disabled", "error", "A shared settings file disables HALO for everybody", {
    find: ({ document: { text }, name, value }) => {
      const edited = removeFromArray(text, ["disabledMcpjsonServers"], name, { strict: false });
      return { at: value, fix: fixOf(text, edited) };
    },
    message: `"disabledMcpjsonServers" lists "{name}", so Claude Code does not load it for anyone in this repository; remove it`,
  }),
  // Claude Code reads the `.mcp.json` of every folder above it, and uses the nearest entry with a name (2.1.330, measured)
  entryRow("halo-shadowed", "warning", "A nested .mcp.json has another server under HALO's name", {
    find: ({ document, name, entry }, subject) => {
      const same = haloServers(subject).filter((server) => server.document.kind === "mcp" && server.name === name);
      const above = same.find((server) => server.document !== document && isBelow(document, server.document));
      // a monorepo may have HALO again on purpose, with another profile
      if (above === undefined || same.some((server) => server.entry === entry)) return undefined;
      return { at: entry, args: { path: above.document.path } };
    },
    message: `"{name}" is HALO in {path}, but another server here, and Claude Code uses this one in this folder; give it another name`,
  }),
  // Claude Code reads no `.env` (2.1.197 and 2.1.330, measured): it sends `${HALO_MCP_TOKEN}` as literal text
  envRow("bridge-missing", "note", "The values are in .env, which Claude Code does not read", {
    localOnly: true,
    find: ({ document: env }, subject) => {
      // the folder's own, and that of the main checkout of a worktree
      const bridge = /^(?:\.\.\/.*)?\.claude\/settings\.local\.json$/;
      const bridges = subject.documents.filter(({ path }) => bridge.test(path));
      if (subject.documents.some(({ path, text }) => path === ".envrc" && LOADS.test(text))) return undefined;
      const needed = haloServers(subject)
        .filter(({ document, program }) => document.path === ".mcp.json" && program === undefined)
        .flatMap((server) => valueHeaders(server).flatMap(({ variables }) => variables))
        .filter((name) => !bridges.some((each) => givenBy(each).has(name)));
      const lost = assignments(env.text).filter(({ name, value }) => value !== "" && needed.includes(name));
      const [first] = lost;
      if (first === undefined) return undefined;
      const names = [...new Set(lost.map(({ name }) => name))].join(", ");
      return { at: { offset: first.start, length: first.nameEnd - first.start }, args: { names } };
    },
    message: `Claude Code does not read .env, and neither .claude/settings.local.json nor .envrc passes {names} to it; run npx create-halo-mcp, or export them in the shell that starts it`,
  }),
  // the default answer of Claude Code's dialog about a new server rejects it, and is stored here (2.1.330)
  disabledRow("settings-local")("halo-rejected-here", "warning", "HALO was rejected on this machine", {
    localOnly: true,
    find: ({ value }) => ({ at: value }),
    message: `"{name}" was rejected here, so Claude Code does not load it; remove it from "disabledMcpjsonServers", or run claude mcp reset-project-choices`,
  }),
];
