/** `rotate`: the places of a machine with a token, and the edits that replace it. Pure. */
import type { Entry } from "../clients/claude-code.ts";
import type { Env } from "../clients/claude-state.ts";
import { isFollowed } from "../connection.ts";
import { dotenvOf, setDotenv } from "../formats/dotenv.ts";
import {
  type Edited,
  isObject,
  type Json,
  type Node,
  parseTree,
  property,
  type Tree,
  toJson,
} from "../formats/json.ts";
import { setProperty } from "../formats/json-edit.ts";
import { member, textOf } from "../formats/nodes.ts";
import { cleanValue, isOurs, storeOf, type Value, variablesFor } from "../halo.ts";
import type { FileEdits } from "./install.ts";
import type { Secrets, Snapshot, Step } from "./model.ts";
import { variablesOf } from "./target.ts";

/** A text of a file that is a token, or a reference to one in a secret store. */
export interface TokenPlace {
  readonly path: string;
  /** The variable, or the keys of the entry. */
  readonly what: string;
  readonly token: string;
  readonly account: string | undefined;
  /** It is of the server itself; of another one, it counts only if it has the same token. */
  readonly isNamed: boolean;
  readonly secret: "env" | "own";
  readonly replace: (text: string, token: string) => Edited;
}

type Names = Readonly<Record<Value, ReadonlySet<string>>> & {
  /** Whether a variable is HALO's: by its name, or by an entry of the person's own. */
  readonly isNamed: (name: string) => boolean;
};

/** An entry; `isOwn`: no repository decides it. */
interface Source {
  readonly entry: Pick<Entry, "values">;
  readonly isOwn: boolean;
}

/** The variables of a server: those that its entries refer to, else the usual ones. */
export function namesOf(entries: readonly Source[], name: string): Names {
  const all = entries
    .flatMap(({ entry, isOwn }) => variablesOf(entry.values).map((each) => ({ ...each, isOwn })))
    .filter(({ env, value }) => isFollowed(env, value));
  const of = (which: Value): ReadonlySet<string> => {
    const found = all.filter(({ value }) => value === which).map(({ env }) => env);
    return new Set(found.length > 0 ? found : [variablesFor(name)[which]]);
  };
  const token = of("token");
  const isNamed = (each: string): boolean =>
    token.has(each) && (isOurs(each) || all.some(({ env, isOwn }) => isOwn && env === each));
  return { token, account: of("account"), profile: of("profile"), isNamed };
}

/** Variables of a file. Another variable counts only if it is HALO's by its name. */
function variablePlaces(path: string, env: Env, names: Names, set: (text: string, more: Secrets) => Edited) {
  const account = [...names.account].map((name) => env[name]).find((value) => value);
  return Object.entries(env)
    .filter(([name, token]) => token !== "" && (names.token.has(name) || isOurs(name)))
    .map(([what, token]): TokenPlace => {
      const replace = (text: string, fresh: string) => set(text, { [what]: fresh });
      return { path, what, token, account, isNamed: names.isNamed(what), secret: "env", replace };
    });
}

export const dotenvPlaces = (path: string, snapshot: Snapshot, names: Names): readonly TokenPlace[] =>
  variablePlaces(path, Object.fromEntries(dotenvOf(snapshot.get(path))), names, setDotenv);

/** The "env" of a settings file of Claude Code. */
export const settingsPlaces = (path: string, env: Env, names: Names): readonly TokenPlace[] =>
  variablePlaces(path, env, names, (text, more) => {
    const [[name = "", token = ""] = []] = Object.entries(more);
    return setProperty(text, ["env", name], token, { strict: false });
  });

const parseJson = (text: string): Tree => parseTree(text, { strict: false });

/** An entry with the token itself. `keys`: the way to it in the file. */
export function entryPlace(
  path: string,
  keys: readonly string[],
  { values: { token, account } }: Pick<Entry, "values">,
  isNamed: boolean,
  parse: ((text: string) => Tree) | undefined = parseJson,
): readonly TokenPlace[] {
  if (token === undefined || "env" in token || !cleanValue("token", token.literal).ok) return [];
  const old = token.literal.trim();
  const replace = (text: string, fresh: string) => swap(text, keys, old, fresh, parse);
  const owner = account && "literal" in account ? account.literal.trim() : undefined;
  return [{ path, what: keys.join(" > "), token: old, account: owner, isNamed, secret: "own", replace }];
}

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);

const scalarsIn = (node: Node): readonly Node[] =>
  node.kind === "scalar" ? [node] : node.entries.flatMap(({ value }) => scalarsIn(value));

/** Replaces a text inside the strings of one entry. Every other byte stays. */
function swap(
  text: string,
  keys: readonly string[],
  old: string,
  fresh: string,
  parse: (text: string) => Tree,
): Edited {
  const nodeIn = (tree: Tree): Node | undefined =>
    tree.ok ? keys.reduce<Node | undefined>((at, key) => member(at, key)?.value, tree.root) : undefined;
  const replaced = (part: string): string => part.replaceAll(escaped(old), () => escaped(fresh));
  const tree = parse(text);
  if (!tree.ok) return tree;
  const node = nodeIn(tree);
  const found = (node === undefined ? [] : scalarsIn(node)).filter((each) => textOf(each)?.includes(old));
  const after = found.reduceRight(
    (all, { start, end }) => all.slice(0, start) + replaced(all.slice(start, end)) + all.slice(end),
    text,
  );
  const now = nodeIn(parse(after));
  if (node === undefined || now === undefined || JSON.stringify(toJson(now)) !== replaced(JSON.stringify(toJson(node))))
    return { ok: false, refused: { reason: "the token in it cannot be replaced safely", offset: node?.start ?? 0 } };
  return { ok: true, text: after };
}

/** Which places are replaced, those of the server last. `elsewhere`: of another account. `stored`: the token is in a secret store. */
export function choosePlaces(all: readonly TokenPlace[], account: string | undefined) {
  const known = new Map(all.map((place) => [`${place.path}\0${place.what}`, place]));
  const places = [...known.values()];
  const stored = places.filter(({ isNamed, token }) => isNamed && storeOf(token) !== undefined);
  const tokens = places.filter(({ token }) => cleanValue("token", token).ok);
  const isOther = (place: TokenPlace): boolean =>
    account !== undefined && place.account !== undefined && place.account.toLowerCase() !== account.toLowerCase();
  const named = tokens.filter((place) => place.isNamed && !isOther(place));
  const old = new Set(named.map(({ token }) => token));
  const same = tokens.filter((place) => !named.includes(place) && old.has(place.token));
  const elsewhere = tokens.filter((place) => place.isNamed && isOther(place) && !old.has(place.token));
  // written first: after half of it they would have a token that no place of the server has
  return { places: [...same, ...named], elsewhere, stored };
}

/** The edits that replace every token by the new one, a file after the other. */
export function rotationEdits(places: readonly TokenPlace[], token: string): readonly FileEdits[] {
  const editOf =
    ({ replace }: TokenPlace) =>
    (text: string) =>
      replace(text, token);
  return [...new Set(places.map(({ path }) => path))].map((path) => {
    const own = places.filter((place) => place.path === path && place.token !== token);
    return [path, own.map(editOf), own.some(({ secret }) => secret === "own") ? "own" : "env"];
  });
}

/** The options of a plugin of Claude Code that has the token. The token itself is not in a file on macOS. */
export interface PluginValues {
  readonly id: string;
  readonly secrets: Readonly<Record<string, Json>>;
  readonly ids: Partial<Record<"account" | "profile", string>>;
}

/** The plugins that are named like the server. In: `.credentials.json` and the settings of the user. */
export function pluginsIn(credentials: Json | undefined, settings: Json | undefined, name: string) {
  const [secrets, configs] = [property(credentials, "pluginSecrets"), property(settings, "pluginConfigs")];
  const ids = [secrets, configs].flatMap((each) => (isObject(each) ? Object.keys(each) : []));
  return [...new Set(ids)].flatMap((id): readonly PluginValues[] => {
    const own = property(secrets, id);
    const option = (which: string) => {
      const value = property(configs, id, "options", `${which}_id`);
      return typeof value === "string" && value !== "" ? { [which]: value } : {};
    };
    const found = { id, secrets: isObject(own) ? own : {}, ids: { ...option("account"), ...option("profile") } };
    return id.startsWith(`${name}@`) ? [found] : [];
  });
}

/** The plugins that have the token of HALO, with the options that it is in. `old`: the tokens of the other places. */
export function haloPlugins(plugins: readonly PluginValues[], old: ReadonlySet<Json>): readonly PluginValues[] {
  return plugins.flatMap((plugin) => {
    const all = Object.entries(plugin.secrets);
    const same = all.filter(([, value]) => old.has(value));
    if (same.length > 0) return [{ ...plugin, secrets: Object.fromEntries(same) }];
    // with both IDs its only secret is the token, which no file has on macOS
    return plugin.ids.account && plugin.ids.profile && all.length < 2 ? [plugin] : [];
  });
}

/** Claude Code writes a plugin's option itself, and keeps the other ones (2.1.332, measured). `program`: one that can. */
export function planPlugins(
  plugins: readonly PluginValues[],
  token: string,
  program: string | undefined,
): readonly Step[] {
  return plugins.flatMap(({ id, secrets }): readonly Step[] => {
    const options = Object.keys(secrets);
    const names = options.length > 0 ? options : ["token"];
    if (options.length > 0 && options.every((name) => secrets[name] === token)) return [];
    if (program === undefined)
      return [
        { kind: "tell", title: `The plugin ${id} has the token, too`, lines: [`In claude: /plugin configure ${id}`] },
      ];
    const stdin = JSON.stringify(Object.fromEntries(names.map((name) => [name, token])));
    const argv = [program, "plugin", "configure", id, "--values-stdin", "--json"] as const;
    return [{ kind: "run", argv, stdin, why: `the token of the plugin ${id}` }];
  });
}
