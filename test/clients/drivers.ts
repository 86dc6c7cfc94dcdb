/** One row a program: the client that it is, how it is started so that it connects, and what it says of the connection. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { entryFor, type HeaderValue } from "../../src/core/clients/entry.ts";
import { CLIENTS } from "../../src/core/clients/index.ts";
import { type Client, type ClientScope, USUAL } from "../../src/core/clients/model.ts";
import { userFileOf } from "../../src/core/clients/paths.ts";
import { BRACES } from "../../src/core/clients/references.ts";
import { HEADERS, VALUES, type Value } from "../../src/core/halo.ts";
import { sharedFile } from "../e2e/clients-agreement-support.ts";
import { bigPrograms, clientPrograms, programs } from "../e2e/install.mjs";
import { type ClaudeVersion, installed, nodeBinary, runClaude } from "../support/claude.ts";
import type { Environment, ScratchHome } from "../support/home.ts";
import { ASK, type Ask, askServe, each, printed, shown, withNode } from "./programs.ts";

export interface Driver {
  /** Its name in test/e2e/install.mjs. */
  readonly program: string;
  readonly scopes: readonly ClientScope[];
  readonly ask: Ask;
  /** What it prints. Without these it does not say whether it has connected. */
  readonly connected?: RegExp;
  readonly failed?: RegExp;
  /** In a folder that is not trusted or approved it ignores the project's file. */
  readonly isGated?: boolean;
  /** A value of the file that it reads wins over one that is exported. */
  readonly doesFileWin?: boolean;
  /** The id of its client. */
  readonly client?: string;
  /** The source of an agent, after the imports and before it connects. */
  readonly agent?: readonly [imports: string, connects: string];
}

const PROJECT: readonly ClientScope[] = ["project"];
const USER: readonly ClientScope[] = ["user"];
const BOTH: readonly ClientScope[] = ["project", "user"];

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** A program of ours with the packages of another folder. */
function putScript(folder: string, program: string, text: string): string {
  const packages = fileURLToPath(new URL(`../../.cache/${program}/node_modules`, import.meta.url));
  if (!existsSync(packages)) throw new Error(`${program} is not installed: run \`npm run test:clients\``);
  symlinkSync(packages, join(folder, "node_modules"));
  put(join(folder, "script.mjs"), text);
  return join(folder, "script.mjs");
}

/** `claude mcp list` reads variables that are exported; what sessions read besides is the subject of test/e2e/real-claude.test.ts. */
const claude = (version: ClaudeVersion): Driver => ({
  program: `claude-code-${version}`,
  client: "claude-code",
  scopes: BOTH,
  connected: /✔ Connected/,
  failed: /✘ Failed to connect|Needs authentication/,
  isGated: true,
  ask: each(async (machine, cwd, { env, isTrusted }) => {
    const path = join(machine.home, ".claude.json");
    const own = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
    if (isTrusted) {
      put(path, JSON.stringify({ ...own, projects: { [cwd]: { hasTrustDialogAccepted: true } } }));
      put(join(cwd, ".claude/settings.local.json"), '{"enableAllProjectMcpServers":true}');
    }
    const { stdout } = await runClaude(version, ["mcp", "list"], { env: { ...machine.env, ...env }, cwd });
    return stdout;
  }),
});

/** Its first screen: it connects without a login. */
const copilot: Ask = each((machine, cwd, how) => {
  const settings = { banner: "never", trusted_folders: how.isTrusted ? [cwd] : [] };
  put(join(machine.home, ".copilot/config.json"), JSON.stringify(settings));
  const env = { ...how.env, ...withNode(machine, 22) };
  const until = /requires authentication|Failed to connect to MCP|Do you trust the files/;
  const args = ["--no-auto-update"];
  return shown(installed("copilot-cli", "copilot"), args, machine, { cwd, env, until, isDone: how.isDone });
});

/** Cursor's own local runtime, which reads the project's file and the user's. It is warm before it has connected. */
const WARM_CURSOR = `import { createAgentPlatform } from "@cursor/sdk";
const platform = await createAgentPlatform();
const local = { cwd: process.cwd(), settingSources: ["project", "user"] };
await platform.prewarmLocalWorkspace({ apiKey: "made-up", local });
setTimeout(process.exit, 5000);
`;
const cursor: Ask = each((machine, cwd, { env, isDone }) => {
  const script = putScript(machine.tmp, "cursor-sdk", WARM_CURSOR);
  return printed(nodeBinary(22), [script], machine, { cwd, env, isDone });
});

/** It connects before it asks a model, which is not there. It leaves a process behind. */
const cline: Ask = each((machine, cwd, { env, isDone }) => {
  const args = ["-P", "anthropic", "-k", "made-up", "-m", "none", "--json", "say one word to me"];
  const at = { cwd, env: { ...env, ...withNode(machine, 22) }, until: /iteration_start/, isDone };
  return printed(installed("cline-cli", "cline"), args, machine, at);
});

/** Starts what the file of Claude Desktop says, with its variables and no others; `npx -y mcp-remote` is there already. */
const claudeDesktop: Ask = each(async (machine, cwd) => {
  const path = join(machine.home, ".config/Claude/claude_desktop_config.json");
  const servers: { args: string[]; env?: Environment }[] = Object.values(
    JSON.parse(readFileSync(path, "utf8")).mcpServers,
  );
  const about = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } };
  const lines = [
    { id: 1, method: "initialize", params: about },
    { method: "notifications/initialized" },
    { id: 2, method: "tools/list" },
  ];
  const stdin = lines.map((line) => `${JSON.stringify({ jsonrpc: "2.0", ...line })}\n`).join("");
  const until = /"tools":|Connection error|fetch failed/;
  const program = installed("mcp-remote", "mcp-remote");
  const said = servers.map(({ args, env = {} }) =>
    printed(program, args.slice(args.indexOf("mcp-remote") + 1), machine, { cwd, env, stdin, until }),
  );
  return (await Promise.all(said)).join("\n");
});

const inspector: Ask = each((machine, cwd) => {
  const args = ["--cli", "--server", "halo", "--method", "tools/list", "--stored-auth-only"];
  return printed(installed("mcp-inspector", "mcp-inspector"), args, machine, { cwd, env: withNode(machine, 22) });
});

const mcporter: Ask = each((machine, cwd, { env }) =>
  printed(installed("mcporter", "mcporter"), ["list", "--json"], machine, {
    cwd,
    env: { ...env, ...withNode(machine, 24) },
  }),
);

/** Runs the snippet of an agent in a project of its own. */
const agent = (program: string, imports: string, connects: string): Driver => ({
  program,
  scopes: PROJECT,
  connected: /search_knowledge/,
  failed: /Error/,
  agent: [imports, connects],
  ask: each((machine, cwd, { env }) => printed(nodeBinary(22), [join(cwd, "script.mjs")], machine, { cwd, env })),
});

const SERVE = { connected: /"status":"connected"/, failed: /"status":"failed"/ };
const LIST = { connected: /- Connected/, failed: /- Disconnected/ };

const ROWS: readonly Driver[] = [
  claude("2.1.332"),
  claude("2.1.197"),
  {
    program: "codex",
    scopes: BOTH,
    ask: ASK.codex,
    connected: /"runtimeStatus":"connected"/,
    failed: /"runtimeStatus":"failed"/,
    isGated: true,
    doesFileWin: true,
  },
  { program: "gemini-cli", scopes: BOTH, ask: ASK["gemini-cli"], ...LIST, isGated: true },
  { program: "qwen-code", scopes: BOTH, ask: ASK["qwen-code"], ...LIST, isGated: true },
  { program: "opencode", scopes: BOTH, ask: ASK.opencode, ...SERVE },
  { program: "kilo", scopes: USER, ask: askServe("kilo"), ...SERVE },
  {
    program: "copilot-cli",
    scopes: BOTH,
    ask: copilot,
    failed: /requires authentication|Failed to connect to MCP/,
    isGated: true,
  },
  { program: "cursor-sdk", client: "cursor", scopes: BOTH, ask: cursor },
  { program: "cline-cli", client: "cline", scopes: USER, ask: cline },
  {
    program: "mcp-remote",
    client: "claude-desktop",
    scopes: USER,
    ask: claudeDesktop,
    connected: /"tools":/,
    failed: /Connection error|fetch failed/,
  },
  {
    program: "mcp-inspector",
    scopes: USER,
    ask: inspector,
    connected: /"tools":/,
    failed: /"code":"(?:auth_required|unreachable)"/,
  },
  {
    program: "mcporter",
    scopes: BOTH,
    ask: mcporter,
    connected: /"status": "ok"/,
    failed: /"status": "(?:auth|offline|error)"/,
  },
  agent(
    "agent-mcp",
    'import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";',
    `const client = new Client({ name: "agent", version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
console.log((await client.listTools()).tools.map(({ name }) => name));
await client.close();`,
  ),
  agent(
    "agent-openai",
    'import { MCPServerStreamableHttp } from "@openai/agents";',
    `const server = new MCPServerStreamableHttp({ name: "halo", url, requestInit: { headers } });
await server.connect();
console.log((await server.listTools()).map(({ name }) => name));
await server.close();`,
  ),
  agent(
    "agent-ai-sdk",
    'import { createMCPClient } from "@ai-sdk/mcp";',
    `const client = await createMCPClient({ transport: { type: "http", url, headers } });
console.log(Object.keys(await client.tools()));
await client.close();`,
  ),
  agent(
    "agent-langchain",
    'import { MultiServerMCPClient } from "@langchain/mcp-adapters";',
    `const halo = { transport: "http", url, headers, automaticSSEFallback: false };
const client = new MultiServerMCPClient({ mcpServers: { halo } });
console.log((await client.getTools()).map(({ name }) => name));
await client.close();`,
  ),
];

/** Those that are installed: the big ones only with `--all`. */
export const DRIVERS = ROWS.filter(
  ({ program }) => process.env.ALL_CLIENTS !== undefined || !Object.hasOwn(bigPrograms, program),
);

export const versionOf = ({ program }: Driver): string =>
  ({ ...programs, ...clientPrograms, ...bigPrograms })[program]?.version ?? "";

/** Programs that the wizard does not write for: as descriptors. */
const BASE = { ...USUAL, docs: "", measured: "", unset: "unknown", references: BRACES } as const;
const OTHERS: readonly Client[] = [
  {
    ...BASE,
    id: "mcp-inspector",
    label: "MCP Inspector",
    files: { project: [], user: "~/.mcp-inspector/mcp.json" },
    entry: { ...USUAL.entry, fixed: { type: "streamable-http" } },
  },
  {
    ...BASE,
    id: "mcporter",
    label: "mcporter",
    files: { project: ["config/mcporter.json"], user: "~/.mcporter/mcporter.json" },
    entry: { url: { baseUrl: "http" }, headers: "headers" },
  },
];

export function clientOf({ program, client = program, agent }: Driver): Client | undefined {
  if (agent !== undefined) return undefined;
  const found = [...CLIENTS, ...OTHERS].find(({ id }) => id === client);
  if (found === undefined) throw new Error(`${client} is no client`);
  return found;
}

/** A server of a configuration: where it is, and where the client finds each value. */
export interface Server {
  readonly url: string;
  readonly values: Readonly<Record<Value, HeaderValue>>;
}

/** The start of an agent: it stops on a variable that is not set. */
function agentHead({ url, values }: Server): string {
  const names = VALUES.map((value) => {
    const written = values[value];
    return [HEADERS[value], "env" in written ? written.env : ""];
  });
  return `const headers = {};
for (const [header, name] of ${JSON.stringify(names)}) {
  headers[header] = process.env[name];
  if (!headers[header]) throw new Error(name + " is not set");
}
const url = ${JSON.stringify(url)};
`;
}

/** Where a file of a client is on this machine. */
export const pathOf = (path: string, home: string, project: string): string =>
  path.startsWith("~/") ? join(home, path.slice(2)) : join(project, path);

/**
 * Writes the configuration of a client with these servers, one way for all of them: the only place that is to change when the
 * packed wizard writes it (`init --client <id> --scope <scope> --yes`).
 */
export function configure(
  driver: Driver,
  { home }: ScratchHome,
  project: string,
  scope: ClientScope,
  servers: Readonly<Record<string, Server>>,
): void {
  const client = clientOf(driver);
  if (client === undefined) {
    const [[imports, connects] = ["", ""], [server]] = [driver.agent, Object.values(servers)];
    if (server === undefined) throw new Error("an agent needs a server");
    putScript(project, driver.program, `${imports}\n${agentHead(server)}${connects}\n`);
    return;
  }
  const [own] = scope === "project" ? client.files.project : [];
  const path = own === undefined ? userFileOf(client, { platform: "linux", home, env: {} }) : join(project, own);
  const entries = Object.entries(servers).map(([name, { url, values }]) => [name, entryFor(client, url, values)]);
  put(path, sharedFile(client, Object.fromEntries(entries)));
}
