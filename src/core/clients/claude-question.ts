/** How Claude Code is asked about one entry, by `claude -p` (2.1.197 and 2.1.332, measured); not about approval. */
import type { Json } from "../formats/json.ts";
import { isSafeVariable } from "../halo.ts";
import { type Entry, expandEntry } from "./claude-code.ts";
import { type ClaudeState, type Env, layerOf, sessionEnv, sessionLayers, trustOf } from "./claude-state.ts";

export interface Question {
  readonly name: string;
  /** The entry as it is written: with references, unless the file itself has the values. */
  readonly entry: Json;
  /** Variables that are not passed: a settings file sets them, which comes first in a terminal, and last in `claude -p`. */
  readonly withheld: readonly string[];
  /** Values that are passed, because `claude -p` would take others, those of the user's settings. */
  readonly lent: Env;
  readonly remark: string | undefined;
}

/** The status and, if it failed, the reason, which may be the server's own words. */
export interface Answer {
  readonly status: "connected" | "failed" | "needs-auth" | "pending" | "not-configured" | "unknown";
  readonly error?: string;
}

/** Proxies and certificates: both versions send the token through a proxy that only the repository names. */
const NETWORK = /_proxy$|^ssl_|^node_/i;

/** What the repository changes in a `claude` started here: 2.1.197 gives `GIT_CONFIG_*` to git, which runs a program. */
function steering(state: ClaudeState): string | undefined {
  const { trusted } = trustOf(state);
  for (const { from, place, ofRepository, env } of state.settings) {
    const isShared = from === "project-settings";
    const isUnsafe = (name: string) => (isShared && NETWORK.test(name)) || (!trusted && !isSafeVariable(name));
    const name = ofRepository ? Object.keys(env).find(isUnsafe) : undefined;
    if (name !== undefined)
      return `${place} sets a variable that changes what Claude Code does${trusted ? "" : ", and this folder is not trusted yet"}`;
  }
  return undefined;
}

/** The question, or why Claude Code must not be asked. `env`: the exported variables. */
export function questionAbout(entry: Entry, state: ClaudeState, env: Parameters<typeof sessionEnv>[1]) {
  const refused = steering(state);
  if (refused !== undefined) return { refused };
  const session = sessionEnv(state, env);
  const read = [...new Set(expandEntry(entry, session).read.map(({ variable }) => variable))];
  const layers = sessionLayers(state, env);
  const placed = read.map((name) => ({ name, layer: layerOf(layers, name) }));
  const own = state.settings.find(({ from }) => from === "user-settings");
  const others = placed.filter(({ name }) => own && Object.hasOwn(own.env, name) && own.env[name] !== session[name]);
  const [first] = others;
  const names = others.map(({ name }) => name);
  return {
    name: entry.name,
    entry: entry.raw,
    withheld: placed.flatMap(({ name, layer }) => (layer === undefined || layer.from === "environment" ? [] : [name])),
    lent: Object.fromEntries(names.map((name) => [name, session[name] ?? ""])),
    remark:
      first &&
      `asked with ${names.join(", ")} from ${first.layer?.place ?? ""}, as in a terminal; claude -p would send the value in ${own?.place ?? ""}`,
  };
}
