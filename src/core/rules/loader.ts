/** What Claude Code makes of a `.mcp.json`: the file, each entry, and what an entry does not do as it says (2.1.330, measured). In report order. */
import { visit } from "jsonc-parser";
import { spotAt } from "../check/documents.ts";
import type { Broken, Document, Rule, Span, TextEdit } from "../check/model.ts";
import { clientEntryRow, entryRow, fileRow, type Place, serverRow } from "../check/run.ts";
import { signOf } from "../check/show.ts";
import { claudeCode } from "../clients/claude-code.ts";
import {
  couldBe,
  FIELDS,
  IGNORED,
  keyCorrections,
  rightType,
  SHAPES,
  type Transport,
} from "../clients/claude-loader.ts";
import { isRootTwice, nestedIn } from "../clients/entry.ts";
import { isServersKey } from "../clients/index.ts";
import { withoutPlaceholders } from "../clients/references.ts";
import { type Container, type Entry, MAX_DEPTH, type Node } from "../formats/json.ts";
import { isObjectNode, kindWord, member, textOf, winners } from "../formats/nodes.ts";
import { isReserved } from "../halo.ts";

/** What is found in a file that cannot be read as UTF-8, or cannot be parsed, for this reason. */
const unreadFor = (why: Document["encoding"] | Broken["kind"]) => (file: { readonly document: Document }) => {
  const { broken, encoding, text } = file.document;
  const offset = encoding === why ? text.indexOf("\uFFFD") : broken?.kind === why ? broken.offset : undefined;
  if (offset === undefined) return undefined;
  const [line] = text.slice(offset, offset + 200).split(/[\r\n]/, 1);
  return { at: spotAt(file.document, offset), args: { reason: broken?.reason, line } };
};

/** Removes a comment: with the spaces before it if nothing follows, and with its line if nothing else is on it. */
function withoutComment(text: string, { offset, length }: Span): TextEdit {
  const blank = /[ \t]*(?:\r?\n|$)/y;
  blank.lastIndex = offset + length;
  const [after] = blank.exec(text) ?? [];
  if (after === undefined) return { offset, length, text: "" };
  let start = offset;
  while (text[start - 1] === " " || text[start - 1] === "\t") start -= 1;
  const line = start === 0 || text[start - 1] === "\n" ? after.length : 0;
  return { offset: start, length: offset + length + line - start, text: "" };
}

/** The edits that remove commas before closing braces and brackets, in order. */
export function withoutCommas(node: Node): readonly TextEdit[] {
  if (node.kind === "scalar") return [];
  const comma = node.entries.at(-1)?.comma;
  const inside = node.entries.flatMap(({ value }) => withoutCommas(value));
  return comma === undefined ? inside : [...inside, { offset: comma, length: 1, text: "" }];
}

export const FILE_RULES: readonly Rule[] = [
  fileRow("not-a-file", "error", "Claude Code refuses a folder, a pipe or a device that is called .mcp.json", {
    find: unreadFor("not-a-file"),
    message: `this is not a regular file but a folder, a pipe or a device, so Claude Code loads no server from it; allowed: a file, or a link to one`,
  }),
  // "MCP config is not a regular file or exceeds 2097152 bytes" (a BOM counts)
  fileRow("file-too-big", "error", "Claude Code refuses a .mcp.json of more than 2 MiB", {
    find: unreadFor("too-big"),
    message: `the file has more than 2,097,152 bytes, so Claude Code loads none of its servers; allowed: up to 2 MiB`,
  }),
  // what Windows PowerShell's `>` and Notepad's "Unicode" write; measured with and without a BOM, both byte orders
  fileRow("utf-16", "error", "Claude Code refuses a .mcp.json in UTF-16", {
    find: unreadFor("utf-16"),
    message: `the file is in UTF-16, so Claude Code loads none of its servers; allowed: UTF-8`,
  }),
  // the file loads, but every invalid byte is U+FFFD: in a name, a URL or a header
  fileRow("not-utf-8", "warning", "Bytes that are not UTF-8 silently become replacement characters", {
    find: unreadFor("not-utf-8"),
    message: `the file is not in UTF-8, so Claude Code replaces every invalid byte with U+FFFD; allowed: UTF-8`,
  }),
  fileRow("empty-file", "warning", "An empty .mcp.json has no servers, and Claude Code does not report it", {
    // blank as in `trim`, a BOM included (2.1.197 says that it is not valid JSON; neither version loads servers)
    find: ({ document }) => document.encoding === "utf-8" && document.text.trim() === "" && { at: spotAt(document, 0) },
    message: `the file is empty: Claude Code loads no servers and does not report it; allowed: {"mcpServers": {…}}, or no file`,
  }),
  fileRow("merge-conflict", "error", "Claude Code refuses a .mcp.json with conflict markers of an unfinished merge", {
    find: unreadFor("conflict"),
    message: `"{line}" is left of an unfinished merge, so Claude Code loads none of the servers; resolve the conflict`,
  }),
  fileRow("syntax", "error", "Claude Code refuses a .mcp.json that is not JSON", {
    find: unreadFor("syntax"),
    message: `invalid JSON: {reason}; Claude Code loads none of the servers`,
  }),
  fileRow("comments", "error", "Claude Code refuses a .mcp.json with a comment", {
    // one finding a file, at the first comment; the fix removes all of them
    find: ({ document: { text, broken } }) => {
      const found: Span[] = [];
      const onComment = (offset: number, length: number) => found.push({ offset, length });
      if (broken?.kind === "loose") visit(text, { onComment });
      return found[0] && { at: found[0], fix: found.map((comment) => withoutComment(text, comment)) };
    },
    message: `a comment, which JSON does not allow: Claude Code loads none of the servers`,
  }),
  fileRow("trailing-commas", "error", "Claude Code refuses a .mcp.json with a trailing comma", {
    find: ({ document: { tree, broken } }) => {
      const fix = tree === undefined || broken?.kind !== "loose" ? [] : withoutCommas(tree);
      return fix[0] && { at: fix[0], fix };
    },
    message: `a comma before a closing brace or bracket, which JSON does not allow: Claude Code loads none of the servers`,
  }),
  // Claude Code reads 100,000 levels; our tree has at most 256
  fileRow("too-deep", "error", "A file that is nested too deeply cannot be checked", {
    find: unreadFor("too-deep"),
    message: `nested deeper than ${MAX_DEPTH} levels: this file cannot be checked; no field of a server is nested that deep`,
  }),
  fileRow("root-not-object", "error", "Claude Code refuses a .mcp.json that is not an object", {
    find: ({ document: { tree } }) => tree && !isObjectNode(tree) && { at: tree, args: { got: kindWord(tree) } },
    message: `the file is {got}, so Claude Code loads no server from it; allowed: an object with "mcpServers"`,
  }),
  fileRow("mcp-servers-missing", "error", 'Claude Code refuses a .mcp.json without "mcpServers"', {
    find: ({ document }) => {
      const { tree, path } = document;
      if (!isObjectNode(tree)) return undefined;
      const [at, servers] = [spotAt(document, tree.start), member(tree, "mcpServers")];
      // as a plugin may have them; a session in the repository itself refuses the file
      const isFlat = servers?.start === servers?.value.start;
      if (servers) return isFlat && path === ".mcp.json" && { at, args: { plugin: "yes" }, severity: "note" };
      // no fix: Visual Studio reads "servers" in this very file (learn.microsoft.com/visualstudio/ide/mcp-servers)
      const other = tree.entries.find(({ key }) => isServersKey(key));
      return { at: other ?? at, args: { found: other?.key } };
    },
    message: ({ found, plugin }) =>
      plugin !== undefined
        ? 'there is no "mcpServers": Claude Code loads these servers with the plugin, but not in a session in this repository; allowed for both: {"mcpServers": {"<name>": {…}}}'
        : found === undefined
          ? 'there is no "mcpServers", so Claude Code loads no server from the file; allowed: {"mcpServers": {"<name>": {…}}}'
          : `the servers are under "${found}", where Claude Code does not look; ${found === "servers" ? `keep it for Visual Studio, and add "mcpServers" beside it` : `add "mcpServers"`}`,
  }),
  fileRow("mcp-servers-not-object", "error", 'Claude Code refuses a .mcp.json whose "mcpServers" is not an object', {
    find: ({ document: { tree } }) => {
      const value = member(tree, "mcpServers")?.value;
      return value && !isObjectNode(value) && { at: value, args: { got: kindWord(value) } };
    },
    message: `"mcpServers" is {got}, so Claude Code loads no server from the file; allowed: {"<name>": {…}}`,
  }),
];

/** The properties that a later one with the same name replaces: servers and blocks of servers (`isServer`), or all others. */
function replaced({ tree }: Document, isServer: boolean): readonly Place[] {
  const servers = member(tree, "mcpServers")?.value;
  const isBlock = ({ key, value }: Entry) => key === "mcpServers" && isObjectNode(value) && value.entries.length > 0;
  const walk = (node: Node): readonly Entry[] => {
    if (node.kind === "scalar") return [];
    const kept = new Set(node.kind === "object" ? winners(node) : node.entries);
    const lost = node.entries.filter((entry) => !kept.has(entry));
    const own = lost.filter((entry) => isServer === (node === servers || (node === tree && isBlock(entry))));
    return [...node.entries.flatMap(({ value }) => walk(value)), ...own];
  };
  return (tree === undefined ? [] : walk(tree)).map((entry) => ({ at: entry, args: { name: entry.key } }));
}

/** What an entry cannot do without, and what is allowed. */
const NEEDED = { url: "a string", command: 'the name of a program, or "type": "http" with a "url"' };

/** A field with the wrong shape, or one that is missing, makes Claude Code skip the entry, unless its transport does not read the field. */
const shapeRule = (id: string, summary: string, ...shapes: (keyof typeof SHAPES)[]): Rule =>
  serverRow(id, "error", summary, {
    find: ({ document, entry, node, transport }) =>
      shapes.flatMap((shape): readonly Place[] => {
        const key = shape === "headerValues" ? "headers" : shape;
        const value = member(node, key)?.value;
        const needed = key === "url" || key === "command" ? NEEDED[key] : undefined;
        if (transport === undefined || !FIELDS[transport].includes(key)) return [];
        // the rules `nested-server` and `http-url-without-type` report it
        const isSaid = isRootTwice(entry, claudeCode) || (key === "command" && isUrlAlone(node));
        if (value === undefined)
          return needed === undefined || isSaid ? [] : [{ args: { key, got: "missing", allowed: needed } }];
        return SHAPES[shape](value).map(({ node: at, at: below, got, allowed }) => {
          // the digits of the file: an ID may be longer than a number can hold
          const raw = document.text.slice(at.start, at.end);
          const isNumber = shape === "headerValues" && /^\d+$/.test(raw);
          const args = { key: key + below, got, allowed: needed ?? allowed };
          return { at, args, fix: isNumber ? raw : undefined };
        });
      }),
    message: `server "{name}": "{key}" is {got}, so Claude Code skips the server; allowed: {allowed}`,
  });

/** Without a type and a command, so it is no program to Claude Code either. */
const isUrlAlone = (node: Container): boolean =>
  member(node, "url") !== undefined && !member(node, "type") && !member(node, "command");

/** Why Claude Code never connects to this URL. A URL with a variable may be anything. */
function urlProblem(url: string | undefined, transport: Transport | undefined): string | undefined {
  if (url === undefined || transport === undefined || transport === "stdio") return undefined;
  const text = url.trim();
  if (text === "") return 'empty, which Claude Code lists as "Not configured"';
  if (text.includes("$")) return undefined;
  if (!URL.canParse(text)) return `"${text}", which is not a URL`;
  const { protocol } = new URL(text);
  const isFine = /^https?:$/.test(protocol) || (transport === "ws" && /^wss?:$/.test(protocol));
  return isFine ? undefined : `"${text}": Claude Code does not connect to "${protocol}"`;
}

/** The characters of a header name (RFC 9110); each one measured. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]*/;
/** NUL, CR and LF inside, and what Latin-1 does not have ("Header 'A' has invalid value"); other controls are sent. */
const NOT_SENT = /[\0\r\n]|[^\0-\u00ff]/u;

function headersOf(node: Container, transport: Transport | undefined) {
  const headers = member(node, "headers")?.value;
  return isObjectNode(headers) && transport !== undefined && transport !== "stdio" ? winners(headers) : [];
}

const isPadded = (text: string): boolean => text.trim() !== text && text.trim() !== "";

export const LOADER_RULES: readonly Rule[] = [
  ...FILE_RULES,
  fileRow("duplicate-server", "error", "Claude Code silently drops the first of two servers with the same name", {
    find: ({ document }) => replaced(document, true),
    message: `a later "{name}" replaces this one, which Claude Code drops silently; allowed: each name once`,
  }),
  fileRow("duplicate-key", "warning", "If an object has the same key twice, only the last one counts", {
    find: ({ document }) => replaced(document, false),
    message: `a later "{name}" in the same object replaces this one; allowed: each key once`,
  }),
  entryRow("entry-not-object", "error", "Claude Code skips a server that is not an object", {
    // for the name `__proto__`, only the rule `reserved-name` applies
    find: ({ name, entry: { value } }) =>
      !isObjectNode(value) && name !== "__proto__" && { at: value, args: { got: kindWord(value) } },
    message: `server "{name}" is {got}, so Claude Code skips it; allowed: an object`,
  }),
  // the other rules look at the object inside (Claude Code 2.1.332: "Skipped"; Cursor drops the entry without a word)
  clientEntryRow("nested-server", "error", "The fields of a server are one level too deep", {
    find: ({ document: { text, tree, broken }, client, entry }) => {
      const { value } = entry;
      if (!isObjectNode(value)) return undefined;
      const isRoot = isRootTwice(entry, client);
      const nested = isRoot ? { ...entry, value } : nestedIn(value);
      if (nested === undefined) return undefined;
      const beside = isRoot ? member(tree, client.servers)?.value : value;
      const { start, end, entries } = nested.value;
      const fields = entries.map(({ key }) => `"${key}"`).join(", ");
      const args = { key: nested.key, fields, isRoot: isRoot ? "yes" : undefined };
      // a table of TOML has its key in its head
      const isMendable = broken === undefined && client.format !== "toml";
      if (!isMendable || entries.some(({ key }) => member(beside, key) !== undefined)) return { at: nested, args };
      const indent = /\n([ \t]+)"/.exec(text)?.[1] ?? "";
      const inside = text.slice(start + 1, end - 1).trim();
      const lifted = inside.replaceAll(`\n${indent}`, "\n");
      return { at: nested, args, fix: [{ offset: nested.start, length: end - nested.start, text: lifted }] };
    },
    message: ({ name, key, client, fields, isRoot }) =>
      isRoot !== undefined
        ? `"${name}" is inside the key of the servers, so ${client} takes it for a server, and does not load ${fields}; take what is in it out of the inner "${name}"`
        : `server "${name}" has ${fields} one level too deep, under "${key}", so ${client} does not load it; move everything in "${key}" one level up`,
  }),
  // case counts ("HTTP" is unknown); `sse-ide`, `ws-ide`, `sdk`, `claudeai-proxy` are not for files
  serverRow("unknown-type", "error", 'Claude Code skips a server whose "type" it does not know (case counts)', {
    find: ({ node, transport }) => {
      const type = member(node, "type")?.value;
      if (transport !== undefined || type === undefined) return undefined;
      const text = textOf(type);
      const got = text === undefined ? kindWord(type) : `"${text}"`;
      const right = rightType(text ?? "");
      return { at: type, args: { got, right }, fix: couldBe(right ?? "", node) ? right : undefined };
    },
    message: ({ name, got, right }) =>
      `server "${name}": "type" is ${got}, so Claude Code skips the server; ${right === undefined ? "" : `"${right}" is probably meant; `}allowed: "http", "sse", "ws", "stdio"`,
  }),
  // "Skipped — has a "url" but no "type""; the other servers stay. With a `command` the URL is ignored
  serverRow("http-url-without-type", "error", 'Claude Code skips a server with a "url" but no "type"', {
    find: ({ document, node }) => {
      const url = member(node, "url");
      if (url === undefined || !isUrlAlone(node)) return undefined;
      // no fix if the URL is for another transport, or a misspelled key may be the type
      const text = textOf(url.value) ?? "";
      const isHttp = /^https?:/.test(text) && !/\/sse\/?(?:[?#]|$)/.test(text);
      const isMendable = isHttp && keyCorrections(node).every(({ right }) => right !== "type");
      // on a line of its own if the URL has one
      const gap = /(?:\r\n|\n|\r)[ \t]*$/.exec(document.text.slice(0, url.start).slice(-200))?.[0] ?? " ";
      const fix = [{ offset: url.start, length: 0, text: `"type": "http",${gap}` }];
      return { fix: isMendable ? fix : undefined };
    },
    message: `server "{name}" has a "url" but no "type", so Claude Code skips it; allowed: "type": "http", "sse" or "ws"`,
  }),
  shapeRule("missing-url", 'Claude Code skips a remote server whose "url" is missing or not a string', "url"),
  shapeRule("missing-command", 'Claude Code skips a program whose "command" is missing or no string', "command"),
  shapeRule("args-shape", 'Claude Code skips a program whose "args" is not a list of strings', "args"),
  shapeRule("env-shape", 'Claude Code skips a program whose "env" is not an object of strings', "env"),
  shapeRule("headers-shape", 'Claude Code skips a server whose "headers" is not an object', "headers"),
  shapeRule("header-value-not-string", "Claude Code skips a server with a header that is not a string", "headerValues"),
  shapeRule("headers-helper-value", 'Claude Code skips a server whose "headersHelper" is no string', "headersHelper"),
  shapeRule("oauth-shape", 'Claude Code skips a server whose "oauth" does not have the right shape', "oauth"),
  shapeRule("timeout-value", 'Claude Code skips a server whose "timeout" is not a whole number above 0', "timeout"),
  shapeRule("tool-options", "Claude Code skips a server with a wrong option", "alwaysLoad", "tools", "toolPermissions"),
  entryRow("reserved-name", "error", "Claude Code does not load a server with a reserved name", {
    find: ({ name }) => isReserved(name) && {},
    message: `"{name}" is a name that Claude Code reserves, so the server is not loaded; allowed: another name`,
  }),
  // the loader accepts any name; `claude mcp add` and `add-json` only these, and `claude mcp get -x` reads it as an option
  entryRow("unusable-name", "warning", "Claude Code's own commands refuse the name of a server", {
    find: ({ name }) => !/^[A-Za-z0-9_][A-Za-z0-9_-]*$/.test(name) && {},
    message: `Claude Code's commands refuse the name "{name}"; allowed: letters, digits, "_" and "-", not "-" first`,
  }),
  // the server loads but can never connect ("'url' is not a valid URL", "its address is not http or https")
  serverRow("unusable-url", "warning", "Claude Code can never connect to the URL of a server", {
    find: ({ node, transport }) => {
      const value = member(node, "url")?.value;
      const problem = urlProblem(textOf(value), transport);
      return problem !== undefined && { at: value, args: { problem } };
    },
    message: `server "{name}": "url" is {problem}; allowed: https://…`,
  }),
  serverRow("unsendable-header", "warning", "A header cannot be sent, so the server loads but never connects", {
    find: ({ node, transport }) =>
      headersOf(node, transport).flatMap((entry): readonly Place[] => {
        const { key, value } = entry;
        if (key === "__proto__") return [];
        // only the name up to the wrong character: a pasted line "Name: value" may contain a secret
        const [good = ""] = HEADER_NAME.exec(key) ?? [];
        const header = good === key ? key : `${good}…`;
        // the rule `padding` reports spaces around a name
        if (key === "" || HEADER_NAME.exec(key.trim())?.[0] !== key.trim()) {
          const what = `"${header}" is not a valid header name`;
          return [{ at: entry, args: { what, allowed: 'letters, digits and "-"' } }];
        }
        // a variable may contain anything, and spaces at both ends are not sent
        const sent = withoutPlaceholders(textOf(value) ?? "").replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
        const [odd] = NOT_SENT.exec(sent) ?? [];
        const what = `the value of "${header}" has ${signOf(odd ?? "")}, which cannot be sent`;
        return odd === undefined ? [] : [{ at: value, args: { what, allowed: "one line of Latin-1" } }];
      }),
    message: `server "{name}": {what}, so Claude Code never connects; allowed: {allowed}`,
  }),
  // `"A": "1", "a": "2"` arrives as `a: 1, 2` with http, as `a: 2` with sse
  serverRow("header-case", "warning", "Two headers that differ only in case are sent as one", {
    find: ({ node, transport }) => {
      const seen = new Set<string>();
      const repeated = headersOf(node, transport).filter(({ key }) => seen.size === seen.add(key.toLowerCase()).size);
      return repeated.map((entry) => ({ at: entry, args: { header: entry.key } }));
    },
    message: `server "{name}": the header "{header}" appears twice with different case, and both are sent as one; allowed: each header once`,
  }),
  // it warns and keeps them: ENOENT, "Invalid header name", another variable; those around header values are not sent
  serverRow("padding", "warning", "Spaces around a URL, a command or a name become part of it", {
    find: ({ node, transport }) =>
      winners(node).flatMap(({ key, value }): readonly Place[] => {
        if (transport === undefined || !FIELDS[transport].includes(key)) return [];
        const text = textOf(value) ?? "";
        if (/^(?:url|command)$/.test(key) && isPadded(text))
          return [{ at: value, args: { what: `"${key}"` }, fix: text.trim() }];
        if (!/^(?:headers|env)$/.test(key) || !isObjectNode(value)) return [];
        const padded = winners(value).filter((entry) => isPadded(entry.key));
        return padded.map((entry) => ({ at: entry, args: { what: `a name in "${key}"` } }));
      }),
    message: `server "{name}": {what} has spaces around it, which Claude Code keeps; allowed: no spaces`,
  }),
  // it silently ignores unknown keys: misspelled headers, for example, are not sent
  serverRow("misspelled-key", "warning", "A key that Claude Code ignores looks like a misspelled one", {
    find: ({ node }) =>
      keyCorrections(node).map(({ entry, right, safe }) => {
        return { at: entry, args: { key: entry.key, right }, fix: safe ? right : undefined };
      }),
    message: `server "{name}": Claude Code ignores "{key}"; "{right}" is probably meant`,
  }),
  serverRow("ignored-key", "warning", "A key of another client or type has no effect in Claude Code", {
    find: ({ node, transport }) => {
      const kind = transport === "stdio" ? "program" : "remote";
      if (transport === undefined || (kind === "program" && !textOf(member(node, "command")?.value))) return undefined;
      return IGNORED.flatMap(([key, of, when, instead]): readonly Place[] => {
        const entry = of === "any" || of === kind ? member(node, key) : undefined;
        return entry !== undefined && when(entry.value) ? [{ at: entry, args: { key, instead } }] : [];
      });
    },
    message: `server "{name}": Claude Code ignores "{key}" here: {instead}`,
  }),
];
