/** The two sides of test/e2e/agreement.test.ts: what the real Claude Code loads, and what our rules say. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ClaudeVersion, runClaude } from "../support/claude.ts";
import { scratchHome } from "../support/home.ts";
import { type Content, place, type Verdict, verdictsOf } from "../support/loader-corpus.ts";
import { inTurns } from "../support/turns.ts";

/** What `claude mcp list` says of a file: one line a server that it loaded, or that it refused the file. */
export interface Listing {
  readonly refused: boolean;
  readonly lines: readonly string[];
  readonly output: string;
}

/** The machine has others to serve. */
const inTurn = inTurns(3);

/**
 * Gives this to the real client as the `.mcp.json` of a fresh folder. `approved`: every server is, through
 * --settings, so that the client also tries to connect; otherwise it lists the same servers as waiting, and nothing is tried.
 */
export function listing(version: ClaudeVersion, content: Content, approved: boolean): Promise<Listing> {
  return inTurn(async () => {
    const scratch = scratchHome();
    try {
      const cwd = mkdtempSync(join(scratch.root, "folder-"));
      place(join(cwd, ".mcp.json"), content);
      const settings = join(scratch.tmp, "settings.json");
      writeFileSync(settings, JSON.stringify({ enableAllProjectMcpServers: approved }));
      const env = { ...scratch.env, MCP_TIMEOUT: "2000" };
      const run = await runClaude(version, ["--settings", settings, "mcp", "list"], { cwd, env, timeoutMs: 90_000 });
      if (run.code !== 0) throw new Error(`claude mcp list ended with ${run.code}: ${run.stdout}${run.stderr}`);
      const [list = "", diagnostics = ""] = run.stdout.split(/^MCP config diagnostics/m);
      const refused = /\[Error\]/.test(diagnostics);
      return { refused, lines: list.split("\n"), output: run.stdout };
    } finally {
      rmSync(scratch.root, { recursive: true, force: true, maxRetries: 3 });
    }
  });
}

/** How `mcp list` prints a name: compatibility forms, no controls, blanks folded. */
const printed = (name: string): string => name.normalize("NFKC").replace(/[\p{Cc}\p{Cs}]+/gu, " ");

function isListed({ lines }: Listing, { name, mark }: Verdict): boolean {
  const start = `${printed(name)}: `;
  return lines.some((line) => line.startsWith(start) && line.includes(mark));
}

export interface Comparison {
  /** Servers, and files that have none that could be compared. */
  readonly compared: number;
  /** Of these, what the client drops. */
  readonly dropped: number;
  readonly disagreements: readonly string[];
}

/** Compares server by server, and the file as a whole. */
export function compare(what: string, content: Content, client: Listing): Comparison {
  const { file, rules, servers } = verdictsOf(content);
  const disagreements: string[] = [];
  let dropped = 0;
  const say = (of: string, said: boolean, lost: boolean, found: readonly string[]): void => {
    if (lost) dropped += 1;
    if (said !== lost)
      disagreements.push(
        `${what}, ${of}: check ${said ? `says ${found.join()}` : "says nothing"}, the client ${lost ? "drops" : "loads"} it`,
      );
  };
  say("the file", file, client.refused, rules);
  for (const verdict of servers) say(`"${verdict.name}"`, verdict.error, !isListed(client, verdict), verdict.rules);
  return { compared: servers.length + 1, dropped, disagreements };
}
