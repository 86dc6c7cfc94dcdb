/** Where the three values of an entry come from in a session, where else they stand, and which texts are secret. */
import type { Entry } from "../clients/claude-code.ts";
import { type Env, type Layer, layerOf, type Origin } from "../clients/claude-state.ts";
import { expand, references } from "../clients/references.ts";
import { cleanValue, HEADERS, VALUES, type Value, variablesFor } from "../halo.ts";

/** Where one of the three values comes from, and where else it stands. Never the value. */
export interface ValueSource {
  readonly value: Value;
  /** The variable that the header refers to; undefined for text that stands in the file itself, or no header. */
  readonly variable: string | undefined;
  /** What a session of Claude Code sends: from which place. `none`: nothing sets it, the placeholder itself is sent. */
  readonly from: Origin | "default" | "literal" | "none";
  /** The same as it is shown: a file, or "the environment"; undefined where nothing is sent. */
  readonly place: string | undefined;
  /** Every place that holds it, and whether it is the same value as the one that is sent. `.env` feeds no session. */
  readonly places: readonly { readonly place: string; readonly same: boolean }[];
  /** `absent`: the entry has no such header. `placeholder`: words in the place of a value, or a reference that stays one. */
  readonly state: "set" | "empty" | "placeholder" | "unset" | "bad" | "absent";
  /** Why a session cannot send it, or HALO cannot know it; never the value. */
  readonly problem?: string;
}

/** Every place that holds a variable, lowest first, `.env` last. */
export type Holders = readonly Pick<Layer, "place" | "env">[];

/** What HALO would make of a value as it is sent; never says the value. */
function judge(value: Value, sent: string): Pick<ValueSource, "state" | "problem"> {
  if (sent === "") return { state: "empty", problem: "it is empty" };
  const cleaned = cleanValue(value, sent);
  if (!cleaned.ok) return { state: cleaned.missing ? "placeholder" : "bad", problem: cleaned.problem };
  const problem = `it contains more than the value, and all of it is sent: ${cleaned.cleaned.join(", ")}`;
  return cleaned.cleaned.length === 0 ? { state: "set" } : { state: "bad", problem };
}

/** The headers that carry a value, in any case, each as written. */
export function headersFor(entry: Entry, value: Value): readonly string[] {
  const wanted = HEADERS[value].toLowerCase();
  return Object.entries(entry.headers).flatMap(([name, text]) => (name.trim().toLowerCase() === wanted ? [text] : []));
}

/** An unfilled line holds nothing. */
function copiesOf(holders: Holders, name: string): readonly { readonly place: string; readonly text: string }[] {
  return holders.flatMap(({ place, env }) => {
    const text = Object.hasOwn(env, name) ? (env[name] ?? "").trim() : "";
    return text === "" ? [] : [{ place, text }];
  });
}

/** In: the entry that is taken and its file, the layers of a session with what they come to, and every place that holds values. */
export function viewValues(entry: Entry, file: string, layers: readonly Layer[], env: Env, holders: Holders) {
  return VALUES.map((value): ValueSource => {
    const text = headersFor(entry, value).at(-1);
    const [variable] = references(text ?? "");
    const nothing = { value, variable, from: "none", place: undefined, places: [], state: "absent" } as const;
    if (text === undefined) return nothing;
    const expanded = expand(text, env);
    const layer = variable === undefined ? undefined : layerOf(layers, variable);
    // text that stands in the file has its copies under the usual name
    const copies = copiesOf(holders, variable ?? variablesFor(entry.name)[value]);
    const own = variable === undefined ? expanded.text.trim() : (layer?.env[variable]?.trim() ?? copies[0]?.text);
    const places = copies.map(({ place, text: copy }) => ({ place, same: copy === own }));
    // of several variables any one that is missing spoils the value
    const [missing] = expanded.missing;
    if (missing !== undefined) return { ...nothing, variable: missing, places, state: "unset" };
    return {
      value,
      variable,
      from: variable === undefined ? "literal" : (layer?.from ?? "default"),
      place: layer?.place ?? (variable === undefined ? file : `a default in ${file}`),
      places,
      ...judge(value, expanded.text.trim()),
    };
  });
}

/** Of a value, characters: no server takes a header that long, and to mask one of megabytes takes half a minute. */
const LONGEST_SECRET = 8192;

/** Every text that may be the token: wherever its variables stand, and what entries hold themselves. To be masked. */
export function secretsIn(entries: readonly Entry[], env: Env, holders: Holders): readonly string[] {
  const headers = entries.flatMap((entry) => headersFor(entry, "token"));
  const names = new Set(["HALO_MCP_TOKEN", ...headers.flatMap(references)]);
  const held = [...names].flatMap((name) => copiesOf(holders, name).map(({ text }) => text));
  const texts = new Set([...held, ...headers.map((text) => expand(text, env).text.trim())]);
  return [...texts].flatMap((whole) => {
    const text = whole.slice(0, LONGEST_SECRET);
    const cleaned = cleanValue("token", text);
    // what no header can carry is a secret all the same
    return cleaned.ok ? [...new Set([text, cleaned.value])] : cleaned.missing ? [] : [text];
  });
}

/** What the client's connection depends on beside the entry; neither reads ALL_PROXY. Windows does not distinguish their case, others do. */
const NETWORK = /^(?:https?_proxy|no_proxy|node_extra_ca_certs|node_tls_reject_unauthorized|ssl_cert_(?:file|dir))$/i;
/** At 0, certificates are not verified; no other value counts. */
export const VERIFY = "NODE_TLS_REJECT_UNAUTHORIZED";

/** The variables about proxies and certificates, each where it counts. Never its value: a proxy may hold a password. */
export function viewNetwork(layers: readonly Layer[]) {
  const names = new Set(layers.flatMap(({ env }) => Object.keys(env).filter((name) => NETWORK.test(name))));
  const given = layers.find(({ from }) => from === "environment")?.env ?? {};
  return [...names].sort().flatMap((name) => {
    const layer = layerOf(layers, name);
    const [text, own] = [layer?.env[name] ?? "", given[name] ?? ""];
    if (layer === undefined || (name === VERIFY ? text !== "0" : text === "" && own === "")) return [];
    // `differs`: a session has another value than the environment, which the connection test uses
    return [{ name, from: layer.from, place: layer.place, differs: text !== own }];
  });
}
