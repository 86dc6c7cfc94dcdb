/** Which entries of a `.mcp.json` Claude Code keeps: names, keys and types (2.1.330, measured). In report order. */

import type { Document, Rule } from "../check/model.ts";
import { entryRow, fileRow, type Place, serverRow } from "../check/rows.ts";
import { keyCorrections, rightType } from "../clients/claude-keys.ts";
import { couldBe } from "../clients/claude-loader.ts";
import type { Container, Entry, Node } from "../formats/json.ts";
import { isObjectNode, keySpan, kindWord, member, spanOf, textOf, winners } from "../formats/nodes.ts";

/** The properties of an object that a later one of the same name replaces. */
function replacedIn(node: Container): readonly Entry[] {
  const kept = new Set(winners(node));
  return kept.size === node.entries.length ? [] : node.entries.filter((entry) => !kept.has(entry));
}

/** A block of servers that a later one replaces. */
function isLostBlock({ key, value }: Entry): boolean {
  return key === "mcpServers" && isObjectNode(value) && value.entries.length > 0;
}

/** The properties that a later one of the same name replaces, but for those of which `duplicate-server` says so. */
function replacedProperties({ tree }: Document): readonly Entry[] {
  const servers = member(tree, "mcpServers")?.value;
  const walk = (node: Node): readonly Entry[] => {
    if (node.kind === "scalar") return [];
    const below = node.entries.flatMap(({ value }) => walk(value));
    if (node.kind !== "object" || node === servers) return below;
    return [...below, ...replacedIn(node).filter((entry) => node !== tree || !isLostBlock(entry))];
  };
  return tree === undefined ? [] : walk(tree);
}

export const ENTRY_RULES: readonly Rule[] = [
  fileRow({
    id: "duplicate-server",
    severity: "error",
    summary: "Claude Code silently drops the first of two servers with the same name",
    // the last one wins, for names and for `mcpServers` itself: what came before is dropped without a word
    find: ({ document }) => {
      const { tree } = document;
      if (!isObjectNode(tree)) return undefined;
      const servers = member(tree, "mcpServers")?.value;
      const blocks = replacedIn(tree).filter(isLostBlock);
      const dropped = isObjectNode(servers) ? replacedIn(servers) : [];
      return [
        ...blocks.map((entry): Place => ({ span: keySpan(document, entry), args: { name: "" } })),
        ...dropped.map((entry): Place => ({ span: keySpan(document, entry), args: { name: `"${entry.key}"` } })),
      ];
    },
    message: ({ name = "" }) =>
      name === ""
        ? 'a later "mcpServers" replaces this one, and Claude Code drops its servers; allowed: one'
        : `a later server of the same name replaces ${name}, and Claude Code drops this one; allowed: each name once`,
  }),
  fileRow({
    id: "duplicate-key",
    severity: "warning",
    summary: "Only the last of two equal keys counts",
    find: ({ document }) =>
      replacedProperties(document).map((entry) => ({ span: keySpan(document, entry), args: { key: entry.key } })),
    message: ({ key }) => `a later "${key}" in the same object replaces this one; allowed: each key once`,
  }),
  entryRow({
    id: "entry-not-object",
    severity: "error",
    summary: "Claude Code skips a server that is not an object",
    // of the name `__proto__` the value does not count: rule `reserved-name`
    find: ({ name, entry: { value } }) =>
      isObjectNode(value) || name === "__proto__" ? undefined : { span: spanOf(value), args: { got: kindWord(value) } },
    message: ({ name, got }) => `server "${name}" is ${got}, so Claude Code skips it; allowed: an object`,
  }),
  // case counts ("HTTP" is unknown), and `sse-ide`, `ws-ide`, `sdk`, `claudeai-proxy` belong to hosts other than a file
  serverRow({
    id: "unknown-type",
    severity: "error",
    summary: 'Claude Code skips a server whose "type" it does not know, and case counts',
    find: ({ node, transport }) => {
      const type = member(node, "type")?.value;
      if (transport !== undefined || type === undefined) return undefined;
      const text = textOf(type);
      const right = text === undefined ? undefined : rightType(text);
      const got = text === undefined ? kindWord(type) : `"${text}"`;
      const span = spanOf(type);
      const fix = right !== undefined && couldBe(right, node) ? [{ ...span, text: `"${right}"` }] : undefined;
      return { span, args: { got, right: right === undefined ? "" : `"${right}"` }, fix };
    },
    message: ({ name, got, right = "" }) =>
      `server "${name}": "type" is ${got}, so Claude Code skips the server; ${right === "" ? "" : `${right} is probably meant; `}allowed: "http", "sse", "ws", "stdio"`,
  }),
  // "Skipped — has a "url" but no "type"", the other servers stay; with a `command` the URL is not looked at
  serverRow({
    id: "http-url-without-type",
    severity: "error",
    summary: 'A server with a "url" needs "type": Claude Code skips it otherwise',
    find: ({ document, entry, node }) => {
      const url = member(node, "url");
      if (url === undefined || member(node, "type") !== undefined || member(node, "command") !== undefined)
        return undefined;
      // not where the URL says another transport, or a misspelled key is meant to be the type
      const text = textOf(url.value) ?? "";
      const isHttp = /^https?:/.test(text) && !/\/sse\/?(?:[?#]|$)/.test(text);
      const isMeant = keyCorrections(node).some(({ right }) => right === "type");
      // on a line of its own where the URL has one
      const before = document.text.slice(Math.max(0, url.start - 200), url.start);
      const gap = /(?:\r\n|\n|\r)[ \t]*$/.exec(before)?.[0] ?? " ";
      const fix = [{ offset: url.start, length: 0, text: `"type": "http",${gap}` }];
      return { span: keySpan(document, entry), fix: isHttp && !isMeant ? fix : undefined };
    },
    message: ({ name }) =>
      `server "${name}" has a "url" but no "type", so Claude Code skips it; allowed: "type": "http", "sse" or "ws"`,
  }),
];
