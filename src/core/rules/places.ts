/** Files that nobody reads where they are, and files that two clients read. */
import { isShared } from "../check/env-files.ts";
import { haloServers, readerOf } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { misplacedServers, rivalOf } from "../check/places.ts";
import { filesWhere, rowsOf } from "../check/rows.ts";
import { fixOf } from "../check/run.ts";
import { entriesIn, textsIn } from "../clients/entry.ts";
import { hasReference } from "../clients/references.ts";
import { removeProperty } from "../formats/json-edit.ts";

const misplacedRow = rowsOf(misplacedServers);
const linkRow = filesWhere(({ kind, target }) => target !== undefined && !kind.startsWith("env"));
const otherFileRow = filesWhere(({ kind }) => kind !== "mcp");

export const PLACE_RULES: readonly Rule[] = [
  // "No MCP servers configured" for all of them, in a trusted folder too (Claude Code 2.1.330, measured)
  misplacedRow("misplaced-servers", "warning", "Claude Code does not read the file or the key that has the servers", {
    find: ({ document, entry, path, right, isHaloLost, copied, isCopy }, subject) => {
      const { text, kind, broken, ignored, encoding } = document;
      // at the root, another program may read a file with this common name
      const isCommon = document.path === "mcp.json";
      const [isWhole, isOwn] = [kind === "misplaced", kind === "settings-local"];
      const severity = isHaloLost && !(isCommon && subject.allowMissing) ? "error" : isCommon ? "note" : "warning";
      const isFlat = entry.start === entry.value.start;
      const what = isWhole ? document.path : `"${entry.key}" in ${document.path}`;
      if (isCopy) return { at: entry, args: { what, copied: copied.join(", ") }, severity: "note" };
      const key = entry.key === "mcpServers" && !isFlat ? "" : ', under "mcpServers"';
      const move = `${right ? "add" : "move"} them to ${path}${key}${isOwn ? ", or, for you alone, add them with claude mcp add" : ""}`;
      const place = { at: entry, args: { what, move }, severity } as const;
      // a file of one person is not moved to where git adds it, nor one of all to where git ignores it
      const isHidden = ignored || subject.hidden.has(path);
      if (right || key || copied.length > 0 || broken || encoding !== "utf-8" || isHidden || isCommon || isOwn)
        return place;
      const left = isWhole ? { ok: true as const, text: "" } : removeProperty(text, ["mcpServers"], { strict: true });
      const end = text.includes("\r\n") ? "\r\n" : "\n";
      const block = `{${end}  "mcpServers": ${text.slice(entry.value.start, entry.value.end)}${end}}${end}`;
      const fix = fixOf(text, left);
      return fix === undefined ? place : { ...place, fix, creates: { path, text: isWhole ? text : block } };
    },
    message: ({ what, move, copied }) =>
      copied === undefined
        ? `Claude Code does not read ${what}, so it loads none of these servers; ${move}`
        : `Claude Code does not read ${what}, and loads servers with these names from ${copied}; remove this copy`,
  }),
  linkRow("broken-link", "warning", "A link leads nowhere, or out of the repository", {
    find: ({ document }, subject) => {
      const { path, target = "", encoding } = document;
      const isLost = encoding === "absent";
      const isOutside = subject.inRepository && /^(?:\.\.\/|\/|[A-Za-z]:)/.test(target) && isShared(subject, document);
      if (!isLost && !isOutside) return undefined;
      const severity = isLost && path === ".mcp.json" && !subject.allowMissing ? "error" : "warning";
      return { args: isLost ? { target } : {}, severity };
    },
    message: ({ target }) =>
      target === undefined
        ? "this link leads out of the repository: nobody else has the file; allowed: a file, or a link to one in the repository"
        : `this link leads to ${target}, which does not exist, so no client can read it; create the file, or correct the link`,
  }),
  // each client sends the references of the other as they are (measured, see docs/clients)
  otherFileRow("shared-by-clients", "error", "Two clients read a file, and no spelling of a reference suits both", {
    find: ({ document }, subject) => {
      const [client, rival] = [readerOf(document), rivalOf(subject, document)];
      const other = rival && readerOf(rival);
      if (client === undefined || rival === undefined || other === undefined) return undefined;
      // of two names, one is reported
      if (rival.kind !== "mcp" && rival.path > document.path) return undefined;
      const texts = entriesIn(document.tree, client).flatMap(({ value }) => textsIn(value));
      const at = texts.find(({ text }) => hasReference(text))?.node;
      const isHalo = haloServers(subject).some((server) => server.document === document);
      const args = { path: document.path, other: rival.path, client: client.label, rival: other.label };
      return { at, args, severity: isHalo ? "error" : "warning" };
    },
    message: `{path} is the same file as {other}, and no spelling of a reference suits both {client} and {rival}; give {client} a file of its own`,
  }),
];
