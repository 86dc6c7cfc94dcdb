/** Entries that load, or could, and do something else than they say (Claude Code 2.1.330, measured). In report order. */
import type { TextEdit } from "../check/edits.ts";
import type { Document, Rule, Span } from "../check/model.ts";
import { entryRow, type Place, serverRow } from "../check/rows.ts";
import { keyCorrections } from "../clients/claude-keys.ts";
import { FIELDS, IGNORED, REMOTE, type Transport } from "../clients/claude-loader.ts";
import { withoutPlaceholders } from "../clients/references.ts";
import type { Container } from "../formats/json.ts";
import { isObjectNode, keySpan, member, spanOf, textOf, winners } from "../formats/nodes.ts";

/** As 2.1.330 has them; 2.1.197 knows the first three, to the letter. */
const RESERVED: readonly string[] = [
  "claude-in-chrome",
  "workspace",
  "computer-use",
  "Claude_in_Chrome",
  "Claude_Preview",
  "Claude_Browser",
];

/**
 * The part of `mcp__<name>__<tool>` up to the next `__`, with `_` for every other character, is what counts (measured:
 * "workspace", "workspace " and "workspace__x" are reserved, "workspace_x" is not). Case counts.
 */
function isReserved(name: string): boolean {
  const [first = ""] = `${name.replace(/[^A-Za-z0-9_-]/g, "_")}__`.split("__");
  return name === "__proto__" || RESERVED.includes(first);
}

/** Why Claude Code will not even try this URL, as far as that is certain; one with a variable may be anything. */
function urlProblem(url: string, transport: Transport): string | undefined {
  const text = url.trim();
  if (text === "") return 'empty, which Claude Code lists as "Not configured"';
  if (text.includes("$")) return undefined;
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):[\\/]*(.*)$/is.exec(text) ?? [];
  if (scheme === "") return "not a URL: it does not begin with https://";
  const schemes = transport === "ws" ? ["http", "https", "ws", "wss"] : ["http", "https"];
  if (!schemes.includes(scheme.toLowerCase()))
    return `of the scheme "${scheme.toLowerCase()}:", to which Claude Code does not connect`;
  const [host = ""] = rest.split(/[\\/?#]/);
  if (host === "" || /\s/.test(host)) return "not a URL: its host is missing or contains a space";
  return Number(/:(\d+)$/.exec(host)?.[1] ?? 0) > 65_535 ? "not a URL: its port is above 65535" : undefined;
}

/** The letters of a header's name (RFC 9110); measured character by character. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** NUL, CR and LF inside, and what Latin-1 does not have ("Header 'A' has invalid value"); other controls are sent. */
const NOT_SENT = /[\0\r\n]|[^\0-\u00ff]/;

/** What stands in the file for certain: a variable may hold anything, and blanks at both ends are not sent. */
function isSent(value: string): boolean {
  return !NOT_SENT.test(withoutPlaceholders(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, ""));
}

/** The name up to the character that is wrong: a whole line "Name: value" may have been pasted, with a secret in it. */
function goodPart(header: string): string {
  const good = /^[!#$%&'*+.^_`|~0-9A-Za-z-]*/.exec(header)?.[0] ?? "";
  return good === header ? header : `${good}…`;
}

/** The headers of a server that sends them. */
function headersOf({ node, transport }: { readonly node: Container; readonly transport: Transport | undefined }) {
  const headers = member(node, "headers")?.value;
  return isObjectNode(headers) && transport !== undefined && REMOTE.includes(transport) ? winners(headers) : [];
}

/**
 * Takes the blanks out: no edit holds the text between them, which may be a secret. Only where they stand as blanks: an
 * escape is spelled on purpose, and what it becomes is not ours to guess.
 */
function trimmed({ text }: Document, span: Span): readonly TextEdit[] | undefined {
  const inside = text.slice(span.offset + 1, span.offset + span.length - 1);
  const kept = inside.trim();
  if (kept === inside || kept === "" || /^\\[nrtfu]|\\[nrtf]$|\\u[0-9A-Fa-f]{4}$/.test(kept)) return undefined;
  const before = inside.length - inside.trimStart().length;
  const start = span.offset + 1;
  return [
    { offset: start, length: before, text: "" },
    { offset: start + before + kept.length, length: inside.length - before - kept.length, text: "" },
  ].filter(({ length }) => length > 0);
}

export const USABLE_RULES: readonly Rule[] = [
  entryRow({
    id: "reserved-name",
    severity: "error",
    summary: "Claude Code does not load a server with a name of its own",
    find: ({ document, name, entry }) => (isReserved(name) ? { span: keySpan(document, entry) } : undefined),
    message: ({ name }) =>
      `"${name}" is a name that Claude Code reserves, so the server is not loaded; allowed: another name`,
  }),
  // the loader takes any name; `claude mcp add` and `add-json` take only these, and `claude mcp get -x` takes it for an option
  entryRow({
    id: "unusable-name",
    severity: "warning",
    summary: "A name that Claude Code's own commands refuse",
    find: ({ document, name, entry }) =>
      /^[A-Za-z0-9_][A-Za-z0-9_-]*$/.test(name) ? undefined : { span: keySpan(document, entry) },
    message: ({ name }) =>
      `Claude Code's commands refuse the name "${name}"; allowed: letters, digits, "_" and "-", not "-" first`,
  }),
  // the server loads and can never connect ("'url' is not a valid URL", "its address is not http or https")
  serverRow({
    id: "unusable-url",
    severity: "warning",
    summary: "A URL to which Claude Code cannot connect, whatever the network",
    find: ({ node, transport }) => {
      const value = member(node, "url")?.value;
      const url = textOf(value);
      if (value === undefined || url === undefined || transport === undefined || transport === "stdio")
        return undefined;
      const problem = urlProblem(url, transport);
      return problem === undefined ? undefined : { span: spanOf(value), args: { problem } };
    },
    message: ({ name, problem }) => `server "${name}": "url" is ${problem}; allowed: https://…`,
  }),
  serverRow({
    id: "unsendable-header",
    severity: "warning",
    summary: "A header that cannot be sent: the server loads and never connects",
    find: (server) =>
      headersOf(server).flatMap((entry): readonly Place[] => {
        const header = goodPart(entry.key);
        if (entry.key === "__proto__") return [];
        // blanks around a name are the rule `padding`
        if (!HEADER_NAME.test(entry.key.trim()) && !HEADER_NAME.test(entry.key))
          return [{ span: keySpan(server.document, entry), args: { header, part: "name" } }];
        const isFine = isSent(textOf(entry.value) ?? "");
        return isFine ? [] : [{ span: spanOf(entry.value), args: { header, part: "value" } }];
      }),
    message: ({ name, header, part }) =>
      part === "name"
        ? `server "${name}": "${header}" is not a valid header name, so Claude Code never connects; allowed: letters, digits and "-"`
        : `server "${name}": the value of "${header}" cannot be sent, so Claude Code never connects; allowed: one line of Latin-1`,
  }),
  // `"A": "1", "a": "2"` arrives as `a: 1, 2` with http, as `a: 2` with sse
  serverRow({
    id: "header-case",
    severity: "warning",
    summary: "Two headers that differ only in case are sent as one",
    find: (server) => {
      const seen = new Set<string>();
      return headersOf(server).flatMap((entry): readonly Place[] => {
        const small = entry.key.toLowerCase();
        if (seen.has(small)) return [{ span: keySpan(server.document, entry), args: { header: entry.key } }];
        seen.add(small);
        return [];
      });
    },
    message: ({ name, header }) =>
      `server "${name}": the header "${header}" is already there in another case, and both are sent as one; allowed: each header once`,
  }),
  // warns and takes the blanks as they are: a program is not found (ENOENT), a header is refused ("Invalid header name"), a
  // variable has another name, a URL with U+00A0 is no URL; blanks around values of headers are not sent
  serverRow({
    id: "padding",
    severity: "warning",
    summary: "Spaces around a URL, a command or a name become part of it",
    find: ({ document, node, transport }) => {
      const fields = transport === undefined ? [] : FIELDS[transport];
      const texts = ["url", "command"].flatMap((key): readonly Place[] => {
        const value = member(node, key)?.value;
        const text = textOf(value) ?? "";
        if (value === undefined || !fields.includes(key) || text.trim() === text || text.trim() === "") return [];
        return [{ span: spanOf(value), args: { what: `"${key}"` }, fix: trimmed(document, spanOf(value)) }];
      });
      const names = ["headers", "env"].flatMap((key): readonly Place[] => {
        const record = member(node, key)?.value;
        if (!isObjectNode(record) || !fields.includes(key)) return [];
        return winners(record).flatMap((entry): readonly Place[] => {
          const name = entry.key.trim();
          if (name === entry.key || name === "") return [];
          const span = keySpan(document, entry);
          // trimmed it would be a second one of that name
          const isOnly = record.entries.filter((other) => other.key.trim() === name).length === 1;
          return [{ span, args: { what: `a name in "${key}"` }, fix: isOnly ? trimmed(document, span) : undefined }];
        });
      });
      return [...texts, ...names];
    },
    message: ({ name, what }) =>
      `server "${name}": ${what} has spaces around it, which Claude Code takes as part of it; allowed: no spaces`,
  }),
  // keys that it does not know are ignored without a word: the headers, say, are then not sent
  serverRow({
    id: "misspelled-key",
    severity: "warning",
    summary: "A key that Claude Code does not know, and that is meant to be one it knows",
    find: ({ document, node }) =>
      keyCorrections(node).map(({ entry, right, safe }) => {
        const span = keySpan(document, entry);
        return { span, args: { key: entry.key, right }, fix: safe ? [{ ...span, text: `"${right}"` }] : undefined };
      }),
    message: ({ name, key, right }) => `server "${name}": Claude Code ignores "${key}"; "${right}" is probably meant`,
  }),
  serverRow({
    id: "ignored-key",
    severity: "warning",
    summary: "A key that works elsewhere and has no effect in Claude Code",
    find: ({ document, node, transport }) => {
      const kind = transport === "stdio" ? "program" : "remote";
      if (transport === undefined || (kind === "program" && !textOf(member(node, "command")?.value))) return undefined;
      return IGNORED.flatMap(({ key, of, when, instead }): readonly Place[] => {
        const entry = of === "any" || of === kind ? member(node, key) : undefined;
        if (entry === undefined || !when(entry.value)) return [];
        return [{ span: keySpan(document, entry), args: { key, instead } }];
      });
    },
    message: ({ name, key, instead }) => `server "${name}": Claude Code ignores "${key}" here: ${instead}`,
  }),
];
