/** Who may receive the token, and what is sent there. Every command that sends it asks here first. */
import { isSecretName } from "./check/secret-judge.ts";
import { type Entry, expandEntry, type Sent } from "./clients/claude-code.ts";
import { type Env, type Layer, layerOf } from "./clients/claude-state.ts";
import { references } from "./clients/references.ts";
import { endpointProblem, HALO_URL, isSafeVariable, storeOf, type Value, valueNamed } from "./halo.ts";
import { printable } from "./secrets.ts";

/** What a person said about a URL. All of it is optional: without it only HALO gets the token. */
export interface Consent {
  readonly url?: string | undefined;
  /** The URL is in a file of the person's own, and nothing of the repository is part of it. */
  readonly isOwn?: boolean;
}

/**
 * Who may receive the token: HALO's own endpoint, character by character, and a URL that a person named (`--url`) or owns.
 * `bad-url`: this URL may never get a token. `endpoint-foreign`: nobody has said that this URL may get it.
 */
export function mayReceive(url: string, given: Consent) {
  const problem = url === HALO_URL ? undefined : endpointProblem(url);
  if (problem !== undefined) return no("bad-url", problem);
  if (url === HALO_URL || url === given.url || given.isOwn === true) return { ok: true } as const;
  return no("endpoint-foreign", "the URL comes from the repository and is not HALO's; nothing was sent");
}

/** Whether the URL of an entry comes from the person, not from the repository. `inRepository`: the entry's file is there. */
export function isOwnUrl({ scope, url }: Entry, layers: readonly Layer[], inRepository: boolean): boolean {
  if (scope === "project" || inRepository) return false;
  return references(url).every((name) => layerOf(layers, name)?.ofRepository !== true);
}

/** Whether a variable that a repository names may give a value: an ID is shown and stored, so a secret must not pass for one. */
export function isFollowed(variable: string, value: Value | undefined): boolean {
  if (!isSafeVariable(variable)) return false;
  const isId = value === "account" || value === "profile";
  return !isId || !isSecretName(variable) || (/HALO/i.test(variable) && new RegExp(value, "i").test(variable));
}

type Cause = "entry-runs" | "bad-url" | "endpoint-foreign" | "bad-value" | "missing-value" | "placeholder-sent";
export type ToSend =
  | { readonly ok: true; readonly sent: Sent }
  /** `url`: if only a value is missing, it may be connected to. */
  | { readonly ok: false; readonly cause: Cause; readonly reason: string; readonly url?: string | undefined };

const no = (cause: Cause, reason: string, url?: string) => ({ ok: false, cause, reason, url }) as const;

/** What a request contains, or why nothing is sent. `more`: values that the URL never uses: a repository may set them. */
export function whatToSend(entry: Entry, env: Env, more: Env, given: Consent): ToSend {
  if (entry.runs) return no("entry-runs", "the entry starts a program, which is never run here");
  const address = expandEntry({ url: entry.url, headers: {} }, env);
  if (address.missing.length > 0) return no("bad-url", `the URL uses ${address.missing.join(", ")}, which is not set`);
  const sent = { ...expandEntry(entry, { ...env, ...more }), url: address.url };
  return judged(sent, given, entry.scope === "project");
}

/** What may be sent of this, there, and as it is; or why nothing is. `ofRepository`: it chose the variables. */
export function judged(sent: Sent, given: Consent, ofRepository: boolean): ToSend {
  const permission = mayReceive(sent.url, given);
  if (!permission.ok) return permission;
  const unsafe = sent.read.find(({ variable, header }) => !isFollowed(variable, valueNamed(header)));
  if (ofRepository && unsafe !== undefined) {
    const would = `the header ${printable(unsafe.header, 60)} would send the variable ${unsafe.variable}`;
    return no("bad-value", `${would}, which is not meant for HALO`);
  }
  const { missing } = sent;
  if (missing.length > 0)
    return no("missing-value", `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} not set`, sent.url);
  for (const [name, text] of Object.entries(sent.headers)) {
    const store = storeOf(text);
    if (store)
      return no("placeholder-sent", `the header ${printable(name, 60)} is ${store.what}, which nothing has resolved`);
  }
  return { ok: true, sent };
}
