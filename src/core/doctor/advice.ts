/** What to try, as lines to paste: a command stands alone on its line, what to do with it is a comment. */
import { isFitToShow } from "../check/show.ts";
import type { Entry } from "../clients/claude-code.ts";
import { quoteSh, toSh } from "../command-line.ts";
import { HALO_URL } from "../halo.ts";
import { printable } from "../secrets.ts";
import type { NamedFile, SetupInput } from "./input.ts";
import { isOld } from "./layers.ts";
import type { ApprovalView } from "./model.ts";

export const CHANGE_VALUES = "# and choose: Change values";
export const APPROVE: readonly string[] = ["claude", "# and choose: Use this MCP server"];
/** For an entry that is not HALO's, leads elsewhere or runs a program: it gets the token, or runs as its reader. */
export const NEVER_APPROVE: readonly string[] = [
  "do not approve it: where Claude Code asks,",
  "choose: Continue without using this MCP server",
];

/** The beginning of a path as a word for a shell, as the folder that it is. */
function folderWord(home: string): string {
  const path = home.replace(/(?<=.)\/$/, "") || ".";
  return path === "~" ? path : fileWord(path);
}

/** A path as a word for a shell, its `~/` left to the shell; what cannot be printed as bash and zsh write it. */
export function fileWord(shown: string): string {
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(shown)) {
    const code = (char: string): string => `\\U${(char.codePointAt(0) ?? 0).toString(16).padStart(8, "0")}`;
    return `$'${shown.replace(/[\\']/g, "\\$&").replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, code)}'`;
  }
  return shown.startsWith("~/") ? `~/${quoteSh(shown.slice(2))}` : quoteSh(shown);
}

/** ` --name x`, where the command would look at another one; nothing for a name that no command takes. */
function nameWords(name: string): readonly string[] {
  return name !== "halo" && /^[A-Za-z0-9_][A-Za-z0-9_-]*$/.test(name) ? ["--name", name] : [];
}

/** An entry and the file that it stands in, as it is shown. */
export interface Target {
  readonly entry: Pick<Entry, "name" | "scope">;
  readonly file: string;
}

/** Where the wizard works by itself, as the beginning of a path from the folder: the git root. */
function rootOf({ above, gitRoot }: SetupInput): string {
  return "../".repeat(gitRoot === undefined ? 0 : Math.max(0, above.indexOf(gitRoot)));
}

/**
 * The folder in which the wizard is to write for this entry, as the beginning of a path: that of its `.mcp.json`, or the
 * session's own for a Claude Code that reads no settings of the root.
 */
export function homeOf(input: SetupInput, target: Target | undefined): string {
  if (target?.entry.scope === "project" && isOld(input.version)) return "";
  if (target?.entry.scope !== "project" || !target.file.endsWith(".mcp.json")) return rootOf(input);
  return target.file.slice(0, -".mcp.json".length);
}

/** ` --cwd x`, where the wizard would work in another folder. */
function cwdWords(input: SetupInput, home: string): readonly string[] {
  return input.given?.cwd === undefined && home === rootOf(input) ? [] : ["--cwd", wayTo(input, home)];
}

/** The command that puts it right, for the scope and the folder of the entry and with what this command line was given. */
export function repairCommand(input: SetupInput, target: Target | undefined): string {
  const { entry } = target ?? {};
  const scope = entry === undefined || entry.scope === "project" ? [] : ["--scope", entry.scope];
  const values = input.given?.valuesFile;
  return [
    toSh(["npx", "create-halo-mcp", ...scope, ...nameWords(entry?.name ?? "halo")]),
    ...(values === undefined ? [] : ["--values-file", fileWord(values)]),
    ...cwdWords(input, homeOf(input, target)),
  ].join(" ");
}

/** Advice of the set-up as it is to be typed where `--cwd` was: the commands of others start in that folder. */
export function fromElsewhere({ given }: SetupInput, lines: readonly string[]): readonly string[] {
  if (given?.cwd === undefined) return lines;
  const folder = folderWord(given.cwd);
  return lines.map((line) => {
    if (/^(?:claude|git|ls|chmod)\b/.test(line)) return `cd ${folder} && ${line}`;
    return /^npx create-halo-mcp (?:check|doctor)\b/.test(line) && !/ --cwd /.test(line)
      ? `${line} --cwd ${folder}`
      : line;
  });
}

/** The folder of `homeOf` from where the command was started. */
export function wayTo({ given }: SetupInput, home: string): string {
  return folderWord(
    given?.cwd === undefined || !(home === "" || home.startsWith("..")) ? home : `${given.cwd}/${home}`,
  );
}

/** The command that puts HALO's own address in the place of another one, which the wizard would ask about and then follow. */
export function replaceCommand(input: SetupInput, target: Target): string {
  return `${repairCommand(input, target)} --url ${HALO_URL}`;
}

/** The command that tests an address which its reader means; nothing where the address cannot be shown whole. */
function meantCommand(url: string, name: string, secrets: readonly string[]): readonly string[] {
  if (!isFitToShow({ secrets }, url) || printable(url, 4096) !== url) return [];
  return [toSh(["npx", "create-halo-mcp", "doctor", ...nameWords(name), "--url", url]), "# only if that URL is meant"];
}

/** Takes the consent to an entry back, whoever gave it. */
export function rejectLines(input: SetupInput, entry: Entry, approval: ApprovalView | undefined): readonly string[] {
  const name = printable(entry.name, 64);
  if (entry.scope !== "project") return [toSh(["claude", "mcp", "remove", "--scope", entry.scope, name])];
  const by = approval?.by;
  // it clears the lists of these two files (claude-code facts, section 3); a rejection wins over an approval elsewhere
  const clears =
    by?.key === "enabledMcpjsonServers" && [input.store.shown, input.localSettings.shown].includes(by.file);
  return clears
    ? ["claude mcp reset-project-choices", "# then claude, and choose: Continue without using this MCP server"]
    : [`list "${name}" under "disabledMcpjsonServers" in ${input.localSettings.shown}`];
}

/** What to do about an address that is not HALO's: both, so that a slash or a capital is seen, then how to reject or mean it. */
export function foreignLines(
  url: string,
  input: SetupInput,
  target: Target,
  secrets: readonly string[],
  shownUrl: string,
  reject: readonly string[],
): readonly string[] {
  return [
    `# it leads to:   ${shownUrl}`,
    `# HALO's own is: ${HALO_URL}`,
    ...reject,
    replaceCommand(input, target),
    "# sets HALO's own up in its place",
    ...meantCommand(url, target.entry.name, secrets),
  ];
}

/** Why the file of values says nothing, in words that go after a sentence; empty where it could be read. */
export function unreadWords({ shown, state }: NamedFile): string {
  return state.kind === "unreadable" ? `; ${shown} could not be read: ${state.reason}` : "";
}
