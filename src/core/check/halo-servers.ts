/** The entries that are about HALO, in every client's file. */
import { claudePlugin } from "../clients/claude-code.ts";
import { type Header, type ServerEntry, serversIn } from "../clients/entry.ts";
import { clientOf } from "../clients/index.ts";
import type { Client } from "../clients/model.ts";
import { type Dialect, spelledIn, variablesIn } from "../clients/references.ts";
import { isOneSlip } from "../command-line.ts";
import { DEFAULT_NAME, HEADERS, VALUES, type Value, valueNamed } from "../halo.ts";
import { once } from "../once.ts";
import type { Document, Subject } from "./model.ts";

/** `which` of the three a header is, in any case; or the missing one that its misspelled name most likely `meant`. */
type HaloHeader = Header & Readonly<Record<"which" | "meant", Value | undefined>>;
export interface HaloServer extends ServerEntry {
  readonly document: Document;
  readonly headers: readonly HaloHeader[];
}

/** The letters of a header's name, without a wrong `X-`: `CM_Account-ID` → `cmaccountid`. */
const lettersOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "")
    .replace(/^x(?=cm)/, "");

function withMeaning(headers: readonly Header[]): readonly HaloHeader[] {
  const exact = headers.map(({ name }) => valueNamed(name));
  const missing = new Set(VALUES.filter((value) => !exact.includes(value)));
  return headers.map((header, index) => {
    const which = exact[index];
    const letters = lettersOf(header.name);
    const near = [...missing].find((value) => isOneSlip(letters, lettersOf(HEADERS[value])));
    const meant = which === undefined ? near : undefined;
    if (meant !== undefined) missing.delete(meant);
    return { ...header, which, meant };
  });
}

export const isHaloUrl = (text: string, endpoint: string): boolean =>
  text === endpoint || /\bcm\.com(?::\d+)?\/+halo\b/i.test(text);

/** It has HALO's URL or one of its headers, or uses the token's variable in a header or in its URL. */
function isAboutHalo({ url, headers, dialect }: HaloServer, endpoint: string): boolean {
  if (url !== undefined && isHaloUrl(url.text, endpoint)) return true;
  if (headers.some(({ name }) => /(?:^|[^a-z])cm[-_ ]?(?:product|account|profile)/i.test(name))) return true;
  const texts = [url?.text ?? "", ...headers.map(({ text }) => text ?? "")];
  return texts.flatMap((text) => spelledIn(text, dialect)).some((it) => /\bHALO_MCP_TOKEN\b/.test(it.text));
}

/** The client that reads a file, with the references that it expands there. */
export const readerOf = ({ kind, ofPlugin }: Document): Client | undefined =>
  ofPlugin === true ? claudePlugin : clientOf(kind);

/** The entries of a file that are about HALO, as this client reads it. `byName`: if none is, one that is called "halo". */
export function haloIn(document: Document, client: Client, endpoint: string, byName = true): readonly HaloServer[] {
  const all = serversIn(document.tree, client).map((server) => {
    const headers = withMeaning(server.headers);
    return { ...server, document, headers: headers.filter(({ kind, which }) => kind !== "unknown" || which) };
  });
  const found = all.filter((server) => isAboutHalo(server, endpoint));
  // the name counts only if nothing else does: HaloPSA and others are also called "halo"
  if (!byName || found.length > 0 || (document.kind === "mcp" && document.path !== ".mcp.json")) return found;
  return all.filter(({ name, program }) => name === DEFAULT_NAME && program === undefined);
}

export const haloServers = once(({ documents, url }: Subject): readonly HaloServer[] =>
  documents.flatMap((each) => [readerOf(each) ?? []].flat().flatMap((client) => haloIn(each, client, url))),
);

const WORDS = { token: /token|secret|key|pass/i, account: /account/i, profile: /profile/i } as const;

/** Which of the three values a variable is named after; undefined if it is none, or several. */
export function saidBy(name: string): Value | undefined {
  const [said, ...more] = VALUES.filter((value) => WORDS[value].test(name));
  return more.length === 0 ? said : undefined;
}

function variablesOf({ kind, text = "" }: Header, dialect: Dialect): readonly string[] {
  if (kind === "names") return /^[A-Za-z_]\w*$/.test(text) ? [text] : [];
  return kind === "values" ? variablesIn(text, dialect).map(({ name }) => name) : [];
}

/** The only variable that a header uses, or the only value that the client asks for. */
function onlyVariable(header: Header, { client, dialect }: HaloServer): string | undefined {
  if (header.kind !== "values") return variablesOf(header, dialect)[0];
  const [only, ...more] = spelledIn(header.text ?? "", dialect);
  if (only === undefined || more.length > 0 || !only.expanded) return undefined;
  return client.asks?.reference.exec(only.text)?.[1] ?? variablesOf(header, dialect)[0];
}

/** The headers of the three values, in any case; if a name occurs twice, the last one. */
export const valueHeaders = once((server: HaloServer) =>
  VALUES.flatMap((which) => {
    const header = server.headers.findLast((each) => each.which === which);
    if (header === undefined) return [];
    return [{ ...header, which, variables: variablesOf(header, server.dialect), only: onlyVariable(header, server) }];
  }),
);

export type ValueHeader = ReturnType<typeof valueHeaders>[number];
