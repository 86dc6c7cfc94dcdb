/**
 * A program that is given the address and the headers as arguments: mcp-remote (0.15.1, measured) and its like. Its first
 * argument that is no option is the address; `--header "Name: value"` may stand anywhere, and `${NAME}` in it is expanded
 * by the program itself, from an environment that the entry's `env` is part of.
 */

import { type ClientSyntax, spelledIn, throughProgram, throughShell } from "../clients/client-syntax.ts";
import type { Container, Entry, Scalar } from "../formats/json.ts";
import { HALO_URL } from "../halo.ts";
import { isObjectNode, member, textOf } from "./servers.ts";

interface ProgramHeader {
  readonly name: string;
  /** The argument. */
  readonly entry: Entry;
  readonly text: string;
  readonly before: string | undefined;
}

export interface Program {
  /** `other`: what it does with its arguments is not known. */
  readonly kind: "mcp-remote" | "other";
  readonly syntax: ClientSyntax;
  readonly url: { readonly text: string; readonly node: Scalar } | undefined;
  readonly headers: readonly ProgramHeader[];
}

const MCP_REMOTE = /(?:^|[\\/])mcp-remote(?:-client)?(?:@[\w.^~-]+)?$/;
const SHELL = /(?:^|[\\/])(?:cmd|powershell|pwsh|(?:ba|z|da|fi|k)?sh)(?:\.exe)?$/i;
const HEADER = /^((?:(?:--headers?|-H)=)?\s*([\w-]{1,100}):\s*)([\s\S]*)$/;

interface Argument {
  readonly text: string;
  readonly entry: Entry;
  readonly node: Scalar;
}

function argumentsOf(node: Container): readonly Argument[] {
  return [member(node, "command")?.value, member(node, "args")?.value].flatMap((part) =>
    part?.kind !== "array"
      ? []
      : part.entries.flatMap((entry) => {
          const { value } = entry;
          return value.kind === "scalar" && typeof value.value === "string"
            ? [{ text: value.value, entry, node: value }]
            : [];
        }),
  );
}

/** A value whose variables the entry's own `env` gives. */
function withOwnEnv(text: string, syntax: ClientSyntax, env: Container | undefined): string {
  if (env === undefined) return text;
  return spelledIn(text, syntax).reduceRight((done, { text: old, offset, name }) => {
    const value = name === undefined ? undefined : textOf(member(env, name)?.value);
    return value === undefined ? done : done.slice(0, offset) + value + done.slice(offset + old.length);
  }, text);
}

/** What the arguments of an entry say of a connection; undefined when it has none, or they say nothing. */
export function programOf(node: Container, client: ClientSyntax, endpoint: string): Program | undefined {
  const all = argumentsOf(node);
  if (all.length === 0) return undefined;
  const command = textOf(member(node, "command")?.value) ?? all[0]?.text ?? "";
  const syntax = SHELL.test(command) ? throughShell(client) : throughProgram(client);
  const own = member(node, "env")?.value ?? member(node, "environment")?.value;
  const env = isObjectNode(own) ? own : undefined;
  const headers: ProgramHeader[] = [];
  const rest: Argument[] = [];
  for (let index = 0; index < all.length; index += 1) {
    const argument = all[index];
    if (argument === undefined) continue;
    const isFlag = /^(?:--headers?|-H)$/.test(argument.text);
    const given = isFlag ? all[index + 1] : /^(?:--headers?|-H)=/.test(argument.text) ? argument : undefined;
    if (isFlag) index += 1;
    const parts = given === undefined ? null : HEADER.exec(given.text);
    if (given === undefined || parts === null) {
      if (!isFlag) rest.push(argument);
      continue;
    }
    const [, before = "", name = "", written = ""] = parts;
    const text = withOwnEnv(written, syntax, env);
    headers.push({ name, entry: given.entry, text, before: text === written ? before : undefined });
  }
  const at = MCP_REMOTE.test(command) ? 0 : rest.findIndex(({ text }) => MCP_REMOTE.test(text)) + 1;
  const isRemote = at > 0 || MCP_REMOTE.test(command);
  const url = isRemote
    ? rest.slice(at).find(({ text }) => !text.startsWith("-") && !MCP_REMOTE.test(text))
    : (rest.find(({ text }) => text === endpoint || text === HALO_URL) ??
      (headers.length === 0 ? undefined : rest.find(({ text }) => /^\s*https?:/i.test(text))));
  if (url === undefined && headers.length === 0) return undefined;
  return { kind: isRemote ? "mcp-remote" : "other", syntax, url, headers };
}
