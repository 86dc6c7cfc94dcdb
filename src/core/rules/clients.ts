/** Mistakes about HALO in the project files of clients, according to each client's descriptor. */
import { spotAt } from "../check/documents.ts";
import type { Rule } from "../check/model.ts";
import { filesWhere, headerRow, remoteRow } from "../check/rows.ts";
import { fixOf } from "../check/run.ts";
import { claudeCode } from "../clients/claude-code.ts";
import { clientOf } from "../clients/index.ts";
import { hasReference, spelledIn } from "../clients/references.ts";
import { setProperty } from "../formats/json-edit.ts";
import { member, textOf } from "../formats/nodes.ts";
import { HEADERS, variablesFor } from "../halo.ts";

export const CLIENT_RULES: readonly Rule[] = [
  // Claude Code 2.1.330 silently ignores a settings file with a comment or a trailing comma (measured); a BOM is
  // fine. Some clients accept comments (VS Code, opencode), so other clients' files are reported only if no reader accepts them.
  filesWhere(({ kind }) => kind !== "mcp")({
    id: "client-file-broken",
    summary: "A client cannot read its settings file, and ignores all of it",
    find: ({ document }) => {
      const { kind, path, broken } = document;
      const isSettings = kind === "settings" || kind === "settings-local";
      const client = isSettings ? claudeCode : clientOf(kind);
      if (client === undefined || broken === undefined || (broken.kind === "loose" && !isSettings)) return undefined;
      const reason = broken.kind === "loose" ? "a comment or a trailing comma" : broken.reason;
      return { at: spotAt(document, broken.offset), args: { client: client.label, reason, path } };
    },
    message: ({ client, reason, path }) =>
      `${client} cannot read ${path}, so it ignores the whole file: ${reason}; fix the syntax`,
  }),
  // VS Code asks for `${input:id}` only when `inputs` describes it (code.visualstudio.com, MCP configuration reference, 2026)
  headerRow({
    id: "vscode-input-missing",
    summary: "VS Code's entry for HALO asks for an input that is not described",
    find: ({ header: { text = "", entry }, client: { asks }, document, dialect }) => {
      if (asks === undefined) return undefined;
      const list = member(document.tree, asks.list)?.value;
      const inputs = list?.kind === "array" ? list.entries : [];
      const described = inputs.map(({ value }) => textOf(member(value, "id")?.value));
      const asked = spelledIn(text, dialect).flatMap((spelled) => asks.reference.exec(spelled.text)?.[1] ?? []);
      return asked.filter((id) => !described.includes(id)).map((id) => ({ at: entry.value, args: { id } }));
    },
    message: ({ name, id }) =>
      `server "${name}" asks for the input "${id}", which "inputs" does not describe; needed: {"type": "promptString", "id": "${id}", "password": true}`,
  }),
  // what Codex 0.169 does with a header in the wrong table (measured)
  headerRow({
    id: "codex-headers",
    summary: "Codex does not send a header of HALO as intended",
    find: ({ header, client }) => {
      const { kind, text = "", under, which, entry } = header;
      const { headers, names } = client.entry;
      if (names === undefined) return undefined;
      const what =
        kind === "unknown"
          ? `is ignored, because ${client.label} has no table "${under}"`
          : kind === "names"
            ? header.variables.length === 0 && "names no variable, so the header is omitted"
            : hasReference(text) && `is sent as literal text, because ${headers} holds values`;
      if (what === false) return undefined;
      const args = { header: HEADERS[which], what, right: variablesFor("halo")[which], table: client.servers, names };
      return { at: entry.value, args };
    },
    message: ({ name, header, what, right, table, names }) =>
      `the header ${header} of server "${name}" ${what}; allowed: ${header} = "${right}" in [${table}.${name}.${names}]`,
  }),
  headerRow({
    id: "gemini-blanked-variable",
    severity: "note",
    summary: "Gemini CLI empties this variable when it comes from .env",
    find: ({ header, client: { label, blanks }, program }) => {
      const variable = header.variables.find((name) => blanks?.test(name));
      if (variable === undefined || program !== undefined) return undefined;
      return { at: header.entry.value, args: { variable, header: header.name, client: label } };
    },
    message: ({ variable, header, client }) =>
      `${client} sends an empty ${header} when ${variable} comes from a .env, because it empties variables with such names; export it in the shell that starts ${client}`,
  }),
  // opencode 1.18.33 answers a 401 with OAuth discovery and POST /register, and hides that the token is wrong (measured)
  remoteRow({
    id: "opencode-oauth",
    severity: "warning",
    summary: 'opencode\'s entry for HALO lacks "oauth": false',
    find: ({ document: { text }, name, node, entry, client }) => {
      const oauth = member(node, "oauth")?.value;
      if (client.entry.fixed?.oauth !== false || (oauth?.kind === "scalar" && oauth.value === false)) return undefined;
      const edited = setProperty(text, [client.servers, name, "oauth"], false, { strict: false });
      return { at: entry, args: { client: client.label }, fix: fixOf(text, edited) };
    },
    message: ({ name, client }) =>
      `server "${name}" lacks "oauth": false: ${client} then answers a wrong token with an OAuth flow that HALO does not have`,
  }),
];
