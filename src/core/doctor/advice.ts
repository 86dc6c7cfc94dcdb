/** What to type next, for the entry, the folder and the options of this run. */
import type { Advice } from "../advice.ts";
import { quoteSh } from "../command-line.ts";
import type { Server } from "./entries.ts";
import type { View } from "./view.ts";

export const note = (text: string): Advice => ({ note: text });
export const run = (...argv: readonly [string, ...string[]]): Advice => ({ run: argv });
export const npx = (...words: readonly string[]): Advice => ({ run: ["npx", "create-halo-mcp", ...words] });

export const APPROVE: readonly Advice[] = [run("claude"), note("# and choose: Use this MCP server")];
/** For an entry that is not HALO's, leads elsewhere or runs a program: it gets the token, or runs as its reader. */
export const NEVER_APPROVE: readonly Advice[] = [
  note("do not approve it; when Claude Code asks,"),
  note("choose: Continue without using this MCP server"),
];

/** Nothing can be done about what may stand in a settings file that is skipped: the wizard refuses to write to it too. */
export const mendFirst = ({ skipped }: View): readonly Advice[] =>
  skipped === undefined ? [] : [note(`# first fix ${skipped}: see set-up`)];

/** ` --name x`, where the command would look at another one; nothing for a name that no command takes. */
export function nameWords(name: string): readonly string[] {
  return name !== "halo" && /^[A-Za-z0-9_][A-Za-z0-9_-]*$/.test(name) ? ["--name", name] : [];
}

type Where = Pick<View, "input" | "state">;

/** Where the wizard works by itself, as the beginning of a path from the folder: the git root. */
function rootOf({ input: { above, gitRoot } }: Where): string {
  return "../".repeat(gitRoot === undefined ? 0 : Math.max(0, above.indexOf(gitRoot)));
}

/**
 * The folder in which the wizard is to write for this entry, as the beginning of a path: that of its `.mcp.json`, or the
 * session's own for a Claude Code that reads no settings of the root.
 */
export function homeOf(v: Where, target: Server | undefined): string {
  if (target?.scope === "project" && !v.state.behaviour.readsRootSettings) return "";
  if (target?.scope !== "project" || !target.file.endsWith(".mcp.json")) return rootOf(v);
  return target.file.slice(0, -".mcp.json".length);
}

/** The wizard for the scope and the folder of an entry, with what this command line was given. */
export function repair(v: Where, target: Server | undefined, ...more: readonly string[]): Advice {
  const { cwd, valuesFile } = v.input.given ?? {};
  const home = homeOf(v, target);
  const folder = cwd === undefined || /^[~/]/.test(home) ? home : `${cwd}/${home}`;
  return npx(
    ...(target === undefined || target.scope === "project" ? [] : ["--scope", target.scope]),
    ...nameWords(target?.entry.name ?? "halo"),
    ...(valuesFile === undefined ? [] : ["--values-file", valuesFile]),
    ...(cwd === undefined && home === rootOf(v) ? [] : ["--cwd", folder.replace(/(?<=.)\/$/, "") || "."]),
    ...more,
  );
}

/** A word for a shell, the `~` before a path left to it. */
function wordOf(word: string): string {
  if (word === "~") return word;
  return word.startsWith("~/") ? `~/${quoteSh(word.slice(2))}` : quoteSh(word);
}

/** Programs that act on the folder in which they are started. */
const LOCAL: ReadonlySet<string> = new Set(["claude", "git", "ls", "chmod", "direnv"]);

/** Advice as a line to be typed where `--cwd` was typed. */
export function adviceLine(advice: Advice, cwd: string | undefined): string {
  if ("note" in advice) return advice.note;
  const line = advice.run.map(wordOf).join(" ");
  if (cwd === undefined || advice.run.includes("--cwd")) return line;
  if (advice.run[0] === "npx") return `${line} --cwd ${wordOf(cwd)}`;
  return LOCAL.has(advice.run[0]) ? `cd ${wordOf(cwd)} && ${line}` : line;
}
