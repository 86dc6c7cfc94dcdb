/** Where the three values of an entry come from in a session, and where else they stand. */
import { type Entry, expand, references } from "../clients/claude-code.ts";
import { parseDotenv } from "../formats/dotenv.ts";
import { cleanValue, HEADERS, VALUES, type Value, variablesFor } from "../halo.ts";
import type { SetupInput } from "./input.ts";
import { type Env, type Layer, layerOf, textOf } from "./layers.ts";
import type { BridgeView, SetupView, ValueSource } from "./model.ts";

type State = Pick<ValueSource, "state" | "problem">;

/** What HALO would make of a value as it is sent; never says the value. */
function judge(value: Value, sent: string): State {
  if (sent === "") return { state: "empty" };
  const cleaned = cleanValue(value, sent);
  if (!cleaned.ok) return { state: cleaned.missing ? "placeholder" : "bad", problem: cleaned.problem };
  return cleaned.cleaned.length === 0
    ? { state: "set" }
    : { state: "bad", problem: `there is more than the value, and it is sent too: ${cleaned.cleaned.join(", ")}` };
}

/** The headers that carry a value, in any case, each as written. */
function headersFor(entry: Entry, value: Value): readonly string[] {
  const wanted = HEADERS[value].toLowerCase();
  return Object.entries(entry.headers).flatMap(([name, text]) => (name.trim().toLowerCase() === wanted ? [text] : []));
}

export function dotenvOf(input: SetupInput): ReadonlyMap<string, string> {
  return parseDotenv(textOf(input.dotenv.state));
}

/** Every place that holds a variable, lowest first, `.env` last. An unfilled line holds nothing. */
function placesOfVariable(
  input: SetupInput,
  layers: readonly Layer[],
  name: string,
): readonly { readonly place: string; readonly text: string }[] {
  const all = [...layers, { place: input.dotenv.shown, env: Object.fromEntries(dotenvOf(input)) }];
  return all.flatMap(({ place, env }) => {
    const text = Object.hasOwn(env, name) ? (env[name] ?? "").trim() : "";
    return text === "" ? [] : [{ place, text }];
  });
}

function sourceOf(input: SetupInput, layers: readonly Layer[], env: Env, entry: Entry, value: Value): ValueSource {
  const [text, ...more] = headersFor(entry, value).toReversed();
  if (text === undefined)
    return { value, variable: undefined, from: "none", place: undefined, places: [], state: "absent" };
  const [variable] = references(text);
  const expanded = expand(text, env);
  const sent = expanded.text.trim();
  // text that stands in the file has its copies under the usual name
  const name = variable ?? variablesFor(entry.name)[value];
  const copies = placesOfVariable(input, layers, name);
  const own = variable === undefined ? sent : (layerOf(layers, variable)?.env[variable]?.trim() ?? copies[0]?.text);
  const base = { value, variable, places: copies.map(({ place, text: copy }) => ({ place, same: copy === own })) };
  const layer = variable === undefined ? undefined : layerOf(layers, variable);
  const from =
    variable === undefined ? "literal" : (layer?.from ?? (expanded.missing.length === 0 ? "default" : "none"));
  if (variable !== undefined && expanded.missing.length > 0) {
    // of a mixture any one that is missing spoils it
    return { ...base, variable: expanded.missing[0] ?? variable, from: "none", place: undefined, state: "unset" };
  }
  const state: State =
    more.length > 0
      ? {
          state: "bad",
          problem: `the header ${HEADERS[value]} stands there ${more.length + 1} times, and all are sent`,
        }
      : judge(value, sent);
  return { ...base, from, place: layer?.place, ...state };
}

/** In: the entry that wins, and the layers of a session with what they come to. */
export function viewValues(
  input: SetupInput,
  layers: readonly Layer[],
  env: Env,
  entry: Entry,
): readonly ValueSource[] {
  return VALUES.map((value) => sourceOf(input, layers, env, entry, value));
}

/** direnv's `.envrc` loads something: the same words as the rule `bridge-missing` looks for. */
const LOADS = /^[ \t]*(?:dotenv|source_env|source|\.|export[ \t]+HALO_)/m;

function loadsByDirenv(input: SetupInput): boolean {
  return LOADS.test(textOf(input.envrc.state));
}

/** What carries the variables into a session. */
export function viewBridge(input: SetupInput, values: readonly ValueSource[]): BridgeView {
  const needed = values.filter(({ variable }) => variable !== undefined);
  if (needed.length === 0 && values.some(({ from }) => from === "literal")) return { kind: "literal" };
  const token = needed.find(({ value }) => value === "token") ?? needed[0];
  if (needed.some(({ state }) => state === "unset") || token === undefined)
    return loadsByDirenv(input) ? { kind: "direnv", file: input.envrc.shown } : { kind: "none" };
  if (token.from === "environment" || token.from === "default") return { kind: "environment" };
  const file = token.place === undefined ? {} : { file: token.place };
  return { kind: token.from === "user-settings" ? "user-settings" : "claude-settings", ...file };
}

/** What the client's connection depends on beside the entry. Windows does not distinguish their case, others do. */
const NETWORK =
  /^(?:https?_proxy|all_proxy|no_proxy|node_extra_ca_certs|node_tls_reject_unauthorized|ssl_cert_(?:file|dir))$/i;

export function viewNetwork(layers: readonly Layer[]): SetupView["network"] {
  const names = new Set(layers.flatMap(({ env }) => Object.keys(env).filter((name) => NETWORK.test(name))));
  return [...names].sort().flatMap((name) => {
    const layer = layerOf(layers, name);
    const given = layers.find(({ from }) => from === "environment")?.env[name] ?? "";
    const text = layer?.env[name] ?? "";
    if (layer === undefined || (text === "" && given === "")) return [];
    return [{ name, from: layer.from, place: layer.place, differs: text !== given }];
  });
}

/** Nobody has hundreds, save who wants every text to be searched for each of them. The test masks what it sends in any case. */
const MOST_SECRETS = 300;
/** Of a value, characters: no server takes a header that long, and nothing that is shown is. */
const LONGEST_SECRET = 8192;

/** Every text that may be the token: wherever its variables stand, and what entries hold themselves. To be masked. */
export function secretsIn(
  input: SetupInput,
  layers: readonly Layer[],
  env: Env,
  entries: readonly Entry[],
): readonly string[] {
  const headers = entries.flatMap((entry) => headersFor(entry, "token"));
  const names = new Set(["HALO_MCP_TOKEN", ...headers.flatMap(references)]);
  const held = [...names].flatMap((name) => placesOfVariable(input, layers, name).map(({ text }) => text));
  const literal = headers.filter((text) => references(text).length === 0).map((text) => text.trim());
  const sent = headers.map((text) => expand(text, env).text.trim());
  const texts = [...held, ...literal, ...sent].map((text) => text.slice(0, LONGEST_SECRET));
  return [...new Set(texts)].slice(0, MOST_SECRETS).flatMap((text) => {
    const cleaned = cleanValue("token", text);
    // what no header can carry is a secret all the same
    if (!cleaned.ok) return cleaned.missing ? [] : [text];
    return cleaned.value === text ? [text] : [text, cleaned.value];
  });
}
