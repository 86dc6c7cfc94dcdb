/** The entries that are about HALO, in every client's file. */

import { type ClientSyntax, spelledIn, syntaxOf, variablesIn } from "../clients/client-syntax.ts";
import { nearest } from "../command-line.ts";
import type { Container, Entry, Scalar } from "../formats/json.ts";
import { DEFAULT_NAME, HEADERS, VALUES, type Value } from "../halo.ts";
import { type Program, programOf } from "./halo-program.ts";
import type { Document, Subject } from "./model.ts";
import { once, onceForText } from "./once.ts";
import { isObjectNode, member, textOf } from "./servers.ts";

/** A header of an entry for HALO. */
export interface HaloHeader {
  readonly name: string;
  readonly entry: Entry;
  /** Its value as written; undefined when that is no text. */
  readonly text: string | undefined;
  /** Which of the three it is, by its name in any case. */
  readonly which: Value | undefined;
  /** What stands before the value in the same string, as an argument of a program has it. Undefined: the value stands elsewhere. */
  readonly before: string | undefined;
}

/** An entry for HALO in any client's file. */
export interface HaloServer {
  readonly document: Document;
  readonly syntax: ClientSyntax;
  readonly name: string;
  /** Its place among the servers. */
  readonly entry: Entry;
  readonly node: Container;
  /** The address, where it has one. */
  readonly url: { readonly text: string; readonly node: Scalar } | undefined;
  /** A program (mcp-remote) that is given address and headers as arguments. */
  readonly program: Program["kind"] | undefined;
  readonly headers: readonly HaloHeader[];
}

/** `X-Cm_ProductToken` → `cmproducttoken`: what is left when only the letters count. */
function squash(name: string): string {
  return name
    .slice(0, 100)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "")
    .replace(/^x(?=cm)/, "");
}

const SQUASHED = new Map(VALUES.map((value) => [squash(HEADERS[value]), value] as const));

/** The value that a header's name means, exactly but for its case. */
const exactly = onceForText((name): Value | undefined => {
  const lower = name.trim().toLowerCase();
  return VALUES.find((value) => HEADERS[value].toLowerCase() === lower);
});

/** The value that a misspelled name most likely means, among those that are still missing. */
export function meantBy(name: string, missing: readonly Value[]): Value | undefined {
  if (exactly(name) !== undefined) return undefined;
  const squashed = SQUASHED.get(squash(name));
  if (squashed !== undefined) return missing.includes(squashed) ? squashed : undefined;
  const near = nearest(
    name.slice(0, 100),
    missing.map((value) => HEADERS[value]),
  );
  return missing.find((value) => HEADERS[value] === near);
}

/** The entry as each client can take it: with an address, as a program, or, where both stand in it, as either. */
function readServer(document: Document, syntax: ClientSyntax, entry: Entry, endpoint: string): readonly HaloServer[] {
  const node = entry.value;
  if (!isObjectNode(node)) return [];
  const common = { document, name: entry.key, entry, node };
  const found: HaloServer[] = [];
  const program = programOf(node, syntax, endpoint);
  if (program !== undefined) {
    const { url, syntax: spelling, kind } = program;
    const headers = program.headers.map((header) => ({ ...header, which: exactly(header.name) }));
    found.push({ ...common, syntax: spelling, url, headers, program: kind });
  }
  // Gemini and Qwen call it httpUrl, and take that first
  const address = member(node, "httpUrl")?.value ?? member(node, "url")?.value;
  const url = textOf(address);
  if (url === undefined || address?.kind !== "scalar") return found;
  const headers = member(node, "headers")?.value;
  found.push({
    ...common,
    syntax,
    url: { text: url, node: address },
    program: undefined,
    headers: isObjectNode(headers)
      ? headers.entries.map((header) => ({
          name: header.key,
          entry: header,
          text: textOf(header.value),
          which: exactly(header.key),
          before: "",
        }))
      : [],
  });
  return found;
}

/** It goes to HALO, carries one of its headers, or takes its token's variable in a header or in its address. */
function isAboutHalo({ url, headers, syntax }: HaloServer, endpoint: string): boolean {
  if (url !== undefined && (url.text === endpoint || /\bcm\.com(?::\d+)?\/+halo\b/i.test(url.text))) return true;
  if (headers.some(({ name, which }) => which !== undefined || SQUASHED.has(squash(name)))) return true;
  const texts = [url?.text ?? "", ...headers.map(({ text }) => text ?? "")];
  return texts.some((text) =>
    spelledIn(text, syntax).some(({ text: reference }) => /\bHALO_MCP_TOKEN\b/.test(reference)),
  );
}

function readAll(subject: Subject): readonly HaloServer[] {
  return subject.documents.flatMap((document) => {
    const syntax = syntaxOf(document.kind);
    const servers = syntax === undefined ? undefined : member(document.tree, syntax.servers)?.value;
    if (syntax === undefined || !isObjectNode(servers)) return [];
    // of two equal names the last one is loaded; the other one is the business of the rules about loading
    const last = new Map(servers.entries.map((entry) => [entry.key, entry] as const));
    const all = [...last.values()].flatMap((entry) => readServer(document, syntax, entry, subject.url));
    const found = all.filter((server) => isAboutHalo(server, subject.url));
    // the name alone counts only where nothing else does: HaloPSA and others are called "halo" as well
    if (found.length > 0 || (document.kind === "mcp" && document.path !== ".mcp.json")) return found;
    return all.filter(({ name, program }) => name === DEFAULT_NAME && program === undefined);
  });
}

/** The entries about HALO. */
export const haloServers = once(readAll);

const WORDS: Readonly<Record<Value, RegExp>> = {
  token: /token|secret|key|pass/i,
  account: /account/i,
  profile: /profile/i,
};

/** Which of the three a variable's name says that it is; undefined when it says none, or several. */
export function saidBy(name: string): Value | undefined {
  const [said, ...more] = VALUES.filter((value) => WORDS[value].test(name));
  return more.length === 0 ? said : undefined;
}

/** The one variable, or VS Code input, that a text takes its value from. */
export function onlyVariable(text: string, syntax: ClientSyntax): string | undefined {
  const [only, ...more] = spelledIn(text, syntax);
  if (only === undefined || more.length > 0 || !only.expanded) return undefined;
  return /^\$\{input:([^}]+)\}$/.exec(only.text)?.[1] ?? variablesIn(text, syntax)[0]?.name;
}

type Addressed = HaloServer & { readonly url: NonNullable<HaloServer["url"]> };

/** Those with an address, which is where headers go: in the entry, or among the arguments of a program. */
export const haloConnections = once((subject: Subject): readonly Addressed[] =>
  haloServers(subject).flatMap((server) => (server.url === undefined ? [] : [{ ...server, url: server.url }])),
);

/** Those to which the client itself connects. */
export const remoteHaloServers = once((subject: Subject): readonly Addressed[] =>
  haloConnections(subject).filter(({ program }) => program === undefined),
);

/** The headers that carry one of the three values, by their names in any case; of two equal names the last one. */
export const valueHeaders = once((server: HaloServer): readonly (HaloHeader & { readonly which: Value })[] =>
  VALUES.flatMap((value) => {
    const header = server.headers.findLast(({ which }) => which === value);
    return header === undefined ? [] : [{ ...header, which: value }];
  }),
);

/** A server → those of the three values for which it has no header. */
export const missingValues = once((server: HaloServer): readonly Value[] =>
  VALUES.filter((value) => server.headers.every(({ which }) => which !== value)),
);
