/** Rules as rows: each looks at one thing at a time, and says what it finds there. */
import type { Entry, Node } from "../formats/json.ts";
import { keySpan, spanOf } from "../formats/nodes.ts";
import type { TextEdit } from "./edits.ts";
import { haloConnections, haloServers, remoteHaloServers, valueHeaders } from "./halo-servers.ts";
import { entriesOf, serverObjects } from "./loader.ts";
import type { Document, Rule, Severity, Span, Subject } from "./model.ts";
import { finding } from "./show.ts";

/** A place where a rule is broken. */
export interface Place {
  /** Where it is not the file of the thing that was looked at. */
  readonly document?: Document;
  /** Of a property the key is marked. */
  readonly at: Span | Node | Entry;
  /** For the message, beside the thing's name. */
  readonly args?: Readonly<Record<string, string>>;
  /** What mends it: another string in its place, or any edits. */
  readonly fix?: string | readonly TextEdit[] | undefined;
  /** Where it is another one than the rule's. */
  readonly severity?: Severity;
}

/** What a rule finds in one thing. */
export type Found = Place | readonly Place[] | undefined;

/** A rule as a row: an error, if it does not say otherwise. */
export interface Row<Thing> extends Omit<Rule, "check" | "severity"> {
  readonly severity?: Severity;
  readonly find: (thing: Thing, subject: Subject) => Found;
}

interface Named {
  readonly document: Document;
  readonly name?: string;
}

/** In: how to list the things. Out: a function from a row to its rule. */
export function rowsOf<Thing extends Named>(things: (subject: Subject) => readonly Thing[]) {
  return ({ find, severity = "error", ...rule }: Row<Thing>): Rule => ({
    ...rule,
    severity,
    check: (subject) =>
      things(subject).flatMap((thing) =>
        [find(thing, subject) ?? []].flat().map(({ document = thing.document, at, args, fix, ...place }) => {
          const span = "offset" in at ? at : "colon" in at ? keySpan(document, at) : spanOf(at);
          const edits = typeof fix === "string" ? [{ ...span, text: JSON.stringify(fix) }] : fix;
          const name = thing.name === undefined ? {} : { name: thing.name };
          return { ...finding(subject, rule.id, document, span, { ...name, ...args }, edits), ...place };
        }),
      ),
  });
}

/** About each file of these. */
export function filesWhere(picks: (document: Document, subject: Subject) => boolean) {
  return rowsOf((subject) =>
    subject.documents.filter((document) => picks(document, subject)).map((document) => ({ document })),
  );
}

/** About a `.mcp.json` as a whole. */
export const fileRow = filesWhere(({ kind }) => kind === "mcp");
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
