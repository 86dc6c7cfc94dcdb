/** Steps for Claude Code's own scopes (`local`, `user`), through its program. Pure. */
import { connectionFor, type Entry, entryOf, reference, type Scope } from "../clients/claude-code.ts";
import { toPowerShell, toSh } from "../command-line.ts";
import { equalJson, isObject, jsonOf, property } from "../formats/json.ts";
import { setProperty } from "../formats/json-edit.ts";
import { HEADERS, nameProblem, VALUES, type Value, variablesFor } from "../halo.ts";
import { maskOf, printable } from "../secrets.ts";
import type { FileState, RunStep, Step, WriteStep } from "./model.ts";

type OwnScope = Exclude<Scope, "project">;
type Argv = readonly [string, ...string[]];

export interface ClaudeInput {
  readonly scope: OwnScope;
  readonly name: string;
  readonly url: string;
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

/** The command that adds the connection with references: no value is in argv. */
function addWithReferences(program: string, { scope, name, url }: ClaudeInput): Argv {
  const variables = variablesFor(name);
  const headers = VALUES.flatMap((value) => ["--header", `${HEADERS[value]}: ${reference(variables[value])}`]);
  // positionals first: --header takes every word that follows it
  return [program, "mcp", "add", "--transport", "http", "--scope", scope, name, url, ...headers];
}

function removeArgv(program: string, scope: OwnScope, name: string): Argv {
  return [program, "mcp", "remove", "--scope", scope, name];
}

/** Others on this machine can read it. */
function isOpen(state: FileState | undefined, platform: string): boolean {
  return state?.kind === "file" && (state.mode & 0o077) !== 0 && platform !== "win32";
}

/**
 * The variable of an ID that the user settings hold with another value: they are shared by all folders, so changing it
 * would break the connection of another one. The user's own entry of this name may be changed.
 */
function takenBy(input: ClaudeInput): string | undefined {
  if (input.scope === "user" && input.existing !== undefined) return undefined;
  const env = property(jsonOf(input.userSettings.state, false), "env");
  const variables = variablesFor(input.name);
  return (["account", "profile"] as const)
    .map((value) => ({ name: variables[value], value: input.values[value] }))
    .find(({ name, value }) => isObject(env) && Object.hasOwn(env, name) && env[name] !== value)?.name;
}

/** Values for a Claude Code that takes only references: its private user settings, which every version expands. */
function settingsStep(input: ClaudeInput): WriteStep | { readonly reason: string; readonly hint: string } {
  const { name, values, platform } = input;
  const { path, state } = input.userSettings;
  const refuse = (reason: string, hint = "fix that file, then run this again") => ({
    reason: `${path}: ${reason}`,
    hint,
  });
  if (state?.kind === "unreadable") return refuse(state.reason);
  const before = state?.kind === "file" ? state.text : undefined;
  const variables = variablesFor(name);
  const taken = takenBy(input);
  if (taken !== undefined) {
    return refuse(
      `${taken} already has another value there, which another connection uses`,
      taken === variables.profile
        ? `choose a name for this one, so that it gets a variable of its own: --name ${name}-2`
        : "a newer Claude Code keeps the values with the entry: claude update, then run this again",
    );
  }
  let after = before;
  for (const value of ["profile", "account", "token"] as const) {
    const result = setProperty(after, ["env", variables[value]], values[value], { strict: true });
    if (!result.ok) return refuse(result.refused.reason);
    after = result.text;
  }
  const mode = before === undefined || isOpen(state, platform) ? { mode: 0o600 } : {};
  return { kind: "write", path, before, after, secret: true, ...mode };
}

/** An entry as it may be shown: references and IDs as they are, every other value masked. */
function describe(title: string, url: string, headers: Readonly<Record<string, string>>): readonly string[] {
  const ids: readonly string[] = [HEADERS.account, HEADERS.profile].map((id) => id.toLowerCase());
  const lines = Object.entries(headers).map(([header, text]) => {
    const isShown = ids.includes(header.trim().toLowerCase()) || /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/.test(text);
    return `  ${printable(header, 60)}: ${isShown ? printable(text, 80) : maskOf(text)}`;
  });
  return [`${title}: ${printable(url.replace(/[?#].*$/s, "").replace(/\/\/[^/@]*@/, "//"), 200)}`, ...lines];
}

/** The step that takes an entry out of a scope of Claude Code's own. */
export function removeEntry(program: string, scope: OwnScope, entry: Entry): RunStep {
  return {
    kind: "run",
    argv: removeArgv(program, scope, entry.name),
    why: `remove the existing "${entry.name}" (${scope} scope)`,
    details: describe("existing", entry.url, entry.headers),
  };
}

/** The steps that put one connection into a scope of Claude Code's own, through its program. */
export function planClaude(input: ClaudeInput): ClaudePlanned {
  const { scope, name, url, program, existing, values, store, platform } = input;
  // a name that a repository brought along: claude refuses it, or takes it for an option
  const problem = nameProblem(name);
  if (problem !== undefined)
    return { ok: false, reason: `${problem} (${scope} scope)`, hint: "choose one: --name halo" };
  const headers = Object.fromEntries(VALUES.map((value) => [HEADERS[value], values[value]]));
  const viaStdin = program !== undefined && input.readsStdin;
  const entry = viaStdin ? { type: "http", url, headers } : entryOf(connectionFor(name, url, variablesFor(name)));
  const steps: Step[] = [];
  if (!viaStdin) {
    const settings = settingsStep(input);
    if ("reason" in settings) return { ok: false, ...settings };
    steps.push(settings);
  } else if (store.state?.kind === "file" && isOpen(store.state, platform)) {
    const { text } = store.state;
    steps.push({ kind: "write", path: store.path, before: text, after: text, mode: 0o600 });
  }
  if (program === undefined) {
    const argv = addWithReferences("claude", input);
    const lines = ["sh, bash, zsh:", `  ${toSh(argv)}`, "PowerShell:", `  ${toPowerShell(argv)}`];
    steps.push({ kind: "tell", title: "Claude Code is not installed here: run this when it is", lines });
    return { ok: true, steps };
  }
  if (existing !== undefined && equalJson(existing.raw, entry)) return { ok: true, steps };
  if (existing !== undefined) steps.push(removeEntry(program, scope, existing));
  steps.push({
    kind: "run",
    argv: viaStdin ? [program, "mcp", "add-json", "--scope", scope, name, "-"] : addWithReferences(program, input),
    ...(viaStdin ? { stdin: JSON.stringify(entry) } : {}),
    details: describe("new", url, headers),
    why: `add "${name}" (${scope} scope), ${viaStdin ? "values through standard input" : "with references"}`,
    undo: removeArgv(program, scope, name),
  });
  return { ok: true, steps };
}
