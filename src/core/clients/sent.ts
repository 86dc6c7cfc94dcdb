/** What a client sends for an entry, with the values that it finds. */
import { VALUES, type Value, valueNamed, variablesFor } from "../halo.ts";
import { type Sent, sentOf } from "./claude-code.ts";
import { askedId, type Header, type HeaderValue, type ServerEntry, type Slots } from "./entry.ts";
import type { Client } from "./model.ts";
import { type Spelled, spelledIn } from "./references.ts";

export type Env = Readonly<Record<string, string | undefined>>;

/** The variables that a client sees when `run` starts it: also those of `.env`. `stored`: those of its own private file. */
export const seenBy = ({ storeWins }: Client, exported: Env, dotenv: Env, stored: Env): Env =>
  storeWins ? { ...dotenv, ...exported, ...stored } : { ...dotenv, ...stored, ...exported };

const defaultIn = (text: string): string | undefined => /:-([^}]*)\}$/.exec(text)?.[1];

/** What is sent in place of a reference; undefined: nothing is known about its variable. */
function valueFor({ text, name, expanded }: Spelled, { client }: ServerEntry, env: Env, answers: Env) {
  const asked = client.asks?.reference.exec(text)?.[1];
  if (asked !== undefined) return { variable: asked, value: answers[asked], isAsked: true };
  const variable = name ?? /^\$\{([A-Za-z_]\w*):-/.exec(text)?.[1];
  if (expanded && variable !== undefined) return { variable, value: env[variable] ?? defaultIn(text) };
  const isEmpty = client.foreign?.find(([spelling]) => spelling.test(text))?.[1] === "empty";
  return { variable: undefined, value: isEmpty ? "" : text };
}

/** A text with its references replaced. `missing`: the variables that nothing sets. */
function filled(text: string, server: ServerEntry, env: Env, answers: Env) {
  const missing: string[] = [];
  const read: string[] = [];
  let done = "";
  let at = 0;
  // a client with a table of names expands nothing in its texts
  const spelledAll = server.client.entry.names === undefined ? spelledIn(text, server.dialect) : [];
  for (const spelled of spelledAll) {
    const { variable, value, isAsked } = valueFor(spelled, server, env, answers);
    if (variable !== undefined && value === undefined) missing.push(variable);
    else if (variable !== undefined && isAsked !== true) read.push(variable);
    const unset = server.client.unset === "empty" ? "" : spelled.text;
    done += text.slice(at, spelled.offset) + (value ?? unset);
    at = spelled.offset + spelled.text.length;
  }
  return { text: done + text.slice(at), missing, read };
}

/** What the client sends. `ofUrl`: the variables for the URL, which no file of a repository may set. `answers`: what a person enters for each id, in a client that asks. Contains secrets. */
export function sentBy(server: ServerEntry, env: Env, answers: Env = {}, ofUrl = env): Sent {
  const url = filled(server.url?.text.trim() ?? "", server, ofUrl, {});
  const headers = server.headers.flatMap(({ name, kind, text }) => {
    if (text === undefined || kind === "unknown") return [];
    if (kind === "values") return [{ name, ...filled(text, server, env, answers) }];
    const value = env[text];
    return [{ name, text: value ?? "", missing: value ? [] : [text], read: value ? [text] : [] }];
  });
  const there = headers.filter(({ missing }) => missing.length === 0 || server.client.unset !== "absent");
  return { ...sentOf(url, headers), headers: sentOf(url, there).headers };
}

/** How the header of one of the three values is written. A question of our own stands for its variable. */
function headerValue(header: Header, which: Value, { client, dialect, name }: ServerEntry): HeaderValue {
  const { kind, text = "" } = header;
  if (kind === "names") return { env: text };
  const asked = client.asks?.reference.exec(text.trim())?.[1];
  const own = [false, true].map((isOwn) => variablesFor(name, isOwn)[which]).find((each) => askedId(each) === asked);
  if (own !== undefined) return { env: own };
  if (client.entry.names !== undefined) return { literal: text };
  const [only, ...more] = spelledIn(text, dialect);
  const isWhole = only !== undefined && more.length === 0 && only.text === text.trim() && only.expanded;
  return isWhole && only.name !== undefined ? { env: only.name } : { literal: text };
}

export function valuesIn(server: ServerEntry): Partial<Slots> {
  const found = VALUES.flatMap((which) => {
    const header = server.headers.findLast(({ name }) => valueNamed(name) === which);
    return header === undefined ? [] : [[which, headerValue(header, which, server)] as const];
  });
  return Object.fromEntries(found);
}

/** The answers of a person who is asked for these values. */
export const answersFor = ({ asks }: Client, values: Env): Env =>
  Object.fromEntries(asks ? Object.entries(values).map(([variable, value]) => [askedId(variable), value]) : []);
