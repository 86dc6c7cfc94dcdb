/** What to type next, for the entry, the folder and the options of this run. */
import type { Advice } from "../advice.ts";
import { quoteSh } from "../command-line.ts";
import { DEFAULT_NAME, nameProblem } from "../halo.ts";
import type { Server } from "./entries.ts";
import type { View } from "./view.ts";

export const note = (text: string): Advice => ({ note: text });
export const run = (...argv: readonly [string, ...string[]]): Advice => ({ run: argv });
export const npx = (...words: readonly string[]): Advice => ({ run: ["npx", "create-halo-mcp", ...words] });

export const NEW_TOKEN = note("# and create a new token if Claude Code has run in this folder");

/** ` --name x`, where the command would look at another one; nothing for a name that no command takes. */
export const nameWords = (name: string): readonly string[] =>
  name === DEFAULT_NAME || nameProblem(name) !== undefined ? [] : ["--name", name];

/** The wizard for the scope and the folder of an entry, with what this command line was given. */
export function repair({ input, state }: View, target: Server | undefined, ...more: readonly string[]): Advice {
  const { above, gitRoot, given } = input;
  const { scope = "project", file = "", entry } = target ?? {};
  // as beginnings of paths from the folder: where the wizard works by itself, and where it is to write
  const root = "../".repeat(gitRoot === undefined ? 0 : Math.max(0, above.indexOf(gitRoot)));
  const own = scope === "project" && file.endsWith(".mcp.json") ? file.slice(0, -".mcp.json".length) : root;
  // a Claude Code that reads no settings of the root needs them in the session's folder
  const home = scope === "project" && file !== "" && !state.behaviour.readsRootSettings ? "" : own;
  const folder = given.cwd === undefined || /^[~/]/.test(home) ? home : `${given.cwd}/${home}`;
  return npx(
    ...(scope === "project" ? [] : ["--scope", scope]),
    ...nameWords(entry?.name ?? DEFAULT_NAME),
    ...(given.valuesFile === undefined ? [] : ["--values-file", given.valuesFile]),
    ...(given.cwd === undefined && home === root ? [] : ["--cwd", folder.replace(/(?<=.)\/$/, "") || "."]),
    ...more,
  );
}

/** A word for a shell, the `~` before a path left to it. */
function wordOf(word: string): string {
  if (word === "~") return word;
  return word.startsWith("~/") ? `~/${quoteSh(word.slice(2))}` : quoteSh(word);
}

/** Advice as lines to be typed where `--cwd` was typed. */
export function linesOf(advice: readonly Advice[], cwd: string | undefined): string {
  const lineOf = (each: Advice): string => {
    if ("note" in each) return each.note;
    const line = each.run.map(wordOf).join(" ");
    if (cwd === undefined || each.run.includes("--cwd")) return line;
    if (each.run[0] === "npx") return `${line} --cwd ${wordOf(cwd)}`;
    return `cd ${wordOf(cwd)} && ${line}`;
  };
  return advice.map(lineOf).join("\n");
}
