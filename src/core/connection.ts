/** Who may receive the token, and what is sent there. Every command that sends it asks here first. */
import { type Entry, expandEntry, type Sent } from "./clients/claude-code.ts";
import { type Env, type Layer, layerOf } from "./clients/claude-state.ts";
import { references } from "./clients/references.ts";
import { endpointProblem, HALO_URL, isSafeVariable } from "./halo.ts";
import { printable } from "./secrets.ts";

/** What a person said about an address. All of it is optional: without it HALO alone gets the token. */
export interface Consent {
  /** `--url` of this command line. */
  readonly url?: string | undefined;
  /** The URL that a person was shown and said yes to. */
  readonly agreed?: string | undefined;
  /** The URL stands in a file of the person's own, and nothing of the repository is part of it. */
  readonly isOwn?: boolean;
}

export type Permission =
  | { readonly ok: true }
  /** `bad-url`: nobody may get a token there. `endpoint-foreign`: nobody has said that this address may get it. */
  | { readonly ok: false; readonly cause: "bad-url" | "endpoint-foreign"; readonly problem: string };

/**
 * The judge of who may receive the token: HALO's own endpoint, character by character; the very URL of `--url`; the URL
 * that a person said yes to; or one of a person's own files. A URL of the repository gets nothing.
 */
export function mayReceive(url: string, given: Consent): Permission {
  if (url === HALO_URL) return { ok: true };
  const problem = endpointProblem(url);
  if (problem !== undefined) return { ok: false, cause: "bad-url", problem };
  if (url === given.url || url === given.agreed || given.isOwn === true) return { ok: true };
  return {
    ok: false,
    cause: "endpoint-foreign",
    problem: "the URL comes from the repository and is not HALO's; nothing was sent",
  };
}

/** Whether the address of an entry is its reader's own word. `inRepository`: where the file of the entry lies. */
export function isOwnUrl({ scope, url }: Entry, layers: readonly Layer[], inRepository: boolean): boolean {
  if (scope === "project" || inRepository) return false;
  return references(url).every((name) => layerOf(layers, name)?.ofRepository !== true);
}

export type ToSend =
  | { readonly ok: true; readonly sent: Sent }
  | {
      readonly ok: false;
      readonly cause: "entry-runs" | "bad-url" | "endpoint-foreign" | "bad-value" | "missing-value";
      readonly reason: string;
    };

/**
 * What a request carries for an entry, or why nothing is sent. `env`: what a session has. `more`: values that are filled in
 * beside it; they never reach the URL, since a file of the repository may hold them.
 */
export function whatToSend(entry: Entry, env: Env, more: Env, given: Consent): ToSend {
  type Cause = Extract<ToSend, { ok: false }>["cause"];
  const no = (cause: Cause, reason: string): ToSend => ({ ok: false, cause, reason });
  if (entry.runs) return no("entry-runs", "the entry starts a program, which is never run here");
  const address = expandEntry({ url: entry.url, headers: {} }, env);
  if (address.missing.length > 0) return no("bad-url", `the URL uses ${address.missing.join(", ")}, which is not set`);
  const permission = mayReceive(address.url, given);
  if (!permission.ok) return no(permission.cause, permission.problem);
  const sent = { ...expandEntry(entry, { ...env, ...more }), url: address.url };
  const unsafe = sent.read.find(({ variable }) => !isSafeVariable(variable));
  if (entry.scope === "project" && unsafe !== undefined) {
    const would = `the header ${printable(unsafe.header, 60)} would send the variable ${unsafe.variable}`;
    return no("bad-value", `${would}, which is not meant for HALO`);
  }
  if (sent.missing.length > 0) return no("missing-value", `${sent.missing.join(", ")} is not set`);
  return { ok: true, sent };
}
