/** Steps for Claude Code's own scopes (`local`, `user`), through its program. Pure. */
import { type Entry, haloEntry, reference, type Scope } from "../clients/claude-code.ts";
import { toPowerShell, toSh } from "../command-line.ts";
import { equalJson, jsonOf, property } from "../formats/json.ts";
import { HEADERS, VALUES, type Value, variablesFor } from "../halo.ts";
import { maskOf, printable } from "../secrets.ts";
import { editFile, envEdits, type Planned } from "./install.ts";
import type { RunStep, Snapshot, Step } from "./model.ts";

export type OwnScope = Exclude<Scope, "project">;
type Argv = readonly [string, ...string[]];

export interface ClaudeInput {
  readonly scopes: readonly OwnScope[];
  /** One that `nameProblem` has nothing against: claude takes another for an option. */
  readonly name: string;
  readonly url: string;
  readonly values: Readonly<Record<Value, string>>;
  readonly program: string | undefined;
  /** There is a program whose `claude mcp add-json … -` reads standard input (2.1.330 does, 2.1.197 does not). */
  readonly readsStdin: boolean;
  readonly existing: (scope: OwnScope) => Entry | undefined;
  readonly snapshot: Snapshot;
  readonly userSettings: string;
  /** `~/.claude.json`: it keeps its mode whatever claude writes into it, so an open one is closed first. */
  readonly store: string;
  /** False on Windows. */
  readonly hasModes: boolean;
}

/** The command that adds the connection with references: no value is in argv. */
function addWithReferences(program: string, scope: OwnScope, { name, url }: ClaudeInput): Argv {
  const variables = variablesFor(name);
  const headers = VALUES.flatMap((value) => ["--header", `${HEADERS[value]}: ${reference(variables[value])}`]);
  // positionals first: --header takes every word that follows it
  return [program, "mcp", "add", "--transport", "http", "--scope", scope, name, url, ...headers];
}

function removeArgv(program: string, scope: OwnScope, name: string): Argv {
  return [program, "mcp", "remove", "--scope", scope, name];
}

/** Others on this machine can read the file. Windows has no such bits. */
const isOpen = ({ hasModes, snapshot }: ClaudeInput, path: string): boolean => {
  const state = snapshot.get(path);
  return hasModes && state?.kind === "file" && (state.mode & 0o077) !== 0;
};

/**
 * Values for a Claude Code that takes only references: its private user settings, which every version expands. They are
 * shared by all folders: an ID there is not changed, since that would break the connection of another one. The user's own
 * entry of this name may be changed.
 */
function settingsSteps(input: ClaudeInput): Planned {
  const { name, values, userSettings: path, snapshot, scopes, existing } = input;
  const state = snapshot.get(path);
  const variables = variablesFor(name);
  const isOwn = scopes.every((scope) => scope === "user" && existing("user") !== undefined);
  const taken = (["account", "profile"] as const).find((value) => {
    const is = property(jsonOf(state, false), "env", variables[value]);
    return !isOwn && is !== undefined && is !== values[value];
  });
  if (taken !== undefined) {
    const reason = `${variables[taken]} already has another value there, which another connection uses`;
    const hint =
      taken === "profile"
        ? `choose a name for this one, so that it gets a variable of its own: --name ${name}-2`
        : "a newer Claude Code keeps the values with the entry: claude update, then run this again";
    return { ok: false, path, text: "", refused: { reason, hint, offset: 0 } };
  }
  const all = Object.fromEntries(VALUES.map((value) => [variables[value], values[value]]));
  const edited = editFile(path, state, envEdits(all));
  if (!edited.ok) return edited;
  const { before, after } = edited;
  const mode = before === undefined || isOpen(input, path) ? { mode: 0o600 } : {};
  return { ok: true, steps: [{ kind: "write", path, before, after, secret: true, ...mode }] };
}

/** An entry as it may be shown: references and IDs as they are, every other value masked. */
function describe(title: string, url: string, headers: Readonly<Record<string, string>>): readonly string[] {
  const lines = Object.entries(headers).map(([header, text]) => {
    const isShown = /^cm-(?:account|profile)-id$/i.test(header.trim()) || /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/.test(text);
    return `  ${printable(header, 60)}: ${isShown ? printable(text, 80) : maskOf(text)}`;
  });
  return [`${title}: ${printable(url.replace(/[?#].*$/s, "").replace(/\/\/[^/@]*@/, "//"), 200)}`, ...lines];
}

export function removeEntry(program: string, scope: OwnScope, entry: Entry): RunStep {
  return {
    kind: "run",
    argv: removeArgv(program, scope, entry.name),
    why: `remove the existing "${entry.name}" (${scope} scope)`,
    details: describe("existing", entry.url, entry.headers),
  };
}

export function planClaude(input: ClaudeInput): Planned<Step> {
  const { scopes, name, url, program, values, store, snapshot, readsStdin: viaStdin } = input;
  const headers = Object.fromEntries(VALUES.map((value) => [HEADERS[value], values[value]]));
  const entry = viaStdin ? { type: "http", url, headers } : haloEntry(name, url);
  const steps: Step[] = [];
  const state = snapshot.get(store);
  if (!viaStdin) {
    const settings = settingsSteps(input);
    if (!settings.ok) return settings;
    steps.push(...settings.steps);
  } else if (state?.kind === "file" && isOpen(input, store)) {
    steps.push({ kind: "write", path: store, before: state.text, after: state.text, mode: 0o600 });
  }
  for (const scope of scopes) {
    if (program === undefined) {
      const argv = addWithReferences("claude", scope, input);
      const lines = ["sh, bash, zsh:", `  ${toSh(argv)}`, "PowerShell:", `  ${toPowerShell(argv)}`];
      steps.push({ kind: "tell", title: "Claude Code is not installed here: run this when it is", lines });
      continue;
    }
    const existing = input.existing(scope);
    if (existing !== undefined && equalJson(existing.raw, entry)) continue;
    if (existing !== undefined) steps.push(removeEntry(program, scope, existing));
    steps.push({
      kind: "run",
      argv: viaStdin
        ? [program, "mcp", "add-json", "--scope", scope, name, "-"]
        : addWithReferences(program, scope, input),
      ...(viaStdin ? { stdin: JSON.stringify(entry) } : {}),
      details: describe("new", url, headers),
      why: `add "${name}" (${scope} scope), ${viaStdin ? "values through standard input" : "with references"}`,
      undo: removeArgv(program, scope, name),
    });
  }
  return { ok: true, steps };
}
