/** Rules as rows: each looks at one thing at a time, and says what it finds there. */
import type { TextEdit } from "./edits.ts";
import { haloConnections, haloServers, remoteHaloServers, valueHeaders } from "./halo-servers.ts";
import { entriesOf, mcpDocuments, serverObjects } from "./loader.ts";
import type { Document, Rule, Span, Subject } from "./model.ts";
import { finding } from "./show.ts";

/** A place where a rule is broken. */
export interface Place {
  /** Where it is not the file of the thing that was looked at. */
  readonly document?: Pick<Document, "path">;
  readonly span: Span;
  /** For the message, beside the thing's name. */
  readonly args?: Readonly<Record<string, string>>;
  readonly fix?: readonly TextEdit[] | undefined;
}

/** What a rule finds in one thing. */
export type Found = Place | readonly Place[] | undefined;

/** A rule as a row. */
export interface Row<Thing> extends Omit<Rule, "check"> {
  readonly find: (thing: Thing, subject: Subject) => Found;
}

interface Named {
  readonly document: Document;
  readonly name?: string;
}

/** In: how to list the things. Out: a function from a row to its rule. */
export function rowsOf<Thing extends Named>(things: (subject: Subject) => readonly Thing[]) {
  return ({ find, ...rule }: Row<Thing>): Rule => ({
    ...rule,
    check: (subject) =>
      things(subject).flatMap((thing) =>
        [find(thing, subject) ?? []].flat().map(({ document = thing.document, span, args, fix }) => {
          const name = thing.name === undefined ? {} : { name: thing.name };
          return finding(subject, rule.id, document, span, { ...name, ...args }, fix);
        }),
      ),
  });
}

/** About a `.mcp.json` as a whole. */
export const fileRow = rowsOf((subject) => mcpDocuments(subject).map((document) => ({ document })));
/** About an entry of a `.mcp.json`, whatever its value is. */
export const entryRow = rowsOf(entriesOf);
/** About an entry of a `.mcp.json` that is an object. */
export const serverRow = rowsOf(serverObjects);
/** About an entry for HALO, of any client. */
export const haloRow = rowsOf(haloServers);
/** The same, where something connects. */
export const connectionRow = rowsOf(haloConnections);
/** The same, where the client itself connects. */
export const remoteRow = rowsOf(remoteHaloServers);
/** About the address of an entry for HALO. */
export const addressRow = rowsOf((subject) =>
  haloConnections(subject).flatMap((server) => (server.url === undefined ? [] : [{ ...server, url: server.url }])),
);
/** About a header of an entry for HALO that carries one of the three values. */
export const headerRow = rowsOf((subject) =>
  haloConnections(subject).flatMap((server) => valueHeaders(server).map((header) => ({ ...server, header }))),
);
