/** Rules as rows: how one looks at one thing after the other, what it finds, and what the fixes make of a text. Pure. */
import { applyEdits } from "jsonc-parser";
import { transportOf } from "../clients/claude-loader.ts";
import { fieldsOf, membersIn, textsIn } from "../clients/entry.ts";
import type { Edited, Entry, Node } from "../formats/json.ts";
import { isObjectNode, keySpan, spanOf } from "../formats/nodes.ts";
import { once } from "../once.ts";
import type { Document, Finding, Rule, Severity, Span, Subject, TextEdit } from "./model.ts";
import { secretsIn } from "./secret-places.ts";
import { haloServers, readerOf, valueHeaders } from "./servers.ts";
import { shown } from "./show.ts";

export interface Place extends Partial<Pick<Finding, "severity" | "creates">> {
  /** Only if it is another file than the one of the thing. */
  readonly document?: Pick<Document, "path">;
  /** For a property, the key is marked; undefined: the place of the thing. */
  readonly at?: Span | Node | Entry | undefined;
  readonly args?: Readonly<Record<string, string | undefined>>;
  /** The fix: another string in its place, or any edits. */
  readonly fix?: string | readonly TextEdit[] | undefined;
}

/** What a rule finds in a thing, and its words: `{name}` stands for an argument. */
interface Row<T> extends Pick<Rule, "localOnly"> {
  readonly find: (thing: T, subject: Subject) => Place | readonly Place[] | false | undefined;
  readonly message: string | Rule["message"];
}

/** What a rule looks at. Its names and its path are arguments of every message. */
interface Thing {
  readonly document: { readonly path: string };
  readonly name?: string;
  readonly client?: { readonly label: string };
  readonly header?: { readonly name: string };
  /** Undefined: the file as a whole. */
  readonly at?: Place["at"];
}

function findingAt(place: Place, rule: string, thing: Thing, subject: Subject): Finding {
  const { document = thing.document, at = thing.at ?? { offset: 0, length: 0 }, args, fix, ...rest } = place;
  const span = "offset" in at ? at : "keyEnd" in at ? keySpan(at) : spanOf(at);
  const edits = typeof fix === "string" ? [{ ...span, text: JSON.stringify(fix) }] : fix;
  const { name, client, header } = thing;
  const usual = { path: thing.document.path, name, client: client?.label, header: header?.name };
  const safe: Record<string, string> = {};
  for (const [key, text] of Object.entries({ ...usual, ...args }))
    if (text !== undefined) safe[key] = shown(subject, text);
  return { rule, path: document.path, span, args: safe, ...rest, ...(edits && { fix: edits }) };
}

/** In: how to list the things. Out: a function from a row to its rule. What the message names is made fit to be shown. */
export function rowsOf<T extends Thing>(things: (subject: Subject) => readonly T[]) {
  return (id: string, severity: Severity, summary: string, { find, message, ...rest }: Row<T>): Rule => ({
    id,
    severity,
    summary,
    ...rest,
    message:
      typeof message === "string"
        ? (args) => message.replace(/\{(\w+)\}/g, (whole, name: string) => args[name] ?? whole)
        : message,
    check: (subject) =>
      things(subject).flatMap((thing) =>
        [find(thing, subject) || []].flat().map((place) => findingAt(place, id, thing, subject)),
      ),
  });
}

/** The servers in every client's file, with any value; if two have the same name, the last. Below, what a rule can be about. */
const entriesOf = once(({ documents }: Subject) =>
  documents.flatMap((document) => {
    const client = readerOf(document);
    const entries = client === undefined ? [] : membersIn(document.tree, client);
    return client === undefined
      ? []
      : entries.map((entry) => ({ document, client, name: entry.key, entry, at: entry }));
  }),
);

/** Those that Claude Code would read. */
export const claudeEntries = once((subject: Subject) =>
  entriesOf(subject).filter(({ document }) => document.kind === "mcp"),
);

/** Those that are objects, with their transport; undefined if the "type" is unknown. */
const serverObjects = once((subject: Subject) =>
  claudeEntries(subject).flatMap((server) => {
    if (!isObjectNode(server.entry.value)) return [];
    const node = fieldsOf(server.entry.value);
    return [{ ...server, node, transport: transportOf(node) }];
  }),
);

export function filesWhere(picks: (document: Document, subject: Subject) => boolean) {
  return rowsOf((all) => all.documents.filter((each) => picks(each, all)).map((document) => ({ document })));
}

export const fileRow = filesWhere(({ kind }) => kind === "mcp");
export const clientEntryRow = rowsOf(entriesOf);
/** A rule about a text of an entry in which clients expand references. */
export const textRow = rowsOf(
  once((subject: Subject) =>
    entriesOf(subject).flatMap(({ entry: { value }, ...server }) =>
      (isObjectNode(value) ? textsIn(fieldsOf(value)) : []).map((text) => ({ ...server, text, at: text.node })),
    ),
  ),
);
export const entryRow = rowsOf(claudeEntries);
export const serverRow = rowsOf(serverObjects);
export const haloRow = rowsOf(haloServers);
/** A rule about an entry for HALO to which the client itself connects. */
export const remoteRow = rowsOf((subject) => haloServers(subject).filter(({ program }) => program === undefined));
export const addressRow = rowsOf((subject) =>
  haloServers(subject).flatMap(({ url, ...server }) => (url === undefined ? [] : [{ ...server, url, at: url.node }])),
);
/** A rule about a header of an entry for HALO with one of the three values, beside the other ones. */
export const headerRow = rowsOf(
  once((all: Subject) =>
    haloServers(all).flatMap((each) =>
      valueHeaders(each).map((header, _, values) => ({ ...each, header, values, at: header.entry.value })),
    ),
  ),
);

/** Whether an edit removes a secret: it may be the only copy, and deleting it does not undo the leak. */
function isLoss(document: Document, { offset, length, text }: TextEdit): boolean {
  const before = document.text.slice(offset, offset + length);
  return length >= 8 && secretsIn(document).some(({ value }) => before.includes(value) && !text.includes(value));
}

/** Runs the rules: findings by path, then position, then the order of the rules. No fix removes a secret, or changes a file of other things. */
export function runRules(rules: readonly Rule[], subject: Subject): readonly Finding[] {
  const byPath = new Map(subject.documents.map((document) => [document.path, document]));
  return rules
    .filter((rule) => subject.local || rule.localOnly !== true)
    .flatMap((rule) => rule.check(subject))
    .map(({ fix, creates, ...finding }): Finding => {
      const document = byPath.get(finding.path);
      const isLost = document !== undefined && fix?.some((edit) => isLoss(document, edit));
      const isKept = fix === undefined || isLost || document?.whole !== undefined;
      return isKept ? finding : { ...finding, fix, ...(creates && { creates }) };
    })
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.span.offset - b.span.offset));
}

/** Applies the fixes that can be combined, each whole or not at all; of two that overlap, the first. */
export function applyFixes(text: string, fixes: readonly (readonly TextEdit[])[]): string {
  const taken: TextEdit[] = [];
  const meets = (a: TextEdit, b: TextEdit): boolean =>
    a.offset === b.offset || (a.offset < b.offset + b.length && b.offset < a.offset + a.length);
  for (const fix of fixes) if (!fix.some((edit) => taken.some((other) => meets(edit, other)))) taken.push(...fix);
  const edits = taken.map(({ offset, length, text: content }) => ({ offset, length, content }));
  return applyEdits(text, edits);
}

/** One edit that turns a text into another one, without the parts that both share at their ends. */
export function fixOf(before: string, edited: Edited): readonly TextEdit[] | undefined {
  if (!edited.ok || edited.text === before) return undefined;
  const after = edited.text;
  let [start, end] = [0, 0];
  while (before[start] === after[start]) start += 1;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  return [{ offset: start, length: before.length - end - start, text: after.slice(start, after.length - end) }];
}
