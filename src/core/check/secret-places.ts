/** Finds the secrets of a file: first in the texts that a parser of its format finds, then in comments and unparsed text. */
import { CLIENTS, isServersKey } from "../clients/index.ts";
import { assignments } from "../formats/dotenv.ts";
import type { Container, Node } from "../formats/json.ts";
import { keySpan, member, spanOf, textOf } from "../formats/nodes.ts";
import { once } from "../once.ts";
import type { Document, Span } from "./model.ts";
import { secretIn, secretInSetting, secretsInText } from "./secret-judge.ts";

interface Place {
  readonly text: string;
  readonly span: Span;
  /** What a secret would be called here: a header, a variable, a flag, a key. */
  readonly name: string;
  /** For a message, before "contains": `"Authorization" of server "github"`. */
  readonly where: string;
  /** In a file of other things, outside the servers. */
  readonly isSetting?: boolean;
}

/** Keys of an entry that hold names of variables, not values. */
const NAMES = new Set(CLIENTS.flatMap(({ entry: { names, variables = [] } }) => [names, ...variables]));

/** The name of a value that a key next to it gives: `{"name": "Authorization", "value": …}`, VS Code's password inputs. */
function nameBeside(node: Container, key: string): string {
  if (key === "value") return textOf(member(node, "name")?.value ?? member(node, "key")?.value) ?? key;
  // only these two keys: to look for each of 20,000 keys would take seconds
  const isPassword = key === "default" ? member(node, "password")?.value : undefined;
  return isPassword?.kind === "scalar" && isPassword.value === true ? "password" : key;
}

/** `of`: which server, for a message. */
function walk(node: Node, name: string, of: string, depth: number, places: Place[]): void {
  if (node.kind === "scalar") {
    const text = textOf(node) ?? "";
    if (text !== "") places.push({ text, name, where: `"${name}"${of}`, span: spanOf(node) });
    return;
  }
  if (node.kind === "array") {
    let own = name;
    for (const { value } of node.entries) {
      walk(value, own, of, depth + 1, places);
      // --token, then its value
      const text = textOf(value) ?? "";
      own = /^--?[A-Za-z][\w.-]*$/.test(text) ? text : name;
    }
    return;
  }
  for (const entry of node.entries) {
    const { key, value } = entry;
    if (NAMES.has(key)) continue;
    if (key.length >= 12) places.push({ text: key, name: "id", where: `a name${of}`, span: keySpan(entry) });
    if (depth === 1 && name === "servers") walk(value, key, ` of server "${key}"`, depth + 1, places);
    else if (depth === 0 && isServersKey(key) && value.kind === "object") walk(value, "servers", of, 1, places);
    else walk(value, nameBeside(node, key), of, depth + 1, places);
  }
}

/** The places that a parser of the file's format finds, in order. */
function placesOf(document: Document): readonly Place[] {
  if (/^env/.test(document.kind)) {
    return assignments(document.text).map(({ name, value: text, rawStart: start, rawEnd: end }) => {
      return { text, name, where: `"${name}"`, span: spanOf({ start, end }) };
    });
  }
  const places: Place[] = [];
  if (document.tree !== undefined) walk(document.tree, "", "", 0, places);
  if (document.whole !== undefined) {
    // without those of the servers, which have the better names
    const known = new Set(places.map(({ span }) => span.offset));
    const more: Place[] = [];
    walk(document.whole, "", "", 1, more);
    for (const place of more) if (!known.has(place.span.offset)) places.push({ ...place, isSetting: true });
  }
  // a TOML table may be split over several parts of a file
  return places.toSorted((a, b) => a.span.offset - b.span.offset);
}

/** The secrets of a file: the first one of every place, then those in comments and unparsed text. */
export const secretsIn = once((document: Document) => {
  const places = placesOf(document);
  const found = places.flatMap(({ text, span, name, where, isSetting }) => {
    const shape = isSetting === true ? secretInSetting(text, name) : secretIn(text, name);
    return shape ? [{ what: shape.what, value: text.slice(shape.start, shape.end), text, where, span, name }] : [];
  });
  const { text, tree, whole, broken, path } = document;
  // strict JSON has no other places
  if ((whole ?? tree) !== undefined && broken === undefined && !path.endsWith(".toml")) return found;
  const rest = secretsInText(text).flatMap(({ what, start, end, name }) => {
    if (places.some(({ span }) => span.offset < end && start < span.offset + span.length)) return [];
    const value = text.slice(start, end);
    const kind = places.length > 0 || tree !== undefined ? "a comment" : "a file that cannot be parsed";
    const where = name === undefined ? kind : `"${name}" in ${kind}`;
    return [{ what, value, text: value, where, span: { offset: start, length: end - start }, name: name ?? kind }];
  });
  return [...found, ...rest].toSorted((a, b) => a.span.offset - b.span.offset);
});
