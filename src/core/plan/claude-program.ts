/** Steps for Claude Code's own scopes (`local`, `user`), through its program. Pure. */
import { claudeCode, type Entry, type Scope } from "../clients/claude-code.ts";
import { entryFor, literally } from "../clients/entry.ts";
import { toSh } from "../command-line.ts";
import { equalJson, type Json, type JsonObject } from "../formats/json.ts";
import { HEADERS, VALUES, type Value } from "../halo.ts";
import { maskOf, printable } from "../secrets.ts";
import type { RunStep, Step } from "./model.ts";
import type { Target } from "./target.ts";

export type OwnScope = Exclude<Scope, "project">;
export const isOwn = (scope: Scope): scope is OwnScope => scope !== "project";

/** `name`: one that `nameProblem` accepts, since claude could take another one for an option. */
export interface ClaudeInput extends Pick<Target, "name" | "url" | "slots"> {
  /** Undefined if Claude Code is not installed: a person gets the command. */
  readonly program: string | undefined;
  /** `claude mcp add-json … -` reads standard input: 2.1.330 does; 2.1.197, the newest for Node 20, does not. */
  readonly readsStdin: boolean;
  readonly scopes: readonly OwnScope[];
  readonly values: Readonly<Record<Value, string>>;
  readonly existing: (scope: OwnScope) => Entry | undefined;
}

/** An entry as it may be shown: references and IDs as they are, every other value masked. */
function describe(title: string, url: string, headers: Readonly<Record<string, string>>): readonly string[] {
  const lines = Object.entries(headers).map(([header, text]) => {
    const isShown = /^cm-(?:account|profile)-id$/i.test(header.trim()) || /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/.test(text);
    return `  ${printable(header, 60)}: ${isShown ? printable(text, 80) : maskOf(text)}`;
  });
  return [`${title}: ${printable(url.replace(/[?#].*$/s, "").replace(/\/\/[^/@]*@/, "//"), 200)}`, ...lines];
}

type Shown = Pick<Entry, "name" | "url" | "headers">;
/** `raw`: put back if a later step fails; it may be the only place of a token. */
export function removeEntry(program: string, scope: OwnScope, { name, url, headers }: Shown, raw?: Json): RunStep {
  const why = `remove the existing "${name}" (${scope} scope)`;
  const argv = [program, "mcp", "remove", "--scope", scope, name] as const;
  const add = [program, "mcp", "add-json", "--scope", scope, name, "-"] as const;
  const undo = raw === undefined ? {} : { undo: add, undoStdin: JSON.stringify(raw) };
  return { kind: "run", argv, why, details: describe("existing", url, headers), ...undo };
}

/** Adds or replaces the entry: with its values on standard input if claude reads it, else with references. */
export function planClaude(input: ClaudeInput): readonly Step[] {
  const { program = "claude", readsStdin, scopes, name, url, slots, values, existing } = input;
  const headers = Object.fromEntries(VALUES.map((value) => [HEADERS[value], values[value]]));
  const entry = entryFor(claudeCode, url, readsStdin ? literally(values) : slots);
  const references = Object.entries(entry.headers as JsonObject).flatMap((pair) => ["--header", pair.join(": ")]);
  return scopes.flatMap((scope): readonly Step[] => {
    const add: RunStep = {
      kind: "run",
      ...(readsStdin
        ? { argv: [program, "mcp", "add-json", "--scope", scope, name, "-"], stdin: JSON.stringify(entry) }
        : // positionals first: --header takes every word that follows it
          { argv: [program, "mcp", "add", "--transport", "http", "--scope", scope, name, url, ...references] }),
      why: `add "${name}" (${scope} scope), ${readsStdin ? "values through standard input" : "with references"}`,
      details: describe("new", url, headers),
      undo: removeEntry(program, scope, { name, url, headers }).argv,
    };
    if (input.program === undefined) {
      const title = "Claude Code is not installed here. To do it by hand:";
      return [{ kind: "tell", title, lines: ["npm install -g @anthropic-ai/claude-code", toSh(add.argv)] }];
    }
    const found = existing(scope);
    if (found !== undefined && equalJson(found.raw, entry)) return [];
    return found === undefined ? [add] : [removeEntry(program, scope, found, readsStdin ? found.raw : undefined), add];
  });
}
