/** The entries that are about HALO, in every client's file. */
import { nearest } from "../command-line.ts";
import { DEFAULT_NAME, HALO_URL, HEADERS, VALUES, type Value } from "../halo.ts";
import type { Container, Entry, Scalar } from "../json-tree.ts";
import { type ClientSyntax, spelledIn, syntaxOf } from "./client-syntax.ts";
import type { Document, Subject } from "./model.ts";
import { isObjectNode, member, textOf } from "./servers.ts";

export interface HaloHeader {
  readonly name: string;
  readonly entry: Entry;
  /** Its value as written; undefined when that is no text. */
  readonly text: string | undefined;
  /** Which of the three it is, by its name in any case. */
  readonly which: Value | undefined;
}

export interface HaloServer {
  readonly document: Document;
  readonly syntax: ClientSyntax;
  readonly name: string;
  /** Its place among the servers. */
  readonly entry: Entry;
  readonly node: Container;
  /** The address, where it has one; a server without is a program (mcp-remote). */
  readonly url: { readonly text: string; readonly node: Scalar } | undefined;
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
function exactly(name: string): Value | undefined {
  const lower = name.trim().toLowerCase();
  return VALUES.find((value) => HEADERS[value].toLowerCase() === lower);
}

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

function readServer(document: Document, syntax: ClientSyntax, entry: Entry): HaloServer | undefined {
  const node = entry.value;
  if (!isObjectNode(node)) return undefined;
  // Gemini and Qwen call it httpUrl, and take that first
  const address = member(node, "httpUrl")?.value ?? member(node, "url")?.value;
  const url = textOf(address);
  const headers = member(node, "headers")?.value;
  return {
    document,
    syntax,
    name: entry.key,
    entry,
    node,
    url: url === undefined || address?.kind !== "scalar" ? undefined : { text: url, node: address },
    headers: isObjectNode(headers)
      ? headers.entries.map((header) => ({
          name: header.key,
          entry: header,
          text: textOf(header.value),
          which: exactly(header.key),
        }))
      : [],
  };
}

/** It goes to HALO, carries one of its headers, or takes its token's variable; also a program that is given its address. */
function isAboutHalo({ node, url, headers, syntax }: HaloServer, endpoint: string): boolean {
  if (url === undefined) {
    const parts = [member(node, "args")?.value, member(node, "command")?.value];
    const texts = parts.flatMap((part) =>
      part?.kind === "array" ? part.entries.map(({ value }) => textOf(value)) : [],
    );
    return texts.some((text) => text === endpoint || text === HALO_URL);
  }
  if (url.text === endpoint || /\bcm\.com(?::\d+)?\/+halo\b/i.test(url.text)) return true;
  if (headers.some(({ name, which }) => which !== undefined || SQUASHED.has(squash(name)))) return true;
  const texts = [url.text, ...headers.map(({ text }) => text ?? "")];
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
    const all = [...last.values()].flatMap((entry) => readServer(document, syntax, entry) ?? []);
    const found = all.filter((server) => isAboutHalo(server, subject.url));
    // the name alone counts only where nothing else does: HaloPSA and others are called "halo" as well
    if (found.length > 0 || (document.kind === "mcp" && document.path !== ".mcp.json")) return found;
    return all.filter(({ name, url }) => name === DEFAULT_NAME && url !== undefined);
  });
}

const known = new WeakMap<Subject, readonly HaloServer[]>();

/** The entries about HALO. Remembered, since a dozen rules ask for them. */
export function haloServers(subject: Subject): readonly HaloServer[] {
  const found = known.get(subject) ?? readAll(subject);
  known.set(subject, found);
  return found;
}

/** Those with an address, which is where headers go. */
export function remoteHaloServers(
  subject: Subject,
): readonly (HaloServer & { readonly url: NonNullable<HaloServer["url"]> })[] {
  return haloServers(subject).flatMap((server) => (server.url === undefined ? [] : [{ ...server, url: server.url }]));
}

/** The headers that carry one of the three values, by their names in any case; of two equal names the last one. */
export function valueHeaders(server: HaloServer): readonly (HaloHeader & { readonly which: Value })[] {
  return VALUES.flatMap((value) => {
    const header = server.headers.findLast(({ which }) => which === value);
    return header === undefined ? [] : [{ ...header, which: value }];
  });
}

export function missingValues(server: HaloServer): readonly Value[] {
  return VALUES.filter((value) => server.headers.every(({ which }) => which !== value));
}
