/** What a client makes of its file and of the texts in its entries, according to its descriptor. */
import { spotAt } from "../check/documents.ts";
import type { Document, Rule, Subject } from "../check/model.ts";
import { clientEntryRow, fixOf, headerRow, type Place, remoteRow, rowsOf, textRow } from "../check/run.ts";
import { haloServers, rivalOf, valueHeaders } from "../check/servers.ts";
import { isFitToShow } from "../check/show.ts";
import { claudeCode } from "../clients/claude-code.ts";
import { rightKey } from "../clients/claude-loader.ts";
import { settingsMisfits } from "../clients/claude-settings.ts";
import { refusalsIn } from "../clients/demands.ts";
import { entriesIn, fieldsOf, innerServers, isRootTwice, membersIn, nestedIn } from "../clients/entry.ts";
import { clientOf, isServersKey } from "../clients/index.ts";
import type { Client, Demands } from "../clients/model.ts";
import {
  becomes,
  type Dialect,
  hasReference,
  mended,
  quotedReference,
  type Spelled,
  spelledIn,
} from "../clients/references.ts";
import type { Entry, Node } from "../formats/json.ts";
import { setProperty } from "../formats/json-edit.ts";
import { isObjectNode, keySpan, kindWord, member, spanOf, textOf, winners } from "../formats/nodes.ts";
import { HEADERS, variablesFor } from "../halo.ts";
import { once } from "../once.ts";
import { withoutCommas } from "./loader.ts";

/** `$NAME` and `%NAME%` inside a text, such as `TOKEN=$TOKEN`. Not `$1`, `$.x`, `$$NAME`, `$name`, `%20`. */
const INSIDE = /(?<![^\s=:/;,])\$([A-Z_][A-Z0-9_]+)(?![\w($])|(?<![^\s=:;,])%([A-Z][A-Z0-9_]{2,})%/g;
/** Forms that no program reads itself. Of the others in its arguments, it may be the reader. */
const OF_CLIENTS = /^(?:\$\{\{|\$\{\s*(?:env|input|config|secrets?)[:.]|\{env:|\$\()/;

/** The references of other clients and of shells. A template (`{{…}}`) and an expression (`$(?:`) are none. */
function foreignIn(text: string, key: string, dialect: Dialect): readonly Spelled[] {
  const found = spelledIn(text, dialect).filter(({ text: it, expanded }) => {
    if (expanded || !/^(?:\$\(\s*[\w./~]|(?!\$\()[^A-Za-z]*[A-Za-z])/.test(it) || it.startsWith("{{")) return false;
    if (/^[$%]\w/.test(it)) return key === "headers" || (key !== "args" && it === text.trim());
    return key !== "args" || OF_CLIENTS.test(it);
  });
  const inside = [...text.matchAll(INSIDE)].map(({ 0: it, 1: plain, 2: name = plain, index }) => {
    return { text: it, offset: index, name, expanded: false };
  });
  const more = inside.filter(({ text: it, offset }) => {
    return dialect.expands?.test(it) !== true && !found.some((each) => each.offset === offset);
  });
  return [...found, ...more].toSorted((a, b) => a.offset - b.offset);
}

/** A single backslash in JSON: `C:\tools` is `C:`, a tab, `ools`. */
const CONTROL = /[\t\n\f\r\b]/;
/** From a drive, a server of the network or the folder; or up to one program. No path has a second colon: `a:` and `b: c` are lines of YAML. */
const WINDOWS =
  /^(?:--?[\w-]+=)?(?:[A-Za-z]:|\\\\[\w.$-]+|\.\.?)(?:[\\/][^:\t\n\f\r\b]*)?[\t\n\f\r\b](?=\w)[^:]*$|^(?=[\s\S]*[\t\f\r\b])(?:(?!\.\w{1,5}[\t\n\f\r\b])[^ /:])+\.(?:exe|cmd|bat|ps1|[cm]?[jt]s|py|jar|dll)$/;

/** A command that holds more than the name of a program. A path may have spaces. */
function holdsArguments(command: string): boolean {
  const [, path = "", rest = ""] = /^(\S+)\s+(.*)$/s.exec(command) ?? [];
  if (rest === "") return false;
  const isProgram = !/[\\/]/.test(path) && !/\.(?:exe|cmd|bat|app)$/i.test(command);
  const isKnown = /(?:^|[\\/])(?:npx|node|bunx?|deno|uvx?|python\d?|docker|npm|pnpm|yarn)(?:\.exe)?$/.test(path);
  return isProgram || isKnown || /^["']|\.(?:exe|cmd|bat)\s|\s--?[A-Za-z]/.test(command);
}

/** The texts that the rule `halo-reference-spelling` looks at. */
const spelledForHalo = once((subject: Subject) => {
  const inHeaders = haloServers(subject).flatMap((each) => valueHeaders(each).map(({ entry }) => entry.value));
  return new Set<Node | undefined>([...inHeaders, ...haloServers(subject).map(({ url }) => url?.node)]);
});

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
  const { format, servers } = client;
  // the rule `nested-server` reports fields that are too deep
  const raw = membersIn(tree, client).find(({ key }) => key === entry.key) ?? entry;
  if (raw.value !== entry.value || nestedIn(entry.value) !== undefined || isRootTwice(entry, client)) return [];
  return refusalsIn(entry, client).flatMap(({ lost, at, what, allowed, rename, type }) => {
    const key = rename && { ...keySpan(rename.entry), text: format === "toml" ? rename.right : `"${rename.right}"` };
    // a group of servers has no type of its own
    const isOne = innerServers(entry.value).length === 0;
    const set = type && isOne && setProperty(text, [servers, entry.key, "type"], type, { strict: false });
    const args = { name: entry.key, what, allowed };
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

const ownFileRow = rowsOf(({ documents }) =>
  documents.flatMap((document) => {
    const { kind } = document;
    const client = kind.startsWith("settings") ? claudeCode : kind.startsWith("client:") ? clientOf(kind) : undefined;
    return client === undefined ? [] : [{ document, client }];
  }),
);

export const CLIENT_RULES: readonly Rule[] = [
  textRow("literal-reference", "warning", "A reference that a client does not expand is used as text, or lost", {
    find: ({ document, client, text: { key, name, text, isCode, node } }, subject) => {
      if (isCode || rivalOf(subject, document) !== undefined || spelledForHalo(subject).has(node)) return undefined;
      const { references } = client;
      const foreign = foreignIn(text, key, references);
      const [first] = foreign;
      const does = first && becomes(first.text, client);
      if (first === undefined || does === undefined) return undefined;
      const example = references.spell?.(first.name ?? "NAME");
      const what = { env: `the variable ${name}`, headers: `the header ${name}` }[key] ?? `"${name}"`;
      // of these forms, a part of a text may be meant literally: "%LEVEL% %MESSAGE%", "price=$AMOUNT"
      const isPart = foreign.some(({ text: it }) => /^(?:%|\$(?=\w))/.test(it) && it !== text.trim());
      const isLiteral = isPart && (key === "env" || /%[A-Z]\w+%/.test(text));
      const fix = key === "args" || isLiteral ? undefined : mended(text, foreign, references);
      const args = { does, what, quoted: quotedReference(first), example };
      return { args, fix: isFitToShow(subject, text) ? fix : undefined };
    },
    message: `server "{name}": {client} does not expand {quoted} in {what}, but {does}; allowed: {example}, with the value in the environment`,
  }),
  // "ENOENT: no such file or directory, posix_spawn 'https://…'"; `claude mcp add` without --transport writes such an entry
  clientEntryRow("command-not-program", "warning", "The command of a server is a URL, or holds its arguments", {
    find: ({ document, name, entry: { value } }, subject) => {
      const node = isObjectNode(value) ? fieldsOf(value) : value;
      const at = member(node, "command")?.value;
      const text = (textOf(at) ?? "").trim();
      // with such a type, the command is ignored
      const isProgram = /^(?:stdio)?$/.test(textOf(member(node, "type")?.value) ?? "");
      if (at === undefined || !isProgram) return undefined;
      const isOurs = document.kind === "mcp";
      // what follows can be a secret of any form
      const got = text.replace(/(?<=[^\s=?#])[\s=?#].*$/s, " …");
      // for other clients it is not known who takes a command line apart
      if (!/^(?:https?|wss?):\/\//i.test(text))
        return isOurs && holdsArguments(text) && { at, args: { what: "arguments", got } };
      const isHalo = isOurs && haloServers(subject).some((each) => each.document === document && each.name === name);
      return { at, args: { what: isHalo ? "HALO" : "URL", got }, severity: "error" };
    },
    message: ({ name, what, client, got }) =>
      what === "arguments"
        ? `server "${name}": "command" holds arguments (${got}), so Claude Code looks for a program with that whole name; allowed: the program alone, and the rest in "args"`
        : `server "${name}": "command" is a URL (${got}), so ${client} looks for a program of that name and never connects; ${what === "HALO" ? `claude mcp add without --transport http writes that: run claude mcp remove -s project ${name}, then npx create-halo-mcp` : `allowed: an entry with "url" instead`}`,
  }),
  textRow("lost-backslash", "warning", "A single backslash in a path became a control character", {
    find: ({ document, text: { key, name, text, isCode, node } }) => {
      const parts = isCode ? [text] : text.split(/[=;,"']/);
      const isPath = key === "command" || parts.some((part) => WINDOWS.test(part));
      if (/^(?:url|httpUrl|headers)$/.test(key) || !isPath || !CONTROL.test(text.trim())) return undefined;
      // the escapes of the file: \t is a tab, \\ a backslash
      const raw = document.text.slice(node.start, node.end);
      const right = raw.replace(/\\([\s\S])/g, (it, sign) => (/[tnfrb]/.test(sign) ? `\\${it}` : it));
      // a line break may be meant; who wrote one backslash twice knows how
      const isSure = right !== raw && (key === "command" || !/[\n\\]/.test(text.replace(/^\\\\/, "")));
      const what = key === "env" ? `the variable ${name}` : `"${name}"`;
      const sign = JSON.stringify(CONTROL.exec(text.trim())?.[0]);
      return { args: { what, sign }, fix: isSure ? [{ ...spanOf(node), text: right }] : undefined };
    },
    message: `server "{name}": a path in {what} has the control character {sign}, because a single backslash begins an escape; write every backslash twice`,
  }),
  // Claude Code 2.1.330 silently ignores a settings file with a comment or a trailing comma; a BOM is fine (measured)
  ownFileRow("client-file-broken", "error", "A client cannot read its settings file, and ignores all of it", {
    find: ({ document, client }) => lostFile(document, client),
    message: ({ client, reason, path, name, what, allowed }) =>
      reason === undefined
        ? `${client} refuses ${path} as a whole because of "${name}": ${what}; allowed: ${allowed}`
        : `${client} cannot read ${path}, so it ignores the whole file: ${reason}; fix the syntax`,
  }),
  // no client says so (Codex, Gemini CLI, opencode, Qwen Code: measured; Cursor, VS Code: documentation)
  ownFileRow("client-servers-key", "error", "Servers are under the key of another client, where nobody reads them", {
    find: ({ document, client }) => {
      const { servers, format } = client;
      // of several keys, each would become the right one
      const all = client === claudeCode ? [] : elsewhere(document, client);
      const isOne = all.length === 1 && format !== "toml" && member(document.tree, servers) === undefined;
      return all.map(({ entry, found, names, isSafe }) => {
        const right = format === "toml" ? `[${servers}.${names[0]}]` : `"${servers}"`;
        const whole = servers.includes(".") ? " as one key, with the dot" : "";
        const args = { found, names: names.join(", "), right: right + whole };
        return { at: entry, args, fix: isOne && isSafe ? [{ ...keySpan(entry), text: right }] : undefined };
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
    find: ({ header: { text = "" }, client: { asks }, document, dialect }) => {
      if (asks === undefined) return undefined;
      const list = member(document.tree, asks.list)?.value;
      const inputs = list?.kind === "array" ? list.entries : [];
      const described = inputs.map(({ value }) => textOf(member(value, "id")?.value));
      const asked = spelledIn(text, dialect).flatMap((spelled) => asks.reference.exec(spelled.text)?.[1] ?? []);
      return asked.filter((id) => !described.includes(id)).map((id) => ({ args: { id } }));
    },
    message: `server "{name}" asks for the input "{id}", which "inputs" does not describe; needed: {"type": "promptString", "id": "{id}", "password": true}`,
  }),
  // what Codex 0.169 does with a header in the wrong table (measured)
  headerRow("codex-headers", "error", "Codex does not send a header of HALO as intended", {
    find: ({ header, client }) => {
      const { kind, text = "", under, which } = header;
      const { headers, names } = client.entry;
      if (names === undefined) return undefined;
      const what = {
        unknown: `is ignored, because ${client.label} has no table "${under}"`,
        names: header.variables.length === 0 && "names no variable, so the header is omitted",
        values: hasReference(text) && `is sent as literal text, because ${headers} holds values`,
      }[kind];
      if (what === false) return undefined;
      const right = variablesFor("halo")[which];
      return { args: { header: HEADERS[which], what, right, table: client.servers, names } };
    },
    message: `the header {header} of server "{name}" {what}; allowed: {header} = "{right}" in [{table}.{name}.{names}]`,
  }),
  headerRow("gemini-blanked-variable", "note", "Gemini CLI empties this variable when it comes from .env", {
    find: ({ header, client: { blanks }, program }) => {
      const variable = header.variables.find((name) => blanks?.test(name));
      return variable !== undefined && program === undefined && { args: { variable } };
    },
    message: `{client} sends an empty {header} when {variable} comes from a .env, because it empties variables with such names; export it in the shell that starts {client}`,
  }),
  // opencode 1.18.33 answers a 401 with OAuth discovery and POST /register, and hides that the token is wrong (measured)
  remoteRow("opencode-oauth", "warning", 'opencode\'s entry for HALO lacks "oauth": false', {
    find: ({ document: { text }, name, node, entry, client }) => {
      const oauth = member(node, "oauth")?.value;
      if (client.entry.fixed?.oauth !== false || (oauth?.kind === "scalar" && oauth.value === false)) return undefined;
      const edited = setProperty(text, [client.servers, name, "oauth"], false, { strict: false });
      return { at: entry, fix: fixOf(text, edited) };
    },
    message: `server "{name}" lacks "oauth": false: {client} then answers a wrong token with an OAuth flow that HALO does not have`,
  }),
];
