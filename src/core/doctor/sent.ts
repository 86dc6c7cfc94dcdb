/** What the connection test sends, and when it sends nothing. Pure; the result holds secrets. */
import { type Entry, expandEntry, references, type Sent } from "../clients/claude-code.ts";
import { HALO_URL, HEADERS, isSafeVariable, VALUES, variablesFor } from "../halo.ts";
import { printable } from "../secrets.ts";
import { unreadWords } from "./advice.ts";
import type { Contender } from "./entries.ts";
import type { SetupInput } from "./input.ts";
import { type Env, type Layer, layerOf } from "./layers.ts";
import type { SetupCause } from "./model.ts";
import { dotenvOf } from "./values.ts";

export type ToSend =
  | {
      readonly ok: true;
      readonly sent: Sent;
      /** `entry`: what a session sends. `values`: the values at hand, since there is no entry that Claude Code takes. */
      readonly as: "entry" | "values";
      /** Variables taken from `.env`, which no session has: it would send their placeholder. */
      readonly added: readonly string[];
      /** Where the two IDs stand, in words. */
      readonly from?: { readonly account: string | undefined; readonly profile: string | undefined };
    }
  | {
      readonly ok: false;
      readonly cause: SetupCause;
      readonly reason: string;
      /** Where it would have gone, if a value were there: may be connected to, and gets nothing. */
      readonly url?: string;
    };

/**
 * Whether the address of an entry is its reader's own word: it stands in a file of their own, and takes no variable that
 * a file of the repository sets.
 */
function isOwnUrl(entry: Entry, layers: readonly Layer[]): boolean {
  if (entry.scope === "project") return false;
  return references(entry.url).every((name) => {
    const from = layerOf(layers, name)?.from;
    return from === undefined || from === "environment" || from === "user-settings";
  });
}

/** A URL that gets nothing: not HALO's own, not the one of `--url`, and of the repository (decision 3 of the design). */
export function isForeign(input: SetupInput, entry: Entry, layers: readonly Layer[], url: string): boolean {
  return url !== HALO_URL && url !== input.url && !isOwnUrl(entry, layers);
}

/** HALO's own entry, to an address that its reader means, and no program: the only one that is ever to be approved or filled. */
export function isFit(input: SetupInput, layers: readonly Layer[], env: Env, { entry, isHalo }: Contender): boolean {
  if (entry.runs || (!isHalo && input.url === undefined)) return false;
  return !isForeign(input, entry, layers, expandEntry(entry, env).url);
}

/** The three headers with the values at hand: the session's, else `.env`. */
function fromValues(input: SetupInput, name: string, env: Env): ToSend {
  const variables = variablesFor(name);
  const dotenv = dotenvOf(input);
  const headers: Record<string, string> = {};
  const missing: string[] = [];
  const added: string[] = [];
  for (const value of VALUES) {
    const variable = variables[value];
    const given = value === "token" ? input.token : undefined;
    const text = given ?? env[variable] ?? dotenv.get(variable) ?? "";
    if (text.trim() === "") missing.push(variable);
    else if (given === undefined && env[variable] === undefined) added.push(variable);
    headers[HEADERS[value]] = text.trim();
  }
  if (missing.length > 0)
    return {
      ok: false,
      cause: "missing-value",
      reason: `nothing sets ${missing.join(", ")}${unreadWords(input.dotenv)}`,
      url: input.url ?? HALO_URL,
    };
  return { ok: true, sent: { url: input.url ?? HALO_URL, headers, missing: [], read: [] }, as: "values", added };
}

/** The token of the command line in the place of any other. */
function withToken(sent: Sent, token: string | undefined): Sent {
  if (token === undefined) return sent;
  const name = Object.keys(sent.headers).find((header) => header.toLowerCase() === HEADERS.token.toLowerCase());
  return { ...sent, headers: { ...sent.headers, [name ?? HEADERS.token]: token } };
}

/** In: the entry that wins, undefined where there is none that could be tested. */
export function whatToSend(
  input: SetupInput,
  layers: readonly Layer[],
  env: Env,
  name: string,
  entry: Entry | undefined,
): ToSend {
  if (entry === undefined) return fromValues(input, name, env);
  const no = (cause: SetupCause, reason: string): ToSend => ({ ok: false, cause, reason });
  if (entry.runs) return no("entry-runs", "the entry runs a program of its own, which is never done here");
  const wanted = expandEntry(entry, env);
  // .env is a file of the repository: it may fill in a value, never an address
  const nowhere = expandEntry({ url: entry.url, headers: {} }, env).missing;
  if (nowhere.length > 0) return no("bad-url", `nothing sets ${nowhere.join(", ")} in its URL`);
  const dotenv = dotenvOf(input);
  const slot = entry.values.token;
  const own = slot !== undefined && "env" in slot && input.token !== undefined ? { [slot.env]: input.token } : {};
  const added = wanted.missing.filter(
    (variable) => !Object.hasOwn(own, variable) && isSafeVariable(variable) && (dotenv.get(variable) ?? "") !== "",
  );
  const more = Object.fromEntries(added.map((variable) => [variable, dotenv.get(variable) ?? ""]));
  const filled = { ...expandEntry(entry, { ...env, ...more, ...own }), url: wanted.url };
  const sent = withToken(filled, input.token);
  const problem = input.endpointProblem(sent.url);
  if (problem !== undefined) return no("bad-url", problem);
  if (isForeign(input, entry, layers, sent.url))
    return no("endpoint-foreign", "the URL comes from the repository and is not HALO's own; nothing was sent");
  const unsafe = sent.read.find(({ variable }) => !isSafeVariable(variable));
  if (entry.scope === "project" && unsafe !== undefined) {
    const header = printable(unsafe.header, 60);
    return no(
      "bad-value",
      `the header ${header} would send the variable ${unsafe.variable}, which is not HALO's business`,
    );
  }
  if (sent.missing.length > 0)
    return { ok: false, cause: "missing-value", reason: `nothing sets ${sent.missing.join(", ")}`, url: sent.url };
  return { ok: true, sent, as: "entry", added };
}
