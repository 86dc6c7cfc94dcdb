/** Entries that load, or could, but do not do what they say (Claude Code 2.1.330, measured). In report order. */
import type { Rule } from "../check/model.ts";
import { entryRow, type Place, serverRow } from "../check/rows.ts";
import { FIELDS, IGNORED, keyCorrections, type Transport } from "../clients/claude-loader.ts";
import { withoutPlaceholders } from "../clients/references.ts";
import type { Container } from "../formats/json.ts";
import { isObjectNode, member, textOf, winners } from "../formats/nodes.ts";
import { isReserved } from "../halo.ts";

/** Why Claude Code never connects to this URL. A URL with a variable may be anything. */
function urlProblem(url: string, transport: Transport): string | undefined {
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
const NOT_SENT = /[\0\r\n]|[^\0-\u00ff]/;

function headersOf(node: Container, transport: Transport | undefined) {
  const headers = member(node, "headers")?.value;
  return isObjectNode(headers) && transport !== undefined && transport !== "stdio" ? winners(headers) : [];
}

const isPadded = (text: string): boolean => text.trim() !== text && text.trim() !== "";

export const USABLE_RULES: readonly Rule[] = [
  entryRow("reserved-name", "error", "Claude Code does not load a server with a reserved name", {
    find: ({ name, entry }) => (isReserved(name) ? { at: entry } : undefined),
    message: `"{name}" is a name that Claude Code reserves, so the server is not loaded; allowed: another name`,
  }),
  // the loader accepts any name; `claude mcp add` and `add-json` only these, and `claude mcp get -x` reads it as an option
  entryRow("unusable-name", "warning", "Claude Code's own commands refuse the name of a server", {
    find: ({ name, entry }) => (/^[A-Za-z0-9_][A-Za-z0-9_-]*$/.test(name) ? undefined : { at: entry }),
    message: `Claude Code's commands refuse the name "{name}"; allowed: letters, digits, "_" and "-", not "-" first`,
  }),
  // the server loads but can never connect ("'url' is not a valid URL", "its address is not http or https")
  serverRow("unusable-url", "warning", "Claude Code can never connect to the URL of a server", {
    find: ({ node, transport }) => {
      const value = member(node, "url")?.value;
      const url = textOf(value);
      if (value === undefined || url === undefined || !transport || transport === "stdio") return undefined;
      const problem = urlProblem(url, transport);
      return problem === undefined ? undefined : { at: value, args: { problem } };
    },
    message: `server "{name}": "url" is {problem}; allowed: https://…`,
  }),
  serverRow("unsendable-header", "warning", "A header cannot be sent, so the server loads but never connects", {
    find: ({ node, transport }) =>
      headersOf(node, transport).flatMap((entry): readonly Place[] => {
        const { key, value } = entry;
        // only the name up to the wrong character: a pasted line "Name: value" may contain a secret
        const [good = ""] = HEADER_NAME.exec(key) ?? [];
        const header = good === key ? key : `${good}…`;
        if (key === "__proto__") return [];
        // the rule `padding` reports spaces around a name
        if (key === "" || HEADER_NAME.exec(key.trim())?.[0] !== key.trim()) return [{ at: entry, args: { header } }];
        // a variable may contain anything, and spaces at both ends are not sent
        const sent = withoutPlaceholders(textOf(value) ?? "").replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
        return NOT_SENT.test(sent) ? [{ at: value, args: { header, part: "value" } }] : [];
      }),
    message: ({ name, header, part }) =>
      part === undefined
        ? `server "${name}": "${header}" is not a valid header name, so Claude Code never connects; allowed: letters, digits and "-"`
        : `server "${name}": the value of "${header}" cannot be sent, so Claude Code never connects; allowed: one line of Latin-1`,
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
