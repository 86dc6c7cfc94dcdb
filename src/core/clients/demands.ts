/** What a client demands of an entry: which `type`, which keys, which shapes. What it does otherwise was measured (docs/clients). */
import type { Container, Entry, Node } from "../formats/json.ts";
import { isObjectNode, kindWord, member, textOf } from "../formats/nodes.ts";
import { rightKey } from "./claude-loader.ts";
import type { Client, Demands } from "./model.ts";

export interface Refusal {
  readonly lost: Demands["lost"];
  readonly at: Node | Entry;
  readonly what: string;
  readonly allowed: string;
  /** What mends it: another name for a key, or another `type`. */
  readonly rename?: { readonly entry: Entry; readonly right: string } | undefined;
  readonly type?: string | undefined;
}

/** The keys that the client does not read, but that most likely should be this one. With two tables of headers it is not clear which. */
export function strays(node: Container, { url, headers, names }: Client["entry"], meant: "url" | "headers") {
  const isMeant = ({ key, value }: Entry): boolean =>
    rightKey(key) === meant &&
    (meant === "url"
      ? !Object.hasOwn(url, key) && textOf(value) !== undefined
      : key !== headers && names === undefined && isObjectNode(value));
  return node.entries.filter(isMeant);
}

/** What the client does not accept in an entry, in the order in which it should be mended. */
export function refusalsIn(entry: Entry, { demands, entry: keys }: Client): readonly Refusal[] {
  const node = entry.value;
  if (demands === undefined) return [];
  const { remote, program, guesses, partial = "" } = demands;
  const change = member(node, partial)?.value;
  const lost = change?.kind === "scalar" && typeof change.value === "boolean" ? "server" : demands.lost;
  if (!isObjectNode(node)) return [{ lost, at: node, what: `it is ${kindWord(node)}`, allowed: "an object" }];
  const [type, command] = [member(node, "type")?.value, member(node, "command")];
  const word = textOf(type);
  const typed = [program, remote].find((each) => word !== undefined && each?.types?.includes(word));
  const hasUrl = Object.keys(keys.url).some((key) => member(node, key) !== undefined);
  // a URL alone is meant as a server, even with the type of a program
  const isRemote = typed === remote || (hasUrl && (command === undefined || program === undefined));
  const kind = isRemote ? remote : (typed ?? (command ? program : remote));
  if (kind === undefined) return [];
  const { types, fields = {} } = kind;
  const found: Refusal[] = [];
  const isText = (type === undefined) === (word === undefined);
  const isRight = guesses ? typed === undefined || typed === kind : types?.includes(word) && isText;
  if (types !== undefined && !isRight) {
    const got = type === undefined ? "missing" : word === undefined ? kindWord(type) : `"${word}"`;
    const [right] = types;
    const allowed = types.map((each) => (each === undefined ? 'no "type"' : `"${each}"`)).join(" or ");
    found.push({ lost, at: type ?? entry, what: `"type" is ${got}`, allowed, type: command ? undefined : right });
  }
  const needs = (right: string, is: readonly string[], stray: readonly Entry[], loses = lost): void => {
    const [first] = stray;
    if (is.some((key) => member(node, key) !== undefined)) return;
    const what = `"${right}" is missing${first === undefined ? "" : `, and "${first.key}" is not read`}`;
    const rename = first && stray.length === 1 ? { entry: first, right } : undefined;
    found.push({ lost: loses, at: first ?? entry, what, allowed: `"${right}"`, rename });
  };
  const [url = ""] = Object.keys(keys.url);
  if (kind === remote) needs(url, Object.keys(keys.url), strays(node, keys, "url"));
  else needs("command", ["command"], []);
  const headers = strays(node, keys, "headers");
  if (headers.length > 0) needs(keys.headers, [keys.headers], headers, "server");
  for (const [key, shape] of Object.entries(fields)) {
    const value = member(node, key)?.value;
    for (const { node: at, at: below, got, allowed } of value === undefined ? [] : shape(value))
      found.push({ lost, at, what: `"${key}${below}" is ${got}`, allowed });
  }
  return found;
}
