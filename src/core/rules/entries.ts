/** Which entries of a `.mcp.json` Claude Code keeps: names, keys, types, and the shape of each field (2.1.330, measured). In report order. */
import type { Document, Rule } from "../check/model.ts";
import { clientEntryRow, entryRow, fileRow, type Place, serverRow } from "../check/rows.ts";
import { claudeCode } from "../clients/claude-code.ts";
import { couldBe, FIELDS, keyCorrections, rightType, SHAPES } from "../clients/claude-loader.ts";
import { isRootTwice, nestedIn } from "../clients/entry.ts";
import type { Entry, Node } from "../formats/json.ts";
import { isObjectNode, kindWord, member, textOf, winners } from "../formats/nodes.ts";

/** The properties that a later one with the same name replaces: servers and blocks of servers, or all others. */
function replaced({ tree }: Document, which: "servers" | "others"): readonly Entry[] {
  const servers = member(tree, "mcpServers")?.value;
  const isBlock = ({ key, value }: Entry) => key === "mcpServers" && isObjectNode(value) && value.entries.length > 0;
  const walk = (node: Node): readonly Entry[] => {
    if (node.kind === "scalar") return [];
    const kept = new Set(node.kind === "object" ? winners(node) : node.entries);
    const lost = node.entries.filter((entry) => {
      const isServer = node === servers || (node === tree && isBlock(entry));
      return !kept.has(entry) && isServer === (which === "servers");
    });
    return [...node.entries.flatMap(({ value }) => walk(value)), ...lost];
  };
  return tree === undefined ? [] : walk(tree);
}

/** A field with the wrong shape makes Claude Code skip the entry, unless its transport does not read the field. */
const shapeRule = (id: string, summary: string, ...shapes: (keyof typeof SHAPES)[]): Rule =>
  serverRow(id, "error", summary, {
    find: ({ document, node, transport }) =>
      shapes.flatMap((shape): readonly Place[] => {
        const key = shape === "headerValues" ? "headers" : shape;
        const value = member(node, key)?.value;
        if (value === undefined || transport === undefined || !FIELDS[transport].includes(key)) return [];
        return SHAPES[shape](value).map(({ node: at, at: below, got, allowed }) => {
          // the digits of the file: an ID may be longer than a number can hold
          const raw = document.text.slice(at.start, at.end);
          const isNumber = shape === "headerValues" && /^\d+$/.test(raw);
          return { at, args: { key: key + below, got, allowed }, fix: isNumber ? raw : undefined };
        });
      }),
    message: `server "{name}": "{key}" is {got}, so Claude Code skips the server; allowed: {allowed}`,
  });

export const ENTRY_RULES: readonly Rule[] = [
  fileRow("duplicate-server", "error", "Claude Code silently drops the first of two servers with the same name", {
    find: ({ document }) => replaced(document, "servers").map((entry) => ({ at: entry, args: { name: entry.key } })),
    message: `a later "{name}" replaces this one, which Claude Code drops silently; allowed: each name once`,
  }),
  fileRow("duplicate-key", "warning", "If an object has the same key twice, only the last one counts", {
    find: ({ document }) => replaced(document, "others").map((entry) => ({ at: entry, args: { key: entry.key } })),
    message: `a later "{key}" in the same object replaces this one; allowed: each key once`,
  }),
  entryRow("entry-not-object", "error", "Claude Code skips a server that is not an object", {
    // for the name `__proto__`, only the rule `reserved-name` applies
    find: ({ name, entry: { value } }) =>
      isObjectNode(value) || name === "__proto__" ? undefined : { at: value, args: { got: kindWord(value) } },
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
      const fieldNames = entries.map(({ key }) => `"${key}"`).join(", ");
      const args = { key: nested.key, client: client.label, fields: fieldNames, ...(isRoot ? { isRoot: "yes" } : {}) };
      const isTwice = entries.some(({ key }) => member(beside, key) !== undefined);
      const indent = /\n([ \t]+)"/.exec(text)?.[1] ?? "";
      const fields = text.slice(start + 1, end - 1).trim();
      const edit = { offset: nested.start, length: end - nested.start, text: fields.replaceAll(`\n${indent}`, "\n") };
      // a table of TOML has its key in its head
      const isMendable = !isTwice && broken === undefined && client.format !== "toml";
      return { at: nested, args, fix: isMendable ? [edit] : undefined };
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
      if (right === undefined) return { at: type, args: { got } };
      return { at: type, args: { got, right }, fix: couldBe(right, node) ? right : undefined };
    },
    message: ({ name, got, right }) =>
      `server "${name}": "type" is ${got}, so Claude Code skips the server; ${right === undefined ? "" : `"${right}" is probably meant; `}allowed: "http", "sse", "ws", "stdio"`,
  }),
  // "Skipped — has a "url" but no "type""; the other servers stay. With a `command` the URL is ignored
  serverRow("http-url-without-type", "error", 'Claude Code skips a server with a "url" but no "type"', {
    find: ({ document, entry, node }) => {
      const url = member(node, "url");
      if (url === undefined || member(node, "type") || member(node, "command")) return undefined;
      // no fix if the URL is for another transport, or a misspelled key may be the type
      const text = textOf(url.value) ?? "";
      const isHttp = /^https?:/.test(text) && !/\/sse\/?(?:[?#]|$)/.test(text);
      const isMeant = keyCorrections(node).some(({ right }) => right === "type");
      // on a line of its own if the URL has one
      const gap = /(?:\r\n|\n|\r)[ \t]*$/.exec(document.text.slice(0, url.start).slice(-200))?.[0] ?? " ";
      const fix = [{ offset: url.start, length: 0, text: `"type": "http",${gap}` }];
      return { at: entry, fix: isHttp && !isMeant ? fix : undefined };
    },
    message: `server "{name}" has a "url" but no "type", so Claude Code skips it; allowed: "type": "http", "sse" or "ws"`,
  }),
  serverRow("missing-url", "error", 'Claude Code skips a remote server whose "url" is missing or not a string', {
    find: ({ entry, node, transport }) => {
      const url = member(node, "url")?.value;
      if (transport === undefined || transport === "stdio" || textOf(url) !== undefined) return undefined;
      return { at: url ?? entry, args: { got: url === undefined ? "missing" : kindWord(url) } };
    },
    message: `server "{name}": "url" is {got}, so Claude Code skips the server; allowed: a string`,
  }),
  serverRow("missing-command", "error", 'Claude Code skips a program whose "command" is missing or no string', {
    find: ({ entry, node, transport }) => {
      const command = member(node, "command")?.value;
      if (transport !== "stdio" || (textOf(command) ?? "") !== "" || isRootTwice(entry, claudeCode)) return undefined;
      // the rule `http-url-without-type` reports it
      if (command === undefined && !member(node, "type") && member(node, "url")) return undefined;
      return { at: command ?? entry, args: { got: command === undefined ? "missing" : kindWord(command) } };
    },
    message: `server "{name}": "command" is {got}, so Claude Code skips the server; allowed: the name of a program, or "type": "http" with a "url"`,
  }),
  shapeRule("args-shape", 'Claude Code skips a program whose "args" is not a list of strings', "args"),
  shapeRule("env-shape", 'Claude Code skips a program whose "env" is not an object of strings', "env"),
  shapeRule("headers-shape", 'Claude Code skips a server whose "headers" is not an object', "headers"),
  shapeRule("header-value-not-string", "Claude Code skips a server with a header that is not a string", "headerValues"),
  shapeRule("headers-helper-value", 'Claude Code skips a server whose "headersHelper" is no string', "headersHelper"),
  shapeRule("oauth-shape", 'Claude Code skips a server whose "oauth" does not have the right shape', "oauth"),
  shapeRule("timeout-value", 'Claude Code skips a server whose "timeout" is not a whole number above 0', "timeout"),
  shapeRule("tool-options", "Claude Code skips a server with a wrong option", "alwaysLoad", "tools", "toolPermissions"),
];
