/** Where the three values of an entry come from in a session, where else they are, and which texts are secret. */
import type { Entry } from "../clients/claude-code.ts";
import { type ClaudeState, type Env, envIn, type Layer, layerOf, type Origin } from "../clients/claude-state.ts";
import { expand, references } from "../clients/references.ts";
import { dotenvOf } from "../formats/dotenv.ts";
import { cleanValue, type Store, storeOf, VALUES, type Value, valueNamed, variablesFor } from "../halo.ts";
import type { SetupInput } from "./entries.ts";

/** Where one of the three values comes from, and where else it is. Never the value. */
export interface ValueSource {
  readonly value: Value;
  /** The variable that the header refers to; undefined for plain text in the file, or without a header. */
  readonly variable: string | undefined;
  /** The source of the value that a session of Claude Code sends. `none`: nothing sets it, the reference itself is sent. */
  readonly from: Origin | "default" | "literal" | "none";
  /** The source as it is shown: a file, or "the environment"; undefined if nothing is sent. */
  readonly place: string | undefined;
  /** Every place that has it, and whether it is the value that is sent. Sessions do not read `.env`. */
  readonly places: readonly { readonly place: string; readonly same: boolean }[];
  /** `absent`: the entry has no such header. `placeholder`: words instead of a value, or a reference that is not expanded. */
  readonly state: "set" | "empty" | "placeholder" | "unset" | "bad" | "absent";
  /** Why a session cannot send it, or HALO cannot accept it; never the value. */
  readonly problem?: string;
  /** The value, or of an unset one the copy that no session reads, is only a reference to a secret store; and where it is. */
  readonly store?: (Store & { readonly place: string }) | undefined;
}

type Holders = readonly Pick<Layer, "place" | "env">[];

/** Every place with values: lowest precedence first, those that no session reads last. */
export function holdersOf(
  { mainSettings: main, dotenv }: SetupInput,
  state: ClaudeState,
  layers: readonly Layer[],
): Holders {
  return [
    ...layers,
    ...(main === undefined || state.project.local.length > 1 ? [] : [{ place: main.shown, env: envIn(main) }]),
    { place: dotenv.shown, env: Object.fromEntries(dotenvOf(dotenv.state)) },
  ];
}

/** Why HALO would not accept a value as it is sent; never the value. */
function judge(value: Value, sent: string): Pick<ValueSource, "state" | "problem"> {
  if (sent === "") return { state: "empty", problem: "it is empty" };
  const cleaned = cleanValue(value, sent);
  if (!cleaned.ok) return { state: cleaned.missing ? "placeholder" : "bad", problem: cleaned.problem };
  const problem = `it contains more than the value, and all of it is sent: ${cleaned.cleaned.join(", ")}`;
  return cleaned.cleaned.length === 0 ? { state: "set" } : { state: "bad", problem };
}

export function headersFor(entry: Entry, value: Value): readonly string[] {
  return Object.entries(entry.headers).flatMap(([name, text]) => (valueNamed(name) === value ? [text] : []));
}

/** An empty line or a placeholder is no value. */
function copiesOf(holders: Holders, name: string): readonly { readonly place: string; readonly text: string }[] {
  return holders.flatMap(({ place, env }) => {
    const text = Object.hasOwn(env, name) ? (env[name] ?? "").trim() : "";
    return text === "" ? [] : [{ place, text }];
  });
}

function storeAt(text: string, place: string): ValueSource["store"] {
  const store = storeOf(text);
  return store && { ...store, place };
}

/** In: the entry in use and its file, the layers of a session and their result, and every place with values. */
export function viewValues(entry: Entry, file: string, layers: readonly Layer[], env: Env, holders: Holders) {
  return VALUES.map((value): ValueSource => {
    const text = headersFor(entry, value).at(-1);
    const [variable] = references(text ?? "");
    const nothing = { value, variable, from: "none", place: undefined, places: [], state: "absent" } as const;
    if (text === undefined) return nothing;
    const expanded = expand(text, env);
    const layer = variable === undefined ? undefined : layerOf(layers, variable);
    // copies of plain text in the file have the usual variable name
    const copies = copiesOf(holders, variable ?? variablesFor(entry.name)[value]);
    const own = variable === undefined ? expanded.text.trim() : (layer?.env[variable]?.trim() ?? copies[0]?.text);
    const read = copies.map(({ place, text: copy }) => ({ place, same: copy === own, store: storeAt(copy, place) }));
    const places = read.flatMap(({ store, ...copy }) => (store === undefined ? [copy] : []));
    // if one of several variables is missing, the value is wrong
    const [missing] = expanded.missing;
    const [sealed] = places.length === 0 ? read : [];
    if (missing !== undefined) return { ...nothing, variable: missing, places, state: "unset", store: sealed?.store };
    const place = layer?.place ?? (variable === undefined ? file : `a default in ${file}`);
    const from = variable === undefined ? "literal" : (layer?.from ?? "default");
    const judged = judge(value, expanded.text.trim());
    return { value, variable, from, place, places, store: storeAt(expanded.text, place), ...judged };
  });
}

/** Characters of a value: no server accepts a longer header, and masking megabytes takes half a minute. */
const LONGEST_SECRET = 8192;

/** Every text that may be the token: the values of its variables, and plain text in entries. To be masked. */
export function secretsIn(entries: readonly Entry[], env: Env, holders: Holders): readonly string[] {
  const headers = entries.flatMap((entry) => headersFor(entry, "token"));
  const names = new Set(["HALO_MCP_TOKEN", ...headers.flatMap(references)]);
  const held = [...names].flatMap((name) => copiesOf(holders, name).map(({ text }) => text));
  const texts = new Set([...held, ...headers.map((text) => expand(text, env).text.trim())]);
  return [...texts].flatMap((whole) => {
    const text = whole.slice(0, LONGEST_SECRET);
    const cleaned = cleanValue("token", text);
    // a value that cannot be sent is also a secret
    return cleaned.ok ? [...new Set([text, cleaned.value])] : cleaned.missing ? [] : [text];
  });
}

/** The network variables of the client; it does not read ALL_PROXY. Windows ignores their case. */
const NETWORK = /^(?:https?_proxy|no_proxy|node_extra_ca_certs|node_tls_reject_unauthorized|ssl_cert_(?:file|dir))$/i;
/** At 0, certificates are not verified; no other value counts. */
export const VERIFY = "NODE_TLS_REJECT_UNAUTHORIZED";

/** The proxy and certificate variables, each with its source. Never the value: a proxy may contain a password. */
export function viewNetwork(layers: readonly Layer[]) {
  const names = new Set(layers.flatMap(({ env }) => Object.keys(env).filter((name) => NETWORK.test(name))));
  const given = layers.find(({ from }) => from === "environment")?.env ?? {};
  return [...names].sort().flatMap((name) => {
    const layer = layerOf(layers, name);
    const [text, own] = [layer?.env[name] ?? "", given[name] ?? ""];
    if (layer === undefined || (name === VERIFY ? text !== "0" : text === "" && own === "")) return [];
    // `differs`: a session uses another value than the connection test, which uses the environment
    return [{ name, from: layer.from, place: layer.place, differs: text !== own }];
  });
}
