/** Every client. To add one: a file next to this one and a line here (see docs/clients/README.md). */
import { amp } from "./amp.ts";
import { claudeCode, claudePlugin } from "./claude-code.ts";
import { claudeDesktop } from "./claude-desktop.ts";
import { cline } from "./cline.ts";
import { codex } from "./codex.ts";
import { copilotCli } from "./copilot-cli.ts";
import { cursor } from "./cursor.ts";
import { geminiCli } from "./gemini-cli.ts";
import { junie } from "./junie.ts";
import { kilo } from "./kilo.ts";
import { kiro } from "./kiro.ts";
import type { Client } from "./model.ts";
import { opencode } from "./opencode.ts";
import { qwenCode } from "./qwen-code.ts";
import { rooCode } from "./roo-code.ts";
import { vscode } from "./vscode.ts";
import { windsurf } from "./windsurf.ts";
import { zed } from "./zed.ts";

export const CLIENTS: readonly Client[] = [
  claudeCode,
  cursor,
  vscode,
  codex,
  geminiCli,
  qwenCode,
  opencode,
  kilo,
  copilotCli,
  rooCode,
  cline,
  amp,
  kiro,
  windsurf,
  zed,
  claudeDesktop,
  junie,
];

export const READERS: readonly Client[] = [claudePlugin, ...CLIENTS];

/** What `check` calls the project files of a client. */
export const kindOfClient = (client: Client): "mcp" | `client:${string}` =>
  client === claudeCode ? "mcp" : `client:${client.id}`;

/** The client that reads the servers of a file of this kind. */
export function clientOf(kind: string): Client | undefined {
  const inside = READERS.find((client) => client.inside !== undefined && kind === `inside:${client.id}`);
  return inside ?? CLIENTS.find((client) => kind === kindOfClient(client));
}

/** Letters only, small, in the plural: `mcp_server` and `mcp.servers` are `mcpservers`. */
const lettersOf = (key: string): string => `${key.toLowerCase().replace(/[^a-z]/g, "")}s`.replace(/ss$/, "s");
const KEYS = new Set(CLIENTS.map(({ servers }) => lettersOf(servers)));

/** A key under which a client has its servers; also misspelled. */
export const isServersKey = (key: string): boolean => KEYS.has(lettersOf(key));
