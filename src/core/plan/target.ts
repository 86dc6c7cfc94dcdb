/** What a run is about: a new connection, or the one that a repository already refers to. Pure. */
import { isHaloUrl } from "../check/servers.ts";
import type { Entry } from "../clients/claude-code.ts";
import { type HeaderValue, referring, type ServerEntry, type Slots } from "../clients/entry.ts";
import type { Client } from "../clients/model.ts";
import { spelledIn, UNKNOWN } from "../clients/references.ts";
import { isFollowed } from "../connection.ts";
import { isObject } from "../formats/json.ts";
import { DEFAULT_NAME, HALO_URL, HEADERS, isOurs, isSafeVariable, LABELS, VALUES, variablesFor } from "../halo.ts";
import { printable } from "../secrets.ts";

export interface Target {
  /** `join`: a repository refers to HALO already; no committed file changes. */
  readonly mode: "new" | "join";
  readonly name: string;
  /** As it is (to be) written, with any placeholder. */
  readonly url: string;
  /** Where each value comes from: a variable, or plain text in the file. */
  readonly slots: Slots;
  /** Where the existing entry is. */
  readonly where: Where;
  /** The existing entry that is used or replaced. */
  readonly entry?: Entry | undefined;
  /** The URL is from a file of the person's own. */
  readonly isOwn?: boolean;
  /** Why an existing entry is replaced and not used. */
  readonly repairs?: string | undefined;
}

export type Decision =
  | { readonly ok: true; readonly target: Target }
  | { readonly ok: false; readonly reason: string; readonly hint: string };

/** An entry in a file. `lost`: why its client does not load it; `isHalo`: it is about HALO, and does not only have the name. */
export interface Found {
  readonly entry: Entry;
  readonly lost?: { readonly why: string } | undefined;
  readonly isHalo?: boolean;
  /** Of other clients than Claude Code. */
  readonly server?: ServerEntry;
}

/** A file with entries, and the client that reads it. */
export type Where = { readonly file: string; readonly client: Client };

/** `--name`, `--url` and `--own-credentials`, if they were given. */
export interface Wish {
  readonly name: string | undefined;
  readonly url: string | undefined;
  readonly ownCredentials?: boolean;
}

/** The variables of a target or an entry, each with the value that it is for. */
export function variablesOf(slots: Partial<Slots>) {
  return VALUES.flatMap((value) => {
    const slot = slots[value];
    return slot !== undefined && "env" in slot ? [{ value, env: slot.env }] : [];
  });
}

/** Those that a removal takes out of private files: HALO's by their names. An entry of a repository can name any other. */
export const removableIn = (slots: Partial<Slots>, name: string) =>
  variablesOf(slots).filter(
    ({ value, env }) => (isFollowed(env, value) && isOurs(env)) || env === variablesFor(name)[value],
  );

/** Whether the value of a slot may be shown: an ID in the file itself, or of a variable that is HALO's by its name. */
export const isShowable = (slot: HeaderValue): boolean => !("env" in slot) || isOurs(slot.env);

function newTarget(wish: Wish, where: Where, entry?: Entry, repairs?: string): Decision {
  const name = wish.name ?? entry?.name ?? DEFAULT_NAME;
  const slots = referring(variablesFor(name, wish.ownCredentials));
  return { ok: true, target: { mode: "new", name, url: wish.url ?? HALO_URL, slots, where, entry, repairs } };
}

/** Plain text in a header, and not a reference in a spelling that the client does not expand. */
const PLAIN = /^[\x21-\x7e]+$/;
const SPELLED = /[$%{}<>]/;

/** A reference to a variable, in whatever spelling, and nothing else. */
export function isReference(text: string): boolean {
  const [only] = spelledIn(text.trim(), UNKNOWN);
  return only?.name !== undefined && only.text === text.trim();
}

/** Why an entry cannot be used as it is. Never repeats the text of a header, which may be a secret. */
function unfit({ lost, entry: { name, raw, url, values } }: Found, wish: Wish, { client }: Where): string | undefined {
  if (lost !== undefined) return lost.why;
  if (isObject(raw) && raw.type === "sse") return 'its "type" is "sse", but HALO uses "http"';
  if (wish.url !== undefined && wish.url !== url) return "you gave another URL";
  for (const value of VALUES) {
    const slot = values[value];
    if (slot === undefined) return `its header ${HEADERS[value]} is missing`;
    if ("env" in slot) continue;
    const text = slot.literal.trim();
    if (value === "token")
      return isReference(text)
        ? `its token's header has a reference in another spelling than that of ${client.label}`
        : "its token's header does not refer to a variable";
    if (!PLAIN.test(text) || SPELLED.test(text))
      return `its header ${HEADERS[value]} is neither an ID nor a reference that ${client.label} knows`;
  }
  const own = variablesFor(name, true);
  if (wish.ownCredentials === true && variablesOf(values).some(({ value, env }) => env !== own[value]))
    return "you gave --own-credentials";
  const names = variablesOf(values).map(({ env }) => env);
  // in .env, one value would overwrite the other
  return new Set(names).size < names.length ? "two of its headers use the same variable" : undefined;
}

/** The end of a hint about an entry that is not touched. */
export const BESIDE = "set up HALO under another name:\nnpx create-halo-mcp --name halo-cm";

/** Decides what to do about the entries of the project's file, most fitting first: the target, or why none is safe. */
export function decideTarget(servers: readonly Found[], wish: Wish, where: Where): Decision {
  const server = wish.name === undefined ? servers[0] : servers.find(({ entry }) => entry.name === wish.name);
  if (server === undefined) return newTarget(wish, where);
  const { entry, lost } = server;
  const { name, url, values } = entry;
  const shown = printable(name, 64);
  const refuse = (reason: string, hint: string): Decision => ({ ok: false, reason, hint });
  if (entry.runs)
    return refuse(
      `the entry "${shown}" starts a program (headersHelper or command), and this tool runs no program of a repository`,
      `check it, then remove it from ${where.file}, or ${BESIDE}`,
    );
  // an entry with another URL belongs to somebody, even if it is broken: only one without a URL is filled in
  if (values.token === undefined && !isHaloUrl(url, HALO_URL) && (lost === undefined || url !== ""))
    return refuse(`${where.file} already has a server "${shown}" that is not HALO's`, BESIDE);
  const reason = unfit(server, wish, where);
  const { token, account, profile } = values;
  // a usable entry has all three
  if (reason !== undefined || !token || !account || !profile) return newTarget(wish, where, entry, reason);
  const unsafe = variablesOf(values).find(({ env, value }) => !isFollowed(env, value));
  if (unsafe !== undefined) {
    const source = isSafeVariable(unsafe.env)
      ? `${printable(unsafe.env, 64)}, which is named like a secret, so it is not read`
      : "a variable that affects other programs, so it is not set";
    return refuse(
      `the entry "${shown}" takes the ${LABELS[unsafe.value]} from ${source}`,
      `ask whoever wrote ${where.file} for a name such as ${variablesFor(DEFAULT_NAME)[unsafe.value]}, or ${BESIDE}`,
    );
  }
  const slots = { token, account, profile };
  return { ok: true, target: { mode: "join", name, url, slots, where, entry } };
}
