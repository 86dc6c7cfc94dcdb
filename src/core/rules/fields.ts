/** The shape of each field of a server: a value that does not fit costs the whole entry (Claude Code 2.1.330, measured). In report order. */
import type { TextEdit } from "../check/edits.ts";
import type { Rule } from "../check/model.ts";
import { type Place, serverRow } from "../check/rows.ts";
import { FIELDS, type Misfit, SHAPES, type Shape } from "../clients/claude-loader.ts";
import { keySpan, kindWord, member, spanOf, textOf } from "../formats/nodes.ts";

/** Two quotes around a whole number, digit by digit as it stands: an ID may be longer than a number can hold, or a secret. */
function quoted(text: string, { node }: Misfit): readonly TextEdit[] | undefined {
  if (!/^\d+$/.test(text.slice(node.start, node.end))) return undefined;
  return [node.start, node.end].map((offset) => ({ offset, length: 0, text: '"' }));
}

interface Row {
  readonly id: string;
  readonly summary: string;
  /** Key → the shape of its value. A transport that does not read the key does not care. */
  readonly fields: Readonly<Record<string, Shape>>;
  readonly fix?: typeof quoted;
}

const SHAPE_ROWS: readonly Row[] = [
  {
    id: "args-shape",
    summary: 'Claude Code skips a program whose "args" is not a list of strings',
    fields: { args: SHAPES.args },
  },
  {
    id: "env-shape",
    summary: 'Claude Code skips a program whose "env" is not an object of strings',
    fields: { env: SHAPES.env },
  },
  {
    id: "headers-shape",
    summary: 'Claude Code skips a server whose "headers" is not an object',
    fields: { headers: SHAPES.headers },
  },
  {
    id: "header-value-not-string",
    summary: "Claude Code skips a server with a header that is not a string",
    fields: { headers: SHAPES.headerValues },
    fix: quoted,
  },
  {
    id: "headers-helper-value",
    summary: 'Claude Code skips a server whose "headersHelper" is not a string',
    fields: { headersHelper: SHAPES.headersHelper },
  },
  {
    id: "oauth-shape",
    summary: 'Claude Code skips a server whose "oauth" does not have the right shape',
    fields: { oauth: SHAPES.oauth },
  },
  {
    id: "timeout-value",
    summary: 'Claude Code skips a server whose "timeout" is not a whole number above 0',
    fields: { timeout: SHAPES.timeout },
  },
  {
    id: "tool-options",
    summary: "Claude Code skips a server whose options about tools do not have the right shape",
    fields: { alwaysLoad: SHAPES.alwaysLoad, tools: SHAPES.tools, toolPermissions: SHAPES.toolPermissions },
  },
];

function shapeRule({ id, summary, fields, fix }: Row): Rule {
  return serverRow({
    id,
    severity: "error",
    summary,
    find: ({ document, node, transport }) =>
      Object.entries(fields).flatMap(([key, shape]): readonly Place[] => {
        const value = member(node, key)?.value;
        if (value === undefined || transport === undefined || !FIELDS[transport].includes(key)) return [];
        return shape(value).map((misfit) => {
          const args = { key: key + misfit.at, got: misfit.got, allowed: misfit.allowed };
          return { span: spanOf(misfit.node), args, fix: fix?.(document.text, misfit) };
        });
      }),
    message: ({ name, key, got, allowed }) =>
      `server "${name}": "${key}" is ${got}, so Claude Code skips the server; allowed: ${allowed}`,
  });
}

export const FIELD_RULES: readonly Rule[] = [
  serverRow({
    id: "missing-url",
    severity: "error",
    summary: 'Claude Code skips a remote server whose "url" is missing or not a string',
    find: ({ document, entry, node, transport }) => {
      const url = member(node, "url")?.value;
      if (transport === undefined || transport === "stdio" || textOf(url) !== undefined) return undefined;
      return url === undefined
        ? { span: keySpan(document, entry), args: { got: "missing" } }
        : { span: spanOf(url), args: { got: kindWord(url) } };
    },
    message: ({ name, got }) => `server "${name}": "url" is ${got}, so Claude Code skips the server; allowed: a string`,
  }),
  serverRow({
    id: "missing-command",
    severity: "error",
    summary: 'Claude Code skips a program whose "command" is missing, empty or not a string',
    find: ({ document, entry, node, transport }) => {
      const command = member(node, "command")?.value;
      if (transport !== "stdio" || (textOf(command) ?? "") !== "") return undefined;
      if (command !== undefined) return { span: spanOf(command), args: { got: kindWord(command) } };
      // without a "type", rule `http-url-without-type` says what is wrong
      if (member(node, "type") === undefined && member(node, "url") !== undefined) return undefined;
      return { span: keySpan(document, entry), args: { got: "missing" } };
    },
    message: ({ name, got }) =>
      `server "${name}": "command" is ${got}, so Claude Code skips the server; allowed: the name of a program, or "type": "http" with a "url"`,
  }),
  ...SHAPE_ROWS.map(shapeRule),
];
