/** The entry of a connection in a client's file: how it is found, written and removed. Pure. */
import { documentOf } from "../check/documents.ts";
import { haloIn } from "../check/servers.ts";
import { claudeCode, type Entry, readEntry } from "../clients/claude-code.ts";
import { refusalsIn } from "../clients/demands.ts";
import { askedId, entryFor, literally, membersIn, type Slots, serversIn } from "../clients/entry.ts";
import type { Client, ClientScope } from "../clients/model.ts";
import { valuesIn } from "../clients/sent.ts";
import type { Edited, Json, JsonObject } from "../formats/json.ts";
import { isObject, jsonIn, property, toJson, toObject } from "../formats/json.ts";
import { addToArray, removeFromArray, removeProperty, setProperty } from "../formats/json-edit.ts";
import { member } from "../formats/nodes.ts";
import { HALO_URL, LABELS, type Value, valueNamed } from "../halo.ts";
import type { Edit } from "./install.ts";
import { type Found, type Target, variablesOf } from "./target.ts";

/** The reader and editor of TOML, loaded only when such a file is there or wanted. */
export type Toml = typeof import("../formats/toml.ts");

/** A file in which a client can have an entry. The paths are absolute. */
export interface ClientFile {
  readonly client: Client;
  readonly scope: ClientScope;
  readonly path: string;
  /** The private file of variables that the client reads in every folder. */
  readonly store: string | undefined;
}

/** The entries for HALO in a file, that of this name first; then another server of this name. */
export function foundIn({ client, path }: ClientFile, text: string, name: string, toml?: Toml): readonly Found[] {
  const raw = { path, encoding: "utf-8", tracked: false, ignored: false, mode: undefined } as const;
  const document = documentOf({ ...raw, kind: `client:${client.id}`, text }, toml?.parseToml);
  const about = new Set(haloIn(document, client, HALO_URL, false).map((each) => each.name));
  const servers = serversIn(document.tree, client).filter((each) => about.has(each.name) || each.name === name);
  // a program without a URL, or what is no server: HALO's entry would replace it
  const others = membersIn(document.tree, client)
    .filter(({ key }) => key === name && !servers.some((server) => server.name === name))
    .map(({ value }): Found => ({ isHalo: false, entry: readEntry(name, "project", toJson(value)) }));
  const found = servers.map((server): Found => {
    const { entry, url, node, headers } = server;
    const raw = toJson(entry.value);
    const [refused] = refusalsIn(entry, client);
    const isOff = property(raw, "enabled") === false || property(raw, "disabled") === true;
    const isSse = server.transport === "sse" ? "its URL is under the key for SSE" : undefined;
    const shape = isOff ? "it is switched off" : isSse;
    const why = refused === undefined ? shape : `${refused.what}, and ${client.label} needs ${refused.allowed}`;
    const own: Entry = {
      ...readEntry(server.name, "project", raw),
      url: url?.text ?? "",
      headers: Object.fromEntries(headers.map((each) => [each.name, each.text ?? ""])),
      values: valuesIn(server),
      runs: ["headersHelper", "http_headers_helper", client.entry.isBridged ? "" : "command"].some((key) =>
        member(node, key),
      ),
    };
    return { server, isHalo: about.has(server.name), lost: why === undefined ? undefined : { why }, entry: own };
  });
  const rank = ({ isHalo, entry }: Found): number => 2 * Number(isHalo) + Number(entry.name === name);
  return [...found, ...others].toSorted((a, b) => rank(b) - rank(a));
}

/** A question of a client for each value, by its variable: VS Code's `inputs`. */
export function questionsFor(slots: Slots): readonly JsonObject[] {
  return variablesOf(slots).map(({ value, env }) => {
    const question = { type: "promptString", id: askedId(env), description: `HALO ${LABELS[value]}` };
    return value === "token" ? { ...question, password: true } : question;
  });
}

export interface ClientTarget extends Pick<Target, "name" | "url" | "slots"> {
  readonly values: Readonly<Record<Value, string>>;
  /** A client that can ask a person for the values does so. */
  readonly isAsked: boolean;
  /** The entry that is replaced. */
  readonly was?: Json | undefined;
}

/** Whether the entry has the values themselves: for a user, if the client has no private file and does not ask. */
export const hasLiterals = ({ client, scope, store }: ClientFile): boolean =>
  scope === "user" && store === undefined && client.asks === undefined;

/** The edits that write an entry: the questions before the references to them. */
export function setEdits(file: ClientFile, target: ClientTarget, toml: Toml | undefined): readonly Edit[] {
  const { client, scope } = file;
  const { name, url, slots, values, was } = target;
  const path = [client.servers, name];
  const isAsked = target.isAsked || scope === "user";
  const ours = entryFor(client, url, hasLiterals(file) ? literally(values) : slots, isAsked);
  const entry = was === undefined ? ours : { ...ours, ...keptOf(file, ours, was) };
  if (client.format === "toml") return [(text) => (toml as Toml).setTable(text, path, entry)];
  const options = { strict: client.format === "json" };
  const { asks } = client;
  const questions = asks && isAsked ? questionsFor(slots) : [];
  const asking = (text: string, question: JsonObject): Edited =>
    askedIn(text, client, question.id) ? { ok: true, text } : addToArray(text, [asks?.list ?? ""], question, options);
  const edits = questions.toReversed().map((question) => (text: string) => asking(text, question));
  return [...edits, (text) => setProperty(text, path, entry, options)];
}

const RULING = /url|^(?:type|transport|command|args|env|environment|cwd|disabled|enabled)$/i;

/** What a person added to an entry that is replaced: other keys, and in a file of the user headers that are not HALO's. */
function keptOf({ client: { entry }, scope }: ClientFile, ours: JsonObject, was: Json): JsonObject {
  if (!isObject(was)) return {};
  const headers = [entry.headers, entry.names].filter((key) => key !== undefined);
  // what decides how it connects, or that it does not
  const ruled = new Set([...Object.keys(entry.url), ...Object.keys(ours), ...headers]);
  const isKept = (key: string): boolean => !ruled.has(key) && !RULING.test(key);
  const others = Object.entries(was).filter(([key]) => isKept(key));
  const more = headers.flatMap((key): readonly (readonly [string, Json])[] => {
    const all = Object.entries(isObject(was[key]) ? was[key] : {}).filter(([name]) => valueNamed(name) === undefined);
    const mine = isObject(ours[key]) ? ours[key] : {};
    return all.length === 0 || scope === "project" ? [] : [[key, toObject([...Object.entries(mine), ...all])]];
  });
  return toObject([...others, ...more]);
}

/** The question with this id, which a person may have changed. */
function askedIn(text: string, { asks }: Client, id: Json | undefined): Json | undefined {
  const questions = property(jsonIn(text, { strict: false }), asks?.list ?? "");
  return Array.isArray(questions) ? questions.find((question) => property(question, "id") === id) : undefined;
}

/** The question for one of these values that asks nobody, but runs a command of the client: we would tell a person to start it. */
export function commandIn(text: string, client: Client, slots: Slots): string | undefined {
  const ids = client.asks ? questionsFor(slots).map(({ id }) => id) : [];
  const found = ids.find((id) => property(askedIn(text, client, id), "type") === "command");
  return found === undefined ? undefined : String(found);
}

/** The edits that remove an entry, and the questions that nothing refers to any more. */
export function removeEdits({ client }: ClientFile, target: ClientTarget, toml: Toml | undefined): readonly Edit[] {
  const { asks, servers, format } = client;
  const path = [servers, target.name];
  if (format === "toml") return [(text) => (toml as Toml).setTable(text, path, undefined)];
  const options = { strict: false, keepsEmpty: client === claudeCode };
  const isUsed = (text: string, { id }: JsonObject): boolean => text.includes(asks?.spell(String(id)) ?? "");
  const removing = (text: string, question: JsonObject): Edited =>
    isUsed(text, question) ? { ok: true, text } : removeFromArray(text, [asks?.list ?? ""], question, options);
  const removals = (asks ? questionsFor(target.slots) : []).map((each) => (text: string) => removing(text, each));
  return [(text) => removeProperty(text, path, options), ...removals];
}
