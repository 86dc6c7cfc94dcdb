/** What a run is about: a new connection, or the one that a repository already refers to. Pure. */
import type { Entry, HeaderValue } from "../clients/claude-code.ts";
import { isObject } from "../formats/json.ts";
import { DEFAULT_NAME, HALO_URL, HEADERS, isSafeVariable, LABELS, VALUES, type Value, variablesFor } from "../halo.ts";
import { printable } from "../secrets.ts";

/** Where a value comes from in a connection: a variable, or text that stands in the file itself. */
export type Slot = { readonly env: string } | { readonly fixed: string };

export interface Target {
  /** `join`: a repository refers to HALO already; no committed file changes. */
  readonly mode: "new" | "join";
  readonly name: string;
  /** As it is (to be) written, with any placeholder. */
  readonly url: string;
  readonly slots: Readonly<Record<Value, Slot>>;
  /** The entry that is followed or replaced. */
  readonly entry?: Entry;
  /** Why an existing entry is replaced and not followed. */
  readonly repairs?: string;
}

export type Decision =
  | { readonly ok: true; readonly target: Target }
  | { readonly ok: false; readonly reason: string; readonly hint: string };

/** `--name` and `--url`, if they were given. */
export interface Wish {
  readonly name: string | undefined;
  readonly url: string | undefined;
}

function newTarget(wish: Wish, entry?: Entry, repairs?: string): Target {
  const name = wish.name ?? entry?.name ?? DEFAULT_NAME;
  const { token, account, profile } = variablesFor(name);
  return {
    mode: "new",
    name,
    url: wish.url ?? HALO_URL,
    slots: { token: { env: token }, account: { env: account }, profile: { env: profile } },
    ...(entry === undefined ? {} : { entry }),
    ...(repairs === undefined ? {} : { repairs }),
  };
}

/** Why a header of an entry cannot be followed as it is written. Never repeats its text, which may be a secret. */
function unfitHeader(value: Value, slot: HeaderValue | undefined): string | undefined {
  const header = HEADERS[value];
  if (slot === undefined) return `its header ${header} is missing`;
  if ("env" in slot) return undefined;
  if (value === "token") return "its token's header does not refer to a variable";
  if (slot.literal.trim() === "" || /[$%{}<>]/.test(slot.literal))
    return `its header ${header} is written in a way that Claude Code sends literally`;
  if (!/^[\x21-\x7e]{1,4096}$/.test(slot.literal.trim()))
    return `its header ${header} contains characters that no header can carry`;
  return undefined;
}

/** Why an entry cannot be followed as it is, in words that go after "will be replaced:". */
function unfit(entry: Entry, wish: Wish): string | undefined {
  if (entry.broken !== undefined) return `Claude Code skips it: ${entry.broken}`;
  if (isObject(entry.raw) && entry.raw.type === "sse") return 'its "type" is "sse", and HALO speaks "http"';
  if (wish.url !== undefined && wish.url !== entry.url) return "you gave another URL";
  const [reason] = VALUES.flatMap((value) => unfitHeader(value, entry.values[value]) ?? []);
  if (reason !== undefined) return reason;
  const variables = variablesIn(entry).map(({ env }) => env);
  // followed as it is, the one value would overwrite the other in .env
  return new Set(variables).size < variables.length ? "two of its headers use the same variable" : undefined;
}

function variablesIn({ values }: Entry): readonly { readonly value: Value; readonly env: string }[] {
  return VALUES.flatMap((value) => {
    const slot = values[value];
    return slot !== undefined && "env" in slot ? [{ value, env: slot.env }] : [];
  });
}

/**
 * Decides what to do about the entries found in the project's file. In: the entries, most fitting first, and what
 * was asked for. Out: the target, or why none is safe.
 */
export function decideTarget(entries: readonly Entry[], wish: Wish): Decision {
  const entry = wish.name === undefined ? entries[0] : entries.find((candidate) => candidate.name === wish.name);
  if (entry === undefined) return { ok: true, target: newTarget(wish) };
  const shown = printable(entry.name, 64);
  if (entry.runs) {
    return {
      ok: false,
      reason: `the entry "${shown}" starts a program (headersHelper or command), and this tool runs no program of a repository`,
      hint: "look at it, then take it out of .mcp.json, or set up HALO under another name: --name halo-mine",
    };
  }
  const hasHalo = VALUES.some((value) => entry.values[value] !== undefined) || entry.url.includes(HALO_URL);
  // broken or not, what leads elsewhere is somebody's: only an entry without any address is filled in
  if (!hasHalo && (entry.broken === undefined || entry.url !== "")) {
    return {
      ok: false,
      reason: `.mcp.json already has a server "${shown}" that is not HALO's`,
      hint: "choose another name: --name halo-cm",
    };
  }
  const reason = unfit(entry, wish);
  if (reason !== undefined) return { ok: true, target: newTarget(wish, entry, reason) };
  const unsafe = variablesIn(entry).find(({ env }) => !isSafeVariable(env));
  if (unsafe !== undefined) {
    return {
      ok: false,
      reason: `the entry "${shown}" takes the ${LABELS[unsafe.value]} from a variable that other programs act on, so it is not set`,
      hint: "ask whoever wrote .mcp.json for a name such as HALO_MCP_TOKEN, or set up HALO under another name: --name halo-mine",
    };
  }
  // an entry that is fit has all three
  const slotOf = (value: Value): Slot => {
    const slot = entry.values[value];
    return slot !== undefined && "env" in slot ? slot : { fixed: slot?.literal.trim() ?? "" };
  };
  const slots = { token: slotOf("token"), account: slotOf("account"), profile: slotOf("profile") };
  return { ok: true, target: { mode: "join", name: entry.name, url: entry.url, slots, entry } };
}

/** The variables that a target needs, each with the value it stands for. */
export function variablesOf(target: Target): readonly { readonly value: Value; readonly env: string }[] {
  return VALUES.flatMap((value) => {
    const slot = target.slots[value];
    return "env" in slot ? [{ value, env: slot.env }] : [];
  });
}
