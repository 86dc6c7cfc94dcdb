/** Mistakes in the project files of clients, most of them about HALO, according to each client's descriptor. */
import { spotAt } from "../check/documents.ts";
import type { Document, Rule } from "../check/model.ts";
import { filesWhere, headerRow, type Place, remoteRow } from "../check/rows.ts";
import { fixOf } from "../check/run.ts";
import { claudeCode } from "../clients/claude-code.ts";
import { rightKey } from "../clients/claude-loader.ts";
import { settingsMisfits } from "../clients/claude-settings.ts";
import { refusalsIn } from "../clients/demands.ts";
import { entriesIn, innerServers, isRootTwice, membersIn, nestedIn } from "../clients/entry.ts";
import { clientOf, isServersKey } from "../clients/index.ts";
import type { Client, Demands } from "../clients/model.ts";
import { hasReference, spelledIn } from "../clients/references.ts";
import type { Entry, Node } from "../formats/json.ts";
import { setProperty } from "../formats/json-edit.ts";
import { isObjectNode, keySpan, kindWord, member, textOf, winners } from "../formats/nodes.ts";
import { HEADERS, variablesFor } from "../halo.ts";
import { withoutCommas } from "./files.ts";

const PARTS = { comma: "a trailing comma", bom: "a byte order mark", blank: "it is empty" };

/** What the client cannot read in the text of its file, though other clients can. */
function unreadable({ text, tree, encoding }: Document, { unreadable = [] }: Client): readonly Place[] {
  const edits = {
    comma: tree === undefined ? [] : withoutCommas(tree),
    bom: text.startsWith("\uFEFF") ? [{ offset: 0, length: 1, text: "" }] : [],
    blank: encoding === "utf-8" && text.trim() === "" ? [{ offset: 0, length: text.length, text: "{}\n" }] : [],
  };
  return unreadable.flatMap((part) =>
    edits[part].slice(0, 1).map((at) => ({ at, args: { reason: PARTS[part] }, fix: edits[part] })),
  );
}

/** What the client does not accept in an entry, if it then loses this. */
function refused({ text, tree }: Document, client: Client, entry: Entry, loss: Demands["lost"]): readonly Place[] {
  const { label, format, servers } = client;
  // the rule `nested-server` reports fields that are too deep
  const raw = membersIn(tree, client).find(({ key }) => key === entry.key) ?? entry;
  if (raw.value !== entry.value || nestedIn(entry.value) !== undefined || isRootTwice(entry, client)) return [];
  return refusalsIn(entry, client).flatMap(({ lost, at, what, allowed, rename, type }) => {
    const key = rename && { ...keySpan(rename.entry), text: format === "toml" ? rename.right : `"${rename.right}"` };
    // a group of servers has no type of its own
    const isOne = innerServers(entry.value).length === 0;
    const set = type && isOne && setProperty(text, [servers, entry.key, "type"], type, { strict: false });
    const args = { client: label, name: entry.key, what, allowed };
    return lost === loss ? [{ at, args, fix: key ? [key] : set ? fixOf(text, set) : undefined }] : [];
  });
}

function lostFile(document: Document, client: Client): readonly Place[] {
  const { tree, broken } = document;
  const isSettings = client === claudeCode;
  if (broken !== undefined && (broken.kind !== "loose" || isSettings)) {
    const reason = broken.kind === "loose" ? "a comment or a trailing comma" : broken.reason;
    return [{ at: spotAt(document, broken.offset), args: { reason } }];
  }
  if (isSettings)
    return (isObjectNode(tree) ? settingsMisfits(tree) : []).map(({ node, at, got, allowed }) => {
      return { at: node, args: { name: at, what: `it is ${got}`, allowed } };
    });
  if (tree !== undefined && !isObjectNode(tree))
    return [{ at: tree, args: { reason: `it is ${kindWord(tree)}, not an object` } }];
  const servers = member(tree, client.servers);
  const entries = servers === undefined || isObjectNode(servers.value) ? membersIn(tree, client) : [servers];
  return [...unreadable(document, client), ...entries.flatMap((each) => refused(document, client, each, "file"))];
}

const isServer = ({ value }: Entry): boolean =>
  isObjectNode(value) && value.entries.some(({ key }) => /^(?:url|command|headers)$/.test(rightKey(key) ?? key));

/** Servers under another client's key, at most two keys deep, unless they are under the right one too. */
function elsewhere({ tree }: Document, client: Client) {
  const own = entriesIn(tree, client).map(({ key }) => key);
  const inside = (path: string, value: Node | undefined) =>
    isObjectNode(value) ? winners(value).map((entry) => ({ entry, path: path + entry.key })) : [];
  const outer = inside("", tree).filter(({ path }) => path !== client.servers);
  const inner = outer.flatMap(({ entry, path }) => inside(`${path}.`, entry.value));
  return [...outer, ...inner].flatMap(({ entry, path }) => {
    const servers = isServersKey(path) ? inside("", entry.value) : [];
    const names = servers.flatMap((each) => (isServer(each.entry) && !own.includes(each.path) ? [each.path] : []));
    // under the right key, an entry that the client refuses could cost it the file
    const isSafe = entry.key === path && servers.every((each) => refusalsIn(each.entry, client).length === 0);
    const above = path.slice(0, -1 - entry.key.length);
    const found = `"${entry.key}"${above === "" ? "" : ` inside "${above}"`}`;
    return names.length === 0 ? [] : [{ entry, found, names, isSafe }];
  });
}

const settingsRow = filesWhere(({ kind }) => /^(?:client:|settings)/.test(kind));
const clientFileRow = filesWhere(({ kind }) => kind.startsWith("client:"));

export const CLIENT_RULES: readonly Rule[] = [
  // Claude Code 2.1.330 silently ignores a settings file with a comment or a trailing comma; a BOM is fine (measured)
  settingsRow("client-file-broken", "error", "A client cannot read its settings file, and ignores all of it", {
    find: ({ document }) => {
      const client = document.kind.startsWith("settings") ? claudeCode : clientOf(document.kind);
      if (client === undefined) return undefined;
      const named = { client: client.label, path: document.path };
      return lostFile(document, client).map((each) => ({ ...each, args: { ...named, ...each.args } }));
    },
    message: ({ client, reason, path, name, what, allowed }) =>
      reason === undefined
        ? `${client} refuses ${path} as a whole because of "${name}": ${what}; allowed: ${allowed}`
        : `${client} cannot read ${path}, so it ignores the whole file: ${reason}; fix the syntax`,
  }),
  // no client says so (Codex, Gemini CLI, opencode, Qwen Code: measured; Cursor, VS Code: documentation)
  clientFileRow("client-servers-key", "error", "Servers are under the key of another client, where nobody reads them", {
    find: ({ document }) => {
      const client = clientOf(document.kind);
      if (client === undefined) return undefined;
      const { label, servers, format } = client;
      const isFree = format !== "toml" && member(document.tree, servers) === undefined;
      // of several keys, each would become the right one
      const all = elsewhere(document, client);
      return all.map(({ entry, found, names, isSafe }) => {
        const right = format === "toml" ? `[${servers}.${names[0]}]` : `"${servers}"`;
        const whole = servers.includes(".") ? " as one key, with the dot" : "";
        const args = { client: label, found, names: names.join(", "), right: right + whole };
        const isFixed = isFree && isSafe && all.length === 1;
        return { at: entry, args, fix: isFixed ? [{ ...keySpan(entry), text: right }] : undefined };
      });
    },
    message: `{client} does not read {found}, so it does not load the servers there ({names}); allowed: {right}`,
  }),
  remoteRow("client-server-skipped", "error", "A client cannot use its entry for HALO: a key or its type is wrong", {
    find: ({ document, client, entry }) => refused(document, client, entry, "server"),
    message: `{client} cannot use server "{name}": {what}; allowed: {allowed}`,
  }),
  // VS Code asks for `${input:id}` only when `inputs` describes it (code.visualstudio.com, MCP configuration reference, 2026)
  headerRow("vscode-input-missing", "error", "VS Code's entry for HALO asks for an input that is not described", {
    find: ({ header: { text = "", entry }, client: { asks }, document, dialect }) => {
      if (asks === undefined) return undefined;
      const list = member(document.tree, asks.list)?.value;
      const inputs = list?.kind === "array" ? list.entries : [];
      const described = inputs.map(({ value }) => textOf(member(value, "id")?.value));
      const asked = spelledIn(text, dialect).flatMap((spelled) => asks.reference.exec(spelled.text)?.[1] ?? []);
      return asked.filter((id) => !described.includes(id)).map((id) => ({ at: entry.value, args: { id } }));
    },
    message: `server "{name}" asks for the input "{id}", which "inputs" does not describe; needed: {"type": "promptString", "id": "{id}", "password": true}`,
  }),
  // what Codex 0.169 does with a header in the wrong table (measured)
  headerRow("codex-headers", "error", "Codex does not send a header of HALO as intended", {
    find: ({ header, client }) => {
      const { kind, text = "", under, which, entry } = header;
      const { headers, names } = client.entry;
      if (names === undefined) return undefined;
      const what = {
        unknown: `is ignored, because ${client.label} has no table "${under}"`,
        names: header.variables.length === 0 && "names no variable, so the header is omitted",
        values: hasReference(text) && `is sent as literal text, because ${headers} holds values`,
      }[kind];
      if (what === false) return undefined;
      const args = { header: HEADERS[which], what, right: variablesFor("halo")[which], table: client.servers, names };
      return { at: entry.value, args };
    },
    message: `the header {header} of server "{name}" {what}; allowed: {header} = "{right}" in [{table}.{name}.{names}]`,
  }),
  headerRow("gemini-blanked-variable", "note", "Gemini CLI empties this variable when it comes from .env", {
    find: ({ header, client: { label, blanks }, program }) => {
      const variable = header.variables.find((name) => blanks?.test(name));
      if (variable === undefined || program !== undefined) return undefined;
      return { at: header.entry.value, args: { variable, header: header.name, client: label } };
    },
    message: `{client} sends an empty {header} when {variable} comes from a .env, because it empties variables with such names; export it in the shell that starts {client}`,
  }),
  // opencode 1.18.33 answers a 401 with OAuth discovery and POST /register, and hides that the token is wrong (measured)
  remoteRow("opencode-oauth", "warning", 'opencode\'s entry for HALO lacks "oauth": false', {
    find: ({ document: { text }, name, node, entry, client }) => {
      const oauth = member(node, "oauth")?.value;
      if (client.entry.fixed?.oauth !== false || (oauth?.kind === "scalar" && oauth.value === false)) return undefined;
      const edited = setProperty(text, [client.servers, name, "oauth"], false, { strict: false });
      return { at: entry, args: { client: client.label }, fix: fixOf(text, edited) };
    },
    message: `server "{name}" lacks "oauth": false: {client} then answers a wrong token with an OAuth flow that HALO does not have`,
  }),
];
