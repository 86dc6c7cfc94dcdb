/** Steps for Claude Code's own scopes (`local`, `user`), through its program. Pure. */
import type { Entry, Scope } from "../clients/claude-code.ts";
import { equalJson } from "../formats/json.ts";
import { HEADERS, VALUES, type Value } from "../halo.ts";
import { maskOf, printable } from "../secrets.ts";
import type { RunStep } from "./model.ts";

export type OwnScope = Exclude<Scope, "project">;

export interface ClaudeInput {
  readonly program: string;
  readonly scopes: readonly OwnScope[];
  /** One that `nameProblem` has nothing against: claude takes another for an option. */
  readonly name: string;
  readonly url: string;
  readonly values: Readonly<Record<Value, string>>;
  readonly existing: (scope: OwnScope) => Entry | undefined;
}

function removeArgv(program: string, scope: OwnScope, name: string): RunStep["argv"] {
  return [program, "mcp", "remove", "--scope", scope, name];
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

/** Adds the entry with its values, which claude reads from standard input. One that is there already is replaced. */
export function planClaude({ program, scopes, name, url, values, existing }: ClaudeInput): readonly RunStep[] {
  const headers = Object.fromEntries(VALUES.map((value) => [HEADERS[value], values[value]]));
  const entry = { type: "http", url, headers };
  return scopes.flatMap((scope): readonly RunStep[] => {
    const found = existing(scope);
    if (found !== undefined && equalJson(found.raw, entry)) return [];
    const add: RunStep = {
      kind: "run",
      argv: [program, "mcp", "add-json", "--scope", scope, name, "-"],
      stdin: JSON.stringify(entry),
      why: `add "${name}" (${scope} scope), values through standard input`,
      details: describe("new", url, headers),
      undo: removeArgv(program, scope, name),
    };
    return found === undefined ? [add] : [removeEntry(program, scope, found), add];
  });
}
