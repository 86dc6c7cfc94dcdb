/** Rules as rows: each checks one thing at a time, and reports what it finds there. */
import { transportOf } from "../clients/claude-loader.ts";
import { fieldsOf, membersIn } from "../clients/entry.ts";
import type { Entry, Node } from "../formats/json.ts";
import { isObjectNode, keySpan, member, spanOf, winners } from "../formats/nodes.ts";
import { once } from "../once.ts";
import { haloServers, readerOf, valueHeaders } from "./halo-servers.ts";
import type { Document, Finding, Rule, Severity, Span, Subject, TextEdit } from "./model.ts";
import { shown } from "./show.ts";

export interface Place {
  /** Only if it is another file than the one of the thing. */
  readonly document?: Pick<Document, "path">;
  /** For a property, the key is marked; undefined: the file as a whole. */
  readonly at?: Span | Node | Entry | undefined;
  /** For the message, in addition to the thing's name. */
  readonly args?: Readonly<Record<string, string>>;
  /** The fix: another string in its place, or any edits. */
  readonly fix?: string | readonly TextEdit[] | undefined;
  readonly creates?: { readonly path: string; readonly text: string };
  readonly severity?: Severity;
}

/** What a rule finds in a thing, and its words: `{name}` stands for an argument. */
interface Row<Thing> extends Pick<Rule, "localOnly"> {
  readonly find: (thing: Thing, subject: Subject) => Place | readonly Place[] | undefined;
  readonly message: string | Rule["message"];
}

const START = { offset: 0, length: 0 };

const filled = (text: string, args: Parameters<Rule["message"]>[0]): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => args[name] ?? whole);

type Thing = { readonly document: { readonly path: string }; readonly name?: string };

function findingAt(place: Place, rule: string, { document: own, name }: Thing, subject: Subject): Finding {
  const { document = own, at = START, args, fix, ...rest } = place;
  const span = "offset" in at ? at : "keyEnd" in at ? keySpan(at) : spanOf(at);
  const edits = typeof fix === "string" ? [{ ...span, text: JSON.stringify(fix) }] : fix;
  const named = Object.entries({ ...(name === undefined ? {} : { name }), ...args });
  const safe = Object.fromEntries(named.map(([key, text]) => [key, shown(subject, text)]));
  return { rule, path: document.path, span, args: safe, ...rest, ...(edits && { fix: edits }) };
}

/** In: how to list the things. Out: a function from a row to its rule. What the message names is made fit to be shown. */
export function rowsOf<T extends Thing>(things: (subject: Subject) => readonly T[]) {
  return (id: string, severity: Severity, summary: string, { find, message, ...rest }: Row<T>): Rule => ({
    id,
    severity,
    summary,
    ...rest,
    message: typeof message === "string" ? (args) => filled(message, args) : message,
    check: (subject) =>
      things(subject).flatMap((thing) =>
        [find(thing, subject) ?? []].flat().map((place) => findingAt(place, id, thing, subject)),
      ),
  });
}

/** The servers that Claude Code would read, with any value; if two have the same name, the last. */
export const entriesOf = once((subject: Subject) =>
  subject.documents.flatMap((document) => {
    const servers = document.kind === "mcp" ? member(document.tree, "mcpServers")?.value : undefined;
    return isObjectNode(servers) ? winners(servers).map((entry) => ({ document, name: entry.key, entry })) : [];
  }),
);

/** Those that are objects, with their transport; undefined if the "type" is unknown. */
const serverObjects = once((subject: Subject) =>
  entriesOf(subject).flatMap((server) => {
    if (!isObjectNode(server.entry.value)) return [];
    const node = fieldsOf(server.entry.value);
    return [{ ...server, node, transport: transportOf(node) }];
  }),
);

/** A rule about an entry in any client's file. */
export const clientEntryRow = rowsOf(({ documents }) =>
  documents.flatMap((document) => {
    const client = readerOf(document);
    const entries = client === undefined ? [] : membersIn(document.tree, client);
    return client === undefined ? [] : entries.map((entry) => ({ document, client, name: entry.key, entry }));
  }),
);

export function filesWhere(picks: (document: Document, subject: Subject) => boolean) {
  return rowsOf((all) => all.documents.filter((each) => picks(each, all)).map((document) => ({ document })));
}

export const fileRow = filesWhere(({ kind }) => kind === "mcp");
/** A rule about an entry of a `.mcp.json` with any value. */
export const entryRow = rowsOf(entriesOf);
/** A rule about an entry of a `.mcp.json` that is an object. */
export const serverRow = rowsOf(serverObjects);
export const haloRow = rowsOf(haloServers);
/** A rule about an entry for HALO to which the client itself connects. */
export const remoteRow = rowsOf((subject) => haloServers(subject).filter(({ program }) => program === undefined));
export const addressRow = rowsOf((subject) =>
  haloServers(subject).flatMap((server) => (server.url === undefined ? [] : [{ ...server, url: server.url }])),
);
/** A rule about a header of an entry for HALO with one of the three values, beside the other ones. */
export const headerRow = rowsOf(
  once((all: Subject) =>
    haloServers(all).flatMap((each) => valueHeaders(each).map((header, _, values) => ({ ...each, header, values }))),
  ),
);
