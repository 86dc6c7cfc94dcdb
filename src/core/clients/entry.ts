/** Servers in the tree of a client's file, and how an entry is written there. */
import type { Container, Entry, JsonObject, Node, Scalar } from "../formats/json.ts";
import { isObjectNode, member, textOf, winners } from "../formats/nodes.ts";
import { DEFAULT_NAME, HEADERS, VALUES, type Value, variablesFor } from "../halo.ts";
import { strays } from "./demands.ts";
import type { Client } from "./model.ts";
import { also, BRACES, type Dialect, respelled, spelledIn } from "./references.ts";

export interface Header {
  readonly name: string;
  /** Its place: a property, or the argument of a program. */
  readonly entry: Entry;
  /** As written; undefined if it is not a string. */
  readonly text: string | undefined;
  /** `values`: the text is sent, with its references expanded. `names`: it is the name of a variable. Else a key that the client does not know. */
  readonly kind: "values" | "names" | "unknown";
  readonly under: string;
  /** The text before the value in the same string, as in `Name: value`. Undefined: the value is elsewhere. */
  readonly before: string | undefined;
}

/** A server as a client reads it: with a URL, or as a program that gets a URL. */
export interface ServerEntry {
  readonly client: Client;
  readonly dialect: Dialect;
  /** The program that expands the references. */
  readonly label: string;
  readonly name: string;
  readonly entry: Entry;
  readonly node: Container;
  readonly url: { readonly text: string; readonly node: Scalar } | undefined;
  /** The transport that the key of the URL means; `type`: the key "type" decides. */
  readonly transport?: Client["entry"]["url"][string] | undefined;
  /** The program that connects. `other`: the meaning of its arguments is not known. */
  readonly program: "mcp-remote" | "other" | undefined;
  readonly headers: readonly Header[];
}

type ObjectEntry = Entry & { readonly value: Container };

/** Words for a part of a server. Any other key may be the name of a server in a group. */
const PART =
  /^(?:transport|config(?:uration)?|server|remote|https?|streamable-?http|sse|stdio|connection|options|settings)$/i;

/** The objects that look like servers in an entry that is none. */
export function innerServers(node: Node): readonly ObjectEntry[] {
  if (!isObjectNode(node) || node.entries.some(({ key }) => /url|command|endpoint/i.test(key))) return [];
  return node.entries.filter(isObject).filter(({ key, value }) => {
    const isField = /^(?:env|environment|headers|oauth|__proto__)$/.test(key);
    return !isField && ["url", "command"].some((each) => textOf(member(value, each)?.value) !== undefined);
  });
}

/** What an entry has one level too deep, as in `{"transport": {"type", "url", "headers"}}`: no client of the list reads that. */
export function nestedIn(node: Node): ObjectEntry | undefined {
  const [first, ...others] = innerServers(node);
  return first !== undefined && others.length === 0 && PART.test(first.key) ? first : undefined;
}

/** The key of the servers itself is there twice: what is in it are servers, not fields. */
export const isRootTwice = ({ key, value }: Entry, client: Client): boolean =>
  (key === client.servers || /^(?:mcp_?)?servers$/i.test(key)) && innerServers(value).length > 0;

const isObject = (entry: Entry): entry is ObjectEntry => isObjectNode(entry.value);

/** A server with the fields that are one level too deep. */
export function fieldsOf(node: Container): Container {
  const nested = nestedIn(node);
  if (nested === undefined) return node;
  return { ...nested.value, entries: [...node.entries.filter((each) => each !== nested), ...nested.value.entries] };
}

/** The servers of a file with any value; if two have the same name, the last. */
export function membersIn(tree: Node | undefined, { servers: key, demands }: Client): readonly Entry[] {
  const servers = member(tree, key)?.value;
  return isObjectNode(servers) ? winners(servers).filter((entry) => entry.key !== demands?.nested) : [];
}

/** Those that are objects, each with the object that holds its fields. */
export function entriesIn(tree: Node | undefined, client: Client): readonly ObjectEntry[] {
  return membersIn(tree, client)
    .filter(isObject)
    .map((entry) => (nestedIn(entry.value) === undefined ? entry : { ...entry, value: fieldsOf(entry.value) }));
}

/** The servers of a file, each as the client can read it: with a URL, as a program, or as both. */
export function serversIn(tree: Node | undefined, client: Client): readonly ServerEntry[] {
  return entriesIn(tree, client).flatMap((entry): readonly ServerEntry[] => {
    const node = entry.value;
    const ways = [programOf(node, client) ?? [], remoteOf(node, client) ?? []].flat();
    return ways.map((way) => ({ client, name: entry.key, entry, node, ...way }));
  });
}

type Connected = Pick<ServerEntry, "dialect" | "label" | "url" | "transport" | "program" | "headers">;

function remoteOf(node: Container, client: Client): Connected | undefined {
  const { references: dialect, label, entry } = client;
  const read = Object.keys(entry.url).find((key) => member(node, key) !== undefined);
  // a URL under a key that the client does not read shows what the entry is about
  const address = (read === undefined ? strays(node, entry, "url")[0] : member(node, read))?.value;
  const text = textOf(address);
  const url = text === undefined || address?.kind !== "scalar" ? undefined : { text, node: address };
  const unread = strays(node, entry, "headers").map(({ key }) => key);
  const headers = node.entries.flatMap(({ key, value }): readonly Header[] => {
    const kind = key === entry.headers ? "values" : key === entry.names ? "names" : "unknown";
    if (!isObjectNode(value) || (kind === "unknown" && entry.names === undefined && !unread.includes(key))) return [];
    const shared = { kind, under: key, before: "" } as const;
    return value.entries.map((each) => ({ ...shared, name: each.key, entry: each, text: textOf(each.value) }));
  });
  if (url === undefined && (headers.length === 0 || member(node, "command") !== undefined)) return undefined;
  const transport = read === undefined ? undefined : entry.url[read];
  return { dialect, label, url, transport, program: undefined, headers };
}

/** Version or tag allowed; `mcp-remote-client` is the same package's second program. */
const MCP_REMOTE = /(?:^|[\\/])mcp-remote(?:-client)?(?:@[\w.^~-]+)?$/;
const SHELL = /(?:^|[\\/])(?:cmd|powershell|pwsh|\w{0,3}sh)(?:\.exe)?$/i;
const HEADER = /^(\s*([\w-]{1,100}):\s*)([\s\S]*)$/;

/** `npx -y mcp-remote URL --header "Name: value"`, with `${NAME}` also from the entry's `env` (0.15.1, measured). */
function programOf(node: Container, client: Client): Connected | undefined {
  const command = member(node, "command");
  const list = command?.value.kind === "array" ? command.value : member(node, "args")?.value;
  const words = list?.kind === "array" ? list.entries : [];
  const texts = words.map(({ value }) => textOf(value) ?? "");
  const first = textOf(command?.value) ?? texts[0] ?? "";
  const at = MCP_REMOTE.test(first) ? -1 : texts.findIndex((text) => MCP_REMOTE.test(text));
  const isRemote = at >= 0 || MCP_REMOTE.test(first);
  const { expands } = also(client.references, BRACES.expands);
  const spell = client.references.spell ?? BRACES.spell;
  const dialect: Dialect = { expands: SHELL.test(first) ? undefined : expands, spell };
  const own = member(node, "env")?.value ?? member(node, "environment")?.value;
  const headers: Header[] = [];
  // what `claude mcp add` without --transport writes: the URL is the program
  let url: Connected["url"] =
    /^https?:/i.test(first) && command?.value.kind === "scalar" ? { text: first, node: command.value } : undefined;
  for (const [index, entry] of words.entries()) {
    const text = texts[index] ?? "";
    const isHeader = texts[index - 1] === "--header";
    const [, before, name = "", written = ""] = (isHeader && HEADER.exec(text)) || [];
    const value = withOwn(written, dialect, own);
    const header = { name, entry, text: value, kind: "values", under: "args" } as const;
    if (before !== undefined) headers.push({ ...header, before: value === written ? before : undefined });
    const isAddress = !isHeader && (isRemote ? index > at && !text.startsWith("-") : /^https?:/i.test(text));
    if (url === undefined && isAddress && entry.value.kind === "scalar") url = { text, node: entry.value };
  }
  if (url === undefined && headers.length === 0) return undefined;
  const label = `${client.label} with mcp-remote`;
  return { dialect, label, url, program: isRemote ? "mcp-remote" : "other", headers };
}

/** An option after which a program takes code, or a command for a shell. After `-e` docker takes a variable. */
const CODE = /^(?:-[a-z]{0,3}c|-e|--?(?:eval|exec|run|command|call)|\/[ck])$/i;

/** The texts of an entry in which clients expand references. `name`: of the variable or header, else the key as written. `isCode`: a shell or an interpreter reads it. */
export function textsIn(node: Container) {
  const lists = node.entries.flatMap(({ value }) => (value.kind === "array" ? value.entries : []));
  const words = [member(node, "command"), ...lists].map((entry) => textOf(entry?.value) ?? "");
  const isShell = words.some((word) => SHELL.test(word) || /^ssh(?:\.exe)?$/i.test(word));
  return node.entries.flatMap(({ key: written, value }) => {
    // opencode: `environment`, and the program with its arguments in one list
    const isList = written === "command" && value.kind === "array";
    const key = isList ? "args" : written.replace(/^environment$/, "env");
    const isOne = /^(?:url|httpUrl|command)$/.test(key);
    if (!isOne && !/^(?:args|env|headers)$/.test(key)) return [];
    const entries = value.kind === "scalar" ? [{ key: "", value }] : value.entries;
    return entries.flatMap((entry, index) => {
      const [text, before] = [textOf(entry.value), textOf(entries[index - 1]?.value) ?? ""];
      if (text === undefined || (value.kind === "scalar") !== isOne) return [];
      const isCode = key === "args" && (isShell || (CODE.test(before) && !/^[A-Z_]\w*(?:=|$)/.test(text)));
      return [{ key, name: entry.key || written, text, isCode, node: entry.value }];
    });
  });
}

/** A text with the values of the variables that the entry's own `env` sets. */
function withOwn(text: string, dialect: Dialect, env: Node | undefined): string {
  const own = spelledIn(text, dialect).filter(({ name }) => name !== undefined && member(env, name) !== undefined);
  return respelled(text, own, (name) => textOf(member(env, name)?.value) ?? "");
}

/** How the value of a header is written: the name of a variable, or the value itself. */
export type HeaderValue = { readonly env: string } | { readonly literal: string };
export type Slots = Readonly<Record<Value, HeaderValue>>;

/** References to the variables of a connection. */
export function referring({ token, account, profile }: Readonly<Record<Value, string>>): Slots {
  return { token: { env: token }, account: { env: account }, profile: { env: profile } };
}

export function literally({ token, account, profile }: Readonly<Record<Value, string>>): Slots {
  return { token: { literal: token }, account: { literal: account }, profile: { literal: profile } };
}

/** The id of the question for a variable, in a client that asks. */
export const askedId = (variable: string): string => variable.toLowerCase().replaceAll("_", "-");

/** The entry of a connection: with references, questions (`isAsked`) or the values, or that of mcp-remote. */
export function entryFor({ entry, references, asks }: Client, url: string, values: Slots, isAsked = false): JsonObject {
  const { spell } = references;
  if (entry.isBridged) return bridged(url, values);
  const made: Record<string, Record<string, string>> = {};
  for (const value of VALUES) {
    const written = values[value];
    const key = "env" in written ? (entry.names ?? entry.headers) : entry.headers;
    const reference = "env" in written && (isAsked && asks ? asks.spell(askedId(written.env)) : spell?.(written.env));
    const text = "env" in written ? reference || written.env : written.literal;
    made[key] = { ...made[key], [HEADERS[value]]: text };
  }
  return { ...entry.fixed, [Object.keys(entry.url)[0] ?? "url"]: url, ...made };
}

/** Without a space after the colon: some programs split arguments at spaces (the README of mcp-remote 0.15.1). */
function bridged(url: string, values: Slots): JsonObject {
  const usual = variablesFor(DEFAULT_NAME);
  const parts = VALUES.map((value) => {
    const written = values[value];
    const variable = "env" in written ? written.env : usual[value];
    const own = "literal" in written ? [[variable, written.literal] as const] : [];
    return { own, words: ["--header", `${HEADERS[value]}:${BRACES.spell(variable)}`] };
  });
  const env = Object.fromEntries(parts.flatMap(({ own }) => own));
  const args = ["-y", "mcp-remote", url, "--transport", "http-only", ...parts.flatMap(({ words }) => words)];
  return { command: "npx", args, ...(Object.keys(env).length > 0 ? { env } : {}) };
}
