/** What to try, as lines to paste: a command stands alone on its line, what to do with it is a comment. */
import { isFitToShow } from "../check/show.ts";
import type { Entry } from "../clients/claude-code.ts";
import { quoteSh, toSh } from "../command-line.ts";
import { HALO_URL } from "../halo.ts";
import { printable } from "../redact.ts";
import type { NamedFile, SetupInput } from "./input.ts";
import type { ApprovalView } from "./model.ts";

export const APPROVE: readonly string[] = ["claude", "# and choose: Use this MCP server"];
/** For an entry that is not HALO's, leads elsewhere or runs a program: it gets the token, or runs as its reader. */
export const NEVER_APPROVE: readonly string[] = [
  "do not approve it: where Claude Code asks,",
  "choose: Continue without using this MCP server",
];

/** A path as a word for a shell, its `~/` left to the shell. */
export function fileWord(shown: string): string {
  return shown.startsWith("~/") ? `~/${quoteSh(shown.slice(2))}` : quoteSh(shown);
}

/** ` --name x`, where the command would look at another one; nothing for a name that no command takes. */
function nameWords(name: string): readonly string[] {
  return name !== "halo" && /^[A-Za-z0-9_-]+$/.test(name) ? ["--name", name] : [];
}

/** The command that puts it right, for the scope of the entry. */
export function repairCommand(entry: Pick<Entry, "name" | "scope"> | undefined): string {
  const scope = entry === undefined || entry.scope === "project" ? [] : ["--scope", entry.scope];
  return toSh(["npx", "create-halo-mcp", ...scope, ...nameWords(entry?.name ?? "halo")]);
}

/** The command that puts HALO's own address in the place of another one, which the wizard would ask about and then follow. */
export function replaceCommand(entry: Pick<Entry, "name" | "scope">): string {
  return `${repairCommand(entry)} --url ${HALO_URL}`;
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
  entry: Entry,
  secrets: readonly string[],
  shownUrl: string,
  reject: readonly string[],
): readonly string[] {
  return [
    `# it leads to:   ${shownUrl}`,
    `# HALO's own is: ${HALO_URL}`,
    ...reject,
    replaceCommand(entry),
    "# sets HALO's own up in its place",
    ...meantCommand(url, entry.name, secrets),
  ];
}

/** Why the file of values says nothing, in words that go after a sentence; empty where it could be read. */
export function unreadWords({ shown, state }: NamedFile): string {
  return state.kind === "unreadable" ? `; ${shown} could not be read: ${state.reason}` : "";
}
