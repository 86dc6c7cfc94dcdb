/** Steps for Claude Code's own scopes (`local`, `user`) and for the web clients. Pure. */
import {
  connectionFor,
  type Entry,
  entryOf,
  entryWithValues,
  isObject,
  reference,
  type Scope,
} from "../clients/claude-code.ts";
import { toPowerShell, toSh } from "../command-line.ts";
import { type Edited, parseDocument, setProperty } from "../formats/json-edit.ts";
import { equalJson } from "../formats/json-tree.ts";
import { HEADERS, nameProblem, type Value } from "../halo.ts";
import { maskOf, printable } from "../secrets.ts";
import type { Connection, FileState, RunStep, Step, TellStep, WriteStep } from "./model.ts";

export interface ClaudeInput {
  readonly scope: Exclude<Scope, "project">;
  readonly name: string;
  readonly url: string;
  readonly variables: Readonly<Record<Value, string>>;
  readonly values: Readonly<Record<Value, string>>;
  /** The program, or undefined when it is not installed. */
  readonly program: string | undefined;
  /** `claude mcp add-json … -` reads standard input (2.1.330 does, 2.1.197 does not). */
  readonly readsStdin: boolean;
  /** The entry of that name in that scope, if there is one. */
  readonly existing: Entry | undefined;
  readonly userSettings: { readonly path: string; readonly state: FileState | undefined };
  /** `~/.claude.json`: it keeps its mode whatever claude writes into it, so an open one is closed first. */
  readonly store: { readonly path: string; readonly state: FileState | undefined };
  readonly platform: string;
}

export type ClaudePlanned =
  | { readonly ok: true; readonly steps: readonly Step[] }
  | { readonly ok: false; readonly reason: string; readonly hint: string };

function addWithReferences(program: string, scope: string, connection: Connection): [string, ...string[]] {
  const headers = Object.entries(connection.headers).flatMap(([header, { env }]) => [
    "--header",
    `${header}: ${reference(env)}`,
  ]);
  // positionals first: --header takes every word that follows it
  return [program, "mcp", "add", "--transport", "http", "--scope", scope, connection.name, connection.url, ...headers];
}

function addJson(program: string, scope: string, name: string): [string, ...string[]] {
  return [program, "mcp", "add-json", "--scope", scope, name, "-"];
}

/**
 * `mcp add` can put this entry back without losing a key of it or showing a secret in argv: only references in the
 * headers, an address without credentials or query, and nothing else.
 */
function fitsArgv(entry: Entry): boolean {
  if (!isObject(entry.raw) || entry.raw.type !== "http") return false;
  if (!Object.keys(entry.raw).every((key) => key === "type" || key === "url" || key === "headers")) return false;
  if (!/^https?:\/\/[^?#@]+$/.test(entry.url)) return false;
  return Object.values(entry.headers).every((text) => /^\$\{[A-Za-z_][A-Za-z0-9_]*(?::-)?\}$/.test(text));
}

function restore(program: string, scope: string, existing: Entry, readsStdin: boolean): RunStep["undo"] | undefined {
  if (readsStdin) return { argv: addJson(program, scope, existing.name), stdin: JSON.stringify(existing.raw) };
  if (!fitsArgv(existing)) return undefined;
  const headers = Object.entries(existing.headers).flatMap(([header, text]) => ["--header", `${header}: ${text}`]);
  return {
    argv: [program, "mcp", "add", "--transport", "http", "--scope", scope, existing.name, existing.url, ...headers],
  };
}

/**
 * The variable of an ID that the user settings hold with another value: they are shared by all folders, so changing it
 * would break the connection of another one. The user's own entry of this name may be changed.
 */
function takenBy(input: ClaudeInput, text: string | undefined): string | undefined {
  if (text === undefined || (input.scope === "user" && input.existing !== undefined)) return undefined;
  const parsed = parseDocument(text, { strict: false });
  const env = parsed.ok && isObject(parsed.value) ? parsed.value.env : undefined;
  return (["account", "profile"] as const)
    .map((value) => ({ name: input.variables[value], value: input.values[value] }))
    .find(({ name, value }) => isObject(env) && Object.hasOwn(env, name) && env[name] !== value)?.name;
}

/** Values for a Claude Code that takes only references: its private user settings, which every version expands. */
function settingsStep(input: ClaudeInput): { step: WriteStep } | { refused: string; hint?: string } {
  const { path, state } = input.userSettings;
  if (state?.kind === "unreadable") return { refused: state.reason };
  const before = state?.kind === "file" ? state.text : undefined;
  let after = before;
  const taken = takenBy(input, before);
  if (taken !== undefined) {
    return {
      refused: `${taken} is there already with another value, which another connection uses`,
      hint:
        taken === input.variables.profile
          ? `choose a name for this one, so that it gets a variable of its own: --name ${input.name}-2`
          : "a newer Claude Code keeps the values with the entry: claude update, then run this again",
    };
  }
  for (const value of ["profile", "account", "token"] as const) {
    const result: Edited = setProperty(after, ["env", input.variables[value]], input.values[value], { strict: true });
    if (!result.ok) return { refused: result.refused.reason };
    after = result.text;
  }
  const isOpen = state?.kind !== "file" || ((state.mode & 0o077) !== 0 && input.platform !== "win32");
  return { step: { kind: "write", path, before, after, secret: true, ...(isOpen ? { mode: 0o600 } : {}) } };
}

function later(connection: Connection, scope: string): TellStep {
  const argv = addWithReferences("claude", scope, connection);
  return {
    kind: "tell",
    title: "Claude Code is not installed here: run this when it is",
    lines: ["sh, bash, zsh:", `  ${toSh(argv)}`, "PowerShell:", `  ${toPowerShell(argv)}`],
  };
}

function removeArgv(program: string, scope: string, name: string): [string, ...string[]] {
  return [program, "mcp", "remove", "--scope", scope, name];
}

/** A new entry as it may be shown: the IDs, which are no secrets, and the end of the token. */
function describeNew(connection: Connection, values: Readonly<Record<string, string>>): readonly string[] {
  const headers = Object.entries(connection.headers).map(([header, { env }]) => {
    const value = values[env] ?? "";
    return `  ${header}: ${header === HEADERS.token ? maskOf(value) : printable(value, 80)}`;
  });
  return [`new: ${connection.url}`, ...headers];
}

/** An entry that is about to go, as it may be shown: no query, no value. */
function describe(entry: Entry): readonly string[] {
  const headers = Object.entries(entry.headers).map(([header, text]) => {
    const isId = [HEADERS.account, HEADERS.profile].some((id) => id.toLowerCase() === header.trim().toLowerCase());
    const shown = isId || /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/.test(text) ? printable(text, 80) : maskOf(text);
    return `  ${printable(header, 60)}: ${shown}`;
  });
  return [`now there: ${printable(entry.url.replace(/[?#].*$/s, "").replace(/\/\/[^/@]*@/, "//"), 200)}`, ...headers];
}

/** The step that takes an entry out of a scope of Claude Code's own, with what puts it back as it was. */
export function planClaudeRemoval(
  input: Pick<ClaudeInput, "scope" | "readsStdin"> & { readonly program: string; readonly existing: Entry },
): ClaudePlanned {
  const { scope, program, readsStdin, existing } = input;
  const { name } = existing;
  const undo = restore(program, scope, existing, readsStdin);
  if (undo === undefined) {
    return {
      ok: false,
      reason: `Claude Code already has "${name}" in its ${scope} scope with values in clear or settings of its own, and this version could not put it back if something failed`,
      hint: `look at it, then: ${toSh(["claude", "mcp", "remove", "--scope", scope, name])}`,
    };
  }
  return {
    ok: true,
    steps: [
      {
        kind: "run",
        argv: removeArgv(program, scope, name),
        why: `take out the "${name}" that is there (${scope} scope)`,
        details: describe(existing),
        undo,
      },
    ],
  };
}

/** The steps that put one connection into a scope of Claude Code's own, through its program. */
export function planClaude(input: ClaudeInput): ClaudePlanned {
  const { scope, name, program, existing } = input;
  // a name that a repository brought along: claude refuses it, or takes it for an option
  const problem = nameProblem(name);
  if (problem !== undefined)
    return { ok: false, reason: `${problem} (${scope} scope)`, hint: "choose one: --name halo" };
  const connection = connectionFor(name, input.url, input.variables);
  const byVariable = Object.fromEntries(
    (["token", "account", "profile"] as const).map((value) => [input.variables[value], input.values[value]]),
  );
  const withValues = entryWithValues(connection, byVariable);
  const viaStdin = program !== undefined && input.readsStdin;
  const steps: Step[] = [];

  if (viaStdin) {
    const { path, state } = input.store;
    if (state?.kind === "file" && (state.mode & 0o077) !== 0 && input.platform !== "win32") {
      steps.push({ kind: "write", path, before: state.text, after: state.text, mode: 0o600 });
    }
    if (existing !== undefined && equalJson(existing.raw, withValues)) return { ok: true, steps };
  } else {
    const settings = settingsStep(input);
    if ("refused" in settings)
      return {
        ok: false,
        reason: `${input.userSettings.path}: ${settings.refused}`,
        hint: settings.hint ?? "mend that file, then run this again",
      };
    steps.push(settings.step);
    if (program === undefined) return { ok: true, steps: [...steps, later(connection, scope)] };
    if (existing !== undefined && equalJson(existing.raw, entryOf(connection))) return { ok: true, steps };
  }

  const remove = removeArgv(program, scope, name);
  if (existing !== undefined) {
    const removal = planClaudeRemoval({ scope, program, readsStdin: input.readsStdin, existing });
    if (!removal.ok) return removal;
    steps.push(...removal.steps);
  }
  steps.push({
    kind: "run",
    argv: viaStdin ? addJson(program, scope, name) : addWithReferences(program, scope, connection),
    ...(viaStdin ? { stdin: JSON.stringify(withValues) } : {}),
    details: describeNew(connection, byVariable),
    why: viaStdin
      ? `add "${name}" (${scope} scope), values through standard input`
      : `add "${name}" (${scope} scope), with references`,
    undo: { argv: remove },
  });
  return { ok: true, steps };
}
